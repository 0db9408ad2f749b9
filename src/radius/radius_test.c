#include "radius/attribute.h"

#include <string.h>

#include "base/tap.h"

static const uint8_t authenticator[RADIUS_AUTHENTICATOR_LEN] = {0, 1, 2,  3,  4,  5,  6,  7,
								8, 9, 10, 11, 12, 13, 14, 15};
static uint8_t room[RADIUS_MAX_LEN + 300];

static struct net_prefix prefix_of(const char *text)
{
	struct net_prefix p = {0};

	(void)net_prefix_parse(text, &p);
	return p;
}

/* An Accounting-Request with an attribute of every kind. */
static size_t write_packet(void)
{
	static const uint8_t circuit[] = {0, 0, 0x0d, 0xe9, 1, 8, 'e', 't', 'h', '0', '/', '7'};
	struct wr w = wr_of(room, sizeof room);
	size_t mark = radius_open(&w, RADIUS_ACCOUNTING_REQUEST, 42, authenticator);
	struct net_prefix p;

	radius_put_text(&w, RADIUS_USER_NAME, "alice@isp.example");
	radius_put_integer(&w, RADIUS_ACCT_STATUS_TYPE, RADIUS_INTERIM);
	radius_put_text(&w, RADIUS_ACCT_SESSION_ID, "0000002F");
	p = prefix_of("192.0.2.7");
	radius_put_prefix(&w, RADIUS_FRAMED_IP_ADDRESS, &p);
	p = prefix_of("2001:db8:7::/48");
	radius_put_prefix(&w, RADIUS_DELEGATED_IPV6_PREFIX, &p);
	p = prefix_of("2001:db8:1:2::/64");
	radius_put_prefix(&w, RADIUS_FRAMED_IPV6_PREFIX, &p);
	p = prefix_of("2001:db8:1:3::/64");
	radius_put_prefix(&w, RADIUS_FRAMED_IPV6_PREFIX, &p);
	p = prefix_of("2001:db8::7");
	radius_put_prefix(&w, RADIUS_FRAMED_IPV6_ADDRESS, &p);
	radius_put_integer(&w, RADIUS_ACCT_INPUT_OCTETS, 4000000000);
	radius_put_integer(&w, RADIUS_EVENT_TIMESTAMP, 1767225600);
	radius_put(&w, RADIUS_VENDOR_SPECIFIC, circuit, sizeof circuit);
	radius_put(&w, RADIUS_CLASS, "\1\2", 2);
	radius_put_text(&w, RADIUS_USER_PASSWORD, "hidden");
	radius_put(&w, RADIUS_MESSAGE_AUTHENTICATOR, authenticator, sizeof authenticator);
	radius_put(&w, 200, "?", 1);
	radius_close(&w, mark);
	return w.ok ? w.len : 0;
}

static bool has_prefix(const struct radius *p, uint8_t type, const char *text)
{
	struct net_prefix wanted = prefix_of(text), found;
	struct radius_attribute a;

	return radius_find(p->attributes, type, &a) && radius_prefix(&a, &found) &&
	       !memcmp(&wanted, &found, sizeof found);
}

static bool has_number(const struct radius *p, uint8_t type, uint32_t wanted)
{
	struct radius_attribute a;
	uint32_t found;

	return radius_find(p->attributes, type, &a) && radius_integer(&a, &found) &&
	       found == wanted;
}

