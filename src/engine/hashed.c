/* Hashed mode: a distributor reads, hashes, and deals each packet to the worker of its flow.
 *
 *	                      /-- ring --> worker 0 --\
 *	source -- distributor --- ring --> worker 1 --- sheaves --> reporter
 *	             ^        \-- ring --> worker 2 --/
 *	             \------- empty parcels ---/
 *
 * A parcel carries descriptions of up to SOURCE_BATCH frames of one block, and one reference to
 * that block: no packet's bytes are copied. At the end of a block all parcels leave, full or not,
 * so that a worker which is seldom dealt anything pins no memory. A tick is a parcel too, to
 * everybody, so it comes exactly between the packets that it divides. */
#include "engine/crew.h"
#include "engine/meter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_RING = 4096, MIN_PARCELS = 4, MAX_TICKS_AHEAD = 1 };

struct parcel {
	struct weir_block *block; /* of its frames; NULL for a tick */
	int64_t tick;
	int n;
	struct weir_frame frames[SOURCE_BATCH];
};

/* Whoever reads: the distributor, or one worker alone. */
struct dealer {
	struct engine *e;
	struct worker *alone; /* NULL: the distributor */
	struct meter meter;
	bool is_timed;   /* live, with ticks: time moves on without packets */
	int64_t seen_at; /* … when the meter's latest packet came */
	int next_lane;
};

int hashed_init(struct engine *e)
{
	uint32_t size = e->options.ring_size ? e->options.ring_size : DEFAULT_RING;
	uint32_t n = size / SOURCE_BATCH < MIN_PARCELS ? MIN_PARCELS : size / SOURCE_BATCH;
	int rc = 0;

	e->n_gathered = n / 4;
	e->packed = calloc((size_t)e->n_workers * n, sizeof *e->packed);
	if (!e->packed)
		return ERR_NOMEM;
	for (int i = 0; i < e->n_workers && rc == 0; i++) {
		struct worker *w = &e->workers[i];

		rc = ring_init(&w->parcels, n);
		if (rc == 0)
			rc = ring_init(&w->parcels_back, n);
		for (uint32_t k = 0; k < n && rc == 0; k++) {
			void *parcel = &e->packed[(size_t)i * n + k];

			if (ring_push(&w->parcels_back, &parcel, 1) != 1)
				assert(!"a ring has room for all parcels of its worker");
		}
	}
	return rc;
}

static void put_parcel(struct parcel *p)
{
	if (p->block)
		block_put(&p->block);
	p->n = 0;
}

void hashed_sweep(struct engine *e)
{
	for (int i = 0; i < e->n_workers; i++) {
		struct worker *w = &e->workers[i];
		void *got;

		while (ring_pop(&w->parcels, &got, 1) == 1)
			put_parcel(got);
		if (w->filling)
			put_parcel(w->filling);
	}
}

void hashed_fini(struct engine *e)
{
	for (int i = 0; i < e->n_workers; i++) {
		ring_fini(&e->workers[i].parcels);
		ring_fini(&e->workers[i].parcels_back);
	}
	free(e->packed);
}

/* Waking a thread costs more than a parcel does. So whoever has something for the other side rings
 * when a good part of the ring has gathered, at the end of a block, and before it sleeps itself. */
static void ring_worker(struct worker *w)
{
	if (w->n_sent > 0)
		bell_ring(&w->bell);
	w->n_sent = 0;
}

static void ring_distributor(struct worker *w)
{
	if (w->n_back > 0)
		bell_ring(&w->e->distributor);
	w->n_back = 0;
}

/* The distributor's sleep, unless its bell has rung since `seen`. */
static void doze(struct engine *e, uint32_t seen)
{
	for (int i = 0; i < e->n_workers; i++)
		ring_worker(&e->workers[i]);
	atomic_store(&e->is_dealing, false);
	bell_wait(&e->distributor, seen, -1);
	atomic_store(&e->is_dealing, true);
}

/* An empty parcel for the worker; NULL when the engine has failed. */
static struct parcel *open_parcel(struct worker *w)
{
	struct engine *e = w->e;
	void *got;

	if (w->filling)
		return w->filling;
	while (ring_pop(&w->parcels_back, &got, 1) == 0) {
		uint32_t seen = bell_look(&e->distributor);

		if (atomic_load(&e->is_failed))
			return NULL;
		if (ring_len(&w->parcels_back) == 0)
			doze(e, seen);
	}
	w->filling = got;
	w->filling->n = 0;
	w->filling->block = NULL;
	return w->filling;
}

