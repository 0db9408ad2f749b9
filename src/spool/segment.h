/* Inside spool only: a segment of the stream in memory, a file that is mapped. Behind one page of
 * head, which says where in the stream it stands, it holds nothing but bytes of the stream. A
 * spare one stands nowhere, and may be put anywhere by stores alone. */
#ifndef SPOOL_SEGMENT_H
#define SPOOL_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"

#define SEGMENT_SPARE UINT64_MAX /* the base of one that stands nowhere */

/* Where reservations ended: the last one in each of so many parts of the segment. */
enum { SEGMENT_MARKS = 128 };

struct segment {
	struct segment *next;          /* of the same list */
	uint64_t number;               /* in the name of its file */
	uint64_t base;                 /* offset of its first byte in the stream */
	uint64_t size;                 /* bytes of stream that fit */
	uint64_t len;                  /* bytes reserved; the reserver's, under the spool's lock */
	bool is_busy;                  /* the keeper writes it to disk */
	bool is_dirty;                 /* it was in the stream since it was nothing but zeros */
	unsigned n_looks;              /* of a spare one: since it is one (spool_scour) */
	uint64_t scoured;              /* … bytes that are zeros again */
	uint32_t marks[SEGMENT_MARKS]; /* 0: none, or it was before it was opened */
	uint8_t *map;
};

/* Where segments live. */
struct segment_place {
	int dir;          /* open folder */
	const char *path; /* its name, for messages */
	uint64_t id;      /* of the stream */
};

enum { SEGMENT_NAME_LEN = 40 };

void segment_name(uint64_t number, char out[SEGMENT_NAME_LEN]);

/* Whether this is the name of a segment's file, and of which. */
int segment_number_of(const char *name, uint64_t *number);

/* A spare one, its space allocated and its pages mapped: ERR_FULL where the disk is full. */
MUST_CHECK int segment_new(struct segment **out, const struct segment_place *place, uint64_t number,
			   uint64_t size, struct why *why);

/* One that is there: its head is checked, and that its file is whole. Where it was not being
 * written to its end, len is 0. */
MUST_CHECK int segment_open(struct segment **out, const struct segment_place *place,
			    uint64_t number, struct why *why);

/* Puts a spare one into the stream; takes it out. */
void segment_begin(struct segment *g, uint64_t id, uint64_t base);
void segment_spare(struct segment *g);

/* The next n bytes are reserved; they fit. */
void segment_reserve(struct segment *g, uint64_t n);

/* The last end of a reservation behind byte `from`, and no further than `to`; `from` where none is
 * known. Both lie within what is reserved. */
uint64_t segment_mark(const struct segment *g, uint64_t from, uint64_t to);

/* Says in the file how many bytes it holds, now that the stream goes on in another. */
void segment_seal(struct segment *g);

/* Zeros from its end to the next multiple of SPOOL_PAGE; the stream goes on in another. */
void segment_fill_page(struct segment *g);

/* Unmaps it; the file stays, or goes too. Sets NULL. */
void segment_free(struct segment **g);
void segment_remove(struct segment **g, const struct segment_place *place);

#endif