static void facts(size_t len)
{
	struct radius p;
	struct radius_attribute a;
	struct rd walk, inner;
	uint32_t vendor = 0;
	int n = 0;

	ok(radius_read(room, len, &p) == 0 && p.len == len, "a packet is read");
	ok(p.code == RADIUS_ACCOUNTING_REQUEST && p.identifier == 42 &&
		   !memcmp(p.authenticator, authenticator, sizeof authenticator),
	   "its code, identifier and authenticator are those that were written");
	ok(radius_find(p.attributes, RADIUS_USER_NAME, &a) && a.len == 17 &&
		   !memcmp(a.value, "alice@isp.example", 17),
	   "a text is found by its type");
	ok(has_number(&p, RADIUS_ACCT_STATUS_TYPE, RADIUS_INTERIM) &&
		   has_number(&p, RADIUS_ACCT_INPUT_OCTETS, 4000000000) &&
		   has_number(&p, RADIUS_EVENT_TIMESTAMP, 1767225600),
	   "numbers and times are read, to the full 32 bits");
	ok(has_prefix(&p, RADIUS_FRAMED_IP_ADDRESS, "192.0.2.7") &&
		   has_prefix(&p, RADIUS_FRAMED_IPV6_ADDRESS, "2001:db8::7") &&
		   has_prefix(&p, RADIUS_DELEGATED_IPV6_PREFIX, "2001:db8:7::/48"),
	   "addresses and prefixes are read");
	for (walk = p.attributes; radius_next(&walk, &a);)
		n += a.type == RADIUS_FRAMED_IPV6_PREFIX;
	ok(n == 2 && walk.ok, "an attribute that comes twice is met twice");
	ok(radius_find(p.attributes, RADIUS_VENDOR_SPECIFIC, &a) &&
		   radius_vendor(&a, &vendor, &inner) && vendor == 3561 &&
		   radius_next(&inner, &a) && a.type == 1 && a.len == 6,
	   "a vendor's attribute is read inside its own");
	ok(radius_find(p.attributes, RADIUS_MESSAGE_AUTHENTICATOR, &a) && a.len == 16,
	   "the Message-Authenticator is carried");
	ok(!radius_find(p.attributes, RADIUS_NAS_PORT, &a), "what is not there is not found");
}

static void cuts(size_t len)
{
	struct radius p;
	int n_refused = 0;

	for (size_t cut = 0; cut < len; cut++)
		n_refused += radius_read(room, cut, &p) == ERR_CUT;
	ok(n_refused == (int)len, "cut at any of its %zu octets it is refused", len);
	memset(&room[len], 0xee, 40);
	ok(radius_read(room, len + 40, &p) == 0 && p.len == len,
	   "octets behind it are padding (RFC 2865, 3)");
}

static void refusals(void)
{
	static const struct {
		const char *sentence;
		uint8_t len[2];
		uint8_t tail[6];
		uint8_t n;
	} cases[] = {
		{"a length below 20 is refused", {0, 19}, {0}, 0},
		{"a length of 4097 is refused", {0x10, 0x01}, {0}, 0},
		{"an attribute of length 0 is refused", {0, 22}, {1, 0}, 2},
		{"an attribute of length 1 is refused", {0, 22}, {1, 1}, 2},
		{"an attribute longer than the packet is refused", {0, 24}, {1, 5, 'a', 'b'}, 4},
		{"a single octet behind the last attribute is refused", {0, 24}, {1, 3, 'a', 2}, 4},
	};
	static uint8_t wire[RADIUS_MAX_LEN + 1];
	struct radius p;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		memset(wire, 0, sizeof wire);
		wire[0] = 1;
		memcpy(&wire[2], cases[i].len, 2);
		memcpy(&wire[20], cases[i].tail, cases[i].n);
		ok(radius_read(wire, sizeof wire, &p) == ERR_BAD, "%s", cases[i].sentence);
	}
	wire[3] = 20;
	wire[2] = 0;
	ok(radius_read(wire, 20, &p) == 0 && !rd_left(&p.attributes),
	   "a packet without attributes is read");
}

