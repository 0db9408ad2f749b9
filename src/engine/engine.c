#include "engine/crew.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_WORKERS = 16, DEFAULT_HELD = 65536, MAX_RING = 1 << 20 };

static int n_processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return 1;
	return CPU_COUNT(&set);
}

static int default_workers(const struct engine *e)
{
	int n = n_processors();

	if (e->is_live && e->n_lanes > 1)
		return e->n_lanes;
	return n > DEFAULT_WORKERS ? DEFAULT_WORKERS : n;
}

static int check(const struct engine *e)
{
	const struct engine_options *o = &e->options;
	int readers = o->is_hashed ? 1 : e->n_workers;

	if (!e->call.batch || e->n_workers < 1 || e->n_workers > ENGINE_MAX_WORKERS)
		return ERR_USAGE;
	if (o->is_hashed && (e->call.turn || e->call.fill))
		return ERR_USAGE;
	if (e->is_live && e->n_lanes > readers)
		return ERR_USAGE;
	if (o->tick_time.ns < 0 || o->slack.ns < 0 || (unsigned)o->combiner > ENGINE_SORTED)
		return ERR_USAGE;
	return o->ring_size <= MAX_RING ? 0 : ERR_USAGE;
}

/* Storage of what crosses between a worker and the reporter. */
static int init_sheaves(struct engine *e)
{
	size_t n = (size_t)e->n_workers * N_SHEAVES;
	int rc = combiner_new(&e->combiner, e->options.combiner, e->n_workers);

	if (rc < 0 || e->is_alone)
		return rc;
	e->sheaves = calloc(n, sizeof *e->sheaves);
	if (!e->sheaves)
		return ERR_NOMEM;
	for (int i = 0; i < e->n_workers && rc == 0; i++) {
		struct worker *w = &e->workers[i];

		rc = ring_init(&w->full, N_SHEAVES);
		if (rc == 0)
			rc = ring_init(&w->empty, N_SHEAVES);
		for (int k = 0; k < N_SHEAVES && rc == 0; k++) {
			void *sheaf = &e->sheaves[i * N_SHEAVES + k];

			if (ring_push(&w->empty, &sheaf, 1) != 1)
				rc = ERR_FULL;
		}
	}
	return rc;
}

static int init_workers(struct engine *e)
{
	size_t size = (size_t)e->n_workers * sizeof *e->workers;

	e->workers = aligned_alloc(RING_LINE, size);
	if (!e->workers)
		return ERR_NOMEM;
	memset(e->workers, 0, size);
	for (int i = 0; i < e->n_workers; i++) {
		struct worker *w = &e->workers[i];

		w->e = e;
		w->index = i;
		w->first_lane = w->next_lane = i % e->n_lanes;
		w->tick_at = TIME_NONE;
	}
	return 0;
}

static int init_lanes(struct engine *e)
{
	e->lanes = calloc((size_t)e->n_lanes, sizeof *e->lanes);
	if (!e->lanes)
		return ERR_NOMEM;
	for (int i = 0; i < e->n_lanes; i++)
		lane_init(&e->lanes[i]);
	return 0;
}

static void init(struct engine *e, struct source *source, const struct engine_options *options)
{
	e->source = source;
	if (options)
		e->options = *options;
	if (!e->options.hash)
		e->options.hash = flow_hash;
	if (e->options.max_held == 0)
		e->options.max_held = DEFAULT_HELD;
	e->n_lanes = source_n_queues(source);
	e->is_live = source_is_live(source);
	e->keeps_frames = source_keeps_frames(source);
	e->n_workers = e->options.n_workers ? e->options.n_workers : default_workers(e);
	e->is_alone = e->n_workers == 1;
	e->is_crowded = e->n_workers > e->n_lanes;
	e->has_ticks = e->options.tick_count > 0 || e->options.tick_time.ns > 0;
	e->has_turn = e->call.turn || e->call.fill || e->has_ticks;
	atomic_init(&e->pulse.origin, TIME_NONE);
	atomic_init(&e->pulse.now, TIME_NONE);
	atomic_init(&e->gave_up_at, UINT64_MAX);
	pthread_mutex_init(&e->lock, NULL);
	pthread_mutex_init(&e->turn_lock, NULL);
	turn_init(&e->turn);
}

int engine_new(struct engine **out, struct source *source, const struct engine_callbacks *callbacks,
	       const struct engine_options *options, void *arg)
{
	struct engine *e = calloc(1, sizeof *e);
	int rc;

	*out = NULL;
	if (!e)
		return ERR_NOMEM;
	e->call = *callbacks;
	e->arg = arg;
	init(e, source, options);
	rc = check(e);
	if (rc == 0)
		rc = init_workers(e);
	if (rc == 0)
		rc = init_lanes(e);
	if (rc == 0 && e->call.result)
		rc = init_sheaves(e);
	if (rc == 0 && e->options.is_hashed && !e->is_alone)
		rc = hashed_init(e);
	if (rc < 0)
		engine_free(&e);
	*out = e;
	return rc;
}

void engine_free(struct engine **ep)
{
	struct engine *e = *ep;

	if (!e)
		return;
	if (e->workers)
		hashed_fini(e);
	for (int i = 0; e->workers && i < e->n_workers; i++) {
		ring_fini(&e->workers[i].full);
		ring_fini(&e->workers[i].empty);
		roll_fini(&e->workers[i].roll);
	}
	for (int i = 0; e->lanes && i < e->n_lanes; i++)
		lane_fini(&e->lanes[i]);
	combiner_free(&e->combiner);
	free(e->sheaves);
	free(e->lanes);
	free(e->workers);
	turn_fini(&e->turn);
	pthread_mutex_destroy(&e->turn_lock);
	pthread_mutex_destroy(&e->lock);
	free(e);
	*ep = NULL;
}

