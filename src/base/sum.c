#include "base/sum.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

enum { BYTES = 256, BITS = 8, WORD = 8, LANE = 1 << 12, N_LANES = 3 };

#define POLYNOMIAL UINT32_C(0x82f63b78) /* reflected */

/* bytes[k][b]: what byte b does to the sum when k more bytes follow it; lanes[k][b]: what byte k
 * of a sum becomes behind LANE zeros. */
static uint32_t bytes_table[WORD][BYTES];
static uint32_t lanes_table[sizeof(uint32_t)][BYTES];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint32_t of_byte(uint32_t v)
{
	for (int i = 0; i < BITS; i++)
		v = v & 1 ? v >> 1 ^ POLYNOMIAL : v >> 1;
	return v;
}

static uint32_t behind_zeros(uint32_t sum, size_t n)
{
	while (n--)
		sum = sum >> BITS ^ bytes_table[0][sum & 0xff];
	return sum;
}

static void fill_tables(void)
{
	for (uint32_t b = 0; b < BYTES; b++)
		bytes_table[0][b] = of_byte(b);
	for (uint32_t b = 0; b < BYTES; b++)
		for (int k = 1; k < WORD; k++)
			bytes_table[k][b] = bytes_table[k - 1][b] >> BITS ^
					    bytes_table[0][bytes_table[k - 1][b] & 0xff];
	/* linear: what a byte becomes is the sum of what its bits become */
	for (unsigned k = 0; k < sizeof(uint32_t); k++)
		for (unsigned bit = 0; bit < BITS; bit++) {
			uint32_t v = behind_zeros(UINT32_C(1) << (k * BITS + bit), LANE);

			for (uint32_t b = 0; b < BYTES; b++)
				lanes_table[k][b] ^= b >> bit & 1 ? v : 0;
		}
}

static uint32_t slice(uint32_t sum, const uint8_t *at, size_t len)
{
	uint64_t word;

	for (; len >= WORD; len -= WORD, at += WORD) {
		memcpy(&word, at, WORD);
		word ^= sum;
		sum = 0;
		for (int k = 0; k < WORD; k++)
			sum ^= bytes_table[WORD - 1 - k][word >> (k * BITS) & 0xff];
	}
	while (len--)
		sum = sum >> BITS ^ bytes_table[0][(sum ^ *at++) & 0xff];
	return sum;
}

uint32_t sum_add_portable(uint32_t sum, const void *bytes, size_t len)
{
	pthread_once(&once, fill_tables);
	return ~slice(~sum, bytes, len);
}

#ifdef __x86_64__

__attribute__((target("sse4.2"))) static uint32_t by_words(uint32_t sum, const uint8_t *at,
							   size_t len)
{
	uint64_t v = sum, word;

	for (; len >= WORD; len -= WORD, at += WORD) {
		memcpy(&word, at, WORD);
		v = __builtin_ia32_crc32di(v, word);
	}
	while (len--)
		v = __builtin_ia32_crc32qi((uint32_t)v, *at++);
	return (uint32_t)v;
}

static uint32_t behind_lane(uint32_t sum)
{
	return lanes_table[0][sum & 0xff] ^ lanes_table[1][sum >> 8 & 0xff] ^
	       lanes_table[2][sum >> 16 & 0xff] ^ lanes_table[3][sum >> 24];
}

/* The instruction takes three cycles and may begin in each: three lanes keep it busy. */
__attribute__((target("sse4.2"))) static uint32_t by_lanes(uint32_t sum, const uint8_t *at,
							   size_t len)
{
	while (len >= N_LANES * (size_t)LANE) {
		uint64_t a = sum, b = 0, c = 0, words[N_LANES];

		for (size_t i = 0; i < LANE; i += WORD) {
			memcpy(&words[0], at + i, WORD);
			memcpy(&words[1], at + LANE + i, WORD);
			memcpy(&words[2], at + 2 * LANE + i, WORD);
			a = __builtin_ia32_crc32di(a, words[0]);
			b = __builtin_ia32_crc32di(b, words[1]);
			c = __builtin_ia32_crc32di(c, words[2]);
		}
		sum = behind_lane(behind_lane((uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)c;
		at += N_LANES * (size_t)LANE;
		len -= N_LANES * (size_t)LANE;
	}
	return by_words(sum, at, len);
}

uint32_t sum_add(uint32_t sum, const void *bytes, size_t len)
{
	if (!__builtin_cpu_supports("sse4.2"))
		return sum_add_portable(sum, bytes, len);
	pthread_once(&once, fill_tables);
	return ~by_lanes(~sum, bytes, len);
}

#else

uint32_t sum_add(uint32_t sum, const void *bytes, size_t len)
{
	return sum_add_portable(sum, bytes, len);
}

#endif
