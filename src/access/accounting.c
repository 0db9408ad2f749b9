/* Accounting-Request (Start, Interim-Update, Stop, On, Off) and Accounting-Response. */
#include <string.h>

#include "access/table.h"
#include "base/hash.h"

enum {
	MARK_SEED = 0x53746172, /* marks do not depend on the options' seed: they are saved */
	REORDER_SECONDS = 10,   /* how far a Start may come behind its Stop */
	REPEAT_SECONDS = 5,     /* reports that are alike, and so near, are one report */
};

/* By this a Start is known again. */
static uint64_t mark_of(const struct message *m)
{
	return keyed_hash(MARK_SEED, m->packet.authenticator, RADIUS_AUTHENTICATOR_LEN) | 1;
}

static bool is_delayed(const struct message *m)
{
	return m->caused.ns != m->time.ns;
}

/* Whether a Start is of the session that has ended, and not of a new one of its name. */
static bool is_late_start(const struct access *a, const struct session *ended,
			  const struct message *m)
{
	if (ended->start_mark == mark_of(m))
		return true;
	if (is_delayed(m) && m->caused.ns <= ended->shown.end.ns)
		return true;
	return !ended->start_mark && ended->end_cause == ACCESS_BY_STOP &&
	       table_since(a, ended->shown.heard) <= (int64_t)REORDER_SECONDS * NANOS_PER_S;
}

static void now_accounted(struct access *a, struct session *s)
{
	s->shown.is_accounted = true;
	s->nas->is_accounting = true;
	table_prove(a, s, false);
}

/* Tells what a report has changed, or that the NAS has reported. */
static void report(struct access *a, struct session *s, const struct message *m,
		   enum access_event_kind kind)
{
	enum access_cause cause = kind == ACCESS_INTERIM ? ACCESS_BY_USAGE : ACCESS_BY_START;
	struct nanos since = s->has_lost ? s->shown.begin : m->caused;
	struct claim claim;

	table_learn(a, s, m);
	claim_addresses(a, s, m, since, &claim);
	now_accounted(a, s);
	table_tell(
		a, &s->shown,
		&(struct news){kind, cause, claim.gained, claim.n_gained, claim.lost, claim.n_lost},
		m);
}

static struct session *begin(struct access *a, const struct message *m, enum access_cause cause,
			     struct nanos since)
{
	struct session *s = table_begin(a, m, GROUP_UNPROVEN, table_id(a, m));
	struct claim claim;

	if (!s)
		return NULL;
	s->shown.begin = since;
	if (cause == ACCESS_BY_START)
		s->start_mark = mark_of(m);
	claim_addresses(a, s, m, since, &claim);
	now_accounted(a, s);
	table_tell(a, &s->shown,
		   &(struct news){ACCESS_BEGIN, cause, claim.gained, claim.n_gained, NULL, 0}, m);
	return s;
}

/* Whether a message says nothing of a live session that was not known. */
static bool is_known(const struct session *s, const struct message *m)
{
	if (!table_knows(s, m))
		return false;
	for (uint32_t i = 0; i < m->n_addresses; i++) {
		bool has = false;

		for (uint32_t k = 0; k < s->shown.n_addresses; k++)
			has |= !memcmp(&s->addresses[k].prefix, &m->addresses[i].prefix,
				       sizeof m->addresses[i].prefix);
		if (!has)
			return false;
	}
	return true;
}

static struct session *on_start(struct access *a, const struct message *m)
{
	struct session *s = store_find_key(&a->store, &m->nas_key, m);

	if (s && !s->shown.is_live) {
		if (is_late_start(a, s, m)) {
			table_count(a, ACCESS_COUNT_LATE);
			return NULL;
		}
		s = NULL;
	}
	if (!s)
		s = login_find_granted(a, m);
	if (!s)
		return begin(a, m, ACCESS_BY_START, m->caused);
	if (s->shown.is_accounted && is_known(s, m)) {
		table_count(a, ACCESS_COUNT_REPEATED);
		return s;
	}
	s->start_mark = mark_of(m);
	report(a, s, m, ACCESS_UPDATE);
	return s;
}

/* A report of a session that was never heard of, or that was thought to have ended. */
static struct session *on_midway(struct access *a, const struct message *m, struct session *ended)
{
	struct nanos since = m->caused;

	since.ns -= (int64_t)m->usage.seconds * NANOS_PER_S;
	if (since.ns < 0)
		since.ns = 0;
	if (ended && ended->end_cause == ACCESS_BY_STOP) {
		table_count(a, ACCESS_COUNT_LATE);
		return NULL;
	}
	if (ended && ended->end_cause == ACCESS_BY_TAKEN) {
		since = ended->shown.begin;
		if (!claim_is_open(a, m, since)) {
			table_count(a, ACCESS_COUNT_LATE);
			store_move(&a->store, ended, GROUP_ENDED);
			ended->shown.heard = m->time;
			return NULL;
		}
	}
	if (ended)
		store_drop(&a->store, ended);
	return begin(a, m, ACCESS_BY_MIDWAY, since);
}

