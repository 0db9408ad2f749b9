#include "warrant/orders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "conf/json.h"
#include "conf/record.h"
#include "warrant/sample.h"

static const char good[] =
	"operator: {id: EXAMPLE-NZ, network_element: akl-1}\n"
	"agencies:\n"
	"  - {id: police, country: NZ, hi2: \"127.0.0.1:40002\", hi3: \"[2001:db8::1]:40003\"}\n"
	"  - {id: customs, country: NZ, hi2: \"127.0.0.1:40012\", hi3: \"127.0.0.1:40013\"}\n"
	"warrants:\n"
	"  - reference: W-2026-017\n"
	"    authority: Auckland District Court\n"
	"    agency: police\n"
	"    liid: LIID0001\n"
	"    authorization_country: NZ\n"
	"    delivery_country: NZ\n"
	"    start: 2026-01-01T00:00:00Z\n"
	"    end: 2027-01-01T00:00:00Z\n"
	"    deliver: all            # all, iri-only, cc-only\n"
	"    access_type: fiber\n"
	"    targets:\n"
	"      - {prefix: 192.0.2.7/32, cin: 1}\n"
	"      - {prefix: \"2001:db8:7::/48\", cin: 4294967295}\n"
	"  - reference: W-2026-018\n"
	"    authority: \"Te K\xc5\x8dti Teitei\"\n"
	"    agency: customs\n"
	"    liid: LIID0001\n"
	"    authorization_country: NZ\n"
	"    start: 2026-01-01T00:00:00Z\n"
	"    end: 2026-01-01T00:00:00.000000001Z\n"
	"    deliver: iri-only\n"
	"    targets: [{prefix: 192.0.2.7, cin: 0}]\n";

static int parse(const char *text, struct orders *out, struct why *why)
{
	why_clear(why);
	return orders_parse(out, text, strlen(text), why);
}

static void the_document_of_the_manual(void)
{
	struct orders o;
	struct why why;
	const struct warrant *w;

	if (!ok(parse(good, &o, &why) == 0, "orders are read %s", why.text))
		return;
	ok(!strcmp(o.operator.id, "EXAMPLE-NZ") && !strcmp(o.operator.network_element, "akl-1"),
	   "the operator");
	ok(o.agencies.n == 2 && o.agencies.items[0].hi3.version == 6, "the agencies");
	w = &o.warrants.items[0];
	ok(o.warrants.n == 2 && !strcmp(w->liid, "LIID0001") && w->targets.n == 2, "the warrants");
	ok(w->targets.items[0].prefix.bits == 32 && w->targets.items[0].cin == 1, "a target");
	ok(w->targets.items[1].prefix.ip.version == 6 && w->targets.items[1].prefix.bits == 48 &&
		   w->targets.items[1].cin == UINT32_MAX,
	   "another");
	ok(w->access_type == 6 && w->deliver == WARRANT_ALL, "words are values");
	ok(orders_agency(&o, w) == 0 && orders_agency(&o, w + 1) == 1, "each has its agency");
	ok(w[1].targets.items[0].prefix.bits == 32, "an address is all of its bits");
	ok(!w[1].delivery_country && w[1].access_type == 0, "what is left out has its default");
	orders_fini(&o);
	ok(!o.warrants.items, "fini empties it");
}

static void scope(void)
{
	struct orders o;
	struct why why;
	struct warrant *w;

	if (!ok(parse(good, &o, &why) == 0, "orders"))
		return;
	w = &o.warrants.items[0];
	ok(!warrant_is_live(w, (struct nanos){w->start.ns - 1}), "not live 1 ns before its start");
	ok(warrant_is_live(w, w->start), "live at its start");
	ok(warrant_is_live(w, (struct nanos){w->end.ns - 1}), "live 1 ns before its end");
	ok(!warrant_is_live(w, w->end), "not live at its end");
	ok(warrant_delivers_iri(w) && warrant_delivers_cc(w), "all: IRI and CC");
	w->deliver = WARRANT_IRI_ONLY;
	ok(warrant_delivers_iri(w) && !warrant_delivers_cc(w), "iri-only: no CC");
	w->deliver = WARRANT_CC_ONLY;
	ok(!warrant_delivers_iri(w) && warrant_delivers_cc(w), "cc-only: no IRI");
	orders_fini(&o);
}

