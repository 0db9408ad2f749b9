/* Buckets of fifteen slots, half of them full at most. A slot's tag says whether it is worth a
 * look; the tags of a bucket lie in half a cache line and are compared at once, so that an endpoint
 * that nobody expects costs one line and no loop, however full the table is.
 *
 *	tags    │ 0  T7  0  T3  0  T3  0 … n │    0: free; n: how many found this bucket full and
 *	slots   │    ··     ··     ··        │    went on: where it is 0, as nearly always, a
 *	                                          search ends
 *
 * Who changes the table fills a slot, and then publishes its tag; who matches reads the tags first.
 * A slot that is given to another endpoint while somebody reads it can be taken for the first one
 * only where both have the same tag; then one word says whose it is, either all old or all new. */
#include "media/media.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* One thread writes tags while others read sixteen at once: who looks for races sees them one by
 * one. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MEDIA_ONE_BY_ONE 1
#endif
#endif
#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__) && !defined(MEDIA_ONE_BY_ONE)
#define MEDIA_HAS_LANES 1
#include <emmintrin.h>
#endif

#include "base/pages.h"
#include "base/rd.h"

enum {
	LINE_LEN = 64,
	PAGE_LEN = 2 << 20,
	N_SLOTS = 15,
	N_LANES = 16,
	FIRST_BUCKETS = 4,
	TAG_FREE = 0
};

struct slot {
	_Atomic uint64_t ip[2];
	_Atomic uint64_t whose; /* owner, line, party, origin, kind: see pack */
	_Atomic uint32_t end;   /* port and version */
};

struct tags {
	_Alignas(2 * N_LANES) _Atomic uint16_t at[N_SLOTS];
	_Atomic uint16_t n_passed;
};

struct media {
	uint64_t seed;
	uint32_t mask; /* of buckets */
	uint32_t n;
	struct tags *tags;
	struct slot *slots; /* N_LANES of each bucket, so that none lies on two lines */
};

/* What is compared, and what is told. */
struct key {
	uint64_t ip[2];
	uint32_t end;
};

static inline struct key key_of(const struct media_endpoint *at)
{
	struct key k = {.end = (uint32_t)at->port << 8 | at->ip.version};

	memcpy(k.ip, at->ip.bytes, sizeof k.ip);
	return k;
}

static uint64_t pack(const struct media_expected *e)
{
	return (uint64_t)e->kind << 56 | (uint64_t)(e->origin & 15) << 52 |
	       (uint64_t)(e->party & 15) << 48 | (uint64_t)e->line << 32 | e->owner;
}

static inline struct media_hit unpack(uint64_t whose, bool is_source)
{
	return (struct media_hit){
		.owner = (uint32_t)whose,
		.line = (uint16_t)(whose >> 32),
		.party = whose >> 48 & 15,
		.kind = (uint8_t)(whose >> 56),
		.origin = whose >> 52 & 15,
		.is_source = is_source,
	};
}

/* Both halves of a product; nobody can foretell them who does not know the seed. */
static inline uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* An endpoint's bucket, the slot in it that it has where that was free, and its tag. */
struct place {
	uint32_t bucket;
	uint32_t first;
	uint16_t tag;
};

static inline struct place place_of(const struct media *m, const struct key *k)
{
	uint64_t h = mix(k->ip[0] ^ m->seed, k->ip[1] ^ 0x9e3779b97f4a7c15);
	uint64_t hash = mix(h ^ k->end ^ 0xc2b2ae3d27d4eb4f, m->seed | 1);

	return (struct place){
		.bucket = (uint32_t)hash & m->mask,
		.first = (uint32_t)(hash >> 32 & 0xffff) * N_SLOTS >> 16,
		.tag = (uint16_t)(hash >> 48 ? hash >> 48 : 1),
	};
}

static int make(struct media **out, uint64_t seed, uint32_t n_buckets)
{
	struct media *m = calloc(1, sizeof *m);

	*out = m;
	if (!m)
		return ERR_NOMEM;
	m->seed = seed;
	m->mask = n_buckets - 1;
	m->tags = pages_new(n_buckets * sizeof *m->tags);
	m->slots = pages_new(n_buckets * N_LANES * sizeof *m->slots);
	if (!m->tags || !m->slots) {
		media_free(out);
		return ERR_NOMEM;
	}
	return 0;
}

