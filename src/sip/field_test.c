#include "sip/field.h"

#include "base/tap.h"

static bool is(struct sip_text t, const char *wanted)
{
	return wanted ? sip_text_same(t, sip_word(wanted)) : !t.bytes;
}

static void vias(void)
{
	struct sip_via v;

	ok(sip_via_read(
		   sip_word("SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bK7;received=10.0.0.1;rport=9"),
		   &v) == 0 &&
		   is(v.transport, "UDP") && is(v.host.text, "192.0.2.1") && v.host.version == 4 &&
		   v.port == 5061 && is(v.branch, "z9hG4bK7") && is(v.received, "10.0.0.1") &&
		   v.has_rport && v.rport == 9,
	   "a Via is read");
	ok(sip_via_read(sip_word("SIP  / 2.0\r\n /UDP\r\n    [2001:db8::1] : 5060 ;rport;branch=1"),
			&v) == 0 &&
		   is(v.host.text, "2001:db8::1") && v.port == 5060 && v.has_rport && !v.rport &&
		   is(v.branch, "1") && is(v.received, NULL),
	   "white space is allowed nearly everywhere in it");
	ok(sip_branch_is_unique(sip_word("z9hG4bK7")) &&
		   !sip_branch_is_unique(sip_word("z9hG4bK")) &&
		   !sip_branch_is_unique(sip_word("7")),
	   "branches of RFC 3261 are told from those before it, and from the cookie alone");
	ok(sip_via_read(sip_word("SIP/2.0 192.0.2.1"), &v) &&
		   sip_via_read(sip_word("SIP/2.0/UDP"), &v) &&
		   sip_via_read(sip_word("SIP/2.0/UDP ;branch=1"), &v) &&
		   sip_via_read(sip_word(""), &v) &&
		   sip_via_read(sip_word("SIP/2.0/UDP a:b;branch=1"), &v),
	   "others are refused");
}

static void numbers(void)
{
	struct sip_cseq c;
	struct sip_rack r;

	ok(sip_cseq_read(sip_word("0009\r\n  INVITE"), &c) == 0 && c.number == 9 &&
		   c.method == SIP_INVITE,
	   "a folded CSeq is read");
	ok(sip_cseq_read(sip_word("4294967295 NEWMETHOD"), &c) == 0 && c.number == UINT32_MAX &&
		   c.method == SIP_OTHER && is(c.method_name, "NEWMETHOD"),
	   "and one of 2^32 - 1 of an unknown method");
	ok(sip_cseq_read(sip_word("4294967296 BYE"), &c) && sip_cseq_read(sip_word("1"), &c) &&
		   sip_cseq_read(sip_word("BYE"), &c) && sip_cseq_read(sip_word("-1 BYE"), &c) &&
		   sip_cseq_read(sip_word("1 BYE BYE"), &c),
	   "others are refused");
	ok(sip_rack_read(sip_word("776656 1 INVITE"), &r) == 0 && r.rseq == 776656 &&
		   r.cseq.number == 1 && r.cseq.method == SIP_INVITE &&
		   sip_rack_read(sip_word("776656 INVITE"), &r),
	   "a RAck is read, and needs both numbers");
}

static void dialogs(void)
{
	static const char id[] = "ab30317f1a784dc48ff824d0d3715d86";
	struct sip_replaces r;
	struct sip_session_id s;

	ok(sip_replaces_read(sip_word("12adf2f34456gs5;to-tag=12345;from-tag=54321;early-only"),
			     &r) == 0 &&
		   is(r.call_id, "12adf2f34456gs5") && is(r.to_tag, "12345") &&
		   is(r.from_tag, "54321") && r.is_early_only,
	   "a Replaces is read");
	ok(sip_replaces_read(sip_word("a;local-tag=1;remote-tag=2"), &r) == 0 &&
		   is(r.to_tag, "1") && is(r.from_tag, "2") && !r.is_early_only,
	   "and a Target-Dialog");
	ok(sip_replaces_read(sip_word("a;to-tag=1"), &r) == ERR_BAD, "one tag is too few");
	ok(sip_session_id_read(sip_word("ab30317f1a784dc48ff824d0d3715d86; "
					"remote=47755a9de7794ba387653f2099600ef2"),
			       &s) == 0 &&
		   is(s.local, id) && is(s.remote, "47755a9de7794ba387653f2099600ef2"),
	   "a Session-ID has two halves");
	ok(sip_session_id_read(sip_word(id), &s) == 0 && is(s.remote, NULL) &&
		   !sip_session_id_is_null(s.local),
	   "or one, before RFC 7989");
	ok(sip_session_id_read(sip_word("00000000000000000000000000000000"), &s) == 0 &&
		   sip_session_id_is_null(s.local),
	   "the null identifier is known");
	ok(sip_session_id_read(sip_word("ab30317f"), &s) &&
		   sip_session_id_read(sip_word("ab30317f1a784dc48ff824d0d3715d8g"), &s) &&
		   sip_session_id_read(sip_word("ab30317f1a784dc48ff824d0d3715d86;remote=1"), &s),
	   "others are refused");
}

