#include "voip/voip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "base/wr.h"
#include "net/decode.h"
#include "sip/craft_frame.h"

enum { UDP = 17, TCP = 6, LINK_RAW = 101, SIP_PORT = 5060 };

/* Alice is 10.0.0.1, Bob 10.0.0.2; what is heard of them as words. */
struct world {
	struct voip *voip;
	char said[2000];
	uint8_t packet[4096];
	int64_t now_ns;
	uint32_t seq;
	int n_follow;
	int n_retired;
};

static void say(struct world *w, const char *word, int64_t number)
{
	size_t len = strlen(w->said);

	snprintf(w->said + len, sizeof w->said - len, "%s%s:%lld", len ? " " : "", word,
		 (long long)number);
}

static void on_event(void *arg, const struct call_event *e)
{
	struct world *w = arg;

	say(w, call_event_key(e->kind), e->target);
	say(w, "by", voip_named_by(w->voip, e->target));
}

static void on_gone(void *arg, const struct call *call)
{
	say(arg, "gone", call->number);
}

static void on_retire(void *arg, struct media *old)
{
	struct world *w = arg;

	w->n_retired++;
	media_free(&old);
}

static void on_follow(void *arg)
{
	struct world *w = arg;

	w->n_follow++;
}

static void begin(struct world *w, bool is_everybodys)
{
	const struct voip_options o = {.joins = CALL_JOINS_USUAL,
				       .is_everybodys = is_everybodys,
				       .seed = 7,
				       .on_event = on_event,
				       .on_gone = on_gone,
				       .on_retire = on_retire,
				       .on_follow = on_follow,
				       .arg = w};

	*w = (struct world){.now_ns = INT64_C(1700000000) * NANOS_PER_S, .seq = 1000};
	if (voip_new(&w->voip, &o))
		exit(1);
}

/* Alice is targets 0 and 1 (by URI and by number), which are 70 both; Bob is 80. */
static void set_targets(struct world *w)
{
	static const struct identity_target targets[] = {{.sip_uri = "sip:alice@example.net"},
							 {.phone = "+6491234567"},
							 {.sip_uri = "sip:bob"}};
	const struct identity_plan plan = {.country_code = "64", .national_prefix = "0"};
	uint32_t *numbers = malloc(3 * sizeof *numbers);
	struct identity_set *set;
	struct why why;

	why_clear(&why);
	if (!numbers ||
	    identity_set_new(&set, &plan, &(struct identity_targets){targets, 3}, 7, &why))
		exit(1);
	numbers[0] = numbers[1] = 70;
	numbers[2] = 80;
	voip_set_targets(w->voip, set, numbers, true);
}

/* A packet of Alice's (or Bob's) with these octets, decoded. */
static struct weir_packet packet_of(struct world *w, uint8_t proto, bool is_bobs, const void *text,
				    size_t len)
{
	static struct weir_frame f;
	struct wr p = wr_of(w->packet, sizeof w->packet);
	size_t head = proto == UDP ? 8 : 20;
	struct weir_packet out;

	wr_u16(&p, 0x4500);
	wr_u16(&p, (uint16_t)(20 + head + len));
	wr_u32(&p, 0);
	wr_u32(&p, 64u << 24 | (uint32_t)proto << 16);
	wr_u32(&p, 0x0a000000 | (is_bobs ? 2 : 1));
	wr_u32(&p, 0x0a000000 | (is_bobs ? 1 : 2));
	wr_u16(&p, SIP_PORT);
	wr_u16(&p, SIP_PORT);
	if (proto == UDP) {
		wr_u16(&p, (uint16_t)(8 + len));
		wr_u16(&p, 0);
	} else {
		wr_u32(&p, w->seq);
		wr_u32(&p, 1);
		wr_u32(&p, 0x50180000);
		wr_u32(&p, 0);
		w->seq += (uint32_t)len;
	}
	wr_bytes(&p, text, len);
	w->now_ns += NANOS_PER_MS;
	f = (struct weir_frame){.bytes = w->packet,
				.cap_len = (uint32_t)p.len,
				.wire_len = (uint32_t)p.len,
				.time_ns = w->now_ns,
				.link = LINK_RAW};
	net_decode(&out, &f);
	return out;
}

