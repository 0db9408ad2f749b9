#include "etsi/tri.h"

#include "base/tap.h"
#include "etsi/golden.h"
#include "etsi/record.h"

#include <string.h>

static uint8_t room[8192];

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

#define OCTETS(text)                                                                               \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

struct golden_tri {
	int n; /* of the PDU in the file */
	struct tri tri;
};

static const struct golden_tri goldens[] = {
	{1, {ETSI_TRI_KEEP_ALIVE, .seq = 1}},
	{2, {ETSI_TRI_KEEP_ALIVE_RESPONSE, .seq = 1}},
	{9,
	 {ETSI_TRI_INTEGRITY_CHECK, .seq = 3, .octets = OCTETS("\x30\6\2\1\1\2\1\1"),
	  .check_type = ETSI_CHECK_SIGNATURE, .check_of = ETSI_CHECK_OF_CC, .signature = ETSI_ECDSA,
	  .first_covered = 1, .n_covered = 2}},
	{10, {ETSI_TRI_FIRST_SEGMENT, .seq = 4}},
	{11, {ETSI_TRI_LAST_SEGMENT, .seq = 5}},
	{12, {ETSI_TRI_CIN_RESET, .seq = 6}},
	{13, {ETSI_TRI_TEST, .seq = 7}},
	{14, {ETSI_TRI_PADDING, .seq = 8, .octets = OCTETS("\0\0\0\0\0\0\0\0")}},
	{15,
	 {ETSI_TRI_OPERATOR_MESSAGE, .seq = 9, .octets = OCTETS("maintenance at 02:00 UTC"),
	  .priority = ETSI_MESSAGE_INFORMATIONAL}},
	{16, {ETSI_TRI_OPTION_REQUEST, .seq = 10, .is_requested = true}},
	{17, {ETSI_TRI_OPTION_RESPONSE, .seq = 10, .is_accepted = true}},
	{18, {ETSI_TRI_OPTION_COMPLETE, .seq = 11}},
	{19, {ETSI_TRI_ACKNOWLEDGEMENT_REQUEST, .seq = 12}},
	{20, {ETSI_TRI_ACKNOWLEDGEMENT_RESPONSE, .seq = 12}},
};

static size_t encode(const struct tri *tri)
{
	struct wr w = wr_of(room, sizeof room);
	struct etsi_header h;
	struct tri timed = *tri;

	timed.time = golden_time;
	if (etsi_header_init(&h, &stream, NULL) || tri_encode(&h, &timed, &w, NULL))
		return 0;
	return w.len;
}

static void test_golden(void)
{
	size_t len = 0;
	char *golden = golden_read("asn1/golden/tri-hi1.ber", &len);

	if (!golden) {
		skip("golden/tri-hi1.ber: no shared folder here");
		return;
	}
	for (size_t i = 0; i < sizeof goldens / sizeof goldens[0]; i++)
		ok(golden_is_nth(golden, len, goldens[i].n, room, encode(&goldens[i].tri)),
		   "golden/tri-hi1.ber: %s has the same octets",
		   etsi_tri_text(goldens[i].tri.kind));
	free(golden);
}

/* The two hashes of golden/tri-hi1.ber, whose values come from reading them. */
static void test_golden_hashes(void)
{
	static const struct {
		int n, seq;
		enum etsi_hash hash;
		uint32_t first, n_covered;
	} facts[] = {{6, 1, ETSI_SHA_256, 0, 3}, {8, 2, ETSI_SHA_512, 3, 1}};
	size_t len = 0;
	char *golden = golden_read("asn1/golden/tri-hi1.ber", &len);

	if (!golden) {
		skip("golden/tri-hi1.ber: no shared folder here");
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		size_t digest_len = facts[i].hash == ETSI_SHA_256 ? 32 : 64;
		/* the value is the element's 32 or 64 octets before its last three */
		struct tri tri = {ETSI_TRI_INTEGRITY_CHECK,
				  .seq = (uint32_t)facts[i].seq,
				  .octets = {(const uint8_t *)golden, digest_len},
				  .check_type = ETSI_CHECK_HASH,
				  .check_of = ETSI_CHECK_OF_CC,
				  .hash = facts[i].hash,
				  .first_covered = facts[i].first,
				  .n_covered = facts[i].n_covered};
		const uint8_t head[] = {0x83, (uint8_t)digest_len};
		const char *at = golden;

		do
			at = memmem(at + 1, len - (size_t)(at + 1 - golden), head, sizeof head);
		while (at && at[2 + digest_len] != (char)0x84);
		if (at)
			tri.octets.bytes = (const uint8_t *)at + 2;
		ok(at && golden_is_nth(golden, len, facts[i].n, room, encode(&tri)),
		   "golden/tri-hi1.ber: the hash of %zu octets has the same octets", digest_len);
	}
	free(golden);
}

