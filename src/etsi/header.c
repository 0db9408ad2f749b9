#include "etsi/header.h"

#include "etsi/stamp.h"

enum {
	PRINTABLE = 1, /* the characters of PrintableString */
	OPTIONAL = 2,
	MAX_HEADER_LEN = 160, /* 3 + 91 + 7 + 24 + 10 + 3, and slack */
};

/* X.680 clause 41.4 */
static bool is_printable_string(const char *text)
{
	return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				 "0123456789 '()+,-./:=?")] == 0;
}

struct name_rule {
	const char *what;
	size_t min, max;
	int flags;
};

static int check_name(const struct name_rule *rule, const char *text, struct why *why)
{
	size_t len = text ? strlen(text) : 0;

	if (!text && rule->flags & OPTIONAL)
		return 0;
	if (!text)
		return why_set(why, ERR_USAGE, "%s is missing", rule->what);
	if (len < rule->min || len > rule->max)
		return why_set(why, ERR_USAGE,
			       "%s \"%.40s\" has %zu octets, allowed are %zu to %zu", rule->what,
			       text, len, rule->min, rule->max);
	if (rule->flags & PRINTABLE && !is_printable_string(text))
		return why_set(why, ERR_USAGE,
			       "%s \"%s\" has a character that a PrintableString may not hold",
			       rule->what, text);
	return 0;
}

static const struct name_rule liid_rule = {"liid", 1, ETSI_MAX_LIID, 0};
static const struct name_rule authorization_rule = {"authorization country", ETSI_COUNTRY_LEN,
						    ETSI_COUNTRY_LEN, PRINTABLE | OPTIONAL};
static const struct name_rule delivery_rule = {"delivery country", ETSI_COUNTRY_LEN,
					       ETSI_COUNTRY_LEN, PRINTABLE | OPTIONAL};
static const struct name_rule operator_rule = {"operator id", 1, ETSI_MAX_OPERATOR, 0};
static const struct name_rule element_rule = {"network element", 1, ETSI_MAX_NETWORK_ELEMENT,
					      OPTIONAL};
static const struct name_rule point_rule = {"interception point", 1, ETSI_MAX_POINT,
					    PRINTABLE | OPTIONAL};

static int check_stream(const struct etsi_stream *s, struct why *why)
{
	int rc = check_name(&liid_rule, s->liid, why);

	if (!rc)
		rc = check_name(&authorization_rule, s->authorization_country, why);
	if (!rc)
		rc = check_name(&operator_rule, s->operator_id, why);
	if (!rc)
		rc = check_name(&element_rule, s->network_element, why);
	if (!rc)
		rc = check_name(&delivery_rule, s->delivery_country, why);
	if (!rc)
		rc = check_name(&point_rule, s->interception_point, why);
	if (!rc && (s->header_version > ETSI_MAX_VERSION || s->service_version > ETSI_MAX_VERSION))
		rc = why_set(why, ERR_USAGE, "a version of the schema is above %d",
			     ETSI_MAX_VERSION);
	return rc;
}

static void put_name(struct wr *w, uint32_t number, const char *text)
{
	if (text)
		ber_put_bytes(w, ber_context(number), text, strlen(text));
}

/* CommunicationIdentifier (clause 5.2.4) */
static void put_communication(struct wr *w, const struct etsi_stream *s)
{
	size_t identifier = ber_open(w, ber_context(3));
	size_t network = ber_open(w, ber_context(0));

	put_name(w, 0, s->operator_id);
	put_name(w, 1, s->network_element);
	ber_close(w, network);
	ber_put_uint(w, ber_context(1), s->cin);
	put_name(w, 2, s->delivery_country);
	ber_close(w, identifier);
}

int etsi_header_init(struct etsi_header *h, const struct etsi_stream *s, struct why *why)
{
	/* lawfulInterceptDomainId li-ps(5) genHeader(1) version; its first octet joins 0 and 4 */
	uint32_t domain[] = {4, 0, 2, 2, 5, 1, s->header_version ?: ETSI_HEADER_VERSION};
	struct wr w = wr_of(h->octets, sizeof h->octets);
	int rc = check_stream(s, why);

	if (rc)
		return rc;
	memset(h, 0, sizeof *h);
	ber_put_arcs(&w, ber_context(0), domain, sizeof domain / sizeof domain[0]);
	put_name(&w, 1, s->liid);
	put_name(&w, 2, s->authorization_country);
	put_communication(&w, s);
	h->fixed_len = (uint8_t)w.len;
	put_name(&w, 6, s->interception_point);
	h->point_len = (uint8_t)(w.len - h->fixed_len);
	h->service_version = (uint8_t)(s->service_version ?: ETSI_IP_ACCESS_VERSION);
	h->is_generalized = s->time_form == ETSI_TIME_GENERALIZED;
	return w.ok ? 0 : why_set(why, ERR_FULL, "the header of %s is too long", s->liid);
}

size_t etsi_header_len(const struct etsi_header *h, uint32_t seq, struct nanos time)
{
	struct etsi_stamp s = etsi_stamp_of(h, seq, time);

	return ber_tlv_len(s.content_len);
}

void etsi_header_put(const struct etsi_header *h, uint32_t seq, struct nanos time, struct wr *w)
{
	struct etsi_stamp s = etsi_stamp_of(h, seq, time);
	uint8_t octets[MAX_HEADER_LEN + ETSI_FILL_SLACK];
	const uint8_t *end = etsi_stamp_fill(&s, h, octets);

	wr_bytes(w, octets, (size_t)(end - octets));
}
