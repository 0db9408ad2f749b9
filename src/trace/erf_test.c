#include "trace/erf.h"

#include "trace/sample.h"
#include "trace/windows.h"

struct erf_sample {
	uint8_t type;
	uint8_t flags;
	uint16_t rlen;
	uint16_t lost;
	uint16_t wlen;
};

static const uint64_t some_time = (uint64_t)1700000000 << 32 | 0x80000000u;

static void put_head(struct wr *w, const struct erf_sample *s)
{
	wr_le64(w, some_time);
	wr_u8(w, s->type);
	wr_u8(w, s->flags);
	wr_u16(w, s->rlen);
	wr_u16(w, s->lost);
	wr_u16(w, s->wlen);
}

/* A record whose bytes after its header count up from 100. */
static void put_record(struct wr *w, const struct erf_sample *s)
{
	put_head(w, s);
	if (s->rlen > 16)
		put_ramp(w, 100, s->rlen - 16u);
}

static struct reading read_one(struct wr *w, struct erf_sample s)
{
	wr_reset(w);
	put_record(w, &s);
	return reading_of(TRACE_ERF, w->bytes, w->len);
}

static void ethernet(void)
{
	static const uint8_t types[] = {2, 11, 16, 20};
	struct wr w = wr_init(SAMPLE_LIMIT);
	struct reading g;

	for (int i = 0; i < 4; i++) {
		g = read_one(&w, (struct erf_sample){types[i], 4, 80, 9, 64});
		ok(g.n == 1 && g.rc == 0 && g.frames[0].link == 1 && g.frames[0].cap_len == 60 &&
			   g.frames[0].wire_len == 60 && is_ramp(g.frames[0].bytes, 102, 60),
		   "type %u: two bytes before the frame, no FCS, no padding", types[i]);
		ok(g.frames[0].lost == (i == 0 ? 9u : 0u), "type %u %s", types[i],
		   i ? "has a colour, no count" : "counts what was lost");
		ok(g.frames[0].time_ns == 1700000000500000000, "its time is %lld",
		   (long long)g.frames[0].time_ns);
		reading_end(&g);
	}
	g = read_one(&w, (struct erf_sample){2, 4, 52, 0, 1004});
	ok(g.frames[0].cap_len == 34 && g.frames[0].wire_len == 1000,
	   "a cut frame keeps both lengths");
	reading_end(&g);
	g = read_one(&w, (struct erf_sample){2, 4, 18, 0, 64});
	ok(g.n == 1 && g.frames[0].cap_len == 0 && g.frames[0].wire_len == 60,
	   "headers alone are a packet without bytes");
	reading_end(&g);
	g = read_one(&w, (struct erf_sample){2, 4, 80, 0, 3});
	ok(g.n == 1 && g.frames[0].cap_len == 3 && g.frames[0].wire_len == 3,
	   "a wire length too small for an FCS has none");
	reading_end(&g);
	g = read_one(&w, (struct erf_sample){2, 4, 80, 0, 0});
	ok(g.n == 1 && g.frames[0].cap_len == 0, "a wire length of 0 leaves nothing");
	reading_end(&g);
	wr_fini(&w);
}

static void other_types(void)
{
	static const struct {
		uint8_t type;
		uint16_t link;
		uint8_t first;
	} rows[] = {
		{22, 228, 100}, {23, 229, 100}, {1, 50, 100}, {10, 50, 100},
		{15, 50, 100},  {19, 50, 100},  {5, 50, 104}, {17, 50, 104},
	};
	static const uint8_t whole[] = {0,  3,  4,  6,  7,  8,  9,  12, 13,
					14, 18, 21, 24, 25, 28, 29, 99};
	struct wr w = wr_init(SAMPLE_LIMIT);
	struct reading g;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		g = read_one(&w, (struct erf_sample){rows[i].type, 4, 64, 0, 40});
		ok(g.n == 1 && g.frames[0].link == rows[i].link && g.frames[0].cap_len == 40 &&
			   is_ramp(g.frames[0].bytes, rows[i].first, 40),
		   "type %u is link type %u", rows[i].type, rows[i].link);
		reading_end(&g);
	}
	for (size_t i = 0; i < sizeof whole; i++) {
		g = read_one(&w, (struct erf_sample){whole[i], 4, 64, 0, 400});
		ok(g.n == 1 && g.frames[0].kind == WEIR_FRAME_PACKET && g.frames[0].link == 197 &&
			   g.frames[0].bytes == w.bytes && g.frames[0].cap_len == 64 &&
			   g.frames[0].wire_len == 416,
		   "type %u has no link type: the whole record is carried", whole[i]);
		reading_end(&g);
	}
	g = read_one(&w, (struct erf_sample){27, 4, 64, 0, 48});
	ok(g.n == 1 && g.frames[0].kind == WEIR_FRAME_PACKET && g.frames[0].link == 197 &&
		   g.frames[0].record_len == 64,
	   "provenance counts as a packet, though it is no traffic");
	reading_end(&g);
	g = read_one(&w, (struct erf_sample){48, 4, 16, 0, 0});
	ok(g.n == 1 && g.frames[0].kind == WEIR_FRAME_META, "padding is no packet");
	reading_end(&g);
	wr_fini(&w);
}

