/* The routes of all kinds of things: agencies, warrants, core servers, collectors, mediators, the
 * operator and the settings are rows of one table, and so are their routes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "conf/json.h"
#include "conf/yaml.h"
#include "provision/own.h"

enum { ITEMS_LIMIT = 100000, ITEMS_OTHERWISE = 1000 };

static const struct conf_sight shown = {.hides_secrets = true};

void answer_refusal(struct rest_answer *answer, const struct refusal *refusal)
{
	rest_refuse(answer, refusal->status, refusal->field, "%s", refusal->text);
}

struct actor actor_of(const struct rest_request *request)
{
	const char *drop = rest_query(request, "drop");

	return (struct actor){request->who.name, rest_role_text(request->who.role),
			      request->address, drop && !strcmp(drop, "true")};
}

const struct kind *kind_of(const struct rest_request *request)
{
	size_t i = 0;

	while (i < KIND_N - 1 && strcmp(kinds[i].name, request->route->kind))
		i++;
	return &kinds[i];
}

bool body_read(const struct rest_request *request, struct conf_doc **doc,
	       struct rest_answer *answer)
{
	const char *text = request->body_len ? (const char *)request->body : "";
	struct why why = {.text = ""};
	int rc = request->is_yaml ? conf_yaml_parse(doc, text, request->body_len, &why)
				  : conf_json_parse(doc, text, request->body_len, &why);
	char line[32] = "";

	if (!rc)
		return true;
	if (why.line)
		snprintf(line, sizeof line, "line %d: ", why.line);
	rest_refuse(answer, rc == ERR_NOMEM ? 500 : 400, NULL, "%s%s", line,
		    why.text[0] ? why.text : err_text(rc));
	return false;
}

bool limit_read(const struct rest_request *request, int64_t most, int64_t *out,
		struct rest_answer *answer)
{
	const char *text = rest_query(request, "limit");
	char *end;

	if (!text)
		return true;
	*out = strtoll(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && *out >= 1 && *out <= most)
		return true;
	rest_refuse(answer, 400, "limit", "\"%.40s\" is not a whole number from 1 to %" PRId64,
		    text, most);
	return false;
}

/* The key that the path names; false with the answer, where it is too long for any. */
static bool key_of(const struct kind *kind, const struct rest_request *request,
		   char out[ORDERS_KEY_LEN], struct rest_answer *answer)
{
	const char *const *params = request->params;
	int len = 0;

	out[0] = 0;
	if (kind->key && params[0])
		len = snprintf(out, ORDERS_KEY_LEN, "%s%s%s", params[0], params[1] ? "/" : "",
			       params[1] ? params[1] : "");
	if (len < ORDERS_KEY_LEN)
		return true;
	rest_refuse(answer, 404, NULL, "no %s has such a name", kind->one);
	return false;
}

static void tag_of(const struct entry *entry, char out[REST_ETAG_LEN])
{
	snprintf(out, REST_ETAG_LEN, "\"%" PRId64 "\"", entry->revision);
}

/* An item under its revision. */
static void show(const struct provision *p, const struct kind *kind, size_t i,
		 struct rest_answer *answer)
{
	struct json json = json_of(&answer->body);

	tag_of(&p->held.shelves[kind->id].entries[i], answer->etag);
	if (conf_print_json(kind->record, holding_item(&p->held, kind, i), &shown, &json))
		answer->body.ok = false;
	json_line(&json);
}

void item_get(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	const struct provision *p = owner;
	const struct kind *kind = kind_of(request);
	char key[ORDERS_KEY_LEN];
	size_t i;

	if (!key_of(kind, request, key, answer))
		return;
	if (!holding_find(&p->held, kind, key, &i)) {
		rest_refuse(answer, 404, NULL,
			    kind->key ? "no %s is called \"%s\"" : "the %s is not set%s", kind->one,
			    key);
		return;
	}
	answer->status = 200;
	show(p, kind, i, answer);
	if (request->if_none_match && rest_etag_fits(request->if_none_match, answer->etag))
		answer->status = 304;
}

