#include "sip/framer.h"

#include "base/tap.h"
#include "base/wr.h"

enum { ROOM = 4096, MAX_GIVEN = 64 };

static uint8_t room[ROOM];

/* What a framer gave: each message's first line and length, so that streams can be compared. */
struct given {
	char text[4096];
	struct wr w;
	int n;
};

static void note(struct given *g, struct sip_text message)
{
	struct rd r = sip_text_rd(message);
	struct sip_text line = sip_until(&r, "\r\n");

	wr_text(&g->w, "%.*s %zu\n", (int)line.len, (const char *)line.bytes, message.len);
	g->n++;
}

static void feed(struct sip_framer *f, const char *bytes, size_t len, struct given *g)
{
	struct rd piece = rd_of(bytes, len);
	struct sip_text message;

	while (sip_framer_next(f, &piece, &message))
		note(g, message);
	if (rd_left(&piece))
		wr_text(&g->w, "octets are left\n");
}

static void feed_text(struct sip_framer *f, const char *text, struct given *g)
{
	feed(f, text, strlen(text), g);
}

/* The stream in pieces of n octets. */
static void feed_pieces(struct sip_framer *f, struct sip_text stream, size_t n, struct given *g)
{
	struct rd r = sip_text_rd(stream);

	while (rd_left(&r)) {
		size_t len = rd_left(&r) < n ? rd_left(&r) : n;

		feed(f, (const char *)rd_take(&r, len), len, g);
	}
}

static void begin(struct given *g)
{
	g->w = wr_of(g->text, sizeof g->text);
	g->n = 0;
}

static bool gave(const struct given *g, const char *wanted)
{
	return sip_text_same(sip_text_of(g->text, g->w.len), sip_word(wanted));
}

static const char stream[] = "\r\n\r\n"
			     "INVITE sip:a@b SIP/2.0\r\n"
			     "Call-ID: 1\r\n"
			     "l: 10\r\n"
			     "\r\n"
			     "v=0\r\no=x\r\n"
			     "\r\n\r\n"
			     "SIP/2.0 100 Trying\r\n"
			     "Call-ID: 1\r\n"
			     "Content-Length:\r\n"
			     "  0\r\n"
			     "\r\n"
			     "SIP/2.0 200 OK\n"
			     "Call-ID: 1\n"
			     "Content-Length: 4\n"
			     "Content-Length: 9\n"
			     "\n"
			     "\r\n\r\n"
			     "\r\n"
			     "ACK sip:a@b SIP/2.0\r\n"
			     "Call-ID: 1\r\n"
			     "\r\n"
			     "BYE sip:a@b SIP/2.0\r\n"
			     "Call-ID: 1\r\n"
			     "X: begins with neither letter\r\n"
			     "\r\n";

static const char all[] = "INVITE sip:a@b SIP/2.0 55\n"
			  "SIP/2.0 100 Trying 56\n"
			  "SIP/2.0 200 OK 67\n"
			  "ACK sip:a@b SIP/2.0 35\n"
			  "BYE sip:a@b SIP/2.0 66\n";

static void pieces(void)
{
	struct sip_text whole = sip_word(stream);
	struct sip_framer f;
	struct given g;
	int n_same = 0;

	sip_framer_init(&f, room, sizeof room);
	begin(&g);
	feed(&f, stream, whole.len, &g);
	ok(gave(&g, all) && f.n_messages == 5 && f.n_lost == 0 && f.len == 0,
	   "five messages come out of a stream, keep-alives between them do not");
	for (size_t n = 1; n <= whole.len; n++) {
		sip_framer_init(&f, room, sizeof room);
		begin(&g);
		feed_pieces(&f, whole, n, &g);
		n_same += gave(&g, all) && f.n_lost == 0;
	}
	ok(n_same == (int)whole.len, "the same in pieces of any of %d lengths", n_same);
	n_same = 0;
	for (size_t cut = 0; cut < whole.len; cut++) {
		sip_framer_init(&f, room, sizeof room);
		begin(&g);
		feed(&f, stream, cut, &g);
		feed(&f, &stream[cut], whole.len - cut, &g);
		n_same += gave(&g, all);
	}
	ok(n_same == (int)whole.len, "and in two, cut anywhere");
}

/* Octets are lost at every place: all messages that the gap does not touch come out. */
static void gaps(void)
{
	size_t len = sizeof stream - 1, trying = (size_t)(strstr(stream, "SIP/2.0 1") - stream);
	size_t bye = (size_t)(strstr(stream, "BYE") - stream), invite_end = trying - 4;
	int n_bad = 0;

	for (size_t first = 0; first < len; first++) {
		struct sip_framer f;
		struct sip_text message;
		struct given g;
		size_t behind = first + 20 < len ? first + 20 : len;

		sip_framer_init(&f, room, sizeof room);
		begin(&g);
		feed(&f, stream, first, &g);
		if (sip_framer_gap(&f, &message))
			note(&g, message);
		feed(&f, &stream[behind], len - behind, &g);
		n_bad += f.n_gaps != 1 ||
			 (behind <= trying && !strstr(g.text, "SIP/2.0 100 Trying 56\n")) ||
			 (behind <= bye && !strstr(g.text, "BYE sip:a@b SIP/2.0 66\n"));
		n_bad += first >= invite_end &&
			 strncmp(g.text, "INVITE sip:a@b SIP/2.0 55\n", 26) != 0;
	}
	ok(n_bad == 0, "a gap of 20 octets anywhere costs no message behind it: %d do", n_bad);
}

