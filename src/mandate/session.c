#include "mandate/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etsi/text.h"
#include "integrity/integrity.h"

int session_new(struct session **out, uint32_t cin, uint64_t access_id, struct slab *calls)
{
	struct session *s =
		calls ? slab_get(calls) : aligned_alloc(_Alignof(struct session), sizeof *s);

	*out = s;
	if (!s)
		return ERR_NOMEM;
	*s = (struct session){.cin = cin, .access_id = access_id};
	if (calls) {
		s->call = &((struct session_of_call *)s)->call;
		session_call_init(s->call);
	}
	return 0;
}

void session_free(struct session **s)
{
	if (!*s)
		return;
	for (int k = 0; k < 2; k++) {
		if ((*s)->checks[k])
			integrity_fini((*s)->checks[k]);
		free((*s)->checks[k]);
	}
	if ((*s)->header != &(*s)->first)
		free((*s)->header);
	free((*s)->prefixes);
	if ((*s)->call) {
		session_call_fini((*s)->call);
		slab_put(*s);
	} else {
		free(*s);
	}
	*s = NULL;
}

int session_set_header(struct session *s, const struct etsi_header *h, void **old)
{
	struct etsi_header *room =
		s->has_first ? aligned_alloc(_Alignof(struct etsi_header), sizeof *room)
			     : &s->first;

	*old = NULL;
	if (!room)
		return ERR_NOMEM;
	*room = *h;
	if (s->header != &s->first)
		*old = s->header;
	s->header = room;
	s->has_first = true;
	return 0;
}

int session_set_prefixes(struct session *s, const struct net_prefix *prefixes, size_t n)
{
	struct net_prefix *copy = calloc(n + 1, sizeof *copy);

	if (!copy)
		return ERR_NOMEM;
	if (n)
		memcpy(copy, prefixes, n * sizeof *copy);
	free(s->prefixes);
	s->prefixes = copy;
	s->n_prefixes = n;
	return 0;
}

static struct etsi_address address_of(const struct net_prefix *prefix, enum ip_assignment how)
{
	struct etsi_address a = {.version = prefix->ip.version,
				 .prefix_len = prefix->bits,
				 .assignment = (uint8_t)how};

	memcpy(a.bits, prefix->ip.bytes, sizeof a.bits);
	return a;
}

void session_describe_static(const struct session *s, struct etsi_address *many, struct ipiri *out)
{
	for (size_t i = 0; i < s->n_prefixes; i++)
		many[i] = address_of(&s->prefixes[i], IP_STATIC);
	ipiri_set_addresses(out, many, s->n_prefixes);
}

/* iPVersion has no "unknown": where no address is known yet it is "both", which claims least. */
static void describe_addresses(const struct access_session *a, struct session_iri *out)
{
	static const uint8_t how[] = {
		[ACCESS_NOT_KNOWN] = IP_NOT_KNOWN,
		[ACCESS_STATIC] = IP_STATIC,
		[ACCESS_DYNAMIC] = IP_DYNAMIC,
	};
	enum { VERSION_BOTH = 3 };
	size_t n = 0;

	for (uint32_t i = 0; i < a->n_addresses && n < ACCESS_MAX_ADDRESSES; i++) {
		const struct access_address *at = &a->addresses[i];

		if (at->prefix.bits)
			out->addresses[n++] = address_of(&at->prefix, how[at->assignment]);
	}
	ipiri_set_addresses(&out->iri, out->addresses, n);
	if (!n)
		out->iri.ip_version = VERSION_BOTH;
}

/* The first value that the schema has room for: it counts characters of UTF-8. */
static struct etsi_text utf8_of(struct access_text text, size_t limit)
{
	size_t n_chars;

	if (!text.bytes || !etsi_is_utf8(text.bytes, text.len, &n_chars) || n_chars == 0 ||
	    n_chars > limit)
		return (struct etsi_text){NULL, 0};
	return (struct etsi_text){text.bytes, text.len};
}

static struct etsi_text octets_of(struct access_text text)
{
	return (struct etsi_text){text.bytes, text.len};
}

/* Who and where: identities of the subscriber and of the place where he came in. */
static void describe_place(const struct access_session *a, struct ipiri *iri)
{
	enum { SHORT = 20, CPE = 128, PLACE = 64, POP = 128 };
	uint32_t port;

	iri->network_id = utf8_of(access_text(a, RADIUS_CALLING_STATION_ID, 0), SHORT);
	iri->cpe_id = utf8_of(access_vendor_text(a, ACCESS_BBF, ACCESS_BBF_REMOTE_ID), CPE);
	iri->location_text =
		utf8_of(access_vendor_text(a, ACCESS_BBF, ACCESS_BBF_CIRCUIT_ID), PLACE);
	iri->callback_number = utf8_of(access_text(a, RADIUS_CALLBACK_NUMBER, 0), SHORT);
	iri->pop_phone = utf8_of(access_text(a, RADIUS_CALLED_STATION_ID, 0), SHORT);
	iri->pop_port_id = octets_of(access_text(a, RADIUS_NAS_PORT_ID, 0));
	if (access_number(a, RADIUS_NAS_PORT, &port))
		iri->pop_port = (struct etsi_number){true, port};
	iri->pop_id.text = utf8_of(access_text(a, RADIUS_NAS_IDENTIFIER, 0), POP);
	if (iri->pop_id.text.bytes)
		iri->pop_id.kind = ETSI_ID_PRINTABLE;
	if (a->nas.version || a->source.version) {
		const struct net_ip *nas = a->nas.version ? &a->nas : &a->source;
		const struct net_prefix all = {*nas, nas->version == 4 ? 32 : 128};

		iri->pop_address = address_of(&all, IP_ASSIGNMENT_NONE);
	}
}

