#include "collection/health.h"

#include "ledger/reason.h"

enum { MOST = 1000 };

/* Of all warrants together. */
struct report {
	const struct health_watch *watch;
	struct json *j;
	uint64_t ordered, active, live, silent, odd, others;
	struct intercept_counts counts;
};

static void put_number(struct json *j, const char *key, uint64_t n)
{
	json_key(j, key);
	json_u64(j, n);
}

bool health_look(const struct intercept_view *view, const struct health_watch *watch)
{
	struct intercept_health *h = view->health;
	uint64_t cc = view->counts->cc;

	if (cc > h->cc)
		h->last_cc = watch->now;
	if (cc != h->cc || !view->n_live || !view->is_active || !h->quiet_from.ns)
		h->quiet_from = watch->now;
	h->cc = cc;
	return view->is_active && view->delivers_cc && view->n_live &&
	       watch->now.ns - h->quiet_from.ns >= watch->silence.ns;
}

static void add_up(struct report *r, const struct intercept_view *view, bool is_silent)
{
	const struct intercept_counts *c = view->counts;

	r->ordered++;
	r->active += view->is_active;
	r->live += view->n_live;
	r->silent += is_silent;
	r->counts.matched += c->matched;
	r->counts.cc += c->cc;
	r->counts.iri += c->iri;
	r->counts.iri_lost += c->iri_lost;
	for (int k = 0; k < INTERCEPT_N_REFUSALS; k++)
		r->counts.refused[k] += c->refused[k];
}

static void print_one(struct json *j, const struct intercept_view *view, bool is_silent)
{
	const struct intercept_counts *c = view->counts;

	json_open(j, '{');
	json_key(j, "key"), json_text(j, view->key);
	json_key(j, "active"), json_bool(j, view->is_active);
	put_number(j, "live", view->n_live);
	put_number(j, "sessions", c->sessions);
	put_number(j, "matched", c->matched);
	put_number(j, "cc", c->cc);
	put_number(j, "iri", c->iri);
	put_number(j, "iri_lost", c->iri_lost);
	for (int k = 0; k < INTERCEPT_N_REFUSALS; k++) {
		if (c->refused[k])
			put_number(j, ledger_reasons[k].key, c->refused[k]);
	}
	if (view->health->lost_first.ns) {
		json_key(j, "lost_first"), json_time(j, view->health->lost_first);
		json_key(j, "lost_last"), json_time(j, view->health->lost_last);
	}
	json_key(j, "silent"), json_bool(j, is_silent);
	if (view->health->last_cc.ns)
		json_key(j, "last_cc"), json_time(j, view->health->last_cc);
	json_close(j, '}');
}

/* Those that somebody should look at are listed even where not all are. */
static void report_one(void *arg, const struct intercept_view *view)
{
	struct report *r = arg;
	bool is_silent = health_look(view, r->watch);
	bool is_odd = is_silent || view->health->lost_first.ns;

	add_up(r, view, is_silent);
	if ((is_odd ? ++r->odd : ++r->others) <= MOST)
		print_one(r->j, view, is_silent);
}

void health_print(struct intercept *i, const struct health_watch *watch, struct json *j)
{
	struct report r = {.watch = watch, .j = j};

	json_key(j, "warrants"), json_open(j, '[');
	intercept_each(i, report_one, &r);
	json_close(j, ']');
	put_number(j, "ordered", r.ordered);
	json_key(j, "total"), json_open(j, '{');
	put_number(j, "active", r.active);
	put_number(j, "live", r.live);
	put_number(j, "silent", r.silent);
	put_number(j, "matched", r.counts.matched);
	put_number(j, "cc", r.counts.cc);
	put_number(j, "iri", r.counts.iri);
	put_number(j, "iri_lost", r.counts.iri_lost);
	json_key(j, "refused"), json_open(j, '{');
	for (int k = 0; k < INTERCEPT_N_REFUSALS; k++)
		put_number(j, ledger_reasons[k].key, r.counts.refused[k]);
	json_close(j, '}');
	json_close(j, '}');
}
