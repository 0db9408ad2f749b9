#include "etsi/ipiri.h"

#include "ber/writer.h"
#include "etsi/text.h"

/* How a value of struct ipiri becomes an element. */
enum field_type {
	FIELD_EVENT,     /* enum ipiri_event, always there */
	FIELD_BYTE,      /* an enumeration in a uint8_t, always there */
	FIELD_TEXT,      /* struct etsi_text as octets */
	FIELD_NAME,      /* struct etsi_text as octets, always there, may be empty */
	FIELD_UTF8,      /* struct etsi_text as UTF-8, limit counts characters */
	FIELD_NUMBER,    /* struct etsi_number as INTEGER or ENUMERATED */
	FIELD_TIME,      /* struct etsi_moment as GeneralizedTime */
	FIELD_ADDRESS,   /* struct etsi_address as IPAddress */
	FIELD_ID,        /* struct etsi_id as IPIRIIDType */
	FIELD_ADDRESSES, /* others, n_others as SEQUENCE OF OtherTargetIdentifiers */
	FIELD_LOCATION,  /* struct etsi_location as Location */
	FIELD_ROUTES,    /* framed_routes, n_framed_routes as SEQUENCE OF FramedRoute */
};

struct field {
	uint8_t tag;
	uint8_t type;
	uint8_t since;   /* service version that knows it; 0: each that we announce */
	uint16_t offset; /* in struct ipiri */
	uint64_t limit;  /* octets, characters or value; 0: none */
	const char *name;
};

#define AT(member) offsetof(struct ipiri, member)

/* IPIRIContents, module IPAccessPDU. Not here: nationalIPIRIParameters [20]. Of [16] to [23] it is
 * known that implementations of version 10 use them; [24] to [26] stand in version 14. */
static const struct field fields[] = {
	{0, FIELD_EVENT, 0, AT(event), 0, "accessEventType"},
	{1, FIELD_NAME, 0, AT(username), 0, "targetUsername"},
	{2, FIELD_BYTE, 0, AT(access_type), 9, "internetAccessType"},
	{3, FIELD_BYTE, 0, AT(ip_version), 3, "iPVersion"},
	{4, FIELD_ADDRESS, 0, AT(address), 0, "targetIPAddress"},
	{5, FIELD_UTF8, 0, AT(network_id), 20, "targetNetworkID"},
	{6, FIELD_UTF8, 0, AT(cpe_id), 128, "targetCPEID"},
	{7, FIELD_UTF8, 0, AT(location_text), 64, "targetLocation"},
	{8, FIELD_NUMBER, 0, AT(pop_port), UINT32_MAX, "pOPPortNumber"},
	{9, FIELD_UTF8, 0, AT(callback_number), 20, "callBackNumber"},
	{10, FIELD_TIME, 0, AT(start_time), 0, "startTime"},
	{11, FIELD_TIME, 0, AT(end_time), 0, "endTime"},
	{12, FIELD_NUMBER, 0, AT(end_reason), 4, "endReason"},
	{13, FIELD_NUMBER, 0, AT(octets_received), 0, "octetsReceived"},
	{14, FIELD_NUMBER, 0, AT(octets_transmitted), 0, "octetsTransmitted"},
	{15, FIELD_TEXT, 0, AT(raw_aaa), 0, "rawAAAData"},
	{16, FIELD_TIME, 0, AT(expected_end_time), 0, "expectedEndTime"},
	{17, FIELD_UTF8, 0, AT(pop_phone), 20, "pOPPhoneNumber"},
	{18, FIELD_ID, 0, AT(pop_id), 128, "pOPIdentifier"},
	{19, FIELD_ADDRESS, 0, AT(pop_address), 0, "pOPIPAddress"},
	{21, FIELD_ADDRESS, 0, AT(additional_address), 0, "additionalIPAddress"},
	{22, FIELD_NUMBER, 0, AT(authentication), 4, "authenticationType"},
	{23, FIELD_ADDRESSES, 0, AT(others), 0, "otherTargetIdentifiers"},
	{24, FIELD_LOCATION, 14, AT(location), 0, "location"},
	{25, FIELD_TEXT, 14, AT(pop_port_id), 0, "pOPPortID"},
	{26, FIELD_ROUTES, 14, AT(framed_routes), 0, "framedRoutes"},
};

static enum etsi_iri_type type_of(enum ipiri_event event)
{
	switch (event) {
#define X(name, value, type, since, text)                                                          \
	case IPIRI_##name:                                                                         \
		return ETSI_IRI_##type;
		IPIRI_EVENTS(X)
#undef X
	}
	return 0;
}

const char *ipiri_event_text(unsigned event)
{
	switch (event) {
#define X(name, value, type, since, text)                                                          \
	case value:                                                                                \
		return text;
		IPIRI_EVENTS(X)
#undef X
	}
	return NULL;
}

static unsigned event_since(enum ipiri_event event)
{
	switch (event) {
#define X(name, value, type, since, text)                                                          \
	case IPIRI_##name:                                                                         \
		return since;
		IPIRI_EVENTS(X)
#undef X
	}
	return 0;
}

