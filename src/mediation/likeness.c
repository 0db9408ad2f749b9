#include "mediation/likeness.h"

#include <string.h>

#include "base/rd.h"

#define ALWAYS_INLINE __attribute__((always_inline)) static inline

/* A CC's elements from outside to inside (etsi/ipcc.c draws them). */
enum {
	PDU = 0x30,
	HEADER = 0xa1,
	SEQUENCE_NUMBER = 0x84,
	MICRO_TIME = 0xa7,
	SECONDS = 0x80,
	MICROSECONDS = 0x81,
	PAYLOAD = 0xa2,
	CC_SEQUENCE = 0xa1,
	CC_PAYLOAD = 0x30,
	DIRECTION = 0x80,
	CC_CONTENTS = 0xa2,
	IPCC = 0xa2,
	OBJECT_ID = 0x80,
	IPCC_CONTENTS = 0xa1,
	IP_PACKETS = 0x80,
	US_PER_S = 1000000,
	SECONDS_MAX_LEN = 5, /* as far as nanoseconds of 64 bits reach */
};

/* A definite length in the fewest octets, up to three behind the first; what is longer is not
 * like anything. */
ALWAYS_INLINE size_t take_len(struct rd *r)
{
	uint8_t first = rd_u8(r);
	size_t len;

	if (first < 0x80)
		return first;
	if (first == 0x81)
		len = rd_u8(r), r->ok &= len >= 0x80;
	else if (first == 0x82)
		len = rd_u16(r), r->ok &= len >= 0x100;
	else
		len = rd_u24(r), r->ok &= first == 0x83 && len >= 0x10000;
	return len;
}

/* The contents of the next element; its tag must be this one. */
ALWAYS_INLINE struct rd take(struct rd *r, uint8_t tag)
{
	bool is_it = rd_u8(r) == tag;
	size_t len = take_len(r);

	r->ok &= is_it;
	return r->ok ? rd_sub(r, len) : (struct rd){NULL, NULL, false};
}

/* The same where nothing may follow. */
ALWAYS_INLINE struct rd take_last(struct rd *r, uint8_t tag)
{
	struct rd in = take(r, tag);

	in.ok &= r->ok && !rd_left(r);
	return in;
}

/* A whole INTEGER that is not negative, in the fewest octets; at most `most` of them. */
ALWAYS_INLINE uint64_t take_number(struct rd *r, uint8_t tag, size_t most)
{
	struct rd in = take(r, tag);
	size_t n = in.ok ? rd_left(&in) : 0;
	uint64_t v = rd_u8(&in);

	if (!n || n > most || v >= 0x80) {
		r->ok = false;
		return 0;
	}
	for (size_t i = 1; i < n; i++) {
		uint8_t next = rd_u8(&in);

		r->ok &= v || i > 1 || next >= 0x80; /* no zero that need not be there */
		v = v << 8 | next;
	}
	return v;
}

/* What varies in a header. */
struct moment {
	uint64_t seq, seconds, microseconds;
};

static void take_moment(struct rd *header, struct moment *m)
{
	struct rd time;

	m->seq = take_number(header, SEQUENCE_NUMBER, 5);
	time = take(header, MICRO_TIME);
	m->seconds = take_number(&time, SECONDS, SECONDS_MAX_LEN);
	m->microseconds = take_number(&time, MICROSECONDS, 3);
	header->ok &= time.ok && !rd_left(&time) && m->seq <= UINT32_MAX &&
		      m->seconds < INT64_MAX / NANOS_PER_S && m->microseconds < US_PER_S;
}

static bool is_next(struct rd *r, const uint8_t *bytes, size_t len)
{
	const uint8_t *at = rd_take(r, len);

	return at && !memcmp(at, bytes, len);
}

/* The packet in a payload, and what stands around it. */
struct content {
	struct etsi_octets payload, parts, object, packet;
	uint8_t direction;
};

