/* etsi-probe FOLDER: writes streams that use every form of record, for etsi_test.py:
 *
 *	hi2.ber, hi3.ber   IRI and CC records of a few streams
 *	fields.ber         every event under every announced version, with fields at random
 *	calls.ber          calls and media under every announced version
 *	session.ber        TRI and HI1 of every kind
 *	checks.ber         hashes and signatures over records; key-CIN.pem: their public keys
 *	sealed-192.ber, sealed-256.ber   encrypted records with hashes; key: octets 0, 1, 2 … */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etsi/hi1.h"
#include "etsi/ipcc.h"
#include "etsi/ipiri.h"
#include "etsi/seal.h"
#include "integrity/integrity.h"
#include "integrity/keys.h"
#include "ipmm/cc.h"
#include "ipmm/location.h"
#include "ipmm/mask.h"

enum { MAX_PACKET = 65535, N_STREAMS = 4, MAX_NAME = 4096 };

static const struct etsi_stream streams[N_STREAMS] = {
	{.liid = "LIID0001",
	 .authorization_country = "NZ",
	 .operator_id = "EXAMPLE-NZ",
	 .network_element = "akl-1",
	 .delivery_country = "NZ",
	 .interception_point = "point-1",
	 .cin = 1},
	{.liid = "1", .authorization_country = "NZ", .operator_id = "o", .cin = 0},
	{.liid = "1234567890123456789012345",
	 .authorization_country = "NL",
	 .operator_id = "1234567890123456",
	 .network_element = "abcdefghijklmnop",
	 .delivery_country = "DE",
	 .interception_point = "12345678",
	 .cin = UINT32_MAX},
	{.liid = "LIID-G",
	 .authorization_country = "AU",
	 .operator_id = "op",
	 .delivery_country = "AU",
	 .cin = 128,
	 .header_version = 17,
	 .service_version = 10,
	 .time_form = ETSI_TIME_GENERALIZED},
};

static const char *folder_name;
static uint8_t packet[MAX_PACKET];
static uint8_t record[MAX_PACKET + 8192];

static int put(FILE *file, const void *bytes, size_t len)
{
	return fwrite(bytes, 1, len, file) == len ? 0 : ERR_IO;
}

/* ---- packets ---- */

/* An IPv4 packet that claims its own length, or an IPv6 one of at least 40 octets. */
static void make_packet(uint32_t len, bool is_v6)
{
	memset(packet, 0, sizeof packet);
	for (uint32_t i = 40; i < len; i++)
		packet[i] = (uint8_t)(i * 13);
	packet[0] = is_v6 ? 0x60 : 0x45;
	if (is_v6) {
		packet[4] = (uint8_t)((len - 40) >> 8);
		packet[5] = (uint8_t)(len - 40);
		packet[6] = 59;
	} else {
		packet[2] = (uint8_t)(len >> 8);
		packet[3] = (uint8_t)len;
		packet[9] = 17;
	}
}

/* Packets of every length around the changes of width, some cut, times of every form. */
static int put_packets(FILE *file, const struct etsi_header *h)
{
	static const uint32_t lens[] = {20,  21,  40,  90,  100,  105,  106,   107,   108,   120,
					126, 127, 128, 129, 200,  227,  228,   229,   230,   254,
					255, 256, 257, 576, 1500, 9000, 65501, 65502, 65503, 65535};
	uint32_t seq = 0;
	int rc = 0;

	for (size_t i = 0; i < sizeof lens / sizeof lens[0] && !rc; i++) {
		/* an old version has no word for a packet that was cut */
		for (int cut = 0; cut < (h->service_version < 18 ? 1 : 2) && !rc; cut++) {
			struct wr w = wr_of(record, sizeof record);
			struct ipcc cc = {
				.bytes = packet,
				.len = cut ? lens[i] / 2 : lens[i],
				.original_len = lens[i],
				.seq = seq++,
				.direction = i % 3,
				.time = {1700000000000000000 + (int64_t)(i * i * i) * 1357000}};

			make_packet(lens[i], lens[i] >= 40 && i % 2);
			ipcc_encode(h, &cc, &w);
			rc = w.ok && w.len == ipcc_len(h, &cc) ? put(file, w.bytes, w.len)
							       : ERR_BAD;
		}
	}
	return rc;
}

