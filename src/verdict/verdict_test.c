#include "verdict/verdict.h"

#include <string.h>

#include "base/tap.h"

static const char text[] =
	"operator: {id: X, country_code: \"64\", national_prefix: \"0\"}\n"
	"core_servers: [{kind: sip, address: 10.0.0.20}]\n"
	"agencies: [{id: police, country: NZ, hi2: \"127.0.0.1:1\", hi3: \"127.0.0.1:2\"}]\n"
	"warrants:\n"
	"  - {reference: r, authority: a, agency: police, liid: L1, authorization_country: NZ,\n"
	"     start: 2026-01-01T00:00:00Z, end: 2027-01-01T00:00:00Z,\n"
	"     targets: [{phone: \"+6491234567\"}, {sip_uri: \"sip:*@example.org\"}]}\n";

static const char message[] = "INVITE sip:x@example.net SIP/2.0\r\n"
			      "To: <sip:a@example.org>\r\nFrom: <tel:091234567>\r\n\r\n";

static bool says(struct wr *w, const char *words)
{
	return w->ok && memmem(w->bytes, w->len, words, strlen(words));
}

static void in_words(const struct orders *orders)
{
	struct wr w = wr_init(1 << 16);
	struct verdict *v;
	struct why why;

	why_clear(&why);
	if (!ok(verdict_new(&v, orders, false, &w, &why) == 0, "a verdict"))
		return;
	verdict_word(v, "09-1234567");
	ok(says(&w, "09-1234567\n    is +6491234567 (a national number)\n"
		    "    police/L1  phone +6491234567: the user is, in any realm\n"),
	   "a number, how it is understood, and whose it is");
	wr_reset(&w);
	verdict_word(v, "urn:x");
	ok(says(&w, "    no target\n") || says(&w, "    names nobody\n"), "nobody");
	wr_reset(&w);
	ok(verdict_message(v, message, strlen(message), &why) == 0 &&
		   says(&w, "police/L1  sip_uri sip:*@example.org: any user, in this realm") &&
		   says(&w, "does not count"),
	   "fields of a message, those that do not count among them");
	ok(verdict_message(v, message, 20, &why) && why.text[0], "a cut one: %s", why.text);
	verdict_free(&v);
	wr_fini(&w);
}

static void in_json(const struct orders *orders)
{
	struct wr w = wr_init(1 << 16);
	struct verdict *v;

	if (verdict_new(&v, orders, true, &w, NULL))
		return;
	verdict_word(v, "sip:a@example.org");
	ok(says(&w, "{\"identity\":\"sip:a@example.org\",\"user\":\"a\",\"realm\":\"example.org\","
		    "\"form\":\"as-is\",\"matches\":[{\"warrant\":\"police/L1\",\"sip_uri\":"
		    "\"sip:*@example.org\",\"rule\":\"any user\",\"in_realm\":true}]}\n"),
	   "the same as JSON");
	verdict_free(&v);
	wr_fini(&w);
}

int main(void)
{
	struct orders orders;
	struct why why;

	why_clear(&why);
	if (!ok(orders_parse(&orders, text, strlen(text), &why) == 0, "orders %s", why.text))
		return tap_end();
	in_words(&orders);
	in_json(&orders);
	orders_fini(&orders);
	return tap_end();
}
