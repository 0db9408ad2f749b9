#include "trace/wire.h"

#include "trace/sample.h"

static void headers_of_capturers(void)
{
	static const struct {
		uint16_t link;
		uint32_t len;
	} rows[] = {{123, 96}, {139, 96}, {144, 84}, {177, 84}, {196, 95},
		    {201, 96}, {204, 99}, {209, 95}, {245, 98}, {254, 96}};
	struct weir_frame f = {.wire_len = 100};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		f.link = rows[i].link;
		f.flags = trace_wire_flags(f.link);
		ok(f.flags == WEIR_FRAME_APART && trace_wire_len(&f) == rows[i].len,
		   "link type %u: %u of 100 bytes were on the wire", f.link, rows[i].len);
	}
	f.wire_len = 1;
	ok(trace_wire_len(&f) == 0, "fewer than the header are none");
	for (uint16_t link = 0; link < 5; link++)
		ok(trace_wire_flags(link) == 0, "link type %u has no such header", link);
}

/* Type, wire length and bytes of a record; what its frame says. */
static uint32_t of_erf(uint8_t type, uint16_t wire_len, uint16_t n)
{
	struct wr w = wr_init(SAMPLE_LIMIT);
	struct reading g;
	uint32_t len;

	for (int i = 0; i < 2; i++) { /* the second one takes the fast way */
		wr_le64(&w, 77);
		wr_u8(&w, type);
		wr_u8(&w, 4);
		wr_u16(&w, (uint16_t)(16 + n));
		wr_u16(&w, 0);
		wr_u16(&w, wire_len);
		put_ramp(&w, 1, n);
	}
	g = reading_of(TRACE_ERF, w.bytes, w.len);
	len = g.n == 2 ? trace_wire_len(&g.frames[1]) : 0;
	len = g.n == 2 && len == trace_wire_len(&g.frames[0]) ? len : UINT32_MAX;
	reading_end(&g);
	wr_fini(&w);
	return len;
}

static void records_of_erf(void)
{
	ok(of_erf(2, 64, 66) == 64 && of_erf(2, 1504, 34) == 1504,
	   "Ethernet in ERF is counted with its check sequence");
	ok(of_erf(2, 3, 66) == 3, "where it has one");
	ok(of_erf(22, 40, 40) == 40, "IP in ERF has none");
	ok(of_erf(27, 24, 24) == 24,
	   "a record that is carried whole is counted without its header");
}

int main(void)
{
	headers_of_capturers();
	records_of_erf();
	return tap_end();
}
