#include "trace/writer.h"

#include "trace/blocks.h"
#include "trace/erf.h"
#include "trace/pcap.h"
#include "trace/windows.h"

static const struct weir_iface micro = {.link = 1, .snap_len = 262144, .digits = 6};
static const struct weir_iface nano = {.link = 1, .digits = 9, .name = "eth0", .comment = "up"};

static uint8_t bytes_of_packets[2048];

/* A packet of whole length n. */
static struct weir_frame frame_of(uint32_t n, int64_t ns)
{
	return (struct weir_frame){
		.bytes = bytes_of_packets, .time_ns = ns, .cap_len = n, .wire_len = n, .link = 1};
}

static struct trace_writer *writer_of(const struct trace_writer_options *options)
{
	struct trace_writer *t = NULL;

	if (trace_writer_new(&t, options) < 0)
		abort();
	return t;
}

/* All that frames of a and b say that a format of this kind keeps. */
static bool same_packets(const struct reading *a, const struct reading *b, int64_t unit_ns)
{
	int i = 0, k = 0;

	for (;; i++, k++) {
		while (i < a->n && a->frames[i].kind == WEIR_FRAME_META)
			i++;
		while (k < b->n && b->frames[k].kind == WEIR_FRAME_META)
			k++;
		if (i == a->n || k == b->n)
			return i == a->n && k == b->n;
		const struct weir_frame *f = &a->frames[i], *g = &b->frames[k];

		if (f->cap_len != g->cap_len || f->wire_len != g->wire_len || f->link != g->link ||
		    memcmp(f->bytes, g->bytes, f->cap_len) != 0 ||
		    f->time_ns / unit_ns != g->time_ns / unit_ns)
			return false;
	}
}

/* A pcap file in ns with packets of every length to 200, whole and cut. */
static struct wr pcap_sample(bool is_big)
{
	struct trace_writer_options options = {
		.format = TRACE_PCAP, .is_big_endian = is_big, .from = TRACE_PCAP};
	struct trace_writer *t = writer_of(&options);
	struct wr w = wr_init(SAMPLE_LIMIT);

	for (uint32_t i = 0; i < 200; i++) {
		struct weir_frame f = frame_of(i, 1700000000123456789 + i * 1000000007);

		f.wire_len += i % 2 ? 1000 : 0;
		if (trace_writer_frame(t, &w, &f, &nano, NULL) < 0)
			abort();
	}
	trace_writer_free(&t);
	return w;
}

static void formats_go_round(void)
{
	for (int i = 0; i < 8; i++) {
		struct trace_writer_options there = {.format = i % 2 ? TRACE_PCAPNG : TRACE_ERF,
						     .from = TRACE_PCAP,
						     .is_big_endian = i & 2};
		struct trace_writer_options back = {
			.format = TRACE_PCAP, .from = there.format, .is_big_endian = i & 4};
		struct wr a = pcap_sample(i & 4), b = wr_init(SAMPLE_LIMIT);
		struct wr c = wr_init(SAMPLE_LIMIT);
		const char *name = trace_format_name(there.format);
		struct reading g;

		ok(rewrite(TRACE_PCAP, a.bytes, a.len, &there, &b) == 200, "pcap to %s", name);
		g = reading_of(there.format, b.bytes, b.len);
		ok(g.rc == 0 && g.used == b.len, "%s is read to its end", name);
		reading_end(&g);
		ok(rewrite(there.format, b.bytes, b.len, &back, &c) == 200 && c.len == a.len &&
			   memcmp(a.bytes, c.bytes, a.len) == 0,
		   "%s to pcap gives the same file, byte for byte", name);
		wr_fini(&a);
		wr_fini(&b);
		wr_fini(&c);
	}
}

