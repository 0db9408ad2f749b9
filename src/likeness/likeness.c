#include "likeness/likeness.h"

#include <stdlib.h>
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

enum { FIRST_SLOTS = 16, WAYS = 4, NECKS = 256, NECK_LANES = 16, WORD = sizeof(uint64_t) };

/* What is compared at once: sixteen octets, so that one that is read whole lies in the packet. */
typedef uint64_t lane __attribute__((vector_size(16)));

/* What stands before the packet in a stream's records of one length, with numbers of these widths:
 * all octets but those of the values are the same, since each length follows from the whole's. One
 * that was read with every check stands for those that are equal to it there. Places count from the
 * PDU's first octet. */
struct neck {
	uint64_t number;        /* the stream's; 0: none */
	uint64_t next_number;   /* what was last read of which there is none here … */
	uint32_t len, next_len; /* … and octets of the PDU */
	uint32_t n_lanes;
	uint8_t n_seq, n_seconds, n_microseconds; /* widths */
	uint16_t seq_at, seconds_at, microseconds_at, direction_at;
	uint16_t header_at, payload_at, parts_at, packet_at;
	uint8_t octets[NECK_LANES * sizeof(lane)], mask[NECK_LANES * sizeof(lane)];
};

struct likeness {
	struct likeness_stream **slots; /* n_slots, a power of two; NULL: free */
	uint32_t n_slots;
	uint64_t n_numbers;
	struct likeness_stream *last; /* the one that was found last */
	struct neck *necks;           /* NECKS, by stream and length */
};

int likeness_new(struct likeness **out)
{
	struct likeness *l = calloc(1, sizeof *l);

	*out = l;
	if (!l)
		return ERR_NOMEM;
	l->n_slots = FIRST_SLOTS;
	l->slots = calloc(l->n_slots, sizeof(struct likeness_stream *));
	l->necks = calloc(NECKS, sizeof *l->necks);
	if (!l->slots || !l->necks)
		likeness_free(out);
	return *out ? 0 : ERR_NOMEM;
}

void likeness_free(struct likeness **like)
{
	struct likeness *l = *like;

	*like = NULL;
	if (!l)
		return;
	for (uint32_t i = 0; l->slots && i < l->n_slots; i++)
		free(l->slots[i]);
	free(l->slots);
	free(l->necks);
	free(l);
}

size_t likeness_n(const struct likeness *l)
{
	size_t n = 0;

	for (uint32_t i = 0; i < l->n_slots; i++)
		n += l->slots[i] != NULL;
	return n;
}

/* ---- a record's shape ---- */

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

/* Enters an element behind which nothing may follow. */
ALWAYS_INLINE void enter(struct rd *r, uint8_t tag)
{
	bool is_it = rd_u8(r) == tag;
	size_t len = take_len(r);

	r->ok &= is_it && len == rd_left(r);
}

/* Whether n octets are an INTEGER that is not negative, in the fewest octets. */
ALWAYS_INLINE bool is_number(uint64_t v, size_t n)
{
	size_t n_bits = 64 - (size_t)__builtin_clzll(v | 1); /* and a sign */

	return n == n_bits / 8 + 1;
}

/* A whole INTEGER that is not negative, in the fewest octets; at most `most` (up to 5) of them.
 * There must be eight octets in which to look for it: a packet follows. */
ALWAYS_INLINE uint64_t take_number(struct rd *r, uint8_t tag, size_t most, uint8_t *width)
{
	uint16_t head = rd_u16(r);
	size_t n = head & 0xff;
	struct rd ahead = *r;
	uint64_t v = rd_u64(&ahead);

	*width = (uint8_t)n;
	rd_skip(r, n);
	r->ok &= head >> 8 == tag && n >= 1 && n <= most && ahead.ok;
	if (!r->ok)
		return 0;
	v >>= 64 - 8 * n;
	r->ok = is_number(v, n);
	return v;
}

/* What varies in a header, and in how many octets. */
struct moment {
	uint64_t seq, seconds, microseconds;
	uint8_t n_seq, n_seconds, n_microseconds;
};

ALWAYS_INLINE bool is_moment(const struct moment *m)
{
	return m->seq <= UINT32_MAX && m->seconds < INT64_MAX / NANOS_PER_S &&
	       m->microseconds < US_PER_S;
}

ALWAYS_INLINE struct nanos time_of(const struct moment *m)
{
	return (struct nanos){(int64_t)(m->seconds * NANOS_PER_S + m->microseconds * NANOS_PER_US)};
}

ALWAYS_INLINE void take_moment(struct rd *r, struct moment *m)
{
	size_t len, left;

	m->seq = take_number(r, SEQUENCE_NUMBER, 5, &m->n_seq);
	r->ok &= rd_u8(r) == MICRO_TIME;
	len = take_len(r);
	left = rd_left(r);
	m->seconds = take_number(r, SECONDS, SECONDS_MAX_LEN, &m->n_seconds);
	m->microseconds = take_number(r, MICROSECONDS, 3, &m->n_microseconds);
	r->ok &= left - rd_left(r) == len && is_moment(m);
}

