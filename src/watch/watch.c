#include "watch/watch.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "watch/table.h"

enum { V4, V6, N_FAMILIES, MAX_BITS = 128 };

enum { SIEVE_EXACT_LOG = 12, SIEVE_PREFIX_LOG = 16, SIEVE_MAX_LOG = 24 };

/* Its product spreads a number over the upper bits (2^64 by the golden ratio). */
#define SIEVE_FACTOR 0x9e3779b97f4a7c15ull

/* A prefix that somebody watches. Node 0 is nobody's. */
struct node {
	struct net_prefix prefix;
	uint32_t parent; /* the next longest prefix that holds it; 0: none */
	uint32_t first;  /* of its entries */
	uint32_t n;
};

struct entry {
	uint32_t warrant;
	uint32_t session;
};

/* Two bitmaps that most addresses do not pass, on one cache line: whole addresses by a hash, and
 * prefixes by their first bits (IPv4: as they are; IPv6: a hash of no more bits than the shortest
 * prefix has). Where there is nothing to watch they are a word of zeros. */
struct sieve {
	_Alignas(64) const uint64_t *exact;
	const uint64_t *prefix;
	uint64_t prefix_mask; /* IPv6 */
	uint8_t exact_shift;
	uint8_t prefix_shift;
};

/* Addresses of one version: whole ones in a table apart, since most targets are; prefixes in one
 * table a length. */
struct family {
	struct watch_table exact;
	struct watch_table *prefixes; /* the longest first */
	int n_prefixes;
	uint64_t *exact_bits; /* NULL: the sieve has no own */
	uint64_t *prefix_bits;
};

struct watch {
	struct sieve sieves[N_FAMILIES];
	struct family families[N_FAMILIES];
	struct node *nodes;
	uint32_t n_nodes; /* with node 0 */
	struct entry *entries;
	uint32_t n_warrants;
};

/* Where a warrant stands with the packet in hand. */
struct watch_mark {
	uint64_t serial;
	size_t src_hit; /* of the layer's source, where `sides` says so */
	uint8_t layer;
	uint8_t sides; /* 1: source seen, 2: destination seen */
};

static struct watch_key key4(const uint8_t *bytes)
{
	uint32_t v;

	memcpy(&v, bytes, sizeof v);
	return (struct watch_key){be32toh(v), 0};
}

static struct watch_key key6(const uint8_t *bytes)
{
	struct watch_key k;

	memcpy(&k.hi, bytes, 8);
	memcpy(&k.lo, bytes + 8, 8);
	return (struct watch_key){be64toh(k.hi), be64toh(k.lo)};
}

static struct watch_key key_of(const struct net_ip *ip)
{
	return ip->version == 4 ? key4(ip->bytes) : key6(ip->bytes);
}

