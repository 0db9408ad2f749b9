#include "stream/stream.h"

#include <string.h>

#include "base/hash.h"
#include "stream/half.h"

enum {
	MAX_STREAMS = 65536,
	MAX_HELD = 1 << 18,
	MAX_HELD_TOTAL = 64 << 20,
	GAP_WAIT_S = 2,
	IDLE_LIMIT_S = 7200,
	LINGER_S = 30,      /* an ended connection's last segments may come twice */
	ACKED_WAIT_MS = 50, /* between two wires an acknowledgement may overtake what it is of */
	RESET_WINDOW = 1 << 20,
};

/* Those that go first come first. */
enum group { GROUP_OVER, GROUP_EMPTY, GROUP_OTHERS, GROUP_KEPT, N_GROUPS };

/* The two ends, the lesser one first; hashed as octets. */
struct ends {
	struct net_ip ip[2];
	uint16_t port[2];
};

struct conn {
	struct index_entry by_ends;
	struct list in_group;
	struct ends ends;
	uint64_t id;
	struct nanos heard;
	enum group group;
	enum stream_cause cause; /* of its end */
	bool is_kept;
	struct half half[2];
	void *marks[2];
};

struct stream_table {
	struct stream_options options;
	struct index by_ends;
	struct list groups[N_GROUPS];
	struct list holes; /* halves with chunks, the oldest hole first */
	struct nanos now;
	uint64_t n_held; /* cost of all chunks */
	uint64_t last_id;
	uint32_t n;
	uint64_t counts[STREAM_N_COUNTS];
};

/* What half_take gives goes to this connection's receiver. */
struct hand {
	struct stream_table *t;
	struct conn *c;
	unsigned side;
};

int stream_table_new(struct stream_table **out, const struct stream_options *options)
{
	struct stream_table *t = calloc(1, sizeof *t);
	int rc;

	*out = t;
	if (!t)
		return ERR_NOMEM;
	t->options = *options;
	if (!t->options.max_streams)
		t->options.max_streams = MAX_STREAMS;
	if (!t->options.max_held)
		t->options.max_held = MAX_HELD;
	if (!t->options.max_held_total)
		t->options.max_held_total = MAX_HELD_TOTAL;
	if (!t->options.gap_wait.ns)
		t->options.gap_wait = nanos_from_s(GAP_WAIT_S);
	if (!t->options.idle_limit.ns)
		t->options.idle_limit = nanos_from_s(IDLE_LIMIT_S);
	for (int i = 0; i < N_GROUPS; i++)
		list_init(&t->groups[i]);
	list_init(&t->holes);
	rc = index_init(&t->by_ends, t->options.max_streams);
	if (rc < 0)
		stream_table_free(out);
	return rc;
}

static void give(void *arg, uint64_t lost, const uint8_t *bytes, size_t len)
{
	const struct hand *hand = arg;
	struct conn *c = hand->c;
	unsigned src = hand->side, dst = !hand->side;
	struct stream_piece piece = {
		.id = c->id,
		.src = &c->ends.ip[src],
		.dst = &c->ends.ip[dst],
		.src_port = c->ends.port[src],
		.dst_port = c->ends.port[dst],
		.side = src,
		.time = hand->t->now,
		.offset = c->half[src].offset - len,
		.lost = lost,
		.bytes = bytes,
		.len = len,
		.mark = &c->marks[src],
		.is_kept = &c->is_kept,
	};

	hand->t->counts[STREAM_COUNT_OCTETS] += len;
	hand->t->counts[STREAM_COUNT_GAPS] += lost != 0;
	hand->t->counts[STREAM_COUNT_LOST] += lost;
	if (hand->t->options.on_piece)
		hand->t->options.on_piece(hand->t->options.arg, &piece);
}

/* Puts the half among those with holes, or takes it out, as it is now; had: what its chunks cost
 * before. */
