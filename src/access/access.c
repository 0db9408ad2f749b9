#include "access/access.h"

#include <stdlib.h>

#include "access/table.h"

enum {
	MIN_REQUESTS = 16,
	ENDED_SECONDS = 3600, /* how long a session that has ended is remembered */
};

static const int64_t latest_ns = INT64_MAX / 2; /* so that times can be added */

static const char *const event_keys[] = {
#define X(name, key, text) key,
	ACCESS_EVENTS(X)
#undef X
};

static const char *const cause_keys[] = {
#define X(name, key, text) key,
	ACCESS_CAUSES(X)
#undef X
};

static const char *const count_keys[] = {
#define X(name, key, text) key,
	ACCESS_COUNTS(X)
#undef X
};

const char *access_event_key(enum access_event_kind kind)
{
	return event_keys[kind];
}

const char *access_cause_key(enum access_cause cause)
{
	return cause_keys[cause];
}

const char *access_count_key(enum access_count which)
{
	return count_keys[which];
}

static void fill(struct access_options *o)
{
	if (!o->max_sessions)
		o->max_sessions = 1000000;
	if (!o->max_requests)
		o->max_requests = 65536;
	if (o->max_requests < MIN_REQUESTS)
		o->max_requests = MIN_REQUESTS;
	if (!o->answer_wait.ns)
		o->answer_wait = nanos_from_s(30);
	if (!o->start_wait.ns)
		o->start_wait = nanos_from_s(300);
	if (!o->idle_limit.ns)
		o->idle_limit = nanos_from_s((int64_t)30 * 24 * 3600);
}

int access_new(struct access **out, const struct access_options *options)
{
	struct access *a = calloc(1, sizeof *a);

	*out = NULL;
	if (!a)
		return ERR_NOMEM;
	a->options = *options;
	fill(&a->options);
	if (store_init(&a->store, a->options.max_sessions, options->seed) ||
	    requests_init(&a->requests, a->options.max_requests, options->seed)) {
		access_free(&a);
		return ERR_NOMEM;
	}
	*out = a;
	return 0;
}

void access_free(struct access **a)
{
	if (!*a)
		return;
	store_fini(&(*a)->store);
	requests_fini(&(*a)->requests);
	free(*a);
	*a = NULL;
}

static void expire_requests(struct access *a)
{
	struct request *q = requests_oldest(&a->requests);

	for (; q && table_since(a, q->heard) >= a->options.answer_wait.ns;
	     q = requests_oldest(&a->requests)) {
		if (q->state == REQUEST_WAITING || q->state == REQUEST_CHALLENGED)
			login_failed(a, q);
		else if (q->state == REQUEST_EARLY)
			table_count(a, ACCESS_COUNT_ORPHANS);
		requests_drop(&a->requests, q);
	}
}

static void expire(struct access *a, struct session *s)
{
	table_count(a, ACCESS_COUNT_EXPIRED);
	table_end(a, s, ACCESS_BY_EXPIRED, NULL);
}

/* A NAS that sends accounting would have sent a Start; of another nothing is expected, but what
 * has no address will never get one: most likely it is somebody's test of the server. */
static void expire_granted(struct access *a)
{
	struct session *s = store_oldest(&a->store, GROUP_GRANTED);

	for (; s && table_since(a, s->shown.heard) >= a->options.start_wait.ns;
	     s = store_oldest(&a->store, GROUP_GRANTED)) {
		if (s->nas->is_accounting || !s->shown.n_addresses)
			expire(a, s);
		else
			store_move(&a->store, s, GROUP_PROVEN);
	}
}

static void expire_idle(struct access *a, enum group group)
{
	struct session *s = store_oldest(&a->store, group);

	for (; s && table_since(a, s->shown.heard) >= a->options.idle_limit.ns;
	     s = store_oldest(&a->store, group))
		expire(a, s);
}

static void forget_ended(struct access *a)
{
	struct session *s = store_oldest(&a->store, GROUP_ENDED);

	for (; s && table_since(a, s->shown.heard) >= (int64_t)ENDED_SECONDS * NANOS_PER_S &&
	       table_since(a, s->shown.end) >= (int64_t)ENDED_SECONDS * NANOS_PER_S;
	     s = store_oldest(&a->store, GROUP_ENDED))
		store_drop(&a->store, s);
}

static struct nanos bounded(struct nanos t)
{
	return (struct nanos){t.ns < 0 ? 0 : t.ns > latest_ns ? latest_ns : t.ns};
}

void access_tick(struct access *a, struct nanos now)
{
	now = bounded(now);
	if (now.ns > a->now.ns)
		a->now = now;
	expire_requests(a);
	expire_granted(a);
	expire_idle(a, GROUP_UNPROVEN);
	expire_idle(a, GROUP_PROVEN);
	forget_ended(a);
}

/* Requests go to a server, answers come from it. */
static void feed(struct access *a, struct message *m)
{
	bool is_answer = m->d->is_answer;

	switch (m->packet.code) {
	case RADIUS_ACCESS_REQUEST:
		if (!is_answer) {
			login_feed(a, m);
			return;
		}
		break;
	case RADIUS_ACCESS_ACCEPT:
	case RADIUS_ACCESS_REJECT:
	case RADIUS_ACCESS_CHALLENGE:
		if (is_answer) {
			login_feed(a, m);
			return;
		}
		break;
	case RADIUS_ACCOUNTING_REQUEST:
		if (!is_answer) {
			accounting_feed(a, m);
			return;
		}
		break;
	case RADIUS_ACCOUNTING_RESPONSE:
		if (is_answer) {
			accounting_feed(a, m);
			return;
		}
		break;
	default:
		break;
	}
	table_count(a, ACCESS_COUNT_OTHER);
}

void access_feed(struct access *a, const struct access_datagram *d)
{
	struct access_datagram at = *d;
	int rc;

	table_count(a, ACCESS_COUNT_DATAGRAMS);
	at.time = bounded(d->time);
	access_tick(a, at.time);
	rc = message_read(&a->message, &at);
	if (rc) {
		table_count(a, rc == ERR_CUT ? ACCESS_COUNT_CUT : ACCESS_COUNT_BAD);
		return;
	}
	a->counts[ACCESS_COUNT_BAD_ATTRIBUTES] += a->message.n_bad;
	a->counts[ACCESS_COUNT_TOO_MANY] += a->message.n_spare;
	feed(a, &a->message);
}

/* The first of a live group from this one on. */
static const struct access_session *first_of(const struct access *a, int group)
{
	for (; group < GROUP_ENDED; group++) {
		struct session *s = store_oldest(&a->store, (enum group)group);

		if (s)
			return &s->shown;
	}
	return NULL;
}

const struct access_session *access_next(const struct access *a,
					 const struct access_session *before)
{
	const struct session *s =
		(const struct session *)(const void *)before; /* its first field */

	if (!before)
		return first_of(a, 0);
	if (s->in_group.next != &a->store.groups[s->group])
		return &LIST_OWNER(s->in_group.next, struct session, in_group)->shown;
	return first_of(a, s->group + 1);
}

const struct access_session *access_find(const struct access *a, uint64_t id)
{
	const struct session *s = store_find_id(&a->store, id);

	return s && s->shown.is_live ? &s->shown : NULL;
}

uint64_t access_count(const struct access *a, enum access_count which)
{
	return a->counts[which];
}

uint32_t access_n_live(const struct access *a)
{
	return store_n(&a->store) - a->store.n_in[GROUP_ENDED];
}
