/* Floods: what strangers send drives out their own, and nothing of a target's. */
#include <malloc.h>

#include "call/sample.h"

enum { MAX_LEGS_HERE = 2000, N_STRANGERS = 30000 };

/* One message of a stranger, of the kinds that there are in turn. */
static void stranger(struct world *w, unsigned i, const char *name)
{
	static const char *const methods[] = {"INVITE", "INVITE", "REGISTER", "MESSAGE", "BYE"};
	const char *method = methods[i % 5];
	char id[32], start[40], cseq[20];

	snprintf(id, sizeof id, "%s%u", name, i);
	snprintf(start, sizeof start, "%s sip:x@example.org SIP/2.0", method);
	snprintf(cseq, sizeof cseq, "1 %s", method);
	feed(w, (struct said){.start = start,
			      .cseq = cseq,
			      .call_id = id,
			      .src = 66,
			      .sdp = i % 5 ? NULL : "192.0.2.66 6000"});
	if (i % 5 == 1)
		answer(w, i % 2 ? "200" : "486",
		       (struct said){
			       .call_id = id, .src = 66, .to = "z", .sdp = "192.0.2.67 4000"});
}

static size_t in_use(void)
{
	return mallinfo2().uordblks;
}

static void flood(struct world *w, unsigned n, const char *name, bool is_mine)
{
	struct call_target target = w->targets[0];

	w->n_targets = is_mine;
	for (unsigned i = 0; i < n; i++)
		stranger(w, i, name);
	w->targets[0] = target;
	w->n_targets = 1;
}

/* One of each: up, ringing, held by a challenge, about to be hung up, over, and no call at all. */
static void target_has_each(struct world *w)
{
	set_up(w);
	feed(w, (struct said){.call_id = "ringing", .sdp = "192.0.2.1 4100"});
	answer(w, "180", (struct said){.call_id = "ringing", .to = "b"});
	feed(w, (struct said){.call_id = "challenged"});
	answer(w, "407", (struct said){.call_id = "challenged", .to = "b"});
	feed(w, (struct said){.call_id = "ending"});
	answer(w, "200", (struct said){.call_id = "ending", .to = "b"});
	feed(w, (struct said){.start = BYE, .cseq = "9 BYE", .call_id = "ending", .to = "b"});
	feed(w, (struct said){.call_id = "over"});
	answer(w, "486", (struct said){.call_id = "over", .to = "b"});
	feed(w, (struct said){.start = "REGISTER sip:example.org SIP/2.0",
			      .cseq = "1 REGISTER",
			      .call_id = "register"});
	w->log[ALICE][0] = 0;
}

/* Each goes on as if nothing had been. */
static void each_goes_on(struct world *w)
{
	hears(w, ALICE, "… of which the target hears nothing", "");
	answer(w, "200", (struct said){.cseq = "1 REGISTER", .call_id = "register", .to = "b"});
	hears(w, ALICE, "an exchange gets its answer", "report<");
	feed(w, (struct said){.start = "ACK sip:bob@10.0.0.2 SIP/2.0",
			      .cseq = "1 ACK",
			      .call_id = "over",
			      .to = "b"});
	hears(w, ALICE, "a call that was over is known to be", "report>");
	answer(w, "200", (struct said){.cseq = "9 BYE", .call_id = "ending", .to = "b"});
	hears(w, ALICE, "one that was being hung up ends so", "end:bye<");
	feed(w, (struct said){.cseq = "2 INVITE", .call_id = "challenged", .branch = "2"});
	hears(w, ALICE, "one that was challenged is tried again", "continue>");
	answer(w, "200", (struct said){.call_id = "ringing", .to = "b", .sdp = "192.0.2.2 5100"});
	hears(w, ALICE, "one that rang is answered", "continue<");
	w->media[0] = 0;
	hang_up(w);
	hears(w, ALICE, "the one that is up is there to the end", "continue> end:bye<");
	expects(w, "… with its media",
		"-192.0.2.1:4000/rtp -192.0.2.1:4001/rtcp -192.0.2.2:5000/rtp "
		"-192.0.2.2:5001/rtcp");
}

