#include "warrant/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "conf/json.h"
#include "conf/record.h"
#include "warrant/sample.h"
#include "warrant/view.h"

enum { MOST = 12 }; /* items of each kind in made-up orders */

static uint32_t seed = 1;

/* Some number below n (Lehmer's generator: the same run every time). */
static uint32_t some(uint32_t n)
{
	seed = (uint32_t)((uint64_t)seed * 48271 % 2147483647);
	return seed % n;
}

static void add_warrant(struct wr *w, uint32_t agency, uint32_t liid)
{
	wr_text(w,
		"  - {reference: r, authority: c, agency: a%u, liid: L%u, "
		"authorization_country: NZ, start: 2026-01-01T00:00:00Z, "
		"end: 2027-01-0%uT00:00:00Z, deliver: %s, targets: [",
		agency, liid, 1 + some(3), some(2) ? "all" : "iri-only");
	for (uint32_t n = 1 + some(3), i = 0; i < n; i++) {
		if (some(2))
			wr_text(w, "%s{prefix: 10.0.%u.%u, cin: %u}", i ? ", " : "", i, some(4),
				some(3));
		else
			wr_text(w, "%s{radius_user: u%u-%u}", i ? ", " : "", i, some(4));
	}
	wr_text(w, "]}\n");
}

/* Orders of which two neighbours in time have much in common: each item is there or not, and in
 * one of few states. */
static void make(struct wr *w)
{
	uint32_t n_agencies = 1 + some(4);

	wr_reset(w);
	wr_text(w, "operator: {id: op-%u}\nradius_ignored_users: [", some(2));
	for (uint32_t i = 0; i < MOST; i++) {
		if (some(2))
			wr_text(w, "u%u, ", i);
	}
	wr_text(w, "last]\ncore_servers:\n  - {name: s, kind: radius, address: 10.0.0.1}\n");
	for (uint32_t i = 0; i < MOST; i++) {
		if (some(2))
			wr_text(w, "  - {kind: radius, address: 10.0.0.%u, ports: %u}\n", some(2),
				i + 1);
	}
	wr_text(w, "agencies:\n");
	for (uint32_t i = 0; i < n_agencies; i++)
		wr_text(w,
			"  - {id: a%u, country: NZ, hi2: \"127.0.0.1:%u\", hi3: \"127.0.0.1:2\"}\n",
			i, 1 + some(2));
	wr_text(w, "warrants:\n");
	for (uint32_t i = 0; i < MOST; i++)
		add_warrant(w, i % n_agencies, i);
	for (uint32_t i = MOST; i < 2 * MOST; i++) {
		if (some(2))
			add_warrant(w, 0, i);
	}
}

static void view_of(const char *text, size_t len, unsigned role, struct orders *view)
{
	const struct orders_daemon daemon = {role, "m", {0}};
	struct orders o;
	struct why why;

	why_clear(&why);
	if (orders_parse(&o, text, len, &why) || orders_view(&o, &daemon, view)) {
		ok(false, "orders are read: line %d: %s", why.line, why.text);
		exit(1);
	}
	orders_fini(&o);
}

/* The change from one to the other, as it travels. */
static void travel(const struct orders *from, const struct orders *to, unsigned role,
		   struct conf_doc **doc, bool *differs)
{
	struct wr w = wr_init(1 << 20);
	struct json j = json_of(&w);
	struct why why;

	json_open(&j, '{');
	json_key(&j, "type");
	json_text(&j, "change");
	if (orders_change_print(from, to, role, &j, differs)) {
		ok(false, "a change is printed");
		exit(1);
	}
	json_close(&j, '}');
	if (conf_json_parse(doc, (char *)w.bytes, w.len, &why)) {
		ok(false, "a change is read");
		exit(1);
	}
	wr_fini(&w);
}

static bool leads_there(const struct orders *from, const struct orders *to, unsigned role)
{
	char here[ORDERS_DIGEST_LEN], there[ORDERS_DIGEST_LEN];
	bool differs, is_equal;
	struct conf_doc *doc;
	struct orders out;
	struct why why;

	why_clear(&why);
	travel(from, to, role, &doc, &differs);
	if (orders_change_apply(from, conf_doc_root(doc), role, &out, &why)) {
		printf("# %s\n", why.text);
		conf_doc_free(&doc);
		return false;
	}
	is_equal = conf_is_equal(&orders_record, &out, to, NULL) &&
		   !orders_digest(&out, role, here) && !orders_digest(to, role, there) &&
		   !strcmp(here, there) &&
		   differs == !conf_is_equal(&orders_record, from, to, NULL);
	conf_doc_free(&doc);
	orders_fini(&out);
	return is_equal;
}

static void any_change_leads_there(unsigned role, const char *name)
{
	enum { N = 200 };
	struct wr w = wr_init(1 << 20);
	struct orders from, to;
	int n_well = 0;

	make(&w);
	view_of((char *)w.bytes, w.len, role, &from);
	for (int i = 0; i < N; i++) {
		make(&w);
		view_of((char *)w.bytes, w.len, role, &to);
		n_well += leads_there(&from, &to, role) && leads_there(&to, &to, role);
		orders_fini(&from);
		from = to;
	}
	orders_fini(&from);
	ok(n_well == N, "%s: %d of %d changes lead to the other view, with its digest", name,
	   n_well, N);
	wr_fini(&w);
}