bool ipiri_event_known(const struct etsi_header *h, enum ipiri_event *event)
{
	if (h->service_version >= event_since(*event))
		return true;
	if (*event != IPIRI_EXPIRED)
		return false;
	*event = IPIRI_ACCESS_END;
	return true;
}

static int refuse(struct why *why, const struct field *field, const char *reason)
{
	return why_set(why, ERR_USAGE, "%s: %s", field->name, reason);
}

static int put_text(struct wr *w, const struct field *f, const void *value, struct why *why)
{
	const struct etsi_text *text = value;

	if (f->limit && text->len > f->limit)
		return refuse(why, f, "too long");
	if (text->bytes || f->type == FIELD_NAME)
		ber_put_bytes(w, ber_context(f->tag), text->bytes, text->len);
	return 0;
}

static int put_utf8(struct wr *w, const struct field *f, const void *value, struct why *why)
{
	const struct etsi_text *text = value;
	size_t n_chars;

	if (!text->bytes)
		return 0;
	if (!etsi_is_utf8(text->bytes, text->len, &n_chars))
		return refuse(why, f, "not UTF-8");
	if (n_chars == 0 || n_chars > f->limit)
		return refuse(why, f, n_chars ? "too long" : "empty");
	ber_put_bytes(w, ber_context(f->tag), text->bytes, text->len);
	return 0;
}

static int put_event(struct wr *w, const struct field *f, const void *value, struct why *why)
{
	const enum ipiri_event *event = value;

	if (!type_of(*event))
		return refuse(why, f, "no event with this number");
	ber_put_uint(w, ber_context(f->tag), *event);
	return 0;
}

static int put_byte(struct wr *w, const struct field *f, const void *value, struct why *why)
{
	const uint8_t *v = value;

	if (*v > f->limit)
		return refuse(why, f, "no value with this number");
	ber_put_uint(w, ber_context(f->tag), *v);
	return 0;
}

static int put_number(struct wr *w, const struct field *f, const void *value, struct why *why)
{
	const struct etsi_number *number = value;

	if (!number->has)
		return 0;
	if (f->limit && number->v > f->limit)
		return refuse(why, f, "the number is too large");
	ber_put_uint(w, ber_context(f->tag), number->v);
	return 0;
}

static int put_time(struct wr *w, const struct field *f, const void *value, struct why *why)
{
	const struct etsi_moment *moment = value;
	char text[ETSI_TIME_TEXT_LEN];

	if (!moment->has)
		return 0;
	if (moment->t.ns < 0)
		return refuse(why, f, "before 1970");
	ber_put_bytes(w, ber_context(f->tag), text,
		      etsi_time_print((uint64_t)nanos_to_s(moment->t),
				      (uint32_t)nanos_fraction(moment->t) / NANOS_PER_US, text));
	return 0;
}

static int put_address(struct wr *w, const struct field *f, const void *value, struct why *why)
{
	const struct etsi_address *a = value;

	return a->version ? etsi_address_put(w, f->tag, a, f->name, why) : 0;
}

static int put_id(struct wr *w, const struct field *f, const void *value, struct why *why)
{
	const struct etsi_id *id = value;
	const struct field alternative = {
		(uint8_t)(id->kind - ETSI_ID_PRINTABLE), FIELD_UTF8, 0, 0, f->limit, f->name};
	size_t mark;
	int rc = 0;

	if (id->kind == ETSI_ID_NONE)
		return 0;
	mark = ber_open(w, ber_context(f->tag));
	switch (id->kind) {
	case ETSI_ID_PRINTABLE:
		rc = put_utf8(w, &alternative, &id->text, why);
		break;
	case ETSI_ID_MAC:
		if (id->text.len != ETSI_MAC_LEN)
			rc = refuse(why, f, "a MAC address has six octets");
		else
			rc = put_text(w, &alternative, &id->text, why);
		break;
	default:
		rc = put_address(w, &alternative, &id->address, why);
		break;
	}
	ber_close(w, mark);
	return rc;
}

static int put_addresses(struct wr *w, const struct field *f, const void *value, struct why *why)
{
	const struct ipiri *iri = (const void *)((const char *)value - f->offset);
	size_t mark;
	int rc = 0;

	if (!iri->n_others)
		return 0;
	mark = ber_open(w, ber_context(f->tag));
	for (size_t i = 0; i < iri->n_others && !rc; i++)
		rc = etsi_address_put(w, 0, &iri->others[i], f->name, why);
	ber_close(w, mark);
	return rc;
}

static int put_routes(struct wr *w, const struct field *f, const void *value, struct why *why)
{
	const struct ipiri *iri = (const void *)((const char *)value - f->offset);
	size_t mark;

	(void)why;
	if (!iri->n_framed_routes)
		return 0;
	mark = ber_open(w, ber_context(f->tag));
	for (size_t i = 0; i < iri->n_framed_routes; i++)
		ber_put_bytes(w, ber_context(0), iri->framed_routes[i].bytes,
			      iri->framed_routes[i].len);
	ber_close(w, mark);
	return 0;
}

