#include "trace/pcap.h"

#include "trace/sample.h"
#include "trace/windows.h"

/* How a sample is made. */
struct pcap_sample {
	uint32_t magic;
	bool is_big;
	uint16_t major;
	uint16_t minor;
	uint32_t snap_len;
	uint32_t link;
};

static const struct pcap_sample plain = {PCAP_MAGIC_MICRO, false, 2, 4, 65535, 1};

static void put_header(struct wr *w, const struct pcap_sample *s)
{
	put32(w, s->magic, s->is_big);
	put16(w, s->major, s->is_big);
	put16(w, s->minor, s->is_big);
	put64(w, 0, s->is_big);
	put32(w, s->snap_len, s->is_big);
	put32(w, s->link, s->is_big);
}

static void put_record(struct wr *w, bool is_big, const uint32_t fields[4], size_t n)
{
	for (int i = 0; i < 4; i++)
		put32(w, fields[i], is_big);
	put_ramp(w, 7, n);
}

/* A file of three packets: whole, cut and empty. */
static struct wr sample_of(const struct pcap_sample *s)
{
	struct wr w = wr_init(SAMPLE_LIMIT);

	put_header(&w, s);
	put_record(&w, s->is_big, (uint32_t[]){1700000000, 999999, 60, 60}, 60);
	put_record(&w, s->is_big, (uint32_t[]){1700000001, 5, 33, 1500}, 33);
	put_record(&w, s->is_big, (uint32_t[]){0xfffffffe, 1, 0, 0}, 0);
	return w;
}

static void both_orders_and_units(void)
{
	static const uint32_t magics[] = {PCAP_MAGIC_MICRO, PCAP_MAGIC_NANO};

	for (int i = 0; i < 4; i++) {
		struct pcap_sample s = plain;
		struct wr w;
		struct reading g;
		int64_t unit = i / 2 ? 1 : 1000;
		const char *what = i % 2 ? "big" : "little";

		s.magic = magics[i / 2];
		s.is_big = i % 2;
		w = sample_of(&s);
		g = reading_of(TRACE_PCAP, w.bytes, w.len);
		ok(trace_probe(w.bytes, 4) == TRACE_PCAP, "four bytes tell %s-endian pcap", what);
		ok(g.n == 3 && g.rc == 0 && g.used == w.len, "%s-endian: three packets", what);
		ok(g.frames[0].time_ns == 1700000000000000000 + 999999 * unit &&
			   g.frames[2].time_ns == 0xfffffffell * 1000000000 + unit,
		   "times in units of %d ns, seconds without a sign", (int)unit);
		ok(g.frames[1].cap_len == 33 && g.frames[1].wire_len == 1500 &&
			   is_ramp(g.frames[1].bytes, 7, 33) && g.frames[1].link == 1 &&
			   g.frames[1].record == g.frames[1].bytes - 16 &&
			   g.frames[1].record_len == 49,
		   "both lengths, the bytes and the record of a cut packet");
		ok(g.frames[2].cap_len == 0 && g.frames[2].kind == WEIR_FRAME_PACKET,
		   "an empty packet is a packet");
		ok(trace_reader_n_ifaces(g.r) == 1 &&
			   trace_reader_iface(g.r, 0)->digits == (i / 2 ? 9u : 6u) &&
			   trace_reader_iface(g.r, 0)->snap_len == 65535 &&
			   !trace_reader_iface(g.r, 1),
		   "one interface tells link type, snap length and digits");
		reading_end(&g);
		cuts_are_told(TRACE_PCAP, w.bytes, w.len, what);
		wr_fini(&w);
	}
}

