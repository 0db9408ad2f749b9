#include "etsi/seal.h"

#include "base/tap.h"
#include "etsi/golden.h"
#include "etsi/hi1.h"
#include "etsi/ipiri.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = 80000, GUARD = 64, CANARY = 0x5a, MAX_PACKET = 70000 };

static uint8_t packet[MAX_PACKET], room[ROOM], plain[ROOM], other[ROOM];
static struct sealer *sealer;
static struct seal_key key_192, key_256;

/* That of golden/encrypted.ber. */
static const struct etsi_stream stream = {
	.liid = "LIID-ENC",
	.authorization_country = "NL",
	.operator_id = "op-1",
	.network_element = "col-1",
	.delivery_country = "NL",
	.cin = 1,
	.qualifier = ETSI_NO_QUALIFIER,
};

static const struct nanos golden_time = {1700000000 * (int64_t)NANOS_PER_S};

static void make_packet(uint32_t len)
{
	static const uint8_t head[20] = {0x45, [8] = 64, 59, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2};

	memset(packet, 0, sizeof packet);
	memcpy(packet, head, sizeof head);
	packet[2] = (uint8_t)(len >> 8);
	packet[3] = (uint8_t)len;
}

static void test_golden(void)
{
	uint64_t counter = seal_first_counter(golden_time);
	size_t len = 0;
	char *golden = golden_read("asn1/golden/encrypted.ber", &len);
	struct etsi_header h;

	if (!golden) {
		skip("golden/encrypted.ber: no shared folder here");
		return;
	}
	ok(etsi_header_init(&h, &stream, NULL) == 0, "the golden header is built");
	for (uint32_t i = 0; i < 5; i++) {
		struct ipcc cc = {.bytes = packet,
				  .len = 30 + 90 * i,
				  .seq = i,
				  .direction = ETSI_FROM_TARGET,
				  .time = golden_time};
		struct wr w = wr_of(room, sizeof room);

		make_packet(cc.len);
		ok(sealed_ipcc_encode(&(struct seal){sealer, &key_192, counter}, &h, &cc, &w) ==
				   0 &&
			   golden_is_nth(golden, len, (int)i, room, w.len),
		   "golden/encrypted.ber: a packet of %u octets has the same octets", cc.len);
		counter += w.len;
	}
	free(golden);
}

/* How many lengths are wrong: measured, written, not beyond, the same as sealing the plain PDU. */
static int count_bad(const struct etsi_header *h, uint32_t from, uint32_t to, uint32_t original)
{
	const uint64_t counter = (uint64_t)1 << 63;
	int n = 0;

	for (uint32_t len = from; len <= to; len++) {
		struct ipcc cc = {packet, len, original, len * 7919u, ETSI_TO_TARGET, {len}};
		struct wr clear = wr_of(plain, sizeof plain), sealed = wr_of(other, sizeof other);
		struct seal seal = {sealer, &key_256, counter};
		size_t said = sealed_ipcc_len(h, &cc, counter);
		struct wr w = wr_of(room, said);

		memset(room + said, CANARY, GUARD);
		if (sealed_ipcc_encode(&seal, h, &cc, &w) || w.len != said)
			n++;
		for (int i = 0; i < GUARD; i++)
			n += room[said + (size_t)i] != CANARY;
		ipcc_encode(h, &cc, &clear);
		n += seal_len(plain, clear.len, counter) != said;
		n += seal_pdu(&seal, plain, clear.len, &sealed, NULL) != 0 || sealed.len != said ||
		     memcmp(room, other, said) != 0;
	}
	return n;
}

static void test_lengths(void)
{
	struct etsi_stream s = stream;
	struct etsi_header h;

	make_packet(1500);
	ok(etsi_header_init(&h, &s, NULL) == 0 && count_bad(&h, 0, 700, 0) == 0,
	   "packets of 0 to 700 octets: as long as said, as sealing the plain record");
	ok(count_bad(&h, 65200, 65560, 0) == 0, "and those around 65,535");
	ok(count_bad(&h, 0, 300, 1500) == 0, "and those that were cut");
	s.time_form = ETSI_TIME_GENERALIZED;
	s.interception_point = "12345678";
	ok(etsi_header_init(&h, &s, NULL) == 0 && count_bad(&h, 100, 300, 0) == 0,
	   "and those with the other form of time");
}

static int open_room(const struct seal_key *key, size_t len, struct seal_opened *out,
		     struct why *why)
{
	struct seal seal = {sealer, key, 0};
	struct wr w = wr_of(plain, sizeof plain);
	struct etsi_record record;
	int rc = etsi_record_read(room, len, &record, why);

	return rc ? rc : seal_open(&seal, &record, &w, out, why);
}

static size_t make_sealed(const struct seal_key *key, uint64_t counter)
{
	struct ipcc cc = {packet, 94, 0, 77, ETSI_TO_TARGET, golden_time};
	struct wr w = wr_of(room, sizeof room);
	struct etsi_header h;

	make_packet(94);
	if (etsi_header_init(&h, &stream, NULL) ||
	    sealed_ipcc_encode(&(struct seal){sealer, key, counter}, &h, &cc, &w))
		return 0;
	return w.len;
}

