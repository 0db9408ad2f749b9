#include "watch/watch.h"

#include <stdlib.h>
#include <string.h>

#include "watch/base.h"
#include "watch/live.h"

enum { FIRST_ROOM = 64 };

struct watch {
	struct sieve sieves[N_FAMILIES];
	struct base *base;
	struct live live;
	_Atomic uint32_t n_warrants; /* of the base and of live targets */
};

/* Where a warrant stands with the packet in hand. */
struct watch_mark {
	uint64_t serial;
	size_t src_hit; /* of the layer's source, where `sides` says so */
	uint8_t layer;
	uint8_t sides; /* 1: source seen, 2: destination seen */
};

/* One end of a layer, while its prefixes are walked from the longest to the shortest. */
struct end_of_layer {
	struct watch_key key;
	uint8_t layer;
	uint8_t version;
	bool is_src;
};

/* An IP layer's two addresses. */
struct ip_layer {
	const uint8_t *src;
	const uint8_t *dst;
	int version;
	uint8_t index; /* in the packet */
};

__attribute__((noinline)) static bool grow_hits(struct watch_hits *hits)
{
	size_t size = hits->size * 2;
	struct watch_hit *at = reallocarray(hits->at, size, sizeof *at);

	if (!at)
		return false;
	hits->at = at;
	hits->size = size;
	return true;
}

static inline bool add_hit(struct watch_hits *hits, struct watch_hit hit)
{
	if (hits->n == hits->size && !grow_hits(hits))
		return false;
	hits->at[hits->n++] = hit;
	return true;
}

/* A warrant watches a prefix that holds this end: its longest one, if it is the first. */
static bool add_entry(const struct end_of_layer *end, uint32_t warrant, uint32_t session,
		      struct watch_hits *hits)
{
	uint8_t side = end->is_src ? 1 : 2;
	struct watch_mark *mark;

	if (warrant >= hits->n_marks)
		return true; /* it came meanwhile: not in this version yet */
	mark = &hits->marks[warrant];
	if (mark->serial != hits->serial)
		*mark = (struct watch_mark){hits->serial, 0, end->layer, 0};
	if (mark->layer != end->layer || mark->sides & side)
		return true;
	mark->sides |= side;
	if (!end->is_src && mark->sides & 1 && hits->at[mark->src_hit].session == session) {
		hits->at[mark->src_hit].direction = WATCH_BOTH;
		return true;
	}
	if (end->is_src)
		mark->src_hit = hits->n;
	return add_hit(hits, (struct watch_hit){warrant, session, end->layer,
						end->is_src ? WATCH_FROM : WATCH_TO});
}

static bool add_base_node(const struct base *b, uint32_t node, const struct end_of_layer *end,
			  struct watch_hits *hits)
{
	const struct entry *e = b->entries + b->nodes[node].first;
	bool is_ok = true;

	for (const struct entry *stop = e + b->nodes[node].n; is_ok && e < stop; e++)
		is_ok = add_entry(end, e->warrant, e->session, hits);
	return is_ok;
}

static bool add_live_node(const struct live *live, uint32_t node, const struct end_of_layer *end,
			  struct watch_hits *hits)
{
	uint32_t i = atomic_load_explicit(&live->nodes[node].first, memory_order_acquire);
	bool is_ok = true;

	while (is_ok && i) {
		const struct live_entry *e = &live->entries[i];

		is_ok = add_entry(end, e->warrant, e->session, hits);
		i = atomic_load_explicit(&e->next, memory_order_acquire);
	}
	return is_ok;
}

/* The prefixes that hold this end, of the base and of live targets, from the longest on; of two
 * that are the same the base's is first. */
static bool add_end(const struct watch *w, const struct end_of_layer *end, struct watch_hits *hits)
{
	const struct base *b = w->base;
	const struct live *live = &w->live;
	uint32_t base = base_find(b, end->version, end->key);
	bool is_used = atomic_load_explicit(&live->is_used, memory_order_acquire);
	uint32_t node = is_used ? live_find(live, end->version, end->key, MAX_BITS + 1) : 0;
	bool is_ok = true;

	while (is_ok && (base || node)) {
		if (base &&
		    (!node || b->nodes[base].prefix.bits >= live->nodes[node].prefix.bits)) {
			is_ok = add_base_node(b, base, end, hits);
			base = b->nodes[base].parent;
		} else {
			is_ok = add_live_node(live, node, end, hits);
			node = live_find(live, end->version, end->key,
					 live->nodes[node].prefix.bits);
		}
	}
	return is_ok;
}

static int version_of_layer(const struct weir_layer *l)
{
	return l->proto == WEIR_IPV4 ? V4 : V6;
}

