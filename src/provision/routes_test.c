/* The routes over a store, without sockets: what is answered, what is refused and why, and what
 * is there after a restart. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tap.h"
#include "conf/json.h"
#include "provision/own.h"

static char folder[] = "/tmp/weir-routes-XXXXXX";
static char token[STORE_TOKEN_LEN];
static struct loop *loop;
static struct provision *p;
static struct provision_conf conf;
static struct rest_answer answer;
static char tag[REST_ETAG_LEN];

static void start(void)
{
	struct why why = {.text = ""};

	ok(!provision_new(&p, loop, &conf, "0", &why), "the provisioner starts: %s", why.text);
}

/* Asks with a key, and keeps the answer as a text; returns the status. */
static int ask_as(const char *key, const char *method, const char *path, const char *body)
{
	static struct rest_request request;
	struct rest_head head = {.method = method,
				 .target = path,
				 .api_key = key,
				 .if_match = tag[0] ? tag : NULL,
				 .address = "192.0.2.9",
				 .now = loop_now()};

	rest_answer_fini(&answer);
	rest_answer_init(&answer);
	if (rest_begin(&p->rest, &head, &request, &answer)) {
		request.body = (const uint8_t *)body;
		request.body_len = body ? strlen(body) : 0;
		rest_call(&p->rest, &request, &answer);
	}
	wr_u8(&answer.body, 0);
	for (size_t i = 0; i < answer.body.len; i++)
		answer.body.bytes[i] = answer.body.bytes[i] == '\n' ? 0 : answer.body.bytes[i];
	tag[0] = 0;
	return answer.status;
}

static int ask(const char *method, const char *path, const char *body)
{
	char full[200];

	snprintf(full, sizeof full, "/api/v1%s", path);
	return ask_as(token, method, full, body);
}

static bool says(const char *words)
{
	return answer.body.bytes && strstr((const char *)answer.body.bytes, words);
}

#define KEY_BEGIN "000102030405"
#define KEY_HEX   "0x000102030405060708090a0b0c0d0e0f1011121314151617"
#define AGENCY(id, more)                                                                           \
	"{\"id\":\"" id                                                                            \
	"\",\"country\":\"NZ\",\"hi2\":\"192.0.2.1:1\",\"hi3\":\"192.0.2.1:2\"" more "}"
#define WARRANT_OF(agency, liid, targets)                                                          \
	"{\"reference\":\"r\",\"authority\":\"c\",\"agency\":\"" agency "\",\"liid\":\"" liid      \
	"\",\"authorization_country\":\"NZ\",\"start\":\"2026-01-01T00:00:00Z\","                  \
	"\"end\":\"2027-01-01T00:00:00Z\",\"targets\":[" targets "]}"
#define WARRANT(agency, liid) WARRANT_OF(agency, liid, "{\"prefix\":\"192.0.2.7\",\"cin\":1}")

