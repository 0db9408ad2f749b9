/* Ticks: when time or count has moved on, each worker is told, and promises to the combiner that
 * it will publish nothing older.
 *
 * In a file, blocks pass the turnstile in order. Whoever is in its turn moves the pulse on, and
 * has seen all of the data up to there; so has a worker without a block, since the next one that
 * it takes lies further on. Live queues have no common order, so each lane has a time of its own:
 * that of its latest packet, or, while it is idle, the common clock of all of them. */
#include "engine/crew.h"

#include <time.h>

int64_t tick_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NANOS_PER_S + now.tv_nsec;
}

static int64_t boundary_of(const struct engine *e, int64_t t)
{
	return meter_boundary(t, e->options.slack.ns, e->options.tick_time.ns);
}

void tick_open(struct worker *w)
{
	w->n_in_block = 0;
	w->block_origin = w->block_now = TIME_NONE;
}

void tick_see(struct worker *w, const struct weir_frame *frames, int n)
{
	int64_t now = w->block_now;
	uint64_t n_packets = 0;

	for (int i = 0; i < n; i++) {
		if (frames[i].kind != WEIR_FRAME_PACKET)
			continue;
		n_packets++;
		if (frames[i].flags & WEIR_FRAME_NO_TIME)
			continue;
		if (now == TIME_NONE)
			w->block_origin = frames[i].time_ns;
		if (frames[i].time_ns > now)
			now = frames[i].time_ns;
	}
	w->n_in_block += n_packets;
	w->block_now = now;
}

static void raise_time(_Atomic int64_t *at, int64_t t)
{
	if (t > atomic_load(at))
		atomic_store(at, t);
}

void tick_move(struct worker *w)
{
	struct engine *e = w->e;
	struct pulse *p = &e->pulse;
	uint64_t n = atomic_load(&p->n_packets) + w->n_in_block;

	w->block_first = n - w->n_in_block;
	atomic_store(&p->n_packets, n);
	if (!e->has_ticks)
		return;
	if (w->block_now != TIME_NONE) {
		if (atomic_load(&p->origin) == TIME_NONE)
			atomic_store(&p->origin, w->block_origin);
		raise_time(&p->now, w->block_now);
		if (e->is_live) {
			p->seen_at = tick_clock();
			raise_time(&e->lanes[w->first_lane].now, w->block_now);
		}
	}
	if (e->options.tick_count)
		atomic_store(&p->n_counted, n / e->options.tick_count);
}

/* How far time has come for this worker. */
static int64_t now_of(const struct worker *w)
{
	const struct engine *e = w->e;

	return atomic_load(e->is_live ? &e->lanes[w->first_lane].now : &e->pulse.now);
}

/* The boundary that this worker has to be told of, or TIME_NONE. */
static int64_t due_boundary(const struct worker *w)
{
	const struct engine *e = w->e;
	int64_t now = now_of(w);
	int64_t last = w->tick_at, due;

	if (now == TIME_NONE || e->options.tick_time.ns == 0)
		return TIME_NONE;
	if (last == TIME_NONE)
		last = boundary_of(e, atomic_load(&e->pulse.origin));
	due = boundary_of(e, now);
	return due > last ? due : TIME_NONE;
}

static uint64_t due_count(const struct worker *w)
{
	return atomic_load(&w->e->pulse.n_counted) - w->n_counted;
}

int tick_call(struct worker *w, int64_t now)
{
	struct engine *e = w->e;
	int rc = e->call.tick ? e->call.tick(w, (struct nanos){now}) : 0;

	count_add(&w->n_ticks, 1);
	if (rc >= 0 && e->combiner && !e->options.own_keys)
		rc = engine_promise(w, now < 0 ? 0 : (uint64_t)now);
	return rc < 0 ? rc : 0;
}

static int call_due(struct worker *w, uint64_t n_counts)
{
	int64_t boundary = due_boundary(w);
	int64_t now = now_of(w);
	int rc = 0;

	if (boundary != TIME_NONE) {
		w->tick_at = boundary;
		rc = tick_call(w, boundary);
	}
	if (n_counts > 0)
		w->n_counted = atomic_load(&w->e->pulse.n_counted);
	if (__builtin_sub_overflow(now, w->e->options.slack.ns, &now))
		now = 0;
	for (; n_counts > 0 && rc == 0; n_counts--)
		rc = tick_call(w, now);
	return rc;
}

int tick_cross(struct worker *w)
{
	uint64_t every = w->e->options.tick_count;
	uint64_t n = every ? (w->block_first + w->n_in_block) / every - w->block_first / every : 0;

	if (n == 0 && every && due_count(w) > 0)
		n = 1;
	return w->e->has_ticks ? call_due(w, n) : 0;
}

bool tick_is_due(const struct worker *w)
{
	return w->e->has_ticks && (due_count(w) > 0 || due_boundary(w) != TIME_NONE);
}

int tick_catch_up(struct worker *w)
{
	return tick_is_due(w) ? call_due(w, due_count(w) > 0) : 0;
}

/* What was captured before `began` has been delivered meanwhile, for a source waits longer than
 * the kernel keeps a block back. So the lane will show nothing older than what the clock said
 * then: the latest packet's time on any lane, moved by what has passed since that was seen. */
void tick_idle(struct engine *e, struct lane *l, int64_t began)
{
	pthread_mutex_lock(&e->turn_lock);
	if (atomic_load(&e->pulse.now) != TIME_NONE)
		raise_time(&l->now, atomic_load(&e->pulse.now) + (began - e->pulse.seen_at));
	pthread_mutex_unlock(&e->turn_lock);
}