static void settle(struct stream_table *t, struct half *h, uint32_t had, bool is_same_hole)
{
	t->n_held += h->cost;
	t->n_held -= had;
	if (h->chunks && (!had || !is_same_hole)) {
		list_drop(&h->in_holes);
		h->hole_since = t->now;
		list_push(&t->holes, &h->in_holes);
	}
	if (!h->chunks)
		list_drop(&h->in_holes);
}

static void skip_hole(struct stream_table *t, struct conn *c, unsigned side)
{
	struct hand hand = {t, c, side};
	struct half *h = &c->half[side];
	uint32_t had = h->cost;

	half_skip(h, &(struct half_sink){give, &hand});
	settle(t, h, had, false);
}

static void skip_all(struct stream_table *t, struct conn *c)
{
	for (unsigned side = 0; side < 2; side++) {
		while (c->half[side].chunks)
			skip_hole(t, c, side);
	}
}

static void move(struct stream_table *t, struct conn *c, enum group group)
{
	list_drop(&c->in_group);
	c->group = group;
	list_push(&t->groups[group], &c->in_group);
}

/* Its receiver is told; the connection stays, so that what comes late is known as such. */
static void end(struct stream_table *t, struct conn *c, enum stream_cause cause)
{
	if (c->group == GROUP_OVER)
		return;
	skip_all(t, c);
	for (unsigned side = 0; side < 2; side++)
		c->half[side].is_over = true;
	c->cause = cause;
	move(t, c, GROUP_OVER);
	if (t->options.on_end)
		t->options.on_end(t->options.arg, c->id, cause, c->marks);
	c->marks[0] = c->marks[1] = NULL;
}

static void drop(struct stream_table *t, struct conn *c, enum stream_cause cause)
{
	end(t, c, cause);
	index_drop(&c->by_ends);
	list_drop(&c->in_group);
	half_fini(&c->half[0]);
	half_fini(&c->half[1]);
	t->n--;
	free(c);
}

static struct conn *oldest(struct stream_table *t, enum group group)
{
	struct list *link = list_first(&t->groups[group]);

	return link ? LIST_OWNER(link, struct conn, in_group) : NULL;
}

void stream_table_end(struct stream_table *t)
{
	for (int i = 0; t->by_ends.at && i < N_GROUPS; i++) {
		while (oldest(t, i))
			drop(t, oldest(t, i), STREAM_BY_FREED);
	}
}

void stream_table_free(struct stream_table **pt)
{
	struct stream_table *t = *pt;

	if (t) {
		stream_table_end(t);
		index_fini(&t->by_ends);
	}
	free(t);
	*pt = NULL;
}

/* The ends in their order; which of them the segment comes from. */
static unsigned ends_of(const struct stream_segment *s, struct ends *out)
{
	int order = memcmp(&s->src, &s->dst, sizeof s->src);
	unsigned side = order ? order > 0 : s->src_port > s->dst_port;

	memset(out, 0, sizeof *out);
	out->ip[side] = s->src;
	out->ip[!side] = s->dst;
	out->port[side] = s->src_port;
	out->port[!side] = s->dst_port;
	return side;
}

static struct conn *find(const struct stream_table *t, const struct ends *ends, uint64_t hash)
{
	struct index_entry *e = index_first(&t->by_ends, hash);

	for (; e; e = index_next(e->next, hash)) {
		struct conn *c = LIST_OWNER(e, struct conn, by_ends);

		if (!memcmp(&c->ends, ends, sizeof *ends))
			return c;
	}
	return NULL;
}

/* Kept ones leave some places to others, who else would never be heard. */
static bool make_room(struct stream_table *t)
{
	for (int i = 0; i < N_GROUPS && t->n >= t->options.max_streams; i++) {
		struct conn *c = oldest(t, i);

		if (c) {
			t->counts[STREAM_COUNT_EVICTED] += c->group != GROUP_OVER;
			drop(t, c, STREAM_BY_EVICTED);
		}
	}
	return t->n < t->options.max_streams;
}