static void printing_is_the_identity(void)
{
	struct wr w = wr_init(1 << 20);
	struct orders a, b;
	struct why why;

	if (!ok(parse(good, &a, &why) == 0, "orders"))
		return;
	ok(conf_print(&orders_record, &a, &w) == 0, "are printed");
	ok(orders_parse(&b, (char *)w.bytes, w.len, &why) == 0, "and read %s", why.text);
	ok(conf_is_equal(&orders_record, &a, &b, NULL), "and say the same");
	orders_fini(&a);
	orders_fini(&b);
	wr_fini(&w);
}

/* good with `from` replaced by `to` must be refused at this line with these words. */
static const struct {
	const char *from, *to;
	int line;
	const char *said;
} faults[] = {
	{"192.0.2.7/32", "192.0.2.300", 17,
	 "warrants[0].targets[0].prefix: \"192.0.2.300\" is not an address or prefix"},
	{"192.0.2.7/32", "192.0.2.7/24", 17,
	 "\"192.0.2.7/24\" is not an address or prefix (of 1 bit or more; bits"},
	{"192.0.2.7/32", "0.0.0.0/0", 17, "\"0.0.0.0/0\" is not an address or prefix"},
	{"\"2001:db8:7::/48\"", "192.0.2.7", 18,
	 "warrants[0].targets[1].prefix: 192.0.2.7/32 is listed already, as targets[0]"},
	{"cin: 1}", "cin: 4294967296}", 17, "is not a whole number from 0 to 4294967295"},
	{"cin: 1}", "cin: -1}", 17, "is not a whole number"},
	{"cin: 1}", "cin: \"1\"}", 17, "is a text"},
	{"liid: LIID0001", "lid: LIID0001", 9,
	 "warrants[0]: unknown key \"lid\"; did you mean \"liid\"?"},
	{"liid: LIID0001", "liid: 12345678901234567890123456", 9, "is not 1 to 25 octets"},
	{"liid: LIID0001", "liid: LIID 0001", 9, "is not 1 to 25 octets"},
	{"liid: LIID0001", "liid: \"\"", 9, "is not 1 to 25 octets"},
	{"id: EXAMPLE-NZ", "id: EXAMPLE-NZ-1234567", 1,
	 "operator.id: \"EXAMPLE-NZ-1234567\" is not"},
	{"id: police", "id: ../police", 3, "agencies[0].id: \"../police\" is not"},
	{"id: police", "id: .police", 3, "agencies[0].id: \".police\" is not"},
	{"id: police", "id: customs", 4, "agencies[1].id: is the id of agencies[0] too"},
	{"country: NZ,", "country: nz,", 3, "agencies[0].country: \"nz\" is not 2 capital letters"},
	{"country: NZ,", "country: NZL,", 3, "is not 2 capital letters"},
	{"agency: police", "agency: polite", 8,
	 "warrants[0].agency: no agency has the id \"polite\""},
	{"agency: customs", "agency: police", 22,
	 "warrants[1].liid: is the LIID, at this agency, of warrants[0] too"},
	{"end: 2027-01-01T00:00:00Z", "end: 2026-01-01T00:00:00Z", 13,
	 "warrants[0].end: is not after the warrant's start"},
	{"end: 2027-01-01T00:00:00Z", "end: 2027-01-01", 13, "is not a time as RFC 3339"},
	{"deliver: all ", "deliver: both ", 14, "is not one of all, iri-only, cc-only"},
	{"access_type: fiber", "access_type: glass", 15, "is not one of undefined, dialup"},
	{"\"127.0.0.1:40002\"", "\"lea.example:40002\"", 3, "is not an address and a port"},
	{"[{prefix: 192.0.2.7, cin: 0}]", "[]", 27,
	 "warrants[1].targets: 0 listed; wanted are 1 to 1000000"},
	{"    authority: Auckland District Court\n", "", 6,
	 "warrants[0]: \"authority\" is missing"},
};

static void faults_are_refused_where_they_stand(void)
{
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		const char *at = strstr(good, faults[i].from);
		char text[sizeof good + 64];
		struct orders o;
		struct why why;
		int rc;

		snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, faults[i].to,
			 at + strlen(faults[i].from));
		rc = parse(text, &o, &why);
		ok(rc == ERR_BAD && why.line == faults[i].line && strstr(why.text, faults[i].said),
		   "line %d: %s", why.line, why.text);
	}
}

