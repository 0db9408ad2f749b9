/* Questions on a loop of the test's own: no fact depends on when something comes. */
#include "doubt/doubt.h"

#include "base/tap.h"

enum { WITHIN_MS = 20000, SPIN_MS = 1, SHORT_MS = 30, LONG_S = 3600 };

static struct loop *loop;
static uint64_t n_asked, last_asked; /* questions that were put, and the last one's number */
static int n_settled, n_resigned;
static struct doubt *doubt;

static void ask(void *owner, uint64_t number)
{
	(void)owner;
	n_asked++;
	last_asked = number;
}

static void settled(void *owner)
{
	(void)owner;
	n_settled++;
}

static void resigned(void *owner)
{
	(void)owner;
	n_resigned += doubt_is_resigned(doubt) && !n_settled;
}

static void begin(struct nanos patience)
{
	const struct doubt_options options = {.loop = loop,
					      .patience = patience,
					      .ask = ask,
					      .settled = settled,
					      .resigned = resigned,
					      .gather = {NANOS_PER_MS},
					      .again = {5 * NANOS_PER_MS}};

	n_asked = last_asked = 0;
	n_settled = n_resigned = 0;
	if (doubt_new(&doubt, &options))
		ok(false, "there is memory");
}

/* ---- time ---- */

struct waiting {
	bool (*is_true)(void);
	struct nanos until;
};

static void look(void *owner)
{
	const struct waiting *w = owner;

	if (w->is_true() || loop_now().ns > w->until.ns)
		loop_stop(loop);
}

static bool comes_true(bool (*is_true)(void))
{
	struct waiting w = {is_true, {loop_now().ns + WITHIN_MS * (int64_t)NANOS_PER_MS}};
	struct loop_timer timer = {.loop = NULL};

	loop_timer_init(&timer, loop, look, &w);
	loop_timer_every(&timer, (struct nanos){SPIN_MS * (int64_t)NANOS_PER_MS});
	if (loop_run(loop))
		ok(false, "the loop runs");
	loop_timer_fini(&timer);
	return is_true();
}

static bool is_asked(void)
{
	return n_asked > 0;
}

static bool is_asked_thrice(void)
{
	return n_asked > 2;
}

static bool is_resigned(void)
{
	return doubt_is_resigned(doubt);
}

/* ---- what holds ---- */

static void doubts_come_together(void)
{
	uint64_t first, later;

	begin(nanos_from_s(LONG_S));
	ok(doubt_is_settled(doubt, 0) && !doubt_is_resigned(doubt), "at first there is no doubt");
	first = doubt_raise(doubt);
	ok(doubt_raise(doubt) == first && doubt_is_open(doubt, first) && !n_asked,
	   "doubts come together, before the question is put");
	ok(comes_true(is_asked) && last_asked >= first && !doubt_is_open(doubt, first) &&
		   !doubt_is_settled(doubt, first),
	   "it is put; it is not settled by that");
	later = doubt_raise(doubt);
	ok(later > last_asked && doubt_is_open(doubt, later),
	   "what comes then is another question's");
	doubt_answer(doubt, first);
	ok(n_settled == 1 && doubt_is_settled(doubt, first) && !doubt_is_settled(doubt, later),
	   "the answer settles what came before the question, and no more");
	doubt_answer(doubt, later);
	ok(!doubt_is_settled(doubt, later), "what was not asked has no answer");
	doubt_answer(doubt, first);
	ok(n_settled == 1, "an answer that comes twice says nothing");
	doubt_free(&doubt);
	ok(!doubt, "it ends with a question open");
}

static void a_question_is_put_again(void)
{
	uint64_t question;

	begin(nanos_from_s(LONG_S));
	question = doubt_raise(doubt);
	ok(comes_true(is_asked_thrice) && last_asked == n_asked &&
		   !doubt_is_settled(doubt, question),
	   "a question without an answer is put again, under another number");
	doubt_ask_again(doubt);
	ok(last_asked == n_asked && n_asked > 3, "at once where somebody is there to answer");
	doubt_answer(doubt, last_asked);
	ok(doubt_is_settled(doubt, question),
	   "an answer to the last settles what the first was about");
	n_asked = 0;
	doubt_ask_again(doubt);
	ok(!n_asked, "and nothing more is asked");
	doubt_free(&doubt);
}

static void patience_ends(void)
{
	uint64_t question;

	begin((struct nanos){SHORT_MS * (int64_t)NANOS_PER_MS});
	question = doubt_raise(doubt);
	ok(comes_true(is_resigned) && n_resigned == 1 && n_settled == 1 &&
		   doubt_is_settled(doubt, question),
	   "without an answer patience ends, and what waits is settled");
	n_asked = 0;
	ok(comes_true(is_asked), "it is asked still");
	doubt_answer(doubt, last_asked);
	ok(!doubt_is_resigned(doubt) && n_settled == 2, "and an answer makes it patient again");
	question = doubt_raise(doubt);
	ok(!doubt_is_settled(doubt, question), "for what comes then");
	doubt_free(&doubt);
}

static void nobody_is_there(void)
{
	begin((struct nanos){0});
	ok(doubt_is_resigned(doubt) && doubt_is_settled(doubt, 1),
	   "without patience nothing is in doubt");
	doubt_ask_again(doubt);
	ok(!n_asked, "and nothing is asked");
	doubt_free(&doubt);
}

int main(void)
{
	if (loop_new(&loop))
		return 1;
	doubts_come_together();
	a_question_is_put_again();
	patience_ends();
	nobody_is_there();
	loop_free(&loop);
	return tap_end();
}