static void test_items(void)
{
	ok(ask("GET", "/operator", NULL) == 404, "the operator is not set");
	ok(ask("POST", "/agencies", AGENCY("a", "")) == 201 &&
		   !strcmp(answer.location, "/api/v1/agencies/a") && answer.etag[0] &&
		   says("\"keepalive_interval\""),
	   "an agency is added, and shown with its defaults");
	ok(ask("POST", "/warrants", WARRANT("a", "L1")) == 409 && says("operator"),
	   "no warrant without an operator");
	ok(ask("PUT", "/operator", "{\"id\":\"op\"}") == 201 &&
		   ask("PUT", "/operator", "{\"id\":\"op2\"}") == 200,
	   "the operator is set, and set again");
	ok(ask("POST", "/warrants", WARRANT("a", "L/1")) == 201 &&
		   !strcmp(answer.location, "/api/v1/warrants/a/L%2F1"),
	   "a warrant's path is escaped: %s", answer.location);
	ok(ask("GET", "/warrants/a/L%2F1", NULL) == 200 && says("\"liid\":\"L/1\""),
	   "and leads to it");
	ok(ask("PUT", "/warrants/a/L2", WARRANT("a", "L2")) == 201 &&
		   ask("PUT", "/core-servers/aaa",
		       "{\"name\":\"aaa\",\"kind\":\"radius\",\"address\":\"10.0.0.10\"}") == 201 &&
		   ask("PUT", "/settings", "{\"radius_ignored_users\":[\"x\"]}") == 201 &&
		   ask("PUT", "/collectors/c1", "{\"name\":\"c1\"}") == 201 &&
		   ask("PUT", "/mediators/m1", "{\"name\":\"m1\",\"address\":\"192.0.2.1:9\"}") ==
			   201,
	   "one of each kind is put");
	ok(ask("GET", "/warrants?limit=1", NULL) == 200 && says("\"next\":\"a/L/1\"") &&
		   !says("L2") && ask("GET", "/warrants?limit=1&after=a/L/1", NULL) == 200 &&
		   says("L2") && !says("next"),
	   "a list comes in parts");
	ok(ask("GET", "/orders", NULL) == 200 && says("\"id\":\"op2\"") && says("\"L2\"") &&
		   says("\"radius_ignored_users\":[\"x\"]"),
	   "the whole has all of it");
	ok(ask("DELETE", "/agencies/a", NULL) == 409 && says("a/L/1, a/L2"),
	   "an agency in use stays, and the warrants are named: %s", answer.body.bytes);
	ok(ask("DELETE", "/warrants/a/L2", NULL) == 204 &&
		   ask("DELETE", "/warrants/a/L2", NULL) == 404,
	   "a warrant is removed, once");
}

static const struct {
	const char *method, *path, *body;
	int status;
	const char *field, *words;
} refusals[] = {
	{"GET", "/agencies/none", NULL, 404, NULL, "none"},
	{"POST", "/agencies", "{", 400, NULL, "JSON"},
	{"POST", "/agencies", "[]", 422, NULL, "map"},
	{"POST", "/agencies", "", 400, NULL, ""},
	{"POST", "/agencies", "{\"id\":\"b\"}", 422, "country", "missing"},
	{"POST", "/agencies", AGENCY("b", ",\"colour\":\"red\""), 422, "colour", "unknown"},
	{"POST", "/agencies", AGENCY("b", ",\"retry\":7"), 422, "retry", ""},
	{"POST", "/agencies", AGENCY("b", ",\"header_version\":\"43\""), 422, "header_version", ""},
	{"POST", "/agencies", AGENCY("b", ",\"encryption\":\"aes-192-cbc\""), 422, "encryption_key",
	 ""},
	{"POST", "/agencies",
	 AGENCY("b", ",\"encryption\":\"aes-192-cbc\",\"encryption_key\":\"(secret)\""), 422,
	 "encryption_key", "kept"},
	{"POST", "/agencies", AGENCY("b", ",\"mediator\":\"m9\""), 409, "agencies[1].mediator",
	 "m9"},
	{"POST", "/agencies", AGENCY("a", ""), 409, "id", "already"},
	{"PUT", "/agencies/b", AGENCY("c", ""), 422, "id", "path"},
	{"POST", "/warrants", WARRANT("b", "L1"), 422, "agency", "b"},
	{"POST", "/warrants", WARRANT_OF("a", "L9", ""), 422, "targets", ""},
	{"POST", "/warrants", WARRANT_OF("a", "L9", "{\"prefix\":\"192.0.2.300\",\"cin\":1}"), 422,
	 "targets[0].prefix", "192.0.2.300"},
	{"POST", "/warrants", WARRANT_OF("a", "L9", "{\"prefix\":\"192.0.2.3\"}"), 422,
	 "targets[0].cin", ""},
	{"POST", "/warrants", WARRANT_OF("a", "L9", "{\"prefix\":\"192.0.2.3\",\"cin\":1,\"x\":1}"),
	 422, "targets[0].x", "unknown"},
	{"DELETE", "/operator", NULL, 405, NULL, "GET, PUT"},
	{"PATCH", "/agencies/a", NULL, 405, NULL, "DELETE"},
	{"GET", "/nothing", NULL, 404, NULL, "/nothing"},
	{"GET", "/warrants?limit=0", NULL, 400, "limit", "0"},
	{"GET", "/audit?after=x", NULL, 400, "after", "x"},
	{"POST", "/keys", "{\"name\":\"Bob\",\"role\":\"admin\"}", 422, "name", "lower-case"},
	{"POST", "/keys", "{\"name\":\"bob\",\"role\":\"root\"}", 422, "role", "auditor"},
	{"POST", "/keys", "{\"name\":\"first\",\"role\":\"admin\"}", 409, "name", "first"},
	{"DELETE", "/keys/nobody", NULL, 404, NULL, "nobody"},
	{"DELETE", "/keys/first", NULL, 409, NULL, "last"},
	{"PUT", "/orders", "{}", 422, "operator", "missing"},
};