static void a_hundred_thousand_targets(void)
{
	enum { N = 100000 };
	struct wr w = wr_init(64 << 20);
	struct orders o;
	struct why why;

	wr_bytes(&w, good, strlen(good) - strlen("    targets: [{prefix: 192.0.2.7, cin: 0}]\n"));
	wr_text(&w, "    targets:\n");
	for (int i = 0; i < N; i++)
		wr_text(&w, "      - {prefix: 10.%d.%d.%d, cin: %d}\n", i >> 16, i >> 8 & 255,
			i & 255, i);
	why_clear(&why);
	ok(w.ok && orders_parse(&o, (char *)w.bytes, w.len, &why) == 0, "are read %s", why.text);
	ok(o.warrants.n == 2 && o.warrants.items[1].targets.n == N &&
		   o.warrants.items[1].targets.items[N - 1].cin == N - 1,
	   "all of them");
	orders_fini(&o);
	wr_fini(&w);
}

/* The line that a text first stands on. */
static int line_of(const char *text, const char *part)
{
	const char *at = strstr(text, part);
	int line = 1;

	for (const char *c = text; c < at; c++)
		line += *c == '\n';
	return line;
}

static void the_vocabulary_of_the_whole_chain(void)
{
	const struct agency *police;
	const struct warrant *w;
	struct orders_plan plan;
	struct orders o;
	struct why why;

	if (!ok(parse(orders_sample, &o, &why) == 0, "orders are read %s", why.text))
		return;
	police = &o.agencies.items[0];
	w = &o.warrants.items[0];
	ok(police->transport == AGENCY_TLS && police->time_format == AGENCY_TIME_GENERALIZED &&
		   police->header_version == 32 && police->service_version == CONF_NO_INT &&
		   police->keepalive_interval.ns == 120LL * NANOS_PER_S &&
		   police->keepalive_wait.ns == 30LL * NANOS_PER_S &&
		   police->retry.ns == 10LL * NANOS_PER_S &&
		   police->integrity == AGENCY_INTEGRITY_SHA_256 && police->sign_count == 15,
	   "how an agency is delivered to");
	ok(core_server_ports(&o.core_servers.items[1]).first == 1645 &&
		   core_server_ports(&o.core_servers.items[0]).last == 1813 &&
		   core_server_ports(&o.core_servers.items[2]).first == 5060,
	   "core servers, with the ports of their kind where none are given");
	ok(orders_mediator(&o, police) == 0 && orders_mediator(&o, police + 1) == 1, "mediators");
	ok(target_kind(&w->targets.items[0]) == TARGET_PREFIX &&
		   target_kind(&w->targets.items[1]) == TARGET_RADIUS_USER &&
		   target_kind(&w->targets.items[3]) == TARGET_CALLING_STATION &&
		   target_kind(&w[1].targets.items[1]) == TARGET_PHONE &&
		   target_kind(&w[1].targets.items[2]) == TARGET_SIP_URI,
	   "targets of every kind");
	orders_plan_of(&o.operator, & plan);
	ok(!strcmp(plan.plan.country_code, "64") && !strcmp(plan.plan.national_prefix, "0") &&
		   plan.plan.n_international_prefixes == 1 &&
		   !strcmp(plan.plan.international_prefixes[0], "00") &&
		   plan.plan.n_phone_realms == 1 && !o.operator.trust_from,
	   "how numbers are written");
	ok(orders_n_call_targets(&o) == 3 && !target_is_of_radius(&w[1].targets.items[1]),
	   "targets of calls");
	orders_fini(&o);
}