/* Room for a mark of every warrant that there is by now. */
static bool grow_marks(const struct watch *w, struct watch_hits *hits)
{
	uint32_t n = atomic_load(&w->n_warrants);
	struct watch_mark *marks;

	if (n <= hits->n_marks)
		return true;
	marks = reallocarray(hits->marks, n, sizeof *marks);
	if (!marks)
		return false;
	memset(marks + hits->n_marks, 0, (n - hits->n_marks) * sizeof *marks);
	hits->marks = marks;
	hits->n_marks = n;
	return true;
}

static bool look_at_end(const struct watch *w, const struct end_of_layer *end,
			struct watch_hits *hits)
{
	return !sieve_passes(&w->sieves[end->version], end->version, end->key) ||
	       add_end(w, end, hits);
}

static struct ip_layer layer_of(const struct weir_packet *p, unsigned i)
{
	const struct weir_layer *l = &p->layers[i];

	return (struct ip_layer){net_ip_src_bytes(p, l), net_ip_dst_bytes(p, l),
				 version_of_layer(l), (uint8_t)i};
}

/* Both ends of a layer; false where there is no memory. */
static bool look_at_layer(const struct watch *w, const struct weir_packet *p, unsigned i,
			  struct watch_hits *hits)
{
	const struct ip_layer l = layer_of(p, i);
	struct end_of_layer src = {.layer = l.index, .version = (uint8_t)l.version, .is_src = true};
	struct end_of_layer dst = {.layer = l.index, .version = (uint8_t)l.version};

	src.key = l.version == V4 ? watch_key4(l.src) : watch_key6(l.src);
	dst.key = l.version == V4 ? watch_key4(l.dst) : watch_key6(l.dst);
	return look_at_end(w, &src, hits) && look_at_end(w, &dst, hits);
}

static inline unsigned end_passes4(const struct sieve *s, const uint8_t *end)
{
	unsigned found = sieve_has(s, sieve_hash4(end));

	return s->prefix_log ? found | sieve_has_prefix(s, V4, watch_key4(end)) : found;
}

static inline unsigned end_passes6(const struct sieve *s, const uint8_t *end)
{
	unsigned found = sieve_has(s, sieve_hash6(end));

	return s->prefix_log ? found | sieve_has_prefix(s, V6, watch_key6(end)) : found;
}

/* The source address and, right behind it, the destination address. */
static inline bool passes4(const struct sieve *s, const uint8_t *ends)
{
	unsigned found = sieve_has(s, sieve_hash4(ends)) | sieve_has(s, sieve_hash4(ends + 4));

	if (s->prefix_log)
		found |= sieve_has_prefix(s, V4, watch_key4(ends)) |
			 sieve_has_prefix(s, V4, watch_key4(ends + 4));
	return found;
}

static inline bool passes6(const struct sieve *s, const uint8_t *ends)
{
	unsigned found = sieve_has(s, sieve_hash6(ends)) | sieve_has(s, sieve_hash6(ends + 16));

	if (s->prefix_log)
		found |= sieve_has_prefix(s, V6, watch_key6(ends)) |
			 sieve_has_prefix(s, V6, watch_key6(ends + 16));
	return found;
}

/* The one entry of the only prefix of the base that holds this end, NULL where none does; false
 * where there are several. */
static inline __attribute__((always_inline)) bool
find_only(const struct watch *w, int version, const uint8_t *end, const struct entry **only)
{
	const struct base *b = w->base;
	bool is_v4 = version == V4;
	uint32_t n = 0;

	if (is_v4 ? end_passes4(&w->sieves[V4], end) : end_passes6(&w->sieves[V6], end))
		n = base_find(b, version, is_v4 ? watch_key4(end) : watch_key6(end));
	*only = n ? &b->entries[b->nodes[n].first] : NULL;
	return !n || (b->nodes[n].n == 1 && !b->nodes[n].parent);
}

static inline __attribute__((always_inline)) int
match_both(const struct watch *w, int version, const struct ip_layer *l, struct watch_hits *hits)
{
	const struct entry *src, *dst;

	if (!find_only(w, version, l->src, &src) || !find_only(w, version, l->dst, &dst))
		return ERR_AGAIN;
	if (src && dst && src->warrant == dst->warrant && src->session == dst->session)
		return add_hit(hits,
			       (struct watch_hit){src->warrant, src->session, l->index, WATCH_BOTH})
			       ? 0
			       : ERR_NOMEM;
	if (src &&
	    !add_hit(hits, (struct watch_hit){src->warrant, src->session, l->index, WATCH_FROM}))
		return ERR_NOMEM;
	if (!dst ||
	    add_hit(hits, (struct watch_hit){dst->warrant, dst->session, l->index, WATCH_TO}))
		return 0;
	hits->n -= src != NULL;
	return ERR_NOMEM;
}

