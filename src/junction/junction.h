/* Where the streams of several inputs meet, in the order of time.
 *
 * Each input is a branch. What it holds are items, in the order of its data, each with a time that
 * never falls: packets, and points, which may change whose a packet is. Packets do not wait for
 * packets, so that branches flow side by side:
 *
 *	a packet passes when no other branch has a point before it,
 *	a point  passes when no other branch has any item before it.
 *
 * Of one moment, the branch with the lower number comes first. The earliest of all items may always
 * pass, so somebody can go on, as long as each branch holds something, is known to be quiet, or is
 * away. A branch that is at work (it reads, or matches what it has read) is waited for, at the time
 * up to which it has passed.
 *
 * Nothing is queued here: who must wait holds what it has. */
#ifndef JUNCTION_JUNCTION_H
#define JUNCTION_JUNCTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { JUNCTION_MAX_BRANCHES = 64 };

struct junction;

/* What a branch holds: the times of its next item, and of its next point, at the earliest; the same
 * where the next item is a point. */
struct junction_place {
	int64_t item_ns;
	int64_t point_ns;
};

/* Up to which times a branch's packets and points may pass. They hold for good: while it passes
 * what they allow, it need not ask again. */
struct junction_limits {
	int64_t packet_ns;
	int64_t point_ns;
};

/* All branches are at work from the beginning. */
MUST_CHECK int junction_new(struct junction **out, unsigned n_branches);
void junction_free(struct junction **j);

/* What follows is for any thread; for one branch, one thread at a time. */

/* It comes back: it is waited for again. It goes: nobody waits for it. */
void junction_join(struct junction *j, unsigned branch);
void junction_leave(struct junction *j, unsigned branch);

/* It holds nothing, and what comes will not be before this time. */
void junction_quiet(struct junction *j, unsigned branch, int64_t ns);

/* All that it held has passed; what comes will not be before this time, unless its source brings
 * it out of order. It is at work again. */
void junction_pass(struct junction *j, unsigned branch, int64_t ns);

/* It takes up what it has read, the first of it at this time. Whether that is earlier than it was
 * said to be quiet: others may have gone further. */
bool junction_hold(struct junction *j, unsigned branch, int64_t first_ns,
		   struct junction_limits *limits);

/* Tells what it holds, and finds the limits anew. Whether its next item may pass. */
bool junction_ask(struct junction *j, unsigned branch, const struct junction_place *place,
		  struct junction_limits *limits);

/* As junction_ask, and returns when it may. */
void junction_wait(struct junction *j, unsigned branch, const struct junction_place *place,
		   struct junction_limits *limits);

#endif
