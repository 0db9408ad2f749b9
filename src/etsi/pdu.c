/* What a receiver must know of a PDU without decoding it: where it ends, and whose it is. */
#include "etsi/pdu.h"

#include <string.h>

#include "etsi/text.h"

enum { PS_PDU_TAG = 0x30, HEADER_TAG = 1, PAYLOAD_TAG = 2 };

/* Nearly every PDU has one or two octets of length behind the first, in the fewest: SEQUENCE 81 ll
 * or 82 hh ll. */
static bool is_usual(struct rd r, size_t *len)
{
	uint32_t head = rd_left(&r) >= 4 ? rd_u32(&r) : 0;
	uint32_t one = head >> 8 & 0xff, two = head & 0xffff;
	bool has_one = head >> 16 == (PS_PDU_TAG << 8 | 0x81);

	*len = has_one ? 3 + one : 4 + two;
	return has_one ? one >= 0x80 : head >> 16 == (PS_PDU_TAG << 8 | 0x82) && two >= 0x100;
}

int etsi_pdu_len(const void *bytes, size_t n_here, size_t *len, struct why *why)
{
	struct ber_rd r = ber_rd_of(bytes, n_here);
	struct ber_tlv t;
	int rc;

	if (is_usual(r.rd, len))
		return 0;
	rc = ber_peek(&r, &t);
	if (rc == ERR_END)
		return ERR_AGAIN;
	if (*t.start != PS_PDU_TAG)
		return why_set(why, ERR_BAD, "octet 0x%02x begins no PS-PDU (0x30)", *t.start);
	if (rc == ERR_CUT)
		return ERR_AGAIN;
	if (rc)
		return why_set(why, ERR_BAD, "%s", ber_fault_text(r.fault));
	if (t.len > ETSI_MAX_PDU)
		return why_set(why, ERR_BAD, "a PS-PDU of %zu octets: more than %d are refused",
			       t.len, ETSI_MAX_PDU);
	*len = t.header_len + t.len;
	return 0;
}

/* Enters the next element of r where it has this tag. */
static bool enter(struct ber_rd *r, uint32_t tag)
{
	struct ber_tlv t;

	if (ber_next(r, &t) || t.tag != tag || !t.is_constructed)
		return false;
	*r = ber_inside(&t);
	return true;
}

static void read_cin(const struct ber_tlv *identifier, struct etsi_decoded *out)
{
	struct ber_rd r = ber_inside(identifier);
	struct ber_tlv t;
	uint64_t v;

	while (ber_next(&r, &t) == 0) {
		if (t.tag == ber_context(1) && ber_get_u64(&t, &v, NULL) && v <= UINT32_MAX) {
			out->has_cin = true;
			out->cin = (uint32_t)v;
		}
	}
}

bool etsi_micro_time(const struct ber_tlv *stamp, struct nanos *out)
{
	struct ber_rd r = ber_inside(stamp);
	struct ber_tlv t;
	uint64_t seconds = UINT64_MAX, micros = UINT64_MAX;
	int rc = stamp->is_constructed ? 0 : ERR_BAD;

	while (!rc && (rc = ber_next(&r, &t)) == 0) {
		if (t.tag == ber_context(0) && !ber_get_u64(&t, &seconds, NULL))
			return false;
		if (t.tag == ber_context(1) && !ber_get_u64(&t, &micros, NULL))
			return false;
	}
	if (rc != ERR_END || seconds >= INT64_MAX / NANOS_PER_S || micros > 999999)
		return false;
	out->ns = (int64_t)(seconds * NANOS_PER_S + micros * NANOS_PER_US);
	return true;
}

typedef bool (*readable_fn)(const uint8_t *bytes, size_t len, char out[ETSI_READABLE_TIME_LEN],
			    bool *is_der);

static bool time_by(readable_fn readable, const struct ber_tlv *t, struct nanos *out)
{
	char text[ETSI_READABLE_TIME_LEN];
	bool is_der;

	return !t->is_constructed && readable(t->value, t->len, text, &is_der) &&
	       nanos_parse(text, out);
}

bool etsi_text_time(const struct ber_tlv *t, struct nanos *out)
{
	return time_by(etsi_time_readable, t, out);
}

bool etsi_utc_time(const struct ber_tlv *t, struct nanos *out)
{
	return time_by(etsi_utc_time_readable, t, out);
}

static void read_fact(const struct ber_tlv *t, struct etsi_decoded *out)
{
	uint64_t v;

	if (t->tag == ber_context(1)) {
		out->liid = t->value;
		out->liid_len = t->len;
	} else if (t->tag == ber_context(3) && t->is_constructed) {
		read_cin(t, out);
	} else if (t->tag == ber_context(4) && ber_get_u64(t, &v, NULL) && v <= UINT32_MAX) {
		out->has_seq = true;
		out->seq = (uint32_t)v;
	} else if (t->tag == ber_context(5)) {
		out->has_time |= etsi_text_time(t, &out->time);
	} else if (t->tag == ber_context(7)) {
		out->has_time |= etsi_micro_time(t, &out->time);
	}
}

/* Aggregated payloads (clause 6.2.3) have times of their own: [1] or [3] of the first. */
static void read_payload(struct ber_rd r, struct etsi_decoded *out)
{
	struct ber_tlv t;

	if (ber_next(&r, &t) || !t.is_constructed || ber_tag_number(t.tag) > 1)
		return;
	r = ber_inside(&t);
	if (!enter(&r, ber_tag(BER_UNIVERSAL, BER_SEQUENCE)))
		return;
	while (ber_next(&r, &t) == 0)
		out->has_payload_time |= t.tag == ber_context(1) || t.tag == ber_context(3);
}

void etsi_pdu_facts(const uint8_t *pdu, size_t len, struct etsi_decoded *out)
{
	struct ber_rd r = ber_rd_of(pdu, len), header;
	struct ber_tlv t;

	if (!enter(&r, ber_tag(BER_UNIVERSAL, BER_SEQUENCE)))
		return;
	if (ber_next(&r, &t) || t.tag != ber_context(HEADER_TAG) || !t.is_constructed)
		return;
	header = ber_inside(&t);
	while (ber_next(&header, &t) == 0)
		read_fact(&t, out);
	if (enter(&r, ber_context(PAYLOAD_TAG)))
		read_payload(r, out);
}
