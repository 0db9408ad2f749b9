#include "integrity/integrity.h"

#include "base/tap.h"
#include "etsi/decode.h"
#include "etsi/golden.h"
#include "integrity/keys.h"
#include "etsi/record.h"

#include <stdlib.h>

static uint8_t room[1 << 20];

/* That of golden/tri-hi1.ber. */
static const struct etsi_stream stream = {
	.liid = "LIID-0002",
	.authorization_country = "NL",
	.operator_id = "op-1",
	.delivery_country = "NL",
	.cin = 7,
	.qualifier = ETSI_NO_QUALIFIER,
};

static const struct nanos golden_time = {1700000000 * (int64_t)NANOS_PER_S};

static struct nanos at(int64_t s)
{
	return nanos_from_s(s);
}

/* The golden hash over the CC records 0, 1 and 2 comes out of adding them. */
static void test_golden(void)
{
	struct integrity_plan plan = {.hash = ETSI_SHA_256, .count = 3};
	struct integrity i;
	struct etsi_header h;
	struct wr w = wr_of(room, sizeof room);
	size_t n = 0, len = 0;
	uint8_t *golden = (uint8_t *)golden_read("asn1/golden/tri-hi1.ber", &n);
	struct etsi_record r;

	if (!golden) {
		skip("golden/tri-hi1.ber: no shared folder here");
		return;
	}
	ok(etsi_header_init(&h, &stream, NULL) == 0 &&
		   integrity_init(&i, &plan, ETSI_CHECK_OF_CC, NULL) == 0,
	   "a plan of SHA-256 over three PDUs");
	i.hash_seq = 1;
	for (size_t place = 0; place < n; place += len) {
		if (etsi_pdu_len(golden + place, n - place, &len, NULL) ||
		    etsi_record_read(golden + place, len, &r, NULL))
			break;
		if (r.kind == ETSI_RECORD_CC && r.seq < 3 &&
		    integrity_add(&i, golden + place, len, r.seq, golden_time))
			ok(false, "a PDU is added");
	}
	ok(integrity_is_due(&i, golden_time) &&
		   integrity_encode(&i, &h, golden_time, false, &w) == 0 &&
		   golden_is_nth((char *)golden, n, 6, room, w.len),
	   "golden/tri-hi1.ber: the hash PDU has the same octets");
	integrity_fini(&i);
	free(golden);
}

static void test_due(void)
{
	struct integrity_plan plan = {.hash = ETSI_SHA_1, .count = 2, .span = {5000000000}};
	struct integrity i;
	struct nanos deadline;
	struct etsi_header h;
	struct wr w = wr_of(room, sizeof room);

	ok(etsi_header_init(&h, &stream, NULL) == 0 &&
		   integrity_init(&i, &plan, ETSI_CHECK_OF_IRI, NULL) == 0 &&
		   !integrity_is_due(&i, at(1000)) && !integrity_deadline(&i, &deadline),
	   "nothing is due of nothing");
	ok(integrity_encode(&i, &h, at(0), true, &w) == 0 && w.len == 0,
	   "and nothing is sent of it");
	ok(integrity_add(&i, room, 10, UINT32_MAX, at(100)) == 0 &&
		   !integrity_is_due(&i, at(104)) && integrity_is_due(&i, at(105)) &&
		   integrity_deadline(&i, &deadline) && deadline.ns == at(105).ns,
	   "one PDU is due by time");
	ok(integrity_add(&i, room, 10, 1, at(101)) == ERR_USAGE, "a gap in the numbers is refused");
	ok(integrity_add(&i, room, 10, 0, at(101)) == 0 && integrity_is_due(&i, at(101)),
	   "two PDUs are due by count, also where the numbers wrap");
	ok(integrity_add(&i, room, 10, 1, at(101)) == ERR_USAGE,
	   "and a third is refused before they are sent");
	ok(integrity_encode(&i, &h, at(101), false, &w) == 0 && w.len > 0 && i.hash_seq == 1 &&
		   !integrity_is_due(&i, at(1000)) && integrity_add(&i, room, 10, 1, at(102)) == 0,
	   "then the next are taken");
	integrity_fini(&i);
}

