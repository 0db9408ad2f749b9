#include "lemf/desk.h"

#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "etsi/hi1.h"
#include "etsi/ipcc.h"
#include "etsi/seal.h"
#include "integrity/integrity.h"
#include "ipmm/iri.h"

/* A desk whose words go to memory, and the PDUs that are laid on it. */
static struct lemf_conf conf;
static struct lemf_desk *desk;
static char *told;
static size_t told_len;
static FILE *out;
static uint8_t bytes[1 << 16];
static struct wr pdu;
static struct etsi_header header;
static uint32_t conn;

static void begin(void)
{
	const struct etsi_stream stream = {.liid = "LIID0001",
					   .authorization_country = "NZ",
					   .operator_id = "EXAMPLE",
					   .delivery_country = "NZ",
					   .cin = 7};

	out = open_memstream(&told, &told_len);
	conf.max_streams = conf.max_streams ? conf.max_streams : 100;
	if (!out || lemf_desk_new(&desk, &conf, out, NULL) ||
	    etsi_header_init(&header, &stream, NULL))
		exit(2);
	conn = 1;
	pdu = wr_of(bytes, sizeof bytes);
}

/* Ends it; whether nothing was missing or wrong. What was told stays until the next begin. */
static bool finish(void)
{
	static char *kept;
	bool is_right = lemf_desk_finish(desk);

	lemf_desk_free(&desk);
	fclose(out);
	free(kept);
	kept = told;
	conf = (struct lemf_conf){.max_streams = 0};
	return is_right;
}

static void lay(enum lemf_side side)
{
	uint8_t room[2000];
	struct wr answer = wr_of(room, sizeof room);
	const struct lemf_delivery delivery = {
		.pdu = pdu.bytes, .len = pdu.len, .side = side, .conn = conn, .answer = &answer};

	lemf_desk_take(desk, &delivery);
}

static const uint8_t packet[40] = {0x45, 0, 0, 40};

static const uint8_t *make_cc(uint32_t seq)
{
	const struct ipcc cc = {.seq = seq,
				.time = nanos_from_s(1000 + seq),
				.bytes = packet,
				.len = sizeof packet,
				.direction = ETSI_FROM_TARGET};

	wr_reset(&pdu);
	ipcc_encode(&header, &cc, &pdu);
	return pdu.bytes;
}

static void cc(uint32_t seq)
{
	(void)make_cc(seq);
	lay(LEMF_HI3);
}

static void iri(uint32_t seq, enum ipiri_event event)
{
	struct ipiri record = {.event = event,
			       .seq = seq,
			       .time = nanos_from_s(1000 + seq),
			       .username = {"alice@isp", 9},
			       .access_type = 2,
			       .address = {4, {10, 0, 0, 7}, 32, IP_DYNAMIC}};

	wr_reset(&pdu);
	if (ipiri_encode(&header, &record, &pdu, NULL))
		exit(2);
	lay(LEMF_HI2);
}

static void signal_iri(uint32_t seq, enum etsi_iri_type type, const char *message)
{
	const struct ipmm_iri record = {.type = type,
					.form = IPMM_SIP,
					.seq = seq,
					.time = nanos_from_s(1000 + seq),
					.source = {4, {10, 0, 0, 7}, 32, IP_DYNAMIC},
					.destination = {4, {10, 0, 0, 9}, 32, IP_DYNAMIC},
					.message = {message, strlen(message)},
					.session_direction = IPMM_NO_DIRECTION,
					.payload_direction = IPMM_NO_DIRECTION};

	wr_reset(&pdu);
	if (ipmm_iri_encode(&header, &record, &pdu, NULL))
		exit(2);
	lay(LEMF_HI2);
}

static uint64_t found(enum lemf_finding finding)
{
	return lemf_desk_counts(desk)->findings[finding];
}

/* ---- facts ---- */