/* Where a mobile subscriber is: RADIUS names the kind of location by a number (TS 29.061,
 * 16.4.7.2), the schema's userLocationInfo by flags (TS 29.274, 8.21); what follows is the same. */
static void describe_cell(const struct access_session *a, struct session_iri *out)
{
	static const struct {
		uint8_t kind, flags, len;
	} kinds[] = {
		{0, 1, 7},    /* CGI */ {1, 2, 7},      /* SAI */ {128, 8, 5}, /* TAI */
		{129, 16, 7}, /* ECGI */ {130, 24, 12},                        /* TAI and ECGI */
	};
	struct access_text told = access_vendor_text(a, ACCESS_3GPP, ACCESS_3GPP_LOCATION);
	struct rd r = rd_of(told.bytes, told.bytes ? told.len : 0);
	uint8_t kind = rd_u8(&r);

	for (size_t k = 0; r.ok && k < sizeof kinds / sizeof *kinds; k++) {
		if (kinds[k].kind != kind || kinds[k].len != rd_left(&r))
			continue;
		out->location[0] = kinds[k].flags;
		memcpy(out->location + 1, rd_take(&r, kinds[k].len), kinds[k].len);
		out->iri.location.user_location =
			(struct etsi_text){out->location, kinds[k].len + 1u};
		return;
	}
}

static int hex_digit(uint8_t c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | ' ') : NULL;

	return at && *at ? (int)(at - digits) : -1;
}

/* The access point of a wireless LAN: its MAC address begins Called-Station-Id (RFC 3580, 3.20). */
static void describe_access_point(const struct access_session *a, struct session_iri *out)
{
	enum { WIRELESS_802_11 = 19, MAC_TEXT = 17 };
	struct access_text text = access_text(a, RADIUS_CALLED_STATION_ID, 0);
	const uint8_t *at = text.bytes;
	uint32_t type;

	if (!access_number(a, RADIUS_NAS_PORT_TYPE, &type) || type != WIRELESS_802_11 || !at ||
	    text.len < MAC_TEXT || (text.len > MAC_TEXT && at[MAC_TEXT] != ':'))
		return;
	for (size_t k = 0; k < sizeof out->access_point; k++, at += 3) {
		int high = hex_digit(at[0]), low = hex_digit(at[1]);
		bool is_last = k + 1 == sizeof out->access_point;

		if (high < 0 || low < 0 || (!is_last && at[2] != '-' && at[2] != ':'))
			return;
		out->access_point[k] = (uint8_t)(high << 4 | low);
	}
	out->iri.location.access_point =
		(struct etsi_text){out->access_point, sizeof out->access_point};
}

/* EndReason of TS 102 232-3 for a NAS's Acct-Terminate-Cause (RFC 2866, 5.10). */
static uint64_t end_reason(uint32_t cause)
{
	enum { UNDEFINED, LOG_OFF, LOST, TIMEOUT };
	static const uint8_t reasons[] = {
		[1] = LOG_OFF, /* User Request */
		[2] = LOST,    /* Lost Carrier */
		[3] = LOST,    /* Lost Service */
		[4] = TIMEOUT, /* Idle Timeout */
		[5] = TIMEOUT, /* Session Timeout */
	};

	return cause < sizeof reasons ? reasons[cause] : UNDEFINED;
}

static void describe_use(const struct access_session *a, struct ipiri *iri)
{
	if (a->is_live || a->end.ns)
		iri->start_time = (struct etsi_moment){a->begin.ns > 0, a->begin};
	if (a->end.ns) {
		iri->end_time = (struct etsi_moment){true, a->end};
		iri->end_reason = (struct etsi_number){true, end_reason(a->terminate_cause)};
	} else if (a->is_live && a->allowed_seconds && a->begin.ns > 0) {
		iri->expected_end_time.has = true;
		iri->expected_end_time.t.ns =
			a->begin.ns + (int64_t)a->allowed_seconds * NANOS_PER_S;
	}
	if (a->usage.has_octets) {
		iri->octets_received = (struct etsi_number){true, a->usage.octets_to};
		iri->octets_transmitted = (struct etsi_number){true, a->usage.octets_from};
	}
}

static void describe_routes(const struct access_session *a, struct session_iri *out)
{
	static const uint8_t types[] = {RADIUS_FRAMED_ROUTE, RADIUS_FRAMED_IPV6_ROUTE};
	size_t most = sizeof out->routes / sizeof *out->routes;
	size_t n = 0;

	for (size_t k = 0; k < sizeof types; k++) {
		for (unsigned nth = 0; n < most; nth++) {
			struct access_text route = access_text(a, types[k], nth);

			if (!route.bytes)
				break;
			out->routes[n++] = octets_of(route);
		}
	}
	out->iri.framed_routes = out->routes;
	out->iri.n_framed_routes = n;
}

void session_describe(const struct access_session *a, struct session_iri *out)
{
	enum { BY_RADIUS = 2 };

	memset(out, 0, sizeof *out);
	out->iri.username = octets_of(access_text(a, RADIUS_USER_NAME, 0));
	out->iri.authentication = (struct etsi_number){true, BY_RADIUS};
	describe_addresses(a, out);
	describe_place(a, &out->iri);
	describe_use(a, &out->iri);
	describe_routes(a, out);
	describe_cell(a, out);
	describe_access_point(a, out);
}
