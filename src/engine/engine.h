/* The parallel engine: n workers over a source's queues, or over a distributor that hashes
 * frames to workers; results combined in an order; ticks as watermarks.
 *
 * Shared mode (the default) is for work that does not care which worker sees a packet: each
 * worker takes whole blocks. For every block it calls
 *
 *	batch batch batch …   in parallel with other workers' blocks
 *	turn                  one worker at a time, in the order of the data: reserve, append
 *	fill                  in parallel again; the block's frames are still there
 *
 * Hashed mode gives all packets of a flow (both directions, all fragments) to one worker: a
 * distributor thread reads, hashes and passes frames over rings; turn and fill are not called.
 *
 * Frames handed to a callback are borrowed until it returns (until fill returns, in shared
 * mode); engine_hold keeps one longer, up to a cap. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/frame.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"
#include "cap/source.h"

struct engine;
struct worker;

/* What a worker publishes and the reporter receives. */
struct engine_result {
	uint64_t key; /* order: time, or whatever the program sorts by */
	void *value;  /* ownership goes with the result */
	int64_t number;
	int type;   /* the program's own */
	int worker; /* who published it */
};

enum engine_combiner {
	ENGINE_UNORDERED, /* as they come */
	ENGINE_ORDERED,   /* each worker's keys never fall: merged by key as watermarks allow */
	ENGINE_SORTED, /* keys in any order: sorted; reported when no smaller key can come, at the
			     latest at the end */
};

/* All callbacks may be NULL but batch. An int callback's negative value stops the engine, and
 * engine_run returns it. */
struct engine_callbacks {
	int (*start)(struct worker *w);
	int (*batch)(struct worker *w, struct weir_frame *frames, int n);
	int (*turn)(struct worker *w, uint64_t block);
	int (*fill)(struct worker *w, uint64_t block);
	/* Time or count has moved on: this worker will see nothing older than `now`. */
	int (*tick)(struct worker *w, struct nanos now);
	int (*stop)(struct worker *w);
	/* The reporter's, one at a time, in the combiner's order. */
	int (*result)(void *arg, struct engine_result *result);
	/* The reporter's: no result with a key below this will follow. */
	int (*watermark)(void *arg, uint64_t key);
};

struct engine_options {
	int n_workers;                                    /* 0: one a processor, at most 16 */
	bool is_hashed;                                   /* hashed mode; else shared */
	uint32_t (*hash)(const struct weir_frame *frame); /* hashed mode; NULL: the flow hash */
	enum engine_combiner combiner;
	uint64_t tick_count;    /* a tick every so many packets of the source; 0: none */
	struct nanos tick_time; /* a tick every so much of the packets' own time; 0: none */
	uint32_t ring_size;     /* hashed mode: frames a ring; 0: 4,096 */
	uint32_t max_held;      /* frames held at once, all workers together; 0: 65,536 */
};

struct engine_stats {
	struct source_stats source;
	uint64_t batches;
	uint64_t results; /* published */
	uint64_t reported;
	uint64_t ticks;
	uint64_t held; /* now */
};

MUST_CHECK int engine_new(struct engine **out, struct source *source,
			  const struct engine_callbacks *callbacks,
			  const struct engine_options *options, void *arg);
void engine_free(struct engine **e);

/* Runs until the source ends, a callback fails, or engine_stop. 0, or what stopped it: the
 * source's error (source_why tells) or the callback's. ERR_STOPPED after engine_stop. */
MUST_CHECK int engine_run(struct engine *e);

/* Asks it to end soon, in good order: workers finish their block. Async-signal-safe. */
void engine_stop(struct engine *e);

struct engine_stats engine_stats(const struct engine *e);

/* For callbacks. */
void *engine_arg(const struct worker *w);             /* engine_new's arg */
int engine_worker_index(const struct worker *w);      /* 0.. */
void engine_set_local(struct worker *w, void *local); /* the worker's own state */
void *engine_local(const struct worker *w);
MUST_CHECK int engine_publish(struct worker *w, const struct engine_result *result);

/* Keeps a frame beyond the callback. ERR_FULL when max_held frames are held already (in live
 * capture the caller copies or lets go; a file's reader waits). Any thread may release. */
MUST_CHECK int engine_hold(struct worker *w, struct weir_frame *held, const struct weir_frame *f);
void engine_release(struct engine *e, struct weir_frame *held);
struct engine *engine_of(const struct worker *w);

#endif
