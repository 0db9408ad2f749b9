#include "lemf/hash.h"

#include <string.h>

__extension__ typedef unsigned __int128 product;

enum { WORD = sizeof(uint64_t), PAIR = 2 * WORD, STEP = 4 * PAIR };

/* The two halves of a product of 128 bits, one on the other. A factor must not become 0 but by
 * chance: then all that was before is forgotten. */
static inline uint64_t mix(uint64_t h, const uint8_t *bytes, uint64_t odd)
{
	uint64_t words[2];
	product p;

	memcpy(words, bytes, sizeof words);
	p = (product)(h ^ words[0]) * (odd ^ words[1]);
	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* Four sums at a time, since each waits for its own multiplication only. */
uint64_t lemf_hash_by_products(const uint8_t *bytes, size_t len)
{
	const uint64_t p = 0x9e3779b97f4a7c15u, q = 0xbf58476d1ce4e5b9u, r = 0x94d049bb133111ebu,
		       s = 0xd6e8feb86659fd93u;
	uint64_t a = p ^ len, b = q, c = r, d = s;
	uint8_t rest[PAIR] = {0};

	for (; len >= STEP; bytes += STEP, len -= STEP) {
		a = mix(a, bytes, p);
		b = mix(b, bytes + PAIR, q);
		c = mix(c, bytes + 2 * (size_t)PAIR, r);
		d = mix(d, bytes + 3 * (size_t)PAIR, s);
	}
	for (; len >= PAIR; bytes += PAIR, len -= PAIR)
		a = mix(a, bytes, p);
	if (len)
		memcpy(rest, bytes, len);
	a = mix(a, rest, q);
	a = mix(a, (const uint8_t *)(uint64_t[2]){b, c}, p);
	a = mix(a, (const uint8_t *)(uint64_t[2]){d, p}, q);
	return a ? a : 1;
}

#if defined(__x86_64__)

#include <wmmintrin.h>

#define BY_ROUNDS __attribute__((target("aes"))) static inline

BY_ROUNDS __m128i octets_at(const uint8_t *bytes)
{
	return _mm_loadu_si128((const __m128i *)bytes);
}

BY_ROUNDS __m128i seed_of(uint64_t word)
{
	return _mm_set1_epi64x((int64_t)word);
}

bool lemf_hash_has_rounds(void)
{
	return __builtin_cpu_supports("aes");
}

/* A round of AES mixes each octet into four others, and then takes in sixteen of the record. The
 * last step goes back to where a whole one fits: some octets are in two steps then, which the
 * length tells. Five more rounds mix all with all. */
__attribute__((target("aes"))) uint64_t lemf_hash_by_rounds(const uint8_t *bytes, size_t len)
{
	const uint8_t *last = bytes + (len - STEP);
	__m128i a = seed_of(0x9e3779b97f4a7c15u ^ len), b = seed_of(0xbf58476d1ce4e5b9u),
		c = seed_of(0x94d049bb133111ebu), d = seed_of(0xd6e8feb86659fd93u);
	uint64_t h;

	for (bool is_last = false; !is_last; bytes += STEP) {
		is_last = bytes >= last;
		if (is_last)
			bytes = last;
		a = _mm_aesenc_si128(a, octets_at(bytes));
		b = _mm_aesenc_si128(b, octets_at(bytes + PAIR));
		c = _mm_aesenc_si128(c, octets_at(bytes + 2 * (size_t)PAIR));
		d = _mm_aesenc_si128(d, octets_at(bytes + 3 * (size_t)PAIR));
	}
	a = _mm_aesenc_si128(a, b);
	c = _mm_aesenc_si128(c, d);
	a = _mm_aesenc_si128(a, c);
	a = _mm_aesenc_si128(a, b);
	a = _mm_aesenc_si128(a, d);
	a = _mm_aesenc_si128(a, c);
	h = (uint64_t)_mm_cvtsi128_si64(a);
	return h ? h : 1;
}

#else

bool lemf_hash_has_rounds(void)
{
	return false;
}

uint64_t lemf_hash_by_rounds(const uint8_t *bytes, size_t len)
{
	return lemf_hash_by_products(bytes, len);
}

#endif

uint64_t lemf_hash(const uint8_t *bytes, size_t len)
{
	return len >= STEP && lemf_hash_has_rounds() ? lemf_hash_by_rounds(bytes, len)
						     : lemf_hash_by_products(bytes, len);
}
