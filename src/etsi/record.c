/* The header's facts. What lies in the payload: payload.c. */
#include "etsi/record.h"

#include <stdio.h>
#include <string.h>

#include "etsi/fields.h"
#include "etsi/header.h"
#include "etsi/pdu.h"

static const char *const kind_texts[] = {
#define X(name, tag, text) [ETSI_RECORD_##name] = text,
	ETSI_RECORDS(X)
#undef X
		[ETSI_RECORD_OTHER] = "other",
};

const char *etsi_record_kind_text(enum etsi_record_kind kind)
{
	return kind_texts[kind];
}

/* li-psDomainId: itu-t(0) identified-organization(4) etsi(0) securityDomain(2) lawfulIntercept(2)
 * li-ps(5) genHeader(1), and the version. */
static int read_domain(const struct fields *f, const struct ber_tlv *t, struct etsi_record *out)
{
	static const uint8_t prefix[] = {4, 0, 2, 2, 5, 1};
	struct rd r = rd_of(t->value, t->len);
	const uint8_t *said = rd_take(&r, sizeof prefix);
	uint8_t octet;

	if (t->is_constructed || !said || memcmp(said, prefix, sizeof prefix) != 0)
		return fields_bad(f, "li-psDomainId is not 0.4.0.2.2.5.1.x");
	do {
		octet = rd_u8(&r);
		if (!r.ok || out->version > UINT16_MAX)
			return fields_bad(f, "li-psDomainId has no version");
		out->version = out->version << 7 | (octet & 0x7f);
	} while (octet & 0x80);
	return 0;
}

static int read_network(const struct ber_tlv *in, struct etsi_record *out, struct why *why)
{
	struct fields f;
	struct ber_tlv t;
	uint32_t tag;
	int rc = fields_inside(in, "networkIdentifier", why, &f);

	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0) {
		if (tag == 0)
			rc = fields_octets(&f, &t, ETSI_MAX_OPERATOR, &out->operator_id);
		else if (tag == 1)
			rc = fields_octets(&f, &t, ETSI_MAX_NETWORK_ELEMENT, &out->network_element);
	}
	if (rc != ERR_END)
		return rc;
	return fields_had(&f, 0) ? 0 : fields_bad(&f, "there is no operatorIdentifier");
}

static int read_communication(const struct ber_tlv *in, struct etsi_record *out, struct why *why)
{
	struct fields f;
	struct ber_tlv t;
	uint32_t tag;
	int rc = fields_inside(in, "communicationIdentifier", why, &f);

	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0) {
		if (tag == 0)
			rc = read_network(&t, out, why);
		else if (tag == 1)
			rc = fields_u32(&f, &t, UINT32_MAX, &out->cin);
		else if (tag == 2)
			rc = fields_octets(&f, &t, ETSI_COUNTRY_LEN, &out->delivery_country);
	}
	if (rc != ERR_END)
		return rc;
	out->has_cin = fields_had(&f, 1);
	return fields_had(&f, 0) ? 0 : fields_bad(&f, "there is no networkIdentifier");
}

static int read_time(const struct fields *f, const struct ber_tlv *t, bool is_text,
		     struct etsi_record *out)
{
	bool ok = is_text ? etsi_text_time(t, &out->time) : etsi_micro_time(t, &out->time);

	if (!ok)
		return fields_bad(f, "element [%u] is no time", ber_tag_number(t->tag));
	out->has_time = true;
	out->is_generalized = is_text;
	return 0;
}

static int read_header_field(const struct fields *f, uint32_t tag, const struct ber_tlv *t,
			     struct etsi_record *out)
{
	switch (tag) {
	case 0:
		return read_domain(f, t, out);
	case 1:
		return fields_octets(f, t, ETSI_MAX_LIID, &out->liid);
	case 2:
		return fields_octets(f, t, ETSI_COUNTRY_LEN, &out->authorization_country);
	case 3:
		return read_communication(t, out, f->why);
	case 4:
		return fields_u32(f, t, UINT32_MAX, &out->seq);
	case 5:
		return read_time(f, t, true, out);
	case 6:
		return fields_octets(f, t, ETSI_MAX_POINT, &out->interception_point);
	case 7:
		return read_time(f, t, false, out);
	case 8:
		out->has_qualifier = true;
		return fields_byte(f, t, &out->qualifier);
	}
	return 0;
}