static void modified_records(void)
{
	static const uint8_t tail[][8] = {
		{2, 0, 0, 0, 8, 0, 4, 0}, {2, 0, 0, 0, 8, 0, 0, 0}, {2, 0, 0, 0, 8, 0, 3, 0}};
	struct pcap_sample s = plain;
	struct wr w = wr_init(SAMPLE_LIMIT);
	struct reading g;

	s.magic = PCAP_MAGIC_MODIFIED;
	put_header(&w, &s);
	for (int i = 0; i < 3; i++) {
		put_record(&w, false, (uint32_t[]){10, 20, 40, 50}, 0);
		wr_bytes(&w, tail[i], 8);
		put_ramp(&w, 1, 40);
	}
	g = reading_of(TRACE_PCAP, w.bytes, w.len);
	ok(g.n == 3 && g.rc == 0 && is_ramp(g.frames[1].bytes, 1, 40) &&
		   g.frames[1].record_len == 64 && g.frames[1].wire_len == 50,
	   "the modified format's longer record headers are stepped over");
	ok(g.frames[0].direction == WEIR_DIR_OUT && g.frames[1].direction == WEIR_DIR_IN &&
		   g.frames[2].direction == WEIR_DIR_UNKNOWN,
	   "its packet type gives the direction where it is in or out");
	reading_end(&g);
	cuts_are_told(TRACE_PCAP, w.bytes, w.len, "modified");
	wr_fini(&w);
}

static void old_versions(void)
{
	struct pcap_sample s = plain;
	struct reading g;
	struct wr w = wr_init(SAMPLE_LIMIT);

	s.minor = 2;
	put_header(&w, &s);
	put_record(&w, false, (uint32_t[]){1, 2, 1500, 10}, 10);
	g = reading_of(TRACE_PCAP, w.bytes, w.len);
	ok(g.n == 1 && g.rc == 0 && g.frames[0].cap_len == 10 && g.frames[0].wire_len == 1500,
	   "version 2.2 has its lengths in the other order");
	reading_end(&g);
	wr_reset(&w);
	s.minor = 3;
	put_header(&w, &s);
	put_record(&w, false, (uint32_t[]){1, 2, 1500, 10}, 10);
	put_record(&w, false, (uint32_t[]){1, 2, 11, 1500}, 11);
	g = reading_of(TRACE_PCAP, w.bytes, w.len);
	ok(g.n == 2 && g.rc == 0 && g.frames[0].cap_len == 10 && g.frames[1].cap_len == 11,
	   "version 2.3 has them in either: the smaller is the captured one");
	reading_end(&g);
	wr_reset(&w);
	s.minor = 8224;
	put_header(&w, &s);
	put_record(&w, false, (uint32_t[]){1, 2, 10, 1500}, 10);
	g = reading_of(TRACE_PCAP, w.bytes, w.len);
	ok(g.n == 1 && g.rc == 0 && g.frames[0].cap_len == 10,
	   "a version after 2.4, which only mistakes write, is read as 2.4");
	reading_end(&g);
	for (int i = 0; i < 3; i++) {
		static const uint16_t versions[3][2] = {{1, 4}, {3, 0}, {543, 1}};

		wr_reset(&w);
		s.major = versions[i][0];
		s.minor = versions[i][1];
		put_header(&w, &s);
		g = reading_of(TRACE_PCAP, w.bytes, w.len);
		ok(g.n == 0 && g.rc == ERR_UNSUPPORTED && trace_reader_why(g.r)->offset == 0,
		   "version %u.%u is refused: %s", s.major, s.minor, reading_why(&g));
		reading_end(&g);
	}
	wr_fini(&w);
}

static void link_types(void)
{
	static const uint32_t rows[][3] = {
		{1, 1, 1},
		{12, 101, 101},
		{14, 101, 101},
		{11, 100, 100},
		{13, 13, 13},
		{0xf4000001, 1, 1},
		{65534, 65534, 65534},
		{65535, 65535, 65535},
		{0x10001, 65535, 0x10001},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pcap_sample s = plain;
		struct reading g;
		struct wr w;

		s.link = rows[i][0];
		w = sample_of(&s);
		g = reading_of(TRACE_PCAP, w.bytes, w.len);
		ok(g.n == 3 && g.frames[0].link == rows[i][1] &&
			   trace_reader_iface(g.r, 0)->link == rows[i][2] &&
			   g.frames[0].cap_len == 60,
		   "link type field %#x is carried as %u", rows[i][0], rows[i][1]);
		reading_end(&g);
		wr_fini(&w);
	}
}

