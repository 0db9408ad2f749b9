#include "analyser/snoop.h"

#include "analyser/sample.h"

static struct reading g;

static struct wr file_of(uint32_t version, uint32_t network)
{
	struct wr w = wr_init(SAMPLE_LIMIT);

	wr_bytes(&w, "snoop\0\0", 8);
	wr_u32(&w, version);
	wr_u32(&w, network);
	return w;
}

/* Wire length, captured length, record's length, losses so far. */
static void put_record(struct wr *w, const uint32_t fields[4])
{
	for (int i = 0; i < 4; i++)
		wr_u32(w, fields[i]);
	wr_u32(w, 1000000000);
	wr_u32(w, 654321);
	put_ramp(w, 7, fields[1]);
	if (fields[2] > 24 + fields[1])
		wr_fill(w, 0, fields[2] - 24 - fields[1]);
}

static void records(void)
{
	struct wr w = file_of(2, 4);

	put_record(&w, (uint32_t[]){60, 60, 84, 0});
	put_record(&w, (uint32_t[]){1500, 61, 88, 5});
	put_record(&w, (uint32_t[]){60, 0, 24, 3});
	reading_of(&g, ANALYSER_SNOOP, w.bytes, w.len);
	ok(g.n == 3 && g.rc == 0 && g.used == w.len, "three records are three packets");
	ok(g.frames[1].cap_len == 61 && g.frames[1].wire_len == 1500 &&
		   is_ramp(g.frames[1].bytes, 7, 61) && g.frames[1].record_len == 88,
	   "a packet that was cut keeps both lengths, and its padding is not of it");
	ok(g.frames[0].time_ns == 1000000000654321000 && g.a.ifaces[0].digits == 6,
	   "its time is in microseconds");
	ok(g.frames[0].lost == 0 && g.frames[1].lost == 5 && g.frames[2].lost == 0,
	   "losses are those since the packet before; a count that falls tells none");
	ok(g.frames[0].link == 1 && g.a.ifaces[0].link == 1, "network 4 is Ethernet");
	cuts_are_told(ANALYSER_SNOOP, &w, "snoop");
	wr_fini(&w);
}

static void networks(void)
{
	static const struct {
		uint32_t network, padding;
		uint16_t link;
	} rows[] = {
		{0, 0, 1},
		{2, 0, 6},
		{8, 0, 10},
		{18, 4, 123},
		{0x80000005, 0, 226},
		{3, 0, 0xffff},
		{1000, 0, 0xffff},
		{10, 0, 0xffff},
		{10, 16, 1},
		{12, 20, 1},
		{0xffffffff, 16, 0xffff},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct wr w = file_of(2, rows[i].network);

		put_record(&w, (uint32_t[]){40, 40, 64 + rows[i].padding, 0});
		reading_of(&g, ANALYSER_SNOOP, w.bytes, w.len);
		ok(g.n == 1 && g.frames[0].link == rows[i].link,
		   "network %u with %u bytes of padding is link type %u", rows[i].network,
		   rows[i].padding, rows[i].link);
		wr_fini(&w);
	}
}

static void damage(void)
{
	static const uint32_t rows[][4] = {
		{60, 60, 83, 0},
		{60, 262145, 262169, 0},
		{60, 4294967295, 23, 0},
		{60, 60, 4294967295, 0},
	};
	struct wr w;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		w = file_of(2, 4);
		put_record(&w, (uint32_t[]){60, 60, 84, 0});
		for (int k = 0; k < 4; k++)
			wr_u32(&w, rows[i][k]);
		wr_fill(&w, 0, 200);
		reading_of(&g, ANALYSER_SNOOP, w.bytes, w.len);
		ok(g.n == 1 && g.rc == ERR_BAD && g.used == 100, "refused: %s", g.why.text);
		wr_fini(&w);
	}
	for (uint32_t version = 0; version < 8; version++) {
		w = file_of(version, 4);
		reading_of(&g, ANALYSER_SNOOP, w.bytes, w.len);
		ok(g.rc == (version < 2 || version > 5 ? ERR_UNSUPPORTED : 0), "version %u is %s",
		   version, g.rc ? g.why.text : "read");
		wr_fini(&w);
	}
	reading_of(&g, ANALYSER_SNOOP, (const uint8_t *)"snoopy 90 1234567", 16);
	ok(g.rc == ERR_BAD, "other first bytes are refused: %s", g.why.text);
}

int main(void)
{
	records();
	networks();
	damage();
	return tap_end();
}
