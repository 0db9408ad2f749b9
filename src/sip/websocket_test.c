#include "sip/websocket.h"

#include "base/tap.h"
#include "base/wr.h"
#include "sip/craft_frame.h"

enum { ROOM = 4096 };

static uint8_t room[ROOM];
static uint8_t octets[4 * ROOM];

static const char client[] = "GET / HTTP/1.1\r\nHost: ws.example.org\r\nUpgrade: websocket\r\n"
			     "Connection: Upgrade\r\nSec-WebSocket-Protocol: xmpp, SIP\r\n\r\n";
static const char server[] = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\n"
			     "sec-websocket-protocol: sip\r\n\r\n";
static const char invite[] = "INVITE sip:b@example.org SIP/2.0\r\nCall-ID: 1\r\n\r\n";
static const char bye[] = "BYE sip:b@example.org SIP/2.0\r\nCall-ID: 1\r\n\r\n";

static struct wr text_of(const char *handshake)
{
	struct wr w = wr_of(octets, sizeof octets);

	wr_bytes(&w, handshake, strlen(handshake));
	return w;
}

static void put(struct wr *w, uint8_t first, const char *text, bool is_masked)
{
	put_frame(w, first, text, strlen(text), is_masked ? 0x37fa213d : 0);
}

/* What is read of a stream that comes in pieces of n octets: each message, and a stroke. */
static const char *read_pieces(struct websocket *s, struct rd r, size_t n)
{
	static char told[2 * ROOM];
	struct wr out = wr_of(told, sizeof told - 1);
	struct sip_text text;
	int rc = 0;

	while (rd_left(&r) && rc >= 0) {
		struct rd piece = rd_sub(&r, rd_left(&r) < n ? rd_left(&r) : n);

		while ((rc = websocket_next(s, &piece, &text)) == 1)
			wr_text(&out, "%.*s|", (int)text.len, (const char *)text.bytes);
		if (rc < 0)
			wr_text(&out, "none");
	}
	told[out.len] = 0;
	return told;
}

static const char *read_all(const struct wr *w, size_t n)
{
	struct websocket s;

	websocket_init(&s, room, sizeof room);
	return read_pieces(&s, rd_of(w->bytes, w->len), n);
}

static bool is_both(const char *told)
{
	char wanted[sizeof invite + sizeof bye + 2];

	snprintf(wanted, sizeof wanted, "%s|%s|", invite, bye);
	return !strcmp(told, wanted);
}

static void facts(void)
{
	struct wr w = text_of(client);

	put(&w, 0x81, invite, true);
	put(&w, 0x89, "ping", true);
	put(&w, 0x02, "BYE sip:b@exa", true);
	put(&w, 0x8a, "", true);
	put(&w, 0x00, "mple.org SIP/2.0\r\n", true);
	put(&w, 0x80, "Call-ID: 1\r\n\r\n", true);
	put(&w, 0x88, "\x03\xe8", true);
	put(&w, 0x81, invite, true);
	ok(is_both(read_all(&w, ROOM)),
	   "a client's frames: masked, in fragments, with others between, until it closes");
	ok(is_both(read_all(&w, 1)), "… in pieces of an octet");
	ok(is_both(read_all(&w, 7)), "… of seven");
	w = text_of(server);
	put(&w, 0x81, invite, false);
	put(&w, 0xc1, "compressed", false);
	put(&w, 0x82, bye, false);
	ok(is_both(read_all(&w, ROOM)), "a server's; what is compressed is passed over");
	w = text_of("");
	put(&w, 0x81, invite, true);
	put(&w, 0x81, bye, true);
	ok(is_both(read_all(&w, ROOM)), "one that is met midway");
}

static void others(void)
{
	static const struct {
		const char *text;
		const char *sentence;
	} rows[] = {
		{"INVITE sip:b@example.org SIP/2.0\r\n", "SIP as TCP has it"},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "a page that is asked for"},
		{"GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n",
		 "a WebSocket of others"},
		{"HTTP/1.1 200 OK\r\n\r\n", "a page that comes"},
		{"\x81\x05hello", "a frame of something else, met midway,"},
		{"\x80\x05INVIT", "a frame that goes on with what was not seen"},
	};
	static char is_long[2 * ROOM];
	struct wr w;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		w = text_of(rows[i].text);
		ok(!strcmp(read_all(&w, ROOM), "none"), "%s is no WebSocket of SIP",
		   rows[i].sentence);
	}
	memset(is_long, 'a', 2 * ROOM - 1);
	memcpy(is_long, "GET ", 4);
	w = text_of(is_long);
	ok(!strcmp(read_all(&w, 1000), "none"), "nor is a handshake without an end");
	w = text_of(client);
	put(&w, 0x81, is_long, true);
	put(&w, 0x81, invite, true);
	put(&w, 0x81, bye, true);
	ok(is_both(read_all(&w, 1000)), "a message that is longer than its room is passed over");
}

static void gaps(void)
{
	struct websocket s;
	struct wr w = text_of(client);
	size_t whole, next;

	put(&w, 0x81, invite, true);
	whole = w.len;
	put(&w, 0x81, invite, true);
	next = w.len;
	put(&w, 0x81, bye, true);
	websocket_init(&s, room, sizeof room);
	(void)read_pieces(&s, rd_of(w.bytes, whole + 9), ROOM);
	websocket_gap(&s);
	ok(!strcmp(read_pieces(&s, rd_of(w.bytes + whole + 20, 20), ROOM), ""),
	   "behind a gap nothing is made of the middle of a frame");
	ok(!strncmp(read_pieces(&s, rd_of(w.bytes + next, w.len - next), ROOM), "BYE", 3) &&
		   s.n_passed == 1,
	   "… and the next frame that begins with a message is read");
}

/* Cut anywhere, nothing is read that is not whole. */
static void cuts(void)
{
	struct wr w = text_of(client);
	size_t first, n_wrong = 0;

	put(&w, 0x81, invite, true);
	first = w.len;
	put(&w, 0x81, bye, true);
	for (size_t len = 0; len < w.len; len++) {
		struct websocket s;
		const char *told;

		websocket_init(&s, room, sizeof room);
		told = read_pieces(&s, rd_of(w.bytes, len), ROOM);
		n_wrong += len < first ? told[0] != 0 : strlen(told) != strlen(invite) + 1;
	}
	ok(!n_wrong, "cut anywhere it gives what is whole");
}

/* Messages of any length are what they were. */
static void round_trip(void)
{
	static const size_t lens[] = {1, 125, 126, 127, 1000, 4096};
	char text[ROOM + 1] = "";

	memset(text, 'x', ROOM);
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		struct wr w = text_of(server);
		const char *told;

		put_frame(&w, 0x82, text, lens[i], i & 1 ? 0x01020304 : 0);
		told = read_all(&w, 100);
		ok(strlen(told) == lens[i] + 1 && !memcmp(told, text, lens[i]),
		   "%zu octets come back", lens[i]);
	}
}

int main(void)
{
	facts();
	others();
	gaps();
	cuts();
	round_trip();
	return tap_end();
}
