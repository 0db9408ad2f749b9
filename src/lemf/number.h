/* The sequence numbers of one stream of records (TS 102 232-1 clause 5.2.5), as they arrive: from
 * 0, one more each. What is behind the highest number is either late (it was missing), a replay
 * (another connection carried it, as after a reconnection: clause 6.3.3 NOTE 2 asks receivers to
 * stand that), sent twice, or a number that was given to another record. */
#ifndef LEMF_NUMBER_H
#define LEMF_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEMF_MAX_GAPS = 16, LEMF_RECENT = 32 };

enum lemf_place {
	LEMF_IS_NEXT,       /* as it should be */
	LEMF_IS_FIRST_LATE, /* the stream's first, but its number is not 0 */
	LEMF_IS_AFTER_GAP,  /* numbers before it have not come */
	LEMF_IS_LATE,       /* it was missing until now */
	LEMF_IS_REPLAYED,
	LEMF_IS_TWICE,
	LEMF_IS_REUSED, /* the same number on other octets */
};

struct lemf_numbers {
	uint32_t next; /* the number that is due */
	bool has_begun;
	uint32_t conn; /* the connection that carried the highest number */
	uint64_t n_missing;
	uint64_t n_forgotten; /* of those, in gaps that there was no room to remember */
	struct {
		uint32_t first, last;
	} gaps[LEMF_MAX_GAPS]; /* ascending */
	int n_gaps;
	struct {
		uint32_t seq;
		uint64_t hash;
	} recent[LEMF_RECENT]; /* by seq modulo; a hash of 0: none */
};

/* Takes a number. hash: of the record's octets (lemf/hash.h). conn: the connection's number.
 * *n_gap: how many numbers before it are missing (LEMF_IS_FIRST_LATE, LEMF_IS_AFTER_GAP). */
enum lemf_place lemf_number_take(struct lemf_numbers *n, uint32_t seq, uint64_t hash, uint32_t conn,
				 uint64_t *n_gap);

/* From here on numbers begin at 0 again (a cINReset, or a new session of the same CIN). What was
 * missing stays counted. */
void lemf_number_restart(struct lemf_numbers *n);

#endif
