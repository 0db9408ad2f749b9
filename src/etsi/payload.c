/* The facts of a payload, by its alternative. */
#include <string.h>

#include "etsi/fields.h"
#include "etsi/pdu.h"

enum { IP_CONTENTS = 2, IP_SERVICE = 3, MAX_TEXT = 256, MAX_CHECK = 65535, MAX_NUMBERS = 1 << 20 };

/* Arc 3 of li-ps(5) service version kind: a RELATIVE-OID. */
int payload_object(const struct fields *f, const struct ber_tlv *t, uint8_t service,
		   struct etsi_part *out)
{
	struct rd r = rd_of(t->value, t->len);
	uint8_t root = rd_u8(&r), said = rd_u8(&r), octet;

	if (t->is_constructed || !r.ok || root != 5 || said != service)
		return fields_bad(f, "its object identifier is not relative 5.%u.x", service);
	do {
		octet = rd_u8(&r);
		if (!r.ok || out->version > UINT16_MAX)
			return fields_bad(f, "its object identifier has no version");
		out->version = out->version << 7 | (octet & 0x7f);
	} while (octet & 0x80);
	return 0;
}

static int read_event(const struct ber_tlv *in, struct etsi_part *out, struct why *why)
{
	struct fields f;
	struct ber_tlv t;
	uint32_t tag;
	int rc = fields_inside(in, "iPIRIContents", why, &f);

	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0)
		if (tag == 0)
			rc = fields_byte(&f, &t, &out->event);
	if (rc != ERR_END)
		return rc;
	return fields_had(&f, 0) ? 0 : fields_bad(&f, "there is no accessEventType");
}

static int read_truncated(const struct ber_tlv *in, struct etsi_part *out, struct why *why)
{
	struct fields f;
	struct ber_tlv t;
	uint32_t tag;
	int rc = fields_inside(in, "iPTruncatedPacket", why, &f);

	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0) {
		if (tag == 0)
			rc = fields_octets(&f, &t, SIZE_MAX, &out->content);
		else if (tag == 1 && !ber_get_u64(&t, &out->original_len, NULL))
			rc = fields_bad(&f, "originalLength is no length");
	}
	if (rc != ERR_END)
		return rc;
	if (!fields_had(&f, 0))
		return fields_bad(&f, "there is no packet");
	if (!fields_had(&f, 1))
		out->original_len = out->content.len;
	return 0;
}

static int read_packet(const struct ber_tlv *in, struct etsi_part *out, struct why *why)
{
	struct fields f = {.name = "iPCCContents", .why = why};
	struct ber_tlv t;
	int rc = fields_alternative(in, f.name, why, &t);

	if (rc)
		return rc;
	if (t.tag == ber_context(1)) {
		out->is_truncated = true;
		return read_truncated(&t, out, why);
	}
	if (t.tag == ber_context(0))
		rc = fields_octets(&f, &t, SIZE_MAX, &out->content);
	out->original_len = out->content.len;
	return rc;
}

/* IPIRI and IPCC have the same shape. */
static int read_ip(const struct ber_tlv *in, bool is_cc, struct etsi_part *out, struct why *why)
{
	struct fields f;
	struct ber_tlv t;
	uint32_t tag;
	int rc = fields_inside(in, is_cc ? "iPCC" : "iPIRI", why, &f);

	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0) {
		if (tag == 0)
			rc = payload_object(&f, &t, IP_SERVICE, out);
		else if (tag == 1)
			rc = is_cc ? read_packet(&t, out, why) : read_event(&t, out, why);
	}
	if (rc != ERR_END)
		return rc;
	return fields_had(&f, 0) && fields_had(&f, 1) ? 0 : fields_bad(&f, "it is not whole");
}

static int read_contents(const struct ber_tlv *in, bool is_cc, struct etsi_part *out,
			 struct why *why)
{
	struct ber_tlv t;
	int rc = fields_alternative(in, is_cc ? "cCContents" : "iRIContents", why, &t);

	if (rc)
		return rc;
	out->contents = ber_tag_number(t.tag);
	if (t.tag == ber_context(IP_CONTENTS))
		return read_ip(&t, is_cc, out, why);
	if (t.tag == ber_context(is_cc ? ETSI_IPMMCC : ETSI_IPMMIRI))
		return multimedia_read(&t, is_cc, out, why);
	return 0;
}