static void ports_and_flags(void)
{
	static const uint8_t directions[] = {WEIR_DIR_OUT, WEIR_DIR_IN, WEIR_DIR_UNKNOWN,
					     WEIR_DIR_UNKNOWN};
	struct wr w = wr_init(SAMPLE_LIMIT);
	struct reading g;
	bool is_right = true;

	for (uint8_t port = 0; port < 8; port++) {
		uint8_t flags = 4 | (port & 3) | (port & 4 ? 0x40 : 0);

		g = read_one(&w, (struct erf_sample){2, flags, 80, 0, 64});
		is_right = is_right && g.frames[0].iface == port &&
			   g.frames[0].direction == (port < 4 ? directions[port] : 0) &&
			   trace_reader_iface(g.r, port)->link == 1;
		reading_end(&g);
	}
	ok(is_right, "eight ports are eight interfaces; the first two tell direction");
	wr_reset(&w);
	put_record(&w, &(struct erf_sample){2, 5, 80, 0, 64});
	put_record(&w, &(struct erf_sample){22, 6, 80, 0, 64});
	put_record(&w, &(struct erf_sample){2, 4, 80, 0, 64});
	g = reading_of(TRACE_ERF, w.bytes, w.len);
	ok(g.n == 3 && g.frames[0].iface == 1 && g.frames[1].iface == 10 &&
		   g.frames[2].iface == 0 && trace_reader_n_ifaces(g.r) == 16 &&
		   trace_reader_iface(g.r, 10)->link == 228,
	   "each link type has its own eight");
	reading_end(&g);
	g = read_one(&w, (struct erf_sample){2, 0x14, 80, 0, 64});
	ok(g.frames[0].flags == (WEIR_FRAME_ERROR | WEIR_FRAME_APART), "a receive error is told");
	reading_end(&g);
	wr_fini(&w);
}

static void extension_headers(void)
{
	struct wr w = wr_init(SAMPLE_LIMIT);
	struct reading g;

	put_head(&w, &(struct erf_sample){2 | 0x80, 4, 16 + 16 + 2 + 60 + 2, 0, 64});
	wr_u8(&w, 0x83);
	wr_fill(&w, 0, 7);
	wr_u8(&w, 0x04);
	wr_fill(&w, 0, 7);
	put_ramp(&w, 1, 64);
	g = reading_of(TRACE_ERF, w.bytes, w.len);
	ok(g.n == 1 && g.rc == 0 && g.frames[0].cap_len == 60 && is_ramp(g.frames[0].bytes, 3, 60),
	   "two extension headers are stepped over");
	reading_end(&g);
	cuts_are_told(TRACE_ERF, w.bytes, w.len, "extension headers");
	wr_reset(&w);
	put_head(&w, &(struct erf_sample){2 | 0x80, 4, 64, 0, 64});
	wr_fill(&w, 0x80, 48);
	g = reading_of(TRACE_ERF, w.bytes, w.len);
	ok(g.n == 0 && g.rc == ERR_BAD, "a chain that runs out of the record is damage: %s",
	   reading_why(&g));
	reading_end(&g);
	wr_fini(&w);
}

