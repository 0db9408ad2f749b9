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
 * The order of the data is that of the block numbers, 0, 1, 2 … of a file, or of a live source of
 * one queue. Blocks of a live source of several are numbered a queue each: there turn only keeps
 * the workers apart.
 *
 * Hashed mode gives all packets of a flow (both directions, all fragments) to one worker: a
 * distributor thread reads, hashes and passes frames over rings; turn and fill are not called.
 *
 * One worker runs on the thread that called engine_run: it costs nothing beyond the plain loop.
 * With more, that thread is the reporter: it calls result, watermark and drop.
 *
 * Frames handed to a callback are borrowed until it returns (until fill returns, in shared mode
 * with turn or fill); engine_hold keeps one longer, up to a cap. */
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

enum { ENGINE_MAX_WORKERS = 64 };

/* What a worker publishes and the reporter receives. */
struct engine_result {
	uint64_t key; /* order: time in ns, or whatever the program sorts by (own_keys) */
	void *value;  /* ownership goes with the result */
	int64_t number;
	int type;   /* the program's own */
	int worker; /* who published it; set by engine_publish */
};

enum engine_combiner {
	ENGINE_UNORDERED, /* as they come */
	ENGINE_ORDERED,   /* each worker's keys never fall: merged by key as watermarks allow */
	ENGINE_SORTED, /* keys in any order: sorted; reported when no smaller key can come, at the
			     latest at the end */
};

/* All callbacks may be NULL but batch. An int callback's negative value stops the engine, and
 * engine_run returns it: in shared mode with turn the first one in the order of the data, after
 * all blocks before it had their turn and fill; none after it has. */
struct engine_callbacks {
	/* On the worker's own thread, before anything else and after everything else; stop is
	 * called for every worker whose start succeeded, whatever happened between. */
	int (*start)(struct worker *w);
	int (*batch)(struct worker *w, struct weir_frame *frames, int n);
	int (*turn)(struct worker *w, uint64_t block);
	int (*fill)(struct worker *w, uint64_t block);
	/* Time or count has moved on: this worker will see nothing older than `now`, so what it
	 * has gathered up to there is complete. Every worker gets it, also one without packets.
	 * Ticks by time: now is a multiple of tick_time since 1970, and the ticks of a stretch
	 * without packets are one. Ticks by count: now is the latest packet's time so far.
	 * In hashed mode a tick comes exactly between the packets that it divides. In shared mode
	 * it comes in the turn, after the block's batches (a worker without a block gets the
	 * latest only): what must be divided exactly there is numbered in turn by
	 * engine_block_first. */
	int (*tick)(struct worker *w, struct nanos now);
	int (*stop)(struct worker *w);
	/* Shared mode, a source of one queue: nothing came for as long as the source waits
	 * (source_options.wait), and every block before has had its turn. One worker at a time. */
	void (*idle)(struct worker *w);
	/* The reporter's, one at a time, in the combiner's order. Takes the value. */
	int (*result)(void *arg, struct engine_result *result);
	/* The reporter's: no result with a key below this will follow. */
	int (*watermark)(void *arg, uint64_t key);
	/* The reporter's: takes the value of a result that will not be reported, because result
	 * or watermark failed. */
	void (*drop)(void *arg, struct engine_result *result);
};

struct engine_options {
	int n_workers;  /* 0: one a processor, at most 16; a queue, of a live source with several */
	bool is_hashed; /* hashed mode; else shared */
	uint32_t (*hash)(const struct weir_frame *frame); /* hashed mode; NULL: the flow hash */
	enum engine_combiner combiner;
	uint64_t tick_count;    /* a tick every so many packets of the source; 0: none */
	struct nanos tick_time; /* a tick every so much of the packets' own time; 0: none */
	uint32_t ring_size;     /* hashed mode: frames a ring; 0: 4,096 */
	uint32_t max_held;      /* frames held at once, all workers together; 0: 65,536 */
	bool own_keys;          /* keys are no times: ticks promise nothing, engine_promise does */
	struct nanos slack; /* how far packets' times may run backwards: ticks by time lag by it */
};