/* What was encoded is what is read. */
static void test_read_back(void)
{
	struct tri tri = {ETSI_TRI_INTEGRITY_CHECK,
			  .seq = UINT32_MAX,
			  .octets = OCTETS("12345678901234567890"),
			  .check_type = ETSI_CHECK_HASH,
			  .check_of = ETSI_CHECK_OF_IRI,
			  .hash = ETSI_SHA_1,
			  .first_covered = UINT32_MAX - 1,
			  .n_covered = 3};
	struct etsi_octets left;
	struct etsi_record r;
	uint32_t numbers[4], n = 0;

	ok(etsi_record_read(room, encode(&tri), &r, NULL) == 0 && r.seq == UINT32_MAX &&
		   r.has_cin && r.tri.kind == ETSI_TRI_INTEGRITY_CHECK &&
		   r.tri.check_of == ETSI_CHECK_OF_IRI && r.tri.value.len == 20,
	   "an integrity check is read back");
	for (left = r.tri.numbers; n < 4 && etsi_number_next(&left, &numbers[n]);)
		n++;
	ok(n == 3 && numbers[0] == UINT32_MAX - 1 && numbers[1] == UINT32_MAX && numbers[2] == 0,
	   "its numbers wrap as sequence numbers do");
	tri = (struct tri){ETSI_TRI_OPTION_RESPONSE, .is_declined = true};
	ok(etsi_record_read(room, encode(&tri), &r, NULL) == 0 && r.tri.is_declined &&
		   !r.tri.is_accepted,
	   "an option that is declined");
}

static void refused(const char *what, struct tri tri, unsigned version, int expected)
{
	struct wr w = wr_of(room, sizeof room);
	struct etsi_stream s = stream;
	struct etsi_header h;
	struct why why;
	int rc;

	why_clear(&why);
	s.header_version = version;
	rc = etsi_header_init(&h, &s, &why);
	if (!rc)
		rc = tri_encode(&h, &tri, &w, &why);
	ok(rc == expected && w.len == 0 && why.text[0], "%s is refused: %s", what, why.text);
}

static void test_refusals(void)
{
	struct tri check = goldens[2].tri, bad;

	refused("a kind that there is not", (struct tri){(enum etsi_tri_kind)14}, 43, ERR_USAGE);
	refused("an empty message",
		(struct tri){ETSI_TRI_OPERATOR_MESSAGE, .priority = ETSI_MESSAGE_ERROR}, 43,
		ERR_USAGE);
	refused("a message without priority",
		(struct tri){ETSI_TRI_OPERATOR_MESSAGE, .octets = OCTETS("x")}, 43, ERR_USAGE);
	refused("padding of a megabyte", (struct tri){ETSI_TRI_PADDING, .octets = {room, 1 << 20}},
		43, ERR_USAGE);
	bad = check;
	bad.n_covered = 0;
	refused("a check of nothing", bad, 43, ERR_USAGE);
	bad = check;
	bad.octets.len = 0;
	refused("a check without value", bad, 43, ERR_USAGE);
	bad = check;
	bad.check_of = 0;
	refused("a check of neither interface", bad, 43, ERR_USAGE);
	bad = check;
	bad.check_type = ETSI_CHECK_HASH;
	refused("a hash without algorithm", bad, 43, ERR_USAGE);
	refused("an option request in version 32", (struct tri){ETSI_TRI_OPTION_REQUEST}, 32,
		ERR_UNSUPPORTED);
	refused("a CIN reset in version 16", (struct tri){ETSI_TRI_CIN_RESET}, 16, ERR_UNSUPPORTED);
}

static void test_no_room(void)
{
	struct tri tri = goldens[2].tri;
	size_t len = encode(&tri);
	struct etsi_header h;
	int n_bad = etsi_header_init(&h, &stream, NULL);

	tri.time = golden_time;
	for (size_t size = 0; size < len; size++) {
		struct wr w = wr_of(room, size);

		n_bad += tri_encode(&h, &tri, &w, NULL) != ERR_FULL;
	}
	ok(len && n_bad == 0, "any smaller room is too small, and that is said");
}

int main(void)
{
	test_golden();
	test_golden_hashes();
	test_read_back();
	test_refusals();
	test_no_room();
	return tap_end();
}
