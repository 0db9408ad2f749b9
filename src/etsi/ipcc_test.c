#include "etsi/ipcc.h"

#include "base/tap.h"
#include "ber/writer.h"
#include "etsi/golden.h"
#include "etsi/text.h"

#include <stdlib.h>

enum { ROOM = 200000, GUARD = 32, CANARY = 0xc5 };

static uint8_t packet[70000], expected[ROOM], got[ROOM];

static const struct etsi_stream usual = {
	.liid = "LIID-0001",
	.authorization_country = "NL",
	.operator_id = "op-1",
	.network_element = "col-1",
	.delivery_country = "NL",
	.interception_point = "ip-2",
	.cin = UINT32_MAX,
};

static const struct etsi_stream bare = {.liid = "1", .operator_id = "o", .cin = 1};

static const struct etsi_stream longest = {
	.liid = "1234567890123456789012345",
	.authorization_country = "NZ",
	.operator_id = "1234567890123456",
	.network_element = "abcdefghijklmnop",
	.delivery_country = "AU",
	.interception_point = "12345678",
	.cin = UINT32_MAX,
	.header_version = 38,
	.service_version = 18,
};

/* The same record, element by element through the general writer: what the template must equal. */
static void put_name(struct wr *w, uint32_t number, const char *text)
{
	if (text)
		ber_put_bytes(w, ber_context(number), text, strlen(text));
}

static void put_plain_time(struct wr *w, struct nanos time)
{
	size_t mark = ber_open(w, ber_context(7));

	ber_put_uint(w, ber_context(0), (uint64_t)nanos_to_s(time));
	ber_put_uint(w, ber_context(1), (uint64_t)nanos_fraction(time) / 1000);
	ber_close(w, mark);
}

static void put_plain_header(struct wr *w, const struct etsi_stream *s, const struct ipcc *cc)
{
	uint8_t domain[] = {4, 0, 2, 2, 5, 1, s->header_version ? (uint8_t)s->header_version : 43};
	size_t header = ber_open(w, ber_context(1)), identifier, network;

	ber_put_bytes(w, ber_context(0), domain, sizeof domain);
	put_name(w, 1, s->liid);
	put_name(w, 2, s->authorization_country);
	identifier = ber_open(w, ber_context(3));
	network = ber_open(w, ber_context(0));
	put_name(w, 0, s->operator_id);
	put_name(w, 1, s->network_element);
	ber_close(w, network);
	ber_put_uint(w, ber_context(1), s->cin);
	put_name(w, 2, s->delivery_country);
	ber_close(w, identifier);
	ber_put_uint(w, ber_context(4), cc->seq);
	put_name(w, 6, s->interception_point);
	put_plain_time(w, cc->time);
	ber_put_uint(w, ber_context(8), 1);
	ber_close(w, header);
}

static void put_plain_contents(struct wr *w, const struct ipcc *cc)
{
	size_t contents = ber_open(w, ber_context(1)), truncated;

	if (cc->original_len > cc->len) {
		truncated = ber_open(w, ber_context(1));
		ber_put_bytes(w, ber_context(0), cc->bytes, cc->len);
		if (cc->original_len != IPCC_LEN_UNKNOWN)
			ber_put_uint(w, ber_context(1), cc->original_len);
		ber_close(w, truncated);
	} else {
		ber_put_bytes(w, ber_context(0), cc->bytes, cc->len);
	}
	ber_close(w, contents);
}

static size_t plain(const struct etsi_stream *s, const struct ipcc *cc)
{
	uint8_t object[] = {5, 3, s->service_version ? (uint8_t)s->service_version : 20, 2};
	struct wr w = wr_of(expected, sizeof expected);
	size_t marks[6];

	marks[0] = ber_open(&w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE));
	put_plain_header(&w, s, cc);
	marks[1] = ber_open(&w, ber_context(2));
	marks[2] = ber_open(&w, ber_context(1));
	marks[3] = ber_open(&w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE));
	ber_put_uint(&w, ber_context(0), cc->direction);
	marks[4] = ber_open(&w, ber_context(2));
	marks[5] = ber_open(&w, ber_context(2));
	ber_put_bytes(&w, ber_context(0), object, sizeof object);
	put_plain_contents(&w, cc);
	for (int i = 6; i; i--)
		ber_close(&w, marks[i - 1]);
	return w.ok ? w.len : 0;
}

