#include "sip/uri.h"

#include "base/tap.h"
#include "base/wr.h"

static bool is(struct sip_text t, const char *wanted)
{
	return wanted ? sip_text_same(t, sip_word(wanted)) : !t.bytes;
}

static const struct {
	const char *text;
	enum sip_scheme scheme;
	const char *user;
	const char *password;
	const char *host;
	uint16_t port;
	uint8_t version;
	const char *params;
	const char *headers;
} good[] = {
	{"sip:alice@example.org", SIP_SCHEME_SIP, "alice", NULL, "example.org", 0, 0, NULL, NULL},
	{"SIPS:alice:secret@example.org:5061;transport=tcp?subject=a%20b&to=c", SIP_SCHEME_SIPS,
	 "alice", "secret", "example.org", 5061, 0, "transport=tcp", "subject=a%20b&to=c"},
	{"sip:[2001:db8::10]:5070", SIP_SCHEME_SIP, NULL, NULL, "2001:db8::10", 5070, 6, NULL,
	 NULL},
	{"sip:+31205551234@192.0.2.1;user=phone", SIP_SCHEME_SIP, "+31205551234", NULL, "192.0.2.1",
	 0, 4, "user=phone", NULL},
	{"sip:user;par=u%40example.net@example.com", SIP_SCHEME_SIP, "user;par=u%40example.net",
	 NULL, "example.com", 0, 0, NULL, NULL},
	{"sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too."
	 "(doesn't-it)@example.com",
	 SIP_SCHEME_SIP, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
	 "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)", "example.com", 0, 0, NULL, NULL},
	{"sip:gw_1.example.org?Replaces=x%3Bto-tag%3D1", SIP_SCHEME_SIP, NULL, NULL,
	 "gw_1.example.org", 0, 0, NULL, "Replaces=x%3Bto-tag%3D1"},
	{"tel:+31-20-555-1234;ext=7", SIP_SCHEME_TEL, "+31-20-555-1234", NULL, NULL, 0, 0, "ext=7",
	 NULL},
	/* without the brackets that it should have */
	{"sip:4321@2001:db8::22c;x=y", SIP_SCHEME_SIP, "4321", NULL, "2001:db8::22c", 0, 6, "x=y",
	 NULL},
	{"sip:4321@2001:db8::22c:5060", SIP_SCHEME_SIP, "4321", NULL, "2001:db8::22c:5060", 0, 6,
	 NULL, NULL},
	{"sip:4321@2001:db8:0:0:216:d3ff:fe0d:22c:5060", SIP_SCHEME_SIP, "4321", NULL,
	 "2001:db8:0:0:216:d3ff:fe0d:22c", 5060, 6, NULL, NULL},
	{"sip:4321@2001:db8::1:50600", SIP_SCHEME_SIP, "4321", NULL, "2001:db8::1", 50600, 6, NULL,
	 NULL},
	{"urn:service:sos", SIP_SCHEME_OTHER, NULL, NULL, NULL, 0, 0, NULL, NULL},
};

static void facts(void)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct sip_uri u;
		bool is_read = sip_uri_read(sip_word(good[i].text), &u) == 0;

		ok(is_read && u.scheme == good[i].scheme && is(u.user, good[i].user) &&
			   is(u.password, good[i].password) && is(u.host.text, good[i].host) &&
			   u.port == good[i].port && u.host.version == good[i].version &&
			   is(u.params, good[i].params) && is(u.headers, good[i].headers),
		   "%s is read", good[i].text);
	}
}

static void refusals(void)
{
	static const char *const bad[] = {"",
					  "sip",
					  "sip:",
					  ":alice@example.org",
					  "sip:@example.org",
					  "sip:alice@",
					  "sip:alice@example.org:0",
					  "sip:a@b:65536",
					  "sip:a@b:x",
					  "sip:a@b:",
					  "sip:a @b",
					  "<sip:a@b>",
					  "1sip:a@b",
					  "sip:a@[2001:db8::1",
					  "sip:a@[not]",
					  "tel:",
					  "sip:a@b%41",
					  "sip:a@::1::",
					  "sip:a@::1:65536",
					  "sip:a@1:2:3:4:5:6:7:8:0",
					  "sip:a@1:2:3:4:5:6:7:8:9:10",
					  "sip:a@b:c:5060"};
	struct sip_uri u;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(sip_uri_read(sip_word(bad[i]), &u) == ERR_BAD, "\"%s\" is no URI", bad[i]);
	ok(sip_uri_read(sip_word("sip:a@b\r\n c"), &u) == ERR_BAD, "nor is one with a fold");
}

