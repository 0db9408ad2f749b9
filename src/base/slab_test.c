#include "base/slab.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"

enum { N = 20000, LEN = 300 };

static uint8_t *things[N];

static bool is_clear(const uint8_t *thing)
{
	for (size_t k = 0; k < LEN; k++) {
		if (thing[k])
			return false;
	}
	return true;
}

static bool get(struct slab *s, uint32_t i)
{
	things[i] = slab_get(s);
	if (!things[i] || (uintptr_t)things[i] % 64 || !is_clear(things[i]))
		return false;
	memset(things[i], (int)(i % 255) + 1, LEN);
	return true;
}

static bool is_whole(uint32_t i)
{
	return things[i][0] == i % 255 + 1 && !memcmp(things[i], things[i] + 1, LEN - 1);
}

static void put(uint32_t i)
{
	slab_put(things[i]);
	things[i] = NULL;
}

static void things_come_and_go(void)
{
	struct slab s = slab_of(LEN);
	uint32_t n_wrong = 0, n_blocks;

	slab_put(NULL);
	ok(s.item_len == 320 && !s.n_blocks, "things are whole lines, and cost nothing before");
	for (uint32_t i = 0; i < N; i++)
		n_wrong += !get(&s, i);
	n_blocks = s.n_blocks;
	ok(!n_wrong && s.n == N, "20,000 are cleared, each beginning with a line");
	for (uint32_t i = 0; i < N; i += 2)
		put(i);
	for (uint32_t i = 1; i < N; i += 2)
		n_wrong += !is_whole(i);
	ok(!n_wrong && s.n == N / 2, "when half of them go the others stay as they were");
	for (uint32_t i = 0; i < N; i += 2)
		n_wrong += !get(&s, i);
	ok(!n_wrong && s.n_blocks == n_blocks, "what went is used again, and is clear again");
	for (uint32_t i = 0; i < N; i++)
		n_wrong += !is_whole(i);
	ok(!n_wrong, "no two share an octet");
	for (uint32_t i = 0; i < N; i++)
		put(i);
	ok(!s.n && s.n_blocks <= 1, "blocks that are empty are given back but for one");
	slab_fini(&s);
	ok(!s.n_blocks, "… which goes at the end");
}

/* In an order of their own. */
static void at_random(void)
{
	struct slab s = slab_of(LEN);
	uint32_t seed = 7, n_wrong = 0, most = 0;

	for (uint32_t k = 0; k < 8 * N; k++) {
		uint32_t i = (seed = seed * 1664525 + 1013904223) >> 8;

		i %= N;
		if (!things[i])
			n_wrong += !get(&s, i);
		else if (is_whole(i))
			put(i);
		else
			n_wrong++;
		most = s.n_blocks > most ? s.n_blocks : most;
	}
	for (uint32_t i = 0; i < N; i++) {
		if (things[i])
			put(i);
	}
	ok(!n_wrong && s.n_blocks <= 1 && most > 1, "they come and go in any order");
	slab_fini(&s);
}

/* What could not be remembered, for want of memory, is not taken away from who looks at it. */
static void one_stays(void)
{
	struct slab s = slab_of(LEN);

	ok(get(&s, 0) && get(&s, 1), "two are out");
	slab_fini(&s);
	ok(s.n_blocks > 0 && is_whole(0) && is_whole(1), "at the end they stay as they were");
	put(0);
	put(1);
	slab_fini(&s);
}

int main(void)
{
	things_come_and_go();
	at_random();
	one_stays();
	return tap_end();
}
