#include "sip/address.h"

#include "base/tap.h"

static bool is(struct sip_text t, const char *wanted)
{
	return wanted ? sip_text_same(t, sip_word(wanted)) : !t.bytes;
}

static const struct {
	const char *value;
	const char *display;
	const char *uri;
	const char *tag;
	bool has_fault;
} good[] = {
	{"sip:bob@example.org", NULL, "sip:bob@example.org", NULL, false},
	{"<sip:bob@example.org>;tag=12", "", "sip:bob@example.org", "12", false},
	{"sip:bob@example.org;tag=12", NULL, "sip:bob@example.org", "12", false},
	{"<sip:bob@example.org;tag=no>;x;tag=yes", "", "sip:bob@example.org;tag=no", "yes", false},
	{"Bob Smith <sip:bob@example.org>", "Bob Smith", "sip:bob@example.org", NULL, false},
	{"Bob<sip:bob@example.org>", "Bob", "sip:bob@example.org", NULL, false},
	{"\"Bob \\\"<B>\\\"\" <sip:bob@example.org> ; Tag = 7", "Bob \\\"<B>\\\"",
	 "sip:bob@example.org", "7", false},
	{"\"\"\r\n <sip:bob@example.org>\r\n ;\r\n tag = 7", "", "sip:bob@example.org", "7", false},
	{"<tel:+31205551234>;x=\"a;tag=9\";tag=1", "", "tel:+31205551234", "1", false},
	{"Bell, Alexander <sip:a@example.org>;tag=43", "Bell, Alexander", "sip:a@example.org", "43",
	 true},
	{"< sip:bob@example.org >;tag=1", "", "sip:bob@example.org", "1", true},
	{"\"Bob <sip:bob@example.org>", "\"Bob", "sip:bob@example.org", NULL, true},
	{"sip:bob@example.org?Route=x", NULL, "sip:bob@example.org?Route=x", NULL, true},
};

static void facts(void)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct sip_address a;
		struct sip_text tag = {NULL, 0};
		bool is_read = sip_address_read(sip_word(good[i].value), &a) == 0;

		if (is_read)
			(void)sip_param_find(a.params, "tag", &tag);
		ok(is_read && is(a.display, good[i].display) && is(a.text, good[i].uri) &&
			   is(tag, good[i].tag) && a.has_fault == good[i].has_fault && !a.is_star,
		   "address %zu: %s%s", i, good[i].uri, good[i].has_fault ? ", with a fault" : "");
	}
}

/* As some telephones send it: the quotes are escaped by a program that should not have. */
static void tags(void)
{
	static const char text[] =
		"BYE sip:b SIP/2.0\r\nf: \\\"Alice\\\" <sip:a@b>;tag=64\r\n"
		"P-Asserted-Identity: \\\"A\\\" <sip:a@b>, <sip:c, \", <sip:d@e>\r\n\r\n";
	struct sip_message m;
	struct sip_text tag, value;
	struct sip_values v;
	int n = 0;

	ok(sip_message_read(text, sizeof text - 1, &m) == 0 &&
		   sip_message_tag(&m, SIP_FIELD_FROM, &tag) && is(tag, "64"),
	   "a tag is found behind a display name that is wrong");
	for (v = sip_message_values(&m, SIP_FIELD_P_ASSERTED_IDENTITY);
	     sip_values_next(&v, &value);)
		n++;
	ok(n == 4 && is(value, "<sip:d@e>"),
	   "what is never closed hides nothing that comes behind a comma");
}

static void others(void)
{
	static const char *const bad[] = {"",
					  " ",
					  "Bob",
					  "<>",
					  "<sip:bob@example.org",
					  "\"Bob\"",
					  "<sip:a b@example.org>",
					  "\"Bob\" sip:bob@example.org",
					  "<sip:>",
					  ";tag=1"};
	struct sip_address a;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(sip_address_read(sip_word(bad[i]), &a) == ERR_BAD, "\"%s\" is no address",
		   bad[i]);
	tags();
	ok(sip_address_read(sip_word("*"), &a) == 0 && a.is_star, "a star is all addresses");
}

int main(void)
{
	facts();
	others();
	return tap_end();
}
