#include "analyser/netxray.h"

#include "analyser/sample.h"

static struct reading g;

struct netxray_sample {
	const char *version; /* NULL: the oldest */
	uint8_t network, counted, unit, capture;
	uint32_t clock, ticks;
};

static struct wr header_of(const struct netxray_sample *s)
{
	struct wr w = wr_init(SAMPLE_LIMIT);

	wr_bytes(&w, s->version ? "XCP" : "VL\0", 4);
	wr_bytes(&w, s->version ? s->version : "\0\0\0\0\0\0\0", 8);
	wr_le32(&w, 1151586828);
	wr_le32(&w, 3);
	wr_le32(&w, 0);
	wr_le32(&w, 130);
	wr_fill(&w, 0, 16);
	wr_u8(&w, s->network);
	wr_u8(&w, s->counted);
	wr_fill(&w, 0, 2);
	wr_le32(&w, s->unit);
	wr_le64(&w, s->clock);
	wr_fill(&w, 0, 16);
	wr_le32(&w, s->ticks);
	wr_fill(&w, 0, 4);
	wr_u8(&w, s->capture);
	wr_fill(&w, 0, 130 - w.len);
	return w;
}

static void put_record(struct wr *w, const struct netxray_sample *s, uint16_t n, bool has_extra)
{
	bool is_2 = s->version && s->version[2] == '2';

	wr_le64(w, s->clock + 26222461u);
	if (s->version)
		wr_le16(w, (uint16_t)(n + 100));
	wr_le16(w, n);
	wr_fill(w, 0, is_2 ? 2 : s->version ? 16 : 6);
	if (is_2) {
		wr_fill(w, has_extra ? 0xff : 0, 2);
		wr_fill(w, 0, 24);
	}
	put_ramp(w, 7, n);
}

static struct wr file_of(const struct netxray_sample *s)
{
	struct wr w = header_of(s);
	struct wr end = wr_of(w.bytes + 28, 4);

	put_record(&w, s, 60, false);
	put_record(&w, s, 64, true);
	put_record(&w, s, 2, true);
	end.bytes = w.bytes + 28;
	wr_le32(&end, (uint32_t)w.len);
	return w;
}

static void versions(void)
{
	static const struct netxray_sample rows[] = {
		{NULL, 0, 0, 0, 0, 5000, 0},      {"001.000", 0, 0, 0, 0, 5000, 0},
		{"001.100", 0, 0, 0, 0, 5000, 0}, {"002.000", 0, 0, 0, 0, 5000, 0},
		{"002.001", 0, 0, 1, 0, 5000, 0}, {"002.002", 0, 0, 2, 0, 5000, 500000},
		{"002.003", 1, 2, 2, 2, 0, 0},
	};
	/* 26,222,461 ticks after the start; the oracle of the third and fourth is capinfos */
	static const int64_t times[] = {
		1151613050461000000, 1151613050461000000, 1151586854222461000, 1151586854222461000,
		1151586849980269069, 1151586880444922000, 1151586828839118752};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *version = rows[i].version ? rows[i].version : "the oldest";
		struct wr w = file_of(&rows[i]);

		reading_of(&g, ANALYSER_NETXRAY, w.bytes, w.len);
		ok(g.n == 3 && g.rc == 0 && g.used == w.len, "%s: three packets", version);
		ok(llabs(g.frames[0].time_ns - times[i]) <= 1, "%s: its time is %lld", version,
		   (long long)g.frames[0].time_ns);
		ok(g.frames[0].cap_len == 60 && g.frames[0].link == 1 &&
			   g.frames[0].wire_len == (i ? 160u : 60u) &&
			   is_ramp(g.frames[0].bytes, 7, 60),
		   "%s: its lengths and bytes", version);
		cuts_are_told(ANALYSER_NETXRAY, &w, version);
		wr_fini(&w);
	}
}

