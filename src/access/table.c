#include "access/table.h"

#include <string.h>

#include "base/hash.h"

enum {
	ID_SEED = 0x57656972, /* ids do not depend on the options' seed */
	ID_ROOM = 17 + 2 + 1 + 1 + RADIUS_AUTHENTICATOR_LEN + 8,
	PROVEN_RESERVE = 16, /* one of so many places is for sessions that nobody has proven */
};

void table_count(struct access *a, enum access_count which)
{
	a->counts[which]++;
}

void table_tell(struct access *a, const struct access_session *s, const struct news *news,
		const struct message *m)
{
	struct access_event event = {
		.kind = news->kind,
		.cause = news->cause,
		.time = m ? m->time : a->now,
		.session = s,
		.gained = news->gained,
		.n_gained = news->n_gained,
		.lost = news->lost,
		.n_lost = news->n_lost,
	};

	if (m) {
		event.packet = m->d->bytes;
		event.packet_len = m->packet.len;
	}
	if (a->options.on_event)
		a->options.on_event(a->options.arg, &event);
}

uint64_t table_id(const struct access *a, const struct message *m)
{
	uint8_t room[ID_ROOM];
	struct wr w = wr_of(room, sizeof room);
	uint64_t id;

	wr_u8(&w, m->d->client.version);
	wr_bytes(&w, m->d->client.bytes, sizeof m->d->client.bytes);
	wr_u16(&w, m->d->client_port);
	wr_u8(&w, m->packet.code);
	wr_u8(&w, m->packet.identifier);
	wr_bytes(&w, m->packet.authenticator, RADIUS_AUTHENTICATOR_LEN);
	wr_u64(&w, (uint64_t)m->time.ns);
	id = keyed_hash(ID_SEED, room, w.len);
	while (!id || store_find_id(&a->store, id))
		id++;
	return id;
}

struct request *table_note(struct access *a, const struct message *m, enum request_state state,
			   struct rd bytes)
{
	struct request *q;

	if (a->requests.n >= a->requests.max) {
		table_count(a, ACCESS_COUNT_FORGOTTEN);
		requests_drop(&a->requests, requests_oldest(&a->requests));
	}
	q = requests_add(&a->requests, m, state, bytes);
	if (!q)
		table_count(a, ACCESS_COUNT_NO_MEMORY);
	return q;
}

static void evict(struct access *a, struct session *s)
{
	if (s->shown.is_live) {
		table_count(a, ACCESS_COUNT_EVICTED);
		table_end(a, s, ACCESS_BY_EVICTED, NULL);
	}
	store_drop(&a->store, s);
}

/* What nobody misses goes first: the ended, then what nobody has proven, then what was granted and
 * never used. */
static void make_room(struct access *a)
{
	static const enum group order[] = {GROUP_ENDED, GROUP_UNPROVEN, GROUP_GRANTED,
					   GROUP_PROVEN};

	for (size_t i = 0; i < N_GROUPS && store_n(&a->store) >= a->store.max; i++) {
		struct session *s = store_oldest(&a->store, order[i]);

		if (s)
			evict(a, s);
	}
}

/* Proven sessions leave some places to others, so that a flood of what nobody has proven drives
 * out its like, and never a proven one. */
static void make_room_for_proven(struct access *a)
{
	const uint32_t *n_in = a->store.n_in;
	uint32_t reserve = a->store.max / PROVEN_RESERVE + 1;

	if (n_in[GROUP_GRANTED] + n_in[GROUP_PROVEN] + reserve <= a->store.max)
		return;
	evict(a, store_oldest(&a->store, n_in[GROUP_PROVEN] ? GROUP_PROVEN : GROUP_GRANTED));
}

/* Facts of before and of the message together, in a->merged. */
static struct rd merge(struct access *a, struct rd before, const struct message *m)
{
	struct wr w = wr_of(a->merged, sizeof a->merged);
	unsigned n_left_out = facts_merge(before, m->facts, &w);

	a->counts[ACCESS_COUNT_TOO_MANY] += n_left_out;
	return rd_of(w.bytes, w.len);
}

static void learn_numbers(struct session *s, const struct message *m)
{
	struct access_usage *now = &s->shown.usage;
	const struct access_usage *fresh = &m->usage;

	if (fresh->has_octets) {
		now->octets_from = fresh->octets_from;
		now->octets_to = fresh->octets_to;
	}
	if (fresh->has_packets) {
		now->packets_from = fresh->packets_from;
		now->packets_to = fresh->packets_to;
	}
	if (fresh->has_seconds)
		now->seconds = fresh->seconds;
	now->has_octets |= fresh->has_octets;
	now->has_packets |= fresh->has_packets;
	now->has_seconds |= fresh->has_seconds;
	if (m->nas.version)
		s->shown.nas = m->nas;
	if (m->terminate_cause)
		s->shown.terminate_cause = m->terminate_cause;
	if (m->allowed_seconds)
		s->shown.allowed_seconds = m->allowed_seconds;
	s->shown.heard = m->time;
}

bool table_knows(const struct session *s, const struct message *m)
{
	return s->facts_mark == m->facts_mark || facts_hold(s->shown.attributes, m->facts);
}

bool table_learn(struct access *a, struct session *s, const struct message *m)
{
	bool has_news = !table_knows(s, m);

	learn_numbers(s, m);
	if (s->facts_mark == m->facts_mark)
		return false;
	s->facts_mark = m->facts_mark;
	if (store_set_facts(&a->store, s, merge(a, s->shown.attributes, m)))
		table_count(a, ACCESS_COUNT_NO_MEMORY);
	return has_news;
}

struct session *table_begin(struct access *a, const struct message *m, enum group group,
			    uint64_t id)
{
	struct session *s;

	if (group == GROUP_GRANTED || group == GROUP_PROVEN)
		make_room_for_proven(a);
	make_room(a);
	s = store_add(&a->store, id, &m->nas_key, group, merge(a, rd_of(NULL, 0), m));
	if (!s) {
		table_count(a, ACCESS_COUNT_NO_MEMORY);
		return NULL;
	}
	s->shown.begin = m->caused;
	s->shown.source = m->d->client;
	s->facts_mark = m->facts_mark;
	learn_numbers(s, m);
	return s;
}

void table_prove(struct access *a, struct session *s, bool is_proven)
{
	bool was_proven = s->group == GROUP_PROVEN || s->group == GROUP_GRANTED;

	if (is_proven && !was_proven) {
		/* it counts as an unproven one until it has moved */
		make_room_for_proven(a);
	}
	store_move(&a->store, s, is_proven || was_proven ? GROUP_PROVEN : GROUP_UNPROVEN);
}

void table_end(struct access *a, struct session *s, enum access_cause cause,
	       const struct message *m)
{
	s->shown.is_live = false;
	s->shown.end = m ? m->caused : a->now;
	s->end_cause = (uint8_t)cause;
	table_tell(a, &s->shown,
		   &(struct news){ACCESS_END, cause, .lost = s->addresses,
				  .n_lost = s->shown.n_addresses},
		   m);
	while (s->shown.n_addresses)
		store_take(s, s->shown.n_addresses - 1);
	for (int i = 0; i < MAX_LIVE_NAMES; i++)
		index_drop(&s->names[i].by_name);
	store_move(&a->store, s, GROUP_ENDED);
}