static int put_hi3(FILE *file)
{
	struct etsi_header h;
	int rc = 0;

	for (int i = 0; i < N_STREAMS && !rc; i++) {
		rc = etsi_header_init(&h, &streams[i], NULL);
		if (!rc)
			rc = put_packets(file, &h);
	}
	return rc;
}

/* ---- events ---- */

static void fill_record(struct ipiri *iri, struct etsi_address *addresses, int n)
{
	struct etsi_address all[] = {
		{6, {0x20, 1, 0xd, 0xb8, 7}, 48, IP_STATIC},
		{4, {192, 0, 2, 7}, 32, IP_STATIC},
		{6, {0x20, 1, 0xd, 0xb8, 8}, 56, IP_DYNAMIC},
		{4, {198, 51, 100, 0}, 24, IP_NOT_KNOWN},
	};

	memcpy(addresses, all, sizeof all);
	iri->username = (struct etsi_text){"alice@isp.example", 17};
	iri->access_type = 6;
	ipiri_set_addresses(iri, addresses, (size_t)n);
}

/* Each session once through, and the bracket of an interception around the live one. */
static int put_events(FILE *file, const struct etsi_header *h, int number)
{
	static const enum ipiri_event live[] = {IPIRI_START_ACTIVE, IPIRI_END_ACTIVE};
	static const enum ipiri_event session[] = {IPIRI_ATTEMPT, IPIRI_REJECT,  IPIRI_FAILED,
						   IPIRI_ACCEPT,  IPIRI_INTERIM, IPIRI_ACCESS_END};
	static const enum ipiri_event idle[] = {IPIRI_START_IDLE, IPIRI_UNKNOWN, IPIRI_EXPIRED};
	static const struct {
		const enum ipiri_event *events;
		size_t n;
	} series[N_STREAMS] = {{live, 2}, {session, 6}, {idle, 3}, {live, 2}};
	int rc = 0;

	for (size_t i = 0; i < series[number].n && !rc; i++) {
		struct ipiri iri = {.event = series[number].events[i],
				    .seq = (uint32_t)i,
				    .time = {1700000000000000000 + (int64_t)i * 999999000}};
		struct etsi_address addresses[4];
		struct wr w = wr_of(record, sizeof record);

		fill_record(&iri, addresses, number + 1);
		rc = ipiri_encode(h, &iri, &w, NULL);
		if (!rc)
			rc = put(file, w.bytes, w.len);
	}
	return rc;
}

static int put_hi2(FILE *file)
{
	struct etsi_header h;
	int rc = 0;

	for (int i = 0; i < N_STREAMS && !rc; i++) {
		rc = etsi_header_init(&h, &streams[i], NULL);
		if (!rc)
			rc = put_events(file, &h, i);
	}
	return rc;
}

/* ---- fields at random ---- */

static uint64_t random_state = 1;