/* Whether the template's record equals the plain one and nothing beyond its room is touched. */
static bool is_same(const struct etsi_stream *s, const struct etsi_header *h, const struct ipcc *cc)
{
	size_t len = plain(s, cc), said = ipcc_len(h, cc);
	struct wr w = wr_of(got, said);

	memset(got, CANARY, said + GUARD);
	ipcc_encode(h, cc, &w);
	for (size_t i = 0; i < GUARD; i++)
		if (got[said + i] != CANARY)
			return false;
	return w.ok && said == len && w.len == len && memcmp(got, expected, len) == 0;
}

static struct ipcc some(uint32_t len)
{
	return (struct ipcc){.bytes = packet,
			     .len = len,
			     .seq = len,
			     .direction = len % 5,
			     .time = {1700000000123456789}};
}

static void test_lengths(const struct etsi_stream *s, const char *name)
{
	static const uint32_t longer[] = {9000,  65491, 65492, 65493, 65494, 65495,
					  65496, 65497, 65498, 65499, 65500, 65501,
					  65502, 65503, 65504, 65520, 65535};
	struct etsi_header h;
	int n_bad = 0, n_bad_cut = 0, n_bad_unknown = 0;

	ok(etsi_header_init(&h, s, NULL) == 0, "the %s header is built", name);
	for (uint32_t len = 0; len < 2000; len++) {
		struct ipcc cc = some(len);

		n_bad += !is_same(s, &h, &cc);
		cc.original_len = len + 1 + len * 7;
		n_bad_cut += !is_same(s, &h, &cc);
		cc.original_len = IPCC_LEN_UNKNOWN;
		n_bad_unknown += !is_same(s, &h, &cc);
	}
	for (size_t i = 0; i < sizeof longer / sizeof longer[0]; i++) {
		struct ipcc cc = some(longer[i]);

		n_bad += !is_same(s, &h, &cc);
		cc.original_len = UINT32_MAX - 1;
		n_bad_cut += !is_same(s, &h, &cc);
	}
	ok(n_bad == 0, "%s header: packets of every length equal the plain encoding", name);
	ok(n_bad_cut == 0, "%s header: so do packets that were cut", name);
	ok(n_bad_unknown == 0, "%s header: so do packets that claim no length", name);
}

static void test_numbers_and_times(void)
{
	static const int64_t seconds[] = {
		0,       1,          127,        128,        32767,      32768,      8388607,
		8388608, 1700000000, 2147483647, 2147483648, 4294967295, 4294967296, 9223372035};
	static const int64_t micros[] = {0, 1, 127, 128, 32767, 32768, 999999};
	struct etsi_header h;
	int n_bad = 0;

	ok(etsi_header_init(&h, &usual, NULL) == 0, "the header is built");
	for (size_t i = 0; i < 14; i++) {
		for (size_t k = 0; k < 7; k++) {
			struct ipcc cc = some(300);

			cc.time.ns = seconds[i] * NANOS_PER_S + micros[k] * 1000 + 999;
			n_bad += !is_same(&usual, &h, &cc);
		}
	}
	ok(n_bad == 0, "seconds and microseconds of every width");
	n_bad = 0;
	for (int shift = 0; shift < 32; shift++) {
		struct ipcc cc = some(64);

		cc.seq = (1u << shift) - 1;
		n_bad += !is_same(&usual, &h, &cc);
		cc.seq = 1u << shift;
		n_bad += !is_same(&usual, &h, &cc);
		cc.seq = UINT32_MAX - (uint32_t)shift;
		n_bad += !is_same(&usual, &h, &cc);
	}
	ok(n_bad == 0, "sequence numbers of every width up to 2^32-1");
}

