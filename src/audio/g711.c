#include "audio/g711.h"

enum {
	SIGN = 0x80,
	MU_BIAS = 33 << 2,    /* G.711 table 2: values lie 33 below powers of two */
	A_EVEN_BITS = 0x55,   /* G.711 table 1, note 2: sent with the even bits inverted */
	A_HALF_STEP = 1 << 3, /* a value is in the middle of its interval */
	A_SEGMENT = 1 << 8,
};

/* An octet is SIGN | segment << 4 | step, all bits inverted: eight segments of sixteen steps, each
 * segment's steps twice as wide as those before. */
static int16_t of_mu_law(uint8_t octet)
{
	unsigned code = ~octet & 0xffu;
	int value = (int)((((code & 15) << 3) + MU_BIAS) << (code >> 4 & 7)) - MU_BIAS;

	return (int16_t)(code & SIGN ? -value : value);
}

/* As above, but that the first two segments have steps of one width. */
static int16_t of_a_law(uint8_t octet)
{
	unsigned code = octet ^ A_EVEN_BITS, segment = code >> 4 & 7;
	int value = (int)((code & 15) << 4) + A_HALF_STEP;

	if (segment)
		value = (value + A_SEGMENT) << (segment - 1);
	return (int16_t)(code & SIGN ? value : -value);
}

void g711_table(enum g711_law law, int16_t out[256])
{
	for (int octet = 0; octet < 256; octet++)
		out[octet] =
			law == G711_A_LAW ? of_a_law((uint8_t)octet) : of_mu_law((uint8_t)octet);
}
