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

static int check_versions(const struct etsi_stream *s, struct why *why)
{
	unsigned header = s->header_version, service = s->service_version;

	if (header && (header < ETSI_MIN_HEADER_VERSION || header > ETSI_HEADER_VERSION))
		return why_set(why, ERR_USAGE, "header version %u: known are %d to %d", header,
			       ETSI_MIN_HEADER_VERSION, ETSI_HEADER_VERSION);
	if (service && (service < ETSI_MIN_SERVICE_VERSION || service > ETSI_IP_ACCESS_VERSION))
		return why_set(why, ERR_USAGE, "service version %u: known are %d to %d", service,
			       ETSI_MIN_SERVICE_VERSION, ETSI_IP_ACCESS_VERSION);
	if (s->qualifier > ETSI_NO_QUALIFIER)
		return why_set(why, ERR_USAGE, "no qualifier of time has this number");
	return 0;
}

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
	if (!rc)
		rc = check_versions(s, why);
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
	if (!s->has_no_cin)
		ber_put_uint(w, ber_context(1), s->cin);
	put_name(w, 2, s->delivery_country);
	ber_close(w, identifier);
}

unsigned etsi_service_version(unsigned header_version)
{
	static const struct {
		uint8_t header, service;
	} pairs[] = {{40, 20}, {38, 18}, {26, 14}, {0, 10}};
	size_t i = 0;

	while (header_version < pairs[i].header)
		i++;
	return pairs[i].service;
}

/* The values of the schema's TimeStampQualifier, by ours. */
static const uint8_t qualifiers[] = {[ETSI_OF_INTERCEPTION] = 1,
				     [ETSI_OF_MEDIATION] = 2,
				     [ETSI_OF_AGGREGATION] = 3,
				     [ETSI_NO_QUALIFIER] = 0};

int etsi_header_init(struct etsi_header *h, const struct etsi_stream *s, struct why *why)
{
	/* lawfulInterceptDomainId li-ps(5) genHeader(1) version; its first octet joins 0 and 4 */
	uint32_t version = s->header_version ?: ETSI_HEADER_VERSION;
	uint32_t domain[] = {4, 0, 2, 2, 5, 1, version};
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
	h->header_version = (uint8_t)version;
	h->service_version = (uint8_t)(s->service_version ?: etsi_service_version(version));
	h->is_generalized = s->time_form == ETSI_TIME_GENERALIZED;
	memcpy(h->qualifier, (uint8_t[]){ETSI_TAG_QUALIFIER, 1, qualifiers[s->qualifier], 0},
	       ETSI_QUALIFIER_ROOM);
	h->qualifier_len = s->qualifier == ETSI_NO_QUALIFIER ? 0 : ETSI_QUALIFIER_LEN;
	h->constant_len = (uint8_t)(w.len + h->qualifier_len);
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