/* The same report again, with another Acct-Delay-Time or by another way. */
static bool is_repeated(const struct access *a, const struct session *s, const struct message *m)
{
	const struct access_usage *had = &s->shown.usage, *has = &m->usage;

	return s->shown.is_accounted && is_known(s, m) && had->octets_from == has->octets_from &&
	       had->octets_to == has->octets_to && had->seconds == has->seconds &&
	       (has->has_seconds || is_delayed(m) ||
		table_since(a, s->shown.heard) <= (int64_t)REPEAT_SECONDS * NANOS_PER_S);
}

static struct session *on_interim(struct access *a, const struct message *m)
{
	struct session *s = store_find_key(&a->store, &m->nas_key, m);

	if (!s)
		s = login_find_granted(a, m);
	if (!s || !s->shown.is_live)
		return on_midway(a, m, s);
	if (is_repeated(a, s, m)) {
		table_count(a, ACCESS_COUNT_REPEATED);
		return s;
	}
	if (m->usage.has_seconds && m->usage.seconds < s->shown.usage.seconds) {
		table_count(a, ACCESS_COUNT_LATE);
		return s;
	}
	report(a, s, m, ACCESS_INTERIM);
	return s;
}

/* Remembers a Stop whose Start was not heard, if that drives out nothing that lives. */
static void remember_stop(struct access *a, const struct message *m)
{
	struct session *s;

	table_count(a, ACCESS_COUNT_UNKNOWN_STOPS);
	if (store_n(&a->store) >= a->store.max && !store_oldest(&a->store, GROUP_ENDED))
		return;
	s = table_begin(a, m, GROUP_ENDED, table_id(a, m));
	if (!s)
		return;
	s->shown.end = m->caused;
	s->end_cause = ACCESS_BY_STOP;
}

static void on_stop(struct access *a, const struct message *m)
{
	struct session *s = store_find_key(&a->store, &m->nas_key, m);
	struct access_address had[ACCESS_MAX_ADDRESSES];
	uint32_t n_had = 0;

	if (!s)
		s = login_find_granted(a, m);
	if (!s) {
		remember_stop(a, m);
		return;
	}
	if (!s->shown.is_live) {
		table_count(a, ACCESS_COUNT_REPEATED);
		s->end_cause = ACCESS_BY_STOP;
		return;
	}
	table_learn(a, s, m);
	s->shown.is_accounted = true;
	s->nas->is_accounting = true;
	for (; n_had < s->shown.n_addresses; n_had++)
		had[n_had] = s->addresses[n_had];
	table_end(a, s, ACCESS_BY_STOP, m);
	if (n_had)
		claim_pass_on(a, s, m, had, n_had);
}

/* Accounting-On, -Off (RFC 2866, 5.1): what the NAS had until then is gone. Those that were heard
 * of since stay: the message may have been sent again. */
static void on_reboot(struct access *a, const struct message *m)
{
	struct nas *nas = store_find_nas(&a->store, &m->nas_key);
	struct list *link, *next;

	if (!nas)
		return;
	for (link = nas->sessions.next; link != &nas->sessions; link = next) {
		struct session *s = LIST_OWNER(link, struct session, in_nas);

		next = link->next;
		if (s->shown.is_live && s->shown.heard.ns <= m->caused.ns)
			table_end(a, s, ACCESS_BY_REBOOT, m);
	}
}

static struct session *on_status(struct access *a, const struct message *m)
{
	switch (m->status) {
	case RADIUS_START:
		return on_start(a, m);
	case RADIUS_INTERIM:
		return on_interim(a, m);
	default:
		on_stop(a, m);
		return NULL;
	}
}

static bool is_of_session(const struct message *m)
{
	return m->status == RADIUS_START || m->status == RADIUS_INTERIM || m->status == RADIUS_STOP;
}

static void on_request(struct access *a, const struct message *m)
{
	struct session *s = NULL;
	struct request *q;

	if (m->status == RADIUS_ACCOUNTING_ON || m->status == RADIUS_ACCOUNTING_OFF) {
		on_reboot(a, m);
	} else if (!is_of_session(m)) {
		table_count(a, m->status ? ACCESS_COUNT_OTHER : ACCESS_COUNT_NAMELESS);
		return;
	} else if (!m->session_id.value) {
		table_count(a, ACCESS_COUNT_NAMELESS);
		return;
	} else {
		s = on_status(a, m);
	}
	q = table_note(a, m, REQUEST_ACCOUNTING, rd_of(NULL, 0));
	if (q && s)
		q->session = s->shown.id;
}

static void on_response(struct access *a, const struct request *q)
{
	struct session *s = q && q->session ? store_find_id(&a->store, q->session) : NULL;

	if (!q)
		table_count(a, ACCESS_COUNT_ORPHANS);
	else if (s && s->group == GROUP_UNPROVEN)
		table_prove(a, s, true);
}

void accounting_feed(struct access *a, struct message *m)
{
	struct request *q = requests_find(&a->requests, m);

	if (m->packet.code == RADIUS_ACCOUNTING_RESPONSE) {
		on_response(a, q);
	} else if (q &&
		   !memcmp(q->authenticator, m->packet.authenticator, sizeof q->authenticator)) {
		table_count(a, ACCESS_COUNT_REPEATED);
		requests_touch(&a->requests, q, m->time);
	} else {
		if (q)
			requests_drop(&a->requests, q);
		on_request(a, m);
	}
}
