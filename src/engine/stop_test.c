/* Hundreds of engines, each stopped at a random moment: from a signal handler, by a failing
 * callback, by its source, or not at all. None may hang, lose a result, or leave a block out. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/tap.h"
#include "engine/engine.h"
#include "engine/fake_source.h"

enum { N_CYCLES = 400, WATCH_S = 100, N_KINDS = 8 };

/* Who fails, and how. */
enum blow {
	BLOW_NONE,
	BLOW_STOP,
	BLOW_SOURCE_STOP,
	BLOW_BATCH,
	BLOW_TURN,
	BLOW_RESULT,
	BLOW_TICK,
	BLOW_START
};

struct cycle {
	enum blow blow;
	_Atomic uint32_t n_started, n_stopped;
	_Atomic int64_t n_values; /* made, and not freed */
	_Atomic uint32_t countdown;
	_Atomic bool is_over;
	struct source *source;
	uint32_t delay_us;
};

static struct engine *_Atomic running;
static uint64_t seed = 42;

static uint32_t chance(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 40) % below;
}

static void on_signal(int number)
{
	struct engine *e = atomic_load(&running);

	(void)number;
	if (e)
		engine_stop(e);
}

static bool strikes(struct cycle *c, enum blow blow)
{
	return c->blow == blow && atomic_fetch_sub(&c->countdown, 1) == 1;
}

static int start(struct worker *w)
{
	struct cycle *c = engine_arg(w);

	if (c->blow == BLOW_START && engine_worker_index(w) == 1)
		return ERR_ACCESS;
	c->n_started++;
	return 0;
}

static int stop(struct worker *w)
{
	struct cycle *c = engine_arg(w);

	c->n_stopped++;
	return 0;
}

static int batch(struct worker *w, struct weir_frame *frames, int n)
{
	struct cycle *c = engine_arg(w);

	for (int i = 0; i < n; i += 16) {
		struct engine_result r = {.key = (uint64_t)frames[i].time_ns, .value = malloc(1)};
		int rc = r.value ? engine_publish(w, &r) : ERR_NOMEM;

		if (rc < 0)
			free(r.value);
		else
			c->n_values++;
	}
	return strikes(c, BLOW_BATCH) ? ERR_IO : 0;
}

static int turn(struct worker *w, uint64_t block)
{
	(void)block;
	return strikes(engine_arg(w), BLOW_TURN) ? ERR_IO : 0;
}

static int tick(struct worker *w, struct nanos now)
{
	(void)now;
	return strikes(engine_arg(w), BLOW_TICK) ? ERR_IO : 0;
}

static void drop(void *arg, struct engine_result *r)
{
	struct cycle *c = arg;

	free(r->value);
	c->n_values--;
}

static int result(void *arg, struct engine_result *r)
{
	drop(arg, r);
	return strikes(arg, BLOW_RESULT) ? ERR_IO : 0;
}

/* Strikes from outside after a random while. */
static void *assassin(void *arg)
{
	struct cycle *c = arg;

	fake_delay(c->delay_us);
	if (c->blow == BLOW_STOP)
		kill(getpid(), SIGUSR1);
	else if (c->blow == BLOW_SOURCE_STOP)
		source_stop(c->source);
	return NULL;
}

static struct fake_options random_source(struct engine_options *o)
{
	struct fake_options fake = {
		.n_packets = chance(5) ? 3000 + chance(3000) : 1000000000,
		.n_flows = 1 + chance(50),
		.n_queues = 1 + (int)chance(3),
		.per_block = 1 + chance(200),
		.step_ns = 1000,
		.delay_us = chance(2) * 30,
		.is_live = chance(3) == 0,
		.is_lopsided = chance(2),
		.is_moody = chance(2),
	};

	o->is_hashed = chance(2);
	if (o->is_hashed && fake.is_live)
		fake.n_queues = 1;
	o->n_workers = 1 + (int)chance(4);
	if (fake.is_live && fake.n_queues > o->n_workers)
		o->n_workers = fake.n_queues;
	o->hash = fake_hash;
	o->combiner = (enum engine_combiner)chance(3);
	o->tick_count = chance(2) ? 100 + chance(1000) : 0;
	o->tick_time.ns = chance(2) ? 100000 : 0;
	o->ring_size = 256;
	return fake;
}

static bool is_fair(const struct cycle *c, int rc, const struct engine_stats *s)
{
	static const int codes[N_KINDS] = {0,      ERR_STOPPED, ERR_STOPPED, ERR_IO,
					   ERR_IO, ERR_IO,      ERR_IO,      ERR_ACCESS};

	if (rc != 0 && rc != codes[c->blow])
		return false;
	if (rc == 0 && s->frames != s->source.received)
		return false;
	return c->n_started == c->n_stopped && c->n_values == 0 && s->source.in_flight == 0 &&
	       s->source.received == s->source.delivered;
}

static bool cycle(int number)
{
	static const struct engine_callbacks all = {.start = start,
						    .batch = batch,
						    .turn = turn,
						    .tick = tick,
						    .stop = stop,
						    .result = result,
						    .drop = drop};
	struct engine_callbacks callbacks = all;
	struct engine_options options = {0};
	struct fake_options fake = random_source(&options);
	struct cycle c = {.blow = (enum blow)chance(N_KINDS), .delay_us = chance(3000)};
	struct engine_stats stats;
	struct engine *e;
	pthread_t thread;
	bool is_good;
	int rc;

	if (fake.n_packets == 1000000000 && c.blow != BLOW_SOURCE_STOP)
		c.blow = BLOW_STOP;
	atomic_store(&c.countdown, 1 + chance(30));
	if (options.is_hashed || chance(2))
		callbacks.turn = NULL;
	if (fake_source_new(&c.source, &fake) < 0 ||
	    engine_new(&e, c.source, &callbacks, &options, &c) < 0)
		return false;
	atomic_store(&running, e);
	pthread_create(&thread, NULL, assassin, &c);
	rc = engine_run(e);
	pthread_join(thread, NULL);
	atomic_store(&running, NULL);
	stats = engine_stats(e);
	is_good = is_fair(&c, rc, &stats);
	if (!is_good)
		printf("# cycle %d: blow %d, rc %d, %d workers, %d queues, hashed %d, live %d, "
		       "combiner %d: started %u stopped %u values %ld in flight %lu\n",
		       number, c.blow, rc, options.n_workers, fake.n_queues, options.is_hashed,
		       fake.is_live, options.combiner, c.n_started, c.n_stopped, (long)c.n_values,
		       (unsigned long)stats.source.in_flight);
	engine_free(&e);
	source_close(&c.source);
	return is_good;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	int n = argc > 1 ? (int)strtol(argv[1], NULL, 10) : N_CYCLES;
	bool is_good = true;

	sigaction(SIGUSR1, &action, NULL);
	alarm(WATCH_S); /* a hang ends the test */
	for (int i = 0; i < n; i++)
		is_good &= cycle(i);
	ok(is_good, "%d engines ended in good order, each struck at a random moment", n);
	return tap_end();
}
