#include "tally/tally.h"

#include <string.h>

#include "base/tap.h"
#include "etsi/hi1.h"
#include "etsi/ipcc.h"

static const uint8_t packet[21] = {0x45, 0, 0, 21, [8] = 64, 59, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2};
static const struct tally_place place = {"police", true};

static struct etsi_stream stream_of(const char *liid, uint32_t cin)
{
	return (struct etsi_stream){.liid = liid,
				    .authorization_country = "NZ",
				    .operator_id = "op-1",
				    .network_element = "col-1",
				    .cin = cin,
				    .header_version = 32};
}

static size_t make_cc(uint8_t *pdu, size_t size, const struct etsi_stream *stream, uint32_t seq)
{
	struct ipcc cc = {.bytes = packet,
			  .len = sizeof packet,
			  .seq = seq,
			  .direction = ETSI_TO_TARGET,
			  .time = {1700000000123456000 + seq}};
	struct wr w = wr_of(pdu, size);
	struct etsi_header h;

	if (etsi_header_init(&h, stream, NULL) < 0)
		return 0;
	ipcc_encode(&h, &cc, &w);
	return w.ok ? w.len : 0;
}

static void test_sessions(void)
{
	static const uint32_t numbers[] = {0, 1, 127, 128, 255, 256, 70000, UINT32_MAX};
	struct etsi_stream a = stream_of("L1", 7), b = stream_of("L1", 8), c = stream_of("L2", 7);
	const struct etsi_stream *streams[] = {&a, &b, &a, &c, &b, &a};
	struct tally_sight sight = {0};
	struct ledger_row row;
	uint8_t pdu[512];
	bool is_right = true, has_row = true;

	for (size_t k = 0; k < 6 * 8; k++) {
		const struct etsi_stream *s = streams[k % 6];
		size_t len = make_cc(pdu, sizeof pdu, s, numbers[k / 6]);
		char warrant[32];
		uint32_t seq;
		struct tally_seen *seen = tally_see(&sight, &place, pdu, len, &seq);

		snprintf(warrant, sizeof warrant, "police/%s", s->liid);
		is_right &= seen && seq == numbers[k / 6] && seen->key.cin == s->cin &&
			    seen->key.kind == LEDGER_CC && !strcmp(seen->key.element, "col-1") &&
			    !strcmp(seen->key.warrant, warrant);
		has_row &= seen && (k < 5 || seen->row == &row);
		if (seen)
			seen->row = &row;
	}
	ok(is_right, "records of sessions that alternate are told apart, whatever their numbers");
	ok(has_row, "and their rows are remembered");
	tally_forget_rows(&sight);
	ok(!sight.seen[0].row, "until they are elsewhere");
}

static void test_kinds(void)
{
	struct etsi_stream s = stream_of("L1", 0);
	struct hi1 hi1 = {.operation = HI1_ACTIVATED,
			  .time = {1700000000123456000},
			  .at = {1700000000123456000},
			  .liid = "L1",
			  .operator_id = "op-1"};
	struct tally_sight sight = {0};
	struct tally_seen *seen;
	struct etsi_header h;
	uint8_t pdu[512];
	struct wr w = wr_of(pdu, sizeof pdu);
	uint32_t seq;

	s.has_no_cin = true;
	ok(!etsi_header_init(&h, &s, NULL) && !hi1_encode(&h, &hi1, &w, NULL), "an HI1 is made");
	seen = tally_see(&sight, &place, w.bytes, w.len, &seq);
	ok(seen && seen->key.kind == LEDGER_HI1 && seen->key.span == LEDGER_SPAN_WARRANT,
	   "it belongs to the warrant, not to a session");
}

static void test_cuts(void)
{
	struct etsi_stream s = stream_of("L1", 7);
	uint8_t pdu[512];
	size_t len = make_cc(pdu, sizeof pdu, &s, 5);
	struct tally_sight sight = {0};
	uint32_t seq;
	bool is_refused = true;

	for (size_t n = 0; n < len; n++)
		is_refused &= !tally_see(&sight, &place, pdu, n, &seq);
	ok(is_refused && len, "a record that is cut is in no row");
	ok(tally_see(&sight, &place, pdu, len, &seq) != NULL, "the whole one is");
	is_refused = true;
	for (size_t n = 0; n < len; n++)
		is_refused &= !tally_see(&sight, &place, pdu, n, &seq);
	ok(is_refused, "also where the session is known");
}

int main(void)
{
	test_sessions();
	test_kinds();
	test_cuts();
	return tap_end();
}
