#include "access/store.h"

#include <string.h>

#include "base/hash.h"

enum { HASH_ROOM = NAS_KEY_LEN + 1 + RADIUS_VALUE_LEN, MAX_NAMED_VISITS = 64 };

int store_init(struct store *s, uint32_t max, uint64_t seed)
{
	*s = (struct store){.max = max, .seed = seed};
	for (int i = 0; i < N_GROUPS; i++)
		list_init(&s->groups[i]);
	if (index_init(&s->by_id, max) || index_init(&s->by_key, max) ||
	    index_init(&s->by_name, max) || index_init(&s->by_prefix, max) ||
	    index_init(&s->by_nas, max < 65536 ? max : 65536))
		return ERR_NOMEM;
	return 0;
}

void store_clear(struct store *s)
{
	for (int i = 0; i < N_GROUPS; i++) {
		while (store_oldest(s, (enum group)i))
			store_drop(s, store_oldest(s, (enum group)i));
	}
}

void store_fini(struct store *s)
{
	if (s->groups[0].next)
		store_clear(s);
	index_fini(&s->by_id);
	index_fini(&s->by_key);
	index_fini(&s->by_name);
	index_fini(&s->by_prefix);
	index_fini(&s->by_nas);
}

/* Hash of a NAS and one of its values, kept apart from other kinds of value by the type. */
static uint64_t hash_of(const struct store *s, const struct nas_key *nas, uint8_t type,
			const void *value, size_t len)
{
	uint8_t room[HASH_ROOM];
	struct wr w = wr_of(room, sizeof room);

	wr_u8(&w, type);
	wr_bytes(&w, value, len);
	wr_bytes(&w, nas->bytes, nas->len);
	return keyed_hash(s->seed, room, w.len);
}

static uint64_t hash_prefix(const struct store *s, const struct net_prefix *p)
{
	uint8_t room[18] = {p->ip.version, p->bits};

	memcpy(&room[2], p->ip.bytes, 16);
	return keyed_hash(s->seed, room, sizeof room);
}