static void test_refusals(void)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		int status = ask(refusals[i].method, refusals[i].path, refusals[i].body);
		char field[100] = "{\"error\":{\"reason\":";

		if (refusals[i].field)
			snprintf(field, sizeof field, "{\"error\":{\"field\":\"%s\",",
				 refusals[i].field);
		ok(status == refusals[i].status && says(field) && says(refusals[i].words),
		   "%s %s: %d %s", refusals[i].method, refusals[i].path, status, answer.body.bytes);
	}
}

static void test_revisions(void)
{
	char old[REST_ETAG_LEN];

	ok(ask("GET", "/agencies/a", NULL) == 200, "a thing has a revision: %s", answer.etag);
	snprintf(old, sizeof old, "%s", answer.etag);
	ok(ask("PUT", "/agencies/a", AGENCY("a", "")) == 200 && !strcmp(answer.etag, old),
	   "put as it is, it keeps it");
	memcpy(tag, old, sizeof tag);
	ok(ask("PUT", "/agencies/a", AGENCY("a", ",\"retry\":\"7s\"")) == 200 &&
		   strcmp(answer.etag, old),
	   "changed by one who knows it, it gets another");
	memcpy(tag, old, sizeof tag);
	ok(ask("PUT", "/agencies/a", AGENCY("a", ",\"retry\":\"8s\"")) == 412 && says("If-Match") &&
		   ask("GET", "/agencies/a", NULL) == 200 && says("\"retry\":\"7s\""),
	   "one who knows the old one does not change it");
	memcpy(tag, old, sizeof tag);
	ok(ask("DELETE", "/warrants/a/L%2F1", NULL) == 412, "nor removes it");
	memcpy(tag, old, sizeof tag);
	ok(ask("PUT", "/agencies/new", AGENCY("new", "")) == 412, "nor makes what is not there");
}

/* What the store's files hold. */
static bool is_on_disk(const char *words)
{
	static const char *const names[] = {"p.db", "p.db-wal"};
	bool is_there = false;

	for (size_t i = 0; i < 2; i++) {
		char path[80];
		char *bytes = calloc(1, 4 << 20);
		ssize_t n;
		int fd;

		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, bytes, 4 << 20);
		if (n > 0 && memmem(bytes, (size_t)n, words, strlen(words)))
			is_there = true;
		if (fd >= 0)
			close(fd);
		free(bytes);
	}
	return is_there;
}

