/* Ticks are watermarks: with all traffic on one of four workers, results are reported within two
 * ticks; keys never fall; memory is bounded; a file with ticks ends by itself. */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/tap.h"
#include "engine/engine.h"
#include "engine/fake_source.h"
#include "engine/meter.h"

enum { STEP_NS = 1000, PER_TICK = 1000, TICK_NS = PER_TICK * STEP_NS, N_TICKS = 40 };
enum { N_PACKETS = N_TICKS * PER_TICK, FIRST_NS = 5 * TICK_NS };

struct seen {
	bool is_scattered;          /* keys fall within a tick */
	uint32_t delay_us;          /* of a batch */
	uint64_t last_key;          /* the reporter's */
	uint64_t n_results, n_fell; /* … */
	uint64_t mark, n_below;     /* … results below the last watermark */
	uint64_t n_marks;           /* … */
	_Atomic uint64_t reported;  /* the last key, plus one */
	_Atomic uint64_t now;       /* the latest packet's time */
	_Atomic uint64_t n_published;
	_Atomic uint64_t n_taken;
	_Atomic uint64_t worst_wait; /* results published and not yet reported */
	uint64_t worst_lag;          /* in ticks, of any result at its report */
	uint64_t at_end;             /* reported when the last packet was seen */
};

/* One result a packet, keyed by its time. */
static int batch(struct worker *w, struct weir_frame *frames, int n)
{
	struct seen *s = engine_arg(w);

	fake_delay(s->delay_us);
	for (int i = 0; i < n; i++) {
		uint64_t key = (uint64_t)frames[s->is_scattered ? n - 1 - i : i].time_ns;
		struct engine_result r = {.key = key};
		uint64_t wait;

		if (engine_publish(w, &r) < 0)
			return ERR_BAD;
		atomic_store(&s->now, (uint64_t)frames[i].time_ns);
		wait = atomic_fetch_add(&s->n_published, 1) + 1 - atomic_load(&s->n_taken);
		if (wait > atomic_load(&s->worst_wait))
			atomic_store(&s->worst_wait, wait);
	}
	return 0;
}

static int result(void *arg, struct engine_result *r)
{
	struct seen *s = arg;
	uint64_t now = atomic_load(&s->now);
	uint64_t lag = now > r->key ? (now - r->key) / TICK_NS : 0;

	s->n_fell += r->key < s->last_key;
	s->n_below += r->key < s->mark;
	s->last_key = r->key;
	s->n_results++;
	if (lag > s->worst_lag)
		s->worst_lag = lag;
	atomic_fetch_add(&s->n_taken, 1);
	return 0;
}

static int watermark(void *arg, uint64_t key)
{
	struct seen *s = arg;

	s->n_below += key <= s->mark;
	s->mark = key;
	s->n_marks++;
	return 0;
}

static const struct engine_callbacks callbacks = {
	.batch = batch, .result = result, .watermark = watermark};

static uint32_t to_worker_two(const struct weir_frame *f)
{
	(void)f;
	return 2;
}

struct run {
	const char *name;
	struct fake_options fake;
	struct engine_options options;
	struct seen seen;
};

static void reports_in_time(struct run *r)
{
	struct engine_stats stats;
	struct source *source;
	struct engine *e;
	int rc;

	r->fake.n_packets = N_PACKETS;
	r->fake.first_ns = FIRST_NS;
	r->fake.step_ns = STEP_NS;
	r->options.hash = to_worker_two;
	r->seen.is_scattered = r->options.combiner == ENGINE_SORTED;
	if (r->options.tick_count == 0)
		r->options.tick_time.ns = TICK_NS;
	if (fake_source_new(&source, &r->fake) < 0 ||
	    engine_new(&e, source, &callbacks, &r->options, &r->seen) < 0)
		abort();
	rc = engine_run(e);
	stats = engine_stats(e);
	ok(rc == 0 && r->seen.n_results == N_PACKETS, "%s: ends by itself, all is reported",
	   r->name);
	ok(r->seen.n_fell == 0 || r->options.combiner == ENGINE_UNORDERED, "… keys never fall");
	ok(r->seen.n_below == 0, "… nothing comes below a watermark, and watermarks only rise");
	ok(r->seen.worst_lag <= 2, "… reported within two ticks (%lu)",
	   (unsigned long)r->seen.worst_lag);
	ok(r->seen.worst_wait <= 4 * PER_TICK, "… at most %d results ever wait (%lu)", 4 * PER_TICK,
	   (unsigned long)r->seen.worst_wait);
	ok(r->seen.n_marks >= N_TICKS / 4 && r->seen.n_marks <= N_TICKS, "… %lu watermarks",
	   (unsigned long)r->seen.n_marks);
	ok(stats.results == N_PACKETS && stats.reported == N_PACKETS && stats.late == 0,
	   "… the counts say so too");
	engine_free(&e);
	source_close(&source);
}