static struct conn *add(struct stream_table *t, const struct ends *ends, uint64_t hash)
{
	struct conn *c = make_room(t) ? calloc(1, sizeof *c) : NULL;

	if (!c) {
		t->counts[STREAM_COUNT_NO_MEMORY]++;
		return NULL;
	}
	memcpy(&c->ends, ends, sizeof *ends);
	c->id = ++t->last_id;
	half_init(&c->half[0], 0);
	half_init(&c->half[1], 1);
	list_init(&c->in_group);
	index_add(&t->by_ends, &c->by_ends, hash);
	move(t, c, GROUP_EMPTY);
	t->n++;
	return c;
}

/* Whether a SYN is of a new connection: another number than the one that began this. */
static bool is_another(const struct conn *c, unsigned side, const struct stream_segment *s)
{
	const struct half *h = &c->half[side];

	return h->is_begun && h->next - (uint32_t)h->offset != s->seq + 1;
}

static void take_reset(struct stream_table *t, struct conn *c, unsigned side,
		       const struct stream_segment *s)
{
	const struct half *h = &c->half[side];

	if (h->is_begun && s->seq + 1 - h->next > RESET_WINDOW)
		t->counts[STREAM_COUNT_BAD_RESETS]++;
	else
		end(t, c, STREAM_BY_RESET);
}

static void take_octets(struct stream_table *t, struct conn *c, unsigned side,
			const struct stream_segment *s)
{
	static const enum stream_count counted[] = {
		[HALF_HELD] = STREAM_COUNT_EARLY,
		[HALF_OLD] = STREAM_COUNT_OLD,
		[HALF_STRANGE] = STREAM_COUNT_STRANGE,
		[HALF_NO_MEMORY] = STREAM_COUNT_NO_MEMORY,
	};
	struct hand hand = {t, c, side};
	struct half *h = &c->half[side];
	uint32_t had = h->cost, next = h->next;
	uint32_t seq = s->seq + (s->flags & STREAM_SYN ? 1 : 0);
	enum half_result result;

	result = half_take(h, seq, s->bytes, s->len, &(struct half_sink){give, &hand});
	if (result != HALF_GIVEN)
		t->counts[counted[result]]++;
	settle(t, h, had, next == h->next);
	while (h->cost > t->options.max_held || h->n_chunks >= HALF_MAX_CHUNKS)
		skip_hole(t, c, side);
}

/* Holes of the other direction that this segment's sender has no more. */
static void take_ack(struct stream_table *t, struct conn *c, unsigned side,
		     const struct stream_segment *s)
{
	struct half *h = &c->half[!side];

	while (half_is_acknowledged(h, s->ack) &&
	       t->now.ns - h->hole_since.ns >= (int64_t)ACKED_WAIT_MS * NANOS_PER_MS)
		skip_hole(t, c, !side);
}

static struct conn *conn_of(struct half *h)
{
	return LIST_OWNER(h - h->side, struct conn, half[0]);
}

/* Holes that are too old, or that hold too much behind them. */
static void skip_old(struct stream_table *t)
{
	struct list *link = list_first(&t->holes);

	for (; link; link = list_first(&t->holes)) {
		struct half *h = LIST_OWNER(link, struct half, in_holes);

		if (t->now.ns - h->hole_since.ns < t->options.gap_wait.ns &&
		    t->n_held <= t->options.max_held_total)
			return;
		skip_hole(t, conn_of(h), h->side);
	}
}

static void end_old(struct stream_table *t, struct list *head, struct nanos limit)
{
	for (struct list *link = list_first(head); link; link = list_first(head)) {
		struct conn *c = LIST_OWNER(link, struct conn, in_group);

		if (t->now.ns - c->heard.ns < limit.ns)
			return;
		drop(t, c, STREAM_BY_IDLE);
	}
}

