/* Times in which an input did not deliver all. */
#include "ledger/leaf.h"

/* Gaps that are so near are one: counters are looked at every second. */
#define NEAR_NS (INT64_C(3) * 1000000000)

static bool is_same_cause(const struct ledger_gap *a, const struct ledger_gap *b)
{
	return a->is_used && b->is_used && a->reason == b->reason &&
	       !strncmp(a->input, b->input, sizeof a->input);
}

static void join(struct ledger_gap *gap, const struct ledger_gap *other)
{
	if (other->from_ns < gap->from_ns)
		gap->from_ns = other->from_ns;
	if (other->to_ns > gap->to_ns)
		gap->to_ns = other->to_ns;
	gap->n_packets += other->n_packets;
}

/* A place is made free. */
static struct ledger_gap *join_nearest(struct ledger_gap *gaps)
{
	struct ledger_gap *first = NULL, *second = NULL;
	int64_t least = INT64_MAX;

	for (int a = 0; a < LEDGER_MAX_GAPS; a++) {
		for (int b = 0; b < LEDGER_MAX_GAPS; b++) {
			int64_t apart = gaps[b].from_ns - gaps[a].to_ns;

			if (a == b || apart < 0 || apart >= least ||
			    !is_same_cause(&gaps[a], &gaps[b]))
				continue;
			least = apart;
			first = &gaps[a], second = &gaps[b];
		}
	}
	if (!first)
		return NULL;
	join(first, second);
	second->is_used = 0;
	return second;
}

void ledger_gap_add(struct ledger_book *b, const struct ledger_gap *gap)
{
	struct ledger_gap *gaps = b->leaf->gaps, *place = NULL;
	struct ledger_gap one = *gap;

	one.is_used = 1;
	for (int k = 0; k < LEDGER_MAX_GAPS; k++) {
		if (is_same_cause(&gaps[k], &one) && one.from_ns <= gaps[k].to_ns + NEAR_NS &&
		    one.to_ns >= gaps[k].from_ns) {
			join(&gaps[k], &one);
			return;
		}
		if (!gaps[k].is_used && !place)
			place = &gaps[k];
	}
	if (!place)
		place = join_nearest(gaps);
	if (place)
		*place = one;
	else
		join(&gaps[0], &one); /* more causes than places: nothing is dropped */
}

const struct ledger_gap *ledger_gap_at(const struct ledger_book *b, uint32_t i)
{
	return i < LEDGER_MAX_GAPS && b->leaf->gaps[i].is_used ? &b->leaf->gaps[i] : NULL;
}