static void test_secrets(void)
{
	static const char with[] =
		AGENCY("s", ",\"encryption\":\"aes-192-cbc\",\"encryption_key\":\"" KEY_HEX "\"");
	static const char again[] = AGENCY("s", ",\"encryption\":\"aes-192-cbc\","
						"\"encryption_key\":\"(secret)\",\"retry\":\"3s\"");
	const struct conf_key *key;
	size_t i;

	ok(ask("POST", "/agencies", with) == 201 && says("\"encryption_key\":\"(secret)\"") &&
		   !says(KEY_BEGIN),
	   "a secret is not shown when it is put");
	ok(ask("GET", "/agencies/s", NULL) == 200 && !says(KEY_BEGIN) &&
		   ask("GET", "/agencies", NULL) == 200 && !says(KEY_BEGIN) &&
		   ask("GET", "/orders", NULL) == 200 && !says(KEY_BEGIN) &&
		   ask("GET", "/audit", NULL) == 200 && !says(KEY_BEGIN),
	   "nor anywhere else");
	ok(!is_on_disk(KEY_BEGIN) && is_on_disk("sealed:1:"), "the store has it sealed");
	ok(!is_on_disk(strchr(token, '.') + 1), "and nobody's key");
	ok(ask("PUT", "/agencies/s", again) == 200 && says("\"retry\":\"3s\""),
	   "what is shown can be put back");
	holding_find(&p->held, &kinds[KIND_AGENCIES], "s", &i);
	key = &p->held.orders.agencies.items[i].encryption_key;
	ok(key->len == 24 && key->bytes[23] == 0x17, "and keeps the secret");
}

static void test_roles(void)
{
	static const struct {
		const char *method, *path, *body;
		int auditor, operator, admin;
	} rows[] = {
		{"GET", "/agencies", NULL, 200, 200, 200},
		{"PUT", "/agencies/r", AGENCY("r", ""), 403, 201, 200},
		{"DELETE", "/agencies/r", NULL, 403, 204, 404},
		{"PUT", "/collectors/r", "{\"name\":\"r\"}", 403, 403, 201},
		{"PUT", "/mediators/m1", "{\"name\":\"m1\",\"address\":\"192.0.2.1:9\"}", 403, 403,
		 200},
		{"PUT", "/operator", "{\"id\":\"op3\"}", 403, 403, 200},
		{"PUT", "/orders", "{}", 403, 403, 422},
		{"GET", "/status", NULL, 200, 200, 200},
		{"GET", "/audit", NULL, 200, 403, 200},
		{"GET", "/audit/check", NULL, 200, 403, 200},
		{"GET", "/keys", NULL, 200, 403, 200},
		{"POST", "/keys", "{\"name\":\"x\",\"role\":\"auditor\"}", 403, 403, 201},
		{"DELETE", "/keys/x", NULL, 403, 403, 204},
		{"GET", "/openapi.json", NULL, 200, 200, 200},
	};
	static const char *const names[] = {"auditor", "operator", "admin"};
	char tokens[3][STORE_TOKEN_LEN];

	for (size_t i = 0; i < 3; i++) {
		char body[100];
		const char *at;

		snprintf(body, sizeof body, "{\"name\":\"a-%s\",\"role\":\"%s\"}", names[i],
			 names[i]);
		ok(ask("POST", "/keys", body) == 201, "a key for one who is %s", names[i]);
		at = strstr((const char *)answer.body.bytes, "\"key\":\"");
		snprintf(tokens[i], sizeof tokens[i], "%.*s", (int)strcspn(at + 7, "\""), at + 7);
	}
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const int want[] = {rows[i].auditor, rows[i].operator, rows[i].admin };

		for (size_t k = 0; k < 3; k++) {
			char full[100];
			int status;

			snprintf(full, sizeof full, "/api/v1%s", rows[i].path);
			status = ask_as(tokens[k], rows[i].method, full, rows[i].body);
			ok(status == want[k], "%s %s: %s gets %d", rows[i].method, rows[i].path,
			   names[k], status);
		}
	}
}