static void test_complete(void)
{
	begin();
	iri(0, IPIRI_ACCEPT);
	for (uint32_t i = 0; i < 10; i++)
		cc(i);
	iri(1, IPIRI_INTERIM);
	iri(2, IPIRI_ACCESS_END);
	ok(finish(), "a session that is whole is right");
	ok(strstr(told, "LIID0001 CIN 7 iri #0  alice@isp: access granted, 10.0.0.7"),
	   "an IRI is told in plain words");
	ok(strstr(told, "10 CCs\n") && strstr(told, "cc: 10 to #9, none missing") &&
		   strstr(told, "verdict: complete"),
	   "and all is summed up");
	begin();
	ok(finish() && strstr(told, "nothing was received"), "nothing is nothing wrong");
}

static void test_calls(void)
{
	begin();
	signal_iri(0, ETSI_IRI_BEGIN,
		   "INVITE sip:bob@b.example SIP/2.0\r\nFrom: A <sip:alice@a.example>;tag=1\r\n"
		   "To: <sip:bob@b.example>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n");
	signal_iri(1, ETSI_IRI_CONTINUE,
		   "SIP/2.0 180 Ring\x1b[2J\r\nf: <sip:alice@a.example>;tag=1\r\nCSeq: 1 "
		   "INVITE\r\n\r\n");
	signal_iri(2, ETSI_IRI_END, "neither this nor that\r\n\r\n");
	(void)finish();
	ok(strstr(told, "sip:alice@a.example to sip:bob@b.example: INVITE, the call begins\n"),
	   "who calls whom is told");
	ok(strstr(told, "sip:alice@a.example to somebody: 180 Ring [2J\n"),
	   "so is an answer, without what a terminal would obey");
	ok(strstr(told, "iri #2  a message that is no SIP\n"), "and what is none");
}

static void at_network_element(const char *name)
{
	const struct etsi_stream stream = {.liid = "LIID0001",
					   .authorization_country = "NZ",
					   .operator_id = "EXAMPLE",
					   .network_element = name,
					   .delivery_country = "NZ",
					   .cin = 7};

	if (etsi_header_init(&header, &stream, NULL))
		exit(2);
}

/* Two collectors of one operator see the same session: each numbers from 0. */
static void test_places(void)
{
	begin();
	for (uint32_t i = 0; i < 3; i++) {
		at_network_element("akl-1");
		cc(i);
		at_network_element("akl-2");
		cc(i);
	}
	ok(finish() && strstr(told, "LIID0001 at akl-1 CIN 7 cc: 3 to #2, none missing") &&
		   strstr(told, "LIID0001 at akl-2 CIN 7 cc: 3 to #2, none missing"),
	   "two network elements of one CIN have numbers of their own");
	begin();
	at_network_element("akl-1");
	cc(0), cc(1);
	at_network_element("akl-2");
	cc(1);
	ok(found(LEMF_BEGINS_LATE) == 1 && found(LEMF_MISSING) == 1 && !finish(),
	   "and what is missing is missed at its own");
}

static void test_numbers(void)
{
	begin();
	cc(0), cc(1), cc(5), cc(3);
	ok(found(LEMF_MISSING) == 2 && found(LEMF_LATE) == 1, "missing and late ones are counted");
	cc(3);
	ok(found(LEMF_TWICE) == 1, "one that comes twice");
	conn = 2;
	cc(5);
	ok(found(LEMF_REPLAYED) == 1 && lemf_desk_counts(desk)->n_records == 4,
	   "a replay after a reconnection counts once");
	ok(!finish() && strstr(told, "WRONG: missing: 3 before it are missing"),
	   "and is wrong, with words");
	begin();
	cc(3);
	ok(found(LEMF_BEGINS_LATE) == 1 && !finish(), "a stream begins at 0");
	conf.late_start = true;
	begin();
	cc(3), cc(4), iri(9, IPIRI_ACCESS_END);
	ok(finish(), "unless it comes in the middle");
	begin();
	cc(0), cc(1);
	(void)make_cc(1);
	pdu.bytes[pdu.len - 1] ^= 1;
	lay(LEMF_HI3);
	ok(found(LEMF_REUSED) == 1 && !finish(), "a number that two records have");
	conf.max_streams = 1;
	begin();
	cc(0), iri(0, IPIRI_ACCEPT);
	ok(found(LEMF_NOT_TRACKED) == 1 && !finish(), "more streams than it follows");
}

