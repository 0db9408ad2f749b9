#include "identity/match.h"

#include <string.h>

#include "base/tap.h"

static const char *const international[] = {"00"};
static const struct identity_plan nz = {.country_code = "64",
					.national_prefix = "0",
					.international_prefixes = international,
					.n_international_prefixes = 1};

static const struct identity_target targets[] = {
	{.phone = "+6491234567"},
	{.sip_uri = "sip:alice@example.net"},
	{.sip_uri = "sip:bob"},
};

static struct identity_set *set;

/* Fields that named somebody, as "field:target" words. */
struct hits {
	char words[400];
	size_t n;
};

static void note(void *arg, const struct identity_hit *hit)
{
	struct hits *h = arg;
	size_t len = strlen(h->words);

	snprintf(h->words + len, sizeof h->words - len, "%s%s:%u", h->n++ ? " " : "",
		 hit->field == SIP_NO_FIELD ? "URI" : sip_field_name(hit->field),
		 hit->found.target);
}

static char text[300000];

static size_t steps;

/* A message of this start line and these fields. */
static struct hits match(const char *start, const char *fields, bool trust_from)
{
	struct sip_message m;
	struct hits h = {"", 0};
	int len = snprintf(text, sizeof text,
			   "%s\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nCall-ID: c\r\n"
			   "CSeq: 1 INVITE\r\n%s\r\n",
			   start, fields);

	steps = 0;
	if (len > 0 && (size_t)len < sizeof text && sip_message_read(text, (size_t)len, &m) == 0)
		steps = identity_match(set, &m, trust_from, note, &h);
	return h;
}

static const char invite[] = "INVITE sip:carol@example.net SIP/2.0";

static const struct {
	const char *fields;
	const char *hits, *trusted; /* NULL: the same */
	const char *what;
} cases[] = {
	{"To: <sip:alice@example.net>\r\n", "To:1", NULL, "To"},
	{"t: <tel:09-1234567>\r\n", "To:0", NULL, "To in its compact form, a national number"},
	{"To: \"A, \\\"B\" \r\n <sips:alice@EXAMPLE.NET>\r\n", "To:1", NULL, "a folded To"},
	{"P-Asserted-Identity: \"Al\" <sip:al@x>, <tel:+6491234567>\r\n", "P-Asserted-Identity:0",
	 NULL, "the second of two asserted identities"},
	{"Remote-Party-ID: <sip:bob@any.example>;party=calling\r\n", "Remote-Party-ID:2", NULL,
	 "Remote-Party-ID, whatever the realm"},
	{"Authorization: Digest username=\"alice\", realm=\"example.net\", nonce=\"x\"\r\n",
	 "Authorization:1", NULL, "a login"},
	{"Proxy-Authorization: Digest realm=\"x\", username=\"00 64 9 1234567\"\r\n",
	 "Proxy-Authorization:0", NULL, "a login that is a number"},
	{"Diversion: <sip:091234567@x>;reason=no-answer\r\n", "Diversion:0", NULL, "Diversion"},
	{"History-Info: <sip:x@y>;index=1, <sip:alice@example.net;cause=302>;index=1.1\r\n",
	 "History-Info:1", NULL, "History-Info"},
	{"P-Called-Party-ID: <sip:alice@example.net>\r\n", "P-Called-Party-ID:1", NULL,
	 "P-Called-Party-ID"},
	{"From: <sip:alice@example.net>;tag=1\r\n", "", "From:1", "From, where it is trusted"},
	{"P-Preferred-Identity: <tel:+6491234567>\r\n", "", "P-Preferred-Identity:0",
	 "P-Preferred-Identity, where it is trusted"},
	{"From: <sip:alice@example.net>\r\nP-Asserted-Identity: <sip:alice@example.net>\r\n"
	 "To: <tel:091234567>\r\n",
	 "To:0 P-Asserted-Identity:1", NULL,
	 "several targets, each by the first field that names her"},
	{"Contact: <sip:alice@example.net>\r\nRoute: <sip:alice@example.net>\r\n"
	 "Subject: sip:alice@example.net\r\nReferred-By: <sip:alice@example.net>\r\n",
	 "", NULL, "other fields name nobody"},
	{"To: <sip:alice@example.net\r\nDiversion: ;;;\r\nP-Asserted-Identity: <>\r\n"
	 "Authorization: Digest username=\"alice\r\n",
	 "", NULL, "values that are none"},
};

