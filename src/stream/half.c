#include "stream/half.h"

#include <string.h>

struct half_chunk {
	struct half_chunk *next;
	uint32_t seq;
	uint32_t len;
	uint8_t bytes[];
};

/* How far b is behind a; sequence numbers wrap. */
static int32_t ahead(uint32_t b, uint32_t a)
{
	return (int32_t)(b - a);
}

void half_init(struct half *h, uint8_t side)
{
	*h = (struct half){.side = side};
	list_init(&h->in_holes);
}

static void drop_first(struct half *h)
{
	struct half_chunk *c = h->chunks;

	h->chunks = c->next;
	h->n_chunks--;
	h->cost -= c->len + HALF_CHUNK_COST;
	free(c);
}

void half_fini(struct half *h)
{
	while (h->chunks)
		drop_first(h);
	list_drop(&h->in_holes);
}

void half_begin(struct half *h, uint32_t seq)
{
	h->next = seq;
	h->is_begun = true;
}

void half_end(struct half *h, uint32_t seq)
{
	if (!h->has_fin)
		h->fin = seq;
	h->has_fin = true;
	if (h->is_begun && ahead(h->fin, h->next) <= 0)
		h->is_over = true;
}

static void give(struct half *h, uint64_t lost, const uint8_t *bytes, size_t len,
		 const struct half_sink *sink)
{
	h->offset += lost + len;
	h->next += (uint32_t)(lost + len);
	if (h->has_fin && ahead(h->fin, h->next) <= 0)
		h->is_over = true;
	sink->give(sink->arg, lost, bytes, len);
}

/* Gives chunks for as long as no hole is before them. */
static void drain(struct half *h, const struct half_sink *sink)
{
	while (h->chunks && ahead(h->chunks->seq, h->next) <= 0) {
		struct half_chunk *c = h->chunks;
		uint32_t known = h->next - c->seq;

		if (known < c->len)
			give(h, 0, c->bytes + known, c->len - known, sink);
		drop_first(h);
	}
}

uint64_t half_skip(struct half *h, const struct half_sink *sink)
{
	struct half_chunk *c = h->chunks;
	uint64_t lost;

	if (!c)
		return 0;
	lost = c->seq - h->next;
	give(h, lost, c->bytes, c->len, sink);
	drop_first(h);
	drain(h, sink);
	return lost;
}

bool half_is_acknowledged(const struct half *h, uint32_t ack)
{
	return h->chunks && ahead(ack, h->chunks->seq) > 0;
}

/* One chunk, which touches no other; false: no memory. */
static bool insert(struct half *h, struct half_chunk **at, uint32_t seq, const uint8_t *bytes,
		   uint32_t len)
{
	struct half_chunk *c = malloc(sizeof *c + len);

	if (!c)
		return false;
	c->seq = seq;
	c->len = len;
	memcpy(c->bytes, bytes, len);
	c->next = *at;
	*at = c;
	h->n_chunks++;
	h->cost += len + HALF_CHUNK_COST;
	return true;
}

/* Holds what is early, where nothing was held before. */
static enum half_result hold(struct half *h, uint32_t seq, const uint8_t *bytes, uint32_t len)
{
	struct half_chunk **at = &h->chunks;
	enum half_result result = HALF_OLD;

	while (len) {
		uint32_t n = len;

		while (*at && ahead((*at)->seq + (*at)->len, seq) <= 0)
			at = &(*at)->next;
		if (*at && ahead((*at)->seq, seq) <= 0) {
			uint32_t known = (*at)->seq + (*at)->len - seq;

			known = known < len ? known : len;
			seq += known;
			bytes += known;
			len -= known;
			continue;
		}
		if (*at && (*at)->seq - seq < n)
			n = (*at)->seq - seq;
		if (h->n_chunks >= HALF_MAX_CHUNKS)
			return result;
		if (!insert(h, at, seq, bytes, n))
			return HALF_NO_MEMORY;
		result = HALF_HELD;
		seq += n;
		bytes += n;
		len -= n;
	}
	return result;
}

/* Ahead by so much that it may be of no use; two in a row are of a stream that went on unseen. */
static bool is_strange(struct half *h, uint32_t seq, uint32_t len)
{
	bool goes_on = h->has_strange && h->strange == seq;

	h->has_strange = !goes_on;
	h->strange = seq + len;
	return !goes_on;
}

enum half_result half_take(struct half *h, uint32_t seq, const uint8_t *bytes, size_t len,
			   const struct half_sink *sink)
{
	int32_t n_ahead;

	if (h->is_over || !len)
		return HALF_OLD;
	if (!h->is_begun)
		half_begin(h, seq);
	n_ahead = ahead(seq, h->next);
	if (n_ahead > HALF_WINDOW || n_ahead < -HALF_WINDOW) {
		if (is_strange(h, seq, (uint32_t)len))
			return HALF_STRANGE;
		while (h->chunks)
			drop_first(h);
		give(h, n_ahead > 0 ? (uint64_t)n_ahead : 1, bytes, len, sink);
		h->next = seq + (uint32_t)len;
		return HALF_GIVEN;
	}
	if (n_ahead > 0)
		return hold(h, seq, bytes, (uint32_t)len);
	if ((uint64_t) - (int64_t)n_ahead >= len)
		return HALF_OLD;
	give(h, 0, bytes + -n_ahead, len - (size_t)-n_ahead, sink);
	drain(h, sink);
	return HALF_GIVEN;
}