static void test_order(void)
{
	begin();
	iri(0, IPIRI_INTERIM);
	iri(1, IPIRI_ACCEPT);
	iri(2, IPIRI_ACCEPT);
	ok(found(LEMF_IRI_ORDER) == 2 && !finish() &&
		   strstr(told, "an IRI Continue may not stand here"),
	   "IRIs that do not follow Begin, Continue, End");
	begin();
	(void)make_cc(0);
	lay(LEMF_HI2);
	ok(found(LEMF_WRONG_SIDE) == 1 && !finish(), "content on HI2");
	begin();
	wr_reset(&pdu);
	wr_bytes(&pdu, "\x30\x02\xa1\x00", 4);
	lay(LEMF_HI2);
	ok(found(LEMF_UNREADABLE) == 1 && !finish(), "a record without a header");
}

static void tri(enum etsi_tri_kind kind, uint32_t seq)
{
	struct tri t = {.kind = kind,
			.seq = seq,
			.time = nanos_from_s(1),
			.is_requested = kind == ETSI_TRI_OPTION_REQUEST};

	wr_reset(&pdu);
	if (tri_encode(&header, &t, &pdu, NULL))
		exit(2);
	lay(LEMF_HI3);
}

static void test_session(void)
{
	begin();
	tri(ETSI_TRI_KEEP_ALIVE, 0), tri(ETSI_TRI_OPTION_REQUEST, 1);
	tri(ETSI_TRI_OPTION_COMPLETE, 2), tri(ETSI_TRI_ACKNOWLEDGEMENT_REQUEST, 3);
	ok(lemf_desk_counts(desk)->n_questions == 3 && lemf_desk_counts(desk)->n_answers == 3,
	   "what asks is answered");
	cc(0), cc(1), tri(ETSI_TRI_CIN_RESET, 4), cc(0);
	ok(finish(), "after a cINReset numbers begin again");
}

static void test_hi1(void)
{
	const struct hi1 notice = {.operation = HI1_ACTIVATED,
				   .time = nanos_from_s(1000),
				   .at = nanos_from_s(1000),
				   .liid = "LIID0001"};

	begin();
	wr_reset(&pdu);
	ok(hi1_encode(&header, &notice, &pdu, NULL) == 0, "a notification");
	lay(LEMF_HI2);
	ok(finish() && strstr(told, "hi1 #0  interception is activated"), "is told in words");
}

/* ---- encryption ---- */

static struct lemf_decryption keys[2];

static void seal_cc(uint32_t seq, const char *octets)
{
	struct seal_key key;
	struct seal seal = {.key = &key, .counter = 1};
	uint8_t room[2000];
	struct wr sealed = wr_of(room, sizeof room);

	(void)make_cc(seq);
	if (sealer_new(&seal.sealer) ||
	    seal_key_init(&key, SEAL_AES_256_CBC, octets, SEAL_MAX_KEY, NULL) ||
	    seal_pdu(&seal, pdu.bytes, pdu.len, &sealed, NULL))
		exit(2);
	sealer_free(&seal.sealer);
	wr_reset(&pdu);
	wr_bytes(&pdu, sealed.bytes, sealed.len);
}

static void use_key(struct lemf_decryption *d, const char *liid, const char *octets)
{
	*d = (struct lemf_decryption){.encryption = SEAL_AES_256_CBC};
	d->liid = (char *)(uintptr_t)liid;
	d->key.len = SEAL_MAX_KEY;
	memcpy(d->key.bytes, octets, SEAL_MAX_KEY);
}