static int read_part_time(const struct fields *f, const struct ber_tlv *t, struct etsi_part *out)
{
	bool is_text = t->tag == ber_context(1);

	out->has_time = is_text ? etsi_text_time(t, &out->time) : etsi_micro_time(t, &out->time);
	return out->has_time ? 0 : fields_bad(f, "its time is none");
}

/* PS-IRIPayload or PS-CCPayload */
static int read_part(const struct ber_tlv *in, const struct etsi_record *record,
		     struct etsi_part *out, struct why *why)
{
	bool is_cc = record->kind == ETSI_RECORD_CC;
	uint8_t *first = is_cc ? &out->direction : &out->iri_type;
	struct fields f;
	struct ber_tlv t;
	uint32_t tag;
	int rc = fields_inside(in, is_cc ? "cCPayload" : "iRIPayload", why, &f);

	*out = (struct etsi_part){.event = ETSI_NO_EVENT,
				  .direction = ETSI_NO_DIRECTION,
				  .session_direction = ETSI_NO_DIRECTION,
				  .media = {.frame = ETSI_NO_FRAME, .protocol = ETSI_NO_PROTOCOL},
				  .time = record->time};
	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0) {
		if (tag == 0)
			rc = fields_byte(&f, &t, first);
		else if (tag == 1 || tag == 3)
			rc = read_part_time(&f, &t, out);
		else if (tag == 2)
			rc = read_contents(&t, is_cc, out, why);
		else if (tag == 5 && !is_cc)
			rc = fields_byte(&f, &t, &out->session_direction);
		else if (tag == 6 && !is_cc)
			rc = fields_byte(&f, &t, &out->direction);
	}
	if (rc != ERR_END)
		return rc;
	if (out->iri_type > 4)
		return fields_bad(&f, "no iRIType is %u", out->iri_type);
	return fields_had(&f, 2) ? 0 : fields_bad(&f, "it has no contents");
}

static int read_parts(const struct ber_tlv *in, struct etsi_record *out, struct why *why)
{
	struct etsi_part part;
	struct fields f;
	struct ber_tlv t;
	int rc = fields_inside(in, etsi_record_kind_text(out->kind), why, &f);

	out->parts = (struct etsi_octets){in->value, in->len};
	while (!rc && (rc = fields_next_of(&f, &t)) == 0) {
		rc = read_part(&t, out, &part, why);
		if (!out->n_parts++)
			out->part = part;
	}
	if (rc != ERR_END)
		return rc;
	return out->n_parts ? 0 : fields_bad(&f, "it is empty");
}

static int read_numbers(const struct ber_tlv *in, struct etsi_tri_facts *out, struct why *why)
{
	struct fields f;
	struct ber_tlv t;
	uint32_t number;
	int rc = fields_inside(in, "includedSequenceNumbers", why, &f);

	out->numbers = (struct etsi_octets){in->value, in->len};
	while (!rc && (rc = fields_next_of(&f, &t)) == 0) {
		rc = fields_u32(&f, &t, UINT32_MAX, &number);
		if (!rc && ++out->n_numbers > MAX_NUMBERS)
			rc = fields_bad(&f, "more than %d numbers", MAX_NUMBERS);
	}
	return rc == ERR_END ? 0 : rc;
}

static int read_check_field(const struct fields *f, uint32_t tag, const struct ber_tlv *t,
			    struct etsi_tri_facts *out)
{
	switch (tag) {
	case 0:
		return read_numbers(t, out, f->why);
	case 1:
		return fields_byte(f, t, &out->check_type);
	case 2:
		return fields_byte(f, t, &out->check_of);
	case 3:
		return fields_octets(f, t, MAX_CHECK, &out->value);
	case 4:
		return fields_byte(f, t, &out->hash);
	case 5:
		return fields_byte(f, t, &out->signature);
	}
	return 0;
}

