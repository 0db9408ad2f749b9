/* A roll: the batches of one block, kept so that turn and fill still find them. Its storage is
 * used again for the next block. */
#ifndef ENGINE_ROLL_H
#define ENGINE_ROLL_H

#include <stdbool.h>

#include <weir/frame.h>

#include "base/err.h"
#include "cap/source.h"

struct roll_batch {
	struct weir_frame *frames; /* the block's, or own */
	struct weir_frame *own;    /* room for SOURCE_BATCH; NULL until it is wanted */
	int n;
};

struct roll {
	struct roll_batch *batches; /* cap of them */
	int n, cap;
};

/* Keeps n (at most SOURCE_BATCH) frames; is_copied where the block will use their place again
 * (only descriptions are copied, never a packet's bytes). *kept stays until roll_clear. */
MUST_CHECK int roll_keep(struct roll *r, struct weir_frame *frames, int n, bool is_copied,
			 struct weir_frame **kept);
void roll_clear(struct roll *r);
void roll_fini(struct roll *r);

#endif
