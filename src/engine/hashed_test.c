/* Hashed mode: a flow stays with its worker, in order; ticks fall exactly between packets. */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/tap.h"
#include "engine/engine.h"
#include "engine/fake_source.h"

enum { N_FLOWS = 200, N_PACKETS = 30000, MAX = 8 };
enum { TICK_COUNT = 1000, STEP_NS = 1000, TICK_NS = 500 * STEP_NS, FIRST_NS = 777 * STEP_NS };

/* A worker's own view. */
struct view {
	uint64_t n_packets, n_ticks, n_bad;
	int64_t last_tick;
	bool is_started, is_stopped;
};

struct seen {
	uint32_t delay_us;
	bool is_by_count, is_by_time;
	uint64_t fail_at; /* the packet at which batch fails; 0: none */
	bool has_bad_start;
	struct view views[MAX];
	uint64_t flow_last[N_FLOWS];         /* number of the flow's last packet */
	_Atomic uint8_t flow_owner[N_FLOWS]; /* worker plus one */
};

static int start(struct worker *w)
{
	struct seen *s = engine_arg(w);

	engine_set_local(w, &s->views[engine_worker_index(w)]);
	if (s->has_bad_start && engine_worker_index(w) == 1)
		return ERR_ACCESS;
	s->views[engine_worker_index(w)].is_started = true;
	return 0;
}

static int stop(struct worker *w)
{
	struct view *v = engine_local(w);

	v->is_stopped = true;
	return 0;
}

static void look(struct worker *w, const struct weir_frame *f)
{
	struct seen *s = engine_arg(w);
	struct view *v = engine_local(w);
	struct fake_packet p = fake_packet_of(f);
	uint8_t me = (uint8_t)(engine_worker_index(w) + 1);
	uint8_t owner = atomic_exchange(&s->flow_owner[p.flow], me);

	v->n_bad += !fake_packet_is_whole(f) || (owner != 0 && owner != me);
	v->n_bad += s->flow_last[p.flow] > p.number;
	s->flow_last[p.flow] = p.number;
	if (s->is_by_count)
		v->n_bad += p.number / TICK_COUNT != v->n_ticks;
	if (s->is_by_time && v->last_tick)
		v->n_bad += f->time_ns < v->last_tick || f->time_ns >= v->last_tick + TICK_NS;
	v->n_packets++;
}

static int batch(struct worker *w, struct weir_frame *frames, int n)
{
	struct seen *s = engine_arg(w);

	fake_delay(s->delay_us);
	for (int i = 0; i < n; i++) {
		look(w, &frames[i]);
		if (s->fail_at && fake_packet_of(&frames[i]).number == s->fail_at)
			return ERR_IO;
	}
	return 0;
}

static int tick(struct worker *w, struct nanos now)
{
	struct view *v = engine_local(w);

	v->n_ticks++;
	v->n_bad += now.ns < v->last_tick;
	v->last_tick = now.ns;
	return 0;
}

static const struct engine_callbacks callbacks = {
	.start = start, .batch = batch, .tick = tick, .stop = stop};

static int run(struct seen *s, struct engine_options *options, int n_queues,
	       struct engine_stats *stats)
{
	struct fake_options fake = {.n_packets = N_PACKETS,
				    .n_flows = N_FLOWS,
				    .n_queues = n_queues,
				    .first_ns = FIRST_NS,
				    .step_ns = STEP_NS,
				    .is_moody = true};
	struct source *source;
	struct engine *e;
	int rc;

	options->is_hashed = true;
	if (!options->hash)
		options->hash = fake_hash;
	if (s->is_by_count)
		options->tick_count = TICK_COUNT;
	if (s->is_by_time)
		options->tick_time.ns = TICK_NS;
	if (fake_source_new(&source, &fake) < 0 ||
	    engine_new(&e, source, &callbacks, options, s) < 0)
		abort();
	rc = engine_run(e);
	*stats = engine_stats(e);
	s->views[0].n_bad += fake_blocks_out(source) != 0;
	engine_free(&e);
	source_close(&source);
	return rc;
}

static struct view sum(const struct seen *s)
{
	struct view all = {0};

	for (int i = 0; i < MAX; i++) {
		all.n_packets += s->views[i].n_packets;
		all.n_ticks += s->views[i].n_ticks;
		all.n_bad += s->views[i].n_bad;
	}
	return all;
}

