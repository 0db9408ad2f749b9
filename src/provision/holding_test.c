#include "provision/holding.h"

#include <stdlib.h>
#include <string.h>

#include "base/tap.h"

static struct holding h;

static bool put(enum kind_id id, const char *json, struct conf_fault *fault)
{
	const struct kind *kind = &kinds[id];
	struct entry entry = {.revision = 1};
	struct why why = {.text = ""};
	char key[ORDERS_KEY_LEN] = "";
	void *item = calloc(1, kind->record->size);
	bool is_put = !conf_parse_json(kind->record, json, strlen(json), item, &why);

	if (!ok(is_put, "%s is read: %s", json, why.text)) {
		free(item);
		return false;
	}
	is_put = holding_may_put(&h, kind, item, fault) && !holding_reserve(&h, kind);
	if (is_put) {
		if (kind->key)
			kind->key(item, key);
		entry.key = strdup(key);
		holding_put(&h, kind, &entry, item);
	}
	conf_fini(kind->record, item);
	free(item);
	return is_put;
}

static bool has(enum kind_id id, const char *key, size_t want)
{
	size_t i;

	return holding_find(&h, &kinds[id], key, &i) && i == want;
}

#define AGENCY(id, more)                                                                           \
	"{\"id\":\"" id                                                                            \
	"\",\"country\":\"NZ\",\"hi2\":\"192.0.2.1:1\",\"hi3\":\"192.0.2.1:2\"" more "}"
#define WARRANT(agency, liid)                                                                      \
	"{\"reference\":\"r\",\"authority\":\"c\",\"agency\":\"" agency "\",\"liid\":\"" liid      \
	"\",\"authorization_country\":\"NZ\",\"start\":\"2026-01-01T00:00:00Z\","                  \
	"\"end\":\"2027-01-01T00:00:00Z\",\"targets\":[{\"prefix\":\"192.0.2.7\",\"cin\":1}]}"

static void test_lists(void)
{
	struct conf_fault fault;
	size_t i;

	ok(put(KIND_AGENCIES, AGENCY("m", ""), &fault) &&
		   put(KIND_AGENCIES, AGENCY("z", ""), &fault) &&
		   put(KIND_AGENCIES, AGENCY("a", ""), &fault),
	   "three agencies are put in");
	ok(h.orders.agencies.n == 3 && has(KIND_AGENCIES, "a", 0) && has(KIND_AGENCIES, "m", 1) &&
		   has(KIND_AGENCIES, "z", 2) && !strcmp(h.orders.agencies.items[1].id, "m"),
	   "they lie in the order of their keys");
	ok(!holding_find(&h, &kinds[KIND_AGENCIES], "n", &i) && i == 2,
	   "what is not there has a place");
	ok(put(KIND_AGENCIES, AGENCY("m", ",\"retry\":\"3s\""), &fault) &&
		   h.orders.agencies.n == 3 &&
		   h.orders.agencies.items[1].retry.ns == nanos_from_s(3).ns,
	   "one is replaced in its place");
	holding_remove(&h, &kinds[KIND_AGENCIES], 0);
	ok(h.orders.agencies.n == 2 && has(KIND_AGENCIES, "m", 0) && has(KIND_AGENCIES, "z", 1),
	   "the first is removed");
}

static void test_singles(void)
{
	struct conf_fault fault;

	ok(put(KIND_OPERATOR, "{\"id\":\"one\"}", &fault) &&
		   put(KIND_OPERATOR, "{\"id\":\"two\"}", &fault) &&
		   !strcmp(h.orders.operator.id, "two") && h.shelves[KIND_OPERATOR].n == 1,
	   "there is one operator, the last");
	ok(put(KIND_SETTINGS, "{\"radius_ignored_users\":[\"x@isp\",\"y\"]}", &fault) &&
		   h.orders.radius_ignored_users.n == 2 && !strcmp(h.orders.operator.id, "two") &&
		   h.orders.agencies.n == 2,
	   "settings change the field that is theirs");
}

static void test_checks(void)
{
	struct conf_fault fault;

	ok(put(KIND_WARRANTS, WARRANT("m", "L1"), &fault) &&
		   put(KIND_WARRANTS, WARRANT("z", "L1"), &fault) && has(KIND_WARRANTS, "z/L1", 1),
	   "two agencies may use one LIID");
	ok(!put(KIND_WARRANTS, WARRANT("nobody", "L1"), &fault) && !strcmp(fault.path, "agency"),
	   "a warrant for an agency that is not there: %s: %s", fault.path, fault.text);
	ok(!holding_may_remove(&h, &kinds[KIND_AGENCIES], 0, &fault),
	   "an agency that a warrant names stays: %s %s", fault.path, fault.text);
	ok(!put(KIND_AGENCIES, AGENCY("q", ",\"mediator\":\"m9\""), &fault),
	   "an agency with a mediator that is not there: %s %s", fault.path, fault.text);
	ok(put(KIND_MEDIATORS, "{\"name\":\"m9\",\"address\":\"192.0.2.1:9\"}", &fault) &&
		   put(KIND_AGENCIES, AGENCY("q", ",\"mediator\":\"m9\""), &fault),
	   "and with one that is");
	ok(!holding_may_remove(&h, &kinds[KIND_MEDIATORS], 0, &fault), "which then stays: %s %s",
	   fault.path, fault.text);
	ok(put(KIND_COLLECTORS, "{\"name\":\"c1\"}", &fault) &&
		   holding_may_remove(&h, &kinds[KIND_COLLECTORS], 0, &fault),
	   "a collector stands alone");
}

int main(void)
{
	kinds_init();
	test_lists();
	test_singles();
	test_checks();
	holding_fini(&h);
	ok(h.orders.agencies.n == 0, "all is given back");
	return tap_end();
}