static void extra_bytes(void)
{
	struct netxray_sample s = {"002.002", 0, 0, 0, 0, 0, 0};
	struct wr w = file_of(&s);

	reading_of(&g, ANALYSER_NETXRAY, w.bytes, w.len);
	ok(g.frames[1].cap_len == 60 && g.frames[1].wire_len == 160 && g.frames[2].cap_len == 0,
	   "four bytes after a packet are none of it");
	wr_bytes(&w, "whatever", 8);
	reading_of(&g, ANALYSER_NETXRAY, w.bytes, w.len);
	ok(g.n == 3 && g.rc == 0 && g.used == w.len, "what follows the end is of no interest");
	wr_fini(&w);
	s.ticks = 0x123456;
	w = file_of(&s);
	reading_of(&g, ANALYSER_NETXRAY, w.bytes, w.len);
	ok(g.frames[1].cap_len == 64 && g.frames[2].cap_len == 2,
	   "unless the clock is one of those whose captures have check sequences");
	wr_fini(&w);
}

static void networks(void)
{
	static const struct {
		struct netxray_sample s;
		uint16_t link;
	} rows[] = {
		{{"002.002", 1, 0, 0, 0, 0, 0}, 6},
		{{"002.002", 2, 2, 0, 0, 0, 0}, 6},
		{{"002.002", 2, 0, 0, 0, 0, 0}, 10},
		{{"002.002", 9, 0, 0, 0, 0, 0}, 105},
		{{"002.002", 3, 0, 0, 3, 0, 0}, 9},
		{{"002.002", 3, 0, 0, 4, 0, 0}, 107},
		{{"002.002", 3, 0, 0, 19, 0, 0}, 104},
		{{"002.002", 3, 0, 0, 6, 0, 0}, 0xffff},
		{{"001.100", 3, 0, 0, 0, 0, 0}, 1},
		{{"002.002", 8, 0, 0, 15, 0, 0}, 0xffff},
		{{"002.002", 200, 0, 0, 0, 0, 0}, 0xffff},
		{{"002.002", 255, 0, 0, 0, 0, 0}, 0xffff},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct wr w = file_of(&rows[i].s);

		reading_of(&g, ANALYSER_NETXRAY, w.bytes, w.len);
		ok(g.n == 3 && g.frames[0].link == rows[i].link,
		   "network %u, capture %u is link type %u", rows[i].s.network, rows[i].s.capture,
		   rows[i].link);
		wr_fini(&w);
	}
}

static void damage(void)
{
	static const struct {
		const char *what;
		uint32_t at;
		uint8_t value;
		int rc;
	} rows[] = {
		{"another version", 6, '9', ERR_UNSUPPORTED},
		{"packets in the header", 24, 127, ERR_BAD},
		{"packets that go round", 25, 9, ERR_UNSUPPORTED},
		{"a count of networks", 45, 1, ERR_UNSUPPORTED},
		{"an unknown unit", 48, 3, ERR_UNSUPPORTED},
		{"an unknown capture", 84, 7, ERR_UNSUPPORTED},
		{"a record over the end", 130 + 11, 9, ERR_BAD},
		{"a time beyond all times", 130 + 7, 0xff, ERR_BAD},
	};
	static const struct netxray_sample s = {"002.002", 0, 0, 0, 0, 0, 0};
	static const struct netxray_sample still = {"002.002", 0, 0, 2, 0, 0, 0};
	struct wr w;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		w = file_of(&s);
		w.bytes[rows[i].at] = rows[i].value;
		reading_of(&g, ANALYSER_NETXRAY, w.bytes, w.len);
		ok(g.n == 0 && g.rc == rows[i].rc, "%s: %s", rows[i].what, g.why.text);
		wr_fini(&w);
	}
	w = file_of(&still);
	reading_of(&g, ANALYSER_NETXRAY, w.bytes, w.len);
	ok(g.rc == ERR_UNSUPPORTED, "a clock of no ticks: %s", g.why.text);
	wr_fini(&w);
}

int main(void)
{
	versions();
	extra_bytes();
	networks();
	damage();
	return tap_end();
}