static void forwarding(void)
{
	struct sip_diversion d;
	struct sip_history h;
	struct sip_remote_party p;

	ok(sip_diversion_read(sip_word("<sip:bob@a.org>;reason=no-answer;counter=2;privacy=off"),
			      &d) == 0 &&
		   is(d.address.text, "sip:bob@a.org") && is(d.reason, "no-answer") &&
		   d.counter == 2,
	   "a Diversion is read");
	ok(sip_diversion_read(sip_word("<tel:+3120>;reason=\"user-busy\""), &d) == 0 &&
		   d.counter == 1 && is(d.reason, "user-busy"),
	   "one that does not count stands for one");
	ok(sip_history_read(
		   sip_word("<sip:bob@b.org;cause=302?Reason=SIP%3Bcause%3D302>;index=1.1;mp=1"),
		   &h) == 0 &&
		   is(h.index, "1.1") && is(h.cause, "302") && is(h.mp, "1") && is(h.rc, NULL),
	   "a History-Info is read");
	ok(sip_remote_party_read(sip_word("\"Bob\" <sip:5551234@a.org>;party=calling;screen=yes;"
					  "privacy=full"),
				 &p) == 0 &&
		   is(p.party, "calling") && is(p.screen, "yes") && is(p.privacy, "full"),
	   "a Remote-Party-ID is read");
	ok(sip_diversion_read(sip_word("x"), &d) && sip_history_read(sip_word(""), &h) &&
		   sip_remote_party_read(sip_word("<>"), &p),
	   "none is read without a URI");
}

static void credentials(void)
{
	struct sip_credentials c;

	ok(sip_credentials_read(
		   sip_word("Digest username=\"bob, the \\\"b\\\"\", realm=\"a.org\",\r\n "
			    "nonce=\"84a4\" , uri=\"sip:bob@a.org\", qop=auth, nc=00000001"),
		   &c) == 0 &&
		   is(c.scheme, "Digest") && is(c.username, "bob, the \\\"b\\\"") &&
		   is(c.realm, "a.org") && is(c.uri, "sip:bob@a.org") && is(c.nonce, "84a4"),
	   "credentials are read, commas in quotes among them");
	ok(sip_credentials_read(sip_word("Digest realm=a.org"), &c) == 0 && is(c.realm, "a.org") &&
		   is(c.username, NULL),
	   "a challenge has no user; quotes may be missing");
	ok(sip_credentials_read(sip_word("Digest username=\"bob"), &c) == 0 &&
		   is(c.username, "bob"),
	   "a quote that is never closed ends with the line");
	ok(sip_credentials_read(sip_word("Digest opaque, username=bob,,realm=x"), &c) == 0 &&
		   is(c.username, "bob") && is(c.realm, "x"),
	   "words that are no pairs are passed over");
	ok(sip_credentials_read(sip_word(""), &c) == ERR_BAD, "nothing is no credentials");
}

static void words(void)
{
	struct sip_event e;
	struct sip_subscription s;
	struct sip_reason r;
	struct sip_content_type t;
	struct sip_geolocation g;

	ok(sip_event_read(sip_word("refer;id=93809824"), &e) == 0 && is(e.package, "refer") &&
		   is(e.id, "93809824") && sip_event_read(sip_word(";id=1"), &e),
	   "an Event is read");
	ok(sip_subscription_read(sip_word("terminated;reason=noresource;expires=0"), &s) == 0 &&
		   is(s.state, "terminated") && is(s.reason, "noresource") && s.has_expires &&
		   s.expires == 0,
	   "a Subscription-State is read");
	ok(sip_reason_read(sip_word("Q.850 ;cause=16 ;text=\"Normal; clearing\""), &r) == 0 &&
		   is(r.protocol, "Q.850") && r.cause == 16 && is(r.text, "Normal; clearing"),
	   "a Reason is read");
	ok(sip_content_type_read(sip_word("multipart / mixed;boundary=\"a b\""), &t) == 0 &&
		   sip_content_type_is(&t, "Multipart", "MIXED") && is(t.boundary, "a b"),
	   "a Content-Type is read with its boundary");
	ok(sip_content_type_read(sip_word("application"), &t) &&
		   sip_content_type_read(sip_word("/sdp"), &t),
	   "and needs both its halves");
	ok(sip_geolocation_read(sip_word("<cid:target123@a.org>;inserted-by=\"x\""), &g) == 0 &&
		   is(g.cid, "target123@a.org"),
	   "a Geolocation by value names a part of the body");
	ok(sip_geolocation_read(sip_word("<https://ls.a.org/1>"), &g) == 0 && is(g.cid, NULL) &&
		   is(g.uri, "https://ls.a.org/1"),
	   "one by reference does not");
}

int main(void)
{
	vias();
	numbers();
	dialogs();
	forwarding();
	credentials();
	words();
	return tap_end();
}
