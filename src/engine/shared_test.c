/* Shared mode: blocks in parallel, turns in order. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "engine/engine.h"
#include "engine/fake_source.h"

enum { MAX_PACKETS = 40000 };

/* What one run saw. Fields without atomics are written in the turn only. */
struct seen {
	uint32_t delay_us;
	bool is_live;
	_Atomic uint64_t n_packets;
	_Atomic uint32_t n_started, n_stopped, n_inside;
	_Atomic uint32_t n_bad; /* facts that did not hold */
	_Atomic uint32_t n_idle;
	uint64_t n_turns;
	uint64_t n_in_order; /* packets whose turn has passed */
	_Atomic uint64_t n_filled;
	uint64_t fail_batch, fail_turn, fail_fill; /* at the block with this number less one */
	uint64_t last_turn;
	_Atomic uint64_t last_fill;
};

static int start(struct worker *w)
{
	struct seen *s = engine_arg(w);

	atomic_fetch_add(&s->n_started, 1);
	engine_set_local(w, s);
	return 0;
}

static int stop(struct worker *w)
{
	struct seen *s = engine_local(w);

	atomic_fetch_add(&s->n_stopped, 1);
	return 0;
}

static int batch(struct worker *w, struct weir_frame *frames, int n)
{
	struct seen *s = engine_arg(w);

	for (int i = 0; i < n; i++)
		s->n_bad += !fake_packet_is_whole(&frames[i]);
	fake_delay(s->delay_us);
	atomic_fetch_add(&s->n_packets, (uint64_t)n);
	if (s->fail_batch && fake_packet_of(frames).number / 100 == s->fail_batch - 1)
		return ERR_BAD;
	return 0;
}

static int turn(struct worker *w, uint64_t block)
{
	struct seen *s = engine_arg(w);
	struct weir_frame *frames;

	s->n_bad += atomic_fetch_add(&s->n_inside, 1) != 0;
	if (!s->is_live) {
		s->n_bad += block != s->n_turns;
		s->n_bad += engine_block_first(w) != s->n_in_order;
	}
	s->n_turns++;
	for (int i = 0; i < engine_n_kept(w); i++) {
		int n = engine_kept(w, i, &frames);

		for (int k = 0; k < n; k++, s->n_in_order++)
			s->n_bad +=
				!s->is_live && fake_packet_of(&frames[k]).number != s->n_in_order;
	}
	s->last_turn = block;
	atomic_fetch_sub(&s->n_inside, 1);
	return s->fail_turn && block == s->fail_turn - 1 ? ERR_FULL : 0;
}

static int fill(struct worker *w, uint64_t block)
{
	struct seen *s = engine_arg(w);
	struct weir_frame *frames;
	uint64_t last = atomic_load(&s->last_fill);

	fake_delay(s->delay_us);
	for (int i = 0; i < engine_n_kept(w); i++) {
		int n = engine_kept(w, i, &frames);

		for (int k = 0; k < n; k++)
			s->n_bad += !fake_packet_is_whole(&frames[k]);
		atomic_fetch_add(&s->n_filled, (uint64_t)n);
	}
	while (last < block && !atomic_compare_exchange_weak(&s->last_fill, &last, block))
		;
	return s->fail_fill && block == s->fail_fill - 1 ? ERR_IO : 0;
}

static const struct engine_callbacks callbacks = {
	.start = start, .batch = batch, .turn = turn, .fill = fill, .stop = stop};

static int run(struct seen *s, const struct fake_options *fake, int n_workers,
	       struct engine_stats *stats)
{
	struct engine_options options = {.n_workers = n_workers};
	struct source *source;
	struct engine *e;
	int rc;

	s->is_live = fake->is_live;
	if (fake_source_new(&source, fake) < 0 ||
	    engine_new(&e, source, &callbacks, &options, s) < 0)
		abort();
	rc = engine_run(e);
	*stats = engine_stats(e);
	s->n_bad += fake_blocks_out(source) != 0;
	engine_free(&e);
	source_close(&source);
	return rc;
}

static void order_holds(int n_workers, int n_queues, uint32_t delay_us)
{
	struct fake_options fake = {
		.n_packets = 20050, .n_queues = n_queues, .delay_us = delay_us, .is_moody = true};
	struct seen s = {.delay_us = delay_us};
	struct engine_stats stats;
	int rc = run(&s, &fake, n_workers, &stats);

	ok(rc == 0 && s.n_bad == 0, "%d workers on %d queues, delays up to %u us: in order",
	   n_workers, n_queues, delay_us);
	ok(s.n_packets == 20050 && s.n_in_order == 20050 && s.n_filled == 20050,
	   "… every packet once");
	ok(s.n_turns == 201, "… every block once");
	ok((int)s.n_started == n_workers && s.n_stopped == s.n_started,
	   "… every worker started and stopped");
	ok(stats.source.received == 20050 && stats.source.delivered == 20050 &&
		   stats.source.in_flight == 0 && stats.frames == 20050,
	   "… the counts add up");
}

