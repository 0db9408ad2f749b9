/* Where the records of a spool end, and whose they are: an index beside the data, in memory, so
 * that who sends, counts and acknowledges looks at no record again. What is not in it (after a
 * start; of a long backlog) is read from the spool once, and is in it from then on.
 *
 *	                 [ from ............................... to )          the stream
 *	  acknowledged   | end | end | end | end | end | end | end |   not looked at yet
 *
 * The thread's that reads the spool. */
#ifndef HANDOVER_ENDS_H
#define HANDOVER_ENDS_H

#include "base/err.h"
#include "spool/spool.h"

struct ends;

/* Four octets each, sixteen a run of one's; what is behind them is read from the spool. */
enum {
	ENDS_MAX = 1 << 23,      /* records; together they have less than 4 GiB */
	ENDS_RUNS_MAX = 1 << 20, /* how often another's record follows */
};

/* Of a spool, which outlives it. */
MUST_CHECK int ends_new(struct ends **out, struct spool *spool);
void ends_free(struct ends **ends);

/* A record that is about to be committed: where it lies in the stream; whose: any pointer, NULL:
 * not known. What was not committed in the end is taken back, all from this offset on. */
void ends_add(struct ends *e, uint64_t offset, uint64_t end, void *whose);
void ends_undo(struct ends *e, uint64_t offset);

/* The end of the record at offset; 0: nothing is there, or no record that lies in one piece. */
uint64_t ends_next(struct ends *e, uint64_t offset);

/* Of the records from offset on, one behind the other, those that end at or before limit: the end
 * of the last, offset where there is none, and how many they are. */
uint64_t ends_last(struct ends *e, uint64_t offset, uint64_t limit, uint64_t *n);

/* The first of those that are of one and the same: where they end, how many they are, whose. Where
 * it is not known whose, one record; false: there is none. */
struct ends_run {
	uint64_t end;
	uint64_t n;
	void *whose;
};
bool ends_run(struct ends *e, uint64_t offset, uint64_t limit, struct ends_run *out);

/* Whose the record at offset is. */
void ends_tell(struct ends *e, uint64_t offset, void *whose);

/* Nobody is known any more. */
void ends_forget(struct ends *e);

/* Nobody asks for what is before this offset again. */
void ends_drop(struct ends *e, uint64_t offset);

#endif