static void orders_and_units(void)
{
	struct wr a = pcap_sample(false), b = wr_init(SAMPLE_LIMIT), c = wr_init(SAMPLE_LIMIT);
	struct trace_writer_options options = {
		.format = TRACE_PCAP, .from = TRACE_PCAP, .is_big_endian = true};
	struct reading g, h;

	ok(rewrite(TRACE_PCAP, a.bytes, a.len, &options, &b) == 200 && a.len == b.len &&
		   memcmp(a.bytes, b.bytes, 24) != 0,
	   "the other byte order is as long");
	options.is_big_endian = false;
	ok(rewrite(TRACE_PCAP, b.bytes, b.len, &options, &c) == 200 && a.len == c.len &&
		   memcmp(a.bytes, c.bytes, a.len) == 0,
	   "and the first one comes back byte for byte");
	options.is_micro = true;
	wr_reset(&b);
	ok(rewrite(TRACE_PCAP, a.bytes, a.len, &options, &b) == 200, "ns to µs");
	g = reading_of(TRACE_PCAP, a.bytes, a.len);
	h = reading_of(TRACE_PCAP, b.bytes, b.len);
	ok(same_packets(&g, &h, 1000) && !same_packets(&g, &h, 1), "times in µs are cut");
	reading_end(&h);
	options = (struct trace_writer_options){.format = TRACE_PCAPNG, .from = TRACE_PCAP};
	wr_reset(&c);
	rewrite(TRACE_PCAP, b.bytes, b.len, &options, &c);
	h = reading_of(TRACE_PCAPNG, c.bytes, c.len);
	ok(same_packets(&g, &h, 1000) && trace_reader_iface(h.r, 0)->digits == 6,
	   "a pcapng file keeps the resolution of its source");
	reading_end(&g);
	reading_end(&h);
	wr_fini(&a);
	wr_fini(&b);
	wr_fini(&c);
}

/* Snap, direction, losses and interfaces through this format. */
static struct reading facts_through(enum trace_format format, struct wr *w)
{
	struct trace_writer_options options = {.format = format, .snap_len = 100};
	struct trace_writer *t = writer_of(&options);
	struct weir_frame f = frame_of(60, 1000);

	wr_reset(w);
	f.direction = WEIR_DIR_IN;
	f.lost = 5;
	if (trace_writer_frame(t, w, &f, &micro, NULL) < 0)
		abort();
	f = frame_of(1500, 2001);
	f.direction = WEIR_DIR_OUT;
	f.iface = 70;
	if (trace_writer_frame(t, w, &f, &nano, NULL) < 0)
		abort();
	f = frame_of(60, 3000);
	if (trace_writer_frame(t, w, &f, &micro, NULL) < 0)
		abort();
	f.kind = WEIR_FRAME_META;
	if (trace_writer_frame(t, w, &f, &micro, NULL) < 0)
		abort();
	trace_writer_free(&t);
	return reading_of(format, w->bytes, w->len);
}

static void pcapng_keeps_facts(void)
{
	struct wr w = wr_init(SAMPLE_LIMIT);
	struct reading g;

	g = facts_through(TRACE_PCAPNG, &w);
	ok(g.rc == 0 && g.n == 6 && g.frames[2].kind == WEIR_FRAME_PACKET &&
		   g.frames[3].kind == WEIR_FRAME_META,
	   "pcapng: an interface is described when it is first needed");
	ok(g.frames[2].direction == WEIR_DIR_IN && g.frames[2].lost == 5 &&
		   g.frames[2].time_ns == 1000 && g.frames[4].direction == WEIR_DIR_OUT &&
		   g.frames[4].cap_len == 100 && g.frames[4].wire_len == 1500 &&
		   g.frames[4].iface == 1 && g.frames[4].time_ns == 2001 && g.frames[5].iface == 0,
	   "pcapng: direction, losses, lengths and times are kept");
	ok(strcmp(trace_reader_iface(g.r, 1)->name, "eth0") == 0 &&
		   strcmp(trace_reader_iface(g.r, 1)->comment, "up") == 0 &&
		   trace_reader_iface(g.r, 1)->snap_len == 100 &&
		   trace_reader_iface(g.r, 0)->digits == 6,
	   "pcapng: and what is known of interfaces");
	reading_end(&g);
	wr_fini(&w);
}

static void others_keep_facts(void)
{
	struct wr w = wr_init(SAMPLE_LIMIT);
	struct reading g = facts_through(TRACE_PCAP, &w);

	ok(g.rc == 0 && g.n == 3 && g.frames[1].cap_len == 100 && g.frames[1].wire_len == 1500 &&
		   trace_reader_iface(g.r, 0)->snap_len == 100,
	   "pcap: packets are snapped");
	reading_end(&g);
	g = facts_through(TRACE_ERF, &w);
	ok(g.rc == 0 && g.n == 3 && g.frames[0].direction == WEIR_DIR_IN && g.frames[0].lost == 5 &&
		   g.frames[1].direction == WEIR_DIR_OUT && g.frames[1].cap_len == 100 &&
		   g.frames[1].wire_len == 1500 && g.frames[1].time_ns == 2001,
	   "ERF: direction, losses, lengths and times are kept");
	ok(g.frames[0].record_len == 80 && g.frames[1].record_len == 118,
	   "ERF: whole packets are padded to 8, cut ones end with their bytes");
	reading_end(&g);
	wr_fini(&w);
}