static void test_no_room(void)
{
	struct etsi_header h;
	struct ipcc cc = some(64);
	struct wr w;

	ok(etsi_header_init(&h, &usual, NULL) == 0, "the header is built");
	w = wr_of(got, ipcc_len(&h, &cc) - 1);
	memset(got, CANARY, ROOM);
	ipcc_encode(&h, &cc, &w);
	ok(!w.ok && w.len == 0 && got[0] == CANARY, "one octet too little, and nothing is written");
}

static void test_generalized(void)
{
	static const char octets[] = "\x85\x11"
				     "20231114221320.5Z"
				     "\x86\x04ip-2\x88\x01\x01\xa2";
	struct etsi_stream s = usual;
	struct etsi_header h;
	struct ipcc cc = some(40);
	struct wr w = wr_of(got, sizeof got);

	s.time_form = ETSI_TIME_GENERALIZED;
	ok(etsi_header_init(&h, &s, NULL) == 0, "a header with GeneralizedTime is built");
	cc.time.ns = 1700000000500000000;
	ipcc_encode(&h, &cc, &w);
	ok(w.ok && w.len == ipcc_len(&h, &cc), "its length is exact");
	ok(memmem(got, w.len, octets, sizeof octets - 1) != NULL,
	   "[5] has no trailing zeros and stands before [6], and there is no [7]");
}

static void test_time_text(void)
{
	static const struct {
		int64_t s;
		uint32_t us;
		const char *text;
	} facts[] = {
		{0, 0, "19700101000000Z"},
		{951782399, 999999, "20000228235959.999999Z"},
		{951782400, 0, "20000229000000Z"},
		{951868800, 10, "20000301000000.00001Z"},
		{1700000000, 120000, "20231114221320.12Z"},
		{4107542400, 0, "21000301000000Z"},
		{4107542399, 1, "21000228235959.000001Z"},
		{9223372036, 0, "22620411234716Z"},
	};

	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
		char text[ETSI_TIME_TEXT_LEN];
		size_t len = etsi_time_print((uint64_t)facts[i].s, facts[i].us, text);

		ok(len == strlen(facts[i].text) && memcmp(text, facts[i].text, len) == 0 &&
			   len == etsi_time_len(facts[i].us),
		   "%lld s and %u us are %s", (long long)facts[i].s, facts[i].us, facts[i].text);
	}
}

static void test_refusals(void)
{
	static const struct {
		const char *what;
		struct etsi_stream s;
	} bad[] = {
		{"no liid", {.operator_id = "o"}},
		{"an empty liid", {.liid = "", .operator_id = "o"}},
		{"a liid of 26", {.liid = "12345678901234567890123456", .operator_id = "o"}},
		{"no operator", {.liid = "l"}},
		{"an operator of 17", {.liid = "l", .operator_id = "12345678901234567"}},
		{"a country of 3", {.liid = "l", .operator_id = "o", .delivery_country = "NLD"}},
		{"a country of stars", {.liid = "l", .operator_id = "o", .delivery_country = "**"}},
		{"a point of 9",
		 {.liid = "l", .operator_id = "o", .interception_point = "123456789"}},
		{"an empty element", {.liid = "l", .operator_id = "o", .network_element = ""}},
		{"version 14", {.liid = "l", .operator_id = "o", .header_version = 14}},
		{"version 44", {.liid = "l", .operator_id = "o", .header_version = 44}},
		{"service version 9", {.liid = "l", .operator_id = "o", .service_version = 9}},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct etsi_header h;
		struct why why;

		why_clear(&why);
		ok(etsi_header_init(&h, &bad[i].s, &why) == ERR_USAGE && why.text[0],
		   "%s is refused: %s", bad[i].what, why.text);
	}
}