void stream_tick(struct stream_table *t, struct nanos now)
{
	if (now.ns > t->now.ns)
		t->now = now;
	skip_old(t);
	end_old(t, &t->groups[GROUP_OVER], nanos_from_s(LINGER_S));
	for (int i = GROUP_EMPTY; i < N_GROUPS; i++)
		end_old(t, &t->groups[i], t->options.idle_limit);
}

/* Which group a live connection belongs to, now that it was heard of. */
static enum group group_of(const struct conn *c)
{
	if (c->is_kept)
		return GROUP_KEPT;
	return c->half[0].offset || c->half[1].offset ? GROUP_OTHERS : GROUP_EMPTY;
}

static void take(struct stream_table *t, struct conn *c, unsigned side,
		 const struct stream_segment *s)
{
	struct half *h = &c->half[side];

	if (s->flags & STREAM_SYN && !h->is_begun)
		half_begin(h, s->seq + 1);
	if (s->len)
		take_octets(t, c, side, s);
	if (s->flags & STREAM_ACK)
		take_ack(t, c, side, s);
	if (s->flags & STREAM_RST)
		take_reset(t, c, side, s);
	else if (s->flags & STREAM_FIN)
		half_end(h, s->seq + (uint32_t)s->len + (s->flags & STREAM_SYN ? 1 : 0));
	if (c->half[0].is_over && c->half[1].is_over)
		end(t, c, STREAM_BY_FIN);
}

/* Whether an ended connection lives on, whatever a reset said that somebody else may have sent. */
static bool goes_on(const struct conn *c, unsigned side, const struct stream_segment *s)
{
	return c->group == GROUP_OVER && c->cause == STREAM_BY_RESET && s->len &&
	       !(s->flags & STREAM_RST) && (int32_t)(s->seq - c->half[side].next) >= 0;
}

void stream_feed(struct stream_table *t, const struct stream_segment *s)
{
	bool is_syn = s->flags & STREAM_SYN;
	struct ends ends;
	unsigned side = ends_of(s, &ends);
	uint64_t hash = keyed_hash(t->options.seed, &ends, sizeof ends);
	struct conn *c;

	t->counts[STREAM_COUNT_SEGMENTS]++;
	stream_tick(t, s->time);
	c = find(t, &ends, hash);
	if (c && ((is_syn && is_another(c, side, s)) || goes_on(c, side, s))) {
		drop(t, c, STREAM_BY_REPLACED);
		c = NULL;
	}
	if (!c && (is_syn || (s->len && !(s->flags & STREAM_RST))))
		c = add(t, &ends, hash);
	if (!c)
		return;
	if (c->group == GROUP_OVER) {
		t->counts[STREAM_COUNT_OLD] += s->len != 0;
		return;
	}
	c->heard = t->now;
	take(t, c, side, s);
	if (c->group != GROUP_OVER)
		move(t, c, group_of(c));
}

bool stream_knows(const struct stream_table *t, const struct stream_segment *s)
{
	struct ends ends;

	ends_of(s, &ends);
	return find(t, &ends, keyed_hash(t->options.seed, &ends, sizeof ends)) != NULL;
}

uint64_t stream_count(const struct stream_table *t, enum stream_count which)
{
	return t->counts[which];
}

uint32_t stream_n_live(const struct stream_table *t)
{
	uint32_t n = t->n;

	for (const struct list *l = t->groups[GROUP_OVER].next; l != &t->groups[GROUP_OVER];
	     l = l->next)
		n--;
	return n;
}

const char *stream_count_key(enum stream_count which)
{
	static const char *const keys[] = {
#define X(name, key, text) key,
		STREAM_COUNTS(X)
#undef X
	};

	return keys[which];
}

const char *stream_cause_text(enum stream_cause cause)
{
	static const char *const texts[] = {
#define X(name, key, text) text,
		STREAM_CAUSES(X)
#undef X
	};

	return texts[cause];
}