/* A packet of one layer, both ends of which are simple, as nearly all are that somebody watches:
 * no marks are needed then. 0 or ERR_NOMEM; ERR_AGAIN where it is not simple. */
static int match_simple(const struct watch *w, const struct ip_layer *l, struct watch_hits *hits)
{
	if (atomic_load_explicit(&w->live.is_used, memory_order_acquire))
		return ERR_AGAIN;
	return l->version == V4 ? match_both(w, V4, l, hits) : match_both(w, V6, l, hits);
}

int watch_match_ends(const struct watch *w, bool is_v6, const uint8_t *ends,
		     struct watch_hits *hits)
{
	const struct ip_layer l = {ends, ends + (is_v6 ? 16 : 4), is_v6 ? V6 : V4, 0};

	return match_simple(w, &l, hits);
}

/* The packet from layer i on, where an address passed the sieve at first sight. */
__attribute__((noinline)) static int match_from(const struct watch *w, const struct weir_packet *p,
						struct watch_hits *hits, unsigned i)
{
	size_t n_before = hits->n;
	int rc = ERR_AGAIN;

	if (i == p->inner_ip && !(p->layers[i].flags & WEIR_LAYER_QUOTED)) {
		const struct ip_layer l = layer_of(p, i);

		rc = match_simple(w, &l, hits);
	}
	if (rc != ERR_AGAIN)
		return rc;
	if (!grow_marks(w, hits))
		return ERR_NOMEM;
	hits->serial++;
	for (; i <= p->inner_ip; i++) {
		const struct weir_layer *l = &p->layers[i];

		if (!net_is_ip(l) || l->flags & WEIR_LAYER_QUOTED || look_at_layer(w, p, i, hits))
			continue;
		hits->n = n_before;
		return ERR_NOMEM;
	}
	return 0;
}

static inline bool passes(const struct watch *w, const struct weir_packet *p,
			  const struct weir_layer *l)
{
	const uint8_t *ends = net_ip_src_bytes(p, l);

	if (l->proto == WEIR_IPV4)
		return passes4(&w->sieves[V4], ends);
	return l->proto == WEIR_IPV6 && passes6(&w->sieves[V6], ends);
}

/* Apart from its caller, so that what is usual need not save registers for it. */
__attribute__((noinline)) static int
match_layers(const struct watch *w, const struct weir_packet *p, struct watch_hits *hits)
{
	if (p->outer_ip == WEIR_NO_LAYER || p->inner_ip == WEIR_NO_LAYER)
		return 0; /* no IP, or only what an error quotes */
	for (unsigned i = p->outer_ip; i <= p->inner_ip; i++) {
		if (__builtin_expect(passes(w, p, &p->layers[i]), 0))
			return match_from(w, p, hits, i);
	}
	return 0;
}

/* Apart from its caller, as match_layers. */
__attribute__((noinline)) static bool may_match6(const struct watch *w, const uint8_t *ends)
{
	return passes6(&w->sieves[V6], ends);
}

bool watch_may_match(const struct watch *w, bool is_v6, const uint8_t *ends)
{
	return is_v6 ? may_match6(w, ends) : passes4(&w->sieves[V4], ends);
}

/* Nearly all packets have one IP layer, and nearly all targets are whole addresses. */
int watch_match(const struct watch *w, const struct weir_packet *p, struct watch_hits *hits)
{
	const struct sieve *s = &w->sieves[V4];
	unsigned i = p->outer_ip;
	const uint8_t *ends;

	if (i >= WEIR_MAX_LAYERS || i != p->inner_ip || p->layers[i].proto != WEIR_IPV4 ||
	    s->prefix_log)
		return match_layers(w, p, hits);
	ends = net_ip_src_bytes(p, &p->layers[i]);
	if (__builtin_expect(sieve_has(s, sieve_hash4(ends)) | sieve_has(s, sieve_hash4(ends + 4)),
			     0))
		return match_from(w, p, hits, i);
	return 0;
}

int watch_match_rest(const struct watch *w, const struct weir_packet *p, struct watch_hits *hits)
{
	if (p->outer_ip == WEIR_NO_LAYER || p->inner_ip == WEIR_NO_LAYER)
		return 0;
	return match_from(w, p, hits, p->outer_ip);
}

