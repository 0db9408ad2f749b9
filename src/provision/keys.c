/* The routes about who may do what, and who did what: API keys and the audit log. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "provision/own.h"

static const struct conf_name key_roles[] = {
	{"auditor", REST_AUDITOR, "reads everything, the audit log too, and changes nothing"},
	{"operator", REST_OPERATOR, "reads, and changes agencies, warrants and core servers"},
	{"admin", REST_ADMIN, "changes everything, keys too"},
	{NULL}};

#define KEY_FIELDS(X)                                                                              \
	X(TEXT, name, .is_required = true, .min = 1, .max = STORE_NAME_LEN - 1,                    \
	  .is_allowed = store_key_is_name, .alphabet = "lower-case letters, digits and inner -",   \
	  .doc = "whose key it is; the audit log names it")                                        \
	X(WORD, role, .is_required = true, .names = key_roles, .doc = "what it may do")

#define X(...) CONF_ROW(key_order, __VA_ARGS__)
static const struct conf_field key_fields[] = {KEY_FIELDS(X)};
#undef X
const struct conf_record key_order_record =
	CONF_RECORD(key_order, key_fields, .doc = "A key of the REST API.");

int key_make(struct provision *p, const struct actor *who, const struct key_order *order,
	     const struct key_keeper *keeper, struct why *why)
{
	struct store_key key = {.made = loop_wall()};
	struct store_audit audit = {.what = "put", .kind = "keys", .key = key.name, .before = ""};
	char token[STORE_TOKEN_LEN];
	char digest[STORE_HASH_LEN];
	int rc = store_begin(p->store, why);

	snprintf(key.name, sizeof key.name, "%s", order->name);
	snprintf(key.role, sizeof key.role, "%s", rest_role_text((enum rest_role)order->role));
	if (rc)
		return rc;
	rc = store_key_make(p->store, &key, token, why);
	/* of what others may see of it: its role */
	store_digest(key.role, digest);
	audit.after = digest;
	if (!rc)
		rc = change_audit(p, who, &audit, why);
	if (!rc)
		rc = keeper->keep(keeper->arg, token, why);
	if (!rc)
		rc = store_commit(p->store, why);
	if (rc)
		store_rollback(p->store);
	return rc;
}

static void print_key(struct json *json, const struct store_key *key, const char *token)
{
	json_open(json, '{');
	json_key(json, "name"), json_text(json, key->name);
	json_key(json, "role"), json_text(json, key->role);
	if (key->made.ns)
		json_key(json, "made"), json_time(json, key->made);
	if (token)
		json_key(json, "key"), json_text(json, token);
	json_close(json, '}');
}

static int list_key(void *arg, const struct store_key *key)
{
	print_key(arg, key, NULL);
	return 0;
}

static void failed(struct rest_answer *answer, int rc, const struct why *why)
{
	struct refusal refusal;

	refuse_why(&refusal, 500, rc, why);
	answer_refusal(answer, &refusal);
}

void key_list(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	struct provision *p = owner;
	struct json json = json_of(&answer->body);
	struct why why = {.text = ""};
	int rc;

	(void)request;
	answer->status = 200;
	json_open(&json, '{');
	json_key(&json, "keys"), json_open(&json, '[');
	rc = store_key_each(p->store, list_key, &json, &why);
	json_close(&json, ']');
	json_close(&json, '}');
	json_line(&json);
	if (rc)
		failed(answer, rc, &why);
}

struct key_answer {
	const struct key_order *order;
	struct rest_answer *answer;
};

/* The answer is made before the key is committed: a key that nobody has heard is of no use. */
static int tell_key(void *arg, const char *token, struct why *why)
{
	const struct key_answer *tell = arg;
	struct json json = json_of(&tell->answer->body);
	struct store_key key = {.made = {0}};

	(void)why;
	snprintf(key.name, sizeof key.name, "%s", tell->order->name);
	snprintf(key.role, sizeof key.role, "%s",
		 rest_role_text((enum rest_role)tell->order->role));
	tell->answer->status = 201;
	snprintf(tell->answer->location, sizeof tell->answer->location, "/api/v1/keys/%s",
		 key.name);
	print_key(&json, &key, token);
	json_line(&json);
	return tell->answer->body.ok ? 0 : ERR_NOMEM;
}

void key_post(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	struct provision *p = owner;
	struct actor who = actor_of(request);
	struct key_order order;
	struct key_answer tell = {&order, answer};
	struct key_keeper keeper = {tell_key, &tell};
	struct refusal refusal;
	struct why why = {.text = ""};
	struct conf_doc *doc = NULL;
	int rc;

	if (!body_read(request, &doc, answer))
		return;
	rc = conf_read(&key_order_record, conf_doc_root(doc), &order, &why);
	conf_doc_free(&doc);
	if (rc) {
		refuse_why(&refusal, 422, rc, &why);
		answer_refusal(answer, &refusal);
		return;
	}
	rc = key_make(p, &who, &order, &keeper, &why);
	if (rc == ERR_USAGE)
		rest_refuse(answer, 409, "name", "%s", why.text);
	else if (rc)
		failed(answer, rc, &why);
	conf_fini(&key_order_record, &order);
}

