/* Calls in lines, for tests: who says what to whom, and what was told of it in words.
 *
 *	feed(&w, (struct said){.sdp = "192.0.2.1 4000"});
 *	answer(&w, "180", (struct said){.to = "b"});
 *	hears(&w, ALICE, "it rings", "begin> continue<");
 *	expects(&w, "media may come", "+192.0.2.1:4000/rtp +192.0.2.1:4001/rtcp");
 */
#ifndef CALL_SAMPLE_H
#define CALL_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "call/call.h"

enum { LOG_LEN = 1 << 14, ALICE = 1, BOB = 2 };

/* What was told, as words: events of a target, and endpoints that came (+), went (-), turned
 * (~). */
struct world {
	struct calls *calls;
	struct nanos now;
	int64_t step_ns;      /* from one message to the next */
	int64_t told_ns;      /* time of the last event */
	char log[4][LOG_LEN]; /* by target */
	char media[LOG_LEN];
	char legs[LOG_LEN]; /* of calls that are gone */
	struct call_target targets[2];
	size_t n_targets;
	unsigned n_gone;
	unsigned n_begun;
	uint32_t last_call;
};

static inline void add(char *log, const char *word)
{
	size_t len = strlen(log);

	snprintf(log + len, LOG_LEN - len, "%s%s", len ? " " : "", word);
}

static inline void on_event(void *arg, const struct call_event *e)
{
	static const char *const parties[] = {"caller", "called", "nobody"};
	struct world *w = arg;
	char word[80];

	snprintf(word, sizeof word, "%s%s%s%s%s", call_event_key(e->kind),
		 e->is_repeated ? "*" : "", e->kind == CALL_END ? ":" : "",
		 e->kind == CALL_END ? call_cause_key(e->cause) : "",
		 e->message ? e->from == e->target_is ? ">" : "<" : "");
	if (e->message && e->target_is == CALL_NOBODY)
		snprintf(word, sizeof word, "%s(%s)", call_event_key(e->kind), parties[e->from]);
	add(w->log[e->target % 4], word);
	w->n_begun += e->kind == CALL_BEGIN;
	w->last_call = e->call->number;
	w->told_ns = e->time.ns;
}

static inline void on_media(void *arg, const struct call *call, const struct call_media *m,
			    enum call_media_news news, struct nanos time)
{
	struct world *w = arg;
	char ip[NET_IP_TEXT_LEN], word[120];

	(void)call;
	(void)time;
	net_ip_print(&m->at.at.ip, ip);
	snprintf(word, sizeof word, "%c%s:%u/%s", "+~-"[news], ip, m -> at.at.port,
		 media_kind_key(m->at.kind));
	add(w->media, word);
}

static inline void on_gone(void *arg, const struct call *call)
{
	struct world *w = arg;
	char word[200];

	w->n_gone++;
	for (const struct call_leg *l = call_leg_next(call, NULL); l; l = call_leg_next(call, l)) {
		snprintf(word, sizeof word, "%s:%s", l->call_id, call_join_key(l->joined_by));
		add(w->legs, word);
	}
}

static inline void begin(struct world *w, struct call_options options)
{
	memset(w, 0, sizeof *w);
	options.on_event = on_event;
	options.on_media = on_media;
	options.on_gone = on_gone;
	options.arg = w;
	w->now = nanos_from_s(1000);
	w->step_ns = NANOS_PER_MS;
	w->targets[0] = (struct call_target){ALICE, true};
	w->n_targets = 1;
	if (call_new(&w->calls, &options) < 0)
		exit(1);
}

static inline void usual(struct world *w)
{
	begin(w, (struct call_options){.joins = CALL_JOINS_USUAL});
}

static inline void end(struct world *w)
{
	call_free(&w->calls);
}

/* Who tells, to whom, and what; what is not said is as in the first INVITE of Alice to Bob. */
struct said {
	const char *start;
	const char *cseq;
	const char *call_id;
	const char *from; /* tag */
	const char *to;   /* tag; "": none */
	const char *branch;
	const char *more;     /* header lines */
	const char *sdp;      /* "192.0.2.1 4000": address and port of one audio line; or lines */
	const char *fragment; /* lines of candidates that come later */
	uint8_t src;          /* last octet of 10.0.0.x */
	uint8_t dst;
};