int watch_hits_init(struct watch_hits *hits, const struct watch *w)
{
	enum { FIRST_SIZE = 256 };

	*hits = (struct watch_hits){.size = FIRST_SIZE};
	hits->at = calloc(FIRST_SIZE, sizeof *hits->at);
	if (hits->at && grow_marks(w, hits))
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

/* What the base and the live targets need of a sieve, with room for more of the same, and for
 * one of `extra`. */
static void plan_of(const struct watch *w, const struct watch_target *extra,
		    struct sieve_plan plans[N_FAMILIES])
{
	const struct live *live = &w->live;

	for (int version = V4; version < N_FAMILIES; version++)
		plans[version] = w->base->plans[version];
	for (uint32_t i = 1; i < live->n_nodes; i++) {
		const struct net_prefix *prefix = &live->nodes[i].prefix;

		sieve_plan_add(&plans[watch_version(prefix)], watch_version(prefix), prefix);
	}
	if (extra)
		sieve_plan_add(&plans[watch_version(&extra->prefix)], watch_version(&extra->prefix),
			       &extra->prefix);
}

/* The sieve has bits for `room` more targets of the kinds that it knows. */
static int make_sieves(struct watch *w, const struct sieve_plan planned[N_FAMILIES], uint32_t room)
{
	int rc = 0;

	for (int version = V4; !rc && version < N_FAMILIES; version++) {
		struct sieve_plan plan = planned[version];

		plan.n_exact += plan.n_exact ? room : 0;
		plan.n_prefixes += plan.n_prefixes ? room : 0;
		rc = sieve_init(&w->sieves[version], version, &plan);
	}
	for (uint32_t i = 1; !rc && i < w->base->n_nodes; i++) {
		const struct net_prefix *prefix = &w->base->nodes[i].prefix;
		int version = watch_version(prefix);

		if (!sieve_admit(&w->sieves[version], version, prefix))
			rc = ERR_FULL;
	}
	return rc;
}

/* A watch without live targets yet; takes a use of the base, also where it fails. */
static int make(struct watch **out, struct base *base, const struct sieve_plan *plans,
		uint32_t room)
{
	struct watch *w = aligned_alloc(_Alignof(struct watch), sizeof *w);
	int rc = w ? 0 : ERR_NOMEM;

	if (w) {
		memset(w, 0, sizeof *w);
		w->base = base;
		w->n_warrants = base->n_warrants;
		rc = live_init(&w->live, room);
	} else {
		base_put(&base);
	}
	if (!rc)
		rc = make_sieves(w, plans, room);
	if (rc)
		watch_free(&w);
	*out = w;
	return rc;
}

int watch_new(struct watch **out, const struct watch_target *targets, size_t n)
{
	struct base *base;
	int rc = base_new(&base, targets, n);

	*out = NULL;
	return rc ? rc : make(out, base, base->plans, FIRST_ROOM);
}

static bool put_live(void *arg, const struct watch_target *t)
{
	struct watch *w = arg;
	int version = watch_version(&t->prefix);

	if (w->live.n_entries > w->live.room)
		return false;
	if (t->warrant >= atomic_load(&w->n_warrants))
		atomic_store(&w->n_warrants, t->warrant + 1);
	return sieve_admit(&w->sieves[version], version, &t->prefix) && live_add(&w->live, t);
}

/* A copy with room for as many live targets again, and for a part of the base's, so that what a
 * copy costs is shared by many changes. */
static int renew(struct watch **out, const struct watch *old, const struct watch_target *extra)
{
	struct sieve_plan plans[N_FAMILIES];
	uint32_t n_alive = old->live.n_alive;
	uint32_t room = n_alive + FIRST_ROOM + n_alive + old->base->n_nodes / 32;
	int rc;

	plan_of(old, extra, plans);
	old->base->n_users++;
	rc = make(out, old->base, plans, room);
	if (!rc && !(live_each(&old->live, put_live, *out) && put_live(*out, extra)))
		rc = ERR_FULL;
	if (rc)
		watch_free(out);
	return rc;
}

int watch_add(struct watch **w, const struct watch_target *t, struct watch **retired)
{
	struct watch *more;
	int rc;

	*retired = NULL;
	if (put_live(*w, t))
		return 0;
	rc = renew(&more, *w, t);
	if (rc)
		return rc;
	*retired = *w;
	*w = more;
	return 0;
}

bool watch_remove(struct watch *w, const struct watch_target *t)
{
	return live_remove(&w->live, t);
}

void watch_free(struct watch **w)
{
	if (!*w)
		return;
	for (int version = V4; version < N_FAMILIES; version++)
		sieve_fini(&(*w)->sieves[version]);
	live_fini(&(*w)->live);
	base_put(&(*w)->base);
	free(*w);
	*w = NULL;
}
