#include "handover/delivery.h"

#include <string.h>

#include "base/tap.h"

static const struct delivery_terms usual = {
	.keepalive_interval = {100LL * NANOS_PER_S},
	.keepalive_wait = {30LL * NANOS_PER_S},
	.retry = {10LL * NANOS_PER_S},
};

enum { TRI_LEN = 60, NOTHING = 255 };

static struct nanos at(double s)
{
	return (struct nanos){(int64_t)(s * NANOS_PER_S)};
}

static struct delivery up(const struct delivery_terms *terms)
{
	struct delivery d;

	delivery_init(&d, terms, 0, at(0));
	(void)delivery_dials(&d, at(0));
	delivery_connected(&d, 1000, true, at(0));
	return d;
}

/* The kind of the TRI that is due, which is then written; NOTHING. */
static uint8_t said(struct delivery *d, bool has_more, double now, uint32_t *number)
{
	uint8_t kind;

	if (!delivery_says(d, has_more, at(now), &kind, number))
		return NOTHING;
	delivery_wrote_tri(d, TRI_LEN, true);
	return kind;
}

static int hears(struct delivery *d, uint8_t kind, uint32_t number, double now)
{
	struct answer answer = {.kind = kind, .number = number};
	struct why why = {0};

	return delivery_heard(d, &answer, at(now), &why);
}

static bool is_expired(const struct delivery *d, double now)
{
	return delivery_expired(d, at(now), NULL);
}

static void test_keepalive(void)
{
	struct delivery d = up(&usual);
	uint32_t n = 99;

	ok(delivery_is_up(&d), "without options a connection is up at once");
	ok(said(&d, false, 99.9, &n) == NOTHING, "no keep-alive before its interval");
	ok(delivery_wake(&d, false, at(99)).ns == at(100).ns, "it says when it wants to be woken");
	ok(delivery_wake(&d, false, at(101)).ns == at(100).ns &&
		   delivery_wake(&d, true, at(101)).ns > at(101).ns,
	   "also when that has just passed, but for a socket that takes nothing now");
	ok(said(&d, true, 100, &n) == ETSI_TRI_KEEP_ALIVE && n == 0,
	   "then there is one, also where records wait, with number 0");
	ok(said(&d, true, 129, &n) == NOTHING, "one at a time");
	ok(delivery_wake(&d, false, at(129)).ns == at(130).ns && !is_expired(&d, 129),
	   "after 29 s without an answer there is hope");
	ok(is_expired(&d, 131), "after 31 s there is none");
	ok(hears(&d, ETSI_TRI_KEEP_ALIVE_RESPONSE, 0, 129) == 0 && !is_expired(&d, 1000),
	   "answered, nothing is due");
	ok(said(&d, true, 200, &n) == ETSI_TRI_KEEP_ALIVE && n == 1, "until the next, number 1");
	ok(hears(&d, ETSI_TRI_KEEP_ALIVE_RESPONSE, 0, 201) == ERR_BAD,
	   "an answer with another number is none");
	ok(hears(&d, ETSI_TRI_KEEP_ALIVE_RESPONSE, 1, 201) == 0 &&
		   hears(&d, ETSI_TRI_KEEP_ALIVE_RESPONSE, 1, 201) == ERR_BAD,
	   "nor is a second one");
	ok(hears(&d, ETSI_TRI_KEEP_ALIVE, 1, 201) == ERR_BAD && hears(&d, 77, 1, 201) == ERR_BAD,
	   "nor what no agency says");
	ok(d.n_keepalives == 2 && d.n_answers == 2, "both are counted");
}

static void test_keepalive_off(void)
{
	struct delivery_terms terms = usual;
	struct delivery d;
	uint32_t n;

	terms.keepalive_interval.ns = 0;
	d = up(&terms);
	ok(said(&d, false, 1e6, &n) == NOTHING && delivery_wake(&d, false, at(1)).ns == INT64_MAX,
	   "without an interval there are no keep-alives");
	terms = usual;
	terms.keepalive_wait.ns = 0;
	d = up(&terms);
	ok(said(&d, false, 100, &n) == ETSI_TRI_KEEP_ALIVE && !is_expired(&d, 199) &&
		   said(&d, false, 200, &n) == ETSI_TRI_KEEP_ALIVE && n == 1,
	   "without a wait they need no answer");
	ok(hears(&d, ETSI_TRI_KEEP_ALIVE_RESPONSE, 1, 201) == 0, "but may have one");
}