static inline const char *or_else(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

static inline void write_sdp(char *out, size_t size, const char *sdp)
{
	const char *port = sdp && !strchr(sdp, '=') ? strchr(sdp, ' ') : NULL;
	int len = port ? (int)(port - sdp) : 0;

	out[0] = 0;
	if (port)
		snprintf(out, size,
			 "v=0\r\no=- 123456789 1 IN IP4 %.*s\r\ns=-\r\nc=IN IP4 %.*s\r\nt=0 0\r\n"
			 "m=audio%s RTP/AVP 8\r\n",
			 len, sdp, len, sdp, port);
	else if (sdp)
		snprintf(out, size, "v=0\r\n%s", sdp);
}

static inline void feed(struct world *w, struct said s)
{
	char bytes[8192], sdp[4096], type[64];
	struct sip_message sip;
	struct call_message m = {.sip = &sip,
				 .src_port = 5060,
				 .dst_port = 5060,
				 .time = w->now,
				 .targets = w->targets,
				 .n_targets = w->n_targets};
	int len;

	write_sdp(sdp, sizeof sdp, s.sdp);
	snprintf(type, sizeof type, "%s",
		 s.fragment ? "Content-Type: application/trickle-ice-sdpfrag\r\n"
		 : s.sdp    ? "Content-Type: application/sdp\r\n"
			    : "");
	if (s.fragment)
		snprintf(sdp, sizeof sdp, "%s", s.fragment);
	len = snprintf(bytes, sizeof bytes,
		       "%s\r\nVia: SIP/2.0/UDP 10.0.0.%u;branch=z9hG4bK%s\r\n"
		       "From: <sip:alice@example.org>;tag=%s\r\nTo: <sip:bob@example.org>%s%s\r\n"
		       "Call-ID: %s\r\nCSeq: %s\r\n%s%sContent-Length: %zu\r\n\r\n%s",
		       or_else(s.start, "INVITE sip:bob@example.org SIP/2.0"), 1u,
		       or_else(s.branch, "1"), or_else(s.from, "a"), s.to && s.to[0] ? ";tag=" : "",
		       or_else(s.to, ""), or_else(s.call_id, "c1"), or_else(s.cseq, "1 INVITE"),
		       or_else(s.more, ""), type, strlen(sdp), sdp);
	if (sip_message_read(bytes, (size_t)len, &sip) < 0)
		exit(1);
	m.src = (struct net_ip){{10, 0, 0, s.src ? s.src : 1}, 4};
	m.dst = (struct net_ip){{10, 0, 0, s.dst ? s.dst : 2}, 4};
	call_feed(w->calls, &m);
	w->now.ns += w->step_ns;
}

/* An answer: from the other side. */
static inline void answer(struct world *w, const char *status, struct said s)
{
	char start[80];
	uint8_t src = s.src ? s.src : 1;

	snprintf(start, sizeof start, "SIP/2.0 %s x", status);
	s.start = start;
	s.src = s.dst ? s.dst : 2;
	s.dst = src;
	feed(w, s);
}

static inline void later(struct world *w, int64_t seconds)
{
	w->now.ns += nanos_from_s(seconds).ns;
	call_tick(w->calls, w->now);
}

static inline bool said(const char *what, const char *log, const char *wanted)
{
	bool is_right = ok(!strcmp(log, wanted), "%s", what);

	if (!is_right)
		printf("# told:   %s\n# wanted: %s\n", log, wanted);
	return is_right;
}

/* What was heard since the last look. */
static inline void hears(struct world *w, unsigned target, const char *what, const char *wanted)
{
	said(what, w->log[target], wanted);
	w->log[target][0] = 0;
}

static inline void expects(struct world *w, const char *what, const char *wanted)
{
	said(what, w->media, wanted);
	w->media[0] = 0;
}

static inline void set_up(struct world *w)
{
	feed(w, (struct said){.sdp = "192.0.2.1 4000"});
	answer(w, "180", (struct said){.to = "b"});
	answer(w, "200", (struct said){.to = "b", .sdp = "192.0.2.2 5000"});
	feed(w, (struct said){.start = "ACK sip:bob@10.0.0.2 SIP/2.0",
			      .cseq = "1 ACK",
			      .to = "b",
			      .branch = "2"});
}

#define BYE "BYE sip:bob@10.0.0.2 SIP/2.0"

static inline void hang_up(struct world *w)
{
	feed(w, (struct said){.start = BYE, .cseq = "9 BYE", .to = "b", .branch = "9"});
	answer(w, "200", (struct said){.cseq = "9 BYE", .to = "b", .branch = "9"});
}

#endif