static void send(struct worker *w)
{
	void *parcel = w->filling;

	w->filling = NULL;
	if (ring_push(&w->parcels, &parcel, 1) != 1)
		assert(!"a ring has room for all parcels of its worker");
	if (++w->n_sent >= w->e->n_gathered)
		ring_worker(w);
}

static void send_all(struct engine *e)
{
	for (int i = 0; i < e->n_workers; i++) {
		if (e->workers[i].filling && e->workers[i].filling->n > 0)
			send(&e->workers[i]);
		ring_worker(&e->workers[i]);
	}
}

static bool is_far_ahead(struct engine *e)
{
	uint64_t n = e->n_ticks_dealt;

	for (int i = 0; i < e->n_workers; i++) {
		if (n - atomic_load(&e->workers[i].ticks_done) >= MAX_TICKS_AHEAD)
			return true;
	}
	return false;
}

/* No tick is dealt before the last one is reported: so results are late by two at most (a key that
 * equals a promise leaves with the next), and what waits in the combiner is bounded, however fast
 * the source. */
static void wait_for_reports(struct engine *e)
{
	for (;;) {
		uint32_t seen = bell_look(&e->distributor);

		if (!is_far_ahead(e) || atomic_load(&e->is_failed))
			return;
		doze(e, seen);
	}
}

static int deal_tick(struct engine *e, int64_t now)
{
	send_all(e);
	wait_for_reports(e);
	e->n_ticks_dealt++;
	for (int i = 0; i < e->n_workers; i++) {
		struct parcel *p = open_parcel(&e->workers[i]);

		if (!p)
			return ERR_STOPPED;
		p->tick = now;
		send(&e->workers[i]);
		ring_worker(&e->workers[i]);
	}
	return 0;
}

static int deal_frame(struct engine *e, const struct weir_frame *f)
{
	struct worker *w = &e->workers[e->options.hash(f) % (uint32_t)e->n_workers];
	struct parcel *p = open_parcel(w);

	if (!p)
		return ERR_STOPPED;
	if (p->n == 0)
		p->block = block_get(f->block);
	p->frames[p->n++] = *f;
	if (p->n == SOURCE_BATCH)
		send(w);
	return 0;
}

static int deal_metered(struct dealer *d, const struct weir_frame *f)
{
	int64_t before, after;
	int rc = 0;

	meter_step(&d->meter, f, &before, &after);
	if (before != TIME_NONE)
		rc = deal_tick(d->e, before);
	if (rc == 0)
		rc = deal_frame(d->e, f);
	if (rc == 0 && after != TIME_NONE)
		rc = deal_tick(d->e, after);
	return rc;
}

static int deal_batch(struct dealer *d, struct weir_frame *frames, int n)
{
	int rc = 0;

	for (int i = 0; i < n && rc == 0; i++)
		rc = d->e->has_ticks ? deal_metered(d, &frames[i]) : deal_frame(d->e, &frames[i]);
	return rc;
}

static int hand_over(struct worker *w, struct weir_frame *frames, int n)
{
	int rc;

	if (n == 0)
		return 0;
	count_add(&w->n_frames, (uint64_t)n);
	count_add(&w->n_batches, 1);
	rc = w->e->call.batch(w, frames, n);
	return rc < 0 ? rc : 0;
}

/* One worker alone takes batches as they come, cut where a tick falls. */
static int work_metered(struct dealer *d, struct weir_frame *frames, int n)
{
	struct worker *w = d->alone;
	int done = 0, rc = 0;

	for (int i = 0; i < n && rc == 0; i++) {
		int64_t before, after;

		meter_step(&d->meter, &frames[i], &before, &after);
		if (before != TIME_NONE) {
			rc = hand_over(w, frames + done, i - done);
			done = i;
			rc = rc < 0 ? rc : tick_call(w, before);
		}
		if (rc == 0 && after != TIME_NONE) {
			rc = hand_over(w, frames + done, i + 1 - done);
			done = i + 1;
			rc = rc < 0 ? rc : tick_call(w, after);
		}
	}
	return rc < 0 ? rc : hand_over(w, frames + done, n - done);
}

static int work_batch(struct dealer *d, struct weir_frame *frames, int n)
{
	return d->e->has_ticks ? work_metered(d, frames, n) : hand_over(d->alone, frames, n);
}

