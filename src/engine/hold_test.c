/* Held frames: pinned alone, freed in any order by any thread, up to a hard cap. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/tap.h"
#include "engine/engine.h"
#include "engine/fake_source.h"

enum { CAP = 200, N_PACKETS = 20000 };

struct seen {
	struct engine *e;
	int every;    /* hold one packet of so many */
	bool is_kept; /* … and never release until the end */
	bool is_published;
	uint32_t delay_us; /* of the reporter */
	pthread_mutex_t lock;
	struct weir_frame *held; /* N_PACKETS; guarded by lock, as n_held */
	size_t n_held;
	_Atomic uint64_t n_holds, n_full, n_bad, most;
	_Atomic bool is_over;
};

static int keep(struct worker *w, struct seen *s, const struct weir_frame *f)
{
	struct weir_frame *held = malloc(sizeof *held);
	struct engine_result r = {.value = held};
	uint64_t n;
	int rc = held ? engine_hold(w, held, f) : ERR_NOMEM;

	if (rc < 0) {
		s->n_full += rc == ERR_FULL;
		free(held);
		return rc == ERR_FULL ? 0 : rc;
	}
	n = engine_stats(engine_of(w)).held;
	s->n_holds++;
	if (n > s->most)
		s->most = n;
	if (s->is_published)
		return engine_publish(w, &r);
	pthread_mutex_lock(&s->lock);
	s->held[s->n_held++] = *held;
	pthread_mutex_unlock(&s->lock);
	free(held);
	return 0;
}