/* The list, from the key after "after" on; "next" is there when there are more. */
void item_list(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	const struct provision *p = owner;
	const struct kind *kind = kind_of(request);
	const struct shelf *shelf = &p->held.shelves[kind->id];
	const char *after = rest_query(request, "after");
	struct json json = json_of(&answer->body);
	int64_t limit = ITEMS_OTHERWISE;
	size_t i = 0;
	size_t end;

	if (!limit_read(request, ITEMS_LIMIT, &limit, answer))
		return;
	if (after)
		i += holding_find(&p->held, kind, after, &i);
	end = shelf->n - i > (size_t)limit ? i + (size_t)limit : shelf->n;
	answer->status = 200;
	json_open(&json, '{');
	json_key(&json, kind->name), json_open(&json, '[');
	for (; i < end; i++) {
		if (conf_print_json(kind->record, holding_item(&p->held, kind, i), &shown, &json))
			answer->body.ok = false;
	}
	json_close(&json, ']');
	if (end < shelf->n)
		json_key(&json, "next"), json_text(&json, shelf->entries[end - 1].key);
	json_close(&json, '}');
	json_line(&json);
}

/* Whether the item that is there (or not: i is no place then) is the one that the request means
 * to change; else 412. */
static bool is_meant(const struct rest_request *request, const struct shelf *shelf, bool is_there,
		     size_t i, struct rest_answer *answer)
{
	char tag[REST_ETAG_LEN] = "";

	if (is_there)
		tag_of(&shelf->entries[i], tag);
	if (request->if_match && (!is_there || !rest_etag_fits(request->if_match, tag))) {
		rest_refuse(answer, 412, "If-Match", "it is %s now", is_there ? tag : "not there");
		return false;
	}
	if (request->if_none_match && is_there && rest_etag_fits(request->if_none_match, tag)) {
		rest_refuse(answer, 412, "If-None-Match", "it is there, as %s", tag);
		return false;
	}
	return true;
}

void *item_read(const struct provision *p, const struct kind *kind,
		const struct rest_request *request, struct rest_answer *answer)
{
	struct refusal refusal;
	struct why why = {.text = ""};
	struct conf_doc *doc = NULL;
	void *item;
	int rc;

	if (!body_read(request, &doc, answer))
		return NULL;
	item = calloc(1, kind->record->size);
	rc = item ? secret_keep(&p->held, kind, doc, conf_doc_root(doc), &refusal) : ERR_NOMEM;
	if (!rc) {
		rc = conf_read(kind->record, conf_doc_root(doc), item, &why);
		if (rc)
			refuse_why(&refusal, 422, rc, &why);
	} else if (rc == ERR_NOMEM) {
		refuse_why(&refusal, 500, rc, &why);
	}
	conf_doc_free(&doc);
	if (!rc)
		return item;
	free(item);
	answer_refusal(answer, &refusal);
	return NULL;
}

/* "/api/v1/warrants/a/l%2F1": each part of the key escaped. */
static void locate(const struct kind *kind, const char *key, char out[REST_LOCATION_LEN])
{
	int len = snprintf(out, REST_LOCATION_LEN, "/api/v1/%s/", kind->name);
	bool may_slash = kind->id == KIND_WARRANTS;

	for (; *key && len < REST_LOCATION_LEN - 4; key++) {
		bool is_plain = (*key >= 'a' && *key <= 'z') || (*key >= 'A' && *key <= 'Z') ||
				(*key >= '0' && *key <= '9') || strchr("-._~", *key) ||
				(*key == '/' && may_slash);

		may_slash &= *key != '/';
		len += snprintf(out + len, (size_t)(REST_LOCATION_LEN - len),
				is_plain ? "%c" : "%%%02X", (unsigned char)*key);
	}
	for (char *at = out + strlen("/api/v1/"); *at && *at != '/'; at++)
		*at = *at == '_' ? '-' : *at;
}

static void put_item(struct provision *p, const struct kind *kind,
		     const struct rest_request *request, void *item, struct rest_answer *answer)
{
	struct actor who = actor_of(request);
	char key[ORDERS_KEY_LEN] = "";
	struct refusal refusal;
	bool is_there;
	size_t i;

	if (kind->key)
		kind->key(item, key);
	is_there = holding_find(&p->held, kind, key, &i);
	if (change_put(p, &who, kind, item, &refusal)) {
		answer_refusal(answer, &refusal);
		return;
	}
	answer->status = is_there ? 200 : 201;
	if (!is_there && kind->key)
		locate(kind, key, answer->location);
	if (holding_find(&p->held, kind, key, &i))
		show(p, kind, i, answer);
}