static struct weir_packet packet(struct world *w, uint8_t proto, bool is_bobs, const char *text)
{
	return packet_of(w, proto, is_bobs, text, strlen(text));
}

static bool take(struct world *w, uint8_t proto, bool is_bobs, const char *text, bool is_sure)
{
	struct weir_packet p = packet(w, proto, is_bobs, text);

	return voip_take(w->voip, &p, (struct nanos){w->now_ns}, is_sure);
}

static const char *said(struct world *w)
{
	static char copy[sizeof w->said];

	memcpy(copy, w->said, sizeof copy);
	w->said[0] = 0;
	return copy;
}

/* Whether that was said; it is forgotten. */
static bool is(struct world *w, const char *words)
{
	const char *all = said(w);

	if (strcmp(all, words))
		printf("# %s\n", all);
	return !strcmp(all, words);
}

#define HEAD(from, to, cseq)                                                                       \
	"Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK" cseq "\r\nCall-ID: c1\r\nFrom: <" from          \
	">;tag=a\r\nTo: <" to ">\r\nCSeq: " cseq "\r\n"
#define SDP                                                                                        \
	"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n"                  \
	"m=audio 4000 RTP/AVP 0\r\n"
#define INVITE                                                                                     \
	"INVITE sip:bob@example.net SIP/2.0\r\n" HEAD(                                             \
		"sip:alice@example.net", "sip:bob@example.net",                                    \
		"1 INVITE") "P-Asserted-Identity: <tel:091234567>\r\n"                             \
			    "Content-Type: application/sdp\r\nContent-Length: 85\r\n\r\n" SDP

static void test_named(void)
{
	struct world w;

	begin(&w, false);
	set_targets(&w);
	ok(take(&w, UDP, false, INVITE, true), "an INVITE is SIP");
	ok(is(&w, "begin:80 by:2 begin:70 by:1"),
	   "each whom it names has a BEGIN, once, and it is known by which name");
	ok(take(&w, UDP, true, "SIP/2.0 100 Trying\r\n" HEAD("sip:x", "sip:y", "1 INVITE") "\r\n",
		true) &&
		   is(&w, "continue:80 by:-1 continue:70 by:-1"),
	   "an answer that names nobody is both's, and names nobody");
	ok(media_n(voip_media(w.voip)) == 2, "RTP and RTCP are expected at Alice's");
	ok(!take(&w, UDP, false, "\x80 no SIP", true), "what is no SIP is not, whatever its port");
	voip_set_targets(w.voip, NULL, NULL, false);
	said(&w);
	ok(take(&w, UDP, true, "SIP/2.0 486 Busy\r\n" HEAD("sip:x", "sip:y", "1 INVITE") "\r\n",
		true) &&
		   is(&w, "end:80 by:-1 end:70 by:-1"),
	   "a call that is somebody's stays so, without targets too");
	ok(media_n(voip_media(w.voip)) == 0, "and its media go with it");
	voip_tick(w.voip, (struct nanos){w.now_ns + INT64_C(60) * NANOS_PER_S});
	ok(is(&w, "gone:1"), "at last it is forgotten");
	voip_free(&w.voip);
	ok(!w.voip && !w.said[0], "freeing tells nothing");
}

static void test_strangers(void)
{
	struct world w;

	begin(&w, false);
	take(&w, UDP, false, INVITE, true);
	ok(is(&w, "") && media_n(voip_media(w.voip)) == 0 && voip_n_messages(w.voip) == 1,
	   "of strangers' calls nothing is told, and no media are expected");
	voip_free(&w.voip);
	begin(&w, true);
	take(&w, UDP, false, INVITE, true);
	ok(is(&w, "begin:0 by:-1"), "unless all calls are somebody's");
	voip_end(w.voip);
	ok(is(&w, "gone:1"), "the end tells of those that go on");
	voip_free(&w.voip);
}