static int read_check(const struct ber_tlv *in, struct etsi_tri_facts *out, struct why *why)
{
	struct fields f;
	struct ber_tlv t;
	uint32_t tag;
	int rc = fields_inside(in, "integrityCheck", why, &f);

	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0)
		rc = read_check_field(&f, tag, &t, out);
	if (rc != ERR_END)
		return rc;
	if (!fields_had(&f, 0) || !fields_had(&f, 1) || !fields_had(&f, 3))
		return fields_bad(&f, "it is not whole");
	return 0;
}

/* Whether pDUAcknowledgement [0] is among these options. */
static int read_options(const struct ber_tlv *in, bool *out, struct why *why)
{
	struct fields f;
	struct ber_tlv t;
	int rc = fields_inside(in, "options", why, &f);

	while (!rc && (rc = fields_next_of(&f, &t)) == 0)
		*out |= t.tag == ber_context(0);
	return rc == ERR_END ? 0 : rc;
}

static int read_negotiation(const struct ber_tlv *in, struct etsi_tri_facts *out, struct why *why)
{
	bool is_request = out->kind == ETSI_TRI_OPTION_REQUEST;
	struct fields f;
	struct ber_tlv t;
	uint32_t tag;
	int rc = fields_inside(in, etsi_tri_text(out->kind), why, &f);

	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0) {
		if (tag == 0)
			rc = read_options(&t, is_request ? &out->is_requested : &out->is_accepted,
					  why);
		else if (tag == 1 && !is_request)
			rc = read_options(&t, &out->is_declined, why);
	}
	if (rc != ERR_END)
		return rc;
	if (!fields_had(&f, 0) || (!is_request && !fields_had(&f, 1)))
		return fields_bad(&f, "it is not whole");
	return 0;
}

static int read_message(const struct ber_tlv *in, struct etsi_tri_facts *out, struct why *why)
{
	struct fields f;
	struct ber_tlv t;
	uint32_t tag;
	int rc = fields_inside(in, "operatorLeaMessage", why, &f);

	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0) {
		if (tag == 0)
			rc = fields_byte(&f, &t, &out->priority);
		else if (tag == 1)
			rc = fields_octets(&f, &t, MAX_TEXT, &out->message);
	}
	if (rc != ERR_END)
		return rc;
	return fields_had(&f, 0) && fields_had(&f, 1) ? 0 : fields_bad(&f, "it is not whole");
}

static int read_tri(const struct ber_tlv *in, struct etsi_record *out, struct why *why)
{
	struct fields f = {.name = "tRIPayload", .why = why};
	struct ber_tlv t;
	int rc = fields_alternative(in, f.name, why, &t);

	if (rc)
		return rc;
	if (ber_tag_class(t.tag) != BER_CONTEXT || ber_tag_number(t.tag) > UINT8_MAX)
		return fields_bad(&f, "no TRI has this tag");
	out->tri.kind = (uint8_t)ber_tag_number(t.tag);
	switch (out->tri.kind) {
	case ETSI_TRI_INTEGRITY_CHECK:
		return read_check(&t, &out->tri, why);
	case ETSI_TRI_PADDING:
		return fields_octets(&f, &t, SIZE_MAX, &out->tri.message);
	case ETSI_TRI_OPERATOR_MESSAGE:
		return read_message(&t, &out->tri, why);
	case ETSI_TRI_OPTION_REQUEST:
	case ETSI_TRI_OPTION_RESPONSE:
		return read_negotiation(&t, &out->tri, why);
	}
	return 0;
}

/* TimeStamp of HI2Operations: localTime [0] or utcTime [1]. Only the second says when it was. */
static int read_hi1_time(const struct ber_tlv *in, struct etsi_hi1_facts *out, struct why *why)
{
	struct ber_tlv t;
	int rc = fields_alternative(in, "timeStamp", why, &t);

	if (!rc && t.tag == ber_context(1)) {
		out->has_time = etsi_utc_time(&t, &out->time);
		if (!out->has_time)
			rc = why_set(why, ERR_BAD, "timeStamp: no UTCTime");
	}
	return rc;
}

