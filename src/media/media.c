/* Open addressing with linear probing, at most three quarters full. A slot's tag says whether it
 * is worth a look; tags lie apart from slots, 16 to a cache line, so that an endpoint that nobody
 * expects nearly always costs one line.
 *
 *	tags    0   T7   0   T3  GONE  T3   0 …        0: free, and a search ends there
 *	slots       ··       ··        ··              at the tag's place
 *
 * Who changes the table fills a slot, and then publishes its tag; who matches reads the tag first.
 * A slot that is given to another endpoint while somebody reads it can be taken for the first one
 * only where both have the same tag; then one word says whose it is, either all old or all new. */
#include "media/media.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"

enum { FIRST_SIZE = 64, TAG_GONE = 1, TAG_LEAST = 2 };

struct slot {
	_Atomic uint64_t ip[2];
	_Atomic uint64_t whose; /* owner, line, party, kind, origin: see pack */
	_Atomic uint32_t end;   /* port and version */
};

struct tag {
	_Atomic uint32_t value;
};

struct media {
	uint64_t seed;
	uint32_t mask;
	uint32_t n;
	uint32_t n_used; /* tags that are not 0 */
	struct tag *tags;
	struct slot *slots;
};

/* What is compared, and what is told. */
struct key {
	uint64_t ip[2];
	uint32_t end;
};

static struct key key_of(const struct media_endpoint *at)
{
	struct key k = {.end = (uint32_t)at->port << 8 | at->ip.version};

	memcpy(k.ip, at->ip.bytes, sizeof k.ip);
	return k;
}

static uint64_t pack(const struct media_expected *e)
{
	return (uint64_t)e->owner << 32 | (uint64_t)e->line << 16 | (uint64_t)(e->party & 15) << 8 |
	       (uint64_t)(e->kind & 15) << 4 | (e->origin & 15);
}

static struct media_hit unpack(uint64_t whose, bool is_source)
{
	return (struct media_hit){
		.owner = (uint32_t)(whose >> 32),
		.line = (uint16_t)(whose >> 16),
		.party = whose >> 8 & 15,
		.kind = whose >> 4 & 15,
		.origin = whose & 15,
		.is_source = is_source,
	};
}

/* Both halves of a product; nobody can foretell them who does not know the seed. */
static inline uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_of(const struct media *m, const struct key *k)
{
	uint64_t h = mix(k->ip[0] ^ m->seed, k->ip[1] ^ 0x9e3779b97f4a7c15);

	return mix(h ^ k->end ^ 0xc2b2ae3d27d4eb4f, m->seed | 1);
}

static inline uint32_t tag_of(uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash >> 32);

	return tag < TAG_LEAST ? tag + TAG_LEAST : tag;
}

static int make(struct media **out, uint64_t seed, uint32_t size)
{
	struct media *m = calloc(1, sizeof *m);

	*out = m;
	if (!m)
		return ERR_NOMEM;
	m->seed = seed;
	m->mask = size - 1;
	m->tags = calloc(size, sizeof *m->tags);
	m->slots = calloc(size, sizeof *m->slots);
	if (!m->tags || !m->slots) {
		media_free(out);
		return ERR_NOMEM;
	}
	return 0;
}

int media_new(struct media **out, uint64_t seed)
{
	return make(out, seed * 0x9e3779b97f4a7c15 + 0xd1b54a32d192ed03, FIRST_SIZE);
}

void media_free(struct media **m)
{
	if (*m) {
		free((*m)->tags);
		free((*m)->slots);
	}
	free(*m);
	*m = NULL;
}

static bool is_at(const struct slot *s, const struct key *k)
{
	return atomic_load_explicit(&s->ip[0], memory_order_relaxed) == k->ip[0] &&
	       atomic_load_explicit(&s->ip[1], memory_order_relaxed) == k->ip[1] &&
	       atomic_load_explicit(&s->end, memory_order_relaxed) == k->end;
}

static uint32_t load_tag(const struct media *m, uint64_t i)
{
	return atomic_load_explicit(&m->tags[i & m->mask].value, memory_order_acquire);
}

static void store_tag(struct media *m, uint64_t i, uint32_t tag)
{
	atomic_store_explicit(&m->tags[i & m->mask].value, tag, memory_order_release);
}

static void put(struct media *m, const struct key *k, uint64_t whose)
{
	uint64_t hash = hash_of(m, k), i = hash;
	struct slot *s;

	while (load_tag(m, i) >= TAG_LEAST)
		i++;
	s = &m->slots[i & m->mask];
	m->n_used += load_tag(m, i) == 0;
	m->n++;
	atomic_store_explicit(&s->ip[0], k->ip[0], memory_order_relaxed);
	atomic_store_explicit(&s->ip[1], k->ip[1], memory_order_relaxed);
	atomic_store_explicit(&s->end, k->end, memory_order_relaxed);
	atomic_store_explicit(&s->whose, whose, memory_order_relaxed);
	store_tag(m, i, tag_of(hash));
}