static void test_encrypted(void)
{
	static const char right[] = "0123456789abcdef0123456789abcdef";
	static const char other[] = "another key, just as long as it ";

	begin();
	seal_cc(0, right), lay(LEMF_HI3);
	ok(found(LEMF_NO_KEY) == 1 && found(LEMF_NOT_OPENED) == 0 && finish(),
	   "a sealed record without a key is followed all the same");
	use_key(&keys[0], NULL, other);
	use_key(&keys[1], "LIID0001", right);
	conf.decryption.items = keys;
	conf.decryption.n = 2;
	conf.each_cc = true;
	begin();
	seal_cc(0, right), lay(LEMF_HI3);
	seal_cc(1, right), lay(LEMF_HI3);
	ok(lemf_desk_counts(desk)->n_opened == 2 && finish(), "with its LIID's key it is opened");
	ok(strstr(told, "cc #1  a packet of 40 octets"), "and told");
	conf.decryption.items = keys;
	conf.decryption.n = 1;
	begin();
	seal_cc(0, right), lay(LEMF_HI3);
	ok(found(LEMF_NOT_OPENED) == 1 && !finish(), "another key does not open it");
}

/* ---- integrity ---- */

static void test_hashes(void)
{
	const struct integrity_plan plan = {.hash = ETSI_SHA_256, .count = 3};
	struct integrity check;

	begin();
	if (integrity_init(&check, &plan, ETSI_CHECK_OF_CC, NULL))
		exit(2);
	for (uint32_t i = 0; i < 9; i++) {
		(void)make_cc(i);
		if (integrity_add(&check, pdu.bytes, pdu.len, i, nanos_from_s(1)))
			exit(2);
		if (i == 4)
			pdu.bytes[pdu.len - 1] ^= 1;
		if (i != 7)
			lay(LEMF_HI3);
		wr_reset(&pdu);
		if (integrity_is_due(&check, nanos_from_s(1)) &&
		    integrity_encode(&check, &header, nanos_from_s(1), false, &pdu) == 0)
			lay(LEMF_HI3);
	}
	integrity_fini(&check);
	ok(lemf_desk_counts(desk)->n_hashes_right == 1, "a hash that is right");
	ok(found(LEMF_BAD_HASH) == 1, "one of records that were changed");
	ok(found(LEMF_UNCHECKED) == 1, "one of records that did not come");
	ok(!finish() && strstr(told, "3 hashes of CCs"), "all told");
}

static void test_json(void)
{
	conf.json = true;
	begin();
	iri(0, IPIRI_ACCEPT), cc(0), cc(2);
	lemf_desk_connected(desk, LEMF_HI2, "192.0.2.1:5");
	lemf_desk_sum_up(desk);
	ok(!finish(), "as JSON");
	ok(strstr(told, "{\"event\":\"record\",\"time\":\"1970-01-01T00:16:40.000000Z\","
			"\"liid\":\"LIID0001\",\"cin\":7,\"operator\":\"EXAMPLE\",\"kind\":\"iri\","
			"\"seq\":0,"
			"\"iri_type\":1,\"access_event\":\"accessAccept\",\"words\":\"alice@isp: "),
	   "a record");
	ok(strstr(told, "\"finding\":\"missing\",\"wrong\":true,\"times\":1,"), "a finding");
	ok(strstr(told,
		  "{\"event\":\"connection\",\"interface\":\"hi2\",\"peer\":\"192.0.2.1:5\"}"),
	   "a connection");
	ok(strstr(told, "{\"event\":\"summary\",\"right\":false,\"records\":3,\"iri\":1,\"cc\":2,"),
	   "the summary");
}

/* Findings without end are counted, and not told without end. */
static void test_flood(void)
{
	size_t n = 0;

	begin();
	for (uint32_t i = 0; i < 10000; i++)
		cc(2 * i);
	(void)finish();
	for (const char *at = told; (at = strstr(at, "WRONG: missing")); at++)
		n++;
	ok(n > 50 && n < 110, "a hundred of a kind are told (%zu)", n);
	ok(strstr(told, "WRONG: 9999: records are missing"), "all are counted");
}

