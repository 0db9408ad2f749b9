#include "access/request.h"

#include <string.h>

#include "base/hash.h"

enum { KEY_ROOM = 2 * 17 + 6, STATE_ROOM = 17 + RADIUS_VALUE_LEN };

int requests_init(struct requests *r, uint32_t max, uint64_t seed)
{
	*r = (struct requests){.max = max, .seed = seed};
	list_init(&r->age);
	list_init(&r->spare);
	return index_init(&r->by_key, max);
}

void requests_fini(struct requests *r)
{
	while (r->age.next && requests_oldest(r))
		requests_drop(r, requests_oldest(r));
	while (r->spare.next && list_first(&r->spare)) {
		struct list *link = list_first(&r->spare);

		list_drop(link);
		free(LIST_OWNER(link, struct request, in_age));
	}
	index_fini(&r->by_key);
}

static bool is_accounting(const struct message *m)
{
	return m->packet.code == RADIUS_ACCOUNTING_REQUEST ||
	       m->packet.code == RADIUS_ACCOUNTING_RESPONSE;
}

static void put_ip(struct wr *w, const struct net_ip *ip)
{
	wr_u8(w, ip->version);
	wr_bytes(w, ip->bytes, sizeof ip->bytes);
}

static uint64_t hash_of(const struct requests *r, const struct message *m)
{
	uint8_t room[KEY_ROOM];
	struct wr w = wr_of(room, sizeof room);

	put_ip(&w, &m->d->client);
	put_ip(&w, &m->d->server);
	wr_u16(&w, m->d->client_port);
	wr_u16(&w, m->d->server_port);
	wr_u8(&w, m->packet.identifier);
	wr_u8(&w, is_accounting(m));
	return keyed_hash(r->seed, room, w.len);
}

static uint64_t hash_state(const struct requests *r, const struct message *m)
{
	uint8_t room[STATE_ROOM];
	struct wr w = wr_of(room, sizeof room);

	put_ip(&w, &m->d->client);
	wr_bytes(&w, m->state.value, m->state.len);
	return keyed_hash(r->seed, room, w.len);
}

static bool is_ip(const struct net_ip *a, const struct net_ip *b)
{
	return a->version == b->version && !memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static bool is_of(const struct request *q, const struct message *m)
{
	return q->state != REQUEST_CHALLENGED && q->identifier == m->packet.identifier &&
	       q->is_accounting == is_accounting(m) && q->client_port == m->d->client_port &&
	       q->server_port == m->d->server_port && is_ip(&q->client, &m->d->client) &&
	       is_ip(&q->server, &m->d->server);
}

struct request *requests_find(const struct requests *r, const struct message *m)
{
	uint64_t hash = hash_of(r, m);
	struct index_entry *e = index_first(&r->by_key, hash);

	for (; e; e = index_next(e->next, hash)) {
		struct request *q = LIST_OWNER(e, struct request, by_key);

		if (is_of(q, m))
			return q;
	}
	return NULL;
}

struct request *requests_find_challenge(const struct requests *r, const struct message *m)
{
	struct index_entry *e;
	uint64_t hash;

	if (!m->state.value)
		return NULL;
	hash = hash_state(r, m);
	e = index_first(&r->by_key, hash);
	for (; e; e = index_next(e->next, hash)) {
		struct request *q = LIST_OWNER(e, struct request, by_key);

		if (q->state == REQUEST_CHALLENGED && is_ip(&q->client, &m->d->client) &&
		    q->sent_state_len == m->state.len &&
		    !memcmp(q->sent_state, m->state.value, m->state.len))
			return q;
	}
	return NULL;
}

static int keep(uint8_t **bytes, size_t *len, struct rd from)
{
	size_t n = rd_left(&from);
	uint8_t *copy = n ? malloc(n) : NULL;

	if (n && !copy)
		return ERR_NOMEM;
	if (n)
		memcpy(copy, rd_take(&from, n), n);
	free(*bytes);
	*bytes = copy;
	*len = n;
	return 0;
}

static struct request *make(struct requests *r)
{
	struct list *link = list_first(&r->spare);
	struct request *q;

	if (!link)
		return calloc(1, sizeof *q);
	list_drop(link);
	q = LIST_OWNER(link, struct request, in_age);
	*q = (struct request){.session = 0};
	return q;
}

static void discard(struct requests *r, struct request *q)
{
	free(q->bytes);
	free(q->sent_state);
	q->bytes = q->sent_state = NULL;
	list_push(&r->spare, &q->in_age);
}

struct request *requests_add(struct requests *r, const struct message *m, enum request_state state,
			     struct rd bytes)
{
	struct request *q = make(r);

	if (!q)
		return NULL;
	if (keep(&q->bytes, &q->len, bytes)) {
		discard(r, q);
		return NULL;
	}
	q->heard = m->time;
	q->state = state;
	q->nas_key = m->nas_key;
	q->nas = m->nas;
	q->client = m->d->client;
	q->server = m->d->server;
	q->client_port = m->d->client_port;
	q->server_port = m->d->server_port;
	q->identifier = m->packet.identifier;
	q->is_accounting = is_accounting(m);
	memcpy(q->authenticator, m->packet.authenticator, sizeof q->authenticator);
	index_add(&r->by_key, &q->by_key, hash_of(r, m));
	list_push(&r->age, &q->in_age);
	r->n++;
	return q;
}

struct request *requests_add_challenge(struct requests *r, const struct request *request,
				       const struct message *m)
{
	struct request *q = requests_add(r, m, REQUEST_CHALLENGED, rd_of(NULL, 0));

	if (!q)
		return NULL;
	if (keep(&q->bytes, &q->len, rd_of(request->bytes, request->len)) ||
	    keep(&q->sent_state, &q->sent_state_len, rd_of(m->state.value, m->state.len))) {
		requests_drop(r, q);
		return NULL;
	}
	q->session = request->session;
	q->nas_key = request->nas_key;
	q->nas = request->nas;
	index_drop(&q->by_key);
	index_add(&r->by_key, &q->by_key, hash_state(r, m));
	return q;
}

void requests_drop(struct requests *r, struct request *request)
{
	index_drop(&request->by_key);
	list_drop(&request->in_age);
	r->n--;
	discard(r, request);
}

void requests_touch(struct requests *r, struct request *request, struct nanos now)
{
	request->heard = now;
	list_drop(&request->in_age);
	list_push(&r->age, &request->in_age);
}

struct request *requests_oldest(const struct requests *r)
{
	struct list *link = list_first(&r->age);

	return link ? LIST_OWNER(link, struct request, in_age) : NULL;
}
