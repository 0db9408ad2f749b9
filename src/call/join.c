/* To which call a new leg belongs. Each rule finds its candidates by a hash; the first rule that
 * finds a leg that goes on is the reason that is kept; a call of those whom the message names comes
 * first. Exchanges are joined to nothing. */
#include "base/lookup.h"
#include "call/table.h"
#include "sip/field.h"

enum {
	LEAST_ID_LEN = 4, /* of an o= line's session: "0" and "1" are everybody's */
	LOOSE_ID_LEN = 8, /* … where nothing else speaks for it */
	MAX_LOOKS = 8,    /* at legs of the same hash: others are too many to be one call */
	REFER_WAIT_S = 60,
};

/* Whether a new leg may be joined to it. */
static bool is_open(const struct leg *leg)
{
	return leg->shown.state != CALL_OVER && leg->shown.state != CALL_EXCHANGE &&
	       leg->call->next_ordinal < CALL_MAX_LEGS;
}

static struct leg *by_call_id(struct calls *c, const struct facts *f)
{
	struct index_entry *e = index_first(&c->by_call_id, f->id);

	for (int i = 0; e && i < MAX_LOOKS; e = index_next(e->next, f->id), i++) {
		struct leg *leg = LIST_OWNER(e, struct leg, by_call_id);

		if (is_open(leg))
			return leg;
	}
	return NULL;
}

static struct leg *by_session(struct calls *c, const struct facts *f)
{
	for (int side = 0; side < 2; side++) {
		uint64_t id = f->sessions[side];
		struct index_entry *e = id ? index_first(&c->by_session, id) : NULL;

		for (int i = 0; e && i < MAX_LOOKS; e = index_next(e->next, id), i++) {
			struct leg *leg = LIST_OWNER(e, struct named, entry)->leg;

			if (is_open(leg))
				return leg;
		}
	}
	return NULL;
}

/* Strict: who sends it on is who got it. Asterisk writes its process id, and test tools a constant,
 * into every call's o= line; such calls come from where the others came, not from where they
 * went. */
static struct leg *by_origin(struct calls *c, const struct facts *f, bool is_strict)
{
	size_t least = is_strict ? LEAST_ID_LEN : LOOSE_ID_LEN;
	struct index_entry *e;

	if (!f->origin || f->sdp.origin.id.len < least)
		return NULL;
	e = index_first(&c->by_origin, f->origin);
	for (int i = 0; e && i < MAX_LOOKS; e = index_next(e->next, f->origin), i++) {
		struct leg *leg = LIST_OWNER(e, struct leg, by_origin);

		if (is_open(leg) &&
		    (!is_strict || !memcmp(&leg->asked, &f->m->src, sizeof leg->asked)))
			return leg;
	}
	return NULL;
}

/* The dialog that Replaces or Join names. */
static struct leg *by_replaces(struct calls *c, const struct facts *f)
{
	static const enum sip_field fields[] = {SIP_FIELD_REPLACES, SIP_FIELD_JOIN};
	struct sip_replaces r;
	struct sip_text value;

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		uint64_t seed = c->options.seed, id;
		struct leg *leg;

		if (!sip_message_value(f->m->sip, fields[i], &value) ||
		    sip_replaces_read(value, &r) < 0)
			continue;
		id = facts_hash_id(seed, r.call_id);
		leg = legs_find_by(c, id, facts_hash_tag(seed, r.from_tag));
		if (!leg)
			leg = legs_find_by(c, id, facts_hash_tag(seed, r.to_tag));
		if (leg && is_open(leg))
			return leg;
	}
	return NULL;
}

/* Where, and by whom: who was asked to call there does. */
static uint64_t referred_hash(const struct calls *c, struct sip_text uri, const struct net_ip *by)
{
	uint64_t where = facts_hash_uri(c->options.seed, uri), who = 0;

	for (size_t i = 0; i < sizeof by->bytes; i++)
		who = who * 31 + by->bytes[i];
	return facts_pair(where, lookup_spread(who));
}

void join_note_refer(struct calls *c, struct leg *leg, const struct facts *f)
{
	struct sip_address a;

	if (sip_message_address(f->m->sip, SIP_FIELD_REFER_TO, &a) < 0)
		return;
	index_drop(&leg->by_referred);
	index_add(&c->by_referred, &leg->by_referred, referred_hash(c, a.text, &f->m->dst));
	leg->referred = c->now;
}

static struct leg *by_refer(struct calls *c, const struct facts *f)
{
	uint64_t hash = referred_hash(c, f->m->sip->uri, &f->m->src);
	struct index_entry *e = index_first(&c->by_referred, hash);

	for (int i = 0; e && i < MAX_LOOKS; e = index_next(e->next, hash), i++) {
		struct leg *leg = LIST_OWNER(e, struct leg, by_referred);

		if (is_open(leg) && c->now.ns - leg->referred.ns <= nanos_from_s(REFER_WAIT_S).ns)
			return leg;
	}
	return NULL;
}

static struct leg *find_by(struct calls *c, const struct facts *f, enum call_join rule)
{
	switch (rule) {
	case CALL_JOIN_CALL_ID:
		return by_call_id(c, f);
	case CALL_JOIN_SESSION_ID:
		return by_session(c, f);
	case CALL_JOIN_ORIGIN:
		return by_origin(c, f, true);
	case CALL_JOIN_ANY_ORIGIN:
		return by_origin(c, f, false);
	case CALL_JOIN_REPLACES:
		return by_replaces(c, f);
	case CALL_JOIN_REFER:
		return by_refer(c, f);
	case CALL_JOIN_FIRST:
	case CALL_N_JOINS:
		break;
	}
	return NULL;
}

static bool shares_target(const struct whole *call, const struct call_message *m)
{
	for (size_t i = 0; i < m->n_targets; i++) {
		for (uint8_t k = 0; k < call->n_targets; k++) {
			if (call->targets[k].number == m->targets[i].number)
				return true;
		}
	}
	return false;
}

/* What a target's new leg takes the place of may be others' talk, in which he had no part. */
static bool is_others_talk(const struct whole *call, const struct call_message *m,
			   enum call_join rule)
{
	return m->n_targets && !call->n_targets &&
	       (rule == CALL_JOIN_REPLACES || rule == CALL_JOIN_REFER);
}

static struct leg *find(struct calls *c, const struct facts *f, bool is_own, enum call_join *by)
{
	for (int rule = CALL_JOIN_FIRST + 1; rule < CALL_N_JOINS; rule++) {
		struct leg *leg = c->options.joins >> rule & 1 ? find_by(c, f, rule) : NULL;

		if (!leg || (is_own ? !shares_target(leg->call, f->m)
				    : is_others_talk(leg->call, f->m, rule)))
			continue;
		*by = rule;
		return leg;
	}
	return NULL;
}

struct whole *join_find(struct calls *c, const struct facts *f, enum call_join *by,
			uint8_t *ordinal)
{
	struct leg *leg = NULL;

	*by = CALL_JOIN_FIRST;
	*ordinal = 0;
	if (!f->is_request || f->method != SIP_INVITE)
		return NULL;
	if (f->m->n_targets)
		leg = find(c, f, true, by);
	if (!leg)
		leg = find(c, f, false, by);
	if (!leg)
		return NULL;
	*ordinal = leg->shown.ordinal;
	return leg->call;
}