static void test_whole(void)
{
	static char whole[1 << 16];
	static char edited[1 << 16];
	char *at;

	ok(ask("GET", "/orders", NULL) == 200, "the whole is read");
	snprintf(whole, sizeof whole, "%s", (const char *)answer.body.bytes);
	ok(ask("PUT", "/orders", whole) == 200 && says("{\"put\":0,\"removed\":0}"),
	   "put back, it changes nothing: %s", answer.body.bytes);
	at = strstr(whole, "\"warrants\":[");
	snprintf(edited, sizeof edited, "%.*s\"warrants\":[%s]}", (int)(at - whole), whole,
		 WARRANT("s", "L5"));
	ok(ask("PUT", "/orders", edited) == 200 && says("{\"put\":1,\"removed\":1}") &&
		   ask("GET", "/warrants", NULL) == 200 && says("L5") && !says("L/1"),
	   "one warrant in place of another: %s", answer.body.bytes);
	ok(ask("GET", "/collectors", NULL) == 200 && says("c1"), "collectors stay");
	snprintf(edited, sizeof edited, "%.*s\"warrants\":[%s]}", (int)(at - whole), whole,
		 WARRANT("nobody", "L5"));
	ok(ask("PUT", "/orders", edited) == 422 && says("warrants[0].agency") &&
		   ask("GET", "/warrants", NULL) == 200 && says("L5"),
	   "what is not well changes nothing: %s", answer.body.bytes);
}

static void test_restart(void)
{
	static char before[1 << 16];

	ask("GET", "/orders", NULL);
	snprintf(before, sizeof before, "%s", (const char *)answer.body.bytes);
	provision_free(&p);
	start();
	ok(ask("GET", "/orders", NULL) == 200 && !strcmp((const char *)answer.body.bytes, before),
	   "after a restart all is as it was");
	ok(ask("GET", "/audit/check", NULL) == 200 && says("\"is_whole\":true"),
	   "the audit log too: %s", answer.body.bytes);
	ok(ask("GET", "/openapi.json", NULL) == 200 && says("\"encryption_key\"") &&
		   says("/api/v1/warrants/{agency}/{liid}"),
	   "the description names paths and fields");
}

static void test_bad_starts(void)
{
	struct why why = {.text = ""};
	char path[80], moved[80];

	provision_free(&p);
	snprintf(path, sizeof path, "%s/p.db.key", folder);
	snprintf(moved, sizeof moved, "%s/other", folder);
	ok(!rename(path, moved) && provision_new(&p, loop, &conf, "0", &why) == ERR_ABSENT && !p,
	   "without its key a store does not open: %s", why.text);
	ok(access(path, F_OK) != 0, "and no other key is made");
	rename(moved, path);
	why_clear(&why);
	conf.rest_listen.ip[0] = 203;
	ok(provision_new(&p, loop, &conf, "0", &why) == ERR_IO && !p,
	   "an address that is not ours: %s", why.text);
	conf.rest_listen.ip[0] = 127;
}

static void read_token(void)
{
	char path[80];
	FILE *file;

	snprintf(path, sizeof path, "%s/first", folder);
	file = fopen(path, "re");
	ok(file && fgets(token, sizeof token, file), "the first key is in its file");
	if (file)
		fclose(file);
	token[strcspn(token, "\n")] = 0;
}

static void tidy(void)
{
	DIR *all = opendir(folder);
	struct dirent *one;

	while (all && (one = readdir(all))) {
		char path[320];

		snprintf(path, sizeof path, "%s/%s", folder, one->d_name);
		unlink(path);
	}
	if (all)
		closedir(all);
	rmdir(folder);
}

/* A daemon tells how many records of b/L1 it has had, and how many it has handed on. */
static void tell(enum tls_role role, const char *name, const char *counts)
{
	struct tls_identity from = {.role = role};
	struct conf_doc *doc = NULL;
	struct why why = {.text = ""};
	char text[400];

	snprintf(from.name, sizeof from.name, "%s", name);
	snprintf(text, sizeof text,
		 "{\"type\":\"ledger\",\"book\":\"0123456789abcdef\",\"rows\":[{\"warrant\":\"b/"
		 "L1\","
		 "\"kind\":\"cc\",\"cin\":7,%s}]}",
		 counts);
	if (conf_json_parse(&doc, text, strlen(text), &why) ||
	    ledger_hear(p, &from, conf_doc_root(doc), &why))
		printf("# %s\n", why.text);
	conf_doc_free(&doc);
}

