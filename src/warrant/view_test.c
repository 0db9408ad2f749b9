#include "warrant/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "conf/json.h"
#include "conf/record.h"
#include "warrant/sample.h"

static const struct nanos january = {1768000000LL * NANOS_PER_S};

static void load(struct orders *o)
{
	struct why why;

	why_clear(&why);
	if (!ok(orders_parse(o, orders_sample, strlen(orders_sample), &why) == 0,
		"orders are read %s", why.text))
		exit(1);
}

static void cut(struct orders *view, unsigned role, const char *name, struct nanos now)
{
	struct orders o;

	load(&o);
	ok(orders_view(&o, &(struct orders_daemon){role, name, now}, view) == 0, "a view is cut");
	orders_fini(&o);
}

static bool shows(const struct orders *view, unsigned role, const char *text)
{
	struct wr w = wr_init(1 << 20);
	struct json j = json_of(&w);
	bool is_there =
		!orders_view_print(view, role, &j) && memmem(w.bytes, w.len, text, strlen(text));

	wr_fini(&w);
	return is_there;
}

static void a_collector_knows_whom_to_watch(void)
{
	static const char *const hidden[] = {"192.0.2.130", "40003",     "lemf-1",  "keepalive",
					     "Court",       "W-2026-01", "pcap_fo", "cellar"};
	struct orders v;

	cut(&v, ORDERS_FOR_COLLECTOR, "col-1", january);
	ok(v.agencies.n == 2 && !strcmp(v.agencies.items[0].id, "customs") &&
		   v.agencies.items[1].header_version == 32 &&
		   v.agencies.items[1].encryption_key.len == 32 && !v.agencies.items[1].hi2.version,
	   "it knows the agencies, in order, and how to encode for them, not where they are");
	ok(v.core_servers.n == 3 && v.radius_ignored_users.n == 2 && v.mediators.n == 2 &&
		   v.mediators.items[0].address.port == 7000 && !v.mediators.items[0].description,
	   "it knows core servers and mediators");
	ok(v.warrants.n == 2 && v.warrants.items[1].targets.n == 4 &&
		   !v.warrants.items[1].authority && !v.warrants.items[1].reference,
	   "and warrants with their targets, not their authorities");
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		ok(!shows(&v, ORDERS_FOR_COLLECTOR, hidden[i]), "%s is not in it", hidden[i]);
	ok(shows(&v, ORDERS_FOR_COLLECTOR, "0x6162636465"), "keys are");
	orders_fini(&v);
}

static void a_mediator_knows_whom_to_serve(void)
{
	static const char *const hidden[] = {"192.0.2.7", "alice",   "6421",
					     "0x6162",    "0x0001",  "Court",
					     "customs",   "10.0.0.", "integrity"};
	struct orders v;

	cut(&v, ORDERS_FOR_MEDIATOR, "med-1", january);
	ok(v.agencies.n == 1 && !strcmp(v.agencies.items[0].id, "police") &&
		   v.agencies.items[0].hi2.port == 40002 && !v.agencies.items[0].encryption_key.len,
	   "it knows the agencies that it serves, and where they are");
	ok(v.warrants.n == 1 && !v.warrants.items[0].targets.n &&
		   !strcmp(v.warrants.items[0].liid, "LIID0001"),
	   "and their warrants, without targets");
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		ok(!shows(&v, ORDERS_FOR_MEDIATOR, hidden[i]), "%s is not in it", hidden[i]);
	orders_fini(&v);
	cut(&v, ORDERS_FOR_MEDIATOR, "med-2", january);
	ok(v.agencies.n == 1 && v.agencies.items[0].deliver_as == AGENCY_DELIVERS_PCAP &&
		   !strcmp(v.agencies.items[0].pcap_folder, "cust"),
	   "the other mediator serves the other agency");
	orders_fini(&v);
	cut(&v, ORDERS_FOR_MEDIATOR, "med-3", january);
	ok(!v.agencies.n && !v.warrants.n, "one that nobody named serves none");
	orders_fini(&v);
}