static void test_slow(void)
{
	struct delivery d = up(&usual);
	uint32_t n;

	delivery_wrote_records(&d, 100000, 100000);
	(void)said(&d, true, 100, &n);
	delivery_wrote_records(&d, 100000, 100000);
	delivery_unacked(&d, 150060, at(110));
	ok(!is_expired(&d, 139), "who takes what lies before the question gets its time");
	delivery_unacked(&d, 100030, at(120));
	delivery_unacked(&d, 50000, at(130));
	ok(!is_expired(&d, 159) && is_expired(&d, 161),
	   "until it has the question: what follows gives it no more");
	delivery_unacked(&d, 0, at(155));
	ok(is_expired(&d, 161), "however much");
}

static void test_stuck(void)
{
	struct delivery d = up(&usual);

	delivery_wrote_records(&d, 100000, 100000);
	delivery_unacked(&d, 90000, at(90));
	ok(!is_expired(&d, 129) && is_expired(&d, 131),
	   "who takes nothing, so that no keep-alive can go out, has no more time than others");
	delivery_unacked(&d, 80000, at(120));
	ok(!is_expired(&d, 149) && is_expired(&d, 151) &&
		   delivery_wake(&d, true, at(121)).ns == at(150).ns,
	   "who takes a little has it from then on");
	delivery_unacked(&d, 0, at(140));
	ok(!is_expired(&d, 1000), "where all is taken, a keep-alive can go out");
}

static void test_connections(void)
{
	struct delivery d;

	delivery_init(&d, &usual, 5, at(0));
	ok(d.state == DELIVERY_DOWN && delivery_wake(&d, false, at(0)).ns == 0 &&
		   delivery_dials(&d, at(0)) && !delivery_dials(&d, at(0)),
	   "it dials at once, and once");
	ok(!is_expired(&d, 9) && is_expired(&d, 10), "a connection must come about in 10 s");
	delivery_lost(&d, at(3));
	ok(!delivery_dials(&d, at(12.9)) && delivery_dials(&d, at(13)),
	   "an attempt that failed is made again after the retry time");
	delivery_connected(&d, 0, true, at(14));
	delivery_lost(&d, at(20));
	ok(delivery_dials(&d, at(20)), "a connection that is lost is made again at once");
	delivery_connected(&d, 0, true, at(20));
	delivery_lost(&d, at(20.5));
	ok(!delivery_dials(&d, at(21.4)) && delivery_dials(&d, at(21.5)),
	   "but not in a circle without a pause");
	delivery_connected(&d, 0, true, at(30));
	ok(d.number == 5 && d.n_connections == 3, "numbers go on over connections");
}

static void test_progress(void)
{
	struct delivery d = up(&usual);
	uint32_t n;

	ok(d.done == 1000 && d.sent == 1000, "a connection begins where it is told to");
	delivery_wrote_records(&d, 5000, 5000);
	delivery_unacked(&d, 5000, at(1));
	ok(d.sent == 6000 && d.done == 1000, "what is written is not there yet");
	delivery_unacked(&d, 1500, at(1));
	ok(d.done == 4500, "what TCP has acknowledged is");
	delivery_unacked(&d, 3000, at(1));
	ok(d.done == 4500, "and is not taken back");
	(void)said(&d, true, 100, &n);
	delivery_wrote_records(&d, 1000, 1000);
	delivery_unacked(&d, 1020, at(101));
	ok(d.done == 6000, "behind a keep-alive it is counted octet by octet too");
	delivery_unacked(&d, 300, at(101));
	ok(d.done == 6700, "none of its own octets counted as records");
	delivery_unacked(&d, 0, at(102));
	ok(d.done == 7000, "all, at last");
	delivery_unacked(&d, 999999, at(102));
	ok(d.done == 7000 && d.wire_acked == 6060, "nonsense changes nothing");
}

