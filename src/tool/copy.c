#include "tool/copy.h"

#include <stdlib.h>

#include "tool/capture.h"

/* What a worker found in its block, until its turn comes. */
struct share {
	struct picked {
		const struct weir_frame *frames;
		uint64_t mask;
		int n;
	} * batches;
	int n;
	int size;
	struct wr w; /* written, on its way to its place */
	int64_t place;
};

static int start(struct worker *w)
{
	struct share *s = calloc(1, sizeof *s);

	engine_set_local(w, s);
	return s ? 0 : ERR_NOMEM;
}

static int stop(struct worker *w)
{
	struct share *s = engine_local(w);

	if (s) {
		free(s->batches);
		wr_fini(&s->w);
	}
	free(s);
	return 0;
}

static int batch(struct worker *w, struct weir_frame *frames, int n)
{
	const struct copy *c = engine_arg(w);
	struct share *s = engine_local(w);

	if (s->n == s->size) {
		int size = s->size ? 2 * s->size : 64;
		struct picked *grown = realloc(s->batches, (size_t)size * sizeof *grown);

		if (!grown)
			return ERR_NOMEM;
		s->batches = grown;
		s->size = size;
	}
	s->batches[s->n++] = (struct picked){frames, pick_mask(c->pick, frames, n), n};
	return 0;
}

static int hand_on(struct copy *c, const struct picked *p)
{
	uint64_t mask = pick_places(c->pick, p->frames, p->n, p->mask);
	int rc = 0;

	while (mask && !rc) {
		rc = c->frame(c->arg, &p->frames[__builtin_ctzll(mask)], c->why);
		mask &= mask - 1;
	}
	return rc;
}

/* The first failure stays; why is NULL where it was said in c->why. */
static void note_failure(struct copy *c, int rc, const struct why *why)
{
	pthread_mutex_lock(&c->lock);
	if (rc < 0 && !c->failed) {
		c->failed = rc;
		if (why)
			*c->why = *why;
	}
	pthread_mutex_unlock(&c->lock);
}

static int turn(struct worker *w, uint64_t block)
{
	struct copy *c = engine_arg(w);
	struct share *s = engine_local(w);

	(void)block;
	for (int i = 0; i < s->n && !c->failed && !c->is_over; i++) {
		note_failure(c, hand_on(c, &s->batches[i]), NULL);
		c->is_over |= pick_is_over(c->pick);
	}
	s->n = 0;
	s->place = c->detach && !c->failed ? c->detach(c->arg, &s->w) : -1;
	if (!c->failed && c->is_prompt)
		note_failure(c, c->pause(c->arg, c->why), NULL);
	if (c->is_over)
		engine_stop(engine_of(w));
	return c->failed;
}

static int fill(struct worker *w, uint64_t block)
{
	struct copy *c = engine_arg(w);
	struct share *s = engine_local(w);
	struct why why;

	(void)block;
	if (s->place >= 0) {
		why_clear(&why);
		note_failure(c, c->fill(c->arg, s->place, &s->w, &why), &why);
		wr_reset(&s->w);
		s->place = -1;
	}
	return c->failed;
}

static void opened(void *arg, struct source *source)
{
	struct copy *c = arg;

	c->source = source;
	c->is_prompt = source_is_live(source) || source_stats(source).size == 0;
	c->failed = c->opened(c->arg, source, c->is_prompt, c->why);
	if (c->failed)
		source_stop(source);
}

/* The last worker to leave sees the whole file's interfaces. */
static int leave(struct worker *w)
{
	struct copy *c = engine_arg(w);
	const struct weir_iface *first = source_iface(c->source, 0);

	if (first)
		c->link = first->link;
	return stop(w);
}

/* 0, 1 where the input's trouble was said, or what one of the copy's functions failed with. */
static int copy_one(struct copy *c, const char *tool, const char *input, struct why *why)
{
	static const struct engine_callbacks callbacks = {
		.start = start, .batch = batch, .turn = turn, .fill = fill, .stop = leave};
	struct capture capture = {.set = c->set,
				  .callbacks = &callbacks,
				  .arg = c,
				  .wants_meta = c->wants_meta,
				  .is_filtered = true,
				  .opened = opened};
	int rc;

	c->why = why;
	rc = capture_run(&capture, input, NULL, why);
	if (c->failed) {
		why_place(why, input);
		return c->failed;
	}
	if (rc == ERR_STOPPED && (c->is_over || c->is_prompt))
		return 0;
	if (rc == ERR_STOPPED)
		why_set(why, rc, "stopped before its end");
	if (rc < 0) {
		why_place(why, input);
		capture_fail(tool, why);
		why_clear(why);
		return 1;
	}
	return 0;
}

int copy_run(struct copy *c, const char *tool, char *const *inputs, int n, struct why *why)
{
	int status = 0;

	pthread_mutex_init(&c->lock, NULL);
	for (int i = 0; i < n && !c->is_over; i++) {
		int rc = copy_one(c, tool, inputs[i], why);

		if (rc < 0)
			return rc;
		status |= rc;
		if (capture_is_stopped())
			break;
	}
	return status;
}