static void one_busy_worker_of_four(void)
{
	static struct run runs[] = {
		{"hashed, ordered",
		 {0},
		 {.n_workers = 4, .is_hashed = true, .combiner = ENGINE_ORDERED},
		 {0}},
		{"hashed, sorted",
		 {0},
		 {.n_workers = 4, .is_hashed = true, .combiner = ENGINE_SORTED},
		 {0}},
		{"hashed, sorted, by count",
		 {0},
		 {.n_workers = 4,
		  .is_hashed = true,
		  .combiner = ENGINE_SORTED,
		  .tick_count = PER_TICK},
		 {0}},
		{"hashed, alone",
		 {0},
		 {.n_workers = 1, .is_hashed = true, .combiner = ENGINE_SORTED},
		 {0}},
		{"shared, alone", {0}, {.n_workers = 1, .combiner = ENGINE_SORTED}, {0}},
		{"live, one busy queue of four",
		 {.is_live = true, .is_lopsided = true, .n_queues = 4},
		 {.n_workers = 4, .combiner = ENGINE_ORDERED},
		 {.delay_us = 4000}},
	};

	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
		reports_in_time(&runs[i]);
}

/* In shared mode who is idle is the scheduler's choice; so the bound is of order, not of time. */
static void shared_blocks_stay_in_order(void)
{
	for (int n_queues = 1; n_queues <= 4; n_queues += 3) {
		struct run r = {.fake = {.n_queues = n_queues},
				.options = {.n_workers = 4, .combiner = ENGINE_SORTED},
				.seen = {.delay_us = 100}};
		struct source *source;
		struct engine *e;

		r.fake.n_packets = N_PACKETS;
		r.fake.first_ns = FIRST_NS;
		r.fake.step_ns = STEP_NS;
		r.seen.is_scattered = true;
		r.options.tick_time.ns = TICK_NS;
		if (fake_source_new(&source, &r.fake) < 0 ||
		    engine_new(&e, source, &callbacks, &r.options, &r.seen) < 0)
			abort();
		ok(engine_run(e) == 0 && r.seen.n_results == N_PACKETS,
		   "shared file, four workers on %d queues: ends by itself", n_queues);
		ok(r.seen.n_fell == 0 && r.seen.n_below == 0, "… keys never fall");
		ok(r.seen.n_marks > 0, "… %lu watermarks, worst lag %lu ticks",
		   (unsigned long)r.seen.n_marks, (unsigned long)r.seen.worst_lag);
		ok(engine_stats(e).late == 0, "… and no result was late");
		engine_free(&e);
		source_close(&source);
	}
}

static int64_t before_of(struct meter *m, int64_t t)
{
	struct weir_frame f = {.time_ns = t};
	int64_t before, after;

	meter_step(m, &f, &before, &after);
	return before;
}

static void meter_finds_boundaries(void)
{
	struct engine_options o = {.tick_time = {10}};
	struct meter m = meter_of(&o);
	struct weir_frame no_time = {.flags = WEIR_FRAME_NO_TIME};
	struct weir_frame meta = {.kind = WEIR_FRAME_META};
	int64_t before, after;

	ok(before_of(&m, 25) == TIME_NONE, "the first packet makes no tick");
	ok(before_of(&m, 29) == TIME_NONE && before_of(&m, 30) == 30, "a tick at the boundary");
	ok(before_of(&m, 12) == TIME_NONE && before_of(&m, 39) == TIME_NONE,
	   "time never runs back");
	ok(before_of(&m, 75) == 70, "a stretch without packets is one tick");
	ok(before_of(&m, INT64_MAX) == INT64_MAX / 10 * 10, "the end of time");
	o = (struct engine_options){.tick_time = {10}, .slack = {7}, .tick_count = 2};
	m = meter_of(&o);
	ok(before_of(&m, INT64_MIN + 3) == TIME_NONE, "the beginning of time, with slack");
	m = meter_of(&o);
	ok(before_of(&m, -15) == TIME_NONE && before_of(&m, -4) == -20 + 0,
	   "before 1970 boundaries are below");
	meter_step(&m, &no_time, &before, &after);
	ok(before == TIME_NONE && after == TIME_NONE, "a packet without time counts");
	meter_step(&m, &meta, &before, &after);
	ok(m.n_packets == 3 && after == TIME_NONE, "a record that is no packet does not");
	meter_step(&m, &no_time, &before, &after);
	ok(after == -4 - 7, "a tick by count tells the latest time, less the slack");
}

int main(void)
{
	meter_finds_boundaries();
	one_busy_worker_of_four();
	shared_blocks_stay_in_order();
	return tap_end();
}
