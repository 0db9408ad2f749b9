/* What daemons report, in a store of the test's own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tap.h"
#include "conf/json.h"
#include "provision/own.h"

static char folder[] = "/tmp/provision-heard-XXXXXX";
static struct provision p;
static const struct tls_identity c1 = {TLS_COLLECTOR, "c1"};
static const struct tls_identity m1 = {TLS_MEDIATOR, "m1"};

static int hear(const struct tls_identity *from, const char *json)
{
	struct conf_doc *doc = NULL;
	struct why why = {.text = ""};
	int rc = conf_json_parse(&doc, json, strlen(json), &why);

	if (!rc)
		rc = heard_message(&p, from, conf_doc_root(doc), &why);
	conf_doc_free(&doc);
	return rc;
}

struct seen {
	int n;
	char last[200];
};

static int see(void *arg, const struct store_audit *e)
{
	struct seen *seen = arg;

	seen->n++;
	snprintf(seen->last, sizeof seen->last, "%s %s %s %s %s", e->role, e->who, e->what, e->kind,
		 e->key);
	return 0;
}

static struct seen seen(void)
{
	struct seen s = {0};
	struct why why = {.text = ""};

	if (store_audit_each(p.store, 0, see, &s, &why))
		ok(false, "the log is read: %s", why.text);
	return s;
}

static const char *const destroyed =
	"{\"type\":\"report\",\"number\":7,\"report\":{\"type\":\"audit\",\"what\":\"destroy\","
	"\"kind\":\"keys\",\"key\":\"L1\"}}";

static void reports_are_entries(void)
{
	ok(!hear(&c1, destroyed) && seen().n == 1, "a report becomes an entry");
	ok(!strcmp(seen().last, "collector c1 destroy keys L1"), "of who told it: %s", seen().last);
	ok(!hear(&c1, destroyed) && seen().n == 1, "one that comes again is heard, and no entry");
	ok(!hear(&m1, destroyed) && seen().n == 2,
	   "another daemon's of the same number is another");
	ok(!hear(&c1, "{\"type\":\"report\",\"number\":8,\"report\":{\"type\":\"alarm\","
		      "\"kind\":\"spool\",\"key\":\"L1\",\"text\":\"it is full\"}}") &&
		   !strcmp(seen().last, "collector c1 alarm spool L1"),
	   "an alarm is an entry too");
}

static void what_is_unknown_is_passed_over(void)
{
	int n = seen().n;

	ok(!hear(&c1, "{\"type\":\"report\",\"number\":9,\"report\":{\"type\":\"later\"}}") &&
		   !hear(&c1, "{\"type\":\"report\",\"number\":10,\"report\":{}}"),
	   "a report of an unknown type is heard, lest it comes for ever");
	ok(!hear(&c1, "{\"type\":\"later\"}") && !hear(&c1, "{\"type\":\"audit\",\"what\":\"x\"}"),
	   "and a message passed over, also one that should be a report");
	ok(seen().n == n, "without an entry");
	ok(hear(&c1, "{\"type\":\"report\",\"number\":9}") == ERR_BAD &&
		   hear(&c1, "{\"type\":\"report\",\"report\":{}}") == ERR_BAD &&
		   hear(&c1, "{\"type\":\"report\",\"number\":9,\"report\":[]}") == ERR_BAD,
	   "a report that is none is refused");
}

int main(void)
{
	static const char *const names[] = {"store", "store-lock", "store-wal", "store-shm"};
	char path[64];
	struct why why = {.text = ""};

	log_open("test", LOG_LEVEL_ERROR);
	if (!ok(mkdtemp(folder), "a folder"))
		return tap_end();
	snprintf(path, sizeof path, "%s/store", folder);
	ok(!store_open(&p.store, path, &why), "a store %s", why.text);
	reports_are_entries();
	what_is_unknown_is_passed_over();
	store_close(&p.store);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
	return tap_end();
}
