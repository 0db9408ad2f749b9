/* The memory of a file source: a bounded number of pieces, each with the frames found in it.
 *
 *	| carry |--- data: block_size ---|        frames[n_max]
 *	        ^ page boundary
 *
 * The partial record with which the last piece ended (the carry) is put right before the data,
 * so that a record lies in one place. A piece that comes back is the next to go out: with one
 * queue the same memory is used over and over, and stays in the processor's cache. */
#ifndef CAP_POOL_H
#define CAP_POOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "base/nanos.h"
#include "cap/backend.h"

enum {
	POOL_HEADROOM = 128 * 1024,
	POOL_MIN_RECORD = 8, /* of any format: an empty packet of Network Monitor 1 */
};

struct piece {
	struct weir_block head;
	struct piece *next; /* in the pool's list */
	uint8_t *data;
	size_t got; /* bytes of data that are filled */

	/* What is being looked at: the carry and the data, or a large record's own memory. */
	const uint8_t *window;
	size_t window_len;
	size_t used;    /* bytes of the window that are walked */
	uint8_t *large; /* owned; NULL as a rule */
	bool is_open;   /* the window is not walked to its end yet */

	struct weir_frame *frames;
	uint32_t n_found;     /* frames filled */
	uint32_t n_out;       /* … and handed out */
	uint32_t n_delivered; /* packets in it, for the statistics */
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t back;
	struct piece *free;
	uint32_t n_made;
	uint32_t n_most;
	uint32_t n_out;
	size_t piece_size; /* bytes of data */
	uint32_t n_frames; /* that a piece has room for */
};

void pool_init(struct pool *p, size_t piece_size, uint32_t n_most);

/* All pieces must be back. */
void pool_fini(struct pool *p);

/* A piece, empty; waits up to wait for one to come back. 0; ERR_AGAIN; ERR_STOPPED as soon as
 * *is_stopped; ERR_NOMEM. */
MUST_CHECK int pool_take(struct pool *p, struct piece **out, struct nanos wait,
			 const _Atomic bool *is_stopped);
void pool_give(struct pool *p, struct piece *piece);

#endif
