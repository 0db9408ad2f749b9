/* From birth to close: orders, the clock, and what is told of the whole. */
#include <stdlib.h>
#include <time.h>

#include "intercept/party.h"

enum {
	IRI_LIMIT = 256 << 20,
	EACH_SLICE = 1000,         /* mandates that are looked at while packets wait */
	EACH_PAUSE_NS = 20 * 1000, /* … and the pause between, at least */
};

static int init(struct intercept *i)
{
	const struct access_options options = {
		.max_sessions = i->options.max_sessions,
		.seed = i->options.seed,
		.on_event = subscriber_event,
		.arg = i,
	};
	int rc;

	pthread_mutex_init(&i->turn, NULL);
	pthread_mutex_init(&i->lock, NULL);
	why_clear(&i->why);
	i->latest_ns = i->ticked_ns = INT64_MIN;
	i->calls = slab_of(sizeof(struct session_of_call));
	i->iri = wr_init(IRI_LIMIT);
	i->plain = wr_init(IRI_LIMIT);
	i->masked = wr_init(IRI_LIMIT);
	rc = net_reassembly_new(&i->reassembly);
	if (!rc)
		rc = sealer_new(&i->sealer);
	return rc ? rc : access_new(&i->access, &options);
}

int intercept_new(struct intercept **out, const struct orders *orders,
		  const struct intercept_options *options, struct why *why)
{
	struct intercept *i = calloc(1, sizeof *i);
	int64_t known_ns = options->is_live ? options->now.ns : INT64_MIN;
	int rc = i ? 0 : ERR_NOMEM;

	if (i) {
		i->options = *options;
		rc = init(i);
	}
	if (!rc && options->is_live) {
		i->has_time = true;
		i->first_ns = options->now.ns;
	}
	if (!rc)
		rc = order_set(i, &(struct order){orders, known_ns, why});
	if (!rc)
		/* an agency without warrants has its outboxes too */
		for (size_t k = 0; k < orders->agencies.n && !rc; k++) {
			uint32_t desk;

			rc = desk_of(i, orders->agencies.items[k].id, &desk, why);
		}
	if (rc) {
		why_set(why, rc, "%s", err_text(rc));
		if (i)
			desk_abandon(i, 0);
		intercept_free(&i);
	}
	*out = i;
	return rc;
}

int intercept_update(struct intercept *i, const struct orders *orders, struct nanos now,
		     struct why *why)
{
	int rc;

	pthread_mutex_lock(&i->turn);
	rc = order_set(i, &(struct order){orders, now.ns, why});
	if (!rc && i->latest_ns != INT64_MIN)
		rc = term_refresh(i, now.ns);
	if (!rc && i->latest_ns != INT64_MIN)
		rc = term_start(i);
	if (i->retired)
		retire_reap(i);
	pthread_mutex_unlock(&i->turn);
	return rc ? why_set(why, rc, "%s", err_text(rc)) : 0;
}

static int64_t next_moment(const struct intercept *i)
{
	int64_t next = INT64_MAX;

	if (i->next_start < i->n_by_start)
		next = i->by_start[i->next_start]->start_ns + term_lag(i);
	if (i->next_end < i->n_by_end && i->by_end[i->next_end]->end_ns < next - term_grace(i))
		next = i->by_end[i->next_end]->end_ns + term_grace(i);
	return next;
}

struct nanos intercept_tick(struct intercept *i, struct nanos now)
{
	struct nanos heard = {now.ns - term_lag(i)}; /* of all inputs */
	struct nanos next;
	int rc, failed;

	pthread_mutex_lock(&i->turn);
	rc = i->has_loaded ? term_refresh(i, now.ns) : 0;
	i->has_loaded = false;
	if (!rc)
		rc = term_advance(i, heard.ns);
	if (heard.ns > i->ticked_ns) {
		i->ticked_ns = heard.ns;
		access_tick(i->access, heard);
		failed = party_tick(i, heard);
		rc = rc ? rc : failed;
	}
	failed = term_close(i, now.ns);
	failed = failed ? failed : check_tick(i, now.ns);
	i->n_failed += rc || failed;
	if (i->retired)
		retire_reap(i);
	next.ns = next_moment(i);
	pthread_mutex_unlock(&i->turn);
	return next;
}

uint64_t intercept_version(const struct intercept *i)
{
	return atomic_load(&i->version);
}

static int64_t end_of(const struct intercept *i, const struct mandate *m)
{
	return m->end_ns < i->latest_ns ? m->end_ns : i->latest_ns;
}

static int end_order(const void *a, const void *b, void *arg)
{
	const struct mandate *x = *(const struct mandate *const *)a;
	const struct mandate *y = *(const struct mandate *const *)b;
	int64_t x_ns = end_of(arg, x);
	int64_t y_ns = end_of(arg, y);

	if (x_ns != y_ns)
		return x_ns < y_ns ? -1 : 1;
	return x->slot < y->slot ? -1 : x->slot > y->slot;
}

/* Records that end come in the order of their times, as all others do. */
static int end_mandates(struct intercept *i)
{
	struct mandate **order = calloc(i->n_ordered + 1, sizeof(struct mandate *));
	int rc = 0;

	if (!order)
		return ERR_NOMEM;
	for (size_t k = 0; k < i->n_ordered; k++)
		order[k] = i->ordered[k];
	qsort_r(order, i->n_ordered, sizeof *order, end_order, i);
	for (size_t k = 0; k < i->n_ordered; k++) {
		int failed = term_end(i, order[k], i->latest_ns);

		rc = rc ? rc : failed;
	}
	free(order);
	return rc;
}

