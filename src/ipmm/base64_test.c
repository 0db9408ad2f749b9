#include "ipmm/base64.h"

#include "base/tap.h"

static bool decodes(const char *letters, const char *want)
{
	uint8_t out[16];
	size_t len = ipmm_base64_decode(sip_word(letters), out, sizeof out);

	return len == strlen(want) && !memcmp(out, want, len);
}

static bool masks(const char *letters, size_t n_kept, const char *want, bool differs)
{
	char out[32] = "";
	struct wr w = wr_of(out, sizeof out - 1);

	return ipmm_base64_mask(&w, sip_word(letters), n_kept, 'X') == differs &&
	       !strcmp(out, want);
}

static void test_decode(void)
{
	ok(decodes("Zm9vYmFy", "foobar") && decodes("Zm9vYmE=", "fooba") &&
		   decodes("Zm9vYg==", "foob"),
	   "octets of any number (RFC 4648 10)");
	ok(decodes("Zm9v\r\nYmFy\r\n", "foobar"), "on several lines");
	ok(decodes("++//", "\xfb\xef\xff"), "the last two letters");
	ok(decodes("", "") && decodes("Zm9", "") && decodes("Zm9v=", "") && decodes("Z===", "") &&
		   decodes("Zg==Zg==", "") && decodes("Zm 9", "") && decodes("Zm9v\x80", ""),
	   "what is none");
	ok(decodes("AAAAAAAAAAAAAAAAAAAAAA==", "") && decodes("AAAAAAAAAAAAAAAAAAAAAAAA", ""),
	   "more than there is room for");
}

static void test_mask(void)
{
	ok(masks("Zm9vYmFy", 6, "Zm9vYmFy", false), "all is kept");
	ok(masks("Zm9vYmFy", 0, "XXXXXXXX", true), "nothing is kept");
	ok(masks("Zm9vYmFy", 3, "Zm9vXXXX", true), "where an octet ends with a letter");
	ok(masks("Zm9vYmFy", 1, "ZgXXXXXX", true), "where two bits of a letter are kept");
	ok(masks("Zm9vYmFy", 2, "Zm8XXXXX", true), "where four are");
	ok(masks("Zm9v\r\nYg==\r\n", 3, "Zm9v\r\nXX==\r\n", true), "line ends and padding stay");
	ok(masks("Zh==", 1, "Zg==", true), "bits that stand for nothing go");
}

/* Whatever is kept, it decodes to the octets that are kept. */
static void test_round_trip(void)
{
	static const char letters[] = "Zm9vYmFyYmF6cXV4";
	uint8_t before[16], after[16];
	size_t len = ipmm_base64_decode(sip_word(letters), before, sizeof before), n_good = 0;

	for (size_t n = 0; n <= len; n++) {
		char out[32] = "";
		struct wr w = wr_of(out, sizeof out - 1);

		(void)ipmm_base64_mask(&w, sip_word(letters), n, 'X');
		n_good += ipmm_base64_decode(sip_word(out), after, sizeof after) == len &&
			  !memcmp(before, after, n) &&
			  (n + 1 >= len || memcmp(before + n + 1, after + n + 1, len - n - 1));
	}
	ok(len == 12 && n_good == len + 1,
	   "what is kept decodes to what it was, the rest does not");
}

int main(void)
{
	test_decode();
	test_mask();
	test_round_trip();
	return tap_end();
}
