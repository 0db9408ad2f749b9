#include "call/call.h"

#include "call/sample.h"

static void a_call(struct world *w)
{
	const struct call *call;
	const struct call_leg *leg;
	size_t n;

	usual(w);
	feed(w, (struct said){.sdp = "192.0.2.1 4000"});
	expects(w, "media may come before the answer", "+192.0.2.1:4000/rtp +192.0.2.1:4001/rtcp");
	feed(w, (struct said){.sdp = "192.0.2.1 4000"});
	answer(w, "100", (struct said){0});
	answer(w, "180", (struct said){.to = "b"});
	answer(w, "200", (struct said){.to = "b", .sdp = "192.0.2.2 5000"});
	answer(w, "200", (struct said){.to = "b", .sdp = "192.0.2.2 5000"});
	feed(w, (struct said){.start = "ACK sip:bob@10.0.0.2 SIP/2.0",
			      .cseq = "1 ACK",
			      .to = "b",
			      .branch = "2"});
	hears(w, ALICE, "a call is set up; what is sent again is told as such",
	      "begin> continue*> continue< continue< continue< continue*< continue>");
	expects(w, "both ends are expected", "+192.0.2.2:5000/rtp +192.0.2.2:5001/rtcp");
	call = call_find(w->calls, w->last_call);
	leg = call ? call_leg_next(call, NULL) : NULL;
	ok(call && call->state == CALL_LIVE && call->answered.ns && call->n_legs == 1 &&
		   call->n_media == 4 && call_media_of(call, &n) && n == 4,
	   "it is live");
	ok(leg && !strcmp(leg->caller, "sip:alice@example.org") &&
		   !strcmp(leg->called, "sip:bob@example.org") && leg->status == 200 &&
		   leg->n_requests[SIP_INVITE] == 1 && leg->n_answers[2] == 1 &&
		   leg->n_repeated == 2 && leg->n_dialogs == 1 && !leg->is_midway,
	   "its leg knows who, and how often");
	hang_up(w);
	hears(w, ALICE, "it ends with the answer to BYE", "continue> end:bye<");
	expects(w, "nothing is expected any more",
		"-192.0.2.1:4000/rtp -192.0.2.1:4001/rtcp -192.0.2.2:5000/rtp "
		"-192.0.2.2:5001/rtcp");
	answer(w, "200",
	       (struct said){.cseq = "9 BYE", .to = "b", .branch = "9", .more = "X: 1\r\n"});
	hears(w, ALICE, "what comes behind the end is reported", "report<");
	later(w, 33);
	ok(call_n_legs(w->calls) == 0 && w->n_gone == 1, "it is forgotten 32 s later");
	end(w);
}

static void refusals(struct world *w)
{
	usual(w);
	feed(w, (struct said){.sdp = "192.0.2.1 4000"});
	answer(w, "486", (struct said){.to = "b"});
	feed(w, (struct said){.start = "ACK sip:bob@10.0.0.2 SIP/2.0", .cseq = "1 ACK", .to = "b"});
	hears(w, ALICE, "busy", "begin> end:refused< report>");
	feed(w, (struct said){.cseq = "2 INVITE", .branch = "3"});
	hears(w, ALICE, "tried anew under the same Call-ID", "begin>");
	answer(w, "407", (struct said){.cseq = "2 INVITE", .branch = "3", .to = "c"});
	feed(w, (struct said){.cseq = "3 INVITE", .branch = "4"});
	hears(w, ALICE, "a challenge does not end it", "continue< continue>");
	feed(w, (struct said){.start = "CANCEL sip:bob@example.org SIP/2.0",
			      .cseq = "3 CANCEL",
			      .branch = "4"});
	answer(w, "200", (struct said){.cseq = "3 CANCEL", .branch = "4"});
	answer(w, "487", (struct said){.cseq = "3 INVITE", .branch = "4", .to = "d"});
	hears(w, ALICE, "the caller gives up", "continue> continue< end:cancelled<");
	later(w, 40);
	feed(w, (struct said){.call_id = "c2"});
	answer(w, "302", (struct said){.call_id = "c2", .to = "b"});
	later(w, 33);
	hears(w, ALICE, "redirected, and nobody went there", "begin> continue< end:redirected");
	feed(w, (struct said){.call_id = "c3"});
	answer(w, "302", (struct said){.call_id = "c3", .to = "b"});
	feed(w, (struct said){.call_id = "c3", .cseq = "2 INVITE", .branch = "7", .dst = 5});
	answer(w, "200",
	       (struct said){
		       .call_id = "c3", .cseq = "2 INVITE", .branch = "7", .dst = 5, .to = "e"});
	hears(w, ALICE, "redirected, and it goes on", "begin> continue< continue> continue<");
	ok(call_leg_next(call_find(w->calls, w->last_call), NULL)->status == 200,
	   "… and its answer is that of who was called then");
	feed(w, (struct said){.call_id = "c4"});
	later(w, 201);
	hears(w, ALICE, "nobody answers", "begin> end:timeout");
	end(w);
}