/* splitmix64: the same numbers everywhere */
static uint64_t next_random(void)
{
	uint64_t x = random_state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static unsigned below(unsigned n)
{
	return (unsigned)(next_random() % n);
}

static char texts[4096];
static size_t n_text;

/* Present every other time: 1 to max characters, some of two octets. */
static struct etsi_text any_utf8(unsigned max)
{
	static const char *const characters[] = {"a", "Z", "7", "-", ".", "\xc3\xa9"};
	char *start = texts + n_text;
	unsigned n = 1 + below(max);

	if (below(2))
		return (struct etsi_text){NULL, 0};
	for (unsigned i = 0; i < n && n_text < sizeof texts - 2; i++) {
		const char *c = characters[below(6)];

		memcpy(texts + n_text, c, strlen(c));
		n_text += strlen(c);
	}
	return (struct etsi_text){start, (size_t)(texts + n_text - start)};
}

static struct etsi_text some_octets(unsigned n)
{
	char *start = texts + n_text;

	for (unsigned i = 0; i < n && n_text < sizeof texts; i++)
		texts[n_text++] = (char)next_random();
	return (struct etsi_text){start, (size_t)(texts + n_text - start)};
}

static struct etsi_text any_octets(unsigned min, unsigned max)
{
	return below(2) ? (struct etsi_text){NULL, 0} : some_octets(min + below(max - min + 1));
}

/* Of every width. */
static struct etsi_number any_number(uint64_t max)
{
	uint64_t v = next_random() >> below(64);

	return (struct etsi_number){below(2), max == UINT64_MAX ? v : v % (max + 1)};
}

static struct etsi_moment any_time(void)
{
	static const int64_t parts[] = {0, 500000000, 123456000, 1000};

	return (struct etsi_moment){below(2),
				    {(int64_t)below(UINT32_MAX) * NANOS_PER_S + parts[below(4)]}};
}

static struct etsi_address some_address(void)
{
	struct etsi_address a = {.version = below(2) ? 4 : 6,
				 .assignment = (uint8_t)below(IP_NOT_KNOWN + 1)};

	for (unsigned i = 0; i < (a.version == 4 ? 4 : 16); i++)
		a.bits[i] = (uint8_t)next_random();
	a.prefix_len = (uint8_t)(a.version == 4 ? below(33) : 1 + below(128));
	return a;
}

static struct etsi_address any_address(void)
{
	return below(2) ? (struct etsi_address){0} : some_address();
}

static struct etsi_id any_id(void)
{
	struct etsi_id id = {.kind = below(4), .address = some_address()};

	if (id.kind == ETSI_ID_MAC)
		id.text = some_octets(6);
	if (id.kind == ETSI_ID_PRINTABLE)
		id.text = any_utf8(128);
	if (id.kind == ETSI_ID_PRINTABLE && !id.text.bytes)
		id.kind = ETSI_ID_NONE;
	return id;
}

static void fill_at_random(struct ipiri *iri)
{
	static struct etsi_address addresses[6];
	static struct etsi_text routes[3];
	size_t n_addresses = below(7);

	n_text = 0;
	for (size_t i = 0; i < n_addresses; i++)
		addresses[i] = some_address();
	ipiri_set_addresses(iri, addresses, n_addresses);
	if (!iri->ip_version)
		iri->ip_version = (uint8_t)(1 + below(3));
	for (iri->n_framed_routes = 0; iri->n_framed_routes < below(4); iri->n_framed_routes++)
		routes[iri->n_framed_routes] = some_octets(below(40));
	iri->framed_routes = routes;
	iri->username = some_octets(below(64));
	iri->access_type = (uint8_t)below(10);
	iri->network_id = any_utf8(20);
	iri->cpe_id = any_utf8(128);
	iri->location_text = any_utf8(64);
	iri->pop_port = any_number(UINT32_MAX);
	iri->callback_number = any_utf8(20);
	iri->start_time = any_time();
	iri->end_time = any_time();
	iri->end_reason = any_number(4);
	iri->octets_received = any_number(UINT64_MAX);
	iri->octets_transmitted = any_number(UINT64_MAX);
	iri->raw_aaa = any_octets(0, 300);
	iri->expected_end_time = any_time();
	iri->pop_phone = any_utf8(20);
	iri->pop_id = any_id();
	iri->pop_address = any_address();
	iri->authentication = any_number(4);
	iri->location.user_location = any_octets(1, 39);
	iri->location.access_point = any_octets(6, 6);
	iri->pop_port_id = any_octets(0, 30);
}

static int put_random_record(FILE *file, const struct etsi_header *h, enum ipiri_event event,
			     uint32_t seq)
{
	struct ipiri iri = {.event = event, .seq = seq};
	struct wr w = wr_of(record, sizeof record);
	struct why why;
	int rc;

	why_clear(&why);
	iri.time.ns = (int64_t)below(UINT32_MAX) * NANOS_PER_S + below(1000000) * 1000;
	fill_at_random(&iri);
	rc = ipiri_encode(h, &iri, &w, &why);
	if (rc)
		fprintf(stderr, "%s: %s\n", ipiri_event_text(event), why.text);
	return rc ? rc : put(file, w.bytes, w.len);
}

/* One event in a session of its own, behind an accessAccept where it needs one. */
static int put_random_session(FILE *file, struct etsi_stream *stream, enum ipiri_event event)
{
	bool needs_begin = event == IPIRI_INTERIM || event == IPIRI_ACCESS_END ||
			   event == IPIRI_END_ACTIVE || event == IPIRI_EXPIRED;
	struct etsi_header h;
	int rc;

	stream->cin++;
	rc = etsi_header_init(&h, stream, NULL);
	if (rc || !ipiri_event_known(&h, &event))
		return rc;
	if (event == IPIRI_END_IDLE)
		rc = put_random_record(file, &h, IPIRI_START_IDLE, 0);
	else if (needs_begin)
		rc = put_random_record(file, &h, IPIRI_ACCEPT, 0);
	if (!rc)
		rc = put_random_record(file, &h, event, needs_begin || event == IPIRI_END_IDLE);
	return rc;
}

static int put_fields(FILE *file)
{
	static const enum ipiri_event events[] = {
#define X(name, value, type, since, text) IPIRI_##name,
		IPIRI_EVENTS(X)
#undef X
	};
	struct etsi_stream s = {.liid = "FIELDS",
				.authorization_country = "NZ",
				.operator_id = "op",
				.interception_point = "p"};
	int rc = 0;

	for (unsigned version = ETSI_MIN_HEADER_VERSION; version <= ETSI_HEADER_VERSION; version++)
		for (unsigned i = 0; i < 4 * sizeof events / sizeof events[0] && !rc; i++) {
			s.header_version = version;
			s.time_form = i & 1 ? ETSI_TIME_GENERALIZED : ETSI_TIME_MICROSECONDS;
			s.qualifier = below(4);
			rc = put_random_session(file, &s, events[i / 4]);
		}
	return rc;
}

/* ---- calls ---- */

/* As a warrant without content has it: masked, with the place that the message tells. */
static int put_message(FILE *file, const struct etsi_header *h, const struct ipmm_iri *like,
		       const char *message)
{
	static uint8_t copy[4096];
	struct wr w = wr_of(record, sizeof record), masked = wr_of(copy, sizeof copy);
	struct ipmm_iri iri = *like;
	struct ipmm_place place;
	struct sip_message m;
	bool has_masked;
	struct why why;
	int rc = sip_message_read(message, strlen(message), &m);

	why_clear(&why);
	rc = rc ? rc : ipmm_mask(&m, &masked, &has_masked);
	if (rc)
		return rc;
	(void)ipmm_place_in(&place, &m);
	iri.location = place.location;
	iri.form = has_masked ? IPMM_SIP_IRI_ONLY : IPMM_SIP;
	iri.message = (struct etsi_text){copy, masked.len};
	rc = ipmm_iri_encode(h, &iri, &w, &why);
	if (rc)
		fprintf(stderr, "%s\n", why.text);
	return rc ? rc : put(file, w.bytes, w.len);
}

/* BEGIN, CONTINUE, END with every optional field now and then. */
static int put_call(FILE *file, const struct etsi_header *h, bool is_v6)
{
	static const char *const messages[] = {
		"INVITE sip:bob@isp.example SIP/2.0\r\nCall-ID: c1\r\nGeolocation: <cid:1@x>\r\n"
		"P-Access-Network-Info: 3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=5301012340ABCDEF\r\n"
		"Content-Type: application/pidf+xml\r\nContent-ID: <1@x>\r\n\r\n"
		"<presence><location-info><Circle><pos>-43.5312 172.6362</pos><radius>25</radius>"
		"</Circle></location-info></presence>",
		"SIP/2.0 180 Ringing\r\nCall-ID: c1\r\n\r\n",
		("SIP/2.0 200 OK\r\nCall-ID: c1\r\nP-Access-Network-Info: 3GPP-NR-FDD; "
		 "utran-cell-id-3gpp=31041000ABCDFEDCBA987\r\nContent-Type: text/plain\r\n\r\nat "
		 "six"),
		("BYE sip:bob@isp.example SIP/2.0\r\nCall-ID: c1\r\nP-Access-Network-Info: "
		 "IEEE-802.11; i-wlan-node-id=001a2b3c4d5e\r\n\r\n")};
	const struct etsi_text lines[] = {{"Contact: <tel:+123456789>", 25}, {"Event: reg", 10}};
	int rc = 0;

	for (uint32_t i = 0; i < 4 && !rc; i++) {
		struct ipmm_iri iri = {
			.type = i == 0   ? ETSI_IRI_BEGIN
				: i == 3 ? ETSI_IRI_END
					 : ETSI_IRI_CONTINUE,
			.seq = i,
			.time = {1700000000000000000 + (int64_t)i * 1234567000},
			.source = {4, {192, 0, 2, 17}, i & 1 ? ETSI_NO_MASK : 32, 0},
			.destination = {4, {198, 51, 100, 5}, ETSI_NO_MASK, IP_NOT_KNOWN},
			.session_direction = (uint8_t)(below(IPMM_NO_DIRECTION + 1)),
			.payload_direction = (uint8_t)(below(IPMM_NO_DIRECTION + 1)),
			.lines = lines,
			.n_lines = i == 1 ? 2 : 0,
		};

		if (is_v6)
			iri.source = iri.destination =
				(struct etsi_address){6, {0x20, 1, 0xd, 0xb8, [15] = 1}, 128, 0};
		rc = put_message(file, h, &iri, messages[i]);
	}
	return rc;
}

/* The media of the call: each frame that the version has, at many sizes. */
static int put_media(FILE *file, const struct etsi_header *h)
{
	uint32_t seq = 0;
	int rc = 0;

	for (unsigned frame = IPMM_IP_FRAME; frame <= IPMM_MSRP_FRAME && !rc; frame++) {
		struct ipmm_stream s = {.frame = (enum ipmm_frame)frame,
					.protocol = frame == IPMM_UDPTL_FRAME  ? IPMM_UDPTL
						    : frame == IPMM_MSRP_FRAME ? IPMM_MSRP
									       : IPMM_RTP,
					.id = frame % 3 ? "m=audio 16000 RTP/AVP 0" : NULL};
		struct ipmm_tail tail;

		rc = ipmm_tail_init(&tail, h, &s, NULL);
		if (rc == ERR_UNSUPPORTED)
			return 0;
		for (uint32_t len = 20; len < 70 + 3000 * (frame == 0) && !rc;
		     len += 13 + len / 2, seq++) {
			int64_t time_ns = 1700000000000000000 + (int64_t)seq * 20000000;
			struct ipmm_cc cc = {
				packet, len, seq, (enum etsi_direction)below(5), {time_ns}};
			struct wr w = wr_of(record, sizeof record);

			make_packet(len, false);
			if (frame == IPMM_RTP_FRAME)
				packet[0] = 0x80;
			ipmm_cc_encode(&tail, &cc, &w);
			rc = w.ok ? put(file, w.bytes, w.len) : ERR_FULL;
		}
	}
	return rc;
}

/* A registration is nobody's call: one REPORT. */
static int put_report(FILE *file, const struct etsi_header *h)
{
	struct ipmm_iri iri = {.type = ETSI_IRI_REPORT,
			       .time = {1700000000500000000},
			       .source = {4, {192, 0, 2, 17}, ETSI_NO_MASK, 0},
			       .destination = {4, {198, 51, 100, 5}, ETSI_NO_MASK, 0},
			       .session_direction = IPMM_NO_DIRECTION,
			       .payload_direction = ETSI_FROM_TARGET};

	return put_message(file, h, &iri,
			   "REGISTER sip:isp.example SIP/2.0\r\nCall-ID: r1\r\n\r\n");
}

static int put_calls(FILE *file)
{
	struct etsi_stream s = {.liid = "CALLS",
				.authorization_country = "NZ",
				.operator_id = "op",
				.network_element = "col-1",
				.delivery_country = "NZ"};
	struct etsi_header h;
	int rc = 0;

	for (unsigned v = ETSI_MIN_HEADER_VERSION; v <= ETSI_HEADER_VERSION && !rc; v++) {
		s.header_version = v;
		s.time_form = v & 1 ? ETSI_TIME_GENERALIZED : ETSI_TIME_MICROSECONDS;
		s.cin = 2 * v;
		rc = etsi_header_init(&h, &s, NULL);
		if (!rc)
			rc = put_call(file, &h, v & 2);
		if (!rc)
			rc = put_media(file, &h);
		s.cin++;
		if (!rc)
			rc = etsi_header_init(&h, &s, NULL);
		if (!rc)
			rc = put_report(file, &h);
	}
	return rc;
}

/* ---- session layer and notifications ---- */

static int put_tri(FILE *file, const struct etsi_header *h, const struct tri *tri)
{
	struct wr w = wr_of(record, sizeof record);
	int rc = tri_is_known(h, tri->kind) ? tri_encode(h, tri, &w, NULL) : 0;

	return rc ? rc : put(file, w.bytes, w.len);
}

static int put_tris(FILE *file, const struct etsi_header *h)
{
	static const uint8_t message[] = "buffer 90 % full";
	struct tri tri = {.time = {1700000000123456000},
			  .octets = {message, sizeof message - 1},
			  .priority = ETSI_MESSAGE_ERROR};
	int rc = 0;

	for (unsigned kind = ETSI_TRI_TEST; etsi_tri_text(kind) && !rc; kind++) {
		tri.kind = (enum etsi_tri_kind)kind;
		tri.seq = kind * 100;
		tri.is_requested = tri.is_accepted = kind % 2;
		tri.is_declined = !tri.is_accepted;
		rc = put_tri(file, h, &tri);
	}
	return rc;
}

static int put_hi1s(FILE *file, const struct etsi_header *h)
{
	struct hi1 hi1 = {.time = {1700000000123456000},
			  .at = {1700000000000000000},
			  .liid = "SESSION",
			  .operator_id = "EXAMPLE-NZ",
			  .text = "alice@isp.example"};
	int rc = 0;

	for (unsigned i = 0; i < 8 && !rc; i++) {
		struct wr w = wr_of(record, sizeof record);

		hi1.operation = (enum hi1_operation)(HI1_ACTIVATED + i % 4);
		hi1.seq = i;
		if (i >= 4 && hi1.operation == HI1_ALARM)
			hi1.liid = hi1.operator_id = NULL;
		else if (i >= 4)
			hi1.text = NULL;
		if (hi1.operation == HI1_ALARM)
			hi1.text = "buffer 90 % full";
		rc = hi1_encode(h, &hi1, &w, NULL);
		if (!rc)
			rc = put(file, w.bytes, w.len);
	}
	return rc;
}

static int put_session(FILE *file)
{
	struct etsi_stream s = {.liid = "SESSION",
				.authorization_country = "NZ",
				.operator_id = "op",
				.has_no_cin = true,
				.qualifier = ETSI_OF_MEDIATION};
	struct etsi_header h;
	int rc = 0;

	for (s.header_version = 15; s.header_version <= 43 && !rc; s.header_version += 4) {
		s.time_form = s.header_version % 8 ? ETSI_TIME_GENERALIZED : ETSI_TIME_MICROSECONDS;
		rc = etsi_header_init(&h, &s, NULL);
		if (!rc)
			rc = put_tris(file, &h);
		if (!rc)
			rc = put_hi1s(file, &h);
	}
	return rc;
}

/* ---- integrity checks and encryption ---- */

/* n records of one kind in one stream, sealed where there is a seal, with their checks. */
struct checked {
	struct integrity_plan plan;
	enum etsi_check_of of;
	struct seal *seal;
	int n;
};

static int make_record(const struct checked *c, const struct etsi_header *h, uint32_t i,
		       struct wr *w)
{
	struct nanos time = {1700000000000000000 + (int64_t)i * NANOS_PER_S};
	struct ipcc cc = {packet, 20 + i * 37, 0, i, ETSI_FROM_TARGET, time};
	struct ipiri iri = {.event = i                            ? IPIRI_INTERIM
				     : c->of == ETSI_CHECK_OF_IRI ? IPIRI_ACCEPT
								  : IPIRI_ATTEMPT,
			    .seq = i,
			    .time = time,
			    .ip_version = 3};
	uint8_t room[4096];
	struct wr plain = wr_of(room, sizeof room);
	int rc;

	if (c->of == ETSI_CHECK_OF_CC) {
		make_packet(cc.len, false);
		if (c->seal)
			return sealed_ipcc_encode(c->seal, h, &cc, w);
		ipcc_encode(h, &cc, w);
		return 0;
	}
	if (!c->seal)
		return ipiri_encode(h, &iri, w, NULL);
	rc = ipiri_encode(h, &iri, &plain, NULL);
	return rc ? rc : seal_pdu(c->seal, room, plain.len, w, NULL);
}

static int put_checked(FILE *file, const struct checked *c, const struct etsi_stream *stream)
{
	struct integrity state;
	struct etsi_header h;
	int rc = etsi_header_init(&h, stream, NULL);

	if (!rc)
		rc = integrity_init(&state, &c->plan, c->of, NULL);
	if (c->seal)
		c->seal->counter = seal_first_counter(nanos_from_s(1700000000));
	for (int i = 0; i < c->n && !rc; i++) {
		struct wr w = wr_of(record, sizeof record);
		struct nanos time = nanos_from_s(i);

		rc = make_record(c, &h, (uint32_t)i, &w);
		if (!rc)
			rc = integrity_add(&state, w.bytes, w.len, (uint32_t)i, time);
		if (c->seal)
			c->seal->counter += w.len;
		if (!rc && (integrity_is_due(&state, time) || i == c->n - 1))
			rc = integrity_encode(&state, &h, time, i == c->n - 1, &w);
		if (!rc)
			rc = put(file, w.bytes, w.len);
	}
	if (c->n)
		integrity_fini(&state);
	return rc;
}

static int write_text(const char *folder, unsigned number, const char *text)
{
	char path[MAX_NAME];
	FILE *file;
	int rc;

	snprintf(path, sizeof path, "%s/key-%u.pem", folder, number);
	file = fopen(path, "wb");
	rc = file ? put(file, text, strlen(text)) : ERR_IO;
	if (file && fclose(file) == EOF)
		rc = ERR_IO;
	return rc;
}

static int put_checks(FILE *file)
{
	static const char *const kinds[] = {"ED25519", "ED448", "P-256", "P-384"};
	struct etsi_stream s = {
		.liid = "CHECKS", .authorization_country = "NZ", .operator_id = "op"};
	int rc = 0;

	for (unsigned i = 0; i < 8 && !rc; i++) {
		static char secret[KEY_TEXT_SIZE], public[KEY_TEXT_SIZE];
		struct checked c = {.plan = {.hash = (enum etsi_hash)(ETSI_SHA_1 + i / 2),
					     .count = 3,
					     .sign_count = 2},
				    .of = i % 2 ? ETSI_CHECK_OF_CC : ETSI_CHECK_OF_IRI,
				    .n = 11};
		struct signer *signer = NULL;

		s.cin = i;
		rc = keys_make(kinds[i / 2], secret, public)
			     ? signer_parse(&signer, secret, strlen(secret), true, NULL)
			     : ERR_IO;
		if (!rc)
			rc = write_text(folder_name, i, public);
		c.plan.signer = signer;
		if (!rc)
			rc = put_checked(file, &c, &s);
		signer_free(&signer);
	}
	return rc;
}

static int put_sealed(FILE *file, enum seal_cipher cipher, size_t key_len)
{
	struct etsi_stream s = {
		.liid = "SEALED", .authorization_country = "NZ", .operator_id = "op"};
	uint8_t octets[SEAL_MAX_KEY];
	struct sealer *sealer = NULL;
	struct seal_key key;
	struct seal seal = {.key = &key};
	struct checked c = {.plan = {.hash = ETSI_SHA_256, .count = 7}, .seal = &seal, .n = 40};
	int rc;

	for (uint8_t i = 0; i < sizeof octets; i++)
		octets[i] = i;
	rc = seal_key_init(&key, cipher, octets, key_len, NULL);
	if (!rc)
		rc = sealer_new(&sealer);
	seal.sealer = sealer;
	for (int i = 0; i < 4 && !rc; i++) {
		s.cin = (uint32_t)i / 2;
		s.time_form = i / 2 ? ETSI_TIME_GENERALIZED : ETSI_TIME_MICROSECONDS;
		c.of = i % 2 ? ETSI_CHECK_OF_CC : ETSI_CHECK_OF_IRI;
		rc = put_checked(file, &c, &s);
	}
	sealer_free(&sealer);
	return rc;
}

static int put_sealed_192(FILE *file)
{
	return put_sealed(file, SEAL_AES_192_CBC, 24);
}

static int put_sealed_256(FILE *file)
{
	return put_sealed(file, SEAL_AES_256_CBC, 32);
}

static int write_file(const char *folder, const char *name, int (*put_all)(FILE *file))
{
	char path[MAX_NAME];
	FILE *file;
	int rc;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "wb");
	rc = file ? put_all(file) : ERR_IO;
	if (file && fclose(file) == EOF)
		rc = ERR_IO;
	if (rc)
		fprintf(stderr, "etsi-probe: %s: %s\n", name, err_text(rc));
	return rc;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*put_all)(FILE *file);
	} files[] = {
		{"hi2.ber", put_hi2},
		{"hi3.ber", put_hi3},
		{"fields.ber", put_fields},
		{"calls.ber", put_calls},
		{"session.ber", put_session},
		{"checks.ber", put_checks},
		{"sealed-192.ber", put_sealed_192},
		{"sealed-256.ber", put_sealed_256},
	};
	int rc = argc == 2 ? 0 : ERR_USAGE;

	folder_name = argv[1];
	for (size_t i = 0; i < sizeof files / sizeof files[0] && !rc; i++)
		rc = write_file(argv[1], files[i].name, files[i].put_all);
	return rc ? 1 : 0;
}
