/* A source read frame by frame, on the block interface of cap. */
#include "lib/same.h"

#include <stdlib.h>

#include "cap/source.h"

#define X(name, text, suffix, doc) LIB_SAME(WEIR_FORMAT_##name, TRACE_##name);
TRACE_FORMATS(X)
#undef X
LIB_SAME(WEIR_FORMAT_UNKNOWN, TRACE_UNKNOWN);

struct weir_source {
	struct source *source;
	struct weir_block *block; /* in hand */
	struct weir_frame *frames;
	int n, at;  /* frames of the batch, and those that weir_next has given */
	int q;      /* the queue to ask next */
	bool waits; /* as long as it takes */
	int ended;  /* what every read returns from now on; 0: not yet */
	struct weir_why why;
};

struct source *lib_source(struct weir_source *s)
{
	return s->source;
}

const struct source *lib_source_of(const struct weir_source *s)
{
	return s->source;
}

static struct source_options own_options(const struct weir_source_options *o)
{
	return (struct source_options){
		.n_queues = o->n_queues,
		.block_size = o->block_size,
		.n_blocks = o->n_blocks,
		.snap_len = o->snap_len,
		.filter = o->filter,
		.no_promisc = o->no_promisc,
		.hardware_time = o->hardware_time,
		.wait = {o->wait_ns},
		.wants_meta = o->wants_meta,
	};
}

static int open_source(struct weir_source *s, const char *uri, const struct weir_source_options *o,
		       struct why *why)
{
	struct source_options own = own_options(o);

	if (!uri || o->n_queues < 0 || o->n_queues > SOURCE_MAX_QUEUES || o->wait_ns < 0)
		return why_set(why, ERR_USAGE, "no URI, or an option out of its range");
	if (!lib_is_zero(o->reserved, sizeof o->reserved / sizeof *o->reserved))
		return why_set(why, ERR_UNSUPPORTED, "an option that this library does not know");
	s->waits = o->wait_ns == 0;
	return source_open(&s->source, uri, &own, why);
}

int weir_open(struct weir_source **out, const char *uri, const struct weir_source_options *options,
	      struct weir_why *why)
{
	static const struct weir_source_options defaults;
	struct weir_source *s = calloc(1, sizeof *s);
	struct why own;
	int rc = ERR_NOMEM;

	why_clear(&own);
	if (s)
		rc = open_source(s, uri, options ? options : &defaults, &own);
	if (rc < 0) {
		why_set(&own, rc, "%s", err_text(rc));
		lib_why(why, &own);
		weir_close(&s);
	}
	*out = s;
	return rc;
}

void weir_close(struct weir_source **source)
{
	struct weir_source *s = *source;

	if (s) {
		block_put(&s->block);
		source_close(&s->source);
	}
	free(s);
	*source = NULL;
}

/* The next block of any queue; ERR_END when all have ended. */
static int next_block(struct weir_source *s)
{
	int n_queues = source_n_queues(s->source);
	int n_ended = 0;

	while (n_ended < n_queues) {
		int q = s->q;
		int rc = source_block(s->source, q, &s->block);

		s->q = (q + 1) % n_queues;
		if (rc == ERR_END)
			n_ended++;
		else if (rc != ERR_AGAIN || !s->waits)
			return rc;
		else
			n_ended = 0;
	}
	return ERR_END;
}

int weir_next_batch(struct weir_source *s, const struct weir_frame **frames)
{
	int rc = 0;

	s->n = s->at = 0;
	while (s->ended == 0) {
		if (s->block)
			s->n = block_batch(s->block, &s->frames);
		if (s->n > 0) {
			s->at = s->n;
			*frames = s->frames;
			return s->n;
		}
		block_put(&s->block);
		rc = next_block(s);
		if (rc == ERR_AGAIN)
			return rc;
		s->ended = rc;
	}
	return s->ended;
}

int weir_next(struct weir_source *s, const struct weir_frame **frame)
{
	const struct weir_frame *frames;

	if (s->at >= s->n) {
		int n = weir_next_batch(s, &frames);

		if (n < 0)
			return n;
		s->at = 0;
	}
	*frame = &s->frames[s->at++];
	return 0;
}

void weir_stop(struct weir_source *s)
{
	source_stop(s->source);
}

int weir_hold(struct weir_frame *held, const struct weir_frame *frame)
{
	if (!frame_may_be_held(frame))
		return ERR_FULL;
	frame_hold(held, frame);
	return 0;
}

void weir_release(struct weir_frame *held)
{
	frame_drop(held);
}

const struct weir_why *weir_source_why(struct weir_source *s)
{
	lib_why(&s->why, source_why(s->source));
	return &s->why;
}

const char *weir_source_uri(const struct weir_source *s)
{
	return source_uri(s->source);
}

bool weir_source_is_live(const struct weir_source *s)
{
	return source_is_live(s->source);
}

enum weir_format weir_source_format(const struct weir_source *s)
{
	return (enum weir_format)source_format(s->source);
}

int weir_source_n_queues(const struct weir_source *s)
{
	return source_n_queues(s->source);
}

const struct weir_iface *weir_source_iface(const struct weir_source *s, uint32_t index)
{
	return source_iface(s->source, index);
}

void lib_stats(struct weir_source_stats *out, const struct source *source)
{
	struct source_stats s = source_stats(source);

	*out = (struct weir_source_stats){
		.received = s.received,
		.delivered = s.delivered,
		.filtered = s.filtered,
		.errors = s.errors,
		.in_flight = s.in_flight,
		.dropped = s.dropped,
		.bytes = s.bytes,
		.offset = s.offset,
		.size = s.size,
		.returns = s.returns,
	};
}

void weir_source_stats(const struct weir_source *s, struct weir_source_stats *stats)
{
	lib_stats(stats, s->source);
}

const char *weir_format_name(enum weir_format format)
{
	return format == WEIR_FORMAT_UNKNOWN ? "unknown"
					     : trace_format_name((enum trace_format)format);
}