static int put_location(struct wr *w, const struct field *f, const void *value, struct why *why)
{
	const struct etsi_location *l = value;
	size_t mark;
	int rc;

	if (!l->user_location.bytes && !l->access_point.bytes)
		return 0;
	mark = ber_open(w, ber_context(f->tag));
	rc = etsi_location_put(w, l, f->name, why);
	ber_close(w, mark);
	return rc;
}

typedef int (*put_fn)(struct wr *w, const struct field *f, const void *value, struct why *why);

static const put_fn put_by_type[] = {
	[FIELD_EVENT] = put_event,
	[FIELD_BYTE] = put_byte,
	[FIELD_TEXT] = put_text,
	[FIELD_NAME] = put_text,
	[FIELD_UTF8] = put_utf8,
	[FIELD_NUMBER] = put_number,
	[FIELD_TIME] = put_time,
	[FIELD_ADDRESS] = put_address,
	[FIELD_ID] = put_id,
	[FIELD_ADDRESSES] = put_addresses,
	[FIELD_LOCATION] = put_location,
	[FIELD_ROUTES] = put_routes,
};

static int put_contents(struct wr *w, const struct ipiri *iri, uint8_t version, struct why *why)
{
	size_t mark = ber_open(w, ber_context(1));
	int rc = 0;

	for (size_t i = 0; i < sizeof fields / sizeof fields[0] && !rc; i++) {
		const struct field *f = &fields[i];

		if (f->since <= version)
			rc = put_by_type[f->type](w, f, (const char *)iri + f->offset, why);
	}
	ber_close(w, mark);
	return rc;
}

/* iPVersion is mandatory and has no "unknown". */
static uint8_t version_of(const struct ipiri *iri)
{
	unsigned has_v4 = iri->address.version == 4 || iri->additional_address.version == 4;
	unsigned has_v6 = iri->address.version == 6 || iri->additional_address.version == 6;

	return (uint8_t)(iri->ip_version ?: has_v4 | has_v6 << 1);
}

int ipiri_encode(const struct etsi_header *h, const struct ipiri *iri, struct wr *w,
		 struct why *why)
{
	/* RELATIVE-OID li-ps(5) iPAccess(3) version iRI(1) */
	const uint32_t object[] = {5, 3, h->service_version, 1};
	struct ipiri full = *iri;
	size_t start = w->len, pdu, marks[5];
	int rc;

	full.ip_version = version_of(iri);
	if (!full.ip_version)
		return why_set(why, ERR_USAGE,
			       "iPVersion: neither given nor to be had from an address");
	if (!ipiri_event_known(h, &full.event))
		return why_set(why, ERR_UNSUPPORTED, "version %u has no event %s",
			       h->service_version, ipiri_event_text(iri->event));
	if (!full.type)
		full.type = type_of(full.event);
	pdu = ber_open(w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE));
	etsi_header_put(h, iri->seq, iri->time, w);
	marks[0] = ber_open(w, ber_context(2)); /* payload */
	marks[1] = ber_open(w, ber_context(0)); /* iRIPayloadSequence */
	marks[2] = ber_open(w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE));
	ber_put_uint(w, ber_context(0), full.type);
	marks[3] = ber_open(w, ber_context(2)); /* iRIContents */
	marks[4] = ber_open(w, ber_context(2)); /* iPIRI */
	ber_put_arcs(w, ber_context(0), object, sizeof object / sizeof object[0]);
	rc = put_contents(w, &full, h->service_version, why);
	for (int i = 5; i; i--)
		ber_close(w, marks[i - 1]);
	ber_close(w, pdu);
	if (!rc && !w->ok)
		rc = why_set(why, ERR_FULL, "no room for the record");
	if (rc)
		w->len = start;
	return rc;
}

static void swap(struct etsi_address *a, struct etsi_address *b)
{
	struct etsi_address t = *a;

	*a = *b;
	*b = t;
}

/* Brings the first address of this version from place i on to place i; false: there is none. */
static bool bring(struct etsi_address *addresses, size_t n, size_t i, uint8_t version)
{
	for (size_t k = i; k < n; k++) {
		if (addresses[k].version != version)
			continue;
		for (; k > i; k--)
			swap(&addresses[k], &addresses[k - 1]);
		return true;
	}
	return false;
}

void ipiri_set_addresses(struct ipiri *iri, struct etsi_address *addresses, size_t n)
{
	bool has_v4 = bring(addresses, n, 0, 4);
	bool has_v6 = bring(addresses, n, has_v4, 6);
	size_t n_first = (size_t)has_v4 + has_v6;

	iri->ip_version = (uint8_t)(has_v4 | has_v6 << 1);
	iri->address = n_first ? addresses[0] : (struct etsi_address){0};
	iri->additional_address = n_first == 2 ? addresses[1] : (struct etsi_address){0};
	iri->others = addresses + n_first;
	iri->n_others = n - n_first;
}
