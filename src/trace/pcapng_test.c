#include "trace/pcapng.h"

#include "trace/blocks.h"
#include "trace/windows.h"

/* Two sections of different byte orders, with every kind of block. */
static struct blocks full_sample(void)
{
	static const uint32_t others[] = {PCAPNG_NAMES,   PCAPNG_STATISTICS, PCAPNG_JOURNAL,
					  PCAPNG_SECRETS, PCAPNG_CUSTOM,     PCAPNG_CUSTOM_NO_COPY,
					  0x12345678,     0x80000001};
	struct blocks b = blocks_of(true);

	for (int i = 0; i < 2; i++) {
		b.is_big = i == 0;
		put_section(&b);
		put_iface(&b, 1, 40);
		open_iface(&b, 101, 0);
		put_option(&b, PCAPNG_OPT_IF_NAME, "eth9", 4);
		put_option(&b, PCAPNG_OPT_COMMENT, "the uplink", 10);
		put_option(&b, PCAPNG_OPT_IF_RESOLUTION, "\x09", 1);
		put32(&b.w, 0, b.is_big);
		block_close(&b);
		put_packet(&b, 0, 1700000000000001, 33);
		open_packet(&b, 1, 1700000000000000123, 3);
		put_option32(&b, PCAPNG_OPT_FLAGS, i ? 0x402 : 0x01000201);
		put_option64(&b, PCAPNG_OPT_LOST, i ? 0x100000000 : 17);
		put_option(&b, PCAPNG_OPT_COMMENT, "one", 3);
		put32(&b.w, 0, b.is_big);
		block_close(&b);
		put_simple(&b, 100, 40);
		put_simple(&b, 5, 5);
		put_old_packet(&b, 1, 3, 9);
		put_old_packet(&b, 1, 0xffff, 9);
		for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
			put_block(&b, others[k], 12);
	}
	return b;
}

/* The frames of one section of the full sample. */
static void section_is_read(const struct weir_frame *f, int i)
{
	const char *order = i ? "little" : "big";
	uint8_t plain = (__BYTE_ORDER == __LITTLE_ENDIAN) == (i == 1) ? 0 : WEIR_FRAME_SWAPPED;

	ok(f[3].cap_len == 33 && f[3].wire_len == 1033 && f[3].link == 1 &&
		   f[3].iface == (i ? 2u : 0u) && is_ramp(f[3].bytes, 7, 33) &&
		   f[3].time_ns == 1700000000000001000 && f[3].lost == 0,
	   "%s-endian: a packet in µs; interfaces count over the sections", order);
	ok(f[4].time_ns == 1700000000000000123 && f[4].link == 101 && f[4].iface == (i ? 3u : 1u),
	   "%s-endian: a packet in ns", order);
	ok(f[4].direction == (i ? WEIR_DIR_OUT : WEIR_DIR_IN) &&
		   f[4].lost == (i ? UINT32_MAX : 17) &&
		   f[4].flags == (plain | (i ? WEIR_FRAME_CHECKSUM_OK
					     : WEIR_FRAME_CHECKSUM_LATER | WEIR_FRAME_ERROR)),
	   "%s-endian: direction, losses, checksum and error from options", order);
	ok(f[5].cap_len == 40 && f[5].wire_len == 100 && f[5].flags == (plain | WEIR_FRAME_NO_TIME),
	   "%s-endian: a simple packet is cut by the snap length and has no time", order);
	ok(f[6].cap_len == 5 && f[6].wire_len == 5, "%s-endian: or is whole", order);
	ok(f[7].lost == 3 && f[8].lost == 0 && f[7].cap_len == 9,
	   "%s-endian: an old packet counts losses, or does not know", order);
}

static void every_block(void)
{
	struct blocks b = full_sample();
	struct reading g = read_blocks(&b);
	const struct weir_frame *f = g.frames;
	int n_packets = 0;

	ok(trace_probe(b.w.bytes, 12) == TRACE_PCAPNG, "twelve bytes tell pcapng");
	for (int i = 0; i < g.n; i++)
		n_packets += f[i].kind == WEIR_FRAME_PACKET;
	ok(g.rc == 0 && g.n == 34 && n_packets == 12, "34 blocks, 12 of them packets");
	ok(f[0].kind == WEIR_FRAME_META && f[0].record == b.w.bytes && f[0].bytes == f[0].record &&
		   f[0].cap_len == f[0].record_len,
	   "a block that is no packet is its own bytes");
	ok(f[2].kind == WEIR_FRAME_META && f[2].iface == 1 && f[2].link == 101,
	   "an interface's block tells its index and link type");
	section_is_read(f, 0);
	section_is_read(f + 17, 1);
	ok(trace_reader_n_ifaces(g.r) == 4 && !trace_reader_iface(g.r, 0)->name &&
		   strcmp(trace_reader_iface(g.r, 3)->name, "eth9") == 0 &&
		   strcmp(trace_reader_iface(g.r, 3)->comment, "the uplink") == 0 &&
		   trace_reader_iface(g.r, 3)->digits == 9 &&
		   trace_reader_iface(g.r, 0)->snap_len == 40,
	   "four interfaces, with what is known of them");
	reading_end(&g);
	cuts_are_told(TRACE_PCAPNG, b.w.bytes, b.w.len, "every block");
	wr_fini(&b.w);
}