static void link_types_of_erf(void)
{
	static const uint16_t rows[][3] = {
		{1, 0x45, 2},    {101, 0x45, 22}, {101, 0x60, 23}, {12, 0x45, 22},
		{228, 0x00, 22}, {229, 0x00, 23}, {50, 0x0f, 1},   {104, 0x0f, 1},
	};
	static const uint16_t none[][2] = {
		{101, 0x10}, {113, 0x45}, {0, 0x45}, {65535, 0}, {197, 0}};
	struct trace_writer_options options = {.format = TRACE_ERF};
	struct trace_writer *t = writer_of(&options);
	struct wr w = wr_init(SAMPLE_LIMIT);
	struct weir_frame f = frame_of(60, 1);

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		wr_reset(&w);
		f.link = rows[i][0];
		bytes_of_packets[0] = (uint8_t)rows[i][1];
		ok(trace_writer_frame(t, &w, &f, NULL, NULL) == 0 && w.bytes[8] == rows[i][2],
		   "link type %u is type %u of ERF", f.link, rows[i][2]);
	}
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		struct why why = {0};

		wr_reset(&w);
		f.link = none[i][0];
		bytes_of_packets[0] = (uint8_t)none[i][1];
		ok(trace_writer_frame(t, &w, &f, NULL, &why) == ERR_UNSUPPORTED && w.len == 0,
		   "link type %u is refused: %s", f.link, why.text);
	}
	bytes_of_packets[0] = 0;
	trace_writer_free(&t);
	wr_fini(&w);
}

/* Writes f after a packet that is sound; what comes of it, and that nothing is left behind. */
static void refused(enum trace_format format, struct weir_frame f, const char *what)
{
	struct trace_writer_options options = {.format = format};
	struct trace_writer *t = writer_of(&options);
	struct wr w = wr_init(64u << 20);
	struct weir_frame sound = frame_of(60, 1);
	struct why why = {0};
	size_t len;
	int rc;

	if (trace_writer_frame(t, &w, &sound, &micro, NULL) < 0)
		abort();
	len = w.len;
	rc = trace_writer_frame(t, &w, &f, &micro, &why);
	ok(rc == ERR_UNSUPPORTED && w.len == len && why.text[0], "%s: %s: %s",
	   trace_format_name(format), what, why.text);
	ok(trace_writer_frame(t, &w, &sound, &micro, NULL) == 0 && w.len > len,
	   "%s: %s: the next packet goes on", trace_format_name(format), what);
	trace_writer_free(&t);
	wr_fini(&w);
}

static void what_formats_cannot_hold(void)
{
	struct weir_frame f = frame_of(60, -1);
	uint8_t *large = calloc(1, TRACE_MAX_RECORD);

	if (!large)
		abort();
	for (int format = TRACE_PCAP; format <= TRACE_ERF; format++)
		refused((enum trace_format)format, f, "a time before 1970");
	f = frame_of(60, 4294967296000000000);
	refused(TRACE_PCAP, f, "a time after 2106");
	refused(TRACE_ERF, f, "a time after 2106");
	f = frame_of(60, 1);
	f.link = 101;
	refused(TRACE_PCAP, f, "a second link type");
	f = frame_of(60, 1);
	f.iface = TRACE_MAX_IFACES;
	refused(TRACE_PCAPNG, f, "an interface too many");
	f.iface = 3;
	f.link = 65535;
	refused(TRACE_PCAPNG, f, "a link type of more than 16 bits");
	f = frame_of(262145, 1);
	f.bytes = large;
	refused(TRACE_PCAP, f, "a packet longer than readers accept");
	f = frame_of(TRACE_MAX_RECORD, 1);
	f.bytes = large;
	refused(TRACE_PCAPNG, f, "a packet longer than our own reader accepts");
	f = frame_of(65518, 1);
	f.bytes = large;
	refused(TRACE_ERF, f, "a record of 65,536 bytes");
	f = frame_of(60, 1);
	f.wire_len = 65532;
	refused(TRACE_ERF, f, "a packet of 65,536 bytes on the wire");
	free(large);
}

static void full_writers(void)
{
	struct trace_writer_options options = {.format = TRACE_PCAPNG};
	struct trace_writer *t = writer_of(&options);
	struct weir_frame f = frame_of(60, 1);
	uint8_t room[256], again[256];
	bool is_right = true;
	struct wr w;

	for (size_t size = 0; size < 28 + 20 + 92; size++) {
		w = wr_of(room, size);
		is_right = is_right && trace_writer_frame(t, &w, &f, &micro, NULL) == ERR_FULL &&
			   w.len == 0;
	}
	w = wr_of(again, sizeof again);
	ok(is_right && trace_writer_frame(t, &w, &f, &micro, NULL) == 0 && w.len == 28 + 20 + 92,
	   "a writer without room leaves nothing behind, and headers come when there is some");
	trace_writer_free(&t);
}