static void ciphers_of_warrants_and_agencies(void)
{
	const struct conf_key *key;
	const struct agency *police;
	const struct warrant *w;
	struct orders o;
	struct why why;

	if (!ok(parse(orders_sample, &o, &why) == 0, "orders are read %s", why.text))
		return;
	police = &o.agencies.items[0];
	w = &o.warrants.items[0];
	ok(warrant_cipher(w, police, &key) == ORDERS_CIPHER_AES_192_CBC && key->len == 24,
	   "a warrant's own cipher and key");
	o.warrants.items[0].encryption = ORDERS_CIPHER_AS_AGENCY;
	o.warrants.items[0].encryption_key.len = 0;
	ok(warrant_cipher(w, police, &key) == ORDERS_CIPHER_AES_256_CBC &&
		   key == &police->encryption_key,
	   "or its agency's");
	ok(orders_verify(&o, &why) == 0, "is consistent too");
	o.warrants.items[0].encryption = ORDERS_CIPHER_AES_192_CBC;
	ok(orders_verify(&o, &why) == ERR_BAD &&
		   !strcmp(why.text, "warrants[0].encryption_key: has 32 octets; the cipher's key "
				     "has 24"),
	   "but not the agency's key with another cipher");
	orders_fini(&o);
}

/* orders_sample with `from` replaced by `to` must be refused at the line of `to`, or of what
 * stands before `at` where that is given, with these words. */
