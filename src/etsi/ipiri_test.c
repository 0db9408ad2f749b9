#include "etsi/ipiri.h"

#include "base/tap.h"
#include "etsi/golden.h"

#include <stdlib.h>

static uint8_t room[8192];

static const struct etsi_stream stream = {
	.liid = "LIID-0001",
	.authorization_country = "NL",
	.operator_id = "op-1",
	.network_element = "col-1",
	.delivery_country = "NL",
	.interception_point = "ip-1",
	.cin = UINT32_MAX,
};

static const struct etsi_address v4 = {4, {192, 0, 2, 17}, 32, IP_DYNAMIC};
static const struct etsi_address v6 = {6, {0x20, 1, 0xd, 0xb8, [15] = 1}, 64, IP_DYNAMIC};

static struct etsi_text text_of(const char *text)
{
	return (struct etsi_text){text, strlen(text)};
}

static struct ipiri golden_record(int number, enum ipiri_event event)
{
	return (struct ipiri){
		.event = event,
		.seq = (uint32_t)number,
		.time = {(1700000000 + number) * (int64_t)NANOS_PER_S + 123456000},
		.username = text_of("alice@isp.example"),
		.access_type = 6,
		.address = v4,
		.additional_address = v6,
		.authentication = {true, 2},
	};
}

static void test_golden(void)
{
	struct ipiri records[3] = {golden_record(0, IPIRI_ACCEPT), golden_record(1, IPIRI_INTERIM),
				   golden_record(2, IPIRI_ACCESS_END)};
	static const char *const names[] = {"accessAccept", "interimUpdate", "accessEnd"};
	struct etsi_header h;
	size_t len = 0;
	char *golden = golden_read("asn1/golden/ipaccess.ber", &len);

	if (!golden) {
		skip("golden/ipaccess.ber: no shared folder here");
		return;
	}
	records[0].start_time = (struct etsi_moment){true, {1700000000 * (int64_t)NANOS_PER_S}};
	records[0].network_id = text_of("AA-BB-CC-DD-EE-FF");
	records[0].pop_port = (struct etsi_number){true, 17};
	records[0].pop_id = (struct etsi_id){ETSI_ID_PRINTABLE, text_of("bng-1"), {0}};
	records[1].octets_received = (struct etsi_number){true, UINT64_MAX};
	records[1].octets_transmitted = (struct etsi_number){true, 128};
	records[2].end_time = (struct etsi_moment){true, {1700003600 * (int64_t)NANOS_PER_S}};
	records[2].end_reason = (struct etsi_number){true, 1};
	records[2].octets_received = (struct etsi_number){true, 70000};
	records[2].octets_transmitted = (struct etsi_number){true, 0};
	ok(etsi_header_init(&h, &stream, NULL) == 0, "the golden header is built");
	for (int i = 0; i < 3; i++) {
		struct wr w = wr_of(room, sizeof room);

		ok(ipiri_encode(&h, &records[i], &w, NULL) == 0 &&
			   memmem(golden, len, room, w.len) != NULL,
		   "golden/ipaccess.ber: %s has the same octets", names[i]);
	}
	free(golden);
}

static void test_type_by_event(void)
{
	static const struct {
		enum ipiri_event event;
		uint8_t type;
		const char *text;
	} facts[] = {
#define X(name, value, type, since, text) {IPIRI_##name, ETSI_IRI_##type, text},
		IPIRI_EVENTS(X)
#undef X
	};
	struct etsi_header h;

	ok(etsi_header_init(&h, &stream, NULL) == 0, "the header is built");
	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
		struct ipiri iri = golden_record(0, facts[i].event);
		const uint8_t type[] = {0x80, 1, facts[i].type, 0xa2};
		const uint8_t object[] = {0x80, 4, 5, 3, 20, 1, 0xa1};
		const uint8_t event[] = {0x80, 1, (uint8_t)facts[i].event, 0x81};
		const uint8_t *at;
		struct wr w = wr_of(room, sizeof room);

		ok(ipiri_encode(&h, &iri, &w, NULL) == 0 &&
			   memmem(room, w.len, type, sizeof type) != NULL &&
			   (at = memmem(room, w.len, object, sizeof object)) != NULL &&
			   memcmp(at + sizeof object + 1, event, sizeof event) == 0,
		   "%s is carried by record type %d", facts[i].text, facts[i].type);
	}
}