static int close_desks(struct intercept *i, struct why *why)
{
	int rc = 0;

	for (uint32_t k = 0; k < i->n_desks; k++) {
		for (int n = 0; n < INTERCEPT_N_INTERFACES; n++) {
			int failed = outbox_close(&i->desks[k]->boxes[n], why);

			rc = rc ? rc : failed;
		}
	}
	return rc;
}

int intercept_close(struct intercept *i, struct why *why)
{
	int rc = intercept_pause(i);
	int failed = end_mandates(i);

	rc = rc ? rc : failed;
	if (rc && why && !why->text[0])
		*why = i->why;
	failed = close_desks(i, why);
	return rc ? rc : failed;
}

static void free_desks(struct intercept *i)
{
	for (uint32_t k = 0; k < i->n_desks; k++) {
		free(i->desks[k]->agency);
		free(i->desks[k]);
	}
	free(i->desks);
}

void intercept_free(struct intercept **ip)
{
	struct intercept *i = *ip;
	struct voip *voip;
	struct why unheard;

	if (!i)
		return;
	voip = atomic_load(&i->voip);
	why_clear(&unheard);
	if (close_desks(i, &unheard) < 0)
		why_clear(&unheard);
	free_desks(i);
	retire_reap(i);
	watch_release(atomic_load(&i->watch));
	sight_free(atomic_load(&i->sight));
	for (uint32_t k = 0; k < i->n_mandates; k++)
		mandate_free(&i->mandates[k]);
	slab_fini(&i->calls);
	for (size_t k = 0; k < i->n_ignored; k++)
		free(i->ignored_users[k]);
	lookup_fini(&i->keys);
	lookup_fini(&i->identities);
	lookup_fini(&i->by_access);
	lookup_fini(&i->ignored);
	voip_free(&voip);
	wanted_fini(&i->wanted);
	net_reassembly_free(&i->reassembly);
	access_free(&i->access);
	wr_fini(&i->iri);
	wr_fini(&i->plain);
	wr_fini(&i->masked);
	sealer_free(&i->sealer);
	free(i->ignored_users);
	free(i->mandates);
	free(i->sessions);
	free(i->free_slots);
	free(i->ordered);
	free(i->by_start);
	free(i->by_end);
	free(i->patterns);
	free(i->found);
	pthread_mutex_destroy(&i->turn);
	pthread_mutex_destroy(&i->lock);
	free(i);
	*ip = NULL;
}

const struct why *intercept_why(const struct intercept *i)
{
	return &i->why;
}

const struct access *intercept_access(const struct intercept *i)
{
	return i->access;
}

static void report_number(struct json *j, const char *key, uint64_t n)
{
	json_key(j, key);
	json_u64(j, n);
}

void intercept_report(struct intercept *i, struct json *j)
{
	pthread_mutex_lock(&i->turn);
	report_number(j, "packets", i->n_packets);
	report_number(j, "subscribers", access_n_live(i->access));
	report_number(j, "too_wide", i->n_too_wide);
	report_number(j, "failed", i->n_failed);
	report_number(j, "checks_lost", i->n_checks_lost);
	json_key(j, "radius");
	json_open(j, '{');
	for (int k = 0; k < ACCESS_N_COUNTS; k++)
		report_number(j, access_count_key(k), access_count(i->access, k));
	json_close(j, '}');
	party_report(i, j);
	pthread_mutex_unlock(&i->turn);
}

static uint32_t count_live(const struct mandate *m)
{
	uint32_t n = 0;

	for (const struct session *s = m->statics; s; s = s->next)
		n += s->state == SESSION_BEGUN;
	for (const struct session *s = m->dynamics; s; s = s->next)
		n += s->state == SESSION_BEGUN && s->access_id != VIGIL_ID;
	return n;
}

/* Who waits for the lock is not woken while it is given back and taken again at once. */
static void let_others(void)
{
	const struct timespec t = {0, EACH_PAUSE_NS};

	nanosleep(&t, NULL);
}

void mandates_each(struct intercept *i, mandate_fn look, void *arg)
{
	size_t next = 0;
	bool has_more;

	do {
		if (next)
			let_others();
		pthread_mutex_lock(&i->turn);
		for (size_t n = 0; n < EACH_SLICE && next < i->n_ordered; n++)
			look(i, i->ordered[next++], arg);
		has_more = next < i->n_ordered;
		pthread_mutex_unlock(&i->turn);
	} while (has_more);
}

/* Who looks at warrants from outside. */
struct looker {
	intercept_view_fn each;
	void *arg;
};

static void show(struct intercept *i, struct mandate *m, void *arg)
{
	const struct looker *l = arg;

	(void)i;
	l->each(l->arg, &(struct intercept_view){.key = m->key,
						 .is_active = m->is_started && !m->is_over,
						 .delivers_cc = m->delivers_cc,
						 .n_live = count_live(m),
						 .counts = &m->counts,
						 .health = &m->health});
}

void intercept_each(struct intercept *i, intercept_view_fn each, void *arg)
{
	mandates_each(i, show, &(struct looker){each, arg});
}

const struct intercept_counts *intercept_counts(const struct intercept *i, size_t warrant)
{
	return &i->ordered[warrant]->counts;
}

uint64_t intercept_n_packets(const struct intercept *i)
{
	return i->n_packets;
}

bool intercept_times(const struct intercept *i, struct nanos *first, struct nanos *latest)
{
	first->ns = i->first_ns;
	latest->ns = i->latest_ns;
	return i->has_time;
}
