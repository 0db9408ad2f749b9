/* The parallel engine: n workers over one source, by callbacks.
 *
 * Shared mode, the default: each worker takes whole blocks of the source. For every block it calls
 *
 *	batch batch batch …   in parallel with other workers' blocks
 *	turn                  one worker at a time, in the order of the data (live: in no order)
 *	fill                  in parallel again; the block's frames are still there
 *
 * Hashed mode: all packets of a flow, both directions and all fragments, go to one worker. turn
 * and fill are not called.
 *
 * One worker runs on weir_engine_run's own thread and costs nothing beyond a plain loop. With
 * more, that thread is the reporter: it calls result, watermark and drop.
 *
 * Times are nanoseconds since 1970-01-01T00:00:00Z, the packets' own. */
#ifndef WEIR_ENGINE_H
#define WEIR_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/error.h>
#include <weir/frame.h>
#include <weir/source.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_engine;
struct weir_worker;

enum { WEIR_MAX_WORKERS = 64 };

/* What a worker publishes and the reporter receives. */
struct weir_result {
	uint64_t key; /* order: time in ns, or whatever the program sorts by (own_keys) */
	void *value;  /* ownership goes with the result */
	int64_t number;
	int type;   /* the program's own */
	int worker; /* who published it; set by weir_publish */
};

enum weir_combiner {
	WEIR_UNORDERED, /* results are reported as they come */
	WEIR_ORDERED,   /* each worker's keys never fall: merged by key, as watermarks allow */
	WEIR_SORTED,    /* keys in any order: sorted; reported when no smaller key can come, at the
			 * latest at the end */
};

/* Callbacks; all may be NULL but batch. The int ones return 0, or a negative number that stops the
 * engine and is what weir_engine_run returns: with turn, the first one in the order of the data,
 * after all blocks before it have had turn and fill. */
struct weir_callbacks {
	/* The worker's first and last call, on its own thread; stop is called whenever start
	 * succeeded, whatever happened between. */
	int (*start)(struct weir_worker *worker);
	/* 1 to 64 frames, borrowed until it returns (until fill returns, where turn or fill are
	 * used). */
	int (*batch)(struct weir_worker *worker, struct weir_frame *frames, int n);
	int (*turn)(struct weir_worker *worker, uint64_t block);
	int (*fill)(struct weir_worker *worker, uint64_t block);
	/* Time or count has moved on: this worker will see nothing older than now_ns, so what it
	 * has gathered up to there is complete. Every worker gets it, one without packets too. By
	 * time: now_ns is a multiple of tick_ns, and the ticks of a stretch without packets are
	 * one. By count: the latest packet's time. In hashed mode, and with one worker in it, a
	 * tick falls exactly between the packets that it divides; in shared mode it comes after
	 * the block's turn. */
	int (*tick)(struct weir_worker *worker, int64_t now_ns);
	int (*stop)(struct weir_worker *worker);
	/* The reporter's, one at a time, in the combiner's order. result takes the value. */
	int (*result)(void *arg, struct weir_result *result);
	/* No result with a key below this one will follow. */
	int (*watermark)(void *arg, uint64_t key);
	/* Takes the value of a result that is not reported, because result or watermark failed. */
	void (*drop)(void *arg, struct weir_result *result);
	void (*reserved[4])(void);
};

/* All zero: the defaults. */
struct weir_engine_options {
	int n_workers;  /* 0: one a processor, at most 16; live with several queues: one a queue */
	bool is_hashed; /* hashed mode; else shared */
	uint32_t (*hash)(const struct weir_frame *frame); /* hashed mode: the frame goes to worker
							   * hash % n_workers; NULL: by flow */
	enum weir_combiner combiner;
	uint64_t tick_count; /* a tick every so many packets of the source; 0: none */
	int64_t tick_ns;     /* a tick every so many ns of the packets' own time; 0: none */
	uint32_t ring_size;  /* hashed mode: frames on their way to a worker; 0: 4,096 */
	uint32_t max_held;   /* frames held at once, all workers together; 0: 65,536 */
	bool own_keys;       /* keys are no times: ticks promise nothing, weir_promise does */
	int64_t slack_ns;    /* how far packets' times may run backwards: ticks lag by it */
	uint64_t reserved[8];
};

struct weir_engine_stats {
	struct weir_source_stats source;
	uint64_t frames; /* handed to batch */
	uint64_t batches;
	uint64_t results;  /* published */
	uint64_t reported; /* … and handed to result */
	uint64_t ticks;    /* calls of tick, all workers together */
	uint64_t held;     /* now */
	uint64_t late;     /* results below their worker's promise: their keys were raised to it */
	uint64_t reserved[8];
};