static bool is_next(struct rd *r, const uint8_t *bytes, size_t len)
{
	const uint8_t *at = rd_take(r, len);

	return at && !memcmp(at, bytes, len);
}

/* The packet in a payload, and what stands around it. */
struct content {
	struct etsi_octets payload, parts, object, packet;
	size_t direction_left; /* octets of the PDU behind it */
	uint8_t direction;
};

ALWAYS_INLINE bool take_content(struct rd *r, struct content *c)
{
	uint32_t direction;

	enter(r, PAYLOAD);
	c->payload = (struct etsi_octets){r->at, rd_left(r)};
	enter(r, CC_SEQUENCE);
	c->parts = (struct etsi_octets){r->at, rd_left(r)};
	enter(r, CC_PAYLOAD);
	direction = rd_u24(r);
	c->direction = (uint8_t)direction;
	c->direction_left = rd_left(r);
	r->ok &= direction >> 8 == (DIRECTION << 8 | 1) && c->direction <= 4;
	enter(r, CC_CONTENTS);
	enter(r, IPCC);
	r->ok &= rd_u16(r) == (OBJECT_ID << 8 | LIKENESS_OBJECT_LEN);
	c->object = (struct etsi_octets){rd_take(r, LIKENESS_OBJECT_LEN), LIKENESS_OBJECT_LEN};
	enter(r, IPCC_CONTENTS);
	enter(r, IP_PACKETS);
	c->packet = (struct etsi_octets){r->at, rd_left(r)};
	return r->ok;
}

/* Where the header's contents lie, and the rest behind them. */
ALWAYS_INLINE struct rd take_header(struct rd *pdu, const uint8_t *bytes, size_t len)
{
	*pdu = rd_of(bytes, len);
	enter(pdu, PDU);
	return take(pdu, HEADER);
}

/* From the header's octets on to the PDU's end. */
ALWAYS_INLINE struct rd from_header(const struct rd *header, const struct rd *rest)
{
	return (struct rd){header->at, rest->end, header->ok};
}

/* How many of the header's octets are left to one who reads from_header; it may have gone too far,
 * which is a number that no header has. */
ALWAYS_INLINE size_t header_left(const struct rd *r, const struct rd *rest)
{
	return rd_left(r) - rd_left(rest);
}

/* How many of a header's octets stand before its number; 0: there is none. */
static size_t head_of(struct rd header)
{
	const uint8_t *from = header.at;

	while (header.ok && rd_left(&header) && *header.at != SEQUENCE_NUMBER)
		(void)take(&header, *header.at);
	return header.ok && rd_left(&header) ? (size_t)(header.at - from) : 0;
}

/* ---- the table ---- */