static void test_addresses(void)
{
	struct etsi_address a[] = {
		{6, {0x20, 1, 0xd, 0xb8, 7}, 48, IP_STATIC},
		{4, {192, 0, 2, 7}, 32, IP_STATIC},
		{6, {0x20, 1, 0xd, 0xb8, 8}, 56, IP_STATIC},
		{4, {198, 51, 100, 0}, 24, IP_STATIC},
	};
	struct ipiri iri = {.event = IPIRI_START_ACTIVE, .username = text_of("")};
	struct etsi_header h;
	struct wr w = wr_of(room, sizeof room);
	static const uint8_t others[] = {
		0xb7, 0x35, 0xa0, 0x1d, 0x81, 1,    1,    0xa2, 0x12, 0x81, 0x10, 0x20, 1,    0xd,
		0xb8, 8,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x83,
		1,    1,    0x84, 1,    56,   0xa0, 0x14, 0x81, 1,    0,    0xa2, 6,    0x81, 4,
		198,  51,   100,  0,    0x83, 1,    1,    0x85, 4,    255,  255,  255,  0};

	ipiri_set_addresses(&iri, a, 4);
	ok(iri.ip_version == 3 && iri.address.version == 4 && iri.address.bits[3] == 7 &&
		   iri.additional_address.bits[4] == 7 && iri.n_others == 2,
	   "first IPv4, first IPv6 beside it, the rest as other identifiers");
	ok(etsi_header_init(&h, &stream, NULL) == 0 && ipiri_encode(&h, &iri, &w, NULL) == 0 &&
		   memmem(room, w.len, others, sizeof others) != NULL,
	   "the others are encoded in their order, with prefix length and mask");
	ipiri_set_addresses(&iri, a + 2, 1);
	ok(iri.ip_version == 2 && iri.address.version == 6 && !iri.additional_address.version &&
		   iri.n_others == 0,
	   "a lone IPv6 prefix is the target's address");
}

static void refused(const char *what, struct ipiri iri)
{
	struct etsi_header h;
	struct wr w = wr_of(room, sizeof room);
	struct why why;
	int rc;

	why_clear(&why);
	rc = etsi_header_init(&h, &stream, &why);
	if (!rc)
		rc = ipiri_encode(&h, &iri, &w, &why);
	ok(rc == ERR_USAGE && w.len == 0 && why.text[0], "%s is refused: %s", what, why.text);
}

static void test_refusals(void)
{
	struct ipiri good = golden_record(0, IPIRI_ACCEPT), bad;

	bad = good;
	bad.network_id = text_of("123456789012345678901");
	refused("a network id of 21 characters", bad);
	bad = good;
	bad.network_id = text_of("\xc3\x28");
	refused("a network id that is not UTF-8", bad);
	bad = good;
	bad.network_id = text_of("");
	refused("an empty network id", bad);
	bad = good;
	bad.pop_port = (struct etsi_number){true, (uint64_t)UINT32_MAX + 1};
	refused("a port number of 33 bits", bad);
	bad = good;
	bad.access_type = 10;
	refused("an unknown access type", bad);
	bad = good;
	bad.event = 4;
	refused("an event that is no longer in use", bad);
	bad = good;
	bad.address.prefix_len = 33;
	refused("an IPv4 prefix of 33", bad);
	bad = good;
	bad.additional_address.prefix_len = 0;
	refused("an IPv6 prefix of 0", bad);
	bad = good;
	bad.address = bad.additional_address = (struct etsi_address){0};
	refused("neither a version nor an address", bad);
	bad = good;
	bad.pop_id = (struct etsi_id){ETSI_ID_MAC, text_of("12345"), {0}};
	refused("a MAC address of five octets", bad);
	bad = good;
	bad.end_time = (struct etsi_moment){true, {-1}};
	refused("an end before 1970", bad);
}