/* One worker's share; over all workers they add up to struct weir_engine_stats. */
struct weir_worker_stats {
	uint64_t frames;
	uint64_t batches;
	uint64_t blocks; /* shared mode */
	uint64_t results;
	uint64_t ticks;
	uint64_t reserved[3];
};

/* An engine over the source, which it borrows until weir_engine_free, as it does arg; callbacks
 * and options (which may be NULL) are copied. For n workers open the source with n queues. 0 and
 * *out, to be freed by the caller; WEIR_ERR_USAGE where options make no sense: no batch, too many
 * workers, turn or fill in hashed mode, a live source with more queues than workers (than one, in
 * hashed mode); WEIR_ERR_NOMEM. */
WEIR_API WEIR_MUST_CHECK int weir_engine_new(struct weir_engine **out, struct weir_source *source,
					     const struct weir_callbacks *callbacks,
					     const struct weir_engine_options *options, void *arg);

/* After weir_engine_run has returned and every held frame is released. Sets NULL, accepts NULL. */
WEIR_API void weir_engine_free(struct weir_engine **engine);

/* Runs until the source ends (0), fails (its error: weir_source_why tells), a callback fails (what
 * it returned), or weir_engine_stop or weir_stop (WEIR_ERR_STOPPED). Once only. All that was
 * published has been reported or dropped by then, and every worker has stopped. */
WEIR_API WEIR_MUST_CHECK int weir_engine_run(struct weir_engine *engine);

/* Asks it to end soon, in good order: workers finish what was read. Any thread, and signal
 * handlers. Before weir_engine_run it makes that return at once. */
WEIR_API void weir_engine_stop(struct weir_engine *engine);

/* Counts so far; exact once weir_engine_run has returned. Any thread. worker: 0 .. n - 1. */
WEIR_API void weir_engine_stats(const struct weir_engine *engine, struct weir_engine_stats *stats);
WEIR_API void weir_worker_stats(const struct weir_engine *engine, int worker,
				struct weir_worker_stats *stats);
/* How many workers it has. */
WEIR_API int weir_engine_n_workers(const struct weir_engine *engine);

/* The rest is for callbacks, on the worker's own thread. */

/* weir_engine_new's arg; the worker's number, 0 ..; its engine. */
WEIR_API void *weir_arg(const struct weir_worker *worker);
WEIR_API int weir_worker_index(const struct weir_worker *worker);
WEIR_API struct weir_engine *weir_worker_engine(const struct weir_worker *worker);

/* The worker's own state, set in start as a rule; NULL until then. Never freed by the engine. */
WEIR_API void weir_set_local(struct weir_worker *worker, void *local);
WEIR_API void *weir_local(const struct weir_worker *worker);

/* Gives a copy of *result, and its value, to the reporter; may wait for it to keep up. On failure
 * (WEIR_ERR_USAGE without a result callback, WEIR_ERR_NOMEM) the caller still owns the value. */
WEIR_API WEIR_MUST_CHECK int weir_publish(struct weir_worker *worker,
					  const struct weir_result *result);

/* This worker will publish no key below this one. Ticks do it by themselves, unless own_keys. */
WEIR_API WEIR_MUST_CHECK int weir_promise(struct weir_worker *worker, uint64_t key);

/* In turn and fill: how many batches the block had, and batch i of them: *frames, borrowed until
 * fill returns, and their number. */
WEIR_API int weir_n_batches(const struct weir_worker *worker);
WEIR_API int weir_batch(const struct weir_worker *worker, int i, struct weir_frame **frames);

/* In turn and fill of a file: packets of the source before this block. */
WEIR_API uint64_t weir_block_first(const struct weir_worker *worker);

/* Keeps *frame beyond the callback: *held is the caller's copy of the description, and its bytes
 * stay good, in their block alone, until weir_worker_release. WEIR_ERR_FULL when max_held frames
 * are held, or half of the source's blocks are pinned: at once in live capture (copy, or let go);
 * a file's reader waits for a release, and is refused only when the whole engine stands still and
 * nobody releases. WEIR_ERR_STOPPED when the engine is being stopped meanwhile. */
WEIR_API WEIR_MUST_CHECK int weir_worker_hold(struct weir_worker *worker, struct weir_frame *held,
					      const struct weir_frame *frame);

/* Gives a frame back that was held by a worker; any thread, any order. held->bytes is NULL then. */
WEIR_API void weir_worker_release(struct weir_engine *engine, struct weir_frame *held);

#ifdef __cplusplus
}
#endif
#endif