static void flows_stay(int n_workers, uint32_t ring_size, uint32_t delay_us)
{
	struct engine_options options = {.n_workers = n_workers, .ring_size = ring_size};
	struct seen *s = calloc(1, sizeof *s);
	struct engine_stats stats;
	struct view all;
	int rc, n_used = 0;

	if (!s)
		abort();
	s->delay_us = delay_us;
	rc = run(s, &options, 1, &stats);
	all = sum(s);
	for (int i = 0; i < n_workers; i++)
		n_used += s->views[i].n_packets > 0;
	ok(rc == 0 && all.n_bad == 0,
	   "%d workers, rings of %u: each flow with one worker, in order", n_workers, ring_size);
	ok(all.n_packets == N_PACKETS && n_used == n_workers,
	   "… every packet once, no worker idle");
	ok(stats.source.received == N_PACKETS && stats.source.delivered == N_PACKETS &&
		   stats.source.in_flight == 0 && stats.frames == N_PACKETS,
	   "… the counts add up");
	free(s);
}

static void ticks_fall_exactly(int n_workers, bool is_by_count, bool is_by_time)
{
	struct engine_options options = {.n_workers = n_workers};
	struct seen *s = calloc(1, sizeof *s);
	uint64_t wanted = 0;
	struct engine_stats stats;
	struct view all;
	int rc;

	if (!s)
		abort();
	s->is_by_count = is_by_count;
	s->is_by_time = is_by_time;
	if (is_by_count)
		wanted += N_PACKETS / TICK_COUNT;
	if (is_by_time)
		wanted += (FIRST_NS + (N_PACKETS - 1) * (int64_t)STEP_NS) / TICK_NS -
			  FIRST_NS / TICK_NS;
	rc = run(s, &options, 2, &stats);
	all = sum(s);
	ok(rc == 0 && all.n_bad == 0, "%d workers: ticks by %s fall exactly between packets",
	   n_workers, is_by_count ? "count" : "time");
	ok(all.n_ticks == wanted * (uint64_t)n_workers && stats.ticks == all.n_ticks,
	   "… %lu to every worker", (unsigned long)wanted);
	free(s);
}

static void failures_end_all(int n_workers)
{
	struct engine_options options = {.n_workers = n_workers, .ring_size = 256};
	struct seen *s = calloc(1, sizeof *s);
	struct engine_stats stats;
	bool is_even = true;
	int rc;

	if (!s)
		abort();
	s->fail_at = 12345;
	rc = run(s, &options, 1, &stats);
	for (int i = 0; i < n_workers; i++)
		is_even &= s->views[i].is_stopped;
	ok(rc == ERR_IO && is_even, "%d workers: one fails, all are stopped", n_workers);
	ok(stats.source.in_flight == 0 && stats.source.received == stats.source.delivered,
	   "… and what lay in the rings went back");
	if (n_workers > 1) {
		*s = (struct seen){.has_bad_start = true};
		rc = run(s, &options, 1, &stats);
		ok(rc == ERR_ACCESS && !s->views[1].is_stopped, "a start that fails ends all");
		ok(stats.source.in_flight == 0, "… and nothing is left");
	}
	free(s);
}

static int just_count(struct worker *w, struct weir_frame *frames, int n)
{
	struct view *v = engine_local(w);

	(void)frames;
	v->n_packets += (uint64_t)n;
	return 0;
}

static void own_hash_is_the_default(void)
{
	static const struct engine_callbacks counting = {.start = start, .batch = just_count};
	struct fake_options fake = {.n_packets = 3000, .n_flows = 10};
	struct engine_options options = {.n_workers = 3, .is_hashed = true};
	struct seen *s = calloc(1, sizeof *s);
	struct source *source;
	struct engine *e;

	if (!s || fake_source_new(&source, &fake) < 0 ||
	    engine_new(&e, source, &counting, &options, s) < 0)
		abort();
	ok(engine_run(e) == 0 && sum(s).n_packets == 3000,
	   "without a hash of its own it takes flows'");
	engine_free(&e);
	source_close(&source);
	free(s);
}

int main(void)
{
	for (int n = 1; n <= 4; n++) {
		flows_stay(n, 0, 0);
		flows_stay(n, 256, 100);
		ticks_fall_exactly(n, true, false);
		ticks_fall_exactly(n, false, true);
		failures_end_all(n);
	}
	own_hash_is_the_default();
	return tap_end();
}
