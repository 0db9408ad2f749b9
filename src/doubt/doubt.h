/* Doubt: whether the orders that we have are the newest. What they do not cover may be covered by
 * others that are on their way; the provisioner is asked, and what came before the question is
 * judged for good by the orders that are there with the answer.
 *
 *	raise, raise … --20 ms--> question N ----> provisioner
 *	                             <---- what changed, then answer N   settled: all before N
 *	no answer for `patience`: resigned, all is settled, until an answer comes after all
 *
 * A question without an answer is put again. On the loop's thread. */
#ifndef DOUBT_DOUBT_H
#define DOUBT_DOUBT_H

#include <stdint.h>

#include "base/err.h"
#include "loop/loop.h"

struct doubt;

struct doubt_options {
	struct loop *loop;
	struct nanos patience; /* 0: nothing is ever in doubt */
	/* Puts the question; it may be lost: then it is put again. */
	void (*ask)(void *owner, uint64_t number);
	/* More is settled: what waits looks again. Not out of doubt_raise. */
	void (*settled)(void *owner);
	/* Nobody answered for so long: called before settled. */
	void (*resigned)(void *owner);
	void *owner;
	struct nanos gather; /* 0: 20 ms, in which doubts come together into one question */
	struct nanos again;  /* 0: 2 s until a question is put again */
};

MUST_CHECK int doubt_new(struct doubt **out, const struct doubt_options *options);
void doubt_free(struct doubt **doubt);

/* What came until now is in doubt: the question that settles it, which is not put yet. */
uint64_t doubt_raise(struct doubt *doubt);

/* Whether that question is still to be put, so that what comes now is settled by it too. */
bool doubt_is_open(const struct doubt *doubt, uint64_t question);
bool doubt_is_settled(const struct doubt *doubt, uint64_t question);

/* Whether nothing is held back any more: the answer did not come in time, or none is waited for. */
bool doubt_is_resigned(const struct doubt *doubt);

/* The provisioner has answered: our orders were the newest when it did. */
void doubt_answer(struct doubt *doubt, uint64_t question);

/* The provisioner can be reached again: what is not answered is asked now. */
void doubt_ask_again(struct doubt *doubt);

#endif
