/* Access-Request, Access-Challenge, Access-Accept, Access-Reject. */
#include <string.h>

#include "access/table.h"
#include "base/hash.h"

enum { EARLY_SECONDS = 2 }; /* how long an answer waits for its request */

/* A session that is no session yet, to tell of an attempt. */
static struct access_session attempt(uint64_t id, struct rd facts, const struct message *m)
{
	return (struct access_session){
		.id = id,
		.begin = m->time,
		.heard = m->time,
		.nas = m->nas,
		.source = m->d->client,
		.attributes = facts,
	};
}

void login_failed(struct access *a, struct request *q)
{
	struct access_session s = {
		.id = q->session,
		.begin = q->heard,
		.heard = q->heard,
		.nas = q->nas,
		.source = q->client,
		.attributes = rd_of(q->bytes, q->len),
	};

	table_tell(a, &s, &(struct news){.kind = ACCESS_FAILED, .cause = ACCESS_BY_TIMEOUT}, NULL);
}

/* Points for what is the same in both; -1 where something differs that cannot. */
static int compare_all(struct rd of_session, const struct message *m)
{
	static const struct {
		uint8_t type;
		uint8_t points;
	} rows[] = {
		{RADIUS_CLASS, 8},
		{RADIUS_CALLING_STATION_ID, 2},
		{RADIUS_NAS_PORT, 1},
		{RADIUS_NAS_PORT_ID, 1},
	};
	int points = 1;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum facts_verdict v = facts_compare(of_session, m->facts, rows[i].type);

		if (v == FACTS_DIFFER)
			return -1;
		points += v == FACTS_SAME ? rows[i].points : 0;
	}
	return points;
}

/* -1: an address that m states is not the session's, though it has one of that type. */
static int compare_addresses(const struct session *s, const struct message *m)
{
	int points = 0;

	for (uint32_t i = 0; i < m->n_addresses; i++) {
		bool has_type = false, has_it = false;

		for (uint32_t k = 0; k < s->shown.n_addresses; k++) {
			has_type |= s->addresses[k].type == m->addresses[i].type;
			has_it |= !memcmp(&s->addresses[k].prefix, &m->addresses[i].prefix,
					  sizeof m->addresses[i].prefix);
		}
		if (has_type && !has_it)
			return -1;
		points += has_it ? 4 : 0;
	}
	return points;
}

/* Whether a message may be of this session: 0, or the more the surer. */
static int likeness(const struct session *s, const struct message *m)
{
	struct rd facts = s->shown.attributes;
	int facts_points = compare_all(facts, m), address_points = compare_addresses(s, m);

	if (facts_points < 0 ||
	    facts_compare(facts, m->facts, RADIUS_ACCT_SESSION_ID) == FACTS_DIFFER)
		return 0;
	/* with the same Class it is the same session, whatever address the NAS chose */
	if (address_points < 0)
		return facts_points > 8 ? facts_points : 0;
	return facts_points + address_points;
}

struct search {
	const struct message *m;
	struct session *found;
};

/* A session that goes on: the same port or the same caller, or the Acct-Session-Id itself. */
static bool visit_again(void *arg, struct session *s)
{
	struct search *search = arg;
	struct rd facts = s->shown.attributes;
	const struct message *m = search->m;
	bool has_sign = facts_compare(facts, m->facts, RADIUS_CALLING_STATION_ID) == FACTS_SAME ||
			facts_compare(facts, m->facts, RADIUS_NAS_PORT) == FACTS_SAME ||
			facts_compare(facts, m->facts, RADIUS_NAS_PORT_ID) == FACTS_SAME;

	if (!has_sign || !likeness(s, m) || compare_addresses(s, m) < 0)
		return true;
	search->found = s;
	return false;
}

struct best {
	const struct message *m;
	struct session *found;
	int points;
};

/* The newest come first, and of equals the oldest is meant: who was let in first starts first. */
static bool visit_granted(void *arg, struct session *s)
{
	struct best *best = arg;
	int points = s->shown.is_accounted ? 0 : likeness(s, best->m);

	if (points && points >= best->points) {
		best->points = points;
		best->found = s;
	}
	return true;
}

struct session *login_find_granted(const struct access *a, const struct message *m)
{
	struct best best = {m, NULL, 0};
	struct radius_attribute name;

	if (radius_find(m->facts, RADIUS_USER_NAME, &name))
		store_each_named(&a->store, &m->nas_key, &name, visit_granted, &best);
	return best.found;
}

/* The live session that this message, with all that is known of it, only asks to go on. */
static struct session *find_again(const struct access *a, const struct message *m)
{
	struct search search = {m, NULL};
	struct radius_attribute name;
	struct session *s = store_find_key(&a->store, &m->nas_key, m);

	if (s && s->shown.is_live)
		return s;
	if (radius_find(m->facts, RADIUS_USER_NAME, &name))
		store_each_named(&a->store, &m->nas_key, &name, visit_again, &search);
	return search.found;
}

/* What an answer says is about who asked: his NAS, names, ports. */
static void join(struct access *a, struct message *m, const struct request *q)
{
	struct wr w = wr_of(a->merged, sizeof a->merged);
	struct radius_attribute id;

	facts_merge(rd_of(q->bytes, q->len), m->facts, &w);
	memcpy(m->room, w.bytes, w.len);
	m->facts = rd_of(m->room, w.len);
	m->facts_mark = keyed_hash(0, m->room, w.len);
	m->nas_key = q->nas_key;
	m->nas = q->nas;
	if (radius_find(m->facts, RADIUS_ACCT_SESSION_ID, &id))
		m->session_id = id;
}

