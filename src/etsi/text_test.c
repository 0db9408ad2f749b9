#include "etsi/text.h"

#include "base/tap.h"

#include <string.h>

static void test_generalized(void)
{
	static const struct {
		const char *from, *to;
		bool is_der;
	} facts[] = {
		{"20231114221320Z", "2023-11-14T22:13:20Z", true},
		{"20231114221320.5Z", "2023-11-14T22:13:20.5Z", true},
		{"20231114221320.500Z", "2023-11-14T22:13:20.500Z", false},
		{"20231114221320,5Z", "2023-11-14T22:13:20.5Z", false},
		{"20231114221320+1300", "2023-11-14T22:13:20+13:00", false},
		{"20231114221320.25-0330", "2023-11-14T22:13:20.25-03:30", false},
	};
	static const char *const bad[] = {
		"",
		"20231114221320",
		"202311142213Z",
		"2023111422132Z",
		"20231114221320.Z",
		"20231114221320Z ",
		"20231114221320+13",
		"2023-11-14T22:13:20Z",
		"20231114221320.55555555555555555555555555555555555555555Z"};
	char text[ETSI_READABLE_TIME_LEN];
	bool is_der;

	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
		ok(etsi_time_readable((const uint8_t *)facts[i].from, strlen(facts[i].from), text,
				      &is_der) &&
			   strcmp(text, facts[i].to) == 0 && is_der == facts[i].is_der,
		   "%s is %s%s", facts[i].from, facts[i].to, facts[i].is_der ? "" : ", not DER");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ok(!etsi_time_readable((const uint8_t *)bad[i], strlen(bad[i]), text, &is_der),
		   "\"%s\" is refused", bad[i]);
}

static void test_utc(void)
{
	char text[ETSI_READABLE_TIME_LEN];
	bool is_der;

	ok(etsi_utc_time_readable((const uint8_t *)"231114221320Z", 13, text, &is_der) &&
		   strcmp(text, "2023-11-14T22:13:20Z") == 0 && is_der,
	   "a UTCTime of this century");
	ok(etsi_utc_time_readable((const uint8_t *)"991114221320Z", 13, text, &is_der) &&
		   strcmp(text, "1999-11-14T22:13:20Z") == 0,
	   "a UTCTime of the last");
	ok(!etsi_utc_time_readable((const uint8_t *)"2311142213Z", 11, text, &is_der) &&
		   !etsi_utc_time_readable((const uint8_t *)"231114221320.5Z", 15, text, &is_der),
	   "one without seconds or with a fraction is refused");
}

static void test_utf8(void)
{
	static const struct {
		const char *text;
		bool is_good;
		size_t n_chars;
	} facts[] = {
		{"", true, 0},
		{"abc", true, 3},
		{"\xc3\xb6\xe2\x82\xac\xf0\x9f\x98\x80", true, 3},
		{"\xc0\x80", false, 0},         /* overlong */
		{"\xe0\x80\x80", false, 0},     /* overlong */
		{"\xed\xa0\x80", false, 0},     /* half of a surrogate pair */
		{"\xf4\x90\x80\x80", false, 0}, /* beyond U+10FFFF */
		{"\xc3", false, 0},
		{"\xe2\x82", false, 0},
		{"\x80", false, 0},
		{"\xff", false, 0},
	};

	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
		size_t n = 0;
		bool is_good = etsi_is_utf8(facts[i].text, strlen(facts[i].text), &n);

		ok(is_good == facts[i].is_good && n == facts[i].n_chars,
		   "UTF-8 of %zu octets is %s", strlen(facts[i].text),
		   is_good ? "read" : "refused");
	}
}

static void test_addresses(void)
{
	static const uint8_t v6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
	char text[ETSI_ADDRESS_TEXT_LEN];

	ok(etsi_address_print((const uint8_t *)"\xc0\x00\x02\x11", 4, text) &&
		   strcmp(text, "192.0.2.17") == 0,
	   "four octets are %s", text);
	ok(etsi_address_print(v6, 16, text) && strcmp(text, "2001:db8::1") == 0, "sixteen are %s",
	   text);
	ok(!etsi_address_print(v6, 15, text) && !etsi_address_print(v6, 0, text),
	   "any other number is no address");
}

int main(void)
{
	test_generalized();
	test_utc();
	test_utf8();
	test_addresses();
	return tap_end();
}