static void gap_in_body(void)
{
	static const char cut[] = "INVITE sip:a@b SIP/2.0\r\nCall-ID: 1\r\nl: 500\r\n\r\nv=0\r\n";
	struct sip_framer f;
	struct sip_text message = {NULL, 0};
	struct sip_message m;
	struct given g;

	sip_framer_init(&f, room, sizeof room);
	begin(&g);
	feed(&f, cut, sizeof cut - 1, &g);
	ok(g.n == 0 && sip_framer_gap(&f, &message) == 1 && message.len == sizeof cut - 1 &&
		   sip_message_read(message.bytes, message.len, &m) == ERR_CUT &&
		   m.method == SIP_INVITE && sip_text_is(m.body, "v=0\r\n"),
	   "a message with a gap in its body is given as far as it came");
	feed_text(&f, "s=x\r\nSIP/2.0 200 OK\r\n\r\nBYE sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\n", &g);
	ok(gave(&g, "BYE sip:a@b SIP/2.0 35\n") && f.n_lost == 23,
	   "a start line in what is left of the body is not taken for a message");
	feed_text(&f, "BYE sip:a@b SIP/2.0\r\nCall", &g);
	ok(sip_framer_gap(&f, &message) == 0 && f.n_gaps == 2, "half a header is worth nothing");
}

static void nonsense(void)
{
	static const char mixed[] = "\200\1\2 no SIP at all\r\n"
				    "nor this\r\n"
				    "GET / HTTP/1.1\r\n"
				    "BYE sip:a@b SIP/2.0\r\n"
				    "Call-ID: 1\r\n"
				    "Via: cut off, and then:\r\n"
				    "SIP/2.0 200 OK\r\n"
				    "Call-ID: 1\r\n"
				    "\r\n";
	size_t len = sizeof mixed - 1;
	int n_same = 0;

	for (size_t n = 1; n <= len; n++) {
		struct sip_framer f;
		struct given g;

		sip_framer_init(&f, room, sizeof room);
		begin(&g);
		feed_pieces(&f, sip_text_of(mixed, len), n, &g);
		n_same += gave(&g, "SIP/2.0 200 OK 30\n") && f.n_lost == len - 30;
	}
	ok(n_same == (int)len,
	   "a message behind what is none, and behind one that was cut, is found: %d of %zu",
	   n_same, len);
}

static void too_long(void)
{
	static char text[3 * ROOM];
	struct sip_framer f;
	struct given g;
	size_t lens[] = {1, 100, ROOM - 1, ROOM, sizeof text};

	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		struct wr w = wr_of(text, sizeof text);

		wr_text(&w, "INVITE sip:a@b SIP/2.0\r\nCall-ID: 1\r\nl: %d\r\n\r\n", ROOM + 100);
		wr_fill(&w, 'x', ROOM + 100);
		wr_text(&w, "\r\nBYE sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\n");
		sip_framer_init(&f, room, sizeof room);
		begin(&g);
		feed_pieces(&f, sip_text_of(text, w.len), lens[i], &g);
		ok(g.n == 2 && f.n_too_long == 1 && strstr(g.text, "BYE sip:a@b SIP/2.0 35\n") &&
			   !strncmp(g.text, "INVITE sip:a@b SIP/2.0 47\n", 26),
		   "a body longer than the room in pieces of %zu", lens[i]);
		wr_reset(&w);
		wr_text(&w, "INVITE sip:a@b SIP/2.0\r\nX: ");
		wr_fill(&w, 'x', ROOM + 100);
		wr_text(&w, "\r\n\r\nBYE sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\n");
		sip_framer_init(&f, room, sizeof room);
		begin(&g);
		feed_pieces(&f, sip_text_of(text, w.len), lens[i], &g);
		ok(strstr(g.text, "BYE sip:a@b SIP/2.0 35\n") && f.n_too_long == 1,
		   "a header longer than the room in pieces of %zu", lens[i]);
	}
}

static void likeness(void)
{
	static const struct {
		const char *text;
		enum sip_likeness wanted;
	} cases[] = {
		{"", SIP_MAY_BE},
		{"\r\n\r\n", SIP_MAY_BE},
		{"I", SIP_MAY_BE},
		{"INVITE ", SIP_MAY_BE},
		{"INVITE sip:", SIP_IS_ONE},
		{"\r\nREGISTER sips:a", SIP_IS_ONE},
		{"INVITE urn:service:sos ", SIP_MAY_BE},
		{"INVITE urn:service:sos SIP/2.0\r\n", SIP_IS_ONE},
		{"NEWMETHOD sip:a", SIP_MAY_BE},
		{"SIP/", SIP_MAY_BE},
		{"SIP/2.0 200 OK\r\n", SIP_IS_ONE},
		{"OPTIONS rtsp://a RTSP/1.0\r\n", SIP_IS_NONE},
		{"GET / HTTP/1.1\r\n", SIP_IS_NONE},
		{"SSH-2.0-x\r\n", SIP_IS_NONE},
		{"\026\003\001", SIP_IS_NONE},
		{"EHLO \001", SIP_IS_NONE},
		{"Via: x", SIP_IS_NONE},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(sip_likeness(cases[i].text, strlen(cases[i].text)) == cases[i].wanted,
		   "likeness %zu is %s", i,
		   cases[i].wanted == SIP_IS_ONE   ? "sure"
		   : cases[i].wanted == SIP_MAY_BE ? "open"
						   : "none");
}

int main(void)
{
	pieces();
	gaps();
	gap_in_body();
	nonsense();
	too_long();
	likeness();
	return tap_end();
}