static void go_on(struct access *a, struct session *s, const struct message *m)
{
	bool has_news = table_learn(a, s, m);
	struct claim claim;

	claim_addresses(a, s, m, m->time, &claim);
	if (s->group == GROUP_UNPROVEN)
		table_prove(a, s, true);
	else
		store_move(&a->store, s, (enum group)s->group);
	if (has_news || claim.n_gained || claim.n_lost)
		table_tell(a, &s->shown,
			   &(struct news){ACCESS_UPDATE, ACCESS_BY_ACCEPT, claim.gained,
					  claim.n_gained, claim.lost, claim.n_lost},
			   m);
}

static void on_accept(struct access *a, struct message *m, struct request *q)
{
	struct session *s;
	struct claim claim;

	join(a, m, q);
	s = find_again(a, m);
	if (s) {
		go_on(a, s, m);
		return;
	}
	s = table_begin(a, m, GROUP_GRANTED, q->session);
	if (!s)
		return;
	claim_addresses(a, s, m, m->time, &claim);
	table_tell(a, &s->shown,
		   &(struct news){ACCESS_BEGIN, ACCESS_BY_ACCEPT, claim.gained, claim.n_gained,
				  NULL, 0},
		   m);
}

static void on_reject(struct access *a, struct message *m, const struct request *q)
{
	struct access_session s;

	join(a, m, q);
	s = attempt(q->session, m->facts, m);
	table_tell(a, &s, &(struct news){.kind = ACCESS_REJECT, .cause = ACCESS_BY_REFUSAL}, m);
}

/* Who was challenged asks again, with the State that he was sent; without one he cannot. */
static void on_challenge(struct access *a, const struct message *m, const struct request *q)
{
	if (!m->state.value)
		return;
	if (a->requests.n >= a->requests.max) {
		table_count(a, ACCESS_COUNT_FORGOTTEN);
		requests_drop(&a->requests, requests_oldest(&a->requests));
	}
	if (!requests_add_challenge(&a->requests, q, m))
		table_count(a, ACCESS_COUNT_NO_MEMORY);
}

static void on_answer(struct access *a, struct message *m, struct request *q)
{
	requests_touch(&a->requests, q, m->time);
	q->state = REQUEST_ANSWERED;
	memcpy(q->answer, m->packet.authenticator, sizeof q->answer);
	if (m->packet.code == RADIUS_ACCESS_ACCEPT)
		on_accept(a, m, q);
	else if (m->packet.code == RADIUS_ACCESS_REJECT)
		on_reject(a, m, q);
	else
		on_challenge(a, m, q);
}

/* An answer that overtook its request: it is heard now. */
static void on_early(struct access *a, const struct message *m, const struct request *early,
		     struct request *q)
{
	struct access_datagram d = *m->d;

	d.bytes = early->bytes;
	d.len = early->len;
	d.is_answer = true;
	if (message_read(&a->early, &d) == 0)
		on_answer(a, &a->early, q);
}

/* A request that was not heard before. What is known of its addresses and identifier, and the
 * challenge that it answers, are the newest, so that noting it drives out neither. */
static void on_request(struct access *a, const struct message *m, struct request *early)
{
	struct request *challenge = requests_find_challenge(&a->requests, m), *q;
	uint64_t id = challenge ? challenge->session : table_id(a, m);
	struct access_session s = attempt(id, m->facts, m);
	struct nanos came = early ? early->heard : m->time;

	if (challenge)
		requests_touch(&a->requests, challenge, m->time);
	if (early)
		requests_touch(&a->requests, early, m->time);
	q = table_note(a, m, REQUEST_WAITING, m->facts);
	if (!challenge)
		table_tell(a, &s,
			   &(struct news){.kind = ACCESS_ATTEMPT, .cause = ACCESS_BY_REQUEST}, m);
	if (q) {
		q->session = id;
		if (early && table_since(a, came) <= (int64_t)EARLY_SECONDS * NANOS_PER_S)
			on_early(a, m, early, q);
	}
	if (challenge && q)
		requests_drop(&a->requests, challenge);
	if (early)
		requests_drop(&a->requests, early);
}

static void feed_request(struct access *a, const struct message *m, struct request *before)
{
	if (before && before->state == REQUEST_EARLY) {
		on_request(a, m, before);
		return;
	}
	if (before &&
	    !memcmp(before->authenticator, m->packet.authenticator, sizeof before->authenticator)) {
		table_count(a, ACCESS_COUNT_REPEATED);
		requests_touch(&a->requests, before, m->time);
		return;
	}
	if (before) {
		/* the client uses the identifier again: it has given up on the other request */
		if (before->state == REQUEST_WAITING)
			login_failed(a, before);
		requests_drop(&a->requests, before);
	}
	on_request(a, m, NULL);
}

static void feed_answer(struct access *a, struct message *m, struct request *q)
{
	if (q && q->state == REQUEST_WAITING) {
		on_answer(a, m, q);
	} else if (q && !memcmp(q->answer, m->packet.authenticator, sizeof q->answer)) {
		table_count(a, ACCESS_COUNT_REPEATED);
	} else {
		q = table_note(a, m, REQUEST_EARLY, rd_of(m->d->bytes, m->packet.len));
		if (q)
			memcpy(q->answer, m->packet.authenticator, sizeof q->answer);
	}
}

void login_feed(struct access *a, struct message *m)
{
	struct request *q = requests_find(&a->requests, m);

	if (m->packet.code == RADIUS_ACCESS_REQUEST)
		feed_request(a, m, q);
	else
		feed_answer(a, m, q);
}
