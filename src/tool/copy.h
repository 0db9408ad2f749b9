/* Reads captures one after another and hands the packets that are picked, in the order of the
 * data, to whoever writes them. The engine's workers read and pick in parallel. */
#ifndef TOOL_COPY_H
#define TOOL_COPY_H

#include <pthread.h>

#include "base/wr.h"
#include "cap/source.h"
#include "tool/pick.h"

struct copy {
	const struct settings *set;
	struct pick *pick;
	bool wants_meta;
	void *arg;
	/* A source is open; its first frame comes next. is_prompt: its data comes while it is made,
	 * so that what is written should be handed on at once. */
	int (*opened)(void *arg, struct source *source, bool is_prompt, struct why *why);
	/* The next frame of the source that was opened last. */
	int (*frame)(void *arg, const struct weir_frame *frame, struct why *why);
	/* May be NULL. At the end of a block: takes what was written into *w and says its place
	 * (-1: nothing); fill then writes it, while other blocks have their turn. */
	int64_t (*detach)(void *arg, struct wr *w);
	int (*fill)(void *arg, int64_t place, const struct wr *w, struct why *why);
	/* A prompt source has given all that it has for now. */
	int (*pause)(void *arg, struct why *why);

	/* The copy's own: */
	struct source *source;
	struct why *why;
	bool is_prompt;
	bool is_over;         /* the last packet that can be picked was seen */
	_Atomic int failed;   /* what one of the functions above returned */
	pthread_mutex_t lock; /* of why, when fill fails */
	uint32_t link;        /* of the last source's first interface */
};

/* Nothing more is wanted; what comes of this block is still handed on. */
static inline void copy_end(struct copy *c)
{
	c->is_over = true;
}

/* Copies all inputs. A cut or damaged input gives what precedes the damage, is then said on
 * stderr, and the next one follows. Returns 0; 1 where something was said; or an error with a
 * reason, on which nothing more is to be done. */
MUST_CHECK int copy_run(struct copy *c, const char *tool, char *const *inputs, int n,
			struct why *why);

#endif
