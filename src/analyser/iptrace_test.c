#include "analyser/iptrace.h"

#include "analyser/sample.h"

static struct reading g;

struct iptrace_sample {
	const char *name; /* four bytes */
	uint8_t unit;
	uint8_t type;
	uint8_t is_sent;
};

static struct wr file_of(const char *magic)
{
	struct wr w = wr_init(SAMPLE_LIMIT);

	wr_bytes(&w, magic, 11);
	return w;
}

static void put_record(struct wr *w, const struct iptrace_sample *s, bool has_nanos, uint32_t n)
{
	wr_u32(w, (has_nanos ? 32 : 22) + n);
	wr_u32(w, 900000000);
	wr_fill(w, 0, 3);
	wr_u8(w, s->unit);
	wr_bytes(w, s->name, 4);
	wr_fill(w, 'x', 12);
	wr_u8(w, s->type);
	wr_u8(w, s->is_sent);
	if (has_nanos) {
		wr_fill(w, 0, 2);
		wr_u32(w, 900000001);
		wr_u32(w, 123456789);
	}
	put_ramp(w, 7, n);
}

static const struct iptrace_sample en0 = {"en\0\0", 0, 6, 0};
static const struct iptrace_sample tr1 = {"tr\n%", 1, 9, 1};
static const struct iptrace_sample fi0 = {"fddi", 0, 15, 0};

static void records(void)
{
	struct wr w = file_of("iptrace 2.0");

	put_record(&w, &en0, true, 60);
	put_record(&w, &tr1, true, 0);
	put_record(&w, &fi0, true, 53);
	put_record(&w, &en0, true, 1);
	reading_of(&g, ANALYSER_IPTRACE, w.bytes, w.len);
	ok(g.n == 4 && g.rc == 0 && g.used == w.len, "four records are four packets");
	ok(g.frames[0].time_ns == 900000001123456789 && g.a.ifaces[0].digits == 9,
	   "version 2 has nanoseconds");
	ok(g.frames[0].link == 1 && g.frames[1].link == 6 && g.frames[2].link == 10,
	   "each packet has a link type of its own");
	ok(g.a.n_ifaces == 3 && g.frames[3].iface == 0 && strcmp(g.a.ifaces[0].name, "en0") == 0 &&
		   strcmp(g.a.ifaces[1].name, "tr1") == 0 &&
		   strcmp(g.a.ifaces[2].name, "fddi0") == 0,
	   "and an interface, whose name ends before what is no letter");
	ok(g.frames[0].direction == WEIR_DIR_IN && g.frames[1].direction == WEIR_DIR_OUT,
	   "it was received, or sent");
	ok(g.frames[0].cap_len == 60 && g.frames[0].wire_len == 60 &&
		   is_ramp(g.frames[0].bytes, 7, 60),
	   "its bytes are all there");
	ok(g.frames[2].cap_len == 50 && is_ramp(g.frames[2].bytes, 10, 50),
	   "before a frame of FDDI are three bytes of padding");
	cuts_are_told(ANALYSER_IPTRACE, &w, "version 2");
	wr_fini(&w);
	w = file_of("iptrace 1.0");
	put_record(&w, &en0, false, 60);
	put_record(&w, &tr1, false, 9);
	reading_of(&g, ANALYSER_IPTRACE, w.bytes, w.len);
	ok(g.n == 2 && g.frames[0].time_ns == 900000000000000000 && g.a.ifaces[0].digits == 0 &&
		   is_ramp(g.frames[1].bytes, 7, 9),
	   "version 1 has seconds");
	cuts_are_told(ANALYSER_IPTRACE, &w, "version 1");
	wr_fini(&w);
}

static void networks(void)
{
	static const uint16_t rows[][2] = {{4, 101},     {7, 1},       {12, 101},   {24, 101},
					   {0x3d, 101},  {0xc7, 247},  {0, 0xffff}, {16, 0xffff},
					   {37, 0xffff}, {255, 0xffff}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct wr w = file_of("iptrace 2.0");
		struct iptrace_sample s = {"if\0\0", 0, (uint8_t)rows[i][0], 0};

		put_record(&w, &s, true, 20);
		reading_of(&g, ANALYSER_IPTRACE, w.bytes, w.len);
		ok(g.n == 1 && g.frames[0].link == rows[i][1], "type %u is link type %u",
		   rows[i][0], rows[i][1]);
		wr_fini(&w);
	}
}

static void damage(void)
{
	struct wr w = file_of("iptrace 2.0");

	put_record(&w, &en0, true, 20);
	wr_u32(&w, 31);
	wr_fill(&w, 6, 100);
	reading_of(&g, ANALYSER_IPTRACE, w.bytes, w.len);
	ok(g.n == 1 && g.rc == ERR_BAD && g.used == 71, "refused: %s", g.why.text);
	wr_fini(&w);
	w = file_of("iptrace 2.0");
	put_record(&w, &en0, true, 20);
	wr_u32(&w, 1u << 30);
	wr_fill(&w, 6, 100);
	reading_of(&g, ANALYSER_IPTRACE, w.bytes, w.len);
	ok(g.n == 1 && g.rc == ERR_BAD && g.used == 71, "refused: %s", g.why.text);
	wr_fini(&w);
	w = file_of("iptrace 2.0");
	put_record(&w, &fi0, true, 2);
	reading_of(&g, ANALYSER_IPTRACE, w.bytes, w.len);
	ok(g.n == 0 && g.rc == ERR_BAD, "refused, without room for FDDI's padding: %s", g.why.text);
	wr_fini(&w);
	w = file_of("iptrace 2.0");
	for (int unit = 0; unit < 70; unit++)
		put_record(&w, &(struct iptrace_sample){"en\0\0", (uint8_t)unit, 6, 0}, true, 1);
	reading_of(&g, ANALYSER_IPTRACE, w.bytes, w.len);
	ok(g.n == ANALYSER_MAX_IFACES, "as many interfaces as that are read");
	wr_fini(&w);
	reading_of(&g, ANALYSER_IPTRACE, (const uint8_t *)"iptrace 3.0", 11);
	ok(g.rc == ERR_BAD, "another version is refused: %s", g.why.text);
}

static void too_many(void)
{
	static struct analyser a;
	struct analyser_iface iface = {.link = 1};
	struct why why;
	int rc = 0;

	why_clear(&why);
	analyser_init(&a, ANALYSER_IPTRACE);
	for (uint16_t i = 0; i < ANALYSER_MAX_IFACES && rc >= 0; i++) {
		iface.link = i;
		rc = analyser_iface(&a, &iface, &why);
	}
	ok(rc == ANALYSER_MAX_IFACES - 1, "the last interface has the last number");
	iface.link = 4711;
	ok(analyser_iface(&a, &iface, &why) == ERR_BAD, "one more is refused: %s", why.text);
	iface.link = 3;
	ok(analyser_iface(&a, &iface, &why) == 3, "those that are known stay so");
}

int main(void)
{
	records();
	networks();
	damage();
	too_many();
	return tap_end();
}