/* The mark of police's warrant, where its access type is so much another one. */
static void mark_of(char out[17], int more)
{
	struct orders o, v;

	load(&o);
	for (size_t i = 0; i < o.warrants.n; i++)
		o.warrants.items[i].access_type += more;
	ok(!orders_view(&o, &(struct orders_daemon){ORDERS_FOR_MEDIATOR, "med-1", january}, &v) &&
		   v.warrants.n == 1 && v.warrants.items[0].revision &&
		   strlen(v.warrants.items[0].revision) == 16,
	   "a mediator's warrant has a mark of its contents");
	snprintf(out, 17, "%s", v.warrants.items[0].revision);
	orders_fini(&v);
	orders_fini(&o);
}

static void a_mediator_hears_of_each_change(void)
{
	char first[17], second[17], third[17];
	struct orders v;

	mark_of(first, 0);
	mark_of(second, 1);
	mark_of(third, 0);
	ok(strcmp(first, second) != 0, "which changes with what it does not see");
	ok(!strcmp(first, third), "and is the same for the same");
	cut(&v, ORDERS_FOR_COLLECTOR, "", january);
	ok(v.warrants.n && !v.warrants.items[0].revision, "a collector's has none: it sees all");
	orders_fini(&v);
}

static void what_is_over_goes_after_a_while(void)
{
	static const int64_t end = 1769904000LL * NANOS_PER_S; /* of customs' warrant */
	const int64_t hour = (int64_t)ORDERS_GRACE_COLLECTOR_S * NANOS_PER_S;
	const int64_t month = (int64_t)ORDERS_GRACE_MEDIATOR_S * NANOS_PER_S;
	struct orders v;

	cut(&v, ORDERS_FOR_COLLECTOR, "", (struct nanos){end + hour - 1});
	ok(v.warrants.n == 2, "a collector keeps a warrant for an hour");
	orders_fini(&v);
	cut(&v, ORDERS_FOR_COLLECTOR, "", (struct nanos){end + hour});
	ok(v.warrants.n == 1 && !strcmp(v.warrants.items[0].agency, "police"), "and no longer");
	orders_fini(&v);
	cut(&v, ORDERS_FOR_MEDIATOR, "med-2", (struct nanos){end + month - 1});
	ok(v.warrants.n == 1, "a mediator for a month");
	orders_fini(&v);
	cut(&v, ORDERS_FOR_MEDIATOR, "med-2", (struct nanos){end + month});
	ok(!v.warrants.n && v.agencies.n == 1, "and no longer");
	orders_fini(&v);
	cut(&v, ORDERS_FOR_COLLECTOR, "", (struct nanos){0});
	ok(v.warrants.n == 2, "what is to come is in it already");
	orders_fini(&v);
}

static void one_mediator_need_not_be_named(void)
{
	static const char text[] =
		"operator: {id: X}\nagencies: [{id: a, country: NZ, hi2: "
		"\"127.0.0.1:1\", hi3: \"127.0.0.1:2\"}]\n"
		"mediators: [{name: m, address: \"127.0.0.1:3\"}]\nwarrants: []\n";
	struct orders o, v;
	struct why why;

	why_clear(&why);
	ok(orders_parse(&o, text, strlen(text), &why) == 0, "orders %s", why.text);
	ok(orders_view(&o, &(struct orders_daemon){ORDERS_FOR_MEDIATOR, "m", january}, &v) == 0 &&
		   v.agencies.n == 1,
	   "the only mediator serves whoever names none");
	orders_fini(&o);
	orders_fini(&v);
}

