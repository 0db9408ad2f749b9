#include "callbook/callbook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "base/wr.h"

enum { UDP = 17, TCP = 6, MTU = 300 };

/* Packets between Alice (10.0.0.1) and Bob (10.0.0.2), and what the book says at last. */
struct world {
	struct callbook *book;
	struct wr said;
	uint32_t seq[2];
	int64_t now_ns;
	uint8_t proto; /* of signalling */
	bool is_v6;
	uint16_t id;
	bool from_bob; /* the packet in hand */
};

static int show(void *arg, const void *bytes, size_t len)
{
	struct world *w = arg;

	wr_bytes(&w->said, bytes, len);
	return 0;
}

static void begin(struct world *w, uint8_t proto, bool is_v6)
{
	struct callbook_options o = {
		.joins = CALL_JOINS_USUAL, .is_json = true, .show = show, .arg = w};

	*w = (struct world){.said = wr_init(1 << 20),
			    .seq = {100, 200},
			    .proto = proto,
			    .is_v6 = is_v6,
			    .now_ns = 1700000000ll * NANOS_PER_S};
	if (callbook_new(&w->book, &o) < 0)
		exit(1);
}

static void take(struct world *w, const struct wr *packet)
{
	struct weir_frame f = {.bytes = packet->bytes,
			       .cap_len = (uint32_t)packet->len,
			       .wire_len = (uint32_t)packet->len,
			       .time_ns = w->now_ns,
			       .link = 101};

	w->now_ns += NANOS_PER_MS;
	if (callbook_take(w->book, &f) < 0)
		exit(1);
}

static void put_address(struct world *w, struct wr *p, uint8_t last)
{
	if (w->is_v6) {
		wr_u32(p, 0x20010db8);
		wr_fill(p, 0, 11);
	} else {
		wr_fill(p, 10, 1);
		wr_fill(p, 0, 2);
	}
	wr_u8(p, last);
}

/* One IP packet, or a fragment of one (offset in octets). */
static void send_ip(struct world *w, uint8_t proto, const struct wr *payload, size_t offset,
		    size_t len)
{
	uint8_t room[2048];
	struct wr p = wr_of(room, sizeof room);
	bool is_whole = len == payload->len, has_more = offset + len < payload->len;

	if (w->is_v6) {
		wr_u32(&p, 6u << 28);
		wr_u16(&p, (uint16_t)(len + (is_whole ? 0 : 8)));
		wr_u16(&p, (uint16_t)((is_whole ? proto : 44) << 8 | 64));
	} else {
		wr_u16(&p, 0x4500);
		wr_u16(&p, (uint16_t)(len + 20));
		wr_u16(&p, w->id);
		wr_u16(&p, (uint16_t)((has_more ? 0x2000 : 0) | offset / 8));
		wr_u32(&p, 64u << 24 | (uint32_t)proto << 16);
	}
	put_address(w, &p, w->from_bob ? 2 : 1);
	put_address(w, &p, w->from_bob ? 1 : 2);
	if (w->is_v6 && !is_whole) {
		wr_u16(&p, (uint16_t)(proto << 8));
		wr_u16(&p, (uint16_t)(offset | has_more));
		wr_u32(&p, w->id);
	}
	wr_bytes(&p, payload->bytes + offset, len);
	take(w, &p);
}

/* Datagrams that are too long go in fragments, the last one first. */
static void send_udp(struct world *w, uint16_t src, uint16_t dst, const void *bytes, size_t len)
{
	uint8_t room[2048];
	struct wr p = wr_of(room, sizeof room);

	wr_u16(&p, src);
	wr_u16(&p, dst);
	wr_u16(&p, (uint16_t)(len + 8));
	wr_u16(&p, 0);
	wr_bytes(&p, bytes, len);
	w->id++;
	for (size_t n = (p.len + MTU - 1) / MTU, at; p.len > MTU && n-- > 0;) {
		at = n * (MTU / 8 * 8);
		if (at < p.len)
			send_ip(w, UDP, &p, at,
				p.len - at < MTU / 8 * 8 ? p.len - at : MTU / 8 * 8);
	}
	if (p.len <= MTU)
		send_ip(w, UDP, &p, 0, p.len);
}

static void send_segment(struct world *w, uint32_t seq, const uint8_t *bytes, size_t len)
{
	bool from_bob = w->from_bob;
	uint8_t room[2048];
	struct wr p = wr_of(room, sizeof room);

	wr_u16(&p, from_bob ? 5060 : 40000);
	wr_u16(&p, from_bob ? 40000 : 5060);
	wr_u32(&p, seq);
	wr_u32(&p, 0);
	wr_u32(&p, 0x50180000 | 1000);
	wr_u32(&p, 0);
	wr_bytes(&p, bytes, len);
	send_ip(w, TCP, &p, 0, p.len);
}