static void live_turns_keep_apart(void)
{
	struct fake_options fake = {
		.n_packets = 5000, .n_queues = 4, .is_live = true, .is_moody = true};
	struct seen s = {.delay_us = 20};
	struct engine_stats stats;
	int rc = run(&s, &fake, 4, &stats);

	ok(rc == 0 && s.n_bad == 0, "live queues: one turn at a time");
	ok(s.n_packets == 20000 && s.n_in_order == 20000 && s.n_turns == 200,
	   "… all packets of four queues");
}

static void failures_stop_in_order(int n_workers)
{
	struct fake_options fake = {.n_packets = MAX_PACKETS, .n_queues = n_workers};
	struct engine_stats stats;

	for (uint64_t at = 1; at < 60; at += 19) {
		struct seen s = {.delay_us = 30, .fail_batch = at + 1};
		int rc = run(&s, &fake, n_workers, &stats);

		ok(rc == ERR_BAD && s.n_turns == at && s.n_bad == 0 && s.n_filled == at * 100,
		   "%d workers: batch fails at block %lu, all before it are whole", n_workers,
		   (unsigned long)at);
		s = (struct seen){.delay_us = 30, .fail_turn = at + 1, .fail_batch = at + 4};
		rc = run(&s, &fake, n_workers, &stats);
		ok(rc == ERR_FULL && s.last_turn == at && s.n_filled == at * 100,
		   "… the first failure in the data is the one that is told");
		s = (struct seen){.delay_us = 30, .fail_fill = at + 1};
		rc = run(&s, &fake, n_workers, &stats);
		ok(rc == ERR_IO && s.n_bad == 0 && s.n_stopped == s.n_started,
		   "… fill fails, all end");
		ok(stats.source.in_flight == 0, "… nothing is left in flight");
	}
}

static void damage_comes_last(void)
{
	struct fake_options fake = {.n_packets = 5000, .n_queues = 3, .end = ERR_CUT};
	struct seen s = {.delay_us = 30};
	struct engine_stats stats;
	int rc = run(&s, &fake, 3, &stats);

	ok(rc == ERR_CUT && s.n_in_order == 5000 && s.n_filled == 5000,
	   "what precedes damage is delivered whole, then the source's error");
}

static void nonsense_is_refused(void)
{
	struct fake_options fake = {.n_packets = 10, .n_queues = 2, .is_live = true};
	struct engine_callbacks none = {0};
	struct engine_options options = {.n_workers = 1};
	struct source *source;
	struct engine *e;

	if (fake_source_new(&source, &fake) < 0)
		abort();
	ok(engine_new(&e, source, &none, NULL, NULL) == ERR_USAGE && !e, "no batch is refused");
	ok(engine_new(&e, source, &callbacks, &options, NULL) == ERR_USAGE,
	   "one worker for two live queues is refused");
	options.n_workers = ENGINE_MAX_WORKERS + 1;
	ok(engine_new(&e, source, &callbacks, &options, NULL) == ERR_USAGE,
	   "too many workers are refused");
	ok(engine_new(&e, source, &callbacks, NULL, NULL) == 0 && engine_n_workers(e) == 2,
	   "by default a live source has a worker a queue");
	engine_stop(e);
	ok(engine_run(e) == ERR_STOPPED, "stopped before it ran, it returns at once");
	ok(engine_run(e) == ERR_USAGE, "an engine runs once");
	engine_free(&e);
	engine_free(&e);
	source_close(&source);
}

static void idle(struct worker *w)
{
	struct seen *s = engine_arg(w);

	s->n_bad += atomic_load(&s->n_inside) != 0;
	s->n_bad += atomic_load(&s->n_packets) != s->n_in_order;
	atomic_fetch_add(&s->n_idle, 1);
}

static void idle_is_told(int n_workers)
{
	struct fake_options fake = {
		.n_packets = 5000, .is_live = true, .is_moody = true, .delay_us = 100};
	struct engine_callbacks call = callbacks;
	struct engine_options options = {.n_workers = n_workers};
	struct seen seen = {.is_live = true, .delay_us = 200};
	struct source *source;
	struct engine *e;
	int rc;

	call.idle = idle;
	if (fake_source_new(&source, &fake) < 0 ||
	    engine_new(&e, source, &call, &options, &seen) < 0)
		abort();
	rc = engine_run(e);
	ok(rc == 0 && !seen.n_bad && seen.n_idle > 0,
	   "%d workers: idle when nothing came, and all that came has had its turn (%u times)",
	   n_workers, (unsigned)seen.n_idle);
	engine_free(&e);
	source_close(&source);
}

int main(void)
{
	idle_is_told(1);
	idle_is_told(4);
	for (int n_workers = 1; n_workers <= 5; n_workers += 2) {
		for (int n_queues = 1; n_queues <= 5; n_queues += 2) {
			order_holds(n_workers, n_queues, 0);
			order_holds(n_workers, n_queues, 60);
		}
	}
	live_turns_keep_apart();
	failures_stop_in_order(1);
	failures_stop_in_order(4);
	damage_comes_last();
	nonsense_is_refused();
	return tap_end();
}
