#include "lemf/inlet.h"

#include "base/tap.h"

/* Three PS-PDUs: 30 len … of 4, 140 and 300 octets in all. */
static uint8_t wire[444];

static void fill(void)
{
	struct wr w = wr_of(wire, sizeof wire);

	wr_bytes(&w, "\x30\x02\xa1\x00", 4);
	wr_bytes(&w, "\x30\x81\x89\xa1\x00", 5);
	wr_fill(&w, 0x55, 135);
	wr_bytes(&w, "\x30\x82\x01\x28\xa1\x00", 6);
	wr_fill(&w, 0x66, 294);
}

static void feed(struct lemf_inlet *in, const uint8_t *bytes, size_t n)
{
	size_t size;
	uint8_t *room = lemf_inlet_room(in, &size);

	if (room && n <= size) {
		memcpy(room, bytes, n);
		lemf_inlet_fed(in, n);
	}
}

/* In pieces of any size, the same PDUs come out. */
static void test_pieces(void)
{
	static const size_t lens[] = {4, 140, 300};
	bool is_well = true;

	for (size_t piece = 1; piece <= sizeof wire; piece++) {
		struct lemf_inlet in;
		const uint8_t *pdu;
		size_t len, at = 0;
		int n = 0;

		lemf_inlet_init(&in, 1000);
		for (size_t from = 0; from < sizeof wire; from += piece) {
			feed(&in, wire + from,
			     sizeof wire - from < piece ? sizeof wire - from : piece);
			while (lemf_inlet_next(&in, &pdu, &len, NULL) == 1) {
				is_well &= n < 3 && len == lens[n] && !memcmp(pdu, wire + at, len);
				at += len;
				n++;
			}
		}
		is_well &= n == 3 && lemf_inlet_left(&in) == 0;
		lemf_inlet_fini(&in);
	}
	ok(is_well, "in pieces of any size, the same three records");
}

static void test_bounds(void)
{
	struct lemf_inlet in;
	const uint8_t *pdu;
	struct why why;
	size_t len;

	lemf_inlet_init(&in, 200);
	feed(&in, wire, 150);
	ok(lemf_inlet_next(&in, &pdu, &len, NULL) == 1 &&
		   lemf_inlet_next(&in, &pdu, &len, NULL) == 1,
	   "records within the bound");
	why_clear(&why);
	ok(lemf_inlet_next(&in, &pdu, &len, &why) == ERR_BAD && why.text[0],
	   "one beyond it, before it is waited for: %s", why.text);
	lemf_inlet_fini(&in);
	lemf_inlet_init(&in, 200);
	feed(&in, (const uint8_t *)"GET / HTTP/1.1\r\n", 16);
	why_clear(&why);
	ok(lemf_inlet_next(&in, &pdu, &len, &why) == ERR_BAD && why.text[0], "no record: %s",
	   why.text);
	lemf_inlet_fini(&in);
}

int main(void)
{
	fill();
	test_pieces();
	test_bounds();
	return tap_end();
}