static void on_the_way(struct world *w)
{
	usual(w);
	feed(w, (struct said){.sdp = "192.0.2.1 4000"});
	feed(w, (struct said){.src = 2, .dst = 3, .branch = "p", .sdp = "192.0.2.1 4000"});
	answer(w, "200",
	       (struct said){
		       .src = 2, .dst = 3, .branch = "p", .to = "b", .sdp = "192.0.2.2 5000"});
	answer(w, "200", (struct said){.to = "b", .sdp = "192.0.2.2 5000"});
	hears(w, ALICE, "a proxy's stretches are one leg", "begin> continue> continue< continue<");
	expects(w, "… and one set of endpoints",
		"+192.0.2.1:4000/rtp +192.0.2.1:4001/rtcp +192.0.2.2:5000/rtp "
		"+192.0.2.2:5001/rtcp");
	feed(w, (struct said){.start = BYE, .cseq = "2 BYE", .to = "b", .branch = "8"});
	feed(w,
	     (struct said){
		     .start = BYE, .cseq = "2 BYE", .to = "b", .branch = "9", .src = 2, .dst = 3});
	answer(w, "200",
	       (struct said){.cseq = "2 BYE", .to = "b", .branch = "9", .src = 2, .dst = 3});
	answer(w, "200", (struct said){.cseq = "2 BYE", .to = "b", .branch = "8"});
	hears(w, ALICE, "it ends with the last answer", "continue> continue> continue< end:bye<");
	end(w);
}

/* A proxy that relays media, and the next one, all on one host. */
static void relays(struct world *w)
{
	usual(w);
	feed(w, (struct said){.sdp = "192.0.2.1 4000"});
	feed(w, (struct said){.branch = "p", .sdp = "10.0.0.9 6000"});
	answer(w, "200", (struct said){.branch = "p", .to = "b", .sdp = "192.0.2.2 5000"});
	answer(w, "200", (struct said){.to = "b", .sdp = "10.0.0.9 7000"});
	expects(w, "what each stretch says is expected, though they share their ends",
		"+192.0.2.1:4000/rtp +192.0.2.1:4001/rtcp +10.0.0.9:6000/rtp +10.0.0.9:6001/rtcp "
		"+192.0.2.2:5000/rtp +192.0.2.2:5001/rtcp +10.0.0.9:7000/rtp +10.0.0.9:7001/rtcp");
	end(w);
}