struct engine_stats {
	struct source_stats source;
	uint64_t batches;
	uint64_t results; /* published */
	uint64_t reported;
	uint64_t ticks; /* calls of tick, all workers together */
	uint64_t held;  /* now */
	uint64_t
		late; /* results whose key was below their worker's promise: key was raised to it */
	uint64_t frames; /* handed to batch */
};

/* One worker's share; over all workers they add up to engine_stats. */
struct engine_worker_stats {
	uint64_t frames;
	uint64_t batches;
	uint64_t blocks; /* shared mode */
	uint64_t results;
	uint64_t ticks;
};

/* Borrows source, arg and what callbacks and options point to. ERR_USAGE where options make no
 * sense: no batch, more than ENGINE_MAX_WORKERS, turn or fill in hashed mode, a live source with
 * more queues than workers (or than one, in hashed mode). */
MUST_CHECK int engine_new(struct engine **out, struct source *source,
			  const struct engine_callbacks *callbacks,
			  const struct engine_options *options, void *arg);

/* After engine_run has returned, and every held frame is released. Sets NULL, accepts NULL. */
void engine_free(struct engine **e);

/* Runs until the source ends, a callback fails, or engine_stop. 0, or what stopped it: the
 * source's error (source_why tells) or the callback's. ERR_STOPPED after engine_stop (or
 * source_stop). Once only. Whatever was published has been reported or dropped by then. */
MUST_CHECK int engine_run(struct engine *e);

/* Asks it to end soon, in good order: workers finish their block, and what was read. Before
 * engine_run it makes that return at once. Any thread; async-signal-safe. */
void engine_stop(struct engine *e);

/* Any time, from any thread; exact once engine_run has returned. */
struct engine_stats engine_stats(const struct engine *e);
int engine_n_workers(const struct engine *e);
const struct source *engine_source(const struct engine *e);
struct engine_worker_stats engine_worker_stats(const struct engine *e, int worker);

/* For callbacks, on the worker's own thread. */
void *engine_arg(const struct worker *w);             /* engine_new's arg */
int engine_worker_index(const struct worker *w);      /* 0.. */
void engine_set_local(struct worker *w, void *local); /* the worker's own state */
void *engine_local(const struct worker *w);
struct engine *engine_of(const struct worker *w);

/* Gives a result to the reporter; may wait for it to keep up. ERR_USAGE without a result
 * callback; ERR_NOMEM. On failure the caller still owns the value. */
MUST_CHECK int engine_publish(struct worker *w, const struct engine_result *result);

/* This worker will publish no key below this one. Ticks do it by themselves, unless own_keys. */
MUST_CHECK int engine_promise(struct worker *w, uint64_t key);

/* In turn and fill: the batches of the block, as batch got them, 0 <= i < engine_n_kept. */
int engine_n_kept(const struct worker *w);
int engine_kept(const struct worker *w, int i, struct weir_frame **frames);

/* In turn and fill of a file: packets of the source before this block. */
uint64_t engine_block_first(const struct worker *w);

/* Keeps a frame beyond the callback: its block only stays in memory. ERR_FULL when max_held
 * frames are held already, or held frames would pin more than half of the source's blocks. In
 * live capture that comes at once: the caller copies or lets go. In a file the call waits for a
 * release, and with it the reading; ERR_FULL only when the whole engine stands still and nobody
 * has released for a while; ERR_STOPPED when it is being stopped meanwhile. Any thread may
 * release, in any order. The kernel fills a live ring in order, and drops (and counts) packets
 * while the block that comes next is pinned: what is held longer than a ring's round is better
 * copied. */
MUST_CHECK int engine_hold(struct worker *w, struct weir_frame *held, const struct weir_frame *f);
void engine_release(struct engine *e, struct weir_frame *held);

#endif
