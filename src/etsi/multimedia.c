/* The facts of IPMMIRI and IPMMCC (TS 102 232-5). */
#include "etsi/fields.h"

enum {
	IPMM_SERVICE = 5,
	LOCATION = 2,
	SIP_MESSAGE = 1,
	H323_MESSAGE = 2,
	NATIONAL = 3,
	IRI_ONLY_SIP = 6,
	IP_FRAME = 0
};

/* IPAddress: the binary form of its value. */
static int read_address(const struct ber_tlv *in, const char *name, struct etsi_octets *out,
			struct why *why)
{
	struct fields f;
	struct ber_tlv t, value;
	uint32_t tag;
	int rc = fields_inside(in, name, why, &f);

	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0) {
		if (tag != 2)
			continue;
		rc = fields_alternative(&t, name, why, &value);
		if (!rc && value.tag == ber_context(1))
			rc = fields_octets(&f, &value, 16, out);
		if (!rc && out->bytes && out->len != 4 && out->len != 16)
			rc = fields_bad(&f, "an address of %zu octets", out->len);
	}
	if (rc != ERR_END)
		return rc;
	return fields_had(&f, 2) ? 0 : fields_bad(&f, "there is no address");
}

static int read_sip(const struct ber_tlv *in, struct etsi_media *out, struct why *why)
{
	struct fields f;
	struct ber_tlv t;
	uint32_t tag;
	int rc = fields_inside(in, "sIPMessage", why, &f);

	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0) {
		if (tag == 0)
			rc = read_address(&t, "iPSourceAddress", &out->source, why);
		else if (tag == 1)
			rc = read_address(&t, "iPDestinationAddress", &out->destination, why);
		else if (tag == 2)
			rc = fields_octets(&f, &t, SIZE_MAX, &out->octets);
	}
	if (rc != ERR_END)
		return rc;
	if (!fields_had(&f, 0) || !fields_had(&f, 1) || !fields_had(&f, 2))
		return fields_bad(&f, "it is not whole");
	return 0;
}

static int read_iri_contents(const struct ber_tlv *in, struct etsi_media *out, struct why *why)
{
	struct fields f = {.name = "iPMMIRIContents", .why = why};
	struct ber_tlv t;
	int rc = fields_alternative(in, f.name, why, &t);

	if (rc)
		return rc;
	if (ber_tag_class(t.tag) != BER_CONTEXT || ber_tag_number(t.tag) > UINT8_MAX)
		return fields_bad(&f, "no alternative has this tag");
	out->form = (uint8_t)ber_tag_number(t.tag);
	switch (out->form) {
	case SIP_MESSAGE:
	case IRI_ONLY_SIP:
		return read_sip(&t, out, why);
	case H323_MESSAGE:
	case NATIONAL:
		return 0;
	default:
		return t.is_constructed ? 0 : fields_octets(&f, &t, SIZE_MAX, &out->octets);
	}
}

static int read_iri_field(const struct fields *f, uint32_t tag, const struct ber_tlv *t,
			  struct etsi_part *out)
{
	if (tag == 0)
		return payload_object(f, t, IPMM_SERVICE, out);
	if (tag == LOCATION)
		out->media.location = (struct etsi_octets){t->value, t->len};
	return tag == 1 ? read_iri_contents(t, &out->media, f->why) : 0;
}

static int read_cc_field(const struct fields *f, uint32_t tag, const struct ber_tlv *t,
			 struct etsi_part *out)
{
	switch (tag) {
	case 0:
		return payload_object(f, t, IPMM_SERVICE, out);
	case 1:
		return fields_octets(f, t, SIZE_MAX, &out->media.octets);
	case 2:
		return fields_byte(f, t, &out->media.frame);
	case 3:
		return fields_octets(f, t, SIZE_MAX, &out->media.stream);
	case 4:
		return fields_byte(f, t, &out->media.protocol);
	}
	return 0;
}

int multimedia_read(const struct ber_tlv *in, bool is_cc, struct etsi_part *out, struct why *why)
{
	struct fields f;
	struct ber_tlv t;
	uint32_t tag;
	int rc = fields_inside(in, is_cc ? "iPMMCC" : "iPMMIRI", why, &f);

	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0)
		rc = is_cc ? read_cc_field(&f, tag, &t, out) : read_iri_field(&f, tag, &t, out);
	if (rc != ERR_END)
		return rc;
	if (!fields_had(&f, 0) || !fields_had(&f, 1))
		return fields_bad(&f, "it is not whole");
	if (is_cc && out->media.frame == IP_FRAME) {
		out->content = out->media.octets;
		out->original_len = out->content.len;
	}
	return 0;
}