void engine_end(struct engine *e)
{
	atomic_store(&e->is_ending, true);
	bell_ring(&e->distributor);
	bell_ring(&e->released);
	for (int i = 0; i < e->n_workers; i++)
		bell_ring(&e->workers[i].bell);
}

int engine_fail(struct engine *e, int rc, uint64_t at)
{
	pthread_mutex_lock(&e->lock);
	if (e->rc == 0 || at < e->rc_at) {
		e->rc = rc;
		e->rc_at = at;
	}
	pthread_mutex_unlock(&e->lock);
	if (at < AT_SOURCE) {
		atomic_store(&e->is_failed, true);
		turn_stop(&e->turn);
	}
	engine_end(e);
	return rc;
}

/* From a signal handler too: atomics and futexes only. */
void engine_stop(struct engine *e)
{
	atomic_store(&e->is_stopped, true);
	source_stop(e->source);
	engine_end(e);
}

static void work(struct worker *w)
{
	struct engine *e = w->e;

	if (!e->options.is_hashed)
		shared_work(w);
	else if (e->is_alone)
		hashed_work_alone(w);
	else
		hashed_work(w);
}

static void live(struct worker *w)
{
	struct engine *e = w->e;
	int rc = e->call.start ? e->call.start(w) : 0;

	if (rc < 0) {
		engine_fail(e, rc, AT_START);
	} else {
		work(w);
		rc = e->call.stop ? e->call.stop(w) : 0;
		if (rc < 0)
			engine_fail(e, rc, AT_SOMEWHERE);
	}
	report_last(w);
	atomic_store(&w->is_waiting, true);
}

static void *thread_main(void *arg)
{
	live(arg);
	return NULL;
}

static void *deal_main(void *arg)
{
	hashed_distribute(arg);
	return NULL;
}

/* Signals stay with the program's own threads. */
static int spawn(pthread_t *thread, void *(*run)(void *), void *arg)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc ? ERR_NOMEM : 0;
}

/* Starts the workers, then the distributor. Returns the number of workers. */
static int spawn_all(struct engine *e, bool *has_dealer)
{
	int n = 0, rc = 0;

	while (n < e->n_workers && rc == 0) {
		rc = spawn(&e->workers[n].thread, thread_main, &e->workers[n]);
		n += rc == 0;
	}
	*has_dealer = false;
	if (rc == 0 && e->options.is_hashed) {
		rc = spawn(&e->dealer, deal_main, e);
		*has_dealer = rc == 0;
	}
	if (rc < 0)
		engine_fail(e, rc, AT_START);
	return n;
}

static void run_crew(struct engine *e)
{
	bool has_dealer;
	int n = spawn_all(e, &has_dealer);

	if (e->combiner) {
		for (int i = n; i < e->n_workers; i++)
			combiner_finish(e->combiner, i);
		report_all(e, n);
	}
	for (int i = 0; i < n; i++)
		pthread_join(e->workers[i].thread, NULL);
	if (has_dealer)
		pthread_join(e->dealer, NULL);
	if (e->options.is_hashed)
		hashed_sweep(e);
}

int engine_run(struct engine *e)
{
	if (atomic_exchange(&e->has_run, true))
		return ERR_USAGE;
	if (atomic_load(&e->is_stopped))
		return ERR_STOPPED;
	if (e->is_alone)
		live(e->workers);
	else
		run_crew(e);
	if (e->rc == 0 && atomic_load(&e->is_stopped))
		return ERR_STOPPED;
	return e->rc;
}

struct engine_worker_stats engine_worker_stats(const struct engine *e, int worker)
{
	const struct worker *w = &e->workers[worker];

	return (struct engine_worker_stats){
		.frames = count_now(&w->n_frames),
		.batches = count_now(&w->n_batches),
		.blocks = count_now(&w->n_blocks),
		.results = count_now(&w->n_results),
		.ticks = count_now(&w->n_ticks),
	};
}

struct engine_stats engine_stats(const struct engine *e)
{
	struct engine_stats s = {
		.source = source_stats(e->source),
		.reported = count_now(&e->n_reported),
		.held = atomic_load_explicit(&e->n_held, memory_order_relaxed),
		.late = count_now(&e->n_late),
	};

	for (int i = 0; i < e->n_workers; i++) {
		struct engine_worker_stats w = engine_worker_stats(e, i);

		s.batches += w.batches;
		s.results += w.results;
		s.ticks += w.ticks;
		s.frames += w.frames;
	}
	return s;
}

const struct source *engine_source(const struct engine *e)
{
	return e->source;
}

int engine_n_workers(const struct engine *e)
{
	return e->n_workers;
}

void *engine_arg(const struct worker *w)
{
	return w->e->arg;
}

int engine_worker_index(const struct worker *w)
{
	return w->index;
}

void engine_set_local(struct worker *w, void *local)
{
	w->local = local;
}

void *engine_local(const struct worker *w)
{
	return w->local;
}

struct engine *engine_of(const struct worker *w)
{
	return w->e;
}

int engine_n_kept(const struct worker *w)
{
	return w->roll.n;
}

int engine_kept(const struct worker *w, int i, struct weir_frame **frames)
{
	*frames = w->roll.batches[i].frames;
	return w->roll.batches[i].n;
}

uint64_t engine_block_first(const struct worker *w)
{
	return w->block_first;
}
