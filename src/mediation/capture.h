/* Captures of content for one agency: a pcap file for each warrant, which is finished by size or
 * time and then gets its name, whole. No clock and no spool: the caller says what time it is, and
 * which offset of its stream a packet comes from.
 *
 *	FOLDER/.LIID.part    grows; FOLDER/.LIID.mark says how far, and up to which offset
 *	FOLDER/NAME          finished: NAME is the template, filled in
 *
 * After a kill a file is cut to what its mark says, and packets that it holds already are passed
 * over when they come again: each packet is there once. */
#ifndef MEDIATION_CAPTURE_H
#define MEDIATION_CAPTURE_H

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"
#include "etsi/record.h"

struct captures;

enum { CAPTURE_NAME_LEN = 200, CAPTURE_SAFE_LEN = 80 };

struct capture_rules {
	const char *folder;    /* made where it is not there */
	const char *template;  /* of names: strftime's, and %L for the LIID */
	struct nanos rotation; /* a file's time, counted from 1970; 0: no limit */
	uint64_t size;         /* bytes after which a file is finished; 0: no limit */
};

/* Whether the template can name files: it holds %L, no slash, and does not begin with a dot. */
bool capture_template_is_good(const char *template);

/* An LIID as part of a file's name: letters, digits, '-' and '_' are themselves, the rest "=HH". */
void capture_safe(const struct etsi_octets *liid, char out[CAPTURE_SAFE_LEN]);

/* The name of a file that was begun at a time; ERR_USAGE where it is too long. */
MUST_CHECK int capture_name(const char *template, const char *safe, struct nanos begun,
			    char out[CAPTURE_NAME_LEN]);

/* Finds what an earlier process left. */
MUST_CHECK int captures_new(struct captures **out, const struct capture_rules *rules,
			    struct why *why);

/* Unfinished files stay as they are, for the next process. Sets NULL. */
void captures_free(struct captures **c);

/* A packet of the stream at this offset; it lies in memory until captures_flush, or until the next
 * one comes where a file has its size. */
MUST_CHECK int captures_add(struct captures *c, const struct etsi_record *record, uint64_t offset,
			    struct nanos now, struct why *why);

/* All packets before this offset of the stream are in their files from now on. */
MUST_CHECK int captures_flush(struct captures *c, uint64_t offset, struct nanos now,
			      struct why *why);

/* Finishes files whose time has come. */
MUST_CHECK int captures_tick(struct captures *c, struct nanos now, struct why *why);

/* Finishes all: the agency receives no captures any more. */
MUST_CHECK int captures_finish(struct captures *c, struct why *why);

struct captures_stats {
	uint64_t n_packets, n_files; /* written, finished */
};
struct captures_stats captures_stats(const struct captures *c);

#endif
