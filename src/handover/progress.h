/* What a sender must still know after it was killed: how far it has written a spool to the agency,
 * and the number of its next TRI. A small file, mapped, so that a store into it outlives the
 * process; each value is one aligned word and never torn. */
#ifndef HANDOVER_PROGRESS_H
#define HANDOVER_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"

/*	0 magic | 8 version | 16 stream | 24 sent | 32 number        in the machine's byte order */
struct progress {
	uint64_t *words; /* NULL: not open */
	bool is_other;   /* of another stream, now gone, something was sent before */
};

/* Opens or makes the file (0600). stream is the spool's number (spool_id): of another stream than
 * before nothing was sent, but numbers of TRIs go on. A file that is none of ours is refused with
 * the reason. */
MUST_CHECK int progress_open(struct progress *p, const char *path, uint64_t stream,
			     struct why *why);
void progress_close(struct progress *p);

/* Offset in the spool: all before it was written at some time. */
uint64_t progress_sent(const struct progress *p);
void progress_set_sent(struct progress *p, uint64_t offset);

/* Number of the next TRI. */
uint32_t progress_number(const struct progress *p);
void progress_set_number(struct progress *p, uint32_t number);

#endif
