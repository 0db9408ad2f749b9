#include "analyser/netmon.h"

#include "analyser/sample.h"

static struct reading g;

struct netmon_sample {
	uint8_t major, minor;
	uint16_t network; /* of the file, and of each packet */
	uint32_t gap;     /* bytes between the records and the frame table */
};

/* A table of as many entries as there are offsets, and the header's word on it. */
static void put_table(struct wr *w, const uint32_t *offsets, uint32_t n)
{
	struct wr header = wr_of(w->bytes + 24, 8);

	wr_le32(&header, (uint32_t)w->len);
	wr_le32(&header, n * 4);
	for (uint32_t i = 0; i < n; i++)
		wr_le32(w, offsets[i]);
}

static struct wr header_of(const struct netmon_sample *s)
{
	/* Saturday, 2005-07-16 15:56:53.427 */
	static const uint16_t start[] = {2005, 7, 6, 16, 15, 56, 53, 427};
	struct wr w = wr_init(SAMPLE_LIMIT);

	wr_bytes(&w, s->major == 1 ? "RTSS" : "GMBU", 4);
	wr_u8(&w, s->minor);
	wr_u8(&w, s->major);
	wr_le16(&w, s->network);
	for (int i = 0; i < 8; i++)
		wr_le16(&w, start[i]);
	wr_fill(&w, 0, 128 - w.len);
	return w;
}

static void put_record(struct wr *w, const struct netmon_sample *s, uint64_t since, uint32_t n)
{
	if (s->major == 1) {
		wr_le32(w, (uint32_t)since);
		wr_le16(w, (uint16_t)(n + 100));
		wr_le16(w, (uint16_t)n);
	} else {
		wr_le64(w, since);
		wr_le32(w, n + 100);
		wr_le32(w, n);
	}
	put_ramp(w, 7, n);
	if (s->major == 2 && s->minor >= 1)
		wr_le16(w, s->network);
	if (s->major == 2 && s->minor >= 2)
		wr_le32(w, 4711);
	if (s->major == 2 && s->minor >= 3) {
		wr_le64(w, 116444736000000000 + 11215294134270001);
		wr_u8(w, 1);
	}
}

static struct wr file_of(const struct netmon_sample *s)
{
	struct wr w = header_of(s);
	uint32_t offsets[3];

	for (uint32_t i = 0; i < 3; i++) {
		offsets[i] = (uint32_t)w.len;
		put_record(&w, s, 250 * i, 60 - 20 * i);
	}
	wr_fill(&w, 0xaa, s->gap);
	put_table(&w, offsets, 3);
	wr_fill(&w, 0xbb, s->gap);
	return w;
}

static void versions(void)
{
	static const struct netmon_sample rows[] = {
		{1, 1, 1, 0}, {2, 0, 1, 0},   {2, 1, 1, 9},
		{2, 2, 1, 0}, {2, 3, 1, 100}, {2, 9, 1, 0},
	};
	/* of the third packet */
	static const int64_t times[] = {1121529413927000000, 1121529413427500000,
					1121529413427500000, 1121529413427500000,
					1121529413427000100, 1121529413427000100};
	char what[32];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct wr w = file_of(&rows[i]);

		snprintf(what, sizeof what, "version %u.%u", rows[i].major, rows[i].minor);
		reading_of(&g, ANALYSER_NETMON, w.bytes, w.len);
		ok(g.n == 3 && g.rc == 0 && g.used == w.len, "%s: three records are three packets",
		   what);
		ok(g.frames[0].cap_len == 60 && g.frames[0].wire_len == 160 &&
			   is_ramp(g.frames[0].bytes, 7, 60) && g.frames[0].link == 1,
		   "%s: both lengths, and its bytes", what);
		ok(g.frames[2].time_ns == times[i], "%s: the third one's time is %lld", what,
		   (long long)g.frames[2].time_ns);
		cuts_are_told(ANALYSER_NETMON, &w, what);
		wr_fini(&w);
	}
}

static void networks(void)
{
	static const struct {
		uint16_t network, link;
		int n;
	} rows[] = {{0, 1, 1},           {2, 6, 1},           {3, 10, 1},
		    {7, 101, 1},         {9, 101, 1},         {6, 0xffff, 1},
		    {11, 0xffff, 1},     {0xe071, 0x71, 1},   {0xe083, 0xffff, 1},
		    {0xffe0, 0xffff, 1}, {0xfffb, 0xffff, 1}, {0xfffc, 0, 0},
		    {0xfffd, 0, 0},      {0xfffe, 0, 0},      {0xffff, 0xffff, 1}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct netmon_sample s = {2, 1, rows[i].network, 0};
		struct wr w = file_of(&s);

		reading_of(&g, ANALYSER_NETMON, w.bytes, w.len);
		ok(g.rc == 0 && g.n == 3 * rows[i].n && (!g.n || g.frames[0].link == rows[i].link),
		   "network %04x is %s", rows[i].network, rows[i].n ? "a packet's" : "no packet's");
		wr_fini(&w);
	}
}

/* A record claims what cannot be; offset, field and value are told by row. */
static void damage(void)
{
	static const struct {
		const char *what;
		uint32_t at;
		uint32_t value;
		int n;
	} rows[] = {
		{"a packet beyond the limit", 128 + 12, 262145, 0},
		{"a packet over the frame table", 128 + 12, 262100, 0},
		{"a frame table in the header", 24, 127, 0},
		{"a frame table of no entries", 28, 0, 0},
		{"a frame table of half an entry", 28, 13, 0},
		{"a 13th month", 10, 13, 0},
		{"frames that are elsewhere", 128 + 3 * 18 + 120, 129, 3},
	};
	static const struct netmon_sample s = {2, 1, 1, 0};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct wr w = file_of(&s);
		struct wr field = wr_of(w.bytes + rows[i].at, 4);

		wr_le32(&field, rows[i].value);
		reading_of(&g, ANALYSER_NETMON, w.bytes, w.len);
		ok(g.n == rows[i].n && (g.rc == ERR_BAD || g.rc == ERR_UNSUPPORTED), "%s: %s",
		   rows[i].what, g.why.text);
		wr_fini(&w);
	}
}

static void signs(void)
{
	static const struct netmon_sample s = {2, 0, 1, 0};
	static const struct netmon_sample late = {2, 3, 1, 0};
	struct wr w = header_of(&s);
	uint32_t at = 128;
	struct wr field;

	put_record(&w, &s, (uint64_t)-7000, 10);
	put_table(&w, &at, 1);
	reading_of(&g, ANALYSER_NETMON, w.bytes, w.len);
	ok(g.n == 1 && g.frames[0].time_ns == 1121529413420000000,
	   "a packet may come before the start");
	wr_fini(&w);
	w = file_of(&late);
	field = wr_of(w.bytes + 128 + 16 + 60 + 6, 8);
	wr_le64(&field, UINT64_MAX);
	reading_of(&g, ANALYSER_NETMON, w.bytes, w.len);
	ok(g.n == 0 && g.rc == ERR_BAD, "a time that does not fit is refused: %s", g.why.text);
	wr_fini(&w);
}

int main(void)
{
	versions();
	networks();
	damage();
	signs();
	return tap_end();
}