/* Both sides: the provisioner's view, and what a daemon reads of it. */
static void a_view_travels(unsigned role, const char *name)
{
	struct wr w = wr_init(1 << 20);
	struct json j = json_of(&w);
	char ours[ORDERS_DIGEST_LEN], theirs[ORDERS_DIGEST_LEN];
	struct orders v, again;
	struct conf_doc *doc;
	struct why why;

	why_clear(&why);
	cut(&v, role, name, january);
	ok(orders_view_print(&v, role, &j) == 0, "it is printed");
	if (!ok(conf_json_parse(&doc, (char *)w.bytes, w.len, &why) == 0 &&
			orders_view_read(&again, conf_doc_root(doc), role, &why) == 0,
		"and read %s", why.text))
		exit(1);
	ok(conf_is_equal(&orders_record, &v, &again, NULL), "and is the same view");
	ok(orders_digest(&v, role, ours) == 0 && orders_digest(&again, role, theirs) == 0 &&
		   strlen(ours) == 64 && !strcmp(ours, theirs),
	   "with the same digest %.8s", ours);
	again.operator.id[0] ^= 1;
	ok(orders_digest(&again, role, theirs) == 0 && strcmp(ours, theirs), "but for any change");
	orders_fini(&again);
	conf_doc_free(&doc);
	orders_fini(&v);
	wr_fini(&w);
}

static void order_does_not_change_a_digest(void)
{
	char ours[ORDERS_DIGEST_LEN], theirs[ORDERS_DIGEST_LEN];
	struct warrant first;
	struct orders v;

	cut(&v, ORDERS_FOR_COLLECTOR, "", january);
	ok(orders_digest(&v, ORDERS_FOR_COLLECTOR, ours) == 0, "a digest");
	first = v.warrants.items[0];
	v.warrants.items[0] = v.warrants.items[1];
	v.warrants.items[1] = first;
	ok(orders_digest(&v, ORDERS_FOR_COLLECTOR, theirs) == 0 && !strcmp(ours, theirs),
	   "is that of the same warrants in another order");
	orders_fini(&v);
}

static void a_view_that_is_not_well_is_refused(void)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{"{}", "\"operator\" is missing"},
		{"{\"operator\":{\"id\":\"X\"},\"agencies\":[],\"warrants\":[{\"agency\":\"a\","
		 "\"liid\":\"L\",\"authorization_country\":\"NZ\",\"start\":"
		 "\"2026-01-01T00:00:00Z\",\"end\":\"2027-01-01T00:00:00Z\",\"targets\":"
		 "[{\"prefix\":\"192.0.2.1\",\"cin\":1}]}]}",
		 "warrants[0].agency: no agency has the id \"a\""},
		{"{\"operator\":{\"id\":\"X\"},\"agencies\":[{\"id\":\"a\",\"country\":\"NZ\","
		 "\"encryption\":\"aes-192-cbc\",\"encryption_key\":\"0x00\"}],\"warrants\":[]}",
		 "agencies[0].encryption_key: what is given is not a key of 24 to 32 octets"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct conf_doc *doc;
		struct orders v;
		struct why why;

		why_clear(&why);
		ok(conf_json_parse(&doc, rows[i].text, strlen(rows[i].text), &why) == 0, "JSON");
		ok(orders_view_read(&v, conf_doc_root(doc), ORDERS_FOR_COLLECTOR, &why) ==
				   ERR_BAD &&
			   strstr(why.text, rows[i].said),
		   "refused: %s", why.text);
		conf_doc_free(&doc);
	}
}

int main(void)
{
	a_collector_knows_whom_to_watch();
	a_mediator_knows_whom_to_serve();
	a_mediator_hears_of_each_change();
	what_is_over_goes_after_a_while();
	one_mediator_need_not_be_named();
	a_view_travels(ORDERS_FOR_COLLECTOR, "col-1");
	a_view_travels(ORDERS_FOR_MEDIATOR, "med-1");
	a_view_travels(ORDERS_FOR_MEDIATOR, "med-3");
	order_does_not_change_a_digest();
	a_view_that_is_not_well_is_refused();
	return tap_end();
}