static void changes(struct world *w)
{
	usual(w);
	set_up(w);
	w->media[0] = w->log[ALICE][0] = 0;
	feed(w,
	     (struct said){.cseq = "2 INVITE", .to = "b", .branch = "3", .sdp = "192.0.2.9 4400"});
	expects(w, "a new offer is in force beside the old",
		"+192.0.2.9:4400/rtp +192.0.2.9:4401/rtcp");
	answer(w, "200",
	       (struct said){
		       .cseq = "2 INVITE", .to = "b", .branch = "3", .sdp = "192.0.2.2 5000"});
	expects(w, "its answer makes it final", "-192.0.2.1:4000/rtp -192.0.2.1:4001/rtcp");
	feed(w,
	     (struct said){.cseq = "3 INVITE", .to = "b", .branch = "4", .sdp = "192.0.2.7 4000"});
	answer(w, "488", (struct said){.cseq = "3 INVITE", .to = "b", .branch = "4"});
	expects(w, "a refused offer is gone, and the call goes on",
		"+192.0.2.7:4000/rtp +192.0.2.7:4001/rtcp -192.0.2.7:4000/rtp "
		"-192.0.2.7:4001/rtcp");
	feed(w, (struct said){.cseq = "4 INVITE",
			      .to = "b",
			      .branch = "5",
			      .sdp = "o=- 1 2 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\n"
				     "t=0 0\r\nm=audio 4400 RTP/AVP 8\r\na=sendonly\r\n"});
	answer(w, "200",
	       (struct said){.cseq = "4 INVITE",
			     .to = "b",
			     .branch = "5",
			     .sdp = "o=- 1 2 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\n"
				    "t=0 0\r\nm=audio 5000 RTP/AVP 8\r\na=recvonly\r\n"});
	expects(w, "hold turns endpoints",
		"~192.0.2.9:4400/rtp ~192.0.2.9:4401/rtcp "
		"~192.0.2.2:5000/rtp ~192.0.2.2:5001/rtcp");
	ok(call_leg_next(call_find(w->calls, w->last_call), NULL)->is_held,
	   "… and the leg is held");
	feed(w, (struct said){.start = "UPDATE sip:bob@10.0.0.2 SIP/2.0",
			      .cseq = "5 UPDATE",
			      .to = "b",
			      .branch = "6",
			      .sdp = "192.0.2.9 4400"});
	answer(w, "200",
	       (struct said){.cseq = "5 UPDATE", .to = "b", .branch = "6", .sdp = "192.0.2.2 0"});
	expects(w, "UPDATE resumes; a line of port 0 is no more",
		"-192.0.2.2:5000/rtp -192.0.2.2:5001/rtcp ~192.0.2.9:4400/rtp "
		"~192.0.2.9:4401/rtcp");
	feed(w, (struct said){.cseq = "6 INVITE", .to = "b", .branch = "7"});
	answer(w, "200",
	       (struct said){
		       .cseq = "6 INVITE", .to = "b", .branch = "7", .sdp = "192.0.2.2 6000"});
	expects(w, "an offer may come in the answer", "+192.0.2.2:6000/rtp +192.0.2.2:6001/rtcp");
	feed(w, (struct said){.start = "ACK sip:bob@10.0.0.2 SIP/2.0",
			      .cseq = "6 ACK",
			      .to = "b",
			      .branch = "8",
			      .sdp = "192.0.2.9 4500"});
	expects(w, "… and its answer in ACK",
		"-192.0.2.9:4400/rtp -192.0.2.9:4401/rtcp +192.0.2.9:4500/rtp "
		"+192.0.2.9:4501/rtcp");
	feed(w, (struct said){.cseq = "7 INVITE", .to = "b", .branch = "x"});
	answer(w, "481", (struct said){.cseq = "7 INVITE", .to = "b", .branch = "x"});
	ok(strstr(w->log[ALICE], "end:gone<"), "a party that knows of no call ends it");
	end(w);
}

static void early_media(struct world *w)
{
	usual(w);
	feed(w, (struct said){0});
	answer(w, "183", (struct said){.to = "b", .sdp = "192.0.2.2 5000"});
	feed(w, (struct said){.start = "PRACK sip:bob@10.0.0.2 SIP/2.0",
			      .cseq = "2 PRACK",
			      .to = "b",
			      .branch = "2",
			      .sdp = "192.0.2.1 4000"});
	expects(w, "early media: the offer in 183, the answer in PRACK",
		"+192.0.2.2:5000/rtp +192.0.2.2:5001/rtcp +192.0.2.1:4000/rtp "
		"+192.0.2.1:4001/rtcp");
	answer(w, "183", (struct said){.to = "c", .sdp = "192.0.2.3 5000"});
	expects(w, "another fork has media of its own", "+192.0.2.3:5000/rtp +192.0.2.3:5001/rtcp");
	answer(w, "200", (struct said){.to = "c"});
	expects(w, "one fork answers: the other's are gone",
		"-192.0.2.2:5000/rtp -192.0.2.2:5001/rtcp");
	ok(call_leg_next(call_find(w->calls, w->last_call), NULL)->n_dialogs == 2, "two dialogs");
	end(w);
}

static void descriptions(struct world *w)
{
	usual(w);
	feed(w,
	     (struct said){
		     .sdp = "o=- 1 2 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\n"
			    "m=audio 4000 RTP/SAVPF 8\r\na=rtcp-mux\r\n"
			    "a=candidate:1 1 UDP 99 192.0.2.1 4444 typ host\r\n"
			    "a=candidate:1 2 UDP 98 192.0.2.1 4445 typ host\r\n"
			    "a=candidate:2 1 UDP 98 x.local 4445 typ host\r\n"
			    "a=candidate:3 1 TCP 98 192.0.2.1 9 typ host\r\n"
			    "m=video 5000 RTP/AVP 34\r\nc=IN IP4 192.0.2.8\r\n"
			    "a=rtcp:5555 IN IP4 192.0.2.7\r\n"
			    "m=image 6000 udptl t38\r\n"
			    "m=message 7000 TCP/MSRP *\r\n"
			    "m=audio 8000 RTP/AVP 8\r\nc=IN IP4 phone.example.org\r\n"
			    "m=audio 8000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\n"});
	expects(w, "several lines, one port for both, ports of their own, candidates, facsimile",
		"+2001:db8::1:4000/rtp+rtcp +2001:db8::1:4001/rtcp +192.0.2.1:4444/rtp+rtcp "
		"+192.0.2.1:4445/rtcp +192.0.2.8:5000/rtp +192.0.2.7:5555/rtcp "
		"+2001:db8::1:6000/udptl");
	ok(call_count(w->calls, CALL_COUNT_NAMED_HOSTS) == 3,
	   "host names are counted, not looked up");
	end(w);
}