static bool is_nas(const struct nas_key *a, const struct nas_key *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

struct nas *store_find_nas(const struct store *s, const struct nas_key *key)
{
	uint64_t hash = keyed_hash(s->seed, key->bytes, key->len);
	struct index_entry *e = index_first(&s->by_nas, hash);

	for (; e; e = index_next(e->next, hash)) {
		struct nas *nas = LIST_OWNER(e, struct nas, by_key);

		if (is_nas(&nas->key, key))
			return nas;
	}
	return NULL;
}

static struct nas *meet_nas(struct store *s, const struct nas_key *key)
{
	struct nas *nas = store_find_nas(s, key);

	if (nas)
		return nas;
	nas = calloc(1, sizeof *nas);
	if (!nas)
		return NULL;
	nas->key = *key;
	list_init(&nas->sessions);
	index_add(&s->by_nas, &nas->by_key, keyed_hash(s->seed, key->bytes, key->len));
	return nas;
}

/* A NAS is known as long as it has sessions. */
static void leave_nas(struct nas *nas)
{
	if (list_first(&nas->sessions))
		return;
	index_drop(&nas->by_key);
	free(nas);
}

static void index_facts(struct store *s, struct session *session)
{
	struct rd walk = session->shown.attributes;
	struct radius_attribute a;
	int n = 0;

	index_drop(&session->by_key);
	for (int i = 0; i < MAX_LIVE_NAMES; i++)
		index_drop(&session->names[i].by_name);
	while (radius_next(&walk, &a)) {
		if (a.type == RADIUS_ACCT_SESSION_ID && !session->by_key.holder)
			index_add(&s->by_key, &session->by_key,
				  hash_of(s, &session->nas->key, a.type, a.value, a.len));
		if (a.type == RADIUS_USER_NAME && n < MAX_LIVE_NAMES && session->shown.is_live)
			index_add(&s->by_name, &session->names[n++].by_name,
				  hash_of(s, &session->nas->key, a.type, a.value, a.len));
	}
}

int store_set_facts(struct store *s, struct session *session, struct rd facts)
{
	size_t len = rd_left(&facts);
	const uint8_t *bytes = rd_take(&facts, len);
	uint8_t *copy;

	if (len == session->facts_len && (!len || !memcmp(bytes, session->facts, len))) {
		index_facts(s, session);
		return 0;
	}
	copy = malloc(len ? len : 1);
	if (!copy)
		return ERR_NOMEM;
	if (len)
		memcpy(copy, bytes, len);
	free(session->facts);
	session->facts = copy;
	session->facts_len = len;
	session->shown.attributes = rd_of(copy, len);
	index_facts(s, session);
	return 0;
}

struct session *store_add(struct store *s, uint64_t id, const struct nas_key *nas, enum group group,
			  struct rd facts)
{
	struct session *session = calloc(1, sizeof *session);

	if (!session)
		return NULL;
	session->shown.id = id;
	session->shown.is_live = group != GROUP_ENDED;
	session->shown.attributes = rd_of(NULL, 0);
	session->group = (uint8_t)group;
	for (int i = 0; i < MAX_LIVE_NAMES; i++)
		session->names[i].session = session;
	session->nas = meet_nas(s, nas);
	if (!session->nas) {
		free(session);
		return NULL;
	}
	list_push(&session->nas->sessions, &session->in_nas);
	list_push(&s->groups[group], &session->in_group);
	s->n_in[group]++;
	index_add(&s->by_id, &session->by_id, id);
	if (store_set_facts(s, session, facts)) {
		store_drop(s, session);
		return NULL;
	}
	return session;
}

void store_drop(struct store *s, struct session *session)
{
	while (session->shown.n_addresses)
		store_take(session, session->shown.n_addresses - 1);
	index_drop(&session->by_id);
	index_drop(&session->by_key);
	for (int i = 0; i < MAX_LIVE_NAMES; i++)
		index_drop(&session->names[i].by_name);
	list_drop(&session->in_group);
	s->n_in[session->group]--;
	list_drop(&session->in_nas);
	leave_nas(session->nas);
	free(session->addresses);
	free(session->holdings);
	free(session->facts);
	free(session);
}

void store_move(struct store *s, struct session *session, enum group group)
{
	list_drop(&session->in_group);
	list_push(&s->groups[group], &session->in_group);
	s->n_in[session->group]--;
	s->n_in[group]++;
	session->group = (uint8_t)group;
}

struct session *store_oldest(const struct store *s, enum group group)
{
	struct list *link = list_first(&s->groups[group]);

	return link ? LIST_OWNER(link, struct session, in_group) : NULL;
}

struct session *store_find_id(const struct store *s, uint64_t id)
{
	struct index_entry *e = index_first(&s->by_id, id);

	return e ? LIST_OWNER(e, struct session, by_id) : NULL;
}

/* Of several sessions with one id the live one is meant, then the newest. The names of an Access-
 * Request and of accounting may differ; those of two reports may not. */
struct session *store_find_key(const struct store *s, const struct nas_key *nas,
			       const struct message *m)
{
	const struct radius_attribute *id = &m->session_id;
	struct session *ended = NULL;
	struct radius_attribute a;
	struct index_entry *e;
	uint64_t hash;

	if (!id->value)
		return NULL;
	hash = hash_of(s, nas, RADIUS_ACCT_SESSION_ID, id->value, id->len);
	e = index_first(&s->by_key, hash);
	for (; e; e = index_next(e->next, hash)) {
		struct session *found = LIST_OWNER(e, struct session, by_key);
		struct rd facts = found->shown.attributes;

		if (!is_nas(&found->nas->key, nas) ||
		    facts_compare(facts, m->facts, RADIUS_ACCT_SESSION_ID) != FACTS_SAME)
			continue;
		if (found->shown.is_accounted && radius_find(facts, RADIUS_USER_NAME, &a) &&
		    radius_find(m->facts, RADIUS_USER_NAME, &a) &&
		    !facts_share_name(facts, m->facts))
			continue;
		if (found->shown.is_live)
			return found;
		ended = ended ? ended : found;
	}
	return ended;
}

static bool has_name(const struct session *session, const struct radius_attribute *name)
{
	struct rd walk = session->shown.attributes;
	struct radius_attribute a;

	while (radius_next(&walk, &a)) {
		if (a.type == name->type && a.len == name->len &&
		    !memcmp(a.value, name->value, a.len))
			return true;
	}
	return false;
}

void store_each_named(const struct store *s, const struct nas_key *nas,
		      const struct radius_attribute *name,
		      bool (*visit)(void *arg, struct session *session), void *arg)
{
	uint64_t hash = hash_of(s, nas, RADIUS_USER_NAME, name->value, name->len);
	struct index_entry *e = index_first(&s->by_name, hash);

	for (int n = 0; e && n < MAX_NAMED_VISITS; n++, e = index_next(e->next, hash)) {
		struct session *found = LIST_OWNER(e, struct name, by_name)->session;

		if (is_nas(&found->nas->key, nas) && has_name(found, name) && !visit(arg, found))
			return;
	}
}

struct holding *store_find_address(const struct store *s, const struct net_prefix *prefix)
{
	uint64_t hash = hash_prefix(s, prefix);
	struct index_entry *e = index_first(&s->by_prefix, hash);

	for (; e; e = index_next(e->next, hash)) {
		struct holding *h = LIST_OWNER(e, struct holding, by_prefix);

		for (uint32_t i = 0; i < h->session->shown.n_addresses; i++) {
			if (h->session->holdings[i] == h &&
			    !memcmp(&h->session->addresses[i].prefix, prefix, sizeof *prefix))
				return h;
		}
	}
	return NULL;
}

int store_give(struct store *s, struct session *session, const struct access_address *address,
	       struct nanos since)
{
	uint32_t n = session->shown.n_addresses;
	struct holding *h = calloc(1, sizeof *h);
	struct access_address *addresses;
	struct holding **holdings;

	addresses = realloc(session->addresses, (n + 1) * sizeof *addresses);
	if (addresses)
		session->shown.addresses = session->addresses = addresses;
	holdings = realloc(session->holdings, (n + 1) * sizeof(struct holding *));
	if (holdings)
		session->holdings = holdings;
	if (!h || !addresses || !holdings) {
		free(h);
		return ERR_NOMEM;
	}
	*h = (struct holding){.session = session, .since = since};
	addresses[n] = *address;
	holdings[n] = h;
	session->shown.n_addresses = n + 1;
	index_add(&s->by_prefix, &h->by_prefix, hash_prefix(s, &address->prefix));
	return 0;
}

void store_take(struct session *session, uint32_t i)
{
	uint32_t last = --session->shown.n_addresses;

	index_drop(&session->holdings[i]->by_prefix);
	free(session->holdings[i]);
	session->addresses[i] = session->addresses[last];
	session->holdings[i] = session->holdings[last];
}
