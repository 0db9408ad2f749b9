#include "analyser/sniffer.h"

#include "analyser/sample.h"

static struct reading g;

struct sniffer_sample {
	uint16_t major, minor;
	uint8_t network, format, unit;
};

static const struct sniffer_sample ethernet = {4, 0, 1, 1, 1};

static struct wr file_of(const struct sniffer_sample *s)
{
	struct wr w = wr_init(SAMPLE_LIMIT);

	wr_bytes(&w, "TRSNIFF data    \x1a", 17);
	wr_le16(&w, 1);
	wr_le16(&w, 18);
	wr_le16(&w, 0);
	wr_le16(&w, s->major);
	wr_le16(&w, s->minor);
	wr_le16(&w, 0x7fff);
	wr_le16(&w, (2008 - 1980) << 9 | 1 << 5 | 30);
	wr_u8(&w, 4);
	wr_u8(&w, s->network);
	wr_u8(&w, s->format);
	wr_u8(&w, s->unit);
	wr_fill(&w, 0, 6);
	return w;
}

static void put_other(struct wr *w, uint16_t type, uint16_t n)
{
	wr_le16(w, type);
	wr_le16(w, n);
	wr_le16(w, 0);
	wr_fill(w, 0x55, n);
}

/* A packet of n bytes, and 3 of padding; more is what its type has in its header. */
static void put_packet(struct wr *w, uint16_t type, uint32_t more, uint16_t n, uint16_t wire)
{
	wr_le16(w, type);
	wr_le16(w, (uint16_t)(14 + more + n + 3));
	wr_le16(w, 0);
	wr_le32(w, 1000000);
	wr_u8(w, 1);
	wr_u8(w, 2);
	wr_le16(w, n);
	wr_u8(w, n == 33 ? 0x80 : 0);
	wr_u8(w, 0);
	wr_le16(w, wire);
	wr_fill(w, 0, 2 + more);
	put_ramp(w, 7, n);
	wr_fill(w, 0, 3);
}

static void records(void)
{
	struct wr w = file_of(&ethernet);

	put_other(&w, 6, 20);
	put_other(&w, 17, 0);
	put_packet(&w, 4, 0, 60, 0);
	put_packet(&w, 12, 20, 33, 1500);
	put_other(&w, 99, 7);
	put_packet(&w, 4, 0, 0, 64);
	put_other(&w, 3, 0);
	reading_of(&g, ANALYSER_SNIFFER, w.bytes, w.len);
	ok(g.n == 3 && g.rc == 0 && g.used == w.len, "three records of six are packets");
	ok(g.frames[0].cap_len == 60 && g.frames[0].wire_len == 60 &&
		   is_ramp(g.frames[0].bytes, 7, 60) && g.frames[0].link == 1,
	   "without a wire length it is the captured one");
	ok(g.frames[1].cap_len == 33 && g.frames[1].wire_len == 1500 &&
		   is_ramp(g.frames[1].bytes, 7, 33) && g.frames[1].flags == WEIR_FRAME_ERROR &&
		   g.frames[0].flags == 0,
	   "a longer header, both lengths, and an error on the wire");
	/* 2008-01-30, two days, and 2^32 + 1,000,000 units of 838,096 ps */
	ok(g.frames[0].time_ns == (1201651200 + 2 * 86400) * INT64_C(1000000000) + 3600433006908,
	   "its time is %lld", (long long)g.frames[0].time_ns);
	cuts_are_told(ANALYSER_SNIFFER, &w, "records");
	wr_bytes(&w, "whatever", 8);
	reading_of(&g, ANALYSER_SNIFFER, w.bytes, w.len);
	ok(g.n == 3 && g.rc == 0 && g.used == w.len, "what follows the end is of no interest");
	wr_fini(&w);
}

static void networks(void)
{
	static const struct {
		struct sniffer_sample s;
		uint16_t type, more, link;
	} rows[] = {
		{{4, 0, 0, 1, 0}, 4, 0, 6},        {{4, 0, 2, 1, 6}, 4, 0, 7},
		{{5, 0, 9, 1, 0}, 12, 20, 10},     {{5, 0, 7, 1, 0}, 4, 0, 0xffff},
		{{5, 0, 10, 1, 0}, 8, 34, 0xffff}, {{5, 0, 255, 1, 0}, 4, 0, 0xffff},
	};
	struct wr w;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		w = file_of(&rows[i].s);
		put_packet(&w, rows[i].type, rows[i].more, 40, 40);
		reading_of(&g, ANALYSER_SNIFFER, w.bytes, w.len);
		ok(g.n == 1 && g.frames[0].link == rows[i].link &&
			   is_ramp(g.frames[0].bytes, 7, 40),
		   "network %u is link type %u", rows[i].s.network, rows[i].link);
		wr_fini(&w);
	}
	w = file_of(&(struct sniffer_sample){2, 0, 1, 1, 0});
	put_other(&w, 8, 30);
	put_packet(&w, 4, 0, 40, 40);
	reading_of(&g, ANALYSER_SNIFFER, w.bytes, w.len);
	ok(g.n == 1 && g.rc == 0, "in version 2 a record of type 8 describes the capture");
	wr_fini(&w);
	w = file_of(&(struct sniffer_sample){4, 95, 10, 1, 0});
	put_packet(&w, 8, 34, 40, 40);
	w.bytes[43] = (uint8_t)(w.bytes[43] - 34);
	reading_of(&g, ANALYSER_SNIFFER, w.bytes, w.len);
	ok(g.n == 1 && g.rc == 0 && g.used == w.len,
	   "version 4.95 counts an ATM record as if it were a plain one");
	wr_fini(&w);
}

static void damage(void)
{
	static const struct {
		const char *what;
		uint32_t at;
		uint8_t value;
		int rc;
	} rows[] = {
		{"another first record", 17, 2, ERR_BAD},
		{"a longer one", 19, 19, ERR_BAD},
		{"a month of 0", 29, 30, ERR_BAD},
		{"compressed packets", 33, 2, ERR_UNSUPPORTED},
		{"an unknown unit", 34, 7, ERR_UNSUPPORTED},
		{"more bytes than the record has", 47 + 6, 64, ERR_BAD},
		{"a record shorter than its header", 43, 13, ERR_BAD},
		{"ATM on Ethernet", 41, 8, ERR_BAD},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct wr w = file_of(&ethernet);

		put_packet(&w, 4, 0, 60, 0);
		w.bytes[rows[i].at] = rows[i].value;
		reading_of(&g, ANALYSER_SNIFFER, w.bytes, w.len);
		ok(g.n == 0 && g.rc == rows[i].rc, "%s: %s", rows[i].what, g.why.text);
		wr_fini(&w);
	}
}

int main(void)
{
	records();
	networks();
	damage();
	return tap_end();
}
