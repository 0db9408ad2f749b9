/* Where media are expected while a call is forked, transferred, held, given up: at which message an
 * endpoint comes, and at which it goes. */
#include "call/sample.h"

#define ACK    "ACK sip:bob@10.0.0.2 SIP/2.0"
#define UPDATE "UPDATE sip:bob@10.0.0.2 SIP/2.0"
#define CANCEL "CANCEL sip:bob@example.org SIP/2.0"

/* RTP alone, so that lines stay short: RTCP comes to the same port. */
#define MUX(ip, port, more)                                                                        \
	"o=- 123456789 1 IN IP4 " ip "\r\ns=-\r\nc=IN IP4 " ip "\r\nt=0 0\r\nm=audio " port        \
	" RTP/AVP 8\r\na=rtcp-mux-only\r\n" more

/* As set_up, in which RTCP has ports of its own. */
static void set_up_muxed(struct world *w)
{
	usual(w);
	feed(w, (struct said){.sdp = MUX("192.0.2.1", "4000", "")});
	answer(w, "200", (struct said){.to = "b", .sdp = MUX("192.0.2.2", "5000", "")});
	w->media[0] = w->log[ALICE][0] = 0;
}

static void two_answers(struct world *w)
{
	usual(w);
	feed(w, (struct said){.sdp = MUX("192.0.2.1", "4000", "")});
	answer(w, "183", (struct said){.to = "b", .sdp = MUX("192.0.2.2", "5000", "")});
	answer(w, "180", (struct said){.to = "c"});
	answer(w, "200", (struct said){.to = "b", .sdp = MUX("192.0.2.2", "5000", "")});
	w->log[ALICE][0] = w->media[0] = 0;
	answer(w, "200", (struct said){.to = "c", .sdp = MUX("192.0.2.3", "5000", "")});
	hears(w, ALICE, "two telephones answer", "continue<");
	expects(w, "… and both are expected", "+192.0.2.3:5000/rtp+rtcp");
	feed(w, (struct said){.start = BYE, .cseq = "2 BYE", .to = "c", .branch = "8"});
	expects(w, "a BYE that was not answered takes nothing away", "");
	answer(w, "200", (struct said){.cseq = "2 BYE", .to = "c", .branch = "8"});
	hears(w, ALICE, "one is hung up, the call goes on", "continue> continue<");
	expects(w, "… without its media", "-192.0.2.3:5000/rtp+rtcp");
	hang_up(w);
	hears(w, ALICE, "the other ends it", "continue> end:bye<");
	expects(w, "… and nothing is left", "-192.0.2.1:4000/rtp+rtcp -192.0.2.2:5000/rtp+rtcp");
	end(w);
}

static void early_update(struct world *w)
{
	usual(w);
	feed(w, (struct said){.sdp = MUX("192.0.2.1", "4000", "")});
	answer(w, "183",
	       (struct said){.to = "b",
			     .sdp = MUX("192.0.2.2", "5000", ""),
			     .more = "Require: 100rel\r\n"});
	expects(w, "early media may flow both ways",
		"+192.0.2.1:4000/rtp+rtcp +192.0.2.2:5000/rtp+rtcp");
	feed(w, (struct said){.start = "PRACK sip:bob@10.0.0.2 SIP/2.0",
			      .cseq = "2 PRACK",
			      .to = "b",
			      .branch = "2"});
	answer(w, "200", (struct said){.cseq = "2 PRACK", .to = "b", .branch = "2"});
	feed(w, (struct said){.start = UPDATE,
			      .cseq = "3 UPDATE",
			      .to = "b",
			      .branch = "3",
			      .sdp = MUX("192.0.2.1", "4400", "")});
	expects(w, "an UPDATE moves one end before the call is answered",
		"+192.0.2.1:4400/rtp+rtcp");
	answer(w, "200",
	       (struct said){.cseq = "3 UPDATE",
			     .to = "b",
			     .branch = "3",
			     .sdp = MUX("192.0.2.2", "5500", "")});
	expects(w, "… its answer the other; both old ones go with it",
		"-192.0.2.1:4000/rtp+rtcp -192.0.2.2:5000/rtp+rtcp +192.0.2.2:5500/rtp+rtcp");
	answer(w, "200", (struct said){.to = "b"});
	expects(w, "the answer to the INVITE need not say it again", "");
	hears(w, ALICE, "all of it is the call's",
	      "begin> continue< continue> continue< continue> continue< continue<");
	end(w);
}

