#include "identity/pattern.h"

#include <string.h>

#include "base/tap.h"

static const char *const international[] = {"00"};
static const struct identity_plan nz = {.country_code = "64",
					.national_prefix = "0",
					.international_prefixes = international,
					.n_international_prefixes = 1};

static bool names(const char *word, struct identity_name *out)
{
	return identity_name_of_word(&nz, sip_word(word), out);
}

static bool read(const char *target, struct identity_pattern *p, struct why *why)
{
	why_clear(why);
	return (*target == '+' || *target == '*' || !strncmp(target, "tel:", 4)
			? identity_pattern_phone(target, p, why)
			: identity_pattern_sip(&nz, target, p, why)) == 0;
}

/* A target, and who it is ("|" between them), then who it is not. */
static const struct {
	const char *target, *is, *is_not;
} cases[] = {
	{"sip:alice@example.net", "sip:alice@example.net|sips:alice@EXAMPLE.net:5061",
	 "sip:alice@other.example|sip:Alice@example.net|sip:alicex@example.net|sip:example.net"},
	{"SIPS:alice@Example.Net", "sip:alice@example.net", "sip:bob@example.net"},
	{"sip:alice", "sip:alice@example.net|sip:alice@192.0.2.1|alice", "sip:al@example.net"},
	{"sip:*@example.net", "sip:alice@example.net|sip:+64911111@example.net",
	 "sip:example.net@other.example|sip:alice@sub.example.net"},
	{"sip:al*@example.net", "sip:alice@example.net|sip:al@example.net",
	 "sip:al@other.example|sip:bal@example.net"},
	{"sip:*ce", "sip:alice@example.net|sip:ce@x", "sip:cea@x"},
	{"sip:a%6Cice@example.net", "sip:alice@example.net", "sip:al@example.net"},
	{"sip:alice@[2001:db8::1]", "sip:alice@[2001:DB8:0::1]:5060", "sip:alice@[2001:db8::2]"},
	{"sip:091234567@example.net", "sip:+6491234567@example.net|sip:0064-9-1234567@example.net",
	 "sip:91234567@example.net|tel:+6491234567"},
	{"sip:09123*@example.net", "sip:+6491234567@example.net|sip:091239@example.net",
	 "sip:+6491244567@example.net|sip:9123@example.net"},
	{"sip:*4567@example.net", "sip:+6491234567@example.net|sip:x4567@example.net",
	 "sip:4568@example.net"},
	{"sip:1001@example.net", "sip:1001@example.net", "sip:+641001@example.net"},
	{"+6491234567",
	 "tel:091234567|0064 9 123 4567|sip:09-1234567@any.example|sip:+6491234567@x",
	 "tel:91234567|tel:+64912345678|sip:6491234567@x"},
	{"tel:+64-9-123-4567", "tel:091234567", "tel:091234568"},
	{"+64912345*", "tel:0912345|tel:091234567|sip:+6491234500@x",
	 "tel:091234467|sip:64912345@x"},
	{"*4567", "tel:091234567|sip:+6491234567@x", "sip:x4567@x|sip:4567@x|tel:091234568"},
};

static bool each(const struct identity_pattern *p, const char *list, bool wanted,
		 const char *target)
{
	char word[100];
	bool all = true;

	while (*list) {
		size_t n = strcspn(list, "|");
		struct identity_name name;

		snprintf(word, sizeof word, "%.*s", (int)n, list);
		list += n + (list[n] != 0);
		if (names(word, &name) && identity_pattern_fits(p, &name) == wanted)
			continue;
		printf("# %s and %s\n", target, word);
		all = false;
	}
	return all;
}

static void facts(void)
{
	struct identity_pattern p;
	struct why why;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool is_read = read(cases[i].target, &p, &why);

		ok(is_read && each(&p, cases[i].is, true, cases[i].target),
		   "%s is all that it says", cases[i].target);
		ok(is_read && each(&p, cases[i].is_not, false, cases[i].target),
		   "%s is nobody else", cases[i].target);
	}
}

static const char *const bad[] = {
	"",
	"sip:",
	"sip:@example.net",
	"sip:*",
	"sip:**@example.net",
	"sip:*a*@example.net",
	"sip:a*b@example.net",
	"sip:alice@",
	"sip:alice@exa mple.net",
	"sip:alice@example.net:5060",
	"sip:alice@example.net;transport=tcp",
	"sip:alice:secret@example.net",
	"sip:alice@*.example.net",
	"sip:alice@a@b",
	"alice@example.net",
	"mailto:alice@example.net",
	"\"Alice\" <sip:alice@example.net>",
	"sip:+64*@example.net",
	"sip:09*",
	"tel:",
	"tel:091234567",
	"+",
	"+64",
	"+64*",
	"+64*1",
	"+64 (0)9 1234567",
	"+6491234567890123",
	"+0491234567",
	"*",
	"*123",
	"*12a4",
	"**4567",
	"+64912x4567",
};

static void refusals(void)
{
	struct identity_pattern p;
	char text[700] = "sip:";
	struct why why;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		bool is_read = read(bad[i], &p, &why);

		ok(!is_read && why.text[0], "\"%s\" is refused: %s", bad[i], why.text);
	}
	memset(text + 4, 'a', 256);
	memcpy(text + 260, "@x", 3);
	ok(!read(text, &p, &why), "a user of 256 octets is refused: %s", why.text);
	memset(text + 4, 'a', 600);
	ok(!read(text, &p, &why), "a text of 604 octets is refused: %s", why.text);
}

int main(void)
{
	facts();
	refusals();
	return tap_end();
}