static void empty_files(void)
{
	for (int format = TRACE_PCAP; format <= TRACE_ERF; format++) {
		struct trace_writer_options options = {.format = (enum trace_format)format};
		struct trace_writer *t = writer_of(&options);
		struct wr w = wr_init(SAMPLE_LIMIT);
		struct reading g;

		ok(trace_writer_end(t, &w, 113) == 0, "%s: a file without packets ends",
		   trace_format_name(options.format));
		g = reading_of(options.format, w.bytes, w.len);
		ok(g.rc == 0 && (format != TRACE_PCAP || trace_reader_iface(g.r, 0)->link == 113),
		   "%s: and is read", trace_format_name(options.format));
		reading_end(&g);
		trace_writer_free(&t);
		wr_fini(&w);
	}
}

/* Two sections of differing order with blocks of all kinds. */
static struct blocks raw_sample(void)
{
	struct blocks b = blocks_of(true);

	for (int i = 0; i < 2; i++) {
		b.is_big = i == 0;
		put_section(&b);
		put_iface(&b, 1, 60);
		put_block(&b, PCAPNG_SECRETS, 40);
		put_iface(&b, 101, 0);
		open_packet(&b, 1, 5, 61);
		put_option(&b, PCAPNG_OPT_COMMENT, "kept", 4);
		put_option(&b, 2989, "\0\0\1\2custom", 10);
		put32(&b.w, 0, b.is_big);
		block_close(&b);
		put_simple(&b, 100, 60);
		put_old_packet(&b, 1, 3, 50);
		put_block(&b, PCAPNG_CUSTOM_NO_COPY, 8);
		put_block(&b, 0x7654321, 8);
	}
	return b;
}

static void blocks_are_kept(void)
{
	struct trace_writer_options options = {.format = TRACE_PCAPNG, .from = TRACE_PCAPNG};
	struct blocks b = raw_sample();
	struct wr w = wr_init(SAMPLE_LIMIT), again = wr_init(SAMPLE_LIMIT);
	struct reading g;
	size_t len;

	ok(rewrite(TRACE_PCAPNG, b.w.bytes, b.w.len, &options, &w) == 6 && w.len == b.w.len,
	   "pcapng to pcapng is as long");
	len = w.len;
	ok(rewrite(TRACE_PCAPNG, w.bytes, w.len, &options, &again) == 6 && again.len == len &&
		   memcmp(w.bytes, again.bytes, len) == 0,
	   "and from then on the same byte for byte");
	memset(b.w.bytes + 16, 0xff, 8);
	memset(b.w.bytes + len / 2 + 16, 0xff, 8);
	ok(memcmp(w.bytes, b.w.bytes, len) == 0,
	   "only the sections' lengths are other: unknown blocks, options and orders stay");
	options.is_altered = true;
	wr_reset(&again);
	rewrite(TRACE_PCAPNG, w.bytes, w.len, &options, &again);
	ok(again.len == len - 40, "where packets are left out, what asks not to be copied is too");
	options.snap_len = 33;
	wr_reset(&again);
	rewrite(TRACE_PCAPNG, w.bytes, w.len, &options, &again);
	g = reading_of(TRACE_PCAPNG, again.bytes, again.len);
	ok(g.rc == 0 && g.n == 16 && g.frames[4].cap_len == 33 && g.frames[4].wire_len == 1061 &&
		   g.frames[5].cap_len == 33 && g.frames[5].wire_len == 100 &&
		   g.frames[6].cap_len == 33 && g.frames[6].lost == 3 && g.frames[12].cap_len == 33,
	   "snapped packets of all kinds are read again");
	ok(memmem(g.frames[4].record, g.frames[4].record_len, "kept", 4) &&
		   memmem(g.frames[12].record, g.frames[12].record_len, "custom", 6),
	   "with their options");
	ok(trace_reader_iface(g.r, 0)->snap_len == 33 && trace_reader_iface(g.r, 3)->snap_len == 33,
	   "and interfaces say so");
	reading_end(&g);
	wr_fini(&b.w);
	wr_fini(&w);
	wr_fini(&again);
}