static void only_what_differs_is_told(void)
{
	struct wr w = wr_init(1 << 20);
	struct json j = json_of(&w);
	struct orders from, to;
	bool differs;

	view_of(orders_sample, strlen(orders_sample), ORDERS_FOR_COLLECTOR, &from);
	view_of(orders_sample, strlen(orders_sample), ORDERS_FOR_COLLECTOR, &to);
	json_open(&j, '{');
	ok(orders_change_print(&from, &to, ORDERS_FOR_COLLECTOR, &j, &differs) == 0 && !differs &&
		   w.len == 1,
	   "nothing differs");
	to.agencies.items[0].header_version = 40;
	orders_fini(&from);
	view_of(orders_sample, strlen(orders_sample), ORDERS_FOR_COLLECTOR, &from);
	conf_fini(&core_server_record, &from.core_servers.items[2]);
	from.core_servers.n--;
	ok(orders_change_print(&to, &from, ORDERS_FOR_COLLECTOR, &j, &differs) == 0 && differs,
	   "an agency differs, and a core server is gone");
	wr_u8(&w, 0);
	ok(strstr((char *)w.bytes, "{\"put\":{\"agencies\":[{\"id\":\"customs\",") &&
		   strstr((char *)w.bytes, "}]},\"remove\":{\"core_servers\":[\"pbx\"]}") &&
		   !strstr((char *)w.bytes, "police") && !strstr((char *)w.bytes, "warrants"),
	   "and no more is told: %.200s", (char *)w.bytes);
	orders_fini(&from);
	orders_fini(&to);
	wr_fini(&w);
}

static const struct {
	const char *text, *said;
} faults[] = {
	{"{\"remove\":{\"warrants\":[\"police/LIID0009\"]}}",
	 "remove.warrants: 1 of its 1 keys are not there"},
	{"{\"remove\":{\"warrants\":[\"police/LIID0001\",\"police/LIID0001\"]}}",
	 "remove.warrants: 1 of its 2 keys are not there"},
	{"{\"remove\":{\"warrants\":\"police/LIID0001\"}}",
	 "remove.warrants: must be a list of keys"},
	{"{\"remove\":{\"warrants\":[[]]}}", "remove.warrants: must be a list of keys"},
	{"{\"remove\":{\"operator\":[\"X\"]}}", "remove: there is no list \"operator\""},
	{"{\"remove\":[]}", "remove: must be a map of lists of keys"},
	{"{\"remove\":{\"agencies\":[\"police\"]}}",
	 "warrants[1].agency: no agency has the id \"police\""},
	{"{\"remove\":{\"core_servers\":[\"aaa\",\"2001:db8::10:1645-1646\"]}}",
	 "warrants[1].targets[1]: needs RADIUS, but core_servers names no such server"},
	{"{\"remove\":{\"mediators\":[\"med-2\"]}}",
	 "agencies[0].mediator: no mediator has the name \"med-2\""},
	{"{\"put\":{\"agencies\":[{\"id\":\"x\",\"country\":\"NZ\",\"mediator\":\"med-1\"},"
	 "{\"id\":\"x\",\"country\":\"NZ\",\"mediator\":\"med-1\"}]}}",
	 "agencies[3].id: is the id of agencies[2] too"},
	{"{\"put\":{\"agency\":[]}}", "unknown key \"agency\""},
	{"{\"put\":{\"operator\":{}}}", "operator: \"id\" is missing"},
	{"{\"put\":[]}", "must be a map"},
	{"{\"put\":{\"warrants\":[{\"agency\":\"police\"}]}}", "warrants[0]: \"liid\" is missing"},
};

static void a_bad_change_changes_nothing(void)
{
	char before[ORDERS_DIGEST_LEN], after[ORDERS_DIGEST_LEN];
	struct orders from, out;

	view_of(orders_sample, strlen(orders_sample), ORDERS_FOR_COLLECTOR, &from);
	ok(orders_digest(&from, ORDERS_FOR_COLLECTOR, before) == 0, "a view");
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct conf_doc *doc;
		struct why why;
		int rc;

		why_clear(&why);
		ok(conf_json_parse(&doc, faults[i].text, strlen(faults[i].text), &why) == 0,
		   "a change");
		rc = orders_change_apply(&from, conf_doc_root(doc), ORDERS_FOR_COLLECTOR, &out,
					 &why);
		ok(rc == ERR_BAD && strstr(why.text, faults[i].said) && !out.warrants.items,
		   "refused: %s", why.text);
		conf_doc_free(&doc);
	}
	ok(orders_digest(&from, ORDERS_FOR_COLLECTOR, after) == 0 && !strcmp(before, after),
	   "the view is what it was");
	orders_fini(&from);
}

int main(void)
{
	any_change_leads_there(ORDERS_FOR_COLLECTOR, "a collector");
	any_change_leads_there(ORDERS_FOR_MEDIATOR, "a mediator");
	only_what_differs_is_told();
	a_bad_change_changes_nothing();
	return tap_end();
}
