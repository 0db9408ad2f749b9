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

enum { FIRST_SLOTS = 16, WAYS = 4 };

struct likeness {
	struct likeness_stream **slots; /* n_slots, a power of two; NULL: free */
	uint32_t n_slots;
	uint64_t n_numbers;
	struct likeness_stream *last; /* the one that was found last */
};

int likeness_new(struct likeness **out)
{
	struct likeness *l = calloc(1, sizeof *l);

	*out = l;
	if (!l)
		return ERR_NOMEM;
	l->n_slots = FIRST_SLOTS;
	l->slots = calloc(l->n_slots, sizeof(struct likeness_stream *));
	if (!l->slots)
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
ALWAYS_INLINE struct rd take_header(struct rd *pdu, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);

	*pdu = take_last(&r, PDU);
	return take(pdu, HEADER);
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
	struct rd rest, header = take_header(&rest, pdu, len), all = header;
	struct likeness_stream *s;
	struct content content;
	struct moment moment;
	size_t head_len = head_of(header);

	rd_skip(&header, head_len);
	take_moment(&header, &moment);
	if (!header.ok || !head_len || head_len > LIKENESS_HEAD_MAX ||
	    rd_left(&header) > LIKENESS_TAIL_MAX || !take_content(&rest, &content) ||
	    !is_usual(record, all.at, head_len) || record->seq != moment.seq)
		return;
	s = get(l, all.at, head_len);
	if (!s)
		return;
	s->number = ++l->n_numbers;
	s->head_len = (uint32_t)head_len;
	s->tail_len = (uint32_t)rd_left(&header);
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

const struct likeness_stream *likeness_find(struct likeness *l, const uint8_t *pdu, size_t len,
					    struct likeness_own *own)
{
	struct rd rest, header = take_header(&rest, pdu, len);
	const uint8_t *from = header.at;
	const struct likeness_stream *s = header.ok ? find(l, &header) : NULL;
	struct content content;
	struct moment moment;

	if (!s)
		return NULL;
	take_moment(&header, &moment);
	if (!header.ok || rd_left(&header) != s->tail_len ||
	    !is_next(&header, s->tail, s->tail_len) || !take_content(&rest, &content) ||
	    memcmp(content.object.bytes, s->object, sizeof s->object) != 0)
		return NULL;
	l->last = l->slots[s->slot];
	*own = (struct likeness_own){.seq = (uint32_t)moment.seq,
				     .direction = content.direction,
				     .time = {(int64_t)(moment.seconds * NANOS_PER_S +
							moment.microseconds * NANOS_PER_US)},
				     .header = from,
				     .payload = content.payload,
				     .parts = content.parts,
				     .packet = content.packet};
	return s;
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
