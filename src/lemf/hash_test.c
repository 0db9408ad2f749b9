#include "lemf/hash.h"

#include <stdlib.h>

#include "base/tap.h"

enum { LEN = 200, N_BITS = 8 * LEN, STEP = LEMF_HASH_ROUNDS_MIN, N_PAIRS = 8 * (LEN - STEP) };

typedef uint64_t (*hash_fn)(const uint8_t *bytes, size_t len);

static uint8_t octets[LEN];

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void flip(size_t bit)
{
	octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* Of a record that differs in one bit, whichever, about half of the hash's bits are others. */
static void test_bits(hash_fn hash, const char *way)
{
	uint64_t h = hash(octets, LEN), other;
	unsigned others[64] = {0};
	bool is_well = true;

	for (size_t i = 0; i < N_BITS; i++) {
		flip(i);
		other = hash(octets, LEN);
		flip(i);
		for (unsigned b = 0; b < 64; b++)
			others[b] += (h ^ other) >> b & 1;
	}
	for (unsigned b = 0; b < 64; b++)
		is_well &= others[b] > N_BITS * 2 / 5 && others[b] < N_BITS * 3 / 5;
	ok(is_well, "by %s each bit of a hash depends on all bits of a record", way);
}

/* Of one bit, of the same bit of two steps, and of length. */
static void test_differences(hash_fn hash, size_t shortest)
{
	static uint64_t hashes[N_BITS + N_PAIRS + LEN + 1];
	bool is_well = true;
	size_t n = 0;

	for (size_t i = 0; i < N_BITS; i++) {
		flip(i);
		hashes[n++] = hash(octets, LEN);
		flip(i);
	}
	for (size_t i = 0; i < N_PAIRS; i++) {
		flip(i), flip(i + 8 * (size_t)STEP);
		hashes[n++] = hash(octets, LEN);
		flip(i), flip(i + 8 * (size_t)STEP);
	}
	for (size_t len = shortest; len <= LEN; len++)
		hashes[n++] = hash(octets, len);
	qsort(hashes, n, sizeof *hashes, compare);
	for (size_t i = 0; i < n; i++)
		is_well &= hashes[i] && (!i || hashes[i] != hashes[i - 1]);
	ok(is_well, "and no two of %zu records that are nearly the same have the same", n);
	ok(hash((const uint8_t[2 *STEP]){0}, STEP) != hash((const uint8_t[2 *STEP]){0}, 2 * STEP),
	   "nor have zeros of two lengths");
}

int main(void)
{
	for (size_t i = 0; i < LEN; i++)
		octets[i] = (uint8_t)(i * i);
	test_bits(lemf_hash_by_products, "products");
	test_differences(lemf_hash_by_products, 0);
	if (lemf_hash_has_rounds()) {
		test_bits(lemf_hash_by_rounds, "rounds");
		test_differences(lemf_hash_by_rounds, STEP);
	}
	ok(lemf_hash(octets, LEN) != lemf_hash(octets, LEN - 1) && lemf_hash(octets, 1),
	   "whichever the processor can do is taken");
	return tap_end();
}
