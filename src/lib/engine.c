/* The engine's public face: the same calls, with the public types. A worker is passed on as it
 * is; the program's callbacks and arg lie behind the engine's own. */
#include "lib/same.h"

#include <stddef.h>
#include <stdlib.h>

#include "engine/engine.h"

LIB_SAME(WEIR_UNORDERED, ENGINE_UNORDERED);
LIB_SAME(WEIR_ORDERED, ENGINE_ORDERED);
LIB_SAME(WEIR_SORTED, ENGINE_SORTED);
LIB_SAME(WEIR_MAX_WORKERS, ENGINE_MAX_WORKERS);
LIB_SAME(sizeof(struct weir_result), sizeof(struct engine_result));
LIB_SAME(offsetof(struct weir_result, value), offsetof(struct engine_result, value));
LIB_SAME(offsetof(struct weir_result, number), offsetof(struct engine_result, number));
LIB_SAME(offsetof(struct weir_result, type), offsetof(struct engine_result, type));
LIB_SAME(offsetof(struct weir_result, worker), offsetof(struct engine_result, worker));

struct weir_engine {
	struct engine *engine;
	struct weir_callbacks call;
	void *arg;
};

/* struct weir_worker is never defined: it is the engine's worker by another name. */
static struct worker *own(struct weir_worker *w)
{
	return (struct worker *)w;
}

static const struct worker *own_of(const struct weir_worker *w)
{
	return (const struct worker *)w;
}

static struct weir_engine *engine_behind(const struct worker *w)
{
	return engine_arg(w);
}

static int on_start(struct worker *w)
{
	return engine_behind(w)->call.start((struct weir_worker *)w);
}

static int on_batch(struct worker *w, struct weir_frame *frames, int n)
{
	return engine_behind(w)->call.batch((struct weir_worker *)w, frames, n);
}

static int on_turn(struct worker *w, uint64_t block)
{
	return engine_behind(w)->call.turn((struct weir_worker *)w, block);
}

static int on_fill(struct worker *w, uint64_t block)
{
	return engine_behind(w)->call.fill((struct weir_worker *)w, block);
}

static int on_tick(struct worker *w, struct nanos now)
{
	return engine_behind(w)->call.tick((struct weir_worker *)w, now.ns);
}

static int on_stop(struct worker *w)
{
	return engine_behind(w)->call.stop((struct weir_worker *)w);
}

static int on_result(void *arg, struct engine_result *result)
{
	struct weir_engine *e = arg;

	return e->call.result(e->arg, (struct weir_result *)result);
}

static int on_watermark(void *arg, uint64_t key)
{
	struct weir_engine *e = arg;

	return e->call.watermark(e->arg, key);
}

static void on_drop(void *arg, struct engine_result *result)
{
	struct weir_engine *e = arg;

	e->call.drop(e->arg, (struct weir_result *)result);
}

static struct engine_callbacks own_callbacks(const struct weir_callbacks *call)
{
	return (struct engine_callbacks){
		.start = call->start ? on_start : NULL,
		.batch = call->batch ? on_batch : NULL,
		.turn = call->turn ? on_turn : NULL,
		.fill = call->fill ? on_fill : NULL,
		.tick = call->tick ? on_tick : NULL,
		.stop = call->stop ? on_stop : NULL,
		.result = call->result ? on_result : NULL,
		.watermark = call->watermark ? on_watermark : NULL,
		.drop = call->drop ? on_drop : NULL,
	};
}

static bool is_known(const struct weir_callbacks *call, const struct weir_engine_options *o)
{
	for (size_t i = 0; i < sizeof call->reserved / sizeof *call->reserved; i++) {
		if (call->reserved[i])
			return false;
	}
	return lib_is_zero(o->reserved, sizeof o->reserved / sizeof *o->reserved);
}

