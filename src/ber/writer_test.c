#include "ber/writer.h"

#include "base/tap.h"
#include "ber/reader.h"

static uint8_t room[200000];

static bool wrote(const struct wr *w, const void *bytes, size_t len)
{
	return w->ok && w->len == len && memcmp(w->bytes, bytes, len) == 0;
}

#define WROTE(w, text) wrote(w, text, sizeof(text) - 1)

static void test_facts(void)
{
	struct wr w = wr_of(room, sizeof room);
	size_t a, b;

	ber_put_uint(&w, ber_context(4), 128);
	ok(WROTE(&w, "\x84\x02\x00\x80"), "128 needs a leading zero");
	wr_reset(&w);
	ber_put_int(&w, ber_context(4), -129);
	ok(WROTE(&w, "\x84\x02\xff\x7f"), "-129 takes two octets");
	wr_reset(&w);
	ber_put_bool(&w, ber_context(6), true);
	ber_put_null(&w, ber_context(7));
	ok(WROTE(&w, "\x86\x01\xff\x87\x00"), "TRUE is FF, NULL is empty");
	wr_reset(&w);
	ber_put_bytes(&w, ber_context(31), "x", 1);
	ber_put_bytes(&w, ber_context(255), "y", 1);
	ok(WROTE(&w, "\x9f\x1f\x01x\x9f\x81\x7f\x01y"), "tags of 31 and 255 in the long form");
	wr_reset(&w);
	ber_put_arcs(&w, ber_context(0), (const uint32_t[]){5, 3, 128, 16384}, 4);
	ok(WROTE(&w, "\x80\x07\x05\x03\x81\x00\x81\x80\x00"), "arcs take seven bits an octet");
	wr_reset(&w);
	a = ber_open(&w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE));
	b = ber_open(&w, ber_context(1));
	ber_close(&w, b);
	ber_close(&w, a);
	ok(WROTE(&w, "\x30\x02\xa1\x00"), "elements nest");
}

/* Each length around every change of width, nested twice, comes back minimal and equal. */
static void test_lengths(void)
{
	static const size_t lens[] = {0,   1,   125, 126, 127,   128,   129,   252,   253,   254,
				      255, 256, 257, 300, 65530, 65535, 65536, 65537, 100000};
	static uint8_t payload[100000];

	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		struct wr w = wr_of(room, sizeof room);
		size_t outer = ber_open(&w, ber_context(2));
		size_t inner = ber_open(&w, ber_context(40));
		struct ber_tlv t[3];
		struct ber_rd r;
		bool is_good;

		memset(payload, (int)(i + 1), sizeof payload);
		ber_put_bytes(&w, ber_context(0), payload, lens[i]);
		ber_close(&w, inner);
		ber_close(&w, outer);
		r = ber_rd_of(w.bytes, w.len);
		is_good = w.ok && ber_next(&r, &t[0]) == 0 && rd_left(&r.rd) == 0;
		for (int k = 1; k < 3 && is_good; k++) {
			r = ber_inside(&t[k - 1]);
			is_good = ber_next(&r, &t[k]) == 0 && rd_left(&r.rd) == 0;
		}
		ok(is_good && !(t[0].flaws | t[1].flaws | t[2].flaws) && t[2].len == lens[i] &&
			   memcmp(t[2].value, payload, lens[i]) == 0 &&
			   t[2].header_len + t[2].len == ber_tlv_len(lens[i]),
		   "%zu octets come back from two levels down, all lengths minimal", lens[i]);
	}
}

static void test_integers(void)
{
	int n_bad = 0;

	for (int shift = 0; shift < 64; shift++) {
		for (int d = -1; d <= 1; d++) {
			uint64_t v = ((uint64_t)1 << shift) + (uint64_t)d, got;
			int64_t s = (int64_t)v, got_s;
			bool is_minimal[2];
			struct wr w = wr_of(room, sizeof room);
			struct ber_rd r;
			struct ber_tlv t;

			ber_put_uint(&w, ber_context(0), v);
			ber_put_int(&w, ber_context(0), s);
			r = ber_rd_of(w.bytes, w.len);
			n_bad += ber_next(&r, &t) || !ber_get_u64(&t, &got, &is_minimal[0]) ||
				 got != v || !is_minimal[0];
			n_bad += ber_next(&r, &t) || !ber_get_i64(&t, &got_s, &is_minimal[1]) ||
				 got_s != s || !is_minimal[1];
		}
	}
	ok(n_bad == 0, "numbers around every power of two come back, as short as can be");
}

static void test_full(void)
{
	for (size_t size = 0; size < 9; size++) {
		struct wr w = wr_of(room, size);
		size_t mark = ber_open(&w, ber_context(2));

		ber_put_uint(&w, ber_context(0), 70000);
		ber_put_null(&w, ber_context(1));
		ber_close(&w, mark);
		ok(w.ok == (size == 9) && w.len <= size, "room for %zu of 9 octets is too little",
		   size);
	}
}

static void test_close_without_room(void)
{
	struct wr w = wr_of(room, 2 + 130);
	size_t mark = ber_open(&w, ber_context(2));

	wr_fill(&w, 0, 130);
	ok(w.ok, "130 octets fit behind a length of one octet");
	ber_close(&w, mark);
	ok(!w.ok, "the longer length that they need does not, and that is said");
}

int main(void)
{
	test_facts();
	test_lengths();
	test_integers();
	test_full();
	test_close_without_room();
	return tap_end();
}
