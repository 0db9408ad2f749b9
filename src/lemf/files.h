/* What a receiver keeps on disk, in one folder:
 *
 *	hi2.ber, hi3.ber   every PS-PDU as it came, one behind the other, over all connections
 *	LIID.pcap          the IP packets of its CC, with the times of interception (raw IP, ns)
 *
 * In a LIID's file name, what is no letter, digit, '-' or '_' is written %XX. Only so many files
 * are open at a time; how many there may be in all is bounded too. */
#ifndef LEMF_FILES_H
#define LEMF_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"

enum lemf_side { LEMF_HI2, LEMF_HI3, LEMF_N_SIDES };

struct lemf_files;

/* Makes the folder and the two streams' files. A file that is there already is refused
 * (ERR_USAGE), or replaced where is_forced. */
MUST_CHECK int lemf_files_new(struct lemf_files **out, const char *dir, bool is_forced,
			      struct why *why);

/* Writes what waits and closes all. ERR_IO and the reason where something could not be written,
 * now or ever. */
MUST_CHECK int lemf_files_close(struct lemf_files **files, struct why *why);

/* One PS-PDU. ERR_IO once a write has failed. */
MUST_CHECK int lemf_files_stream(struct lemf_files *f, enum lemf_side side, const uint8_t *pdu,
				 size_t len);

struct lemf_packet {
	const uint8_t *bytes; /* from the IP header on */
	size_t len;
	uint64_t wire_len; /* what it was before it was cut; len where it is whole */
	struct nanos time;
};

/* One packet of a LIID. ERR_FULL: no more files; ERR_USAGE: a file is there already; ERR_IO;
 * ERR_UNSUPPORTED: the format cannot hold it. */
MUST_CHECK int lemf_files_packet(struct lemf_files *f, const uint8_t *liid, size_t liid_len,
				 const struct lemf_packet *packet);

/* Writes what waits, so that others may read it. */
void lemf_files_flush(struct lemf_files *f);

#endif