static int read_block(struct dealer *d, struct weir_block *b)
{
	struct weir_frame *frames;
	int rc = 0, n;

	while (rc == 0 && (n = block_batch(b, &frames)) > 0)
		rc = d->alone ? work_batch(d, frames, n) : deal_batch(d, frames, n);
	if (d->is_timed)
		d->seen_at = tick_clock();
	if (!d->alone)
		send_all(d->e);
	return rc;
}

/* Live, and nothing came since `began`: time has moved on all the same. */
static int read_nothing(struct dealer *d, int64_t began)
{
	int64_t tick;

	if (!d->is_timed || d->meter.now == TIME_NONE)
		return 0;
	tick = meter_tick_before(&d->meter, d->meter.now + (began - d->seen_at));
	if (tick == TIME_NONE)
		return 0;
	return d->alone ? tick_call(d->alone, tick) : deal_tick(d->e, tick);
}

/* The next block of the source, its queues in turn; ERR_END when all have ended. */
static int next_block(struct dealer *d, struct weir_block **out)
{
	struct engine *e = d->e;
	int rc = ERR_END;

	for (int i = 0; i < e->n_lanes && rc == ERR_END; i++) {
		struct lane *l = &e->lanes[d->next_lane];

		if (!atomic_load(&l->is_ended))
			rc = source_block(e->source, d->next_lane, out);
		if (rc == ERR_END)
			atomic_store(&l->is_ended, true);
		d->next_lane = (d->next_lane + 1) % e->n_lanes;
	}
	if (rc < 0 && rc != ERR_AGAIN && rc != ERR_END)
		engine_fail(e, rc, rc == ERR_STOPPED ? AT_STOP : AT_SOURCE);
	return rc;
}

static void read_all(struct engine *e, struct worker *alone)
{
	struct dealer d = {
		.e = e,
		.alone = alone,
		.is_timed = e->is_live && e->has_ticks,
		.meter = meter_of(&e->options),
	};
	int rc = 0;

	while (rc == 0 && !atomic_load(&e->is_ending)) {
		int64_t began = d.is_timed ? tick_clock() : 0;
		struct weir_block *b;
		int rc_next = next_block(&d, &b);

		if (rc_next != 0 && rc_next != ERR_AGAIN)
			return;
		rc = rc_next == 0 ? read_block(&d, b) : read_nothing(&d, began);
		if (rc_next == 0)
			block_put(&b);
		if (rc < 0)
			engine_fail(e, rc, rc == ERR_STOPPED ? AT_STOP : AT_SOMEWHERE);
	}
}

void hashed_work_alone(struct worker *w)
{
	read_all(w->e, w);
}

void hashed_distribute(struct engine *e)
{
	atomic_store(&e->is_dealing, true);
	read_all(e, NULL);
	atomic_store(&e->is_dealing, false);
	atomic_store(&e->is_dealt, true);
	for (int i = 0; i < e->n_workers; i++)
		bell_ring(&e->workers[i].bell);
}

static int work_parcel(struct worker *w, struct parcel *p)
{
	int rc = p->block ? hand_over(w, p->frames, p->n) : tick_call(w, p->tick);

	report_post(w);
	if (!p->block && !w->e->combiner) {
		atomic_store(&w->ticks_done, count_now(&w->n_ticks));
		w->n_back = w->e->n_gathered;
	}
	return rc;
}

void hashed_work(struct worker *w)
{
	struct engine *e = w->e;

	while (!atomic_load(&e->is_failed)) {
		uint32_t seen = bell_look(&w->bell);
		bool is_dealt = atomic_load(&e->is_dealt);
		void *got;
		int rc;

		if (ring_pop(&w->parcels, &got, 1) == 0) {
			if (is_dealt)
				return;
			ring_distributor(w);
			atomic_store(&w->is_waiting, true);
			bell_wait(&w->bell, seen, -1);
			atomic_store(&w->is_waiting, false);
			continue;
		}
		rc = work_parcel(w, got);
		put_parcel(got);
		if (ring_push(&w->parcels_back, &got, 1) != 1)
			assert(!"a ring has room for all parcels of its worker");
		if (++w->n_back >= e->n_gathered)
			ring_distributor(w);
		if (rc < 0)
			engine_fail(e, rc, AT_SOMEWHERE);
	}
}