static void fields(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *trusted = cases[i].trusted ? cases[i].trusted : cases[i].hits;
		struct hits h = match(invite, cases[i].fields, false);
		struct hits t = match(invite, cases[i].fields, true);

		ok(!strcmp(h.words, cases[i].hits) && !strcmp(t.words, trusted), "%s: %s",
		   cases[i].what, t.words);
	}
}

static void request_uris(void)
{
	static const char forwarded[] = "INVITE sip:alice@example.net SIP/2.0";
	static const char registered[] = "REGISTER sip:bob@example.net SIP/2.0";

	ok(!strcmp(match(forwarded, "To: <sip:dave@x>\r\n", false).words, "URI:1"),
	   "a request that was turned to the target is for her");
	ok(!match(forwarded, "To: <sip:dave@x>;tag=9\r\n", false).n,
	   "within a dialog its URI is a Contact, and names nobody");
	ok(!match(registered, "To: <sip:dave@x>\r\n", false).n,
	   "a registration's URI is the registrar's");
	ok(!strcmp(match("SIP/2.0 200 OK", "To: <sip:alice@example.net>;tag=1\r\n", false).words,
		   "To:1"),
	   "answers name her too");
}

static void walks(void)
{
	struct sip_message m;
	struct identity_said said;
	struct identity_walk walk;
	size_t n = 0, n_said = 0, n_bad = 0;

	(void)match(invite, "From: <sip:alice@example.net>\r\nTo: <urn:x>\r\n", false);
	if (sip_message_read(text, strlen(text), &m))
		return;
	walk = identity_walk_of(&m);
	while (identity_walk_next(&walk, &nz, &said)) {
		n++;
		n_said += !said.is_known;
		n_bad += !said.is_readable && !said.name.user_len;
	}
	ok(n == 3 && n_said == 1 && n_bad == 1,
	   "every value is told of: what is not believed, and what names nobody");
}

/* Lists as long as a message may be, of one party or of different ones. */
static void floods(void)
{
	static char fields_text[250000];
	size_t len = 0;
	struct hits h;

	while (len < sizeof fields_text - 80)
		len += (size_t)snprintf(fields_text + len, sizeof fields_text - len,
					"Diversion: <sip:alice@example.net>\r\n");
	h = match(invite, fields_text, true);
	ok(h.n == 1 && steps < 100, "7,000 diversions of one target are one hit, in %zu steps",
	   steps);
	for (len = 0; len < sizeof fields_text - 80;)
		len += (size_t)snprintf(fields_text + len, sizeof fields_text - len,
					"History-Info: <sip:u%zu@example.net>\r\n", len);
	h = match(invite, fields_text, true);
	ok(h.n == 0 && steps > 64 && steps < 1000, "7,000 others are %zu steps", steps);
}

/* No cut of a message names anybody whom the whole does not. */
static void cuts(void)
{
	size_t len, n_wrong = 0;
	struct sip_message m;

	(void)match(invite, "To: <sip:alice@example.net>\r\nDiversion: <tel:+6491234567>\r\n",
		    false);
	len = strlen(text);
	for (size_t n = 0; n < len; n++) {
		struct hits h = {"", 0};

		if (sip_message_read(text, n, &m) == 0 && identity_match(set, &m, true, note, &h))
			n_wrong++;
	}
	ok(n_wrong == 0, "a message that is cut is none");
}

int main(void)
{
	if (!ok(identity_set_new(&set, &nz, &(struct identity_targets){targets, 3}, 99, NULL) == 0,
		"three targets"))
		return tap_end();
	fields();
	request_uris();
	walks();
	floods();
	cuts();
	identity_set_free(&set);
	return tap_end();
}
