/* What the engine's files share. Private to the room: users see engine.h. */
#ifndef ENGINE_CREW_H
#define ENGINE_CREW_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/ring.h"
#include "base/turn.h"
#include "engine/bell.h"
#include "engine/combiner.h"
#include "engine/engine.h"
#include "engine/meter.h"
#include "engine/roll.h"

enum {
	SHEAF_RESULTS = 63, /* results that cross to the reporter together */
	N_SHEAVES = 16,     /* a worker */
};

/* A queue of the source, and the workers that take turns to read it. */
struct lane {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool is_busy; /* somebody is reading; guarded by lock, as n_parked */
	int n_parked;
	_Atomic bool is_ended;
	uint64_t n_taken;    /* blocks; who reads the lane counts them */
	_Atomic int64_t now; /* live: how far its packets' time has come; TIME_NONE: not yet */
};

/* How far the source has come. Written in the turn, read by all. */
struct pulse {
	_Atomic int64_t origin; /* the first packet's time; TIME_NONE: none yet */
	_Atomic int64_t now;    /* the latest packet's time so far */
	_Atomic uint64_t n_packets;
	_Atomic uint64_t n_counted; /* ticks by count so far */
	int64_t seen_at;            /* live: monotonic time at which `now` was learned */
};

/* Results on their way from a worker to the reporter, and back empty. */
struct sheaf {
	int n;
	bool has_promise;
	bool is_last;     /* the worker publishes no more */
	uint64_t promise; /* after the results */
	uint64_t n_ticks; /* ticks that the worker has behind it (hashed mode) */
	struct engine_result results[SHEAF_RESULTS];
};

struct parcel;

struct worker {
	struct engine *e;
	int index;
	int first_lane; /* it reads every n_workers-th lane from here */
	int next_lane;
	void *local;
	pthread_t thread;

	struct weir_block *block; /* shared mode: the one in hand */
	struct roll roll;         /* its batches, where they are wanted again */
	int take_rc;              /* how collecting them went, in a crowded lane */
	uint64_t block_first;     /* packets of the source before it */
	uint64_t n_in_block;      /* packets in it; counted where blocks have turns */
	int64_t block_origin;     /* its first packet's time; TIME_NONE: none */
	int64_t block_now;        /* its latest packet's time; TIME_NONE: none */

	int64_t tick_at;    /* the last tick by time; TIME_NONE: none */
	uint64_t n_counted; /* ticks by count that it has behind it */

	struct sheaf *sheaf; /* being filled */
	struct ring full;    /* to the reporter */
	struct ring empty;   /* from it */
	struct bell bell;    /* rings when something came back or in */
	uint64_t ticks_told; /* the reporter's: of the worker's last sheaf */

	struct ring parcels;                 /* hashed mode: from the distributor */
	struct ring parcels_back;            /* to it */
	struct parcel *filling;              /* the distributor's */
	uint32_t n_sent;                     /* … of those that it has sent and not rung for */
	_Alignas(RING_LINE) uint32_t n_back; /* the worker's: sent back and not rung for */
	_Atomic uint64_t ticks_done;

	_Atomic bool is_waiting; /* for input, a turn or a release: not in a callback */

	/* written by the worker only */
	_Atomic uint64_t n_frames, n_batches, n_blocks, n_results, n_ticks;
};

struct engine {
	struct source *source;
	struct engine_callbacks call;
	struct engine_options options;
	void *arg;

	int n_workers;
	int n_lanes;
	bool is_alone;   /* one worker, on engine_run's thread */
	bool is_crowded; /* more workers than lanes */
	bool is_live;
	bool keeps_frames; /* the source does, for a block's life */
	bool has_turn;     /* blocks pass one by one */
	bool has_ticks;
	struct worker *workers;
	struct lane *lanes;
	struct pulse pulse;

	struct turn turn;          /* a file's blocks, by number */
	pthread_mutex_t turn_lock; /* a live source's, one at a time */