/* Names are not looked up: who waits for these media must know that they are not known. */
static void at_a_name(struct world *w)
{
	set_up_muxed(w);
	ok(!call_names_host(call_find(w->calls, w->last_call)), "a call that names addresses");
	feed(w, (struct said){.cseq = "2 INVITE",
			      .to = "b",
			      .branch = "3",
			      .sdp = MUX("phone.example.org", "4000", "")});
	answer(w, "200",
	       (struct said){.cseq = "2 INVITE",
			     .to = "b",
			     .branch = "3",
			     .sdp = MUX("192.0.2.2", "5000", "")});
	ok(call_names_host(call_find(w->calls, w->last_call)), "one that names a host");
	feed(w, (struct said){.cseq = "3 INVITE",
			      .to = "b",
			      .branch = "4",
			      .sdp = MUX("phone.example.org", "4000", "a=inactive\r\n")});
	answer(w, "200",
	       (struct said){.cseq = "3 INVITE",
			     .to = "b",
			     .branch = "4",
			     .sdp = MUX("192.0.2.2", "5000", "a=inactive\r\n")});
	ok(!call_names_host(call_find(w->calls, w->last_call)), "on hold none awaits media");
	end(w);
}

static void held(struct world *w)
{
	set_up_muxed(w);
	feed(w, (struct said){.cseq = "2 INVITE",
			      .to = "b",
			      .branch = "3",
			      .sdp = MUX("192.0.2.1", "4000", "a=inactive\r\n")});
	answer(w, "200",
	       (struct said){.cseq = "2 INVITE",
			     .to = "b",
			     .branch = "3",
			     .sdp = MUX("192.0.2.2", "5000", "a=inactive\r\n")});
	ok(call_leg_next(call_find(w->calls, w->last_call), NULL)->is_held, "a call is held");
	expects(w, "its endpoints stay: music may come",
		"~192.0.2.1:4000/rtp+rtcp ~192.0.2.2:5000/rtp+rtcp");
	feed(w, (struct said){.cseq = "3 INVITE",
			      .to = "b",
			      .branch = "4",
			      .sdp = MUX("192.0.2.1", "4000", "")});
	answer(w, "200",
	       (struct said){.cseq = "3 INVITE",
			     .to = "b",
			     .branch = "4",
			     .sdp = MUX("192.0.2.2", "5000", "")});
	ok(!call_leg_next(call_find(w->calls, w->last_call), NULL)->is_held, "and resumed");
	expects(w, "they turn, and none comes or goes",
		"~192.0.2.1:4000/rtp+rtcp ~192.0.2.2:5000/rtp+rtcp");
	end(w);
}

/* CANCEL and the answer meet on the way: the answer counts (RFC 3261 9.1). */
static void cancelled_late(struct world *w)
{
	usual(w);
	feed(w, (struct said){.sdp = MUX("192.0.2.1", "4000", "")});
	answer(w, "180", (struct said){.to = "b"});
	feed(w, (struct said){.start = CANCEL, .cseq = "1 CANCEL"});
	answer(w, "200", (struct said){.to = "b", .sdp = MUX("192.0.2.2", "5000", "")});
	answer(w, "200", (struct said){.cseq = "1 CANCEL", .to = "b"});
	feed(w, (struct said){.start = ACK, .cseq = "1 ACK", .to = "b", .branch = "2"});
	later(w, 60);
	ok(call_find(w->calls, w->last_call) &&
		   call_find(w->calls, w->last_call)->state == CALL_LIVE &&
		   !strstr(w->log[ALICE], "end"),
	   "a CANCEL that comes too late ends nothing");
	expects(w, "… and both ends are expected",
		"+192.0.2.1:4000/rtp+rtcp +192.0.2.2:5000/rtp+rtcp");
	w->log[ALICE][0] = 0;
	hang_up(w);
	hears(w, ALICE, "it ends when it is hung up", "continue> end:bye<");
	end(w);
}