int media_new(struct media **out, uint64_t seed)
{
	return make(out, seed * 0x9e3779b97f4a7c15 + 0xd1b54a32d192ed03, FIRST_BUCKETS);
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

static inline bool is_at(const struct slot *s, const struct key *k)
{
	return atomic_load_explicit(&s->ip[0], memory_order_relaxed) == k->ip[0] &&
	       atomic_load_explicit(&s->ip[1], memory_order_relaxed) == k->ip[1] &&
	       atomic_load_explicit(&s->end, memory_order_relaxed) == k->end;
}

static inline uint16_t load_tag(const struct media *m, uint32_t bucket, uint32_t i)
{
	return atomic_load_explicit(&m->tags[bucket].at[i], memory_order_acquire);
}

static inline struct slot *slot_at(const struct media *m, uint32_t bucket, uint32_t i)
{
	return &m->slots[(size_t)bucket * N_LANES + i];
}

/* Bit i: slot i's tag is this one. On x86, which has lanes, what is loaded later was not there
 * sooner. */
static inline uint32_t slots_with(const struct media *m, uint32_t bucket, uint16_t tag)
{
#ifdef MEDIA_HAS_LANES
	const __m128i *lanes = (const __m128i *)(const void *)&m->tags[bucket];
	__m128i want = _mm_set1_epi16((short)tag);
	__m128i found = _mm_packs_epi16(_mm_cmpeq_epi16(_mm_load_si128(lanes), want),
					_mm_cmpeq_epi16(_mm_load_si128(lanes + 1), want));

	atomic_signal_fence(memory_order_acquire);
	return (uint32_t)_mm_movemask_epi8(found) & ((1u << N_SLOTS) - 1);
#else
	uint32_t found = 0;

	for (uint32_t i = 0; i < N_SLOTS; i++)
		found |= (uint32_t)(load_tag(m, bucket, i) == tag) << i;
	return found;
#endif
}

/* Whether an endpoint of this bucket may be in one behind it. */
static inline bool goes_on(const struct media *m, uint32_t bucket)
{
	return atomic_load_explicit(&m->tags[bucket].n_passed, memory_order_acquire) != 0;
}

/* One endpoint more, or less, has passed the buckets from the first to before the last. A count
 * that is full stays so. */
static void pass(struct media *m, uint32_t first, uint32_t last, int by)
{
	for (uint32_t b = first; b != last; b = (b + 1) & m->mask) {
		uint16_t n = m->tags[b].n_passed;

		if (n < UINT16_MAX)
			m->tags[b].n_passed = (uint16_t)(n + by);
	}
}

/* A free slot of the bucket, from the first on; N_SLOTS: none. */
static uint32_t free_slot(const struct media *m, uint32_t bucket, uint32_t first)
{
	uint32_t is_free = slots_with(m, bucket, TAG_FREE);

	if (is_free >> first)
		return first + (uint32_t)__builtin_ctz(is_free >> first);
	return is_free ? (uint32_t)__builtin_ctz(is_free) : N_SLOTS;
}

static void put(struct media *m, const struct key *k, uint64_t whose)
{
	struct place p = place_of(m, k);
	uint32_t i, bucket = p.bucket;
	struct slot *s;

	while ((i = free_slot(m, bucket, p.first)) == N_SLOTS)
		bucket = (bucket + 1) & m->mask;
	s = slot_at(m, bucket, i);
	m->n++;
	atomic_store_explicit(&s->ip[0], k->ip[0], memory_order_relaxed);
	atomic_store_explicit(&s->ip[1], k->ip[1], memory_order_relaxed);
	atomic_store_explicit(&s->end, k->end, memory_order_relaxed);
	atomic_store_explicit(&s->whose, whose, memory_order_relaxed);
	atomic_store_explicit(&m->tags[bucket].at[i], p.tag, memory_order_release);
	pass(m, p.bucket, bucket, 1);
}

/* A table twice as large with what is in this one. */
static int rebuild(struct media **m, struct media **retired)
{
	struct media *old = *m, *fresh;
	uint32_t n = old->mask + 1;
	int rc = make(&fresh, old->seed, n * 2);

	if (rc < 0)
		return rc;
	for (uint32_t b = 0; b < n; b++) {
		for (uint32_t i = 0; i < N_SLOTS; i++) {
			const struct slot *s = slot_at(old, b, i);
			struct key k = {{s->ip[0], s->ip[1]}, s->end};

			if (load_tag(old, b, i) != TAG_FREE)
				put(fresh, &k, s->whose);
		}
	}
	*retired = old;
	*m = fresh;
	return 0;
}

/* Of an endpoint's slots one after the other. */
struct walk {
	struct key key;
	struct place at;
	uint32_t bucket;
	uint32_t found; /* slots of it that are worth a look */
};

static inline struct walk walk_of(const struct media *m, const struct key *k)
{
	struct walk w = {.key = *k, .at = place_of(m, k)};

	w.bucket = w.at.bucket;
	w.found = slots_with(m, w.bucket, w.at.tag);
	return w;
}

/* NULL: there are no more. */
static inline struct slot *walk_next(const struct media *m, struct walk *w)
{
	for (;;) {
		while (w->found) {
			uint32_t i = (uint32_t)__builtin_ctz(w->found);
			struct slot *s = slot_at(m, w->bucket, i);

			w->found &= w->found - 1;
			if (is_at(s, &w->key))
				return s;
		}
		if (__builtin_expect(!goes_on(m, w->bucket), 1))
			return NULL;
		w->bucket = (w->bucket + 1) & m->mask;
		w->found = slots_with(m, w->bucket, w->at.tag);
	}
}

int media_add(struct media **m, const struct media_expected *e, struct media **retired)
{
	struct key k = key_of(&e->at);
	struct walk w = walk_of(*m, &k);
	uint64_t whose = pack(e);
	unsigned n_owners = 0;
	const struct slot *s;

	*retired = NULL;
	while ((s = walk_next(*m, &w))) {
		n_owners++;
		if (s->whose == whose)
			return 0;
	}
	if (n_owners >= MEDIA_MAX_OWNERS || (*m)->n >= MEDIA_MAX_EXPECTED)
		return ERR_FULL;
	if ((*m)->n >= ((*m)->mask + 1) * (N_LANES / 2)) {
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
	struct walk w = walk_of(m, &k);
	uint64_t whose = pack(e);
	const struct slot *s;

	while ((s = walk_next(m, &w))) {
		size_t i = (size_t)(s - slot_at(m, w.bucket, 0));

		if (s->whose != whose)
			continue;
		m->n--;
		atomic_store_explicit(&m->tags[w.bucket].at[i], TAG_FREE, memory_order_release);
		pass(m, w.at.bucket, w.bucket, -1);
		return true;
	}
	return false;
}

uint32_t media_n(const struct media *m)
{
	return m->n;
}

/* As walk_next, in registers: each packet's way. found: slots of its bucket worth a look. */
static inline __attribute__((always_inline)) int find(const struct media *m, const struct key *k,
						      struct place p, uint32_t found,
						      bool is_source, struct media_hit *hits)
{
	int n = 0;

	for (;;) {
		for (; found; found &= found - 1) {
			const struct slot *s = slot_at(m, p.bucket, (uint32_t)__builtin_ctz(found));

			if (!is_at(s, k))
				continue;
			hits[n++] = unpack(atomic_load_explicit(&s->whose, memory_order_relaxed),
					   is_source);
			if (n == MEDIA_MAX_OWNERS)
				return n;
		}
		if (__builtin_expect(!goes_on(m, p.bucket), 1))
			return n;
		p.bucket = (p.bucket + 1) & m->mask;
		found = slots_with(m, p.bucket, p.tag);
	}
}

static inline void pair(struct media_hit *from, int n_from, struct media_hit *to, int n_to)
{
	for (int i = 0; i < n_from; i++) {
		for (int k = 0; k < n_to; k++) {
			if (from[i].owner == to[k].owner)
				from[i].has_peer = to[k].has_peer = true;
		}
	}
}

int media_match(const struct media *m, const struct media_endpoint *src,
		const struct media_endpoint *dst, struct media_hit hits[MEDIA_MAX_HITS])
{
	struct key from = key_of(src), to = key_of(dst);
	struct place at = place_of(m, &from), other = place_of(m, &to);
	int n_from = find(m, &from, at, slots_with(m, at.bucket, at.tag), true, hits);
	int n_to =
		find(m, &to, other, slots_with(m, other.bucket, other.tag), false, hits + n_from);

	pair(hits, n_from, hits + n_from, n_to);
	return n_from + n_to;
}

/* An end of a packet on its way through a batch. */
struct aim {
	uint32_t bucket;
	uint16_t tag;
	uint16_t found;
};

static inline struct aim aim_at(const struct media *m, const struct media_endpoint *at)
{
	struct key k = key_of(at);
	struct place p = place_of(m, &k);

	__builtin_prefetch(&m->tags[p.bucket]);
	return (struct aim){.bucket = p.bucket, .tag = p.tag};
}

static inline void look(const struct media *m, struct aim *a)
{
	a->found = (uint16_t)slots_with(m, a->bucket, a->tag);
	if (a->found)
		__builtin_prefetch(slot_at(m, a->bucket, (uint32_t)__builtin_ctz(a->found)));
}

static inline int find_aimed(const struct media *m, const struct media_endpoint *at, struct aim a,
			     bool is_source, struct media_hit *hits)
{
	struct key k = key_of(at);

	return find(m, &k, (struct place){a.bucket, 0, a.tag}, a.found, is_source, hits);
}

/* Each round asks for the memory that the next one reads. */
void media_match_many(const struct media *m, const struct media_ends *packets, size_t n,
		      struct media_found *out)
{
	struct aim from[MEDIA_BATCH], to[MEDIA_BATCH];

	assert(n <= MEDIA_BATCH);
	for (size_t i = 0; i < n; i++) {
		from[i] = aim_at(m, &packets[i].src);
		to[i] = aim_at(m, &packets[i].dst);
	}
	for (size_t i = 0; i < n; i++) {
		look(m, &from[i]);
		look(m, &to[i]);
	}
	for (size_t i = 0; i < n; i++) {
		struct media_hit *hits = out[i].hits;
		int n_from = find_aimed(m, &packets[i].src, from[i], true, hits);
		int n_to = find_aimed(m, &packets[i].dst, to[i], false, hits + n_from);

		pair(hits, n_from, hits + n_from, n_to);
		out[i].n = n_from + n_to;
	}
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
