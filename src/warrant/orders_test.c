#include "warrant/orders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "conf/record.h"

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

int main(void)
{
	the_document_of_the_manual();
	scope();
	printing_is_the_identity();
	faults_are_refused_where_they_stand();
	a_hundred_thousand_targets();
	return tap_end();
}