static void test_limits_in_characters(void)
{
	struct ipiri iri = golden_record(0, IPIRI_ACCEPT);
	struct etsi_header h;
	struct wr w = wr_of(room, sizeof room);

	iri.network_id = text_of("\xc4\x81\xc4\x81\xc4\x81\xc4\x81\xc4\x81\xc4\x81\xc4\x81\xc4\x81"
				 "\xc4\x81\xc4\x81\xc4\x81\xc4\x81\xc4\x81\xc4\x81\xc4\x81\xc4\x81"
				 "\xc4\x81\xc4\x81\xc4\x81\xc4\x81");
	ok(etsi_header_init(&h, &stream, NULL) == 0 && ipiri_encode(&h, &iri, &w, NULL) == 0,
	   "twenty characters of two octets are twenty");
}

static void test_no_room(void)
{
	struct ipiri iri = golden_record(0, IPIRI_ACCEPT);
	struct etsi_header h;
	struct wr w = wr_of(room, sizeof room);
	int n_bad = 0;
	size_t len;

	ok(etsi_header_init(&h, &stream, NULL) == 0 && ipiri_encode(&h, &iri, &w, NULL) == 0,
	   "a record is encoded");
	len = w.len;
	for (size_t size = 0; size < len; size++) {
		w = wr_of(room, size);
		n_bad += ipiri_encode(&h, &iri, &w, NULL) != ERR_FULL;
	}
	ok(n_bad == 0, "any smaller room is too small, and that is said");
}

static bool has(const struct wr *w, const void *octets, size_t len)
{
	return memmem(w->bytes, w->len, octets, len) != NULL;
}

static void test_location(void)
{
	struct ipiri iri = golden_record(0, IPIRI_ACCEPT);
	static const uint8_t element[] = {0xb8, 0x19, 0xa1, 13, 0x81, 11, 0x82, 1,  2,
					  3,    4,    5,    6,  7,    8,  9,    10, 0xa2,
					  8,    0x80, 6,    2,  0,    0,  0,    0,  1};
	struct etsi_header h;
	struct wr w = wr_of(room, sizeof room);

	iri.location.user_location = (struct etsi_text){"\x82\1\2\3\4\5\6\7\10\11\12", 11};
	iri.location.access_point = (struct etsi_text){"\2\0\0\0\0\1", 6};
	ok(etsi_header_init(&h, &stream, NULL) == 0 && ipiri_encode(&h, &iri, &w, NULL) == 0 &&
		   has(&w, element, sizeof element),
	   "a location of both kinds");
	iri.location.access_point.len = 5;
	ok(ipiri_encode(&h, &iri, &w, NULL) == ERR_USAGE, "five octets are no access point");
}

static void test_old_versions(void)
{
	static const struct etsi_text route = {"::/0", 4};
	static const uint8_t routes[] = {0xba, 6, 0x80, 4, ':', ':', '/', '0'};
	struct ipiri iri = golden_record(0, IPIRI_EXPIRED);
	struct etsi_stream s = stream;
	struct etsi_header h;
	struct wr w = wr_of(room, sizeof room);
	enum ipiri_event event = IPIRI_START_IDLE;

	iri.framed_routes = &route;
	iri.n_framed_routes = 1;
	s.header_version = 33;
	ok(etsi_header_init(&h, &s, NULL) == 0 && ipiri_encode(&h, &iri, &w, NULL) == 0 &&
		   has(&w, "\x05\x03\x0e\x01\xa1", 5) && has(&w, "\x80\x01\x08\x81", 4) &&
		   has(&w, routes, sizeof routes),
	   "version 33: sessionExpired is an accessEnd; framedRoutes is known");
	ok(!ipiri_event_known(&h, &event), "an interception without a session is not");
	iri.event = event;
	ok(ipiri_encode(&h, &iri, &w, NULL) == ERR_UNSUPPORTED, "and hence is refused");
	s.header_version = 17;
	iri.event = IPIRI_ACCEPT;
	wr_reset(&w);
	ok(etsi_header_init(&h, &s, NULL) == 0 && ipiri_encode(&h, &iri, &w, NULL) == 0 &&
		   !has(&w, routes, sizeof routes),
	   "version 17: framedRoutes is left out");
}

int main(void)
{
	test_location();
	test_old_versions();
	test_golden();
	test_type_by_event();
	test_addresses();
	test_refusals();
	test_limits_in_characters();
	test_no_room();
	return tap_end();
}