static void test_signatures(void)
{
	static char secret[KEY_TEXT_SIZE], public[KEY_TEXT_SIZE];
	struct integrity_plan plan = {.hash = ETSI_SHA_512, .count = 1, .sign_count = 2};
	struct signer *signer = NULL;
	struct integrity i;
	struct etsi_header h;
	struct etsi_record r;
	struct wr w = wr_of(room, sizeof room);
	struct etsi_octets hashes;
	size_t len, signature_at;

	ok(keys_make("ED25519", secret, public) &&
		   signer_parse(&signer, secret, strlen(secret), true, NULL) == 0 &&
		   etsi_header_init(&h, &stream, NULL) == 0,
	   "a key");
	plan.signer = signer;
	ok(integrity_init(&i, &plan, ETSI_CHECK_OF_CC, NULL) == 0 &&
		   integrity_add(&i, room, 1, 0, at(1)) == 0 &&
		   integrity_encode(&i, &h, at(1), false, &w) == 0 && i.hash_seq == 1 &&
		   i.sign_seq == 0,
	   "one hash is not signed yet");
	ok(integrity_add(&i, room, 1, 1, at(2)) == 0 &&
		   integrity_encode(&i, &h, at(2), false, &w) == 0 && i.hash_seq == 2 &&
		   i.sign_seq == 1,
	   "two are");
	if (etsi_pdu_len(room, w.len, &len, NULL))
		len = 0;
	signature_at = 2 * len;
	ok(etsi_record_read(room + signature_at, w.len - signature_at, &r, NULL) == 0 &&
		   r.tri.check_type == ETSI_CHECK_SIGNATURE && r.tri.signature == ETSI_EDDSA &&
		   r.tri.n_numbers == 2 && r.tri.check_of == ETSI_CHECK_OF_CC && r.seq == 0,
	   "by a PDU with a number of its own");
	hashes = (struct etsi_octets){room, signature_at};
	ok(signer_is_right(signer, ETSI_SHA_512, &hashes, &r.tri.value),
	   "the signature is over the hash PDUs");
	ok(integrity_add(&i, room, 1, 2, at(2)) == 0 &&
		   integrity_encode(&i, &h, at(2), true, &w) == 0 && i.sign_seq == 2,
	   "at the end, what is left is hashed and signed");
	integrity_fini(&i);
	signer_free(&signer);
}

static void test_no_room(void)
{
	struct integrity_plan plan = {.hash = ETSI_SHA_256, .count = 3};
	struct integrity i;
	struct etsi_header h;
	struct wr w = wr_of(room, 20), big = wr_of(room, sizeof room);
	struct etsi_record r;

	ok(etsi_header_init(&h, &stream, NULL) == 0 &&
		   integrity_init(&i, &plan, ETSI_CHECK_OF_CC, NULL) == 0 &&
		   integrity_add(&i, (const uint8_t *)"abc", 3, 0, at(1)) == 0 &&
		   integrity_encode(&i, &h, at(1), true, &w) == ERR_FULL && w.len == 0 &&
		   i.hash_seq == 0,
	   "too little room is said");
	ok(integrity_encode(&i, &h, at(1), true, &big) == 0 &&
		   etsi_record_read(room, big.len, &r, NULL) == 0 &&
		   memcmp(r.tri.value.bytes, "\xba\x78\x16\xbf\x8f\x01\xcf\xea", 8) == 0,
	   "and nothing was lost: the SHA-256 of abc");
	integrity_fini(&i);
}

static void refused(const char *what, struct integrity_plan plan)
{
	struct integrity i;
	struct why why;

	why_clear(&why);
	ok(integrity_init(&i, &plan, ETSI_CHECK_OF_CC, &why) == ERR_USAGE && why.text[0],
	   "%s is refused: %s", what, why.text);
}

int main(void)
{
	test_golden();
	test_due();
	test_signatures();
	test_no_room();
	refused("a plan without hash", (struct integrity_plan){.count = 1});
	refused("a hash of no PDUs", (struct integrity_plan){.hash = ETSI_SHA_256});
	refused("a signature of a million hashes",
		(struct integrity_plan){ETSI_SHA_256, 1, {0}, 1000000, NULL});
	return tap_end();
}