/* In pieces: the first, then the others from behind, one of them twice. */
static void send_tcp(struct world *w, const char *text, size_t len)
{
	bool from_bob = w->from_bob;
	const uint8_t *bytes = (const uint8_t *)text;
	uint32_t seq = w->seq[from_bob];
	size_t n = (len + 99) / 100;

	send_segment(w, seq, bytes, len < 100 ? len : 100);
	for (size_t i = n; i-- > 1;)
		send_segment(w, seq + (uint32_t)i * 100, bytes + i * 100,
			     len - i * 100 < 100 ? len - i * 100 : 100);
	send_segment(w, seq, bytes, len < 100 ? len : 100);
	w->seq[from_bob] += (uint32_t)len;
}

static void say(struct world *w, bool from_bob, const char *start, const char *cseq,
		const char *port)
{
	char text[1600], sdp[400] = "";
	const char *host = w->is_v6 ? "IP6 2001:db8::" : "IP4 10.0.0.";
	int len;

	if (port)
		snprintf(sdp, sizeof sdp,
			 "v=0\r\no=- 1234 1 IN %s%u\r\ns=-\r\nc=IN %s%u\r\nt=0 0\r\nm=audio %s "
			 "RTP/AVP 8\r\n",
			 host, 1 + from_bob, host, 1 + from_bob, port);
	len = snprintf(
		text, sizeof text,
		"%s\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK%s\r\nFrom: <sip:alice@x>;tag=a\r\n"
		"To: <sip:bob@x>%s\r\nCall-ID: c1\r\nCSeq: %s\r\n%sContent-Length: %zu\r\n\r\n%s",
		start, cseq, from_bob || cseq[0] > '1' ? ";tag=b" : "", cseq,
		port ? "c: application/sdp\r\n" : "", strlen(sdp), sdp);
	w->from_bob = from_bob;
	if (w->proto == TCP)
		send_tcp(w, text, (size_t)len);
	else
		send_udp(w, 5060, 5060, text, (size_t)len);
}

static void talk(struct world *w, bool from_bob, uint16_t first, int n)
{
	uint8_t rtp[172] = {0x80, 8};

	rtp[11] = from_bob;
	w->from_bob = from_bob;
	for (int i = 0; i < n; i++) {
		rtp[2] = (uint8_t)((first + i) >> 8);
		rtp[3] = (uint8_t)(first + i);
		if (i != 5)
			send_udp(w, from_bob ? 5000 : 4000, from_bob ? 4000 : 5000, rtp,
				 sizeof rtp);
	}
}

static void a_call(struct world *w)
{
	say(w, false, "INVITE sip:bob@x SIP/2.0", "1 INVITE", "4000");
	say(w, true, "SIP/2.0 180 Ringing", "1 INVITE", NULL);
	say(w, true, "SIP/2.0 200 OK", "1 INVITE", "5000");
	say(w, false, "ACK sip:bob@x SIP/2.0", "1 ACK", NULL);
	talk(w, false, 65530, 20);
	talk(w, true, 7, 10);
	say(w, false, "BYE sip:bob@x SIP/2.0", "2 BYE", NULL);
	say(w, true, "SIP/2.0 200 OK", "2 BYE", NULL);
	talk(w, true, 17, 3);
}

static bool says(const struct world *w, const char *text)
{
	return memmem(w->said.bytes, w->said.len, text, strlen(text)) != NULL;
}

static void tells(uint8_t proto, bool is_v6)
{
	const char *way = proto == TCP ? "TCP, out of order" : "UDP, in fragments";
	struct world w;

	begin(&w, proto, is_v6);
	a_call(&w);
	ok(callbook_end(w.book) == 0 && callbook_n_calls(w.book) == 1, "a call over %s, IPv%c", way,
	   is_v6 ? '6' : '4');
	ok(says(&w, "\"requests\":{\"INVITE\":1,\"ACK\":1,\"BYE\":1},\"answers\":{\"180\":1,"
		    "\"200\":2}"),
	   "each message once");
	ok(says(&w, "\"cause\":\"bye\"") && says(&w, "\"caller\":\"sip:alice@x\""),
	   "who, and how it ended");
	ok(says(&w, "\"packets\":19,\"expected\":20,\"lost\":1") &&
		   says(&w, "\"packets\":9,\"expected\":10,\"lost\":1"),
	   "its streams, up to its end, and what did not come of them");
	ok(says(&w, "\"port\":5001,\"kind\":\"rtcp\""), "where media were expected");
	if (tap_failures)
		printf("# %.*s", (int)w.said.len, (const char *)w.said.bytes);
	callbook_free(&w.book);
	wr_fini(&w.said);
}

int main(void)
{
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		tells(UDP, is_v6);
		tells(TCP, is_v6);
	}
	return tap_end();
}