/* The time of one packet on an interface of this resolution and offset. */
static int64_t time_of(uint8_t resolution, int64_t offset, uint64_t ticks)
{
	struct blocks b = blocks_of(false);
	struct reading g;
	int64_t ns;

	put_section(&b);
	open_iface(&b, 1, 0);
	put_option(&b, PCAPNG_OPT_IF_RESOLUTION, &resolution, 1);
	put_option64(&b, PCAPNG_OPT_IF_OFFSET, (uint64_t)offset);
	block_close(&b);
	put_packet(&b, 0, ticks, 4);
	g = read_blocks(&b);
	ns = g.n == 3 ? g.frames[2].time_ns : -1;
	reading_end(&g);
	wr_fini(&b.w);
	return ns;
}

static void resolutions(void)
{
	ok(time_of(6, 0, 1700000000123456) == 1700000000123456000, "µs");
	ok(time_of(9, 0, 1700000000123456789) == 1700000000123456789, "ns");
	ok(time_of(0, 0, 1700000000) == 1700000000000000000, "s");
	ok(time_of(3, 0, 1700000000123) == 1700000000123000000, "ms");
	ok(time_of(12, 0, 1700000000123456) == 1700000000123, "ps are cut to ns");
	ok(time_of(28, 0, UINT64_MAX) == 1 && time_of(127, 0, UINT64_MAX) == 0,
	   "units of next to nothing add up to nothing");
	ok(time_of(0x80 | 32, 0, (uint64_t)1700000000 << 32 | 0x80000000u) == 1700000000500000000,
	   "2^-32 s");
	ok(time_of(0x80, 0, 1700000000) == 1700000000000000000, "2^0 s");
	ok(time_of(0x80 | 63, 0, (uint64_t)1 << 63 | (uint64_t)1 << 62) == 1500000000, "2^-63 s");
	ok(time_of(0x80 | 64, 0, (uint64_t)1 << 63) == 500000000, "2^-64 s");
	ok(time_of(0x80 | 65, 0, (uint64_t)1 << 63) == 250000000, "2^-65 s");
	ok(time_of(0x80 | 127, 0, UINT64_MAX) == 0 || time_of(0x80 | 127, 0, UINT64_MAX) == 1,
	   "2^-127 s is next to nothing");
	ok(time_of(6, 1700000000, 5) == 1700000000000005000, "an offset in seconds is added");
	ok(time_of(6, -3, 5000000) == 2000000000, "or taken away");
	ok(time_of(6, INT64_MAX, 5) == INT64_MAX && time_of(6, INT64_MIN, 5) == INT64_MIN + 5000,
	   "and one that does not fit becomes the last time that does");
	ok(time_of(0, 0, UINT64_MAX) == INT64_MAX, "so do ticks");
	ok(time_of(6, INT64_MAX, UINT64_MAX) == INT64_MAX, "and both");
}

/* What the reading of b gives after n frames. */
static void refused(struct blocks *b, int n, int rc, const char *what)
{
	struct reading g = read_blocks(b);

	ok(g.n == n && g.rc == rc && trace_reader_why(g.r)->offset >= 0, "%s: %s", what,
	   reading_why(&g));
	reading_end(&g);
	b->w.len = 0;
	put_section(b);
	put_iface(b, 1, 0);
	put_packet(b, 0, 1, 60);
}