struct admins {
	const char *but;
	bool is_there;
	char role[STORE_ROLE_LEN];
	size_t n_others;
};

static int count_admin(void *arg, const struct store_key *key)
{
	struct admins *admins = arg;

	if (!strcmp(key->name, admins->but)) {
		admins->is_there = true;
		memcpy(admins->role, key->role, sizeof admins->role);
	} else {
		admins->n_others += !strcmp(key->role, rest_role_text(REST_ADMIN));
	}
	return 0;
}

void key_remove(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	struct provision *p = owner;
	struct actor who = actor_of(request);
	struct admins admins = {.but = request->params[0]};
	char digest[STORE_HASH_LEN];
	struct store_audit audit = {.what = "remove",
				    .kind = "keys",
				    .key = request->params[0],
				    .before = digest,
				    .after = ""};
	struct why why = {.text = ""};
	int rc = store_key_each(p->store, count_admin, &admins, &why);

	if (!rc && !admins.is_there) {
		rest_refuse(answer, 404, NULL, "no key has the name \"%s\"", request->params[0]);
		return;
	}
	if (!rc && !admins.n_others) {
		rest_refuse(answer, 409, NULL, "this is the last key of an admin");
		return;
	}
	if (!rc)
		rc = store_begin(p->store, &why);
	if (!rc)
		rc = store_key_remove(p->store, request->params[0], &why);
	store_digest(admins.role, digest);
	if (!rc)
		rc = change_audit(p, &who, &audit, &why);
	if (!rc)
		rc = store_commit(p->store, &why);
	if (rc) {
		store_rollback(p->store);
		failed(answer, rc, &why);
		return;
	}
	answer->status = 204;
}

/* ---- audit ---- */

enum { AUDIT_LIMIT = 10000, AUDIT_OTHERWISE = 1000, AUDIT_MORE = 1 };

struct audit_listing {
	struct json json;
	int64_t left;
	int64_t last;
};

static int list_entry(void *arg, const struct store_audit *e)
{
	struct audit_listing *listing = arg;
	struct json *json = &listing->json;
	const struct rest_pair texts[] = {
		{"who", e->who},         {"role", e->role},
		{"address", e->address}, {"what", e->what},
		{"kind", e->kind},       {"key", e->key},
		{"before", e->before},   {"after", e->after},
		{"hash", e->hash},       {"signature", e->signature},
	};

	if (!listing->left)
		return AUDIT_MORE;
	listing->left--;
	listing->last = e->number;
	json_open(json, '{');
	json_key(json, "number"), json_i64(json, e->number);
	json_key(json, "time"), json_time(json, e->time);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		json_key(json, texts[i].name), json_text(json, texts[i].value);
	json_close(json, '}');
	return 0;
}

void audit_list(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	struct provision *p = owner;
	struct audit_listing listing = {json_of(&answer->body), AUDIT_OTHERWISE, 0};
	struct json *json = &listing.json;
	const char *after = rest_query(request, "after");
	struct why why = {.text = ""};
	char *end = NULL;
	int64_t first = after ? strtoll(after, &end, 10) : 0;
	int rc;

	if (!limit_read(request, AUDIT_LIMIT, &listing.left, answer))
		return;
	if (after && (end == after || *end || first < 0)) {
		rest_refuse(answer, 400, "after", "\"%.40s\" is no number of an entry", after);
		return;
	}
	answer->status = 200;
	json_open(json, '{');
	json_key(json, "entries"), json_open(json, '[');
	rc = store_audit_each(p->store, first + 1, list_entry, &listing, &why);
	json_close(json, ']');
	if (rc == AUDIT_MORE)
		json_key(json, "next"), json_i64(json, listing.last);
	json_close(json, '}');
	json_line(json);
	if (rc < 0)
		failed(answer, rc, &why);
}

void audit_check(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	struct provision *p = owner;
	struct json json = json_of(&answer->body);
	struct why why = {.text = ""};
	struct store_audit_found found;
	char *public = audit_key_public(p->audit_key);
	int rc = store_audit_verify(p->store, &found, &why);

	(void)request;
	if (rc && rc != ERR_BAD) {
		free(public);
		failed(answer, rc, &why);
		return;
	}
	answer->status = 200;
	json_open(&json, '{');
	json_key(&json, "is_whole"), json_bool(&json, !rc);
	json_key(&json, "entries"), json_i64(&json, found.n);
	json_key(&json, "signed_from"), json_i64(&json, found.signed_from);
	json_key(&json, "key"), json_text(&json, public);
	free(public);
	if (rc)
		json_key(&json, "reason"), json_text(&json, why.text);
	json_close(&json, '}');
	json_line(&json);
}
