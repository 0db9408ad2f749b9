#include "base/sum.h"

#include <stdlib.h>
#include <string.h>

#include "base/tap.h"

enum { LEN = 40000 };

/* RFC 3720 appendix B.4: 32 zeros, 32 ones, 0 to 31; and the usual check word. */
static void test_facts(void)
{
	uint8_t bytes[32];

	ok(sum_add(0, "123456789", 9) == 0xe3069283, "the check word");
	memset(bytes, 0, sizeof bytes);
	ok(sum_add(0, bytes, sizeof bytes) == 0x8a9136aa, "32 zeros");
	memset(bytes, 0xff, sizeof bytes);
	ok(sum_add(0, bytes, sizeof bytes) == 0x62a8ab43, "32 times 0xff");
	for (uint8_t i = 0; i < sizeof bytes; i++)
		bytes[i] = i;
	ok(sum_add(0, bytes, sizeof bytes) == 0x46dd794e, "0 to 31");
	ok(sum_add(0, "", 0) == 0, "of nothing: 0");
}

static void test_ways(void)
{
	uint8_t *bytes = malloc(LEN);
	bool is_same = true, is_split = true;

	for (size_t i = 0; i < LEN; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	for (size_t len = 0; len <= LEN; len += 1 + len / 3)
		for (size_t from = 0; from < 9 && from + len <= LEN; from++) {
			uint32_t sum = sum_add(0, bytes + from, len);

			is_same &= sum == sum_add_portable(0, bytes + from, len);
			is_split &= sum == sum_add(sum_add(0, bytes + from, len / 3),
						   bytes + from + len / 3, len - len / 3);
		}
	ok(is_same, "with and without the processor's instruction it is the same");
	ok(is_split, "and in pieces as at once");
	free(bytes);
}

int main(void)
{
	test_facts();
	test_ways();
	return tap_end();
}