static void damage(void)
{
	struct blocks b = blocks_of(false);

	put_packet(&b, 0, 1, 60);
	refused(&b, 0, ERR_BAD, "a file that begins with a packet");
	b.w.bytes[b.w.len - 4]++;
	refused(&b, 2, ERR_BAD, "a length that is another at the block's end");
	put_simple(&b, 100, 40);
	refused(&b, 3, ERR_BAD, "a simple packet that claims more than is there");
	put_packet(&b, 1, 1, 60);
	refused(&b, 3, ERR_BAD, "an interface that is not described");
	open_packet(&b, 0, 1, 60);
	b.w.bytes[b.start + 20] = 65;
	block_close(&b);
	refused(&b, 3, ERR_BAD, "a packet that claims more than its block has");
	open_packet(&b, 0, 1, 60);
	b.w.bytes[b.start + 23] = 0xff;
	block_close(&b);
	refused(&b, 3, ERR_BAD, "or very much more");
	put_block(&b, PCAPNG_PACKET, 16);
	refused(&b, 3, ERR_BAD, "a packet block without its fields");
	put_block(&b, PCAPNG_SIMPLE, 0);
	refused(&b, 3, ERR_BAD, "a simple packet without a length");
	put_block(&b, PCAPNG_IFACE, 4);
	refused(&b, 3, ERR_BAD, "an interface without its fields");
	for (uint8_t len = 0; len < 16; len++) {
		if (len == 12)
			continue;
		put_block(&b, PCAPNG_NAMES, 100);
		b.w.bytes[b.start + 4] = len;
		refused(&b, 3, ERR_BAD, "a block's length that cannot be");
	}
	put_block(&b, PCAPNG_NAMES, 100);
	b.w.bytes[b.start + 7] = 2;
	refused(&b, 3, ERR_BAD, "a block of 32 MB");
	block_open(&b, PCAPNG_SECTION);
	put_ramp(&b.w, 1, 16);
	block_close(&b);
	refused(&b, 3, ERR_BAD, "a section without a byte order");
	put_section(&b);
	b.w.bytes[b.start + 12] = 2;
	refused(&b, 3, ERR_UNSUPPORTED, "a section of version 2");
	block_open(&b, PCAPNG_SECTION);
	put32(&b.w, PCAPNG_ORDER, false);
	block_close(&b);
	refused(&b, 3, ERR_BAD, "a section's header that is too short");
	put_section(&b);
	put_packet(&b, 0, 1, 60);
	refused(&b, 4, ERR_BAD, "a second section knows none of the first one's interfaces");
	wr_fini(&b.w);
}

static void options(void)
{
	struct blocks b = blocks_of(false);
	struct reading g;

	put_section(&b);
	open_iface(&b, 1, 0);
	put_option(&b, PCAPNG_OPT_IF_RESOLUTION, "\x09\x09", 2);
	block_close(&b);
	refused(&b, 1, ERR_BAD, "a resolution of two bytes");
	open_iface(&b, 1, 0);
	put_option32(&b, PCAPNG_OPT_IF_NAME, 0);
	b.w.bytes[b.w.len - 6] = 200;
	block_close(&b);
	refused(&b, 3, ERR_BAD, "an interface's option that runs out of its block");
	open_packet(&b, 0, 1, 60);
	put_option32(&b, PCAPNG_OPT_FLAGS, 1);
	put_option32(&b, PCAPNG_OPT_COMMENT, 0);
	b.w.bytes[b.w.len - 6] = 200;
	block_close(&b);
	g = read_blocks(&b);
	ok(g.n == 4 && g.rc == 0 && g.frames[3].cap_len == 60 &&
		   g.frames[3].direction == WEIR_DIR_IN,
	   "a packet is delivered whatever its options are, with what was understood");
	reading_end(&g);
	wr_fini(&b.w);
}

static void many_interfaces(void)
{
	struct blocks b = blocks_of(false);
	const struct weir_iface *first;
	struct trace_reader *r = NULL;
	struct weir_frame frames[64];
	struct rd rd;
	int n;

	b.w.limit = 4 * SAMPLE_LIMIT;
	put_section(&b);
	for (int i = 0; i <= TRACE_MAX_IFACES; i++)
		put_iface(&b, (uint16_t)i, 0);
	if (trace_reader_new(&r, TRACE_PCAPNG) < 0)
		abort();
	rd = rd_of(b.w.bytes, b.w.len);
	n = trace_reader_batch(r, &rd, frames, 64);
	first = trace_reader_iface(r, 7);
	while (n >= 0)
		n = trace_reader_batch(r, &rd, frames, 64);
	ok(n == ERR_UNSUPPORTED && trace_reader_n_ifaces(r) == TRACE_MAX_IFACES,
	   "the interfaces of a file are bounded: %s", trace_reader_why(r)->text);
	ok(first == trace_reader_iface(r, 7) && first->link == 7 &&
		   trace_reader_iface(r, TRACE_MAX_IFACES - 1)->link == TRACE_MAX_IFACES - 1 &&
		   !trace_reader_iface(r, TRACE_MAX_IFACES),
	   "and never move");
	trace_reader_free(&r);
	wr_fini(&b.w);
}

static void windows_do_not_matter(void)
{
	struct blocks b = full_sample();
	struct digest whole = digest_of(TRACE_PCAPNG, b.w.bytes, b.w.len, 0);
	bool is_same = true;

	for (uint32_t seed = 1; seed < 200; seed++)
		is_same = is_same &&
			  digest_same(whole, digest_of(TRACE_PCAPNG, b.w.bytes, b.w.len, seed));
	ok(whole.n_frames == 34 && is_same, "34 blocks are the same through windows of any size");
	wr_fini(&b.w);
}

int main(void)
{
	every_block();
	resolutions();
	damage();
	options();
	many_interfaces();
	windows_do_not_matter();
	return tap_end();
}