static void length_claims(void)
{
	struct wr w = wr_init(SAMPLE_LIMIT);
	struct reading g;

	for (uint16_t rlen = 0; rlen < 18; rlen++) {
		wr_reset(&w);
		put_record(&w, &(struct erf_sample){2, 4, 80, 0, 64});
		put_record(&w, &(struct erf_sample){2, 4, rlen, 0, 64});
		wr_fill(&w, 0, 100);
		g = reading_of(TRACE_ERF, w.bytes, w.len);
		ok(g.n == 1 && g.rc == ERR_BAD && trace_reader_why(g.r)->offset == 80,
		   "a record length of %u is refused: %s", rlen, reading_why(&g));
		reading_end(&g);
	}
	g = reading_of(TRACE_ERF, NULL, 0);
	ok(g.rc == 0, "no bytes at all are a file without records");
	reading_end(&g);
	wr_reset(&w);
	put_record(&w, &(struct erf_sample){2, 4, 80, 0, 64});
	put_record(&w, &(struct erf_sample){22, 4, 40, 0, 24});
	put_record(&w, &(struct erf_sample){27, 4, 32, 0, 16});
	cuts_are_told(TRACE_ERF, w.bytes, w.len, "three records");
	wr_fini(&w);
}

static void probing(void)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: example\r\n\r\n";
	uint8_t zip[32] = {'P', 'K', 3, 4, 20, 0, 0, 0, 8, 0, 0x61, 0x4a, 0x52, 0x4b, 1};
	struct wr w = wr_init(SAMPLE_LIMIT);

	put_record(&w, &(struct erf_sample){2, 4, 80, 0, 64});
	ok(trace_probe(w.bytes, 32) == TRACE_ERF, "a record of a known type is seen as ERF");
	ok(trace_probe(w.bytes, 15) == TRACE_UNKNOWN, "half a header is not");
	put_record(&w, &(struct erf_sample){99, 4, 80, 0, 64});
	ok(trace_probe(w.bytes, w.len) == TRACE_UNKNOWN,
	   "nor where a second one is of no known type");
	ok(trace_probe((const uint8_t *)text, 32) == TRACE_UNKNOWN, "text is not");
	ok(trace_probe(zip, 32) == TRACE_UNKNOWN, "an archive is not");
	wr_fini(&w);
}

static void times(void)
{
	uint64_t x = 88172645463325252u;
	bool is_right = true;

	for (int64_t ns = 0; ns < 3000000 && is_right; ns++)
		is_right = erf_time_to_ns(erf_time_of_ns(ns)) == ns;
	for (int i = 0; i < 3000000 && is_right; i++) {
		int64_t ns;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		ns = (int64_t)(x % 4294967295999999999u);
		is_right = erf_time_to_ns(erf_time_of_ns(ns)) == ns;
		ns = ns / 1000000000 * 1000000000 + 999999999 - i % 100;
		is_right = is_right && erf_time_to_ns(erf_time_of_ns(ns)) == ns;
	}
	ok(is_right, "nine million times go to 2^-32 s and come back");
	ok(erf_time_to_ns(some_time) == 1700000000500000000, "half a second is half a second");
	ok(!erf_time_fits(-1) && erf_time_fits(0) && erf_time_fits(4294967295999999999) &&
		   !erf_time_fits(4294967296000000000),
	   "times from 1970 to 2106 fit");
}

static void windows_do_not_matter(void)
{
	struct wr w = wr_init(SAMPLE_LIMIT);
	struct digest whole;
	bool is_same = true;

	for (uint16_t i = 0; i < 200; i++)
		put_record(&w, &(struct erf_sample){i % 3 ? 2 : 22, 4, 18 + i * 3, i, 90});
	whole = digest_of(TRACE_ERF, w.bytes, w.len, 0);
	for (uint32_t seed = 1; seed < 50; seed++)
		is_same = is_same && digest_same(whole, digest_of(TRACE_ERF, w.bytes, w.len, seed));
	ok(whole.n_frames == 200 && is_same,
	   "200 records are the same through windows of any size");
	wr_fini(&w);
}

int main(void)
{
	ethernet();
	other_types();
	ports_and_flags();
	extension_headers();
	length_claims();
	probing();
	times();
	windows_do_not_matter();
	return tap_end();
}
