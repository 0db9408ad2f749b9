/* Where records are taken in: read, put in their stream, checked, opened, kept, and told of. It
 * knows no socket and no clock.
 *
 *	finding   lemf_findings: counted, and told of as long as it is not the hundredth of its kind
 *	record    IRIs and notifications are told of in words; CCs are counted */
#ifndef LEMF_DESK_H
#define LEMF_DESK_H

#include <stdio.h>

#include "lemf/conf.h"
#include "lemf/files.h"
#include "lemf/finding.h"
#include "lemf/stream.h"

struct lemf_desk;

struct lemf_counts {
	uint64_t findings[LEMF_N_FINDINGS];
	uint64_t records[LEMF_N_KINDS];
	uint64_t octets[LEMF_N_SIDES];
	uint64_t n_connections[LEMF_N_SIDES];
	uint64_t n_records;   /* IRIs, CCs, notifications */
	uint64_t n_questions; /* keep-alives and the like */
	uint64_t n_answers;
	uint64_t n_encrypted, n_opened;
	uint64_t n_hashes_right, n_signatures_right;
	uint64_t n_packets; /* in files */
	uint64_t n_sounds;  /* WAV files; of the desk that is finished */
};

/* conf is borrowed for good; told is where records, findings and summaries go. The reason names
 * the file or key that is no good. */
MUST_CHECK int lemf_desk_new(struct lemf_desk **out, const struct lemf_conf *conf, FILE *told,
			     struct why *why);
void lemf_desk_free(struct lemf_desk **desk);

/* One PDU of a connection, whole as etsi_pdu_len says, and the time now. An answer that is due
 * is appended to answer, with added on its number (NULL: nothing is answered). */
struct lemf_delivery {
	const uint8_t *pdu;
	size_t len;
	enum lemf_side side;
	uint32_t conn; /* another for each connection */
	struct nanos now;
	struct wr *answer;
	uint32_t added;
};
void lemf_desk_take(struct lemf_desk *d, const struct lemf_delivery *delivery);

/* A connection began; and what was wrong with one, in words. */
void lemf_desk_connected(struct lemf_desk *d, enum lemf_side side, const char *whom);
void lemf_desk_broken(struct lemf_desk *d, enum lemf_finding finding, enum lemf_side side,
		      const char *reason);

const struct lemf_counts *lemf_desk_counts(const struct lemf_desk *d);

/* One line of how far it is. */
void lemf_desk_sum_up(struct lemf_desk *d);

/* Writes what waits to the files. */
void lemf_desk_flush(struct lemf_desk *d);

/* Nothing more will come: closes the files, tells each stream and the verdict. Returns whether
 * nothing was missing or wrong. */
bool lemf_desk_finish(struct lemf_desk *d);

#endif