static void strangers(struct world *w)
{
	size_t before, after;

	begin(w, (struct call_options){.max_legs = MAX_LEGS_HERE});
	target_has_each(w);
	w->step_ns = NANOS_PER_MS / 10; /* all within half a minute */
	flood(w, N_STRANGERS / 10, "a", false);
	before = in_use();
	flood(w, N_STRANGERS, "b", false);
	after = in_use();
	ok(call_n_legs(w->calls) == MAX_LEGS_HERE &&
		   call_count(w->calls, CALL_COUNT_EVICTED) > N_STRANGERS / 2,
	   "%d messages of strangers drive out each other", N_STRANGERS);
	ok(after <= before + before / 4, "… and memory is bounded: %zu KB, then %zu KB",
	   before / 1024, after / 1024);
	each_goes_on(w);
	end(w);
}

/* Strangers who copy what they can of a target's call get legs of it, eight at the most. */
static void copies(struct world *w)
{
	char tag[16];

	begin(w, (struct call_options){.max_legs = 100, .joins = CALL_JOINS_USUAL});
	set_up(w);
	w->n_targets = 0;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(tag, sizeof tag, "x%u", i);
		feed(w, (struct said){.from = tag, .branch = tag, .sdp = "192.0.2.66 6000"});
	}
	ok(call_n_legs(w->calls) <= 100 &&
		   call_find(w->calls, w->last_call)->n_legs == CALL_MAX_LEGS,
	   "who copies a target's Call-ID gets eight legs of its call at most");
	w->log[ALICE][0] = 0;
	hang_up(w);
	ok(strstr(w->log[ALICE], "continue> continue<"), "its own dialog is still known");
	end(w);
}

static void own_calls(struct world *w)
{
	char id[32];

	begin(w, (struct call_options){.max_legs = 100});
	set_up(w);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(id, sizeof id, "y%u", i);
		feed(w, (struct said){.call_id = id, .src = 66});
	}
	ok(call_n_legs(w->calls) == 100 && !strstr(w->log[ALICE], "end:bye"),
	   "a flood of calls to the target drives out those that only ring");
	w->log[ALICE][0] = 0;
	w->n_targets = 0;
	for (unsigned i = 0; i < 10; i++)
		stranger(w, 5 * i, "z");
	ok(call_count(w->calls, CALL_COUNT_REFUSED) == 10,
	   "a table full of targets' calls refuses others");
	hang_up(w);
	hears(w, ALICE, "the one that is up is there to the end", "continue> end:bye<");
	end(w);
}

/* A call to more telephones than a leg has dialogs. */
static void many_forks(struct world *w)
{
	char tag[16], sdp[32];

	usual(w);
	feed(w, (struct said){.sdp = "192.0.2.1 4000"});
	for (unsigned i = 0; i < 40; i++) {
		snprintf(tag, sizeof tag, "f%u", i);
		snprintf(sdp, sizeof sdp, "192.0.2.%u 5000", 10 + i);
		answer(w, "183", (struct said){.to = tag, .sdp = sdp});
	}
	ok(call_count(w->calls, CALL_COUNT_TOO_MANY_DIALOGS) == 40 - CALL_MAX_DIALOGS,
	   "of forty telephones that ring, sixteen are known");
	ok(!strstr(w->media, "-192.0.2.1:4000"), "the caller's endpoints stay");
	w->log[ALICE][0] = w->media[0] = 0;
	answer(w, "200", (struct said){.to = "new", .sdp = "192.0.2.2 5000"});
	hears(w, ALICE, "a seventeenth that answers makes the call live", "continue<");
	ok(call_find(w->calls, w->last_call)->state == CALL_LIVE &&
		   call_find(w->calls, w->last_call)->n_media == 4 &&
		   strstr(w->media, "+192.0.2.2:5000/rtp"),
	   "… with its own media and the caller's, and no others");
	feed(w, (struct said){.start = BYE, .cseq = "9 BYE", .to = "new", .branch = "9"});
	answer(w, "200", (struct said){.cseq = "9 BYE", .to = "new", .branch = "9"});
	hears(w, ALICE, "… and ends with it", "continue> end:bye<");
	end(w);
}

int main(void)
{
	static struct world w;

	strangers(&w);
	copies(&w);
	own_calls(&w);
	many_forks(&w);
	return tap_end();
}