static const struct {
	const char *from, *to, *said, *at;
} chain_faults[] = {
	{"    hi2: \"192.0.2.130:40002\"\n", "",
	 "agencies[0].hi2: is missing; deliver_as ps-pdu needs it", "  - id: police"},
	{"deliver_as: pcap", "deliver_as: ps-pdu", "agencies[1].hi2: is missing", NULL},
	{"deliver_as: pcap", "deliver_as: pcap, encryption: aes-192-cbc",
	 "agencies[1].encryption: has no place in captures", NULL},
	{"deliver_as: pcap", "deliver_as: pcap, integrity: sha-1",
	 "agencies[1].integrity: has no place in captures", NULL},
	{"keepalive_interval: 120s", "keepalive_interval: 30s",
	 "agencies[0].keepalive_wait: is not below keepalive_interval", "  - id: police"},
	{"header_version: 32", "header_version: 14",
	 "agencies[0].header_version: \"14\" is not a whole number from 15 to 43", NULL},
	{"header_version: 32", "header_version: 44", "is not a whole number from 15 to 43", NULL},
	{"header_version: 32", "service_version: 0", "is not a whole number from 10 to 20", NULL},
	{"integrity: sha-256", "integrity: md5",
	 "agencies[0].integrity: \"md5\" is not one of none, sha-1, sha-256, sha-384, sha-512",
	 NULL},
	{"integrity: sha-256", "integrity: none", "agencies[0].sign_count: needs integrity",
	 "sign_count"},
	{"encryption: aes-256-cbc", "encryption: aes-192-cbc",
	 "agencies[0].encryption_key: has 32 octets; the cipher's key has 24",
	 "    encryption_key"},
	{"encryption: aes-256-cbc", "encryption: none",
	 "agencies[0].encryption_key: is given, but encryption is none", "    encryption_key"},
	{"    encryption_key: 0x000102", "    #",
	 "agencies[0].encryption_key: is missing; encryption needs a key of 32 octets",
	 "  - id: police"},
	{"encryption_key: 0x00", "encryption_key: 0xzz",
	 "agencies[0].encryption_key: what is given is not a key of 24 to 32 octets", NULL},
	{"mediator: med-1", "mediator: med-3",
	 "agencies[0].mediator: no mediator has the name \"med-3\"", NULL},
	{", mediator: med-2", "", "agencies[1].mediator: is missing; there are 2 to choose from",
	 "  - {id: customs"},
	{"interval: 120s", "interval: 120s\n    interception_point: a@b",
	 "agencies[0].interception_point: \"a@b\" is not 1 to 8 octets of letters",
	 "    interception_point"},
	{"{name: aaa,", "{name: \"..\",", "core_servers[0].name: \"..\" is not", NULL},
	{"kind: radius, address: \"2001:db8::10\"", "name: aaa, kind: radius, address: 10.0.0.11",
	 "core_servers[1]: is the name of core_servers[0] too", NULL},
	{"name: aaa, kind: radius, address: 10.0.0.10",
	 "kind: radius, address: \"2001:db8::10\", ports: 1645-1646",
	 "core_servers[1]: is the name of core_servers[0] too",
	 "ports: 1645-1646}\n  - {name: pbx"},
	{"address: 10.0.0.10", "address: 10.0.0.0/24",
	 "core_servers[0].address: \"10.0.0.0/24\" is not an address", NULL},
	{"kind: radius", "kind: diameter",
	 "core_servers[0].kind: \"diameter\" is not one of radius, sip", NULL},
	{"1645-1646", "1646-1645",
	 "core_servers[1].ports: \"1646-1645\" is not a port, or a first and a last one", NULL},
	{"anonymous]", "default@isp]",
	 "radius_ignored_users[1]: is listed as radius_ignored_users[0] too", NULL},
	{"name: med-2", "name: med-1", "mediators[1].name: is the name of mediators[0] too",
	 "  - {name: med-1, address: \"192.0.2.2"},
	{"radius_user: alice@isp", "radius_user: alice@isp, cin: 1",
	 "warrants[0].targets[1].cin: belongs to prefix", NULL},
	{"radius_user: alice@isp", "radius_user: alice@isp, calling_station: \"1\"",
	 "warrants[0].targets[1]: a target has exactly one of prefix, radius_user, "
	 "calling_station, sip_uri, phone",
	 NULL},
	{"phone: \"+6491234567\"", "phone: \"+6491234567\", sip_uri: sip:alice", "exactly one of",
	 NULL},
	{"phone: \"+6491234567\"", "phone: \"+6491234567\", cin: 1",
	 "warrants[1].targets[1].cin: belongs to prefix", NULL},
	{"phone: \"+6491234567\"", "phone: \"091234567\"",
	 "warrants[1].targets[1].phone: \"091234567\" is not a number like +6491234567", NULL},
	{"phone: \"+6491234567\"", "phone: \"+64*\"", "\"+64*\" is not a number like", NULL},
	{"sip:alice@example.net", "alice@example.net",
	 "warrants[1].targets[2].sip_uri: \"alice@example.net\" is not sip:USER@REALM", NULL},
	{"sip:alice@example.net", "\"sip:*\"", "sip_uri: \"sip:*\" is not sip:USER@REALM", NULL},
	{"sip:alice@example.net", "\"sip:09*@example.net\"",
	 "warrants[1].targets[2]: sip_uri: sip:09*@example.net needs at least 4 digits", NULL},
	{"sip:alice@example.net", "\"sip:*@example.org\"",
	 "warrants[1].targets[3].sip_uri: sip:*@example.org is listed already, as targets[2]",
	 "*@example.org\"}\n#"},
	{"kind: sip", "kind: radius",
	 "warrants[1].targets[1]: needs SIP, but core_servers names no such server, and "
	 "sip_anywhere is not set",
	 "{phone:"},
	{"country_code: \"64\", ", "", "operator.national_prefix: needs country_code", NULL},
	{"country_code: \"64\"", "country_code: \"+64\"", "operator.country_code: \"+64\" is not",
	 NULL},
	{"[example.net]", "[Example.net]", "operator.phone_realms[0]: \"Example.net\" is not",
	 NULL},
	{"{radius_user: alice@isp}", "{}", "warrants[0].targets[1]: a target has exactly one of",
	 NULL},
	{"prefix: 192.0.2.7/32, cin: 1", "prefix: 192.0.2.7/32",
	 "warrants[0].targets[0]: \"cin\" is missing; prefix needs it", NULL},
	{"alice@isp", "\"*@isp\"",
	 "warrants[0].targets[2].radius_user: *@isp is listed already, as targets[1]",
	 "      - {radius_user: \"*@isp\"}\n      - {c"},
	{"\"6421*\"", "\"*\"", "warrants[0].targets[3].calling_station: \"*\" is not 1 to 253",
	 NULL},
	{"\"6421*\"", "\"6*21\"", "\"6*21\" is not 1 to 253 octets", NULL},
	{"\"6421*\"", "\"*6421*\"", "\"*6421*\" is not 1 to 253 octets", NULL},
	{"abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwxyz",
	 "warrants[0].encryption_key: has 26 octets; the cipher's key has 24", NULL},
	{"    encryption: aes-192-cbc\n", "    encryption: none\n",
	 "warrants[0].encryption_key: is given, but encryption is none", "    encryption_key: abc"},
	{"    encryption: aes-192-cbc\n", "",
	 "warrants[0].encryption_key: has 24 octets; the cipher's key has 32",
	 "    encryption_key: abc"},
	{"\"sip:*@example.org\"}", "\"sip:*@example.org\"}\n    encryption: aes-192-cbc",
	 "warrants[1].encryption: has no place in captures, as \"customs\" wants them",
	 "    encryption: aes-192-cbc\n#"},
};

