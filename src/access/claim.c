/* Who has which address: a message that states addresses of a type states all of that type. */
#include <string.h>

#include "access/table.h"

static bool is_prefix(const struct net_prefix *a, const struct net_prefix *b)
{
	return !memcmp(a, b, sizeof *a);
}

static bool states(const struct message *m, const struct net_prefix *prefix)
{
	for (uint32_t i = 0; i < m->n_addresses; i++) {
		if (is_prefix(&m->addresses[i].prefix, prefix))
			return true;
	}
	return false;
}

/* What the session has of the types that m states, and m no longer names. */
static void give_up(struct session *s, const struct message *m, struct claim *out)
{
	for (uint32_t i = s->shown.n_addresses; i-- > 0;) {
		struct access_address *has = &s->addresses[i];

		if (message_has_address_type(m, has->type) && !states(m, &has->prefix)) {
			out->lost[out->n_lost++] = *has;
			store_take(s, i);
		}
	}
}

/* The address goes to another session: its holder ends where it was the last that he had. */
static void take_from(struct access *a, struct holding *h, const struct message *m)
{
	struct session *s = h->session;
	struct access_address lost;
	uint32_t i = 0;

	s->has_lost = true;
	if (s->shown.n_addresses == 1) {
		table_end(a, s, ACCESS_BY_TAKEN, m);
		return;
	}
	while (s->holdings[i] != h)
		i++;
	lost = s->addresses[i];
	store_take(s, i);
	table_tell(a, &s->shown,
		   &(struct news){ACCESS_UPDATE, ACCESS_BY_TAKEN, .lost = &lost, .n_lost = 1}, m);
}

/* Links of one bundle (RFC 2866, 5.11) have their addresses together: one of them holds each. */
static bool is_sibling(const struct session *a, const struct session *b)
{
	return a->nas == b->nas && facts_compare(a->shown.attributes, b->shown.attributes,
						 RADIUS_ACCT_MULTI_SESSION_ID) == FACTS_SAME;
}

static bool is_newer(const struct holding *h, struct nanos since)
{
	return h->since.ns > since.ns;
}

/* Where the server names a pool, or lets the NAS choose, it is drawn from one. */
static uint8_t assignment_of(const struct session *s, const struct message *m)
{
	struct radius_attribute pool;
	bool has_pool = m->has_pool || radius_find(s->shown.attributes, RADIUS_FRAMED_POOL, &pool);

	return has_pool ? ACCESS_DYNAMIC : ACCESS_NOT_KNOWN;
}

static void claim_one(struct access *a, struct session *s, struct access_address address,
		      struct claim *c)
{
	struct holding *h = store_find_address(&a->store, &address.prefix);

	if (h && h->session == s) {
		h->since = c->since.ns > h->since.ns ? c->since : h->since;
		return;
	}
	if (h && (is_newer(h, c->since) || is_sibling(h->session, s)))
		return;
	if (s->shown.n_addresses == ACCESS_MAX_ADDRESSES) {
		table_count(a, ACCESS_COUNT_TOO_MANY);
		return;
	}
	if (h)
		take_from(a, h, c->m);
	address.assignment = assignment_of(s, c->m);
	if (store_give(&a->store, s, &address, c->since))
		table_count(a, ACCESS_COUNT_NO_MEMORY);
	else
		c->gained[c->n_gained++] = address;
}

void claim_addresses(struct access *a, struct session *s, const struct message *m,
		     struct nanos since, struct claim *out)
{
	out->m = m;
	out->since = since;
	out->n_gained = out->n_lost = 0;
	give_up(s, m, out);
	for (uint32_t i = 0; i < m->n_addresses; i++)
		claim_one(a, s, m->addresses[i], out);
}

struct heir {
	const struct session *of;
	struct session *found;
};

static bool visit_heir(void *arg, struct session *s)
{
	struct heir *heir = arg;

	if (s == heir->of || !s->shown.is_live || !is_sibling(s, heir->of))
		return true;
	heir->found = s;
	return false;
}

void claim_pass_on(struct access *a, const struct session *s, const struct message *m,
		   const struct access_address *had, uint32_t n_had)
{
	struct heir heir = {s, NULL};
	struct claim claim = {.since = a->now};
	struct radius_attribute name;

	if (radius_find(s->shown.attributes, RADIUS_USER_NAME, &name))
		store_each_named(&a->store, &s->nas->key, &name, visit_heir, &heir);
	for (uint32_t i = 0; heir.found && i < n_had; i++) {
		if (heir.found->shown.n_addresses < ACCESS_MAX_ADDRESSES &&
		    !store_give(&a->store, heir.found, &had[i], claim.since))
			claim.gained[claim.n_gained++] = had[i];
	}
	if (claim.n_gained)
		table_tell(a, &heir.found->shown,
			   &(struct news){ACCESS_UPDATE, ACCESS_BY_STOP, claim.gained,
					  claim.n_gained, NULL, 0},
			   m);
}

bool claim_is_open(const struct access *a, const struct message *m, struct nanos since)
{
	for (uint32_t i = 0; i < m->n_addresses; i++) {
		struct holding *h = store_find_address(&a->store, &m->addresses[i].prefix);

		if (!h || !is_newer(h, since))
			return true;
	}
	return false;
}