static void files_that_follow(void)
{
	struct trace_writer_options options = {.format = TRACE_PCAPNG, .from = TRACE_PCAPNG};
	struct blocks b = raw_sample();
	struct reading g = read_blocks(&b), h;
	struct trace_writer *t = writer_of(&options);
	struct wr w = wr_init(SAMPLE_LIMIT);
	bool is_right = true;

	for (int i = 0; i < g.n; i++)
		if (trace_writer_frame(t, &w, &g.frames[i], NULL, NULL) < 0)
			abort();
	trace_writer_restart(t);
	wr_reset(&w);
	is_right = trace_writer_frame(t, &w, &g.frames[13], NULL, NULL) == 0;
	h = reading_of(TRACE_PCAPNG, w.bytes, w.len);
	ok(is_right && h.rc == 0 && h.n == 4 && h.frames[3].link == 101 &&
		   h.frames[3].record_len == g.frames[13].record_len,
	   "a file that follows begins with its section's header and interfaces");
	reading_end(&h);
	trace_writer_free(&t);
	t = writer_of(&options);
	wr_reset(&w);
	is_right = trace_writer_frame(t, &w, &g.frames[4], trace_reader_iface(g.r, 1), NULL) == 0;
	h = reading_of(TRACE_PCAPNG, w.bytes, w.len);
	ok(is_right && h.rc == 0 && h.n == 3 && h.frames[2].cap_len == 61 &&
		   h.frames[2].link == 101,
	   "without the meta frames packets are written anew");
	reading_end(&h);
	trace_writer_free(&t);
	reading_end(&g);
	options = (struct trace_writer_options){.format = TRACE_PCAPNG};
	t = writer_of(&options);
	wr_reset(&w);
	for (int i = 0; i < 2; i++) {
		struct weir_frame f = frame_of(60, 1);

		is_right = is_right && trace_writer_frame(t, &w, &f, &micro, NULL) == 0;
		trace_writer_restart(t);
	}
	ok(is_right && w.len == 2 * (28 + 20 + 92) &&
		   memcmp(w.bytes, w.bytes + w.len / 2, w.len / 2) == 0,
	   "and so do files of other formats' packets");
	trace_writer_free(&t);
	wr_fini(&b.w);
	wr_fini(&w);
}

static void records_are_kept(void)
{
	struct trace_writer_options options = {.format = TRACE_ERF, .from = TRACE_ERF};
	struct wr a = wr_init(SAMPLE_LIMIT), b = wr_init(SAMPLE_LIMIT);
	struct reading g;

	wr_le64(&a, 77);
	wr_u8(&a, 0x82);
	wr_u8(&a, 5);
	wr_u16(&a, 16 + 8 + 2 + 62);
	wr_u16(&a, 3);
	wr_u16(&a, 64);
	wr_u64(&a, 0x0401020304050607);
	put_ramp(&a, 1, 64);
	wr_le64(&a, 78);
	wr_u8(&a, 27);
	wr_u8(&a, 4);
	wr_u16(&a, 40);
	wr_u16(&a, 0);
	wr_u16(&a, 24);
	put_ramp(&a, 1, 24);
	rewrite(TRACE_ERF, a.bytes, a.len, &options, &b);
	ok(a.len == b.len && memcmp(a.bytes, b.bytes, a.len) == 0,
	   "ERF to ERF keeps extension headers and provenance byte for byte");
	wr_reset(&b);
	options.format = TRACE_PCAP;
	ok(rewrite(TRACE_ERF, a.bytes, a.len, &options, &b) == 1,
	   "ERF to pcap leaves provenance out, which is of another link type");
	wr_reset(&b);
	options.format = TRACE_ERF;
	rewrite(TRACE_ERF, a.bytes, a.len, &options, &b);
	options.snap_len = 20;
	wr_reset(&b);
	rewrite(TRACE_ERF, a.bytes, a.len, &options, &b);
	g = reading_of(TRACE_ERF, b.bytes, b.len);
	ok(g.rc == 0 && g.n == 2 && g.frames[0].cap_len == 20 && g.frames[0].wire_len == 60 &&
		   is_ramp(g.frames[0].bytes, 3, 20) && g.frames[1].record_len == 40,
	   "also when packets are snapped");
	reading_end(&g);
	wr_fini(&a);
	wr_fini(&b);
}

int main(void)
{
	for (size_t i = 0; i < sizeof bytes_of_packets; i++)
		bytes_of_packets[i] = (uint8_t)(i * 7);
	formats_go_round();
	orders_and_units();
	pcapng_keeps_facts();
	others_keep_facts();
	link_types_of_erf();
	what_formats_cannot_hold();
	full_writers();
	empty_files();
	blocks_are_kept();
	files_that_follow();
	records_are_kept();
	return tap_end();
}