static void behind_a_translator(struct world *w)
{
	struct media_hit to_bob = {.line = 0, .party = 1, .kind = MEDIA_RTP};
	struct media_endpoint far = {.ip = {{203, 0, 113, 5}, 4}, .port = 33333};
	struct media_endpoint known = {.ip = {{192, 0, 2, 1}, 4}, .port = 4000};

	usual(w);
	set_up(w);
	w->media[0] = 0;
	to_bob.owner = w->last_call;
	for (int i = 0; i < 3; i++) {
		expects(w, "one packet from elsewhere proves little", "");
		call_heard(w->calls, &to_bob, &far, w->now);
		call_heard(w->calls, &to_bob, &known, w->now);
	}
	expects(w, "three show where she really is", "+203.0.113.5:33333/rtp");
	call_heard(w->calls, &to_bob, &far, w->now);
	expects(w, "… once", "");
	later(w, 12 * 3600 - 10);
	call_heard(w->calls, &to_bob, &far, w->now);
	later(w, 3600);
	ok(!strstr(w->log[ALICE], "end"), "media keep a call up");
	later(w, 11 * 3600);
	ok(strstr(w->log[ALICE], "end:expired"), "silence of twelve hours ends it");
	ok(strstr(w->media, "-203.0.113.5:33333/rtp"), "… and what was learned goes");
	end(w);
}

/* Packets keep a call up however short the silence is that would end it. */
static void kept_up(struct world *w)
{
	struct media_hit to_bob = {.party = 1, .kind = MEDIA_RTP, .has_peer = true};
	struct media_endpoint known = {.ip = {{192, 0, 2, 1}, 4}, .port = 4000};

	begin(w, (struct call_options){.idle_limit = nanos_from_s(2)});
	set_up(w);
	to_bob.owner = w->last_call;
	for (int i = 0; i < 100; i++) {
		w->now.ns += nanos_from_s(1).ns / 10;
		call_heard(w->calls, &to_bob, &known, w->now);
		call_tick(w->calls, w->now);
	}
	ok(!strstr(w->log[ALICE], "end"), "media keep a call up where two seconds would end it");
	later(w, 2);
	ok(strstr(w->log[ALICE], "end:expired"), "… which they do");
	end(w);
}

static size_t last_calls(void *arg, const struct media_endpoint *at,
			 uint32_t owners[MEDIA_MAX_OWNERS])
{
	const struct world *w = arg;

	owners[0] = w->last_call;
	return at->port == 5000;
}

/* A call whose end was not seen, and others who are given its port. */
static void ousted(struct world *w)
{
	const struct said stranger = {
		.call_id = "c7", .from = "s", .src = 8, .dst = 9, .sdp = "192.0.2.2 5000"};

	begin(w, (struct call_options){.joins = 0, .whose = last_calls});
	set_up(w);
	w->n_targets = 0;
	later(w, 10);
	feed(w, stranger);
	ok(!strstr(w->log[ALICE], "end"), "a call that was heard of lately keeps its ports");
	later(w, 10);
	feed(w, (struct said){
			.call_id = "c8", .from = "s", .src = 8, .dst = 9, .sdp = "192.0.2.2 5002"});
	ok(!strstr(w->log[ALICE], "end"), "another port is no news of it");
	feed(w, (struct said){
			.call_id = "c9", .from = "s", .src = 8, .dst = 9, .sdp = "192.0.2.2 5000"});
	ok(strstr(w->log[ALICE], "end:ousted") && call_count(w->calls, CALL_COUNT_OUSTED) == 1,
	   "one that was long silent ends when others are given its port");
	ok(strstr(w->media, "-192.0.2.2:5000/rtp"), "… and nothing is expected there");
	end(w);
}