/* One record with this captured length behind a sound one; what comes of it. */
static int rc_of_length(const struct pcap_sample *s, uint32_t cap_len, uint32_t *delivered)
{
	struct wr w = wr_init(2 * SAMPLE_LIMIT);
	struct reading g;
	int rc;

	put_header(&w, s);
	put_record(&w, false, (uint32_t[]){1, 2, 10, 10}, 10);
	put_record(&w, false, (uint32_t[]){1, 2, cap_len, 5},
		   cap_len <= SAMPLE_LIMIT ? cap_len : 0);
	g = reading_of(TRACE_PCAP, w.bytes, w.len);
	rc = g.rc;
	*delivered = g.n == 2 ? g.frames[1].cap_len : 0;
	if (g.n < 1 || (rc == ERR_BAD && trace_reader_why(g.r)->offset != 24 + 26))
		rc = ERR_END;
	reading_end(&g);
	wr_fini(&w);
	return rc;
}

static void length_claims(void)
{
	struct pcap_sample s = plain;
	uint32_t len;

	ok(rc_of_length(&s, 262144, &len) == 0 && len == 65535,
	   "a packet longer than the snap length is cut to it");
	ok(rc_of_length(&s, 262145, &len) == ERR_BAD, "one of more than 262,144 bytes is damage");
	s.snap_len = 300000;
	ok(rc_of_length(&s, 300000, &len) == 0 && len == 300000,
	   "unless the snap length announces as much");
	ok(rc_of_length(&s, 300001, &len) == ERR_BAD, "and not a byte more");
	s.snap_len = 0;
	ok(rc_of_length(&s, 262144, &len) == 0 && len == 262144, "snap length 0 is no limit");
	s.snap_len = 0xffffffff;
	ok(rc_of_length(&s, 262144, &len) == 0 && len == 262144, "nor is an absurd one");
	ok(rc_of_length(&s, 262145, &len) == ERR_BAD, "and it does not raise the bound");
	ok(rc_of_length(&s, 0xffffffff, &len) == ERR_BAD, "nor does the largest claim pass");
	s.link = 231;
	ok(rc_of_length(&s, 300000, &len) == 0 && len == 300000, "D-Bus messages may be longer");
}

static void strange_files(void)
{
	struct reading g = reading_of(TRACE_PCAP, (const uint8_t *)"", 0);
	uint8_t other[24] = {1, 2, 3, 4};

	ok(g.rc == ERR_CUT, "no bytes at all are a cut file: %s", reading_why(&g));
	reading_end(&g);
	g = reading_of(TRACE_PCAP, other, sizeof other);
	ok(g.rc == ERR_BAD, "another magic is refused: %s", reading_why(&g));
	reading_end(&g);
	ok(trace_probe(other, sizeof other) == TRACE_UNKNOWN, "and no format is seen in it");
	ok(trace_probe(other, 0) == TRACE_UNKNOWN, "nor in nothing");
}

static void windows_do_not_matter(void)
{
	struct pcap_sample s = plain;
	struct wr w = sample_of(&s);
	struct digest whole;
	bool is_same = true;

	for (int i = 0; i < 200; i++)
		put_record(&w, false, (uint32_t[]){5, 6, (uint32_t)i * 3, 9}, (size_t)i * 3);
	whole = digest_of(TRACE_PCAP, w.bytes, w.len, 0);
	for (uint32_t seed = 1; seed < 50; seed++)
		is_same =
			is_same && digest_same(whole, digest_of(TRACE_PCAP, w.bytes, w.len, seed));
	ok(whole.n_frames == 203 && is_same,
	   "203 packets are the same through windows of any size");
	wr_fini(&w);
}

int main(void)
{
	both_orders_and_units();
	modified_records();
	old_versions();
	link_types();
	length_claims();
	strange_files();
	windows_do_not_matter();
	return tap_end();
}