/* Another table with what is in this one, twice as large where it is more than half full. */
static int rebuild(struct media **m, struct media **retired)
{
	struct media *old = *m, *fresh;
	uint32_t size = old->mask + 1;
	int rc = make(&fresh, old->seed, old->n >= size / 2 ? size * 2 : size);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < size; i++) {
		const struct slot *s = &old->slots[i];
		struct key k = {{s->ip[0], s->ip[1]}, s->end};

		if (load_tag(old, i) >= TAG_LEAST)
			put(fresh, &k, s->whose);
	}
	*retired = old;
	*m = fresh;
	return 0;
}

int media_add(struct media **m, const struct media_expected *e, struct media **retired)
{
	struct key k = key_of(&e->at);
	uint64_t hash = hash_of(*m, &k), whose = pack(e);
	unsigned n_owners = 0;
	uint32_t tag;

	*retired = NULL;
	for (uint64_t i = hash; (tag = load_tag(*m, i)) != 0; i++) {
		const struct slot *s = &(*m)->slots[i & (*m)->mask];

		if (tag != tag_of(hash) || !is_at(s, &k))
			continue;
		n_owners++;
		if (s->whose == whose)
			return 0;
	}
	if (n_owners >= MEDIA_MAX_OWNERS || (*m)->n >= MEDIA_MAX_EXPECTED)
		return ERR_FULL;
	if ((*m)->n_used >= (*m)->mask / 4 * 3) {
		int rc = rebuild(m, retired);

		if (rc < 0)
			return rc;
	}
	put(*m, &k, whose);
	return 0;
}

bool media_remove(struct media *m, const struct media_expected *e)
{
	struct key k = key_of(&e->at);
	uint64_t hash = hash_of(m, &k), whose = pack(e);
	uint32_t tag;

	for (uint64_t i = hash; (tag = load_tag(m, i)) != 0; i++) {
		const struct slot *s = &m->slots[i & m->mask];

		if (tag != tag_of(hash) || !is_at(s, &k) || s->whose != whose)
			continue;
		m->n--;
		if (load_tag(m, i + 1) == 0) {
			store_tag(m, i, 0);
			m->n_used--;
		} else {
			store_tag(m, i, TAG_GONE);
		}
		return true;
	}
	return false;
}

uint32_t media_n(const struct media *m)
{
	return m->n;
}

/* An end of a packet, before it is looked for. */
struct look {
	struct key key;
	uint64_t hash;
};

/* The memory that the search begins with is asked for at once, for both ends of a packet before
 * either is looked for. */
static inline struct look look_of(const struct media *m, const struct media_endpoint *at)
{
	struct look l = {.key = key_of(at)};

	l.hash = hash_of(m, &l.key);
	__builtin_prefetch(&m->tags[l.hash & m->mask]);
	__builtin_prefetch(&m->slots[l.hash & m->mask]);
	return l;
}

static int find(const struct media *m, const struct look *l, bool is_source, struct media_hit *hits)
{
	int n = 0;
	uint32_t tag;

	for (uint64_t i = l->hash; (tag = load_tag(m, i)) != 0 && n < MEDIA_MAX_OWNERS; i++) {
		const struct slot *s = &m->slots[i & m->mask];

		if (tag == tag_of(l->hash) && is_at(s, &l->key))
			hits[n++] = unpack(atomic_load_explicit(&s->whose, memory_order_relaxed),
					   is_source);
	}
	return n;
}

int media_match(const struct media *m, const struct media_endpoint *src,
		const struct media_endpoint *dst, struct media_hit hits[MEDIA_MAX_HITS])
{
	struct look from = look_of(m, src), to = look_of(m, dst);
	int n = find(m, &from, true, hits);

	return n + find(m, &to, false, hits + n);
}

bool media_packet_of(const struct weir_packet *p, struct media_packet *out)
{
	const struct weir_layer *l;
	struct rd r;

	if (p->transport == WEIR_NO_LAYER || p->layers[p->transport].proto != WEIR_UDP)
		return false;
	l = &p->layers[p->transport];
	*out = (struct media_packet){0};
	if (!net_ip_src(p, p->inner_ip, &out->src.ip) || !net_ip_dst(p, p->inner_ip, &out->dst.ip))
		return false;
	r = rd_of(p->frame->bytes + l->offset, l->len);
	out->src.port = rd_u16(&r);
	out->dst.port = rd_u16(&r);
	rd_skip(&r, 4);
	out->bytes = r.at;
	out->len = rd_left(&r);
	out->is_cut = l->flags & WEIR_LAYER_CUT;
	return r.ok;
}

const char *media_kind_key(enum media_kind kind)
{
	static const char *const keys[] = {
#define X(name, key, text) key,
		MEDIA_KINDS(X)
#undef X
	};

	return keys[kind];
}

const char *media_origin_key(enum media_origin origin)
{
	static const char *const keys[] = {
#define X(name, key, text) key,
		MEDIA_ORIGINS(X)
#undef X
	};

	return keys[origin];
}