/* Cuts of a URI are URIs too, or refused: none reads beyond its end (the sanitizers watch). */
static void cuts(void)
{
	static const char text[] = "sip:a:b@[2001:db8::10]:5070;x=y?z=1";
	struct sip_uri u;
	int n_bad = 0;

	for (size_t cut = 0; cut < sizeof text - 1; cut++) {
		char room[sizeof text];

		memcpy(room, text, cut);
		n_bad += sip_uri_read(sip_text_of(room, cut), &u) != 0;
	}
	ok(n_bad == 22, "cut within scheme, user, host or behind a colon it is refused: %d", n_bad);
}

static void comparison(void)
{
	static const struct {
		const char *a;
		const char *b;
		bool is_same;
	} pairs[] = {
		/* RFC 3261 19.1.4 */
		{"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp",
		 true},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;security=on", true},
		{"sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true},
		{"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP",
		 false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false},
		{"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false},
		{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false},
		{"sip:bob@[2001:db8::1]", "sip:bob@[2001:0db8:0:0:0:0:0:1]", true},
		{"sip:bob@a.org", "sips:bob@a.org", false},
		{"sip:bob@a.org", "sip:@a.org", false},
		{"sip:bob@a.org", "sip:a.org", false},
		{"sip:bob@a.org;lr", "sip:bob@a.org;lr=on", false},
		{"tel:+31-20-555-1234", "tel:+31205551234", true},
		{"tel:+31205551234", "tel:+31205551235", false},
		{"tel:5551234;phone-context=a", "tel:5551234;phone-context=b", false},
		{"urn:service:sos", "urn:service:sos", true},
		{"urn:service:sos", "urx:service:sos", false},
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct sip_uri a, b;
		int bad = sip_uri_read(sip_word(pairs[i].a), &a);

		bad |= sip_uri_read(sip_word(pairs[i].b), &b);
		ok((!bad && sip_uri_same(&a, &b) && sip_uri_same(&b, &a)) == pairs[i].is_same,
		   "%s and %s are %s", pairs[i].a, pairs[i].b, pairs[i].is_same ? "one" : "two");
	}
}

static void escapes(void)
{
	static const char null[] = "null-%00-n%7";
	uint8_t out[16];
	struct sip_uri u;
	struct sip_text value;

	ok(sip_text_unescape(sip_word("%61%6Cice%ZZ%4"), out, sizeof out) == 10 &&
		   !memcmp(out, "alice%ZZ%4", 10),
	   "what is escaped is resolved, a percent sign before no digits stays");
	ok(sip_text_unescape(sip_word(null), out, sizeof out) == 10 &&
		   !memcmp(out, "null-\0-n%7", 10),
	   "an escaped zero is an octet like others");
	ok(sip_text_unescape(sip_word("abcdef"), out, 3) == 6 && !memcmp(out, "abc", 3),
	   "a text that does not fit is cut, and its length told");
	ok(sip_uri_read(sip_word("sip:bob@a.org?Replaces=1%3Bto-tag%3D2&x&Subject="), &u) == 0 &&
		   sip_uri_header(&u, "replaces", &value) && is(value, "1%3Bto-tag%3D2") &&
		   sip_uri_header(&u, "subject", &value) && is(value, "") &&
		   sip_uri_header(&u, "x", &value) && !sip_uri_header(&u, "y", &value),
	   "headers in a URI are found by their names");
}

static void many_params(void)
{
	char text[1024];
	struct wr w = wr_of(text, sizeof text);
	struct sip_uri a, b;

	wr_text(&w, "sip:a@b.org");
	for (int i = 0; i <= SIP_URI_PARAMS; i++)
		wr_text(&w, ";p%d=%d", i, i);
	ok(sip_uri_read(sip_text_of(text, w.len), &a) == 0 && sip_uri_same(&a, &a),
	   "a URI with %d parameters is the same as itself", SIP_URI_PARAMS + 1);
	ok(sip_uri_read(sip_word("sip:a@b.org"), &b) == 0 && !sip_uri_same(&a, &b),
	   "and as no other");
}

int main(void)
{
	facts();
	refusals();
	cuts();
	comparison();
	escapes();
	many_params();
	return tap_end();
}