/* Lays the PDU on both desks. */
static void lay_twice(struct lemf_desk *other, enum lemf_side side)
{
	struct lemf_delivery delivery = {
		.pdu = pdu.bytes, .len = pdu.len, .side = side, .conn = conn};

	lemf_desk_take(desk, &delivery);
	lemf_desk_take(other, &delivery);
}

/* One of some streams: mostly the next, else early, late, twice, damaged, of another kind or on
 * another connection or side. */
static void lay_any(struct lemf_desk *other, uint32_t random, uint32_t next[4])
{
	uint32_t i = random & 3, odd = random >> 2 & 63, value = random >> 8;
	char liid[] = "LIID000x";
	struct etsi_stream stream = {.liid = liid, .operator_id = "EXAMPLE", .cin = 7};
	struct ipcc one = {.seq = next[i]++,
			   .time = {value * INT64_C(1000)},
			   .bytes = packet,
			   .len = 20 + value % 20};

	liid[7] = (char)('0' + i);
	if (odd == 1)
		one.seq = next[i]++;
	else if (odd == 2)
		one.seq -= value % 3;
	else if (odd == 3)
		one.original_len = 100;
	else if (odd == 4)
		conn = 1 + value % 3;
	if (etsi_header_init(&header, &stream, NULL))
		exit(2);
	wr_reset(&pdu);
	ipcc_encode(&header, &one, &pdu);
	if (odd == 5)
		pdu.bytes[4 + value % (pdu.len - 4)] ^= (uint8_t)(1 + value % 255);
	lay_twice(other, odd == 6 ? LEMF_HI2 : LEMF_HI3);
}

/* A desk that tells of each CC does all its work for each; one that does not may pass over some,
 * and comes to the same sums. */
static void test_the_quick_way(void)
{
	static uint8_t large[1400] = {0x45, 0, 1400 >> 8, 1400 & 255};
	const struct lemf_conf each = {.max_streams = 100, .each_cc = true};
	FILE *nowhere = fopen("/dev/null", "we");
	struct lemf_desk *other;
	uint32_t next[4] = {0}, random = 1;
	char liid[] = "LIID000x";

	begin();
	if (!nowhere || lemf_desk_new(&other, &each, nowhere, NULL))
		exit(2);
	/* as many as are kept for a check that never comes */
	for (uint32_t i = 0; i < 4 * 6500; i++) {
		struct etsi_stream stream = {.liid = liid, .operator_id = "EXAMPLE", .cin = 7};
		struct ipcc one = {.seq = next[i & 3]++, .bytes = large, .len = sizeof large};

		liid[7] = (char)('0' + (i & 3));
		if (etsi_header_init(&header, &stream, NULL))
			exit(2);
		wr_reset(&pdu);
		ipcc_encode(&header, &one, &pdu);
		lay_twice(other, LEMF_HI3);
	}
	for (int i = 0; i < 50000; i++) {
		random = random * 1664525 + 1013904223;
		lay_any(other, random >> 2, next);
	}
	ok(lemf_desk_counts(desk)->n_records > 70000 &&
		   lemf_desk_counts(desk)->findings[LEMF_MISSING] &&
		   lemf_desk_counts(desk)->findings[LEMF_REPLAYED] &&
		   lemf_desk_counts(desk)->findings[LEMF_TWICE] &&
		   lemf_desk_counts(desk)->findings[LEMF_REUSED],
	   "%llu records of some streams, and some are wrong",
	   (unsigned long long)lemf_desk_counts(desk)->n_records);
	ok(!memcmp(lemf_desk_counts(desk), lemf_desk_counts(other), sizeof(struct lemf_counts)),
	   "whichever way they are taken, the sums are the same");
	lemf_desk_finish(other);
	lemf_desk_free(&other);
	fclose(nowhere);
	finish();
}

int main(void)
{
	test_complete();
	test_calls();
	test_places();
	test_numbers();
	test_order();
	test_session();
	test_hi1();
	test_encrypted();
	test_hashes();
	test_json();
	test_flood();
	test_the_quick_way();
	return tap_end();
}