static uint64_t hash_of(const uint8_t *bytes, size_t len)
{
	uint64_t h = len, word = 0;

	for (; len >= sizeof word; bytes += sizeof word, len -= sizeof word) {
		memcpy(&word, bytes, sizeof word);
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	word = 0;
	if (len)
		memcpy(&word, bytes, len);
	h = (h ^ word) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static bool has_head(const struct likeness_stream *s, const uint8_t *head, size_t len)
{
	return s && s->head_len == len && !memcmp(s->head, head, len);
}

/* The slot where the stream is, or may be: free, or another's that gives way. */
static struct likeness_stream **slot_of(const struct likeness *l, const uint8_t *head, size_t len)
{
	uint64_t h = hash_of(head, len);
	struct likeness_stream **place = NULL, **at;

	for (uint32_t i = 0; i < WAYS; i++) {
		at = &l->slots[(h + i) & (l->n_slots - 1)];
		if (has_head(*at, head, len))
			return at;
		if (!*at && !(place && !*place))
			place = at;
	}
	return place ? place : &l->slots[(h + (h >> 32) % WAYS) & (l->n_slots - 1)];
}

/* Twice the slots. One that finds no free one there is forgotten. */
static bool grow(struct likeness *l)
{
	struct likeness more = *l;
	struct likeness_stream **place;

	more.n_slots *= 2;
	more.slots = calloc(more.n_slots, sizeof(struct likeness_stream *));
	if (!more.slots)
		return false;
	for (uint32_t i = 0; i < l->n_slots; i++) {
		struct likeness_stream *s = l->slots[i];

		if (!s)
			continue;
		place = slot_of(&more, s->head, s->head_len);
		free(*place);
		*place = s;
		s->slot = (uint32_t)(place - more.slots);
	}
	free(l->slots);
	*l = more;
	l->last = NULL;
	return true;
}

/* A stream of this head, new or as it was; NULL: there is no memory. */
static struct likeness_stream *get(struct likeness *l, const uint8_t *head, size_t len)
{
	struct likeness_stream **place = slot_of(l, head, len);

	while (*place && !has_head(*place, head, len) && l->n_slots < LIKENESS_MAX_SLOTS && grow(l))
		place = slot_of(l, head, len);
	if (!*place)
		*place = malloc(sizeof **place);
	if (*place)
		(*place)->slot = (uint32_t)(place - l->slots);
	return *place;
}

/* ---- keeping ---- */

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

/* Octets of one header, as those of another that is the same up to there. */
static void move(struct etsi_octets *octets, const uint8_t *from, const uint8_t *header)
{
	if (octets->bytes)
		octets->bytes = header + (octets->bytes - from);
}

static void move_all(struct etsi_record *r, const uint8_t *from, const uint8_t *header)
{
	move(&r->liid, from, header);
	move(&r->authorization_country, from, header);
	move(&r->operator_id, from, header);
	move(&r->network_element, from, header);
	move(&r->delivery_country, from, header);
}

void likeness_keep(struct likeness *l, const uint8_t *pdu, size_t len,
		   const struct etsi_record *record)
{
	struct rd rest, all = take_header(&rest, pdu, len), header = from_header(&all, &rest);
	struct likeness_stream *s;
	struct content content;
	struct moment moment;
	size_t head_len = head_of(all), tail_len;

	rd_skip(&header, head_len);
	take_moment(&header, &moment);
	tail_len = header_left(&header, &rest);
	if (!header.ok || !head_len || head_len > LIKENESS_HEAD_MAX ||
	    tail_len > LIKENESS_TAIL_MAX || !take_content(&rest, &content) ||
	    !is_usual(record, all.at, head_len) || record->seq != moment.seq)
		return;
	s = get(l, all.at, head_len);
	if (!s)
		return;
	s->number = ++l->n_numbers;
	s->head_len = (uint32_t)head_len;
	s->tail_len = (uint32_t)tail_len;
	memcpy(s->head, all.at, s->head_len);
	memcpy(s->tail, header.at, s->tail_len);
	memcpy(s->object, content.object.bytes, sizeof s->object);
	s->record = *record;
	move_all(&s->record, all.at, s->head);
	s->record.payload = s->record.parts = s->record.part.content = (struct etsi_octets){0};
}

/* ---- comparing ---- */

/* The stream of a header, which is left at the number. */
ALWAYS_INLINE const struct likeness_stream *find(struct likeness *l, struct rd *header)
{
	const struct likeness_stream *s = l->last;
	struct rd r = *header;
	size_t head_len;

	if (s && is_next(&r, s->head, s->head_len) && rd_left(&r) && *r.at == SEQUENCE_NUMBER) {
		*header = r;
		return s;
	}
	head_len = head_of(*header);
	if (!head_len)
		return NULL;
	s = *slot_of(l, header->at, head_len);
	if (!has_head(s, header->at, head_len))
		return NULL;
	rd_skip(header, head_len);
	return s;
}

/* Makes a neck of a record that was read: its number begins at seq_at. */
static void learn(struct neck *n, const uint8_t *pdu, size_t seq_at, const struct moment *m,
		  const struct content *c)
{
	size_t packet_at = n->next_len - c->packet.len;
	size_t n_lanes = (packet_at + sizeof(lane) - 1) / sizeof(lane);

	n->number = 0;
	if (n_lanes > NECK_LANES)
		return;
	n->n_lanes = (uint32_t)n_lanes;
	n->n_seq = m->n_seq;
	n->n_seconds = m->n_seconds;
	n->n_microseconds = m->n_microseconds;
	/* 84 n SEQ a7 n 80 n SECONDS 81 n MICROSECONDS */
	n->seq_at = (uint16_t)(seq_at + 2);
	n->seconds_at = (uint16_t)(n->seq_at + n->n_seq + 4);
	n->microseconds_at = (uint16_t)(n->seconds_at + n->n_seconds + 2);
	n->direction_at = (uint16_t)(n->next_len - c->direction_left - 1);
	n->payload_at = (uint16_t)(n->next_len - c->payload.len);
	n->parts_at = (uint16_t)(n->next_len - c->parts.len);
	n->packet_at = (uint16_t)packet_at;
	memset(n->mask, 0, sizeof n->mask);
	memset(n->mask, 0xff, packet_at);
	memset(n->mask + n->seq_at, 0, n->n_seq);
	memset(n->mask + n->seconds_at, 0, n->n_seconds);
	memset(n->mask + n->microseconds_at, 0, n->n_microseconds);
	n->mask[n->direction_at] = 0;
	memcpy(n->octets, pdu, packet_at);
	n->number = n->next_number;
	n->len = n->next_len;
}

ALWAYS_INLINE uint64_t number_at(const uint8_t *neck, size_t at, size_t n)
{
	return rd_u64_at(neck, at) >> (64 - 8 * n);
}

ALWAYS_INLINE struct etsi_octets rest_at(const uint8_t *pdu, size_t len, size_t at)
{
	return (struct etsi_octets){pdu + at, len - at};
}

ALWAYS_INLINE struct neck *neck_of(const struct likeness *l, const struct likeness_stream *s,
				   size_t len)
{
	return &l->necks[(s->slot * 61 + len) % NECKS];
}

ALWAYS_INLINE lane lane_at(const uint8_t *octets, size_t i)
{
	lane l;

	memcpy(&l, octets + i * sizeof l, sizeof l);
	return l;
}

/* Whether the PDU is equal to the stream's neck but for values, and these are good. */
ALWAYS_INLINE bool fits(const struct neck *n, const struct likeness_stream *s, const uint8_t *pdu,
			size_t len, struct likeness_own *own)
{
	struct rd octets = rd_of(pdu, len);
	const uint8_t *neck = rd_take(&octets, n->n_lanes * sizeof(lane) + WORD);
	lane others = {n->number ^ s->number};
	struct moment m;

	if (!neck || n->len != len)
		return false;
	for (uint32_t i = 0; i < n->n_lanes; i++)
		others |= (lane_at(neck, i) ^ lane_at(n->octets, i)) & lane_at(n->mask, i);
	if (others[0] | others[1])
		return false;
	m.seq = number_at(neck, n->seq_at, n->n_seq);
	m.seconds = number_at(neck, n->seconds_at, n->n_seconds);
	m.microseconds = number_at(neck, n->microseconds_at, n->n_microseconds);
	own->seq = (uint32_t)m.seq;
	own->direction = neck[n->direction_at];
	own->time = time_of(&m);
	own->header = pdu + n->header_at;
	own->payload = rest_at(pdu, len, n->payload_at);
	own->parts = rest_at(pdu, len, n->parts_at);
	own->packet = rest_at(pdu, len, n->packet_at);
	return is_number(m.seq, n->n_seq) && is_number(m.seconds, n->n_seconds) &&
	       is_number(m.microseconds, n->n_microseconds) && is_moment(&m) && own->direction <= 4;
}

/* The same by reading each element: r begins behind the head, rest behind the header. */
static bool read_neck(const struct likeness_stream *s, struct rd r, struct rd rest,
		      struct moment *m, struct content *c)
{
	take_moment(&r, m);
	return r.ok && header_left(&r, &rest) == s->tail_len && is_next(&r, s->tail, s->tail_len) &&
	       take_content(&rest, c) && !memcmp(c->object.bytes, s->object, sizeof s->object);
}

/* One that is equal to no neck, by its elements. */
static const struct likeness_stream *read_whole(struct likeness *l, const uint8_t *pdu, size_t len,
						struct likeness_own *own)
{
	struct rd rest, header = take_header(&rest, pdu, len), r;
	const uint8_t *from = header.at;
	const struct likeness_stream *s = header.ok ? find(l, &header) : NULL;
	struct content content;
	struct moment moment;
	struct neck *neck;

	if (!s)
		return NULL;
	l->last = l->slots[s->slot];
	r = from_header(&header, &rest);
	neck = neck_of(l, s, len);
	if (fits(neck, s, pdu, len, own))
		return s;
	if (!read_neck(s, r, rest, &moment, &content))
		return NULL;
	if (neck->next_number == s->number && neck->next_len == len) {
		neck->header_at = (uint16_t)(from - pdu);
		learn(neck, pdu, (size_t)(r.at - pdu), &moment, &content);
	}
	neck->next_number = s->number;
	neck->next_len = (uint32_t)len;
	*own = (struct likeness_own){.seq = (uint32_t)moment.seq,
				     .direction = content.direction,
				     .time = time_of(&moment),
				     .header = from,
				     .payload = content.payload,
				     .parts = content.parts,
				     .packet = content.packet};
	return s;
}

const struct likeness_stream *likeness_find(struct likeness *l, const uint8_t *pdu, size_t len,
					    struct likeness_own *own)
{
	const struct likeness_stream *s = l->last;

	if (s && fits(neck_of(l, s, len), s, pdu, len, own))
		return s;
	return read_whole(l, pdu, len, own);
}

void likeness_record(const struct likeness_stream *s, const struct likeness_own *own,
		     struct etsi_record *out)
{
	*out = s->record;
	move_all(out, s->head, own->header);
	out->seq = own->seq;
	out->time = own->time;
	out->payload = own->payload;
	out->parts = own->parts;
	out->part.time = own->time;
	out->part.direction = own->direction;
	out->part.content = own->packet;
	out->part.original_len = own->packet.len;
}