static int read_header(const struct ber_tlv *in, struct etsi_record *out, struct why *why)
{
	static const unsigned mandatory[] = {0, 1, 3, 4};
	struct fields f;
	struct ber_tlv t;
	uint32_t tag;
	int rc = fields_inside(in, "pSHeader", why, &f);

	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0)
		rc = read_header_field(&f, tag, &t, out);
	if (rc != ERR_END)
		return rc;
	for (size_t i = 0; i < sizeof mandatory / sizeof mandatory[0]; i++)
		if (!fields_had(&f, mandatory[i]))
			return fields_bad(&f, "element [%u] is missing", mandatory[i]);
	return out->liid.len ? 0 : fields_bad(&f, "the LIID is empty");
}

static int read_pdu(const struct ber_tlv *in, struct etsi_record *out, struct why *why)
{
	struct fields f;
	struct ber_tlv t, payload;
	uint32_t tag;
	int rc = fields_inside(in, "PS-PDU", why, &f);

	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0) {
		if (tag == 1)
			rc = read_header(&t, out, why);
		else if (tag == 2 && !fields_had(&f, 1))
			rc = fields_bad(&f, "the payload stands before the header");
		else if (tag == 2)
			rc = fields_alternative(&t, "payload", why, &payload);
		if (!rc && tag == 2)
			rc = payload_read(&payload, out, why);
	}
	if (rc != ERR_END)
		return rc;
	if (!fields_had(&f, 1) || !fields_had(&f, 2))
		return fields_bad(&f, "there is no %s", fields_had(&f, 1) ? "payload" : "pSHeader");
	return 0;
}

/* The one element that these octets are. */
static int read_whole(const uint8_t *bytes, size_t len, struct ber_tlv *t, struct why *why)
{
	struct ber_rd r = ber_rd_of(bytes, len);
	int rc = ber_next(&r, t);

	if (rc == ERR_END)
		return why_set(why, ERR_CUT, "there is nothing");
	if (rc)
		return why_set(why, rc, "%s", ber_fault_text(r.fault));
	if (rd_left(&r.rd))
		return why_set(why, ERR_BAD, "%zu octets follow its end", rd_left(&r.rd));
	return 0;
}

int etsi_record_read(const uint8_t *pdu, size_t len, struct etsi_record *out, struct why *why)
{
	struct ber_tlv t;
	int rc = read_whole(pdu, len, &t, why);

	memset(out, 0, sizeof *out);
	if (rc)
		return rc;
	if (t.tag != ber_tag(BER_UNIVERSAL, BER_SEQUENCE))
		return why_set(why, ERR_BAD, "octet 0x%02x begins no PS-PDU (0x30)", *t.start);
	return read_pdu(&t, out, why);
}

int etsi_record_read_payload(const uint8_t *payload, size_t len, struct etsi_record *out,
			     struct why *why)
{
	struct ber_tlv t;
	int rc = read_whole(payload, len, &t, why);

	return rc ? rc : payload_read(&t, out, why);
}

void etsi_liid_text(const struct etsi_octets *liid, char out[ETSI_LIID_TEXT_SIZE])
{
	struct rd r = rd_of(liid->bytes, liid->len);
	size_t n = 0;
	bool is_text = liid->len < ETSI_LIID_TEXT_SIZE;

	while (rd_left(&r) && is_text) {
		uint8_t octet = rd_u8(&r);

		is_text = octet > ' ' && octet < 0x7f;
		out[n++] = (char)octet;
	}
	if (!is_text) {
		r = rd_of(liid->bytes, liid->len);
		n = (size_t)snprintf(out, ETSI_LIID_TEXT_SIZE, "0x");
		while (rd_left(&r) && n + 2 < ETSI_LIID_TEXT_SIZE)
			n += (size_t)snprintf(out + n, ETSI_LIID_TEXT_SIZE - n, "%02x", rd_u8(&r));
	}
	out[n] = 0;
}