static void cancelled_change(struct world *w)
{
	set_up_muxed(w);
	feed(w, (struct said){.cseq = "2 INVITE",
			      .to = "b",
			      .branch = "3",
			      .sdp = MUX("192.0.2.9", "4400", "")});
	feed(w, (struct said){.start = CANCEL, .cseq = "2 CANCEL", .to = "b", .branch = "3"});
	answer(w, "200", (struct said){.cseq = "2 CANCEL", .to = "b", .branch = "3"});
	answer(w, "487", (struct said){.cseq = "2 INVITE", .to = "b", .branch = "3"});
	expects(w, "a change that is given up leaves all as it was",
		"+192.0.2.9:4400/rtp+rtcp -192.0.2.9:4400/rtp+rtcp");
	later(w, 60);
	hears(w, ALICE, "… and the call goes on", "continue> continue> continue< continue<");
	end(w);
}

/* 3xx: the caller goes elsewhere, under the same Call-ID. */
static void redirected(struct world *w)
{
	usual(w);
	feed(w, (struct said){.sdp = MUX("192.0.2.1", "4000", "")});
	answer(w, "302", (struct said){.to = "b", .more = "Contact: <sip:carol@10.0.0.5>\r\n"});
	expects(w, "a call that is redirected keeps only what a new offer may say",
		"+192.0.2.1:4000/rtp+rtcp -192.0.2.1:4000/rtp+rtcp");
	feed(w, (struct said){.start = ACK, .cseq = "1 ACK", .to = "b"});
	feed(w, (struct said){.start = "INVITE sip:carol@10.0.0.5 SIP/2.0",
			      .cseq = "2 INVITE",
			      .branch = "2",
			      .dst = 5,
			      .sdp = MUX("192.0.2.1", "4002", "")});
	later(w, 100);
	answer(w, "200",
	       (struct said){.cseq = "2 INVITE",
			     .branch = "2",
			     .dst = 5,
			     .to = "c",
			     .sdp = MUX("192.0.2.5", "5000", "")});
	expects(w, "where it goes on, however long it rings there",
		"+192.0.2.1:4002/rtp+rtcp +192.0.2.5:5000/rtp+rtcp");
	hears(w, ALICE, "… it is one call", "begin> continue< continue> continue> continue<");
	ok(call_find(w->calls, w->last_call)->n_legs == 1, "… of one leg");
	end(w);
}

/* Bob asks Alice to call Carol in his place, with whom he talks already (RFC 3891, RFC 3515). */
static void transferred(struct world *w)
{
	set_up_muxed(w);
	w->n_targets = 0;
	feed(w, (struct said){.call_id = "bc",
			      .from = "x",
			      .src = 2,
			      .dst = 3,
			      .sdp = MUX("192.0.2.2", "5002", "")});
	answer(w, "200",
	       (struct said){.call_id = "bc",
			     .from = "x",
			     .src = 2,
			     .dst = 3,
			     .to = "y",
			     .sdp = MUX("192.0.2.3", "6000", "")});
	w->media[0] = w->log[ALICE][0] = 0;
	feed(w, (struct said){.start = "REFER sip:alice@10.0.0.1 SIP/2.0",
			      .cseq = "3 REFER",
			      .from = "b",
			      .to = "a",
			      .branch = "r",
			      .src = 2,
			      .dst = 1,
			      .more = "Refer-To: <sip:carol@10.0.0.3?Replaces=bc%3Bto-tag%3Dy"
				      "%3Bfrom-tag%3Dx>\r\n"});
	w->n_targets = 1;
	feed(w, (struct said){.start = "INVITE sip:carol@10.0.0.3 SIP/2.0",
			      .call_id = "ac",
			      .from = "t",
			      .dst = 3,
			      .branch = "t1",
			      .more = "Replaces: bc;to-tag=y;from-tag=x\r\n",
			      .sdp = MUX("192.0.2.1", "4004", "")});
	expects(w, "the call that replaces is expected beside the first",
		"+192.0.2.1:4004/rtp+rtcp");
	answer(w, "200",
	       (struct said){.call_id = "ac",
			     .from = "t",
			     .dst = 3,
			     .branch = "t1",
			     .to = "u",
			     .sdp = MUX("192.0.2.3", "6002", "")});
	hears(w, ALICE, "a transferred call is the one that it was",
	      "continue< continue> continue<");
	expects(w, "… media follow it to the new end", "+192.0.2.3:6002/rtp+rtcp");
	feed(w, (struct said){.start = BYE, .cseq = "9 BYE", .to = "b", .branch = "9"});
	answer(w, "200", (struct said){.cseq = "9 BYE", .to = "b", .branch = "9"});
	hears(w, ALICE, "the first leg ends, the call does not", "continue> continue<");
	expects(w, "… and leaves nothing behind",
		"-192.0.2.1:4000/rtp+rtcp -192.0.2.2:5000/rtp+rtcp");
	feed(w, (struct said){.start = BYE,
			      .cseq = "2 BYE",
			      .call_id = "ac",
			      .from = "t",
			      .to = "u",
			      .branch = "t2",
			      .dst = 3});
	answer(w, "200",
	       (struct said){.cseq = "2 BYE",
			     .call_id = "ac",
			     .from = "t",
			     .to = "u",
			     .branch = "t2",
			     .dst = 3});
	hears(w, ALICE, "it ends with the second", "continue> end:bye<");
	expects(w, "… and what the others said to each other was never expected",
		"-192.0.2.1:4004/rtp+rtcp -192.0.2.3:6002/rtp+rtcp");
	end(w);
}