/* PDUs 2 to 5 of the golden stream, from the values in its script. */
static uint32_t golden_packet(int number, uint8_t *out)
{
	static const uint16_t lens[] = {1, 100, 300};
	uint8_t v4[] = {0x45, 0,  0,   0,  0,   1, 0,    0,    64, 17, 0, 0, 192, 0,
			2,    17, 198, 51, 100, 9, 0x9c, 0x40, 0,  53, 0, 0, 0,   0};
	uint8_t v6[48] = {0x60, 0, 0, 0, 5, 0x80, 17, 64, 0x20, 1, 0xd, 0xb8};
	uint32_t len;

	if (number == 3) {
		v6[23] = 1;
		memcpy(v6 + 24, (uint8_t[]){0x20, 1, 0xd, 0xb8}, 4);
		v6[39] = 2;
		memcpy(v6 + 40, (uint8_t[]){0x9c, 0x40, 0, 53, 5, 0x80}, 6);
		memset(out, 0, 1448);
		memcpy(out, v6, sizeof v6);
		return 1448;
	}
	len = lens[number] + 28u;
	v4[2] = (uint8_t)(len >> 8);
	v4[3] = (uint8_t)len;
	v4[24] = (uint8_t)((len - 20) >> 8);
	v4[25] = (uint8_t)(len - 20);
	memset(out, 0, len);
	memcpy(out, v4, sizeof v4);
	return len;
}

static void test_golden(void)
{
	size_t len = 0, at = 241; /* behind the first PDU, an IPIRI */
	char *golden = golden_read("asn1/golden/ipaccess.ber", &len);
	struct etsi_header h;

	if (!golden) {
		skip("golden/ipaccess.ber: no shared folder here");
		return;
	}
	ok(etsi_header_init(&h, &usual, NULL) == 0, "the golden header is built");
	for (int i = 0; i < 4; i++) {
		struct ipcc cc = {.bytes = packet,
				  .len = golden_packet(i, packet),
				  .seq = (uint32_t)i,
				  .direction = i % 2,
				  .time = {(1700000000 + i) * (int64_t)NANOS_PER_S + 123456000}};
		struct wr w = wr_of(got, sizeof got);

		ipcc_encode(&h, &cc, &w);
		ok(w.ok && at + w.len <= len && memcmp(golden + at, got, w.len) == 0,
		   "golden/ipaccess.ber: PDU %d has the same %zu octets", i + 2, w.len);
		at += w.len;
	}
	free(golden);
}

/* Version 17 of the schema, with the service version 10 that goes with it, knows no cut packets. */
static void test_cut_in_old_version(void)
{
	static const struct etsi_stream old = {
		.liid = "1", .operator_id = "o", .cin = 1, .header_version = 17};
	static const struct etsi_stream as_is = {.liid = "1",
						 .operator_id = "o",
						 .cin = 1,
						 .header_version = 17,
						 .service_version = 10};
	struct ipcc cc = {.bytes = packet, .len = 300, .original_len = 1500};
	struct wr w = wr_of(got, sizeof got);
	struct etsi_header h;
	size_t len;

	ok(etsi_header_init(&h, &old, NULL) == 0 && h.service_version == 10,
	   "version 17 goes with service version 10");
	ipcc_encode(&h, &cc, &w);
	len = ipcc_len(&h, &cc);
	cc.original_len = 0;
	ok(w.ok && w.len == len && plain(&as_is, &cc) == len && memcmp(got, expected, len) == 0,
	   "what is there of a cut packet is its iPPackets");
}

static void test_versions(void)
{
	static const uint8_t pairs[][2] = {{15, 10}, {17, 10}, {25, 10}, {26, 14}, {33, 14},
					   {37, 14}, {38, 18}, {39, 18}, {40, 20}, {43, 20}};
	int n_bad = 0;

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		n_bad += etsi_service_version(pairs[i][0]) != pairs[i][1];
	ok(n_bad == 0, "each header version has its service version");
}

int main(void)
{
	test_versions();
	test_cut_in_old_version();
	for (size_t i = 0; i < sizeof packet; i++)
		packet[i] = (uint8_t)(i * 7 + (i >> 8));
	ok(sizeof(struct etsi_header) == 128, "a header is two cache lines");
	test_lengths(&usual, "usual");
	test_lengths(&bare, "shortest");
	test_lengths(&longest, "longest");
	test_numbers_and_times();
	test_no_room();
	test_generalized();
	test_time_text();
	test_refusals();
	test_golden();
	return tap_end();
}