static int batch(struct worker *w, struct weir_frame *frames, int n)
{
	struct seen *s = engine_arg(w);

	for (int i = 0; i < n; i++) {
		if (fake_packet_of(&frames[i]).number % (uint64_t)s->every == 0) {
			int rc = keep(w, s, &frames[i]);

			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static int result(void *arg, struct engine_result *r)
{
	struct seen *s = arg;
	struct weir_frame *held = r->value;

	fake_delay(s->delay_us);
	s->n_bad += !fake_packet_is_whole(held);
	engine_release(s->e, held);
	free(held);
	return 0;
}

static const struct engine_callbacks publishing = {.batch = batch, .result = result};
static const struct engine_callbacks keeping = {.batch = batch};

/* Takes held frames at random places and releases them. */
static void *release_at_random(void *arg)
{
	struct seen *s = arg;
	uint64_t x = 1;

	for (;;) {
		bool is_over = atomic_load(&s->is_over);
		struct weir_frame f;
		bool is_any;

		pthread_mutex_lock(&s->lock);
		is_any = s->n_held > 0;
		if (is_any) {
			size_t i = (x = x * 6364136223846793005u + 1) % s->n_held;

			f = s->held[i];
			s->held[i] = s->held[--s->n_held];
		}
		pthread_mutex_unlock(&s->lock);
		if (is_any) {
			s->n_bad += !fake_packet_is_whole(&f);
			engine_release(s->e, &f);
		} else if (is_over) {
			return NULL;
		} else {
			fake_delay(50);
		}
	}
}

static void init(struct seen *s, int every)
{
	*s = (struct seen){.every = every};
	s->held = calloc(N_PACKETS + 1, sizeof *s->held);
	pthread_mutex_init(&s->lock, NULL);
	if (!s->held)
		abort();
}

static void fini(struct seen *s)
{
	pthread_mutex_destroy(&s->lock);
	free(s->held);
}

static int run(struct seen *s, const struct fake_options *fake, struct engine_options options,
	       int n_threads, uint32_t *n_blocks)
{
	pthread_t threads[4];
	struct source *source;
	struct engine_stats stats;
	int rc;

	options.max_held = CAP;
	if (options.is_hashed)
		options.hash = fake_hash;
	if (fake_source_new(&source, fake) < 0 ||
	    engine_new(&s->e, source, s->is_published ? &publishing : &keeping, &options, s) < 0)
		abort();
	for (int i = 0; i < n_threads; i++)
		pthread_create(&threads[i], NULL, release_at_random, s);
	rc = engine_run(s->e);
	atomic_store(&s->is_over, true);
	for (int i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	s->n_bad += engine_stats(s->e).held != s->n_held;
	for (; s->n_held > 0; s->n_held--) {
		s->n_bad += !fake_packet_is_whole(&s->held[s->n_held - 1]);
		engine_release(s->e, &s->held[s->n_held - 1]);
	}
	stats = engine_stats(s->e);
	s->n_bad += stats.held != 0 || stats.source.in_flight != 0;
	s->n_bad += stats.source.received != stats.source.delivered;
	*n_blocks = fake_blocks_most(source);
	engine_free(&s->e);
	source_close(&source);
	return rc;
}

static void any_thread_releases_in_any_order(int n_workers, bool is_hashed)
{
	struct fake_options fake = {.n_packets = N_PACKETS, .n_flows = 50, .n_blocks = 1000};
	struct seen s;
	uint32_t n_blocks;
	int rc;

	init(&s, 3);
	rc = run(&s, &fake, (struct engine_options){.n_workers = n_workers, .is_hashed = is_hashed},
		 3, &n_blocks);
	ok(rc == 0 && s.n_bad == 0, "%d workers%s: held packets stay whole, released at random",
	   n_workers, is_hashed ? ", hashed" : "");
	ok(s.n_holds == N_PACKETS / 3 + 1 && s.n_full == 0, "… a file waits, nothing is refused");
	ok(s.most <= CAP, "… never more than %d are held (%lu)", CAP, (unsigned long)s.most);
	fini(&s);
}

static void slow_reporter_holds_the_reader_up(bool is_hashed)
{
	struct fake_options fake = {.n_packets = 4000, .n_flows = 50, .n_blocks = 1000};
	struct seen s;
	uint32_t n_blocks;
	int rc;

	init(&s, 2);
	s.is_published = true;
	s.delay_us = 200;
	rc = run(&s, &fake, (struct engine_options){.n_workers = 3, .is_hashed = is_hashed}, 0,
		 &n_blocks);
	ok(rc == 0 && s.n_bad == 0 && s.n_holds == 2000 && s.n_full == 0,
	   "a slow reporter releases%s: all are held in their time", is_hashed ? ", hashed" : "");
	ok(s.most <= CAP, "… never more than %d (%lu)", CAP, (unsigned long)s.most);
	fini(&s);
}

static void nobody_releases(int n_workers, bool is_hashed)
{
	struct fake_options fake = {.n_packets = 2000, .n_flows = 50, .n_blocks = 1000};
	struct seen s;
	uint32_t n_blocks;
	int rc;

	init(&s, 1);
	rc = run(&s, &fake, (struct engine_options){.n_workers = n_workers, .is_hashed = is_hashed},
		 0, &n_blocks);
	ok(rc == 0 && s.n_bad == 0, "%d workers%s: nobody releases, and nothing hangs", n_workers,
	   is_hashed ? ", hashed" : "");
	ok(s.n_holds == CAP && s.n_full == 2000 - CAP, "… %d are held, the others refused", CAP);
	fini(&s);
}

static void live_refuses_at_once(void)
{
	struct fake_options fake = {
		.n_packets = 2000, .n_queues = 2, .is_live = true, .n_blocks = 1000};
	struct seen s;
	uint32_t n_blocks;
	int rc;

	init(&s, 1);
	rc = run(&s, &fake, (struct engine_options){.n_workers = 2}, 0, &n_blocks);
	ok(rc == 0 && s.n_bad == 0 && s.n_holds == CAP && s.n_full == 4000 - CAP,
	   "live: the cap is hard, and nobody waits");
	fini(&s);
}

static void some_blocks_always_go_round(int n_workers)
{
	struct fake_options fake = {.n_packets = N_PACKETS, .n_blocks = 20};
	struct seen s;
	uint32_t n_blocks;
	int rc;

	init(&s, 100); /* one of each block */
	rc = run(&s, &fake, (struct engine_options){.n_workers = n_workers}, 0, &n_blocks);
	ok(rc == 0 && s.n_bad == 0,
	   "%d workers: a frame of each block is held, and reading goes on", n_workers);
	ok(s.n_holds >= 10 && s.n_holds < 10 + (uint64_t)n_workers &&
		   s.n_holds + s.n_full == N_PACKETS / 100,
	   "… until half of the blocks are pinned, then it is refused");
	fini(&s);
	init(&s, 100);
	s.is_published = true;
	s.delay_us = 300;
	rc = run(&s, &fake, (struct engine_options){.n_workers = n_workers}, 0, &n_blocks);
	ok(rc == 0 && s.n_bad == 0 && s.n_holds == N_PACKETS / 100 && s.n_full == 0,
	   "… and with a reporter that releases all are held in their time");
	fini(&s);
}

static void only_its_own_block_is_pinned(void)
{
	struct fake_options fake = {.n_packets = N_PACKETS, .n_blocks = 1000};
	struct seen s;
	uint32_t n_blocks;
	int rc;

	init(&s, N_PACKETS);
	rc = run(&s, &fake, (struct engine_options){.n_workers = 1}, 0, &n_blocks);
	ok(rc == 0 && s.n_bad == 0 && s.n_holds == 1 && n_blocks == 2,
	   "the first packet held to the end of %d: two blocks were ever out", N_PACKETS);
	fini(&s);
}

int main(void)
{
	for (int n = 1; n <= 4; n += 3) {
		any_thread_releases_in_any_order(n, false);
		any_thread_releases_in_any_order(n, true);
		nobody_releases(n, false);
		nobody_releases(n, true);
	}
	slow_reporter_holds_the_reader_up(false);
	slow_reporter_holds_the_reader_up(true);
	some_blocks_always_go_round(1);
	some_blocks_always_go_round(3);
	live_refuses_at_once();
	only_its_own_block_is_pinned();
	return tap_end();
}