static void test_cipher(void)
{
	struct delivery d = up(&usual);

	delivery_connected(&d, 0, false, at(0));
	delivery_wrote_records(&d, 100, 122);
	delivery_wrote_records(&d, 0, 50);
	delivery_wrote_records(&d, 100, 72);
	delivery_wrote_records(&d, 100, 122);
	delivery_unacked(&d, 366 - 121, at(1));
	ok(d.done == 0, "a part of cipher text is worth nothing");
	delivery_unacked(&d, 366 - 122, at(1));
	ok(d.done == 100, "the whole is its records");
	delivery_unacked(&d, 123, at(1));
	ok(d.done == 100, "whoever was interrupted in the middle of it");
	delivery_unacked(&d, 122, at(1));
	ok(d.done == 200, "the second");
	delivery_unacked(&d, 0, at(1));
	ok(d.done == 300 && !d.n_marks, "and all");
}

static void test_marks(void)
{
	struct delivery d = up(&usual);
	uint64_t most = 0;
	bool is_sound = true;

	delivery_connected(&d, 0, false, at(0));
	for (int i = 0; i < 3 * DELIVERY_MAX_MARKS; i++)
		delivery_wrote_records(&d, 100, 110);
	for (uint64_t open = d.wire_written; open; open -= open < 55 ? open : 55) {
		uint64_t has = (d.wire_written - open) / 110 * 100;

		delivery_unacked(&d, open, at(1));
		is_sound &= d.done <= has && d.done >= most;
		most = d.done;
	}
	delivery_unacked(&d, 0, at(2));
	ok(is_sound && most > 0, "with more marks than are kept, never more than the agency has");
	ok(d.done == UINT64_C(300) * DELIVERY_MAX_MARKS, "and in the end all");
	for (int i = 0; i < 2 * DELIVERY_MAX_MARKS; i++) {
		delivery_wrote_records(&d, 100, 110);
		delivery_unacked(&d, 0, at(3));
	}
	ok(d.done == UINT64_C(500) * DELIVERY_MAX_MARKS, "marks are used again");
}

static void test_confirmed(void)
{
	struct delivery d = up(&usual);
	uint32_t n;

	delivery_wrote_records(&d, 500, 500);
	(void)said(&d, true, 100, &n);
	delivery_wrote_records(&d, 500, 500);
	delivery_unacked(&d, 0, at(101));
	ok(d.done == 2000 && d.confirmed == 1000, "TCP confirms nothing");
	ok(!hears(&d, ETSI_TRI_KEEP_ALIVE_RESPONSE, n, 102) && d.confirmed == 1500,
	   "the answer to a keep-alive confirms what lies before it");
	delivery_connected(&d, 1500, true, at(200));
	delivery_wrote_records(&d, 500, 500);
	(void)said(&d, true, 300, &n);
	delivery_unacked(&d, 600, at(301));
	ok(!hears(&d, ETSI_TRI_KEEP_ALIVE_RESPONSE, n, 302) && d.done == 2000,
	   "and is believed before TCP");
}

static struct delivery agreed(bool is_accepted)
{
	struct delivery_terms terms = usual;
	struct answer answer = {.kind = ETSI_TRI_OPTION_RESPONSE, .is_accepted = is_accepted};
	struct why why = {0};
	struct delivery d;
	uint32_t n;

	terms.acknowledge = true;
	d = up(&terms);
	ok(d.state == DELIVERY_AGREEING && said(&d, true, 0, &n) == ETSI_TRI_OPTION_REQUEST,
	   "options are asked for first");
	ok(said(&d, true, 1, &n) == NOTHING && !is_expired(&d, 29) && is_expired(&d, 31),
	   "their answer is waited for");
	ok(hears(&d, ETSI_TRI_OPTION_RESPONSE, n + 1, 2) == ERR_BAD, "it repeats the number");
	answer.number = n;
	ok(!delivery_heard(&d, &answer, at(2), &why) && delivery_is_up(&d), "then it is up");
	ok(said(&d, true, 2, &n) == ETSI_TRI_OPTION_COMPLETE, "says so");
	ok(said(&d, true, 2, &n) == NOTHING, "and has nothing more to say");
	return d;
}