static void faults_of_the_chain_are_refused_where_they_stand(void)
{
	for (size_t i = 0; i < sizeof chain_faults / sizeof *chain_faults; i++) {
		const char *at = strstr(orders_sample, chain_faults[i].from);
		const char *place = chain_faults[i].at ? chain_faults[i].at : chain_faults[i].to;
		char text[sizeof orders_sample + 100];
		struct orders o;
		struct why why;
		int rc;

		snprintf(text, sizeof text, "%.*s%s%s#", (int)(at - orders_sample), orders_sample,
			 chain_faults[i].to, at + strlen(chain_faults[i].from));
		rc = parse(text, &o, &why);
		ok(rc == ERR_BAD && why.line == line_of(text, place) &&
			   strstr(why.text, chain_faults[i].said),
		   "line %d: %s", why.line, why.text);
	}
}

static void radius_needs_a_server(void)
{
	static const char text[] =
		"{\"reference\":\"r\",\"authority\":\"a\",\"agency\":\"police\",\"liid\":\"L\","
		"\"authorization_country\":\"NZ\",\"start\":\"2026-01-01T00:00:00Z\","
		"\"end\":\"2027-01-01T00:00:00Z\",\"targets\":[{\"radius_user\":\"u\"}]}";
	struct warrant w;
	struct orders o;
	struct why why;

	why_clear(&why);
	ok(conf_parse_json(&warrant_record, text, strlen(text), &w, &why) == 0,
	   "a warrant by itself is well %s", why.text);
	conf_fini(&warrant_record, &w);
	ok(parse(orders_sample, &o, &why) == 0, "so are orders");
	while (o.core_servers.n)
		conf_fini(&core_server_record, &o.core_servers.items[--o.core_servers.n]);
	ok(orders_verify(&o, &why) == ERR_BAD &&
		   !strcmp(why.text, "warrants[0].targets[1]: needs RADIUS, but core_servers names "
				     "no such server"),
	   "but not without core servers");
	orders_fini(&o);
}

static void identities_fit_octet_by_octet(void)
{
	static const struct {
		const char *identity, *octets;
		bool fits;
	} rows[] = {
		{"alice@isp", "alice@isp", true},
		{"alice@isp", "alice@ispx", false},
		{"alice@isp", "alice@is", false},
		{"alice@isp", "Alice@isp", false},
		{"*@isp", "alice@isp", true},
		{"*@isp", "@isp", true},
		{"*@isp", "isp", false},
		{"*@isp", "alice@isp2", false},
		{"6421*", "6421555", true},
		{"6421*", "6421", true},
		{"6421*", "642", false},
		{"6421*", "06421", false},
		{"a.c", "abc", false},
		{"alice@isp", "", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ok(warrant_identity_fits(rows[i].identity, rows[i].octets,
					 strlen(rows[i].octets)) == rows[i].fits,
		   "%s %s %s", rows[i].identity, rows[i].fits ? "fits" : "does not fit",
		   rows[i].octets);
	}
	ok(warrant_identity_is_exact("alice") && !warrant_identity_is_exact("*lice"),
	   "a wildcard is stated");
}

static void schemas(void)
{
	static const char *const names[] = {"operator",    "agency",   "target",    "warrant",
					    "core_server", "mediator", "collector", "orders"};
	struct wr w = wr_init(1 << 20);
	struct json j = json_of(&w);
	struct conf_doc *doc;
	struct why why;

	why_clear(&why);
	json_open(&j, '{');
	orders_schemas(&j);
	json_close(&j, '}');
	if (!ok(conf_json_parse(&doc, (char *)w.bytes, w.len, &why) == 0, "schemas are JSON %s",
		why.text))
		return;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ok(conf_value_find(conf_doc_root(doc), names[i]), "%s has one", names[i]);
	conf_doc_free(&doc);
	wr_fini(&w);
}

int main(void)
{
	the_document_of_the_manual();
	scope();
	printing_is_the_identity();
	faults_are_refused_where_they_stand();
	the_vocabulary_of_the_whole_chain();
	ciphers_of_warrants_and_agencies();
	faults_of_the_chain_are_refused_where_they_stand();
	radius_needs_a_server();
	identities_fit_octet_by_octet();
	schemas();
	a_hundred_thousand_targets();
	return tap_end();
}