int weir_engine_new(struct weir_engine **out, struct weir_source *source,
		    const struct weir_callbacks *callbacks,
		    const struct weir_engine_options *options, void *arg)
{
	static const struct weir_engine_options defaults;
	const struct weir_engine_options *o = options ? options : &defaults;
	struct engine_callbacks call = own_callbacks(callbacks);
	struct engine_options own_options = {
		.n_workers = o->n_workers,
		.is_hashed = o->is_hashed,
		.hash = o->hash,
		.combiner = (enum engine_combiner)o->combiner,
		.tick_count = o->tick_count,
		.tick_time = {o->tick_ns},
		.ring_size = o->ring_size,
		.max_held = o->max_held,
		.own_keys = o->own_keys,
		.slack = {o->slack_ns},
	};
	struct weir_engine *e = calloc(1, sizeof *e);
	int rc = ERR_NOMEM;

	if (e) {
		e->call = *callbacks;
		e->arg = arg;
		rc = is_known(callbacks, o)
			     ? engine_new(&e->engine, lib_source(source), &call, &own_options, e)
			     : ERR_UNSUPPORTED;
	}
	if (rc < 0)
		weir_engine_free(&e);
	*out = e;
	return rc;
}

void weir_engine_free(struct weir_engine **engine)
{
	if (*engine)
		engine_free(&(*engine)->engine);
	free(*engine);
	*engine = NULL;
}

int weir_engine_run(struct weir_engine *e)
{
	return engine_run(e->engine);
}

void weir_engine_stop(struct weir_engine *e)
{
	engine_stop(e->engine);
}

void weir_engine_stats(const struct weir_engine *e, struct weir_engine_stats *stats)
{
	struct engine_stats s = engine_stats(e->engine);

	*stats = (struct weir_engine_stats){
		.frames = s.frames,
		.batches = s.batches,
		.results = s.results,
		.reported = s.reported,
		.ticks = s.ticks,
		.held = s.held,
		.late = s.late,
	};
	lib_stats(&stats->source, engine_source(e->engine));
}

void weir_worker_stats(const struct weir_engine *e, int worker, struct weir_worker_stats *stats)
{
	struct engine_worker_stats s = {0};

	if (worker >= 0 && worker < engine_n_workers(e->engine))
		s = engine_worker_stats(e->engine, worker);
	*stats = (struct weir_worker_stats){
		.frames = s.frames,
		.batches = s.batches,
		.blocks = s.blocks,
		.results = s.results,
		.ticks = s.ticks,
	};
}

int weir_engine_n_workers(const struct weir_engine *e)
{
	return engine_n_workers(e->engine);
}

void *weir_arg(const struct weir_worker *w)
{
	return engine_behind(own_of(w))->arg;
}

int weir_worker_index(const struct weir_worker *w)
{
	return engine_worker_index(own_of(w));
}

struct weir_engine *weir_worker_engine(const struct weir_worker *w)
{
	return engine_behind(own_of(w));
}

void weir_set_local(struct weir_worker *w, void *local)
{
	engine_set_local(own(w), local);
}

void *weir_local(const struct weir_worker *w)
{
	return engine_local(own_of(w));
}

int weir_publish(struct weir_worker *w, const struct weir_result *result)
{
	return engine_publish(own(w), (const struct engine_result *)result);
}

int weir_promise(struct weir_worker *w, uint64_t key)
{
	return engine_promise(own(w), key);
}

int weir_n_batches(const struct weir_worker *w)
{
	return engine_n_kept(own_of(w));
}

int weir_batch(const struct weir_worker *w, int i, struct weir_frame **frames)
{
	if (i < 0 || i >= engine_n_kept(own_of(w)))
		return 0;
	return engine_kept(own_of(w), i, frames);
}

uint64_t weir_block_first(const struct weir_worker *w)
{
	return engine_block_first(own_of(w));
}

int weir_worker_hold(struct weir_worker *w, struct weir_frame *held, const struct weir_frame *frame)
{
	return engine_hold(own(w), held, frame);
}

void weir_worker_release(struct weir_engine *e, struct weir_frame *held)
{
	engine_release(e->engine, held);
}