/* Bit i of a bitmap; the shift left few enough bits for its size. */
static inline uint64_t bit(const uint64_t *bits, uint64_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

static inline uint64_t exact_index(const struct sieve *s, int version, struct watch_key k)
{
	return (version == V4 ? k.hi * SIEVE_FACTOR : watch_hash(k)) >> s->exact_shift;
}

static inline uint64_t prefix_index(const struct sieve *s, int version, struct watch_key k)
{
	return (version == V4 ? k.hi : (k.hi & s->prefix_mask) * SIEVE_FACTOR) >> s->prefix_shift;
}

static inline uint64_t passes(const struct sieve *s, int version, struct watch_key k)
{
	return bit(s->exact, exact_index(s, version, k)) |
	       bit(s->prefix, prefix_index(s, version, k));
}

/* The longest prefix that holds the key, among the tables from `from` on. */
static uint32_t find_prefix(const struct family *f, struct watch_key k, int from)
{
	uint32_t node = 0;

	for (int i = from; i < f->n_prefixes && !node; i++)
		node = watch_table_find(&f->prefixes[i], k);
	return node;
}

static uint32_t find(const struct family *f, struct watch_key k)
{
	uint32_t node = f->exact.tags ? watch_table_find(&f->exact, k) : 0;

	return node ? node : find_prefix(f, k, 0);
}

static bool add_hit(struct watch_hits *hits, struct watch_hit hit)
{
	if (hits->n == hits->size) {
		size_t size = hits->size * 2;
		struct watch_hit *at = reallocarray(hits->at, size, sizeof *at);

		if (!at)
			return false;
		hits->at = at;
		hits->size = size;
	}
	hits->at[hits->n++] = hit;
	return true;
}

/* One end of a layer: its address lies in node and all of its parents. */
static bool add_end(const struct watch *w, uint32_t node, int layer, bool is_src,
		    struct watch_hits *hits)
{
	uint8_t side = is_src ? 1 : 2;

	for (; node; node = w->nodes[node].parent) {
		const struct entry *e = w->entries + w->nodes[node].first;

		for (const struct entry *end = e + w->nodes[node].n; e < end; e++) {
			struct watch_mark *mark = &hits->marks[e->warrant];

			if (mark->serial != hits->serial)
				*mark = (struct watch_mark){hits->serial, 0, (uint8_t)layer, 0};
			if (mark->layer != layer || mark->sides & side)
				continue;
			mark->sides |= side;
			if (!is_src && mark->sides & 1 &&
			    hits->at[mark->src_hit].session == e->session) {
				hits->at[mark->src_hit].direction = WATCH_BOTH;
				continue;
			}
			if (is_src)
				mark->src_hit = hits->n;
			if (!add_hit(hits,
				     (struct watch_hit){e->warrant, e->session, (uint8_t)layer,
							is_src ? WATCH_FROM : WATCH_TO}))
				return false;
		}
	}
	return true;
}

static int version_of_layer(const struct weir_layer *l)
{
	return l->proto == WEIR_IPV4 ? V4 : V6;
}

/* The packet from layer i on, where an address passed the sieve. */
__attribute__((noinline)) static int match_from(const struct watch *w, const struct weir_packet *p,
						int i, struct watch_hits *hits)
{
	size_t n_before = hits->n;

	hits->serial++;
	for (; i <= p->inner_ip; i++) {
		const struct weir_layer *l = &p->layers[i];
		const struct family *f = &w->families[version_of_layer(l)];
		struct net_ip src, dst;

		if (l->flags & WEIR_LAYER_QUOTED || !net_ip_src(p, i, &src) ||
		    !net_ip_dst(p, i, &dst))
			continue;
		if (!add_end(w, find(f, key_of(&src)), i, true, hits) ||
		    !add_end(w, find(f, key_of(&dst)), i, false, hits)) {
			hits->n = n_before;
			return ERR_NOMEM;
		}
	}
	return 0;
}

/* Apart from its caller, so that IPv4 alone need not save registers for it. */
__attribute__((noinline)) static bool passes6(const struct sieve *s, const struct weir_packet *p,
					      const struct weir_layer *l)
{
	return passes(s, V6, key6(net_ip_src_bytes(p, l))) |
	       passes(s, V6, key6(net_ip_dst_bytes(p, l)));
}

int watch_match(const struct watch *w, const struct weir_packet *p, struct watch_hits *hits)
{
	const struct sieve *s4 = &w->sieves[V4];

	if (p->outer_ip == WEIR_NO_LAYER || p->inner_ip == WEIR_NO_LAYER)
		return 0; /* no IP, or only what an error quotes */
	for (unsigned i = p->outer_ip; i <= p->inner_ip; i++) {
		const struct weir_layer *l = &p->layers[i];
		uint64_t found = 0;

		if (l->proto == WEIR_IPV4)
			found = passes(s4, V4, key4(net_ip_src_bytes(p, l))) |
				passes(s4, V4, key4(net_ip_dst_bytes(p, l)));
		else if (l->proto == WEIR_IPV6)
			found = passes6(&w->sieves[V6], p, l);
		if (__builtin_expect(found != 0, 0))
			return match_from(w, p, (int)i, hits);
	}
	return 0;
}

int watch_hits_init(struct watch_hits *hits, const struct watch *w)
{
	enum { FIRST_SIZE = 256 };

	*hits = (struct watch_hits){.size = FIRST_SIZE};
	hits->at = calloc(FIRST_SIZE, sizeof *hits->at);
	hits->marks = calloc(w->n_warrants + 1, sizeof *hits->marks);
	if (hits->at && hits->marks)
		return 0;
	watch_hits_fini(hits);
	return ERR_NOMEM;
}

void watch_hits_fini(struct watch_hits *hits)
{
	free(hits->at);
	free(hits->marks);
	*hits = (struct watch_hits){.at = NULL};
}

/* Compiling: sorted so that equal prefixes stand together, and longer ones before shorter. */
static int by_prefix(const void *a, const void *b)
{
	const struct watch_target *x = *(const struct watch_target *const *)a;
	const struct watch_target *y = *(const struct watch_target *const *)b;
	int order = x->prefix.ip.version - y->prefix.ip.version;

	if (!order)
		order = y->prefix.bits - x->prefix.bits;
	if (!order)
		order = memcmp(x->prefix.ip.bytes, y->prefix.ip.bytes, 16);
	return order ? order : x < y ? -1 : x > y;
}

static int sort_targets(const struct watch_target ***out, const struct watch_target *targets,
			size_t n)
{
	const struct watch_target **sorted = calloc(n + 1, sizeof *sorted);

	*out = sorted;
	if (!sorted)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &targets[i];
	qsort(sorted, n, sizeof *sorted, by_prefix);
	return 0;
}

static bool is_same_prefix(const struct net_prefix *a, const struct net_prefix *b)
{
	return a->ip.version == b->ip.version && a->bits == b->bits &&
	       !memcmp(a->ip.bytes, b->ip.bytes, sizeof a->ip.bytes);
}

static int width_of(int version)
{
	return version == V4 ? 32 : 128;
}

static int version_of(const struct net_prefix *p)
{
	return p->ip.version == 4 ? V4 : V6;
}

/* Nodes and entries from the sorted targets. */
static int make_nodes(struct watch *w, const struct watch_target *const *sorted, size_t n)
{
	w->nodes = calloc(n + 1, sizeof *w->nodes);
	w->entries = calloc(n + 1, sizeof *w->entries);
	if (!w->nodes || !w->entries)
		return ERR_NOMEM;
	w->n_nodes = 1;
	for (size_t i = 0; i < n; i++) {
		struct node *node = &w->nodes[w->n_nodes - 1];

		if (!i || !is_same_prefix(&sorted[i]->prefix, &sorted[i - 1]->prefix)) {
			node = &w->nodes[w->n_nodes++];
			node->prefix = sorted[i]->prefix;
			node->first = (uint32_t)i;
		}
		node->n++;
		w->entries[i] = (struct entry){sorted[i]->warrant, sorted[i]->session};
		if (sorted[i]->warrant >= w->n_warrants)
			w->n_warrants = sorted[i]->warrant + 1;
	}
	return 0;
}

/* A table for each length that the family has; nodes stand longest first. */
static int make_tables(struct watch *w, int version)
{
	struct family *f = &w->families[version];
	uint32_t counts[MAX_BITS + 1] = {0};
	int rc = 0;

	for (uint32_t i = 1; i < w->n_nodes; i++) {
		if (version_of(&w->nodes[i].prefix) == version)
			counts[w->nodes[i].prefix.bits]++;
	}
	f->prefixes = calloc(MAX_BITS, sizeof *f->prefixes);
	if (!f->prefixes)
		return ERR_NOMEM;
	for (int bits = width_of(version); bits >= 0 && !rc; bits--) {
		bool is_exact = bits == width_of(version);

		if (counts[bits])
			rc = watch_table_init(is_exact ? &f->exact : &f->prefixes[f->n_prefixes++],
					      bits, width_of(version), counts[bits]);
	}
	return rc;
}

static void fill_tables(struct watch *w)
{
	for (uint32_t i = 1; i < w->n_nodes; i++) {
		const struct net_prefix *prefix = &w->nodes[i].prefix;
		struct family *f = &w->families[version_of(prefix)];
		struct watch_table *t = &f->exact;

		if (prefix->bits != width_of(version_of(prefix))) {
			t = f->prefixes;
			while (t->bits != prefix->bits)
				t++;
		}
		watch_table_add(t, key_of(&prefix->ip), i);
	}
	for (uint32_t i = 1; i < w->n_nodes; i++) {
		const struct net_prefix *prefix = &w->nodes[i].prefix;
		const struct family *f = &w->families[version_of(prefix)];
		int shorter = 0;

		while (shorter < f->n_prefixes && f->prefixes[shorter].bits >= prefix->bits)
			shorter++;
		w->nodes[i].parent = find_prefix(f, key_of(&prefix->ip), shorter);
	}
}

/* A bitmap of 2^12 to 2^24 bits, sixteen or more for every one of n; *log its size. */
static uint64_t *new_bits(uint32_t n, int least, int *log)
{
	*log = least;
	while (*log < SIEVE_MAX_LOG && n >> (*log - 4))
		++*log;
	return calloc((size_t)1 << (*log - 6), sizeof(uint64_t));
}

static void set_bit(uint64_t *bits, uint64_t i)
{
	bits[i / 64] |= (uint64_t)1 << (i % 64);
}

/* All bits of the first `log` bits of addresses that a prefix of IPv4 holds; one bit of IPv6. */
static void set_prefix(const struct sieve *s, uint64_t *bits, const struct net_prefix *prefix,
		       int log)
{
	int version = version_of(prefix);
	uint64_t first = prefix_index(s, version, key_of(&prefix->ip));
	uint64_t n = version == V4 && prefix->bits < log ? (uint64_t)1 << (log - prefix->bits) : 1;

	for (uint64_t i = 0; i < n; i++)
		set_bit(bits, first + i);
}

static void fill_sieve(struct watch *w, int version, int prefix_log)
{
	const struct sieve *s = &w->sieves[version];
	struct family *f = &w->families[version];

	for (uint32_t i = 1; i < w->n_nodes; i++) {
		const struct net_prefix *prefix = &w->nodes[i].prefix;

		if (version_of(prefix) != version)
			continue;
		if (prefix->bits == width_of(version))
			set_bit(f->exact_bits, exact_index(s, version, key_of(&prefix->ip)));
		else
			set_prefix(s, f->prefix_bits, prefix, prefix_log);
	}
}

static int make_sieve(struct watch *w, int version)
{
	static const uint64_t nothing;
	struct sieve *s = &w->sieves[version];
	struct family *f = &w->families[version];
	uint32_t counts[2] = {0};
	int log = 0;

	*s = (struct sieve){.exact = &nothing, .prefix = &nothing};
	s->exact_shift = s->prefix_shift = 64 - 6;
	for (uint32_t i = 1; i < w->n_nodes; i++) {
		if (version_of(&w->nodes[i].prefix) == version)
			counts[w->nodes[i].prefix.bits == width_of(version)]++;
	}
	if (counts[1]) {
		s->exact = f->exact_bits = new_bits(counts[1], SIEVE_EXACT_LOG, &log);
		s->exact_shift = (uint8_t)(64 - log);
	}
	if (counts[0]) {
		s->prefix = f->prefix_bits = new_bits(counts[0], SIEVE_PREFIX_LOG, &log);
		s->prefix_shift = (uint8_t)((version == V4 ? 32 : 64) - log);
		s->prefix_mask = f->prefixes[f->n_prefixes - 1].mask.hi;
	}
	if ((counts[1] && !f->exact_bits) || (counts[0] && !f->prefix_bits))
		return ERR_NOMEM;
	fill_sieve(w, version, log);
	return 0;
}

int watch_new(struct watch **out, const struct watch_target *targets, size_t n)
{
	struct watch *w = aligned_alloc(_Alignof(struct watch), sizeof *w);
	const struct watch_target **sorted = NULL;
	int rc = w ? 0 : ERR_NOMEM;

	if (w)
		memset(w, 0, sizeof *w);
	if (n > WATCH_MAX_TARGETS)
		rc = ERR_FULL;
	if (!rc)
		rc = sort_targets(&sorted, targets, n);
	if (!rc)
		rc = make_nodes(w, sorted, n);
	for (int version = V4; !rc && version < N_FAMILIES; version++)
		rc = make_tables(w, version);
	if (!rc)
		fill_tables(w);
	for (int version = V4; !rc && version < N_FAMILIES; version++)
		rc = make_sieve(w, version);
	free(sorted);
	if (rc)
		watch_free(&w);
	*out = w;
	return rc;
}

void watch_free(struct watch **w)
{
	if (!*w)
		return;
	for (int version = V4; version < N_FAMILIES; version++) {
		struct family *f = &(*w)->families[version];

		watch_table_fini(&f->exact);
		for (int i = 0; i < f->n_prefixes; i++)
			watch_table_fini(&f->prefixes[i]);
		free(f->prefixes);
		free(f->exact_bits);
		free(f->prefix_bits);
	}
	free((*w)->nodes);
	free((*w)->entries);
	free(*w);
	*w = NULL;
}