static bool take_content(struct rd *pdu, struct content *c)
{
	struct rd payload = take_last(pdu, PAYLOAD), at, in;

	c->payload = (struct etsi_octets){payload.at, rd_left(&payload)};
	at = take_last(&payload, CC_SEQUENCE);
	c->parts = (struct etsi_octets){at.at, rd_left(&at)};
	at = take_last(&at, CC_PAYLOAD);
	in = take(&at, DIRECTION);
	c->direction = rd_u8(&in);
	if (!in.ok || rd_left(&in) || c->direction > 4)
		return false;
	at = take_last(&at, CC_CONTENTS);
	at = take_last(&at, IPCC);
	in = take(&at, OBJECT_ID);
	c->object = (struct etsi_octets){in.at, rd_left(&in)};
	if (!in.ok || c->object.len != LIKENESS_OBJECT_LEN)
		return false;
	at = take_last(&at, IPCC_CONTENTS);
	at = take_last(&at, IP_PACKETS);
	c->packet = (struct etsi_octets){at.at, rd_left(&at)};
	return at.ok;
}

/* Where the header's contents lie, and the rest behind them. */
static struct rd take_header(struct rd *pdu, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);

	*pdu = take_last(&r, PDU);
	return take(pdu, HEADER);
}

/* Whether it lies in the part of the header that stays the same, or nowhere. */
static bool is_in(const struct etsi_octets *octets, const uint8_t *head, size_t head_len)
{
	return !octets->bytes ||
	       (octets->bytes >= head && octets->bytes - head < (ptrdiff_t)head_len);
}

static bool is_usual(const struct etsi_record *r, const uint8_t *head, size_t head_len)
{
	return r->kind == ETSI_RECORD_CC && r->n_parts == 1 && r->has_time && !r->is_generalized &&
	       !r->part.has_time && !r->part.is_truncated && r->part.content.bytes &&
	       !r->interception_point.bytes && is_in(&r->liid, head, head_len) &&
	       is_in(&r->authorization_country, head, head_len) &&
	       is_in(&r->operator_id, head, head_len) &&
	       is_in(&r->network_element, head, head_len) &&
	       is_in(&r->delivery_country, head, head_len);
}

void likeness_keep(struct likeness *like, const uint8_t *pdu, size_t len,
		   const struct etsi_record *record)
{
	struct rd rest, header = take_header(&rest, pdu, len), all = header;
	struct content content;
	struct moment moment;
	size_t head_len;

	like->is_set = false;
	while (header.ok && rd_left(&header) && *header.at != SEQUENCE_NUMBER)
		(void)take(&header, *header.at);
	head_len = header.ok ? rd_left(&all) - rd_left(&header) : SIZE_MAX;
	take_moment(&header, &moment);
	if (!header.ok || head_len > sizeof like->head || rd_left(&header) > sizeof like->tail ||
	    !take_content(&rest, &content) || !is_usual(record, all.at, head_len) ||
	    record->seq != moment.seq)
		return;
	like->head_len = (uint32_t)head_len;
	like->tail_len = (uint32_t)rd_left(&header);
	memcpy(like->head, all.at, head_len);
	memcpy(like->tail, header.at, like->tail_len);
	memcpy(like->object, content.object.bytes, sizeof like->object);
	like->base = all.at;
	like->record = *record;
	like->is_set = true;
}

static void move(struct etsi_octets *octets, const struct likeness *like, const uint8_t *base)
{
	if (octets->bytes)
		octets->bytes = base + (octets->bytes - like->base);
}

bool likeness_read(const struct likeness *like, const uint8_t *pdu, size_t len,
		   struct etsi_record *out)
{
	struct rd rest, header;
	const uint8_t *base;
	struct content content;
	struct moment moment;

	if (!like->is_set)
		return false;
	header = take_header(&rest, pdu, len);
	base = header.at;
	if (!header.ok || !is_next(&header, like->head, like->head_len))
		return false;
	take_moment(&header, &moment);
	if (!header.ok || rd_left(&header) != like->tail_len ||
	    !is_next(&header, like->tail, like->tail_len) || !take_content(&rest, &content) ||
	    memcmp(content.object.bytes, like->object, sizeof like->object) != 0)
		return false;
	*out = like->record;
	move(&out->liid, like, base);
	move(&out->authorization_country, like, base);
	move(&out->operator_id, like, base);
	move(&out->network_element, like, base);
	move(&out->delivery_country, like, base);
	out->seq = (uint32_t)moment.seq;
	out->time.ns = (int64_t)(moment.seconds * NANOS_PER_S + moment.microseconds * NANOS_PER_US);
	out->payload = content.payload;
	out->parts = content.parts;
	out->part.time = out->time;
	out->part.direction = content.direction;
	out->part.content = content.packet;
	out->part.original_len = content.packet.len;
	return true;
}