static void test_open(void)
{
	struct seal_opened o;
	struct why why;
	size_t len = make_sealed(&key_256, UINT64_MAX);

	ok(open_room(&key_256, len, &o, NULL) == 0 && o.record.kind == ETSI_RECORD_CC &&
		   o.record.seq == 77 && o.counter == UINT64_MAX &&
		   o.record.part.direction == ETSI_TO_TARGET && o.record.part.content.len == 94 &&
		   memcmp(o.record.part.content.bytes, packet, 94) == 0,
	   "what was sealed with AES-256 is opened");
	len = make_sealed(&key_192, 5);
	ok(open_room(&key_192, len, &o, NULL) == 0 && o.counter == 5, "and with AES-192");
	why_clear(&why);
	ok(open_room(&key_256, len, &o, &why) == ERR_USAGE && why.text[0],
	   "the key of another cipher is refused: %s", why.text);
	why_clear(&why);
	ok(open_room(NULL, len, &o, &why) == ERR_USAGE && why.text[0], "so is none: %s", why.text);
}

static void test_wrong_key(void)
{
	struct seal_key wrong = key_192;
	struct seal_opened o;
	size_t len = make_sealed(&key_192, 5);
	struct why why;

	wrong.octets[23] ^= 1;
	why_clear(&why);
	ok(open_room(&wrong, len, &o, &why) == ERR_BAD && why.text[0],
	   "another key of the same cipher is seen: %s", why.text);
	room[len - 4] ^= 1;
	why_clear(&why);
	ok(open_room(&key_192, len, &o, &why) == ERR_BAD && why.text[0],
	   "and so is a last block whose zeros are none any more: %s", why.text);
	len = make_sealed(&key_192, 5);
	ok(open_room(&key_192, len, &o, NULL) == 0, "and the right one still works");
}

static void test_iri(void)
{
	struct ipiri iri = {.event = IPIRI_ACCEPT, .ip_version = 1, .time = golden_time};
	struct hi1 hi1 = {.operation = HI1_ALARM, .text = "x", .time = golden_time};
	struct seal seal = {sealer, &key_192, 0};
	struct seal_opened o;
	struct etsi_header h;
	struct wr w = wr_of(other, sizeof other), sealed = wr_of(room, sizeof room);

	ok(etsi_header_init(&h, &stream, NULL) == 0 && ipiri_encode(&h, &iri, &w, NULL) == 0 &&
		   seal_pdu(&seal, other, w.len, &sealed, NULL) == 0 &&
		   memcmp(room + sealed.len - 3, "\x82\1\3", 3) == 0 &&
		   open_room(&key_192, sealed.len, &o, NULL) == 0 &&
		   o.record.part.event == IPIRI_ACCEPT,
	   "an IRI is sealed as part 3, and opened");
	ok(seal_pdu(&seal, room, sealed.len, &w, NULL) == ERR_BAD,
	   "a sealed PDU is not sealed again");
	wr_reset(&w);
	wr_reset(&sealed);
	ok(hi1_encode(&h, &hi1, &w, NULL) == 0 &&
		   seal_pdu(&seal, other, w.len, &sealed, NULL) == 0 &&
		   memcmp(room + sealed.len - 3, "\x82\1\x08", 3) == 0,
	   "a notification as part 1");
	sealed = wr_of(room, sealed.len - 1);
	ok(seal_pdu(&seal, other, w.len, &sealed, NULL) == ERR_FULL && sealed.len == 0,
	   "one octet less is too little room");
}

static void test_plain_pdu(void)
{
	struct ipcc cc = {packet, 94, 0, 77, ETSI_TO_TARGET, golden_time};
	struct wr w = wr_of(other, sizeof other), again = wr_of(other + ROOM / 2, ROOM / 2);
	struct seal_opened o;
	struct etsi_header h;
	size_t len = make_sealed(&key_192, 5);

	ok(etsi_header_init(&h, &stream, NULL) == 0 && open_room(&key_192, len, &o, NULL) == 0,
	   "a sealed packet is opened");
	ipcc_encode(&h, &cc, &w);
	ok(seal_plain_pdu(&(struct etsi_octets){room, len}, &o, &again) == 0 &&
		   again.len == w.len && memcmp(again.bytes, other, w.len) == 0,
	   "without its container it is the record that it would have been");
}

static void test_keys(void)
{
	static const char digits[] = "000102030405060708090A0B0c0d0e0f1011121314151617";
	struct seal_key key;
	struct why why;

	ok(seal_key_parse(&key, "aes-192-cbc", digits, NULL) == 0 &&
		   memcmp(&key, &key_192, sizeof key) == 0,
	   "a key of 48 digits is one of AES-192");
	why_clear(&why);
	ok(seal_key_parse(&key, "aes-256-cbc", digits, &why) == ERR_USAGE && why.text[0],
	   "and none of AES-256: %s", why.text);
	ok(seal_key_parse(&key, "aes-128-cbc", digits, NULL) == ERR_USAGE,
	   "an unknown cipher is refused");
	ok(seal_key_parse(&key, "aes-192-cbc", "0x000102030405060708090a0b0c0d0e0f10111213141516zz",
			  NULL) == ERR_USAGE,
	   "and so is what is no hexadecimal digit");
	ok(seal_key_init(&key, SEAL_NONE, digits, 24, NULL) == ERR_USAGE,
	   "none is no cipher to seal with");
}

int main(void)
{
	uint8_t octets[32];

	for (uint8_t i = 0; i < sizeof octets; i++)
		octets[i] = i;
	ok(sealer_new(&sealer) == 0 &&
		   seal_key_init(&key_192, SEAL_AES_192_CBC, octets, 24, NULL) == 0 &&
		   seal_key_init(&key_256, SEAL_AES_256_CBC, octets, 32, NULL) == 0,
	   "a sealer and two keys");
	test_golden();
	test_lengths();
	test_open();
	test_wrong_key();
	test_iri();
	test_plain_pdu();
	test_keys();
	sealer_free(&sealer);
	return tap_end();
}