static void test_tcp(void)
{
	char text[] = INVITE;
	const char *rest = text + 100;
	struct weir_packet p;
	struct world w;
	char first[101];

	begin(&w, false);
	set_targets(&w);
	memcpy(first, text, 100);
	first[100] = 0;
	p = packet(&w, TCP, true, "nothing of SIP");
	ok(!voip_follows(w.voip, &p) && !voip_take(w.voip, &p, (struct nanos){w.now_ns}, false) &&
		   w.n_follow == 0,
	   "a connection that does not begin with a message is not followed");
	w.seq = 1000;
	p = packet(&w, TCP, false, first);
	ok(voip_follows(w.voip, &p), "one that begins with half a message is to be looked at");
	ok(voip_take(w.voip, &p, (struct nanos){w.now_ns}, false) && w.n_follow == 1 && !w.said[0],
	   "and followed from then on");
	p = packet(&w, TCP, true, "anything");
	ok(voip_follows(w.voip, &p), "in both directions");
	w.seq = 1100;
	p = packet(&w, TCP, false, rest);
	ok(voip_follows(w.voip, &p) && voip_take(w.voip, &p, (struct nanos){w.now_ns}, false) &&
		   is(&w, "begin:80 by:2 begin:70 by:1"),
	   "its other half makes it whole");
	voip_flush(w.voip);
	ok(!voip_follows(w.voip, &p), "a connection that is gone is not followed");
	ok(!take(&w, TCP, false, INVITE, true), "behind the flush there are no connections");
	voip_free(&w.voip);
}

/* A gateway's browser: with a handshake, or met midway. */
static void test_websocket(void)
{
	static const char handshake[] = "GET / HTTP/1.1\r\nUpgrade: websocket\r\n"
					"Sec-WebSocket-Protocol: sip\r\n\r\n";
	uint8_t octets[sizeof INVITE + 40];
	struct weir_packet p;
	struct world w;

	for (int is_midway = 0; is_midway < 2; is_midway++) {
		struct wr frame = wr_of(octets, sizeof octets);

		begin(&w, false);
		set_targets(&w);
		w.seq = 1000;
		if (!is_midway)
			ok(take(&w, TCP, false, handshake, true), "a handshake at a server's port");
		put_frame(&frame, 0x01, INVITE, 200, 0xa1b2c3d4);
		put_frame(&frame, 0x89, "x", 1, 0xa1b2c3d4);
		put_frame(&frame, 0x80, &INVITE[200], sizeof INVITE - 1 - 200, 0x01020304);
		p = packet_of(&w, TCP, false, octets, frame.len);
		ok(!is_midway || voip_follows(w.voip, &p), "a frame with a message is followed");
		ok(voip_take(w.voip, &p, (struct nanos){w.now_ns}, !is_midway) &&
			   is(&w, "begin:80 by:2 begin:70 by:1"),
		   "a message in two frames, with another between, is read%s",
		   is_midway ? " where the handshake was not seen" : "");
		voip_free(&w.voip);
	}
}

static void test_flush(void)
{
	char text[] = INVITE INVITE;
	struct world w;

	begin(&w, false);
	set_targets(&w);
	take(&w, TCP, false, "OPTIONS sip:x SIP/2.0\r\n\r\n", true);
	said(&w);
	w.seq += 10; /* ten octets are missing */
	take(&w, TCP, false, text, true);
	ok(is(&w, ""), "a message behind a hole waits for it");
	voip_flush(w.voip);
	ok(!strncmp(said(&w), "begin:80", 8), "when nothing more comes it is taken");
	voip_free(&w.voip);
}

static void test_media(void)
{
	char invite[sizeof INVITE + 40];
	struct world w;

	begin(&w, true);
	for (int i = 0; i < 200; i++) {
		char *id;

		snprintf(invite, sizeof invite, "%s", INVITE);
		id = strstr(invite, "Call-ID: c1");
		id[9] = (char)('A' + i / 26);
		id[10] = (char)('A' + i % 26);
		id = strstr(invite, "audio 4000");
		id[7] = (char)('0' + i / 100);
		id[8] = (char)('0' + i / 10 % 10);
		id[9] = (char)('0' + i % 10);
		take(&w, UDP, false, invite, true);
	}
	ok(media_n(voip_media(w.voip)) == 400 && w.n_retired >= 2,
	   "the table of media grows, and the old one goes to who knows its readers: %u, %d",
	   media_n(voip_media(w.voip)), w.n_retired);
	ok(voip_failed(w.voip) == 0, "nothing failed");
	voip_free(&w.voip);
}

int main(void)
{
	test_named();
	test_strangers();
	test_tcp();
	test_websocket();
	test_flush();
	test_media();
	return tap_end();
}
