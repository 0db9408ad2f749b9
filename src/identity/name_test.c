#include "identity/name.h"

#include <string.h>

#include "base/tap.h"

static const char *const international[] = {"00", "0161"};
static const char *const own_realms[] = {"example.net", "192.0.2.1"};

static const struct identity_plan nz = {.country_code = "64",
					.national_prefix = "0",
					.international_prefixes = international,
					.n_international_prefixes = 2};
static const struct identity_plan none = {NULL};

/* user@realm as it is understood; "" for nobody. */
static const char *shown(const struct identity_name *name)
{
	static char text[600];

	snprintf(text, sizeof text, "%s%s%s", (const char *)name->user, name->realm_len ? "@" : "",
		 (const char *)name->realm);
	return text;
}

static const char *uri(const struct identity_plan *plan, const char *text)
{
	static struct identity_name name;
	struct sip_uri u;

	if (sip_uri_read(sip_word(text), &u) || !identity_name_of_uri(plan, &u, &name))
		return "";
	return shown(&name);
}

static void is(const struct identity_plan *plan, const char *text, const char *wanted)
{
	const char *got = uri(plan, text);

	ok(strcmp(got, wanted) == 0, "%s is %s", text, wanted[0] ? wanted : "nobody");
	if (strcmp(got, wanted) != 0)
		printf("# got %s\n", got);
}

static void numbers(void)
{
	is(&nz, "tel:+6491234567", "+6491234567");
	is(&nz, "tel:+64-9-123.45(67)", "+6491234567");
	is(&nz, "tel:006491234567", "+6491234567");
	is(&nz, "tel:01616491234567", "+6491234567");
	is(&nz, "tel:09-123-4567", "+6491234567");
	is(&nz, "tel:1234567", "1234567");
	is(&nz, "tel:6491234567", "6491234567");
	is(&none, "tel:006491234567", "006491234567");
	is(&none, "tel:+6491234567;ext=9", "+6491234567");
	is(&nz, "tel:111", "111");
	is(&nz, "tel:*21%23", "*21#");
	is(&nz, "tel:+1234567890123456", "+1234567890123456");
	is(&nz, "tel:+0123", "+0123");
	is(&nz, "tel:00", "00");
	is(&nz, "tel:0", "0");
}

static void contexts(void)
{
	is(&nz, "tel:091234567;phone-context=+64", "+6491234567");
	is(&nz, "tel:091234567;phone-context=+44", "091234567");
	is(&nz, "tel:091234567;phone-context=example.net", "+6491234567");
	is(&nz, "tel:7042;phone-context=Example.net", "7042@example.net");
	is(&none, "tel:7042;phone-context=+1", "7042");
}

static void users(void)
{
	is(&nz, "sip:alice@Example.NET", "alice@example.net");
	is(&nz, "sips:alice@example.net.:5061;transport=tls?a=b", "alice@example.net");
	is(&nz, "sip:al%69ce:secret@example.net", "alice@example.net");
	is(&nz, "sip:Alice@example.net", "Alice@example.net");
	is(&nz, "sip:+64-9-123-4567@example.net", "+6491234567@example.net");
	is(&nz, "sip:091234567@example.net", "+6491234567@example.net");
	is(&nz, "sip:%2B6491234567@example.net;user=phone", "+6491234567@example.net");
	is(&nz, "sip:+6491234567;npdi;rn=+649000@example.net;user=phone",
	   "+6491234567@example.net");
	is(&nz, "sip:1001@example.net", "1001@example.net");
	is(&nz, "sip:alice@192.0.2.7:5070", "alice@192.0.2.7");
	is(&nz, "sip:alice@[2001:DB8::1]", "alice@2001:0db8:0000:0000:0000:0000:0000:0001");
	is(&nz, "sip:example.net", "@example.net");
	is(&nz, "mailto:alice@example.net", "");
}

static void realms_of_numbers(void)
{
	struct identity_plan plan = nz;

	plan.phone_realms = own_realms;
	plan.n_phone_realms = 2;
	is(&plan, "sip:091234567@example.net", "+6491234567@example.net");
	is(&plan, "sip:091234567@192.0.2.1", "+6491234567@192.0.2.1");
	is(&plan, "sip:091234567@other.example", "091234567@other.example");
	is(&plan, "sip:091234567@other.example;user=phone", "+6491234567@other.example");
	is(&plan, "sip:+6491234567@other.example", "+6491234567@other.example");
}

static void plans(void)
{
	struct identity_plan plan = nz;
	struct identity_plan closed = {.country_code = "45"};

	plan.is_bare_international = true;
	is(&plan, "sip:6491234567@example.net", "+6491234567@example.net");
	is(&plan, "sip:64001@example.net", "64001@example.net");
	is(&closed, "tel:33123456", "+4533123456");
	is(&closed, "sip:112@example.net", "112@example.net");
}

static const char *login(const char *username, const char *realm)
{
	static struct identity_name name;

	if (!identity_name_of_login(&nz, sip_word(username), sip_word(realm), &name))
		return "";
	return shown(&name);
}

static void logins(void)
{
	ok(!strcmp(login("alice", "Example.net"), "alice@example.net"), "a username in its realm");
	ok(!strcmp(login("alice@other.example", "example.net"), "alice@other.example"),
	   "a username with a realm of its own");
	ok(!strcmp(login("0064 9 1234567", "x"), "+6491234567@x"), "a username that is a number");
	ok(!strcmp(login("a\\\"b", "x"), "a\"b@x"), "a quote in a username");
	ok(!login("", "x")[0], "no username is nobody");
}

static const char *word(const char *text)
{
	static struct identity_name name;

	return identity_name_of_word(&nz, sip_word(text), &name) ? shown(&name) : "";
}

static void words(void)
{
	ok(!strcmp(word("0064 9 123 4567"), "+6491234567"), "a number as one types it");
	ok(!strcmp(word("alice@Example.net"), "alice@example.net"), "a user and a realm");
	ok(!strcmp(word("sip:alice"), "alice") && !strcmp(word("alice"), "alice"), "a user alone");
	ok(!strcmp(word("tel:091234567"), "+6491234567"), "a URI");
	ok(!word("")[0] && !word("@")[0] && !word("a@b c")[0], "what is nobody");
}

static void long_ones(void)
{
	char text[3000] = "sip:";
	struct identity_name name;
	struct sip_uri u;

	memset(text + 4, 'x', 2000);
	memcpy(text + 2004, "@example.net", 13);
	ok(sip_uri_read(sip_word(text), &u) == 0 && identity_name_of_uri(&nz, &u, &name) &&
		   name.is_cut && name.user_len == IDENTITY_MAX_USER &&
		   !strcmp((char *)name.realm, "example.net"),
	   "of a user that is too long its beginning is kept, and its realm");
	memcpy(text + 4, "a@", 2);
	text[2004] = 0;
	ok(sip_uri_read(sip_word(text), &u) == 0 && identity_name_of_uri(&nz, &u, &name) &&
		   name.user_len == 1 && name.realm_len == 0,
	   "a realm that is too long is nobody's");
}

int main(void)
{
	numbers();
	contexts();
	users();
	realms_of_numbers();
	plans();
	logins();
	words();
	long_ones();
	return tap_end();
}
