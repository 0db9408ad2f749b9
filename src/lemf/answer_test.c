#include "lemf/answer.h"

#include <string.h>

#include "base/tap.h"

static struct etsi_header header_of(bool has_cin)
{
	const struct etsi_stream stream = {.liid = "LIID0001",
					   .authorization_country = "NZ",
					   .operator_id = "EXAMPLE",
					   .network_element = "akl-1",
					   .delivery_country = "NZ",
					   .cin = 7,
					   .has_no_cin = !has_cin};
	struct etsi_header h;

	if (etsi_header_init(&h, &stream, NULL))
		memset(&h, 0, sizeof h);
	return h;
}

/* Asks, and reads the answer back. Returns what lemf_answer does. */
static int ask(const struct tri *tri, bool has_cin, uint32_t added, struct etsi_record *answer)
{
	struct etsi_header header = header_of(has_cin);
	static uint8_t bytes[1000];
	uint8_t said[1000];
	struct wr question = wr_of(said, sizeof said);
	struct wr w = wr_of(bytes, sizeof bytes);
	struct etsi_record record;
	int rc;

	if (tri_encode(&header, tri, &question, NULL) ||
	    etsi_record_read(said, question.len, &record, NULL))
		return ERR_IO;
	rc = lemf_answer(&record, nanos_from_s(2000), added, &w);
	return rc == 1 && etsi_record_read(bytes, w.len, answer, NULL) ? ERR_IO : rc;
}

static void test_answers(void)
{
	static const struct {
		enum etsi_tri_kind asks, answers;
	} rows[] = {
		{ETSI_TRI_KEEP_ALIVE, ETSI_TRI_KEEP_ALIVE_RESPONSE},
		{ETSI_TRI_OPTION_REQUEST, ETSI_TRI_OPTION_RESPONSE},
		{ETSI_TRI_ACKNOWLEDGEMENT_REQUEST, ETSI_TRI_ACKNOWLEDGEMENT_RESPONSE},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct tri tri = {.kind = rows[i].asks,
				  .seq = 41,
				  .time = nanos_from_s(1000),
				  .is_requested = rows[i].asks == ETSI_TRI_OPTION_REQUEST};
		struct etsi_record a;

		ok(ask(&tri, true, 0, &a) == 1 && a.kind == ETSI_RECORD_TRI &&
			   a.tri.kind == rows[i].answers && a.seq == 41,
		   "%s is answered, with its number", etsi_tri_text(rows[i].asks));
		ok(a.liid.len == 8 && a.has_cin && a.cin == 7 && a.time.ns == nanos_from_s(2000).ns,
		   "for the same LIID and CIN, at its own time");
		ok(ask(&tri, false, 1, &a) == 1 && a.seq == 42 && !a.has_cin,
		   "without a CIN too, and wrongly on purpose");
	}
}

static void test_silence(void)
{
	static const enum etsi_tri_kind kinds[] = {
		ETSI_TRI_KEEP_ALIVE_RESPONSE, ETSI_TRI_OPTION_COMPLETE, ETSI_TRI_FIRST_SEGMENT};
	struct etsi_record a;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct tri tri = {.kind = kinds[i], .time = nanos_from_s(1000)};

		ok(ask(&tri, true, 0, &a) == 0, "%s needs no answer", etsi_tri_text(kinds[i]));
	}
}

static void test_bad(void)
{
	struct etsi_record q = {.kind = ETSI_RECORD_TRI, .tri = {.kind = ETSI_TRI_KEEP_ALIVE}};
	uint8_t bytes[1000];
	struct wr w = wr_of(bytes, sizeof bytes);
	struct wr small = wr_of(bytes, 10);

	q.liid = (struct etsi_octets){(const uint8_t *)"a\0b", 3};
	q.operator_id = (struct etsi_octets){(const uint8_t *)"", 0};
	ok(lemf_answer(&q, nanos_from_s(1), 0, &w) == ERR_BAD && w.len == 0,
	   "a header that nobody may send is not said back");
	q.operator_id = q.liid = (struct etsi_octets){(const uint8_t *)"abc", 3};
	q.authorization_country = q.delivery_country =
		(struct etsi_octets){(const uint8_t *)"NZ", 2};
	ok(lemf_answer(&q, nanos_from_s(1), 0, &small) < 0, "an answer without room is none");
	ok(lemf_answer(&q, nanos_from_s(1), 0, &w) == 1, "any version and shape of header will do");
}

int main(void)
{
	test_answers();
	test_silence();
	test_bad();
	return tap_end();
}
