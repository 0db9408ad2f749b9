/* The formats of room analyser, as all readers are used. */
#include "trace/sample.h"
#include "trace/windows.h"

/* Two interfaces, and a packet of each. */
static struct wr iptrace(void)
{
	struct wr w = wr_init(SAMPLE_LIMIT);

	wr_bytes(&w, "iptrace 2.0", 11);
	for (uint8_t i = 0; i < 40; i++) {
		wr_u32(&w, 32 + 60);
		wr_fill(&w, 0, 7);
		wr_u8(&w, i % 2);
		wr_bytes(&w, "en\0\0", 4);
		wr_fill(&w, 0, 12);
		wr_u8(&w, i % 2 ? 9 : 6);
		wr_fill(&w, 0, 3);
		wr_u32(&w, 1000000000u + i);
		wr_u32(&w, 5);
		put_ramp(&w, i, 60);
	}
	return w;
}

static void is_read(void)
{
	struct wr w = iptrace();
	struct reading g = reading_of(TRACE_IPTRACE, w.bytes, w.len);
	struct digest whole = digest_of(TRACE_IPTRACE, w.bytes, w.len, 0);
	bool is_same = true;

	ok(trace_probe(w.bytes, 32) == TRACE_IPTRACE && trace_probe(w.bytes, 11) == TRACE_IPTRACE,
	   "it is known by its first bytes");
	ok(g.n == 40 && g.rc == 0 && g.frames[39].time_ns == 1000000039000000005 &&
		   is_ramp(g.frames[39].bytes, 39, 60),
	   "all packets are read");
	ok(trace_reader_n_ifaces(g.r) == 2 && trace_reader_iface(g.r, 1)->link == 6 &&
		   strcmp(trace_reader_iface(g.r, 1)->name, "en1") == 0 &&
		   trace_reader_iface(g.r, 0)->digits == 9,
	   "each interface has its link type and name");
	for (uint32_t seed = 1; seed < 200; seed += 2)
		is_same = is_same &&
			  digest_same(whole, digest_of(TRACE_IPTRACE, w.bytes, w.len, seed));
	ok(is_same, "however the data is cut into windows");
	cuts_are_told(TRACE_IPTRACE, w.bytes, w.len, "iptrace");
	reading_end(&g);
	g = reading_of(TRACE_IPTRACE, w.bytes, 0);
	ok(g.rc == ERR_CUT, "no data at all are no file: %s", reading_why(&g));
	reading_end(&g);
	w.bytes[11 + 100 * 3] = 0xff;
	g = reading_of(TRACE_IPTRACE, w.bytes, w.len);
	ok(g.n == 3 && g.rc == ERR_BAD && trace_reader_why(g.r)->offset == 311,
	   "damage is told with its place: %s", reading_why(&g));
	reading_end(&g);
	wr_fini(&w);
}

static void is_converted(void)
{
	struct wr w = iptrace();
	struct wr out = wr_init(SAMPLE_LIMIT);
	struct trace_writer_options options = {.format = TRACE_PCAPNG, .from = TRACE_IPTRACE};
	struct trace_writer *t = NULL;
	struct reading g;

	ok(rewrite(TRACE_IPTRACE, w.bytes, w.len, &options, &out) == 40, "it becomes pcapng");
	g = reading_of(TRACE_PCAPNG, out.bytes, out.len);
	ok(g.n > 40 && strcmp(trace_reader_iface(g.r, 1)->name, "en1") == 0 &&
		   g.frames[g.n - 1].direction == WEIR_DIR_IN,
	   "with its interfaces, names and directions");
	reading_end(&g);
	for (int to = TRACE_SNOOP; to <= TRACE_NETXRAY; to++) {
		options.format = (enum trace_format)to;
		ok(!trace_format_is_writable(options.format) &&
			   trace_writer_new(&t, &options) == ERR_UNSUPPORTED && !t,
		   "%s can be read only", trace_format_name(options.format));
	}
	wr_fini(&out);
	wr_fini(&w);
}

static void probes(void)
{
	static const struct {
		const char *bytes;
		enum trace_format format;
	} rows[] = {
		{"snoop\0\0\0\0\0\0\2\0\0\0\4", TRACE_SNOOP},
		{"snoop is a tool of t", TRACE_UNKNOWN},
		{"iptrace 1.0 and much", TRACE_IPTRACE},
		{"iptrace 3.0 and much", TRACE_UNKNOWN},
		{"GMBU\0\2\1\0\325\7\7\0\0\0\3\0", TRACE_NETMON},
		{"RTSS\1\1\1\0\325\7\7\0\0\0\3\0", TRACE_NETMON},
		{"RTSS are but letters", TRACE_UNKNOWN},
		{"TRSNIFF data    \x1a\1\0\22\0", TRACE_SNIFFER},
		{"XCP\0"
		 "002.002\0\0\0\0\0",
		 TRACE_NETXRAY},
		{"VL\0\0"
		 "abc.def\0\0\0\0\0",
		 TRACE_NETXRAY},
		{"VL12.34 is a version", TRACE_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ok(trace_probe((const uint8_t *)rows[i].bytes, 16) == rows[i].format ||
			   trace_probe((const uint8_t *)rows[i].bytes, 20) == rows[i].format,
		   "\"%.8s\" is %s", rows[i].bytes, trace_format_name(rows[i].format));
	ok(trace_format_of_name("NetMon") == TRACE_NETMON &&
		   trace_format_of_path("x.snoop.gz") == TRACE_SNOOP &&
		   trace_format_of_path("x") == TRACE_UNKNOWN,
	   "names and suffixes find them");
}

int main(void)
{
	is_read();
	is_converted();
	probes();
	return tap_end();
}
