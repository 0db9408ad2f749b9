#include "base/lookup.h"

#include "base/tap.h"

static size_t count(const struct lookup *l, uint64_t hash, uint32_t *last)
{
	struct lookup_walk walk = lookup_first(l, hash);
	size_t n = 0;

	while (lookup_next(l, hash, &walk, last))
		n++;
	return n;
}

static void values_are_found_by_their_hash(void)
{
	enum { N = 5000 };
	struct lookup l = {.size = 0};
	int n_wrong = 0;
	uint32_t got = 0;

	ok(count(&l, 7, &got) == 0, "nothing is in an empty one");
	for (uint32_t i = 0; i < N; i++)
		n_wrong += lookup_add(&l, lookup_spread(i), i) != 0;
	for (uint32_t i = 0; i < N; i++)
		n_wrong += count(&l, lookup_spread(i), &got) != 1 || got != i;
	ok(!n_wrong, "each of 5,000 is found");
	for (uint32_t i = 0; i < N; i += 2)
		lookup_remove(&l, lookup_spread(i), i);
	for (uint32_t i = 0; i < N; i++)
		n_wrong += count(&l, lookup_spread(i), &got) != i % 2;
	ok(!n_wrong && l.n == N / 2, "what was taken away is not");
	for (int round = 0; round < 100; round++) {
		for (uint32_t i = 0; i < N; i += 50)
			n_wrong += lookup_add(&l, lookup_spread(i), i) != 0;
		for (uint32_t i = 0; i < N; i += 50)
			lookup_remove(&l, lookup_spread(i), i);
	}
	ok(!n_wrong && l.size <= 8 * N, "coming and going makes it no larger");
	lookup_fini(&l);
}

static void several_values_have_one_hash(void)
{
	struct lookup l = {.size = 0};
	struct lookup_walk walk;
	uint32_t got, n = 0;

	for (uint32_t i = 0; i < 300; i++)
		ok(!lookup_add(&l, 99, i), "added");
	walk = lookup_first(&l, 99);
	while (lookup_next(&l, 99, &walk, &got) && got == n)
		n++;
	ok(n == 300, "300 under one hash come in the order in which they were added");
	lookup_remove(&l, 99, 7);
	ok(count(&l, 99, &got) == 299, "one of them goes alone");
	lookup_fini(&l);
}

int main(void)
{
	values_are_found_by_their_hash();
	several_values_have_one_hash();
	ok(lookup_hash(0, "ab", 2) != lookup_hash(0, "ba", 2) &&
		   lookup_hash(0, "ab", 2) != lookup_hash(1, "ab", 2),
	   "hashes tell order and seed");
	return tap_end();
}
