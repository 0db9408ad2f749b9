#include "etsi/hi1.h"

#include "base/tap.h"
#include "etsi/golden.h"
#include "etsi/record.h"

#include <string.h>

static uint8_t room[4096];

/* That of golden/tri-hi1.ber. */
static const struct etsi_stream stream = {
	.liid = "LIID-0002",
	.authorization_country = "NL",
	.operator_id = "op-1",
	.delivery_country = "NL",
	.has_no_cin = true,
	.qualifier = ETSI_NO_QUALIFIER,
};

static const struct hi1 activated = {
	.operation = HI1_ACTIVATED,
	.time = {1700000000 * (int64_t)NANOS_PER_S},
	.at = {1700000000 * (int64_t)NANOS_PER_S + 999999999},
	.liid = "LIID-0002",
	.operator_id = "op-1",
	.text = "alice@isp.example",
};

static size_t encode(const struct hi1 *hi1)
{
	struct wr w = wr_of(room, sizeof room);
	struct etsi_header h;

	if (etsi_header_init(&h, &stream, NULL) || hi1_encode(&h, hi1, &w, NULL))
		return 0;
	return w.len;
}

static void test_golden(void)
{
	struct hi1 hi1s[] = {activated, activated, activated, activated};
	static const int places[] = {0, 21, 22, 23};
	size_t len = 0;
	char *golden = golden_read("asn1/golden/tri-hi1.ber", &len);

	if (!golden) {
		skip("golden/tri-hi1.ber: no shared folder here");
		return;
	}
	hi1s[1].operation = HI1_ALARM;
	hi1s[1].text = "buffer 90 % full";
	hi1s[1].operator_id = NULL;
	hi1s[2].operation = HI1_MODIFIED;
	hi1s[3].operation = HI1_DEACTIVATED;
	for (int i = 0; i < 4; i++) {
		hi1s[i].seq = (uint32_t)i;
		ok(golden_is_nth(golden, len, places[i], room, encode(&hi1s[i])),
		   "golden/tri-hi1.ber: %s has the same octets",
		   hi1_operation_text(hi1s[i].operation));
	}
	free(golden);
}

static bool is_text(const struct etsi_octets *octets, const char *text)
{
	return octets->len == strlen(text) && memcmp(octets->bytes, text, octets->len) == 0;
}

static void test_read_back(void)
{
	struct hi1 alarm = activated;
	struct etsi_record r;

	ok(etsi_record_read(room, encode(&activated), &r, NULL) == 0 && r.kind == ETSI_RECORD_HI1 &&
		   !r.has_cin && r.hi1.operation == HI1_ACTIVATED &&
		   is_text(&r.hi1.liid, "LIID-0002") && is_text(&r.hi1.text, "alice@isp.example"),
	   "a notification is read back");
	ok(r.hi1.has_time && r.hi1.time.ns == 1700000000 * (int64_t)NANOS_PER_S,
	   "its time is of whole seconds");
	alarm.operation = HI1_ALARM;
	alarm.liid = NULL;
	ok(etsi_record_read(room, encode(&alarm), &r, NULL) == 0 && r.hi1.operation == HI1_ALARM &&
		   !r.hi1.liid.bytes && r.hi1.has_time && is_text(&r.hi1.text, "alice@isp.example"),
	   "and so is an alarm without LIID");
}

static void test_operator(void)
{
	static const uint8_t cut[] = {0xa2, 9, 0xa1, 7, 0x80, 5, 'E', 'X', 'A', 'M', 'P'};
	struct hi1 hi1 = activated;

	hi1.operator_id = "EXAMPLE-NZ";
	ok(memmem(room, encode(&hi1), cut, sizeof cut) != NULL,
	   "of an operator id, HI2Operations has five octets");
}

static void refused(const char *what, struct hi1 hi1)
{
	struct wr w = wr_of(room, sizeof room);
	struct etsi_header h;
	struct why why;
	int rc;

	why_clear(&why);
	rc = etsi_header_init(&h, &stream, &why);
	if (!rc)
		rc = hi1_encode(&h, &hi1, &w, &why);
	ok(rc == ERR_USAGE && w.len == 0 && why.text[0], "%s is refused: %s", what, why.text);
}

static void test_refusals(void)
{
	char long_text[HI1_MAX_TEXT + 2];
	struct hi1 bad = activated;

	memset(long_text, 'x', sizeof long_text);
	long_text[HI1_MAX_TEXT + 1] = 0;
	bad.operation = 5;
	refused("an operation that there is not", bad);
	bad = activated;
	bad.liid = NULL;
	refused("a notification without LIID", bad);
	bad = activated;
	bad.liid = "12345678901234567890123456";
	refused("a LIID of 26 octets", bad);
	bad = activated;
	bad.text = long_text;
	refused("a text of 257 octets", bad);
	bad = activated;
	bad.operation = HI1_ALARM;
	bad.text = NULL;
	refused("an alarm without text", bad);
	bad = activated;
	bad.operator_id = "";
	refused("an empty operator id", bad);
	bad = activated;
	bad.at.ns = -1;
	refused("a time before 1970", bad);
}

static void test_no_room(void)
{
	size_t len = encode(&activated);
	struct etsi_header h;
	int n_bad = etsi_header_init(&h, &stream, NULL);

	for (size_t size = 0; size < len; size++) {
		struct wr w = wr_of(room, size);

		n_bad += hi1_encode(&h, &activated, &w, NULL) != ERR_FULL;
	}
	ok(len && n_bad == 0, "any smaller room is too small, and that is said");
}

int main(void)
{
	test_golden();
	test_read_back();
	test_operator();
	test_refusals();
	test_no_room();
	return tap_end();
}
