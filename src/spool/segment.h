/* Inside spool only: a segment of the stream, a file mapped into memory. Its name is the offset
 * of its first byte; behind one page of head it holds nothing but the bytes of the stream. */
#ifndef SPOOL_SEGMENT_H
#define SPOOL_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"

struct segment {
	struct segment *next; /* of the same list */
	uint64_t base;        /* offset of its first byte in the stream */
	uint64_t size;        /* bytes of stream that fit */
	uint64_t len;         /* bytes reserved; the reserver's, under the spool's lock */
	uint8_t *map;
};

/* Where segments live. */
struct segment_place {
	int dir;          /* open folder */
	const char *path; /* its name, for messages */
	uint64_t id;      /* of the stream */
};

enum { SEGMENT_NAME_LEN = 40 };

void segment_name(uint64_t base, char out[SEGMENT_NAME_LEN]);

/* Whether this is the name of a segment's file, and of which. */
int segment_base_of(const char *name, uint64_t *base);

/* A new one, its space allocated: ERR_FULL where the disk is full. */
MUST_CHECK int segment_new(struct segment **out, const struct segment_place *place, uint64_t base,
			   uint64_t size, struct why *why);

/* One that is there: its head is checked, and that its file is whole. */
MUST_CHECK int segment_open(struct segment **out, const struct segment_place *place, uint64_t base,
			    struct why *why);

/* Gives a segment that holds nothing any more another place in the stream: no space needs to be
 * allocated then. */
MUST_CHECK int segment_move(struct segment *g, const struct segment_place *place, uint64_t base,
			    struct why *why);

/* Says in the file how many bytes it holds, now that the stream goes on in another; whether it says
 * that they are len. */
void segment_seal(struct segment *g);
bool segment_is_sealed(const struct segment *g);

/* Unmaps it; the file stays, or goes too. Sets NULL. */
void segment_free(struct segment **g);
void segment_remove(struct segment **g, const struct segment_place *place);

#endif
