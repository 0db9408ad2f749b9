#include "audio/g711.h"

#include "base/tap.h"

static int16_t one(enum g711_law law, uint8_t octet)
{
	int16_t table[256];

	g711_table(law, table);
	return table[octet];
}

/* Rows of G.711's tables 1 and 2: octet as sent, value of the uniform scale. */
static void test_tables(void)
{
	static const struct {
		enum g711_law law;
		uint8_t octet;
		int value;
	} rows[] = {
		{G711_MU_LAW, 0x80, 8031 * 4}, {G711_MU_LAW, 0x8f, 4191 * 4},
		{G711_MU_LAW, 0x9f, 2079 * 4}, {G711_MU_LAW, 0xaf, 1023 * 4},
		{G711_MU_LAW, 0xbf, 495 * 4},  {G711_MU_LAW, 0xcf, 231 * 4},
		{G711_MU_LAW, 0xdf, 99 * 4},   {G711_MU_LAW, 0xef, 33 * 4},
		{G711_MU_LAW, 0xfe, 2 * 4},    {G711_MU_LAW, 0xff, 0},
		{G711_MU_LAW, 0x7f, 0},        {G711_MU_LAW, 0x00, -8031 * 4},
		{G711_A_LAW, 0xaa, 4032 * 8},  {G711_A_LAW, 0xa5, 2112 * 8},
		{G711_A_LAW, 0xb5, 1056 * 8},  {G711_A_LAW, 0x85, 528 * 8},
		{G711_A_LAW, 0x95, 264 * 8},   {G711_A_LAW, 0xe5, 132 * 8},
		{G711_A_LAW, 0xf5, 66 * 8},    {G711_A_LAW, 0xd5, 1 * 8},
		{G711_A_LAW, 0x55, -1 * 8},    {G711_A_LAW, 0x2a, -4032 * 8},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ok(one(rows[i].law, rows[i].octet) == rows[i].value, "%s-law 0x%02x is %d",
		   rows[i].law == G711_A_LAW ? "A" : "mu", rows[i].octet, rows[i].value);
}

/* The other way round, by search: the octet whose value is nearest. */
static int n_values_apart(enum g711_law law)
{
	int n = 0;

	for (int a = 0; a < 256; a++)
		for (int b = 0; b < a; b++)
			n += one(law, (uint8_t)a) == one(law, (uint8_t)b);
	return n;
}

static void test_all(void)
{
	bool is_odd = true;

	for (int octet = 0; octet < 128; octet++)
		for (int law = 0; law < 2; law++)
			is_odd &= one((enum g711_law)law, (uint8_t)octet) ==
				  -one((enum g711_law)law, (uint8_t)(octet | 0x80));
	ok(is_odd, "the sign's bit turns a value round, and no more");
	ok(n_values_apart(G711_A_LAW) == 0, "of A-law each octet has a value of its own");
	ok(n_values_apart(G711_MU_LAW) == 1, "of mu-law too, but that zero has two");
}

int main(void)
{
	test_tables();
	test_all();
	return tap_end();
}