#define INFO                "INFO sip:bob@10.0.0.2 SIP/2.0"
#define CANDIDATE(ip, port) "a=candidate:1 1 UDP 2130706431 " ip " " port " typ host\r\n"

/* RFC 8840: Alice's candidates come behind her description, before and behind the answer. */
static void trickled(struct world *w)
{
	static const char offer[] =
		"o=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
		"m=audio 9 UDP/TLS/RTP/SAVPF 8\r\na=mid:x\r\na=rtcp-mux-only\r\n"
		"m=video 9 UDP/TLS/RTP/SAVPF 99\r\na=mid:y\r\na=rtcp-mux-only\r\n";
	static const char first[] = "a=ice-ufrag:8hhY\r\nm=video 9 RTP/AVP 0\r\na=mid:y\r\n"
				    "a=rtcp-mux\r\n" CANDIDATE("192.0.2.7", "4000");
	static const char more[] =
		"m=video 9 RTP/AVP 0\r\na=mid:y\r\na=rtcp-mux\r\n" CANDIDATE("192.0.2.7", "4000")
			CANDIDATE("203.0.113.5", "45664") "a=end-of-candidates\r\n";
	const struct call_media *media;
	size_t n;

	usual(w);
	feed(w, (struct said){.sdp = offer});
	answer(w, "183", (struct said){.to = "b", .sdp = MUX("192.0.2.2", "5000", "")});
	expects(w, "a description may have no address yet", "+192.0.2.2:5000/rtp+rtcp");
	feed(w,
	     (struct said){
		     .start = INFO, .cseq = "2 INFO", .to = "b", .branch = "2", .fragment = first});
	answer(w, "200", (struct said){.cseq = "2 INFO", .to = "b", .branch = "2"});
	expects(w, "a candidate that comes later is expected", "+192.0.2.7:4000/rtp+rtcp");
	media = call_media_of(call_find(w->calls, w->last_call), &n);
	for (size_t i = 0; i < n; i++)
		ok(media[i].at.line == (media[i].at.party == 0), "… in the line of its mid");
	answer(w, "200", (struct said){.to = "b", .sdp = MUX("192.0.2.2", "5000", "")});
	feed(w,
	     (struct said){
		     .start = INFO, .cseq = "3 INFO", .to = "b", .branch = "3", .fragment = more});
	expects(w, "one more, behind the answer; what is repeated is not told again",
		"+203.0.113.5:45664/rtp+rtcp");
	feed(w, (struct said){.start = INFO,
			      .cseq = "4 INFO",
			      .to = "z",
			      .branch = "4",
			      .src = 8,
			      .fragment = "m=audio 9 RTP/AVP 0\r\n" CANDIDATE("192.0.2.66", "6")});
	expects(w, "a stranger's are not", "");
	hang_up(w);
	expects(w, "all go with the call",
		"-192.0.2.7:4000/rtp+rtcp -203.0.113.5:45664/rtp+rtcp -192.0.2.2:5000/rtp+rtcp");
	end(w);
}

int main(void)
{
	static struct world w;

	two_answers(&w);
	early_update(&w);
	held(&w);
	at_a_name(&w);
	cancelled_late(&w);
	cancelled_change(&w);
	redirected(&w);
	transferred(&w);
	trickled(&w);
	return tap_end();
}