static void test_backlog(void)
{
	static const char moved[] = AGENCY("b", ",\"mediator\":\"m2\"");
	static const char whole[] =
		"{\"operator\":{\"id\":\"op\"},\"mediators\":[{\"name\":\"m1\",\"address\":"
		"\"192.0.2.1:9\"},{\"name\":\"m2\",\"address\":\"192.0.2.2:9\"}],\"agencies\":"
		"[" AGENCY("b", ",\"mediator\":\"m1\"") "," AGENCY(
			"bb", ",\"mediator\":\"m1\"") "],\"warrants\":[]}";

	ask("PUT", "/orders", whole);
	ok(answer.status == 200, "two agencies, two mediators: %s", answer.body.bytes);
	tell(TLS_COLLECTOR, "c1", "\"spooled\":50,\"handed\":40");
	tell(TLS_MEDIATOR, "m1", "\"received\":40,\"kept\":40,\"acknowledged\":33");
	ok(ask("DELETE", "/agencies/b", NULL) == 409 &&
		   says("10 at collectors and 7 at mediators, of b/L1"),
	   "one that is owed records stays: %s", answer.body.bytes);
	ok(ask("DELETE", "/agencies/b?drop=yes", NULL) == 409, "also where drop is not true");
	ok(ask("PUT", "/agencies/b", moved) == 409 && says("7 at mediators"),
	   "nor does another mediator get it: %s", answer.body.bytes);
	ok(ask("PUT", "/agencies/b", AGENCY("b", ",\"mediator\":\"m1\",\"retry\":\"3s\"")) == 200,
	   "anything else of it may change");
	ok(ask("DELETE", "/agencies/bb", NULL) == 204, "what is owed to b is not owed to bb");
	tell(TLS_MEDIATOR, "m1", "\"received\":40,\"kept\":40,\"acknowledged\":40");
	ok(ask("PUT", "/agencies/b", moved) == 200,
	   "what collectors have goes to another mediator");
	tell(TLS_COLLECTOR, "c1", "\"spooled\":50,\"handed\":50");
	ok(ask("DELETE", "/agencies/b", NULL) == 409 && says("10 at collectors"),
	   "what nobody has told to have received is on its way: %s", answer.body.bytes);
	tell(TLS_MEDIATOR, "m2", "\"received\":10,\"kept\":10,\"acknowledged\":8");
	ok(ask("DELETE", "/agencies/b?drop=true", NULL) == 204, "it goes when it may be dropped");
	ok(ask("PUT", "/agencies/b", moved) == 201 && ask("DELETE", "/agencies/b", NULL) == 409,
	   "what is owed is owed until it is counted as lost");
	tell(TLS_MEDIATOR, "m2",
	     "\"received\":10,\"kept\":10,\"acknowledged\":8,\"losses\":[{\"reason\":"
	     "\"undelivered\","
	     "\"records\":2,\"first\":\"2026-01-01T00:00:00Z\",\"last\":\"2026-01-01T00:00:00Z\"}"
	     "]");
	ok(ask("DELETE", "/agencies/b", NULL) == 204, "and then no more");
}

int main(void)
{
	struct why why = {.text = ""};
	char yaml[400];

	log_open("routes-test", LOG_LEVEL_ERROR);
	if (!mkdtemp(folder) || loop_new(&loop))
		return 1;
	snprintf(yaml, sizeof yaml,
		 "{name: p1, transport: plain, rest_transport: plain, listen: \"127.0.0.1:0\", "
		 "rest_listen: \"127.0.0.1:0\", store: %s/p.db, first_key: %s/first}",
		 folder, folder);
	ok(!conf_parse(&provision_conf_record, yaml, strlen(yaml), &conf, &why),
	   "the configuration is read: %s", why.text);
	rest_answer_init(&answer);
	start();
	read_token();
	test_items();
	test_refusals();
	test_revisions();
	test_secrets();
	test_roles();
	test_whole();
	test_restart();
	test_backlog();
	test_bad_starts();
	rest_answer_fini(&answer);
	provision_free(&p);
	conf_fini(&provision_conf_record, &conf);
	loop_free(&loop);
	tidy();
	return tap_end();
}