/* Values that do not fit their kind are told from those that do. */
static void values(void)
{
	static const struct {
		const char *sentence;
		uint8_t type;
		uint8_t len;
		uint8_t value[20];
		bool is_well;
	} cases[] = {
		{"an address of four octets", RADIUS_FRAMED_IP_ADDRESS, 4, {192, 0, 2, 7}, true},
		{"an address of three octets", RADIUS_FRAMED_IP_ADDRESS, 3, {192, 0, 2}, false},
		{"an address of five octets", RADIUS_FRAMED_IP_ADDRESS, 5, {192, 0, 2}, false},
		{"a number of three octets", RADIUS_NAS_PORT, 3, {0}, false},
		{"a prefix of no bits", RADIUS_FRAMED_IPV6_PREFIX, 2, {0, 0}, true},
		{"a prefix of one octet", RADIUS_FRAMED_IPV6_PREFIX, 1, {0}, false},
		{"a prefix with fewer octets than bits",
		 RADIUS_FRAMED_IPV6_PREFIX,
		 9,
		 {0, 64, 0x20},
		 false},
		{"a prefix with more octets than bits",
		 RADIUS_FRAMED_IPV6_PREFIX,
		 18,
		 {0, 64, 0x20},
		 true},
		{"a prefix of 129 bits", RADIUS_FRAMED_IPV6_PREFIX, 18, {0, 129, 0x20}, false},
		{"a prefix of 17 octets", RADIUS_FRAMED_IPV6_PREFIX, 19, {0, 128, 0x20}, false},
		{"a text of no octets", RADIUS_USER_NAME, 0, {0}, false},
		{"a vendor without a word", RADIUS_VENDOR_SPECIFIC, 4, {0, 0, 0, 9}, false},
		{"a type that nobody knows", 200, 0, {0}, true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct radius_attribute a = {cases[i].type, cases[i].len, cases[i].value};

		ok(radius_is_well_formed(&a) == cases[i].is_well, "%s is %s", cases[i].sentence,
		   cases[i].is_well ? "well formed" : "malformed");
	}
}

static void masks(void)
{
	static const uint8_t value[] = {0, 20, 0x20, 0x01, 0xff, 0xff};
	struct radius_attribute a = {RADIUS_DELEGATED_IPV6_PREFIX, sizeof value, value};
	struct net_prefix wanted = prefix_of("2001:f000::/20"), found;

	ok(radius_prefix(&a, &found) && !memcmp(&wanted, &found, sizeof found),
	   "bits beyond a prefix's length are cleared");
}

static void writer(void)
{
	struct net_prefix p = prefix_of("192.0.2.0/24");
	struct wr w = wr_of(room, sizeof room);
	size_t mark;

	radius_put(&w, RADIUS_CLASS, room, RADIUS_VALUE_LEN + 1);
	ok(!w.ok, "a value of 254 octets is not written");
	wr_reset(&w);
	radius_put_text(&w, RADIUS_USER_NAME, "");
	ok(!w.ok, "nor is an empty one");
	wr_reset(&w);
	radius_put_prefix(&w, RADIUS_FRAMED_IP_ADDRESS, &p);
	ok(!w.ok, "nor a prefix where an address must be");
	wr_reset(&w);
	mark = radius_open(&w, RADIUS_ACCESS_REQUEST, 0, authenticator);
	for (int i = 0; i < 17; i++)
		radius_put(&w, RADIUS_CLASS, authenticator, 16), wr_fill(&w, 0, 230);
	radius_close(&w, mark);
	ok(!w.ok && w.len > RADIUS_MAX_LEN, "nor a packet of more than 4096 octets");
}

static void prints(size_t len)
{
	static const char text[] = "Accounting-Request, identifier 42, 172 bytes\n"
				   "\tUser-Name = alice@isp.example\n"
				   "\tAcct-Status-Type = Interim-Update\n"
				   "\tAcct-Session-Id = 0000002F\n"
				   "\tFramed-IP-Address = 192.0.2.7\n"
				   "\tDelegated-IPv6-Prefix = 2001:db8:7::/48\n"
				   "\tFramed-IPv6-Prefix = 2001:db8:1:2::/64\n"
				   "\tFramed-IPv6-Prefix = 2001:db8:1:3::/64\n"
				   "\tFramed-IPv6-Address = 2001:db8::7\n"
				   "\tAcct-Input-Octets = 4000000000\n"
				   "\tEvent-Timestamp = 2026-01-01T00:00:00Z\n"
				   "\tVendor-Specific = vendor 3561, 1 = 0x657468302f37\n"
				   "\tClass = 0x0102\n"
				   "\tUser-Password = (6 octets)\n"
				   "\tMessage-Authenticator = 0x000102030405060708090a0b0c0d0e0f\n"
				   "\tAttribute 200 = 0x3f\n";
	static const uint8_t escape[] = "\033[2J\\";
	struct radius_attribute a = {RADIUS_USER_NAME, 5, escape};
	char out[2048];
	struct wr w = wr_of(out, sizeof out);
	struct radius p;

	if (radius_read(room, len, &p) == 0)
		radius_print(&p, &w);
	ok(w.ok && w.len == sizeof text - 1 && !memcmp(out, text, w.len),
	   "it is printed, secrets by their length only: %.*s", 45, out);
	wr_reset(&w);
	radius_attribute_print(&a, &w);
	ok(w.len == 23 && !memcmp(out, "User-Name = \\x1b[2J\\x5c", 23),
	   "what a terminal would obey is escaped: %.*s", (int)w.len, out);
}

int main(void)
{
	size_t len = write_packet();

	facts(len);
	cuts(len);
	prints(len);
	refusals();
	values();
	masks();
	writer();
	ok(!strcmp(radius_code_name(43), "CoA-Request") && !radius_code_name(99),
	   "codes of RFC 5176 are known by name, others are not");
	return tap_end();
}