void item_put(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	struct provision *p = owner;
	const struct kind *kind = kind_of(request);
	char key[ORDERS_KEY_LEN];
	char body_key[ORDERS_KEY_LEN] = "";
	void *item;
	size_t i;
	bool is_there;

	if (!key_of(kind, request, key, answer))
		return;
	is_there = holding_find(&p->held, kind, key, &i);
	if (!is_meant(request, &p->held.shelves[kind->id], is_there, i, answer))
		return;
	item = item_read(p, kind, request, answer);
	if (!item)
		return;
	if (kind->key)
		kind->key(item, body_key);
	if (strcmp(key, body_key))
		rest_refuse(answer, 422, kind->key_field,
			    "the body is about \"%s\", the path about \"%s\"", body_key, key);
	else
		put_item(p, kind, request, item, answer);
	conf_fini(kind->record, item);
	free(item);
}

void item_post(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	struct provision *p = owner;
	const struct kind *kind = kind_of(request);
	char key[ORDERS_KEY_LEN];
	void *item = item_read(p, kind, request, answer);
	size_t i;

	if (!item)
		return;
	kind->key(item, key);
	if (holding_find(&p->held, kind, key, &i))
		rest_refuse(answer, 409, kind->key_field, "there is the %s \"%s\" already",
			    kind->one, key);
	else
		put_item(p, kind, request, item, answer);
	conf_fini(kind->record, item);
	free(item);
}

void item_remove(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	struct provision *p = owner;
	const struct kind *kind = kind_of(request);
	struct actor who = actor_of(request);
	char key[ORDERS_KEY_LEN];
	struct refusal refusal;
	size_t i;

	if (!key_of(kind, request, key, answer))
		return;
	if (!holding_find(&p->held, kind, key, &i)) {
		rest_refuse(answer, 404, NULL, "no %s is called \"%s\"", kind->one, key);
		return;
	}
	if (!is_meant(request, &p->held.shelves[kind->id], true, i, answer))
		return;
	if (change_remove(p, &who, kind, i, &refusal))
		answer_refusal(answer, &refusal);
	else
		answer->status = 204;
}

/* ---- the whole ---- */

void whole_get(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	const struct provision *p = owner;
	struct json json = json_of(&answer->body);

	(void)request;
	if (!p->held.shelves[KIND_OPERATOR].n) {
		rest_refuse(answer, 404, NULL, "the operator is not set: there are no orders yet");
		return;
	}
	answer->status = 200;
	if (conf_print_json(&orders_record, &p->held.orders, &shown, &json))
		answer->body.ok = false;
	json_line(&json);
}

/* Secrets that the document says are kept, in all of its lists. */
static int keep_secrets(const struct provision *p, struct conf_doc *doc, struct refusal *refusal)
{
	const struct conf_value *root = conf_doc_root(doc);
	int rc = 0;

	for (size_t k = 0; !rc && k < KIND_N; k++) {
		const struct conf_value *list = conf_value_find(root, kinds[k].name);
		size_t i = 0;

		if (!list || list->kind != CONF_KIND_LIST || !kinds[k].key_fields)
			continue;
		for (struct conf_value *item = list->first; !rc && item; item = item->next, i++) {
			rc = secret_keep(&p->held, &kinds[k], doc, item, refusal);
			if (rc && rc != ERR_NOMEM) {
				char field[CONF_PATH_LEN];

				snprintf(field, sizeof field, "%s[%zu].%.60s", kinds[k].name, i,
					 refusal->field);
				memcpy(refusal->field, field, sizeof refusal->field);
			}
		}
	}
	return rc;
}

void whole_put(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	struct provision *p = owner;
	struct actor who = actor_of(request);
	struct json json = json_of(&answer->body);
	struct refusal refusal = {.status = 500};
	struct why why = {.text = ""};
	struct change_count count;
	struct conf_doc *doc = NULL;
	struct orders orders;
	int rc;

	if (!body_read(request, &doc, answer))
		return;
	rc = keep_secrets(p, doc, &refusal);
	if (rc == ERR_NOMEM)
		refuse_why(&refusal, 500, rc, &why);
	if (!rc) {
		rc = conf_read(&orders_record, conf_doc_root(doc), &orders, &why);
		if (rc)
			refuse_why(&refusal, 422, rc, &why);
		else
			rc = change_replace(p, &who, &orders, &count, &refusal);
		orders_fini(&orders);
	}
	conf_doc_free(&doc);
	if (rc) {
		answer_refusal(answer, &refusal);
		return;
	}
	answer->status = 200;
	json_open(&json, '{');
	json_key(&json, "put"), json_u64(&json, count.n_put);
	json_key(&json, "removed"), json_u64(&json, count.n_removed);
	json_close(&json, '}');
	json_line(&json);
}