static void exchanges(struct world *w)
{
	usual(w);
	feed(w, (struct said){.start = "REGISTER sip:example.org SIP/2.0", .cseq = "1 REGISTER"});
	answer(w, "200", (struct said){.cseq = "1 REGISTER", .to = "b", .more = "Expires: 60\r\n"});
	feed(w, (struct said){.start = "MESSAGE sip:bob@example.org SIP/2.0",
			      .cseq = "1 MESSAGE",
			      .call_id = "m1"});
	feed(w, (struct said){.start = "OPTIONS sip:bob@example.org SIP/2.0",
			      .cseq = "1 OPTIONS",
			      .call_id = "o1"});
	hears(w, ALICE, "what is no call is reported", "report> report< report> report>");
	later(w, 33);
	ok(call_n_legs(w->calls) == 0, "and forgotten");
	set_up(w);
	w->log[ALICE][0] = 0;
	feed(w, (struct said){.start = "MESSAGE sip:bob@example.org SIP/2.0",
			      .cseq = "2 MESSAGE",
			      .to = "b",
			      .branch = "5"});
	hears(w, ALICE, "a message within a call is the call's", "continue>");
	end(w);
}

static void midway(struct world *w)
{
	usual(w);
	feed(w, (struct said){.start = "UPDATE sip:bob@10.0.0.2 SIP/2.0",
			      .cseq = "5 UPDATE",
			      .to = "b",
			      .sdp = "192.0.2.1 4000"});
	hears(w, ALICE, "a call that was up before begins where it is first heard of", "begin>");
	expects(w, "its media are expected from then on",
		"+192.0.2.1:4000/rtp +192.0.2.1:4001/rtcp");
	hang_up(w);
	hears(w, ALICE, "and it ends", "continue> end:bye<");
	later(w, 60);
	feed(w, (struct said){.start = BYE, .cseq = "9 BYE", .to = "b", .branch = "9"});
	later(w, 33);
	hears(w, ALICE, "a BYE alone, without an answer", "begin> end:bye");
	end(w);
}

static void two_targets(struct world *w)
{
	usual(w);
	w->n_targets = 0;
	feed(w, (struct said){.sdp = "192.0.2.1 4000"});
	expects(w, "nobody's call: nothing is expected", "");
	w->targets[0] = (struct call_target){BOB, false};
	w->n_targets = 1;
	answer(w, "180", (struct said){.to = "b"});
	hears(w, BOB, "one whom an answer names: from there on", "begin>");
	expects(w, "… and its media", "+192.0.2.1:4000/rtp +192.0.2.1:4001/rtcp");
	w->targets[0] = (struct call_target){ALICE, true};
	answer(w, "200", (struct said){.to = "b"});
	w->n_targets = 0;
	hang_up(w);
	hears(w, ALICE, "each has his own beginning and end", "begin< continue> end:bye<");
	hears(w, BOB, "… seen from his own side", "continue> continue< end:bye>");
	end(w);
}

static void joins(struct world *w)
{
#define ID "0123456789abcdef0123456789abcdef"
	usual(w);
	feed(w, (struct said){.more = "Session-ID: " ID
				      ";remote=00000000000000000000000000000000\r\n"});
	w->n_targets = 0;
	feed(w, (struct said){.call_id = "c2",
			      .from = "x",
			      .src = 2,
			      .dst = 3,
			      .branch = "2",
			      .more = "Session-ID: " ID "\r\n"});
	feed(w, (struct said){.call_id = "c2", .from = "y", .src = 3, .dst = 4, .branch = "3"});
	feed(w, (struct said){.call_id = "c9",
			      .from = "z",
			      .more = "Session-ID: 00000000000000000000000000000000\r\n"});
	hears(w, ALICE, "legs of one call", "begin> continue> continue>");
	answer(w, "486", (struct said){.to = "b"});
	hears(w, ALICE, "one leg ends, the call does not", "continue<");
	later(w, 202);
	hears(w, ALICE, "it ends with its last leg", "end:timeout");
	later(w, 40);
	said("each leg keeps why it is of the call", w->legs,
	     "c9:first c1:first c2:session-id c2:call-id");
	end(w);
}

