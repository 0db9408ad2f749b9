/* The way of a result from its worker to the reporter: in sheaves, over a ring each, and back
 * empty. The reporter never waits for a worker while sheaves are there: what it may not report
 * yet lies in the combiner, so a worker that waits for an empty sheaf always gets one. */
#include "engine/crew.h"

#include <assert.h>

/* The sheaf that the worker fills now. */
static struct sheaf *open_sheaf(struct worker *w)
{
	uint32_t seen = bell_look(&w->bell);
	void *got;

	if (w->sheaf)
		return w->sheaf;
	atomic_store(&w->is_waiting, true);
	while (ring_pop(&w->empty, &got, 1) == 0) {
		bell_wait(&w->bell, seen, -1);
		seen = bell_look(&w->bell);
	}
	atomic_store(&w->is_waiting, false);
	w->sheaf = got;
	w->sheaf->n = 0;
	w->sheaf->has_promise = w->sheaf->is_last = false;
	return w->sheaf;
}

void report_post(struct worker *w)
{
	void *sheaf = w->sheaf;

	if (!sheaf)
		return;
	w->sheaf->n_ticks = count_now(&w->n_ticks);
	w->sheaf = NULL;
	if (ring_push(&w->full, &sheaf, 1) != 1)
		assert(!"a ring has room for all sheaves of its worker");
	bell_ring(&w->e->reporter);
}

int engine_publish(struct worker *w, const struct engine_result *result)
{
	struct engine *e = w->e;
	struct engine_result r = *result;
	struct sheaf *s;
	int rc = 0;

	if (!e->combiner)
		return ERR_USAGE;
	r.worker = w->index;
	if (e->is_alone) {
		rc = combiner_add(e->combiner, &r);
		if (rc == 0)
			report_pump(e);
	} else {
		s = open_sheaf(w);
		s->results[s->n++] = r;
		if (s->n == SHEAF_RESULTS)
			report_post(w);
	}
	if (rc == 0)
		count_add(&w->n_results, 1);
	return rc;
}

int engine_promise(struct worker *w, uint64_t key)
{
	struct engine *e = w->e;
	struct sheaf *s;

	if (!e->combiner)
		return ERR_USAGE;
	if (e->is_alone) {
		combiner_promise(e->combiner, w->index, key);
		report_pump(e);
		return 0;
	}
	s = open_sheaf(w);
	s->has_promise = true;
	s->promise = key;
	report_post(w);
	return 0;
}

void report_last(struct worker *w)
{
	struct engine *e = w->e;

	if (!e->combiner)
		return;
	if (e->is_alone) {
		combiner_finish(e->combiner, w->index);
		report_pump(e);
		return;
	}
	open_sheaf(w)->is_last = true;
	report_post(w);
}

static void drop(struct engine *e, struct engine_result *r)
{
	if (e->call.drop)
		e->call.drop(e->arg, r);
}

static void fail(struct engine *e, int rc)
{
	e->report_rc = rc;
	engine_fail(e, rc, AT_SOMEWHERE);
}

void report_pump(struct engine *e)
{
	struct combiner *c = e->combiner;
	struct engine_result r;
	int rc = 0;

	while (e->report_rc == 0 && combiner_next(c, &r)) {
		count_add(&e->n_reported, 1);
		rc = e->call.result(e->arg, &r);
		if (rc < 0)
			fail(e, rc);
	}
	if (e->report_rc == 0 && e->call.watermark) {
		uint64_t mark = combiner_mark(c);

		if (mark > e->announced && mark != UINT64_MAX) {
			e->announced = mark;
			rc = e->call.watermark(e->arg, mark);
			if (rc < 0)
				fail(e, rc);
		}
	}
	atomic_store_explicit(&e->n_late, combiner_late(c), memory_order_relaxed);
	while (e->report_rc < 0 && combiner_drain(c, &r))
		drop(e, &r);
}

static void take(struct worker *w, struct sheaf *s)
{
	struct engine *e = w->e;

	for (int i = 0; i < s->n; i++) {
		if (e->report_rc == 0 && combiner_add(e->combiner, &s->results[i]) < 0)
			fail(e, ERR_NOMEM);
		if (e->report_rc < 0)
			drop(e, &s->results[i]);
	}
	if (s->has_promise)
		combiner_promise(e->combiner, w->index, s->promise);
	if (s->is_last)
		combiner_finish(e->combiner, w->index);
	w->ticks_told = s->n_ticks;
}

/* Takes what the worker has posted; returns whether that was its last. */
static bool take_all(struct worker *w, bool *is_any)
{
	bool is_last = false;
	void *got[N_SHEAVES];
	uint32_t n = ring_pop(&w->full, got, N_SHEAVES);

	for (uint32_t i = 0; i < n; i++) {
		struct sheaf *s = got[i];

		is_last |= s->is_last;
		take(w, s);
	}
	if (n > 0) {
		if (ring_push(&w->empty, got, n) != n)
			assert(!"a ring has room for all sheaves of its worker");
		bell_ring(&w->bell);
		*is_any = true;
	}
	return is_last;
}

/* The distributor waits for that before it deals another tick. */
static void tell_ticks(struct engine *e)
{
	for (int i = 0; i < e->n_workers; i++)
		atomic_store(&e->workers[i].ticks_done, e->workers[i].ticks_told);
	bell_ring(&e->distributor);
}

void report_all(struct engine *e, int n)
{
	while (n > 0) {
		uint32_t seen = bell_look(&e->reporter);
		bool is_any = false;

		for (int i = 0; i < e->n_workers; i++)
			n -= take_all(&e->workers[i], &is_any);
		if (is_any) {
			atomic_store(&e->is_reporting, true);
			report_pump(e);
			if (e->options.is_hashed)
				tell_ticks(e);
			atomic_store(&e->is_reporting, false);
		} else {
			bell_wait(&e->reporter, seen, -1);
		}
	}
}
