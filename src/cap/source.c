#include "cap/source.h"

#include <stdlib.h>
#include <string.h>

#include "cap/backend.h"

/* The first whose scheme begins the URI; files come last, for they take any path. */
static const struct source_ops *const backends[] = {
	&live_source,
	&file_source,
};

enum { N_BACKENDS = sizeof backends / sizeof backends[0] };

static const struct source_ops *backend_find(const char *uri, const char **rest)
{
	for (int i = 0; i < N_BACKENDS; i++) {
		size_t len = strlen(backends[i]->scheme);

		if (len && strncmp(uri, backends[i]->scheme, len) == 0 && uri[len] == ':') {
			*rest = uri + len + 1;
			return backends[i];
		}
	}
	*rest = uri;
	return &file_source;
}

int source_open(struct source **out, const char *uri, const struct source_options *options,
		struct why *why)
{
	static const struct source_options defaults;
	struct source *s = calloc(1, sizeof *s);
	const char *rest;
	int rc = s ? 0 : ERR_NOMEM;

	if (!options)
		options = &defaults;
	*out = NULL;
	if (!rc) {
		why_clear(&s->why);
		s->n_queues = options->n_queues > 0 ? options->n_queues : 1;
		if (s->n_queues > SOURCE_MAX_QUEUES)
			s->n_queues = SOURCE_MAX_QUEUES;
		s->uri = strdup(uri);
		rc = s->uri ? 0 : ERR_NOMEM;
	}
	if (!rc) {
		s->ops = backend_find(s->uri, &rest);
		rc = s->ops->open(s, rest, options, why);
	}
	if (rc) {
		why_set(why, rc, "%s", err_text(rc));
		why_place(why, uri);
		source_close(&s);
	}
	*out = s;
	return rc;
}

void source_close(struct source **source)
{
	struct source *s = *source;

	if (s && s->own)
		s->ops->close(s);
	if (s)
		free(s->uri);
	free(s);
	*source = NULL;
}

int source_n_queues(const struct source *s)
{
	return s->n_queues;
}

bool source_is_live(const struct source *s)
{
	return s->is_live;
}

enum trace_format source_format(const struct source *s)
{
	return s->format;
}

const char *source_uri(const struct source *s)
{
	return s->uri;
}

int source_block(struct source *s, int q, struct weir_block **out)
{
	*out = NULL;
	return s->ops->block(s, q, out);
}

const struct why *source_why(const struct source *s)
{
	return &s->why;
}

void source_attend(struct source *s)
{
	if (s->ops->attend)
		s->ops->attend(s);
}

void source_finish(struct source *s)
{
	if (s->ops->finish)
		s->ops->finish(s);
	else
		s->ops->stop(s);
}

void source_stop(struct source *s)
{
	s->ops->stop(s);
}

int block_batch(struct weir_block *b, struct weir_frame **frames)
{
	return b->batch(b, frames);
}

bool source_keeps_frames(const struct source *s)
{
	return s->keeps_frames;
}

uint64_t block_number(const struct weir_block *b)
{
	return b->number;
}

struct weir_block *block_get(struct weir_block *b)
{
	atomic_fetch_add_explicit(&b->n_refs, 1, memory_order_relaxed);
	return b;
}

void block_put(struct weir_block **block)
{
	struct weir_block *b = *block;

	*block = NULL;
	if (b && atomic_fetch_sub_explicit(&b->n_refs, 1, memory_order_acq_rel) == 1)
		b->give(b);
}

void frame_hold(struct weir_frame *held, const struct weir_frame *f)
{
	struct weir_block *b = f->block;

	*held = *f;
	block_get(b);
	if (atomic_fetch_add_explicit(&b->n_held, 1, memory_order_relaxed) == 0)
		atomic_fetch_add_explicit(&b->source->n_pinned, 1, memory_order_relaxed);
}

void frame_drop(struct weir_frame *held)
{
	struct weir_block *b = held->block;

	if (b && atomic_fetch_sub_explicit(&b->n_held, 1, memory_order_relaxed) == 1)
		atomic_fetch_sub_explicit(&b->source->n_pinned, 1, memory_order_relaxed);
	block_put(&held->block);
	held->bytes = NULL;
	held->record = NULL;
}

bool frame_may_be_held(const struct weir_frame *f)
{
	const struct weir_block *b = f->block;
	const struct source *s = b->source;

	return s->n_blocks == 0 || atomic_load_explicit(&b->n_held, memory_order_relaxed) > 0 ||
	       atomic_load_explicit(&s->n_pinned, memory_order_relaxed) < s->n_blocks / 2;
}

const struct weir_iface *source_iface(const struct source *s, uint32_t i)
{
	return s->ops->iface(s, i);
}

struct source_stats source_stats(const struct source *s)
{
	return s->ops->stats(s, -1);
}

struct source_stats source_queue_stats(const struct source *s, int q)
{
	return s->ops->stats(s, q);
}