static void more_joins(struct world *w)
{
	usual(w);
	feed(w, (struct said){.sdp = "192.0.2.1 4000"});
	w->n_targets = 0;
	feed(w, (struct said){.call_id = "c2", .dst = 4, .sdp = "192.0.2.1 4000"});
	ok(call_find(w->calls, 2) != NULL, "two calls of one telephone with one o= line are two");
	feed(w, (struct said){.call_id = "c3", .src = 2, .dst = 3, .sdp = "192.0.2.1 4000"});
	ok(call_find(w->calls, 3) == NULL,
	   "one that goes on from where another arrived is the same");
	feed(w, (struct said){.call_id = "c4",
			      .src = 7,
			      .dst = 8,
			      .more = "Replaces: c1;to-tag=b;from-tag=a\r\n"});
	feed(w, (struct said){.start = "REFER sip:alice@10.0.0.1 SIP/2.0",
			      .cseq = "3 REFER",
			      .to = "b",
			      .branch = "r",
			      .src = 2,
			      .dst = 1,
			      .more = "Refer-To: <sip:carol@example.org>\r\n"});
	feed(w, (struct said){.start = "INVITE sip:carol@example.org SIP/2.0", .call_id = "c5"});
	feed(w, (struct said){.start = "INVITE sip:carol@example.org SIP/2.0",
			      .call_id = "c6",
			      .src = 9});
	end(w);
	said("replaced and referred calls are joined, others are not", w->legs,
	     "c2:first c6:first c1:first c3:origin c4:replaces c5:refer");

	begin(w, (struct call_options){.joins = 0});
	feed(w, (struct said){.sdp = "192.0.2.1 4000"});
	feed(w, (struct said){.call_id = "c3", .src = 2, .dst = 3, .sdp = "192.0.2.1 4000"});
	feed(w, (struct said){.from = "other"});
	end(w);
	said("each rule may be off", w->legs, "c1:first c3:first c1:first");

	begin(w, (struct call_options){.joins = 1 << CALL_JOIN_ANY_ORIGIN});
	feed(w, (struct said){.sdp = "192.0.2.1 4000"});
	feed(w, (struct said){.call_id = "c3", .src = 8, .dst = 9, .sdp = "192.0.2.1 4000"});
	end(w);
	said("one that is off unless asked for may be on", w->legs, "c1:first c3:any-origin");
}

/* A message that breaks off or says nothing is refused, never believed. */
static void nonsense(struct world *w)
{
	unsigned n_named = 0;

	static const char bad_cseq[] = "INVITE sip:b SIP/2.0\r\nCall-ID: x\r\nCSeq: z\r\n"
				       "From: <sip:a@a>\r\nTo: <sip:b@b>\r\n\r\n";
	static const char *const lines[] = {
		"INVITE sip:b@b SIP/2.0\r\n\r\n",
		"SIP/2.0 200 OK\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n",
		bad_cseq,
	};

	usual(w);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct sip_message sip;
		struct call_message m = {.sip = &sip, .time = w->now};

		if (sip_message_read(lines[i], strlen(lines[i]), &sip) == 0)
			call_feed(w->calls, &m);
	}
	ok(call_n_legs(w->calls) == 0 && call_count(w->calls, CALL_COUNT_BAD) == 3,
	   "messages without Call-ID, CSeq, From or To are refused");
	w->n_targets = 0;
	answer(w, "200", (struct said){.cseq = "1 OPTIONS", .to = "b"});
	ok(call_count(w->calls, CALL_COUNT_STRAY) == 1, "an answer to nothing is a stray");
	for (int i = 0; i < CALL_N_COUNTS; i++)
		n_named += call_count_key(i)[0] != 0;
	ok(n_named == CALL_N_COUNTS, "counts have names");
	end(w);
}

/* Messages wait for their turn while the clock goes on, or it is set back between two. */
static void late_messages(struct world *w)
{
	int64_t sent;

	usual(w);
	feed(w, (struct said){0});
	sent = w->now.ns;
	call_tick(w->calls, (struct nanos){sent + (int64_t)30 * NANOS_PER_S});
	feed(w, (struct said){.start = "SIP/2.0 180 Ringing", .to = "b", .src = 2, .dst = 1});
	ok(w->told_ns == sent && !strcmp(w->log[ALICE], "begin> continue<"),
	   "what a message tells has its time, and not that of a clock that is ahead of it: %s",
	   w->log[ALICE]);
	end(w);
}

int main(void)
{
	static struct world w;

	a_call(&w);
	late_messages(&w);
	refusals(&w);
	on_the_way(&w);
	relays(&w);
	changes(&w);
	early_media(&w);
	descriptions(&w);
	behind_a_translator(&w);
	kept_up(&w);
	ousted(&w);
	exchanges(&w);
	midway(&w);
	two_targets(&w);
	joins(&w);
	more_joins(&w);
	nonsense(&w);
	return tap_end();
}
