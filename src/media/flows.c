#include "media/flows.h"

#include <string.h>

#include "base/hash.h"

enum {
	MAX_DROPOUT = 3000, /* RFC 3550 A.1: numbers that may be missing in a row */
	MAX_MISORDER = 100, /* … and by how many a packet may be late */
};

struct media_flows {
	struct index by_key;
	struct list order;
	uint64_t seed;
	uint64_t n_left_out;
	uint32_t n;
	uint32_t max;
};

struct flow_key {
	struct media_endpoint src;
	struct media_endpoint dst;
	uint32_t ssrc;
	uint32_t owner;
};

int media_flows_new(struct media_flows **out, uint32_t max, uint64_t seed)
{
	struct media_flows *f = calloc(1, sizeof *f);
	int rc;

	*out = f;
	if (!f)
		return ERR_NOMEM;
	f->seed = seed;
	f->max = max;
	list_init(&f->order);
	rc = index_init(&f->by_key, max);
	if (rc < 0)
		media_flows_free(out);
	return rc;
}

struct media_flow *media_flows_next(const struct media_flows *f, const struct media_flow *before)
{
	struct list *link = before ? before->in_order.next : f->order.next;

	return link == &f->order ? NULL : LIST_OWNER(link, struct media_flow, in_order);
}

void media_flows_free(struct media_flows **pf)
{
	struct media_flows *f = *pf;

	while (f && list_first(&f->order)) {
		struct media_flow *flow = media_flows_next(f, NULL);

		list_drop(&flow->in_order);
		free(flow);
	}
	if (f)
		index_fini(&f->by_key);
	free(f);
	*pf = NULL;
}

static bool is_of(const struct media_flow *flow, const struct flow_key *k)
{
	return flow->ssrc == k->ssrc && flow->owner == k->owner &&
	       media_endpoint_is(&flow->src, &k->src) && media_endpoint_is(&flow->dst, &k->dst);
}

static struct media_flow *find(struct media_flows *f, const struct flow_key *k, uint64_t hash)
{
	struct index_entry *e = index_first(&f->by_key, hash);

	for (; e; e = index_next(e->next, hash)) {
		struct media_flow *flow = LIST_OWNER(e, struct media_flow, by_key);

		if (is_of(flow, k))
			return flow;
	}
	return NULL;
}

static struct media_flow *add(struct media_flows *f, const struct flow_key *k, uint64_t hash)
{
	struct media_flow *flow = f->n < f->max ? calloc(1, sizeof *flow) : NULL;

	if (!flow) {
		f->n_left_out++;
		return NULL;
	}
	memcpy(&flow->src, &k->src, sizeof k->src);
	memcpy(&flow->dst, &k->dst, sizeof k->dst);
	flow->ssrc = k->ssrc;
	flow->owner = k->owner;
	list_init(&flow->in_order);
	list_push(&f->order, &flow->in_order);
	index_add(&f->by_key, &flow->by_key, hash);
	f->n++;
	return flow;
}

static void note_type(struct media_flow *flow, uint8_t type)
{
	for (uint8_t i = 0; i < flow->n_types; i++) {
		if (flow->types[i] == type)
			return;
	}
	if (flow->n_types < FLOWS_MAX_TYPES)
		flow->types[flow->n_types++] = type;
}

static void begin_numbers(struct media_flow *flow, uint16_t seq)
{
	flow->lowest = flow->highest = (1u << 16) + seq;
	flow->seen = 1;
}

/* A number ahead of the highest by a little goes on from it, over a wrap too; one that is behind by
 * a little is late, or was there before; others are of a source that began anew. */
static void note_number(struct media_flow *flow, uint16_t seq)
{
	uint16_t ahead = (uint16_t)(seq - (uint16_t)flow->highest);
	uint16_t behind = (uint16_t)-ahead;

	if (ahead && ahead < MAX_DROPOUT) {
		flow->highest += ahead;
		flow->seen = ahead < 64 ? flow->seen << ahead | 1 : 1;
		return;
	}
	if (behind > MAX_MISORDER) {
		flow->n_before += flow->highest - flow->lowest + 1;
		begin_numbers(flow, seq);
		return;
	}
	if (behind < 64 && flow->seen >> behind & 1) {
		flow->n_twice++;
		return;
	}
	if (behind < 64)
		flow->seen |= (uint64_t)1 << behind;
	if (flow->highest - behind < flow->lowest)
		flow->lowest = flow->highest - behind;
	flow->n_late++;
}

struct media_flow *media_flows_take(struct media_flows *f, const struct media_packet *p,
				    struct nanos time, uint32_t owner)
{
	struct flow_key key;
	struct media_flow *flow;
	struct rtp rtp;
	uint64_t hash;

	if (media_sort_of(p->bytes, p->len) != MEDIA_IS_RTP ||
	    !rtp_read(p->bytes, p->len, p->is_cut, &rtp))
		return NULL;
	memset(&key, 0, sizeof key);
	key.src.ip = p->src.ip; /* field by field: what lies between them is hashed too */
	key.src.port = p->src.port;
	key.dst.ip = p->dst.ip;
	key.dst.port = p->dst.port;
	key.ssrc = rtp.ssrc;
	key.owner = owner;
	hash = keyed_hash(f->seed, &key, sizeof key);
	flow = find(f, &key, hash);
	if (!flow)
		flow = add(f, &key, hash);
	if (!flow)
		return NULL;
	if (flow->n) {
		note_number(flow, rtp.seq);
	} else {
		flow->first = time;
		begin_numbers(flow, rtp.seq);
	}
	flow->n++;
	flow->n_octets += rtp.len;
	flow->last = time;
	note_type(flow, rtp.payload_type);
	return flow;
}

uint64_t media_flows_n_left_out(const struct media_flows *f)
{
	return f->n_left_out;
}

uint64_t media_flow_expected(const struct media_flow *f)
{
	return f->n_before + f->highest - f->lowest + 1;
}

uint64_t media_flow_lost(const struct media_flow *f)
{
	uint64_t expected = media_flow_expected(f), n = f->n - f->n_twice;

	return expected > n ? expected - n : 0;
}