	struct combiner *combiner; /* the reporter's; NULL without a result callback */
	uint64_t announced;        /* the last watermark */
	int report_rc;             /* what result or watermark said */
	struct bell reporter;
	struct bell distributor;
	struct sheaf *sheaves;
	struct parcel *packed; /* storage of all parcels */
	pthread_t dealer;      /* the distributor */
	uint64_t n_ticks_dealt;
	uint32_t n_gathered;     /* parcels for which either side is woken */
	_Atomic bool is_dealing; /* it works, and does not wait */
	_Atomic bool is_dealt;   /* nothing more will be dealt */
	_Atomic bool is_reporting;
	_Atomic uint64_t n_reported;
	_Atomic uint64_t n_late;

	_Atomic bool has_run;
	_Atomic bool is_stopped; /* engine_stop was called */
	_Atomic bool is_ending;  /* nothing more is read */
	_Atomic bool is_failed;  /* … and what was read is thrown away */
	pthread_mutex_t lock;    /* guards rc and rc_at */
	int rc;                  /* the first failure, and where it was */
	uint64_t rc_at;

	_Atomic uint32_t n_held;
	_Atomic uint64_t n_released;
	_Atomic uint64_t gave_up_at; /* n_released when waiting for one was last in vain */
	struct bell released;
};

/* Where a failure was: AT_START, then block numbers, then the others. */
#define AT_START     0
#define AT_SOMEWHERE (UINT64_MAX - 2) /* a callback, at no block's turn */
#define AT_SOURCE    (UINT64_MAX - 1)
#define AT_STOP      UINT64_MAX

/* Adds to a counter that one thread writes and others may read. */
static inline void count_add(_Atomic uint64_t *counter, uint64_t n)
{
	uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, now + n, memory_order_relaxed);
}

static inline uint64_t count_now(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* engine.c: notes a failure, unless an earlier one (in the data) is known, and ends the reading.
 * Returns rc. */
int engine_fail(struct engine *e, int rc, uint64_t at);
/* Ends the reading and wakes whoever waits. */
void engine_end(struct engine *e);

/* shared.c: a worker's life between start and stop, in shared mode. */
void shared_work(struct worker *w);

/* hashed.c */
int hashed_init(struct engine *e);
void hashed_sweep(struct engine *e); /* puts back what a failure left in the rings */
void hashed_fini(struct engine *e);
void hashed_distribute(struct engine *e); /* the distributor's life */
void hashed_work(struct worker *w);       /* a worker's life between start and stop */
void hashed_work_alone(struct worker *w); /* … of the only one, which reads by itself */

/* flow.c: the hash that is used where the program gives none. */
uint32_t flow_hash(const struct weir_frame *frame);

/* lane.c */
int lane_init(struct lane *l);
void lane_fini(struct lane *l);
/* The next block of one of the worker's lanes into w->block, as source_block gives it; ERR_AGAIN
 * also when a tick has come up meanwhile; ERR_END when all its lanes have ended. */
int lane_take(struct worker *w);
/* Wakes the workers that wait for a lane: for a tick, or the end. */
void lane_wake(struct engine *e);

/* tick.c: before a block's first batch, and after each. */
void tick_open(struct worker *w);
void tick_see(struct worker *w, const struct weir_frame *frames, int n);
/* In the block's turn: first the pulse moves on, and after the program's own turn come the calls
 * of tick for what that crossed. */
void tick_move(struct worker *w);
int tick_cross(struct worker *w);
/* For a worker with no block in hand: whether a tick is due, and the call of the latest. */
bool tick_is_due(const struct worker *w);
int tick_catch_up(struct worker *w);
/* Live: nothing came on the lane since `began`, of tick_clock (monotonic ns). */
void tick_idle(struct engine *e, struct lane *l, int64_t began);
int64_t tick_clock(void);
/* Calls tick and makes the promise that goes with it. */
int tick_call(struct worker *w, int64_t now);

/* report.c: the worker's side: what waits in the sheaf goes to the reporter; nothing follows. */
void report_post(struct worker *w);
void report_last(struct worker *w);
/* The reporter's side: until n workers have posted their last. */
void report_all(struct engine *e, int n);
/* Reports what may be reported now; of one worker alone, after each of its steps. */
void report_pump(struct engine *e);

#endif