static void test_acknowledgement(void)
{
	struct delivery d = agreed(true);
	uint32_t first, second;

	delivery_wrote_records(&d, 1000, 1000);
	delivery_unacked(&d, 0, at(3));
	ok(d.done == 1000, "what TCP acknowledges does not count any more");
	ok(said(&d, true, 3, &first) == NOTHING, "while records follow, nothing is asked");
	ok(said(&d, false, 3, &first) == ETSI_TRI_ACKNOWLEDGEMENT_REQUEST,
	   "when none does, they are asked for");
	ok(said(&d, false, 4, &second) == NOTHING, "once");
	delivery_wrote_records(&d, DELIVERY_ACK_EVERY, DELIVERY_ACK_EVERY);
	ok(said(&d, true, 4, &second) == ETSI_TRI_ACKNOWLEDGEMENT_REQUEST && second == first + 1,
	   "and after so many octets");
	ok(hears(&d, ETSI_TRI_ACKNOWLEDGEMENT_RESPONSE, first, 5) == 0 && d.done == 2000,
	   "an answer covers what went before its question");
	ok(!is_expired(&d, 33) && is_expired(&d, 35), "each needs its answer");
	ok(hears(&d, ETSI_TRI_ACKNOWLEDGEMENT_RESPONSE, first, 5) == ERR_BAD, "and has one");
	for (int i = 0; i < 100; i++) {
		delivery_wrote_records(&d, DELIVERY_ACK_EVERY, DELIVERY_ACK_EVERY);
		(void)said(&d, true, 6, &second);
	}
	ok(d.n_questions == DELIVERY_MAX_QUESTIONS - 1 &&
		   said(&d, true, 100, &second) == ETSI_TRI_KEEP_ALIVE,
	   "questions are bounded, and leave room for a keep-alive");
	d = agreed(false);
	delivery_wrote_records(&d, 1000, 1000);
	delivery_unacked(&d, 0, at(3));
	ok(d.done == 2000 && said(&d, false, 3, &first) == NOTHING,
	   "an agency that declines is believed by its TCP");
}

static void test_settled(void)
{
	struct delivery_terms mute = usual;
	struct delivery d;
	uint32_t n = 0;

	mute.keepalive_wait = (struct nanos){0};
	d = up(&mute);
	delivery_wrote_records(&d, 1000, 1000);
	delivery_unacked(&d, 0, at(10));
	ok(d.done == 2000 && d.confirmed == 1000 &&
		   delivery_wake(&d, false, at(10)).ns == at(60).ns,
	   "of who answers nothing it is looked at again");
	delivery_unacked(&d, 0, at(60));
	ok(d.confirmed == 1000 && delivery_wake(&d, false, at(61)).ns <= at(120).ns,
	   "what its TCP has had for less than a minute is not confirmed");
	delivery_wrote_records(&d, 500, 500);
	delivery_unacked(&d, 0, at(100));
	delivery_unacked(&d, 0, at(120));
	ok(d.done == 2500 && d.confirmed == 2000, "what it has had for a minute is, and no more");
	delivery_lost(&d, at(121));
	(void)delivery_dials(&d, at(140));
	delivery_connected(&d, 2000, true, at(140));
	delivery_unacked(&d, 0, at(200));
	ok(d.confirmed == 2000, "a minute of one connection");
	d = up(&usual);
	delivery_wrote_records(&d, 1000, 1000);
	delivery_unacked(&d, 0, at(60));
	delivery_unacked(&d, 0, at(99));
	ok(said(&d, false, 100, &n) == ETSI_TRI_KEEP_ALIVE, "who answers is asked");
	delivery_unacked(&d, 0, at(125));
	ok(d.confirmed == 1000, "and has what its answers say");
}

int main(void)
{
	test_keepalive();
	test_keepalive_off();
	test_slow();
	test_stuck();
	test_connections();
	test_progress();
	test_cipher();
	test_marks();
	test_confirmed();
	test_settled();
	test_acknowledgement();
	ok(!strcmp(delivery_state_text(DELIVERY_AGREEING), "agreeing") &&
		   !strcmp(delivery_event_text(DELIVERY_ON_LOST), "lost"),
	   "states and events have names");
	return tap_end();
}
