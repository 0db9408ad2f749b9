#include "lemf/number.h"

#include <stdlib.h>

#include "base/tap.h"
#include "lemf/hash.h"

static uint64_t gap;

/* Takes a record whose octets are told by its number alone. */
static enum lemf_place take(struct lemf_numbers *n, uint32_t seq, uint32_t conn)
{
	return lemf_number_take(n, seq, lemf_hash((const uint8_t *)&seq, sizeof seq), conn, &gap);
}

static void test_order(void)
{
	struct lemf_numbers n = {0};
	bool is_well = true;

	for (uint32_t i = 0; i < 1000; i++)
		is_well &= take(&n, i, 1) == LEMF_IS_NEXT;
	ok(is_well && n.n_missing == 0, "a thousand in order");
	ok(take(&n, 1003, 1) == LEMF_IS_AFTER_GAP && gap == 3 && n.n_missing == 3,
	   "three are missing");
	ok(take(&n, 1001, 1) == LEMF_IS_LATE && n.n_missing == 2, "one comes late, in the middle");
	ok(take(&n, 1001, 1) == LEMF_IS_TWICE, "and once more");
	ok(take(&n, 1000, 1) == LEMF_IS_LATE && take(&n, 1002, 1) == LEMF_IS_LATE &&
		   n.n_missing == 0 && n.n_gaps == 0,
	   "the others too: nothing is missing");
	ok(take(&n, 1003, 2) == LEMF_IS_REPLAYED, "a replay on another connection");
	ok(take(&n, 1004, 2) == LEMF_IS_NEXT && take(&n, 1003, 2) == LEMF_IS_TWICE,
	   "which is none, once the new connection went on");
	ok(lemf_number_take(&n, 1004, 77, 3, &gap) == LEMF_IS_REUSED,
	   "a number that is given twice is found, on any connection");
	lemf_number_restart(&n);
	ok(take(&n, 0, 3) == LEMF_IS_NEXT, "after a reset numbers begin again");
}

static void test_edges(void)
{
	struct lemf_numbers n = {0};
	struct lemf_numbers late = {0};

	ok(take(&late, 5, 1) == LEMF_IS_FIRST_LATE && gap == 5 && late.n_missing == 5,
	   "a stream that begins at 5 lacks five");
	ok(take(&late, 0, 1) == LEMF_IS_LATE && late.n_missing == 4, "which may still come");
	ok(take(&n, 0xfffffffe, 1) == LEMF_IS_FIRST_LATE &&
		   take(&n, 0xffffffff, 1) == LEMF_IS_NEXT && take(&n, 0, 1) == LEMF_IS_NEXT,
	   "after 2^32 - 1 comes 0");
	n = (struct lemf_numbers){0};
	for (uint32_t i = 0; i < 200; i += 2)
		(void)take(&n, i + 1, 1);
	ok(n.n_missing == 100 && n.n_gaps == LEMF_MAX_GAPS && n.n_forgotten == 84,
	   "a hundred gaps: all are counted, the latest remembered");
	ok(take(&n, 198, 1) == LEMF_IS_LATE && n.n_missing == 99, "and filled");
}

/* Against a plain table of what came, for many mixtures. */
static void test_mixtures(void)
{
	bool is_well = true;

	for (unsigned seed = 1; seed <= 200; seed++) {
		struct lemf_numbers n = {0};
		bool came[64] = {false};
		uint64_t missing = 0;
		unsigned state = seed;
		uint32_t top = 0;

		for (int i = 0; i < 100; i++) {
			uint32_t seq;
			enum lemf_place place;

			state = state * 1103515245 + 12345;
			seq = state >> 16 & 63;
			seq = seq > top + 2 ? top : seq;
			place = take(&n, seq, 1);
			if (n.n_forgotten)
				break;
			is_well &= (place == LEMF_IS_TWICE) == came[seq];
			came[seq] = true;
			top = seq + 1 > top ? seq + 1 : top;
			missing = 0;
			for (uint32_t k = 0; k < top; k++)
				missing += !came[k];
			is_well &= n.n_missing == missing;
		}
	}
	ok(is_well, "what is missing and what came twice, of 200 mixtures");
}

int main(void)
{
	test_order();
	test_edges();
	test_mixtures();
	return tap_end();
}
