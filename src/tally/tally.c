#include "tally/tally.h"

#include <string.h>

#include "base/rd.h"

/* Tags of TS 102 232-1, clause 5.2 and Annex A: PS-PDU, its header, the header's number, the
 * payload. */
enum { TAG_PDU = 0x30, TAG_HEADER = 0xa1, TAG_PAYLOAD = 0xa2, TAG_NUMBER = 0x84 };

static enum ledger_kind kind_of(const struct etsi_record *r, bool is_hi3)
{
	switch (r->kind) {
	case ETSI_RECORD_IRI:
		return LEDGER_IRI;
	case ETSI_RECORD_CC:
		return LEDGER_CC;
	case ETSI_RECORD_TRI:
		return LEDGER_CHECKS;
	case ETSI_RECORD_HI1:
		return LEDGER_HI1;
	default:
		return is_hi3 ? LEDGER_CC : LEDGER_IRI;
	}
}

void tally_key(struct ledger_key *key, const struct tally_place *place, const struct etsi_record *r)
{
	ledger_key_set(key, place->agency, r->liid.bytes, r->liid.len);
	ledger_key_set_element(key, r->network_element.bytes, r->network_element.len);
	key->kind = (uint8_t)kind_of(r, place->is_hi3);
	key->span = r->has_cin ? LEDGER_SPAN_SESSION : LEDGER_SPAN_WARRANT;
	key->cin = r->has_cin ? r->cin : 0;
}

/* The element that begins here, which r steps over: its tag; 0 where there is none. */
static uint8_t take_element(struct rd *r, struct rd *content)
{
	uint8_t tag = rd_u8(r), first = rd_u8(r);
	size_t len = first & 0x7f;

	if (first & 0x80) {
		size_t n = len;

		len = 0;
		if (!n || n > 4)
			r->ok = false;
		for (; n && r->ok; n--)
			len = len << 8 | rd_u8(r);
	}
	*content = rd_sub(r, len);
	return r->ok ? tag : 0;
}

static bool take_number(struct rd *r, uint32_t *seq)
{
	struct rd n;
	uint64_t value = 0;

	if (take_element(r, &n) != TAG_NUMBER || rd_left(&n) < 1 || rd_left(&n) > 5)
		return false;
	while (rd_left(&n))
		value = value << 8 | rd_u8(&n);
	*seq = (uint32_t)value;
	return true;
}

/* A record's header, and the tag of what it carries. */
struct face {
	struct rd header;
	uint8_t payload;
};

static bool take_face(const uint8_t *pdu, size_t len, struct face *face)
{
	struct rd r = rd_of(pdu, len), inner, payload, content;

	if (take_element(&r, &inner) != TAG_PDU ||
	    take_element(&inner, &face->header) != TAG_HEADER ||
	    take_element(&inner, &payload) != TAG_PAYLOAD)
		return false;
	face->payload = take_element(&payload, &content);
	return face->payload != 0;
}

static bool is_same(const struct tally_seen *seen, const struct face *face)
{
	return seen->head_len && seen->payload == face->payload &&
	       rd_left(&face->header) > seen->head_len &&
	       !memcmp(face->header.at, seen->head, seen->head_len) &&
	       face->header.at[seen->head_len] == TAG_NUMBER;
}

/* Notes the octets before the number, where they are not too many. */
static void learn(struct tally_seen *seen, const struct face *face)
{
	struct rd r = face->header, content;
	size_t len = 0;

	while (r.ok && rd_left(&r) && *r.at != TAG_NUMBER) {
		(void)take_element(&r, &content);
		len = (size_t)(r.at - face->header.at);
	}
	seen->head_len = 0;
	if (!r.ok || !rd_left(&r) || len > sizeof seen->head)
		return;
	memcpy(seen->head, face->header.at, len);
	seen->head_len = (uint8_t)len;
	seen->payload = face->payload;
}

/* A length of at most three octets; more than there is where it is none, or not all is here. */
static inline size_t take_len(struct rd *r)
{
	uint8_t first = rd_u8(r);

	if (first < 0x80)
		return first;
	return first == 0x81 ? rd_u8(r) : first == 0x82 ? rd_u16(r) : SIZE_MAX;
}

/* Steps over a length; whether all that it says is here. */
static inline bool enter(struct rd *r)
{
	size_t len = take_len(r);

	return len <= rd_left(r);
}

/* A record that is like the last one but for its number, time and length: nearly all are. */
static bool is_again(const struct tally_seen *seen, const uint8_t *pdu, size_t len, uint32_t *seq)
{
	struct rd r = rd_of(pdu, len), header;
	const uint8_t *head;

	if (!seen->head_len || rd_u8(&r) != TAG_PDU || !enter(&r) || rd_u8(&r) != TAG_HEADER)
		return false;
	header = rd_sub(&r, take_len(&r));
	head = rd_take(&header, seen->head_len);
	if (!head || memcmp(head, seen->head, seen->head_len) != 0 || !take_number(&header, seq))
		return false;
	return rd_u8(&r) == TAG_PAYLOAD && enter(&r) && rd_u8(&r) == seen->payload && enter(&r) &&
	       r.ok;
}

static void swap(struct tally_seen *a, struct tally_seen *b)
{
	struct tally_seen c = *a;

	*a = *b;
	*b = c;
}

/* Few sessions alternate in a stream: the one that was seen last is looked at first. */
static struct tally_seen *find(struct tally_sight *sight, const struct face *face)
{
	for (int k = 0; k < TALLY_SIGHTS; k++) {
		if (!is_same(&sight->seen[k], face))
			continue;
		if (k > 1)
			swap(&sight->seen[k], &sight->seen[k - 1]);
		return &sight->seen[k > 1 ? k - 1 : k];
	}
	return NULL;
}

struct tally_seen *tally_see(struct tally_sight *sight, const struct tally_place *place,
			     const uint8_t *pdu, size_t len, uint32_t *seq)
{
	struct tally_seen *seen;
	struct etsi_record record;
	struct face face;

	if (is_again(&sight->seen[0], pdu, len, seq))
		return &sight->seen[0];
	if (!take_face(pdu, len, &face))
		return NULL;
	seen = find(sight, &face);
	if (seen) {
		struct rd r = face.header;

		rd_skip(&r, seen->head_len);
		return take_number(&r, seq) ? seen : NULL;
	}
	if (etsi_record_read(pdu, len, &record, NULL))
		return NULL;
	memmove(&sight->seen[1], &sight->seen[0], (TALLY_SIGHTS - 1) * sizeof *sight->seen);
	seen = &sight->seen[0];
	tally_key(&seen->key, place, &record);
	seen->row = NULL;
	learn(seen, &face);
	*seq = record.seq;
	return seen;
}

void tally_forget_rows(struct tally_sight *sight)
{
	for (int k = 0; k < TALLY_SIGHTS; k++)
		sight->seen[k].row = NULL;
}
