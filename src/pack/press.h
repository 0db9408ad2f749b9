/* A press: threads that compress blocks in parallel and write the results in order.
 *
 *	caller fills -->|1 full|2 full|3 busy|4 done|5 busy|<-- written, in order
 *	                        slots, used round and round
 *
 * There are few more slots than threads: whoever writes faster than they can compress, or than
 * the file takes it, waits. */
#ifndef PACK_PRESS_H
#define PACK_PRESS_H

#include "pack/codec.h"

struct press;

struct press_options {
	const struct codec *codec;
	int level;
	int n_threads; /* 0: one a processor; fewer where they would take much memory */
	int fd;        /* borrowed */
	const char *path;
};

MUST_CHECK int press_new(struct press **out, const struct press_options *options);

/* Takes bytes; blocks go to the threads as they fill up. */
MUST_CHECK int press_write(struct press *p, const uint8_t *bytes, size_t len);

/* Closes the block that is being filled, and waits until all is written. */
MUST_CHECK int press_flush(struct press *p);

/* Ends the threads; what was not flushed is lost. Sets NULL. */
void press_free(struct press **p);

/* After any of them failed: why. */
const struct why *press_why(const struct press *p);

/* Writes all of it, whatever the pieces that the system takes at once. */
MUST_CHECK int fd_write(int fd, const uint8_t *bytes, size_t len, struct why *why);

#endif