static int read_hi1(const struct ber_tlv *in, struct etsi_record *out, struct why *why)
{
	struct etsi_hi1_facts *facts = &out->hi1;
	unsigned liid, time, text;
	struct fields f;
	struct ber_tlv t;
	uint32_t tag;
	int rc = fields_alternative(in, "hI1-Operation", why, &t);

	if (rc)
		return rc;
	if (ber_tag_class(t.tag) != BER_CONTEXT || ber_tag_number(t.tag) >= ETSI_NO_EVENT)
		return why_set(why, ERR_BAD, "hI1-Operation: no operation has this tag");
	facts->operation = (uint8_t)ber_tag_number(t.tag);
	if (facts->operation < 1 || facts->operation > HI1_ALARM)
		return 0;
	liid = facts->operation == HI1_ALARM ? 4 : 1;
	time = facts->operation == HI1_ALARM ? 2 : 3;
	text = facts->operation == HI1_ALARM ? 3 : 6;
	rc = fields_inside(&t, "notification", why, &f);
	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0) {
		if (tag == liid)
			rc = fields_octets(&f, &t, MAX_TEXT, &facts->liid);
		else if (tag == time)
			rc = read_hi1_time(&t, facts, why);
		else if (tag == text)
			rc = fields_octets(&f, &t, MAX_TEXT, &facts->text);
	}
	if (rc != ERR_END)
		return rc;
	return fields_had(&f, time) ? 0 : fields_bad(&f, "there is no timeStamp");
}

static int read_sealed(const struct ber_tlv *in, struct etsi_record *out, struct why *why)
{
	struct fields f;
	struct ber_tlv t;
	uint32_t tag;
	int rc = fields_inside(in, "encryptionContainer", why, &f);

	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0) {
		if (tag == 0) {
			rc = fields_byte(&f, &t, &out->sealed.type);
			out->sealed.type_at = t.value + t.len - 1;
		} else if (tag == 1) {
			rc = fields_octets(&f, &t, SIZE_MAX, &out->sealed.octets);
		} else if (tag == 2) {
			rc = fields_byte(&f, &t, &out->sealed.part);
		}
	}
	if (rc != ERR_END)
		return rc;
	return fields_had(&f, 0) && fields_had(&f, 1) ? 0 : fields_bad(&f, "it is not whole");
}

int payload_read(const struct ber_tlv *t, struct etsi_record *out, struct why *why)
{
	if (ber_tag_class(t->tag) != BER_CONTEXT)
		return why_set(why, ERR_BAD, "payload: no payload has this tag");
	out->alternative = ber_tag_number(t->tag);
	out->kind = out->alternative < ETSI_RECORD_OTHER ? (enum etsi_record_kind)out->alternative
							 : ETSI_RECORD_OTHER;
	out->payload = (struct etsi_octets){t->start, t->header_len + t->len};
	out->n_parts = 0;
	out->part = (struct etsi_part){0};
	out->parts = (struct etsi_octets){0};
	out->tri = (struct etsi_tri_facts){0};
	out->hi1 = (struct etsi_hi1_facts){0};
	out->sealed = (struct etsi_sealed){0};
	switch (out->kind) {
	case ETSI_RECORD_IRI:
	case ETSI_RECORD_CC:
		return read_parts(t, out, why);
	case ETSI_RECORD_TRI:
		return read_tri(t, out, why);
	case ETSI_RECORD_HI1:
		return read_hi1(t, out, why);
	case ETSI_RECORD_ENCRYPTED:
		return read_sealed(t, out, why);
	case ETSI_RECORD_OTHER:
		break;
	}
	return 0;
}

/* Takes the next element of octets that were read before, and hence hold whole elements. */
static bool take(struct etsi_octets *left, struct ber_tlv *t)
{
	struct ber_rd r = ber_rd_of(left->bytes, left->len);

	if (!left->len || ber_next(&r, t))
		return false;
	*left = (struct etsi_octets){r.rd.at, rd_left(&r.rd)};
	return true;
}

bool etsi_part_next(const struct etsi_record *record, struct etsi_octets *left,
		    struct etsi_part *out)
{
	struct ber_tlv t;

	return take(left, &t) && read_part(&t, record, out, NULL) == 0;
}

bool etsi_number_next(struct etsi_octets *left, uint32_t *out)
{
	struct ber_tlv t;
	uint64_t v;

	if (!take(left, &t) || !ber_get_u64(&t, &v, NULL) || v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}
