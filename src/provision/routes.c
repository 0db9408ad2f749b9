/* The routes of /api/v1, who may take them, and the page that describes them. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "provision/own.h"

#define API   "/api/v1"
#define ALL   REST_ANY
#define WORK  (REST_OPERATOR | REST_ADMIN)
#define ADMIN REST_ADMIN
#define AUDIT (REST_AUDITOR | REST_ADMIN)

enum { ROUTES_WHOLE = 64 << 20, ROUTES_WARRANT = 64 << 20 };

/* The five routes of a kind with a key in its path. */
#define ITEM_ROUTES(path, param, roles, kind, one, max)                                            \
	{"GET", API path, ALL, item_list, REST_TAKES_NOTHING, 0, kind, "Lists every " one "."},    \
		{"POST",          API path, roles, item_post,                                      \
		 REST_TAKES_JSON, max,      kind,  "Adds a new " one "."},                         \
		{"GET", API path param,      ALL, item_get, REST_TAKES_NOTHING, 0,                 \
		 kind,  "Shows one " one "."},                                                     \
		{"PUT",                                                                            \
		 API path param,                                                                   \
		 roles,                                                                            \
		 item_put,                                                                         \
		 REST_TAKES_JSON,                                                                  \
		 max,                                                                              \
		 kind,                                                                             \
		 "Makes or replaces one " one "."},                                                \
	{                                                                                          \
		"DELETE", API path param, roles, item_remove, REST_TAKES_NOTHING, 0, kind,         \
			"Removes one " one "."                                                     \
	}

/* The two of what there is but one. */
#define SINGLE_ROUTES(path, kind, one)                                                             \
	{"GET", API path, ALL, item_get, REST_TAKES_NOTHING, 0, kind, "Shows the " one "."},       \
	{                                                                                          \
		"PUT", API path, ADMIN, item_put, REST_TAKES_JSON, 0, kind, "Sets the " one "."    \
	}

const struct rest_route provision_routes[] = {
	SINGLE_ROUTES("/operator", "operator", "operator of the network"),
	SINGLE_ROUTES("/settings", "settings", "settings that hold for all warrants"),
	ITEM_ROUTES("/mediators", "/{name}", ADMIN, "mediators", "mediator", 0),
	ITEM_ROUTES("/collectors", "/{name}", ADMIN, "collectors", "collector", 0),
	ITEM_ROUTES("/core-servers", "/{name}", WORK, "core_servers", "core server", 0),
	ITEM_ROUTES("/agencies", "/{id}", WORK, "agencies", "agency", 0),
	ITEM_ROUTES("/warrants", "/{agency}/{liid}", WORK, "warrants", "warrant", ROUTES_WARRANT),
	{"GET", API "/warrants/{agency}/{liid}/ledger", ALL, ledger_get, REST_TAKES_NOTHING, 0,
	 "ledger", "Shows what became of the warrant's records."},
	{"POST", API "/warrants/{agency}/{liid}/ledger/statement", ALL, statement_post,
	 REST_TAKES_NOTHING, 0, "statement",
	 "Makes a signed statement of it, which is noted in the audit log."},
	{"GET", API "/orders", ALL, whole_get, REST_TAKES_NOTHING, 0, "orders",
	 "Shows the whole orders, as one document."},
	{"PUT", API "/orders", ADMIN, whole_put, REST_TAKES_JSON_OR_YAML, ROUTES_WHOLE, "orders",
	 "Replaces the whole orders."},
	{"GET", API "/status", ALL, status_get, REST_TAKES_NOTHING, 0, NULL,
	 "Tells how the provisioner and every collector and mediator are."},
	{"GET", API "/audit", AUDIT, audit_list, REST_TAKES_NOTHING, 0, NULL,
	 "Lists entries of the audit log."},
	{"GET", API "/audit/check", AUDIT, audit_check, REST_TAKES_NOTHING, 0, NULL,
	 "Tells whether the audit log is whole."},
	{"GET", API "/keys", AUDIT, key_list, REST_TAKES_NOTHING, 0, "keys", "Lists every key."},
	{"POST", API "/keys", ADMIN, key_post, REST_TAKES_JSON, 0, "keys",
	 "Makes a key, which is shown this once."},
	{"DELETE", API "/keys/{name}", ADMIN, key_remove, REST_TAKES_NOTHING, 0, "keys",
	 "Removes a key."},
	{"GET", API "/openapi.json", ALL, openapi_get, REST_TAKES_NOTHING, 0, NULL,
	 "Describes this API (OpenAPI 3.1)."},
};

const size_t provision_n_routes = sizeof provision_routes / sizeof *provision_routes;

/* ---- status ---- */

void status_print(void *owner, struct json *j)
{
	struct provision *p = owner;
	struct peers_count count = peers_count(p->peers);

	json_key(j, "name"), json_text(j, p->conf->name);
	json_key(j, "version"), json_text(j, p->version);
	json_key(j, "time"), json_time(j, loop_wall());
	json_key(j, "started"), json_time(j, p->started);
	json_key(j, "held"), json_open(j, '{');
	for (size_t i = 0; i < KIND_N; i++)
		json_key(j, kinds[i].name), json_u64(j, p->held.shelves[i].n);
	json_close(j, '}');
	json_key(j, "sent"), json_open(j, '{');
	json_key(j, "orders"), json_u64(j, count.n_orders);
	json_key(j, "changes"), json_u64(j, count.n_changes);
	json_key(j, "again"), json_u64(j, count.n_again);
	json_key(j, "pushes"), json_u64(j, count.n_pushes);
	json_key(j, "last_push_us"), json_i64(j, count.last_push.ns / NANOS_PER_US);
	json_close(j, '}');
	json_key(j, "daemons");
	peers_print(p->peers, j);
}

void status_get(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	struct json json = json_of(&answer->body);

	(void)request;
	answer->status = 200;
	json_open(&json, '{');
	status_print(owner, &json);
	json_close(&json, '}');
	json_line(&json);
}

/* ---- OpenAPI ---- */

/* The record that bodies of a kind are; NULL where there is none. */
static const struct conf_record *record_of(const char *kind)
{
	if (kind && !strcmp(kind, "orders"))
		return &orders_record;
	if (kind && !strcmp(kind, "keys"))
		return &key_order_record;
	if (kind && !strcmp(kind, "ledger"))
		return &ledger_page_record;
	for (size_t i = 0; kind && i < KIND_N; i++) {
		if (!strcmp(kinds[i].name, kind))
			return kinds[i].record;
	}
	return NULL;
}

static void pair(struct json *j, const char *key, const char *text)
{
	json_key(j, key), json_text(j, text);
}

/* "application/json": the record, or a list of it under its kind's name. */
static void print_content(struct json *j, const struct rest_route *route, bool is_list)
{
	const struct conf_record *record = record_of(route->kind);
	char ref[100];

	json_key(j, "content"), json_open(j, '{');
	json_key(j, "application/json"), json_open(j, '{');
	json_key(j, "schema"), json_open(j, '{');
	snprintf(ref, sizeof ref, "#/components/schemas/%s", record ? record->name : "");
	if (is_list) {
		pair(j, "type", "object");
		json_key(j, "properties"), json_open(j, '{');
		json_key(j, route->kind), json_open(j, '{');
		pair(j, "type", "array");
		json_key(j, "items"), json_open(j, '{');
		pair(j, "$ref", ref);
		json_close(j, '}');
		json_close(j, '}');
		json_key(j, "next"), json_open(j, '{');
		pair(j, "type", "string");
		json_close(j, '}');
		json_close(j, '}');
	} else if (record) {
		pair(j, "$ref", ref);
	} else {
		pair(j, "type", "object");
	}
	json_close(j, '}');
	json_close(j, '}');
	json_close(j, '}');
}

static void print_parameters(struct json *j, const char *pattern)
{
	json_key(j, "parameters"), json_open(j, '[');
	for (const char *at = strchr(pattern, '{'); at; at = strchr(at + 1, '{')) {
		char name[40];

		snprintf(name, sizeof name, "%.*s", (int)strcspn(at + 1, "}"), at + 1);
		json_open(j, '{');
		pair(j, "name", name);
		pair(j, "in", "path");
		json_key(j, "required"), json_bool(j, true);
		json_key(j, "schema"), json_open(j, '{');
		pair(j, "type", "string");
		json_close(j, '}');
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void print_answers(struct json *j, const struct rest_route *route)
{
	bool is_post = !strcmp(route->method, "POST");
	bool is_delete = !strcmp(route->method, "DELETE");
	const char *status = is_post ? "201" : is_delete ? "204" : "200";
	bool is_list = !strcmp(route->method, "GET") && route->kind &&
		       !strchr(route->pattern, '{') && route->answer != item_get &&
		       route->answer != whole_get;

	json_key(j, "responses"), json_open(j, '{');
	json_key(j, status), json_open(j, '{');
	pair(j, "description", "Done.");
	if (!is_delete)
		print_content(j, route, is_list);
	json_close(j, '}');
	json_key(j, "default"), json_open(j, '{');
	pair(j, "$ref", "#/components/responses/refusal");
	json_close(j, '}');
	json_close(j, '}');
}

static void print_route(struct json *j, const struct rest_route *route)
{
	static const char *const methods[][2] = {
		{"GET", "get"}, {"POST", "post"}, {"PUT", "put"}, {"DELETE", "delete"}};
	char roles[60] = "";

	for (size_t i = 0; i < 4; i++) {
		if (!strcmp(methods[i][0], route->method))
			json_key(j, methods[i][1]);
	}
	for (unsigned role = 1; role <= REST_ADMIN; role <<= 1) {
		if (route->roles & role)
			snprintf(roles + strlen(roles), sizeof roles - strlen(roles), "%s%s",
				 roles[0] ? ", " : "", rest_role_text((enum rest_role)role));
	}
	json_open(j, '{');
	pair(j, "summary", route->doc);
	pair(j, "x-roles", roles);
	print_parameters(j, route->pattern);
	if (route->takes) {
		json_key(j, "requestBody"), json_open(j, '{');
		json_key(j, "required"), json_bool(j, true);
		print_content(j, route, false);
		json_close(j, '}');
	}
	print_answers(j, route);
	json_close(j, '}');
}

static void print_schemas(struct json *j)
{
	static const struct conf_record *const others[] = {
		&orders_record,      &target_record,         &key_order_record,
		&ledger_page_record, &ledger_entry_record,   &ledger_loss_record,
		&ledger_hole_record, &ledger_reporter_record};
	const size_t n = sizeof others / sizeof *others;

	json_key(j, "schemas"), json_open(j, '{');
	for (size_t i = 0; i < KIND_N + n; i++) {
		const struct conf_record *record =
			i < KIND_N ? kinds[i].record : others[i - KIND_N];

		json_key(j, record->name);
		conf_schema(record, j);
	}
	json_close(j, '}');
}

static void print_components(struct json *j)
{
	json_key(j, "components"), json_open(j, '{');
	print_schemas(j);
	json_key(j, "responses"), json_open(j, '{');
	json_key(j, "refusal"), json_open(j, '{');
	pair(j, "description",
	     "A refusal: {\"error\":{\"field\":…,\"reason\":…}}; 400, 401, 403, 404, 405, 409, "
	     "412, "
	     "413, 414, 415, 422, 429 or 500.");
	json_close(j, '}');
	json_close(j, '}');
	json_key(j, "securitySchemes"), json_open(j, '{');
	json_key(j, "bearer"), json_open(j, '{');
	pair(j, "type", "http");
	pair(j, "scheme", "bearer");
	json_close(j, '}');
	json_key(j, "key"), json_open(j, '{');
	pair(j, "type", "apiKey");
	pair(j, "in", "header");
	pair(j, "name", "X-API-Key");
	json_close(j, '}');
	json_close(j, '}');
	json_close(j, '}');
}

static void print_security(struct json *j)
{
	json_key(j, "security"), json_open(j, '[');
	for (size_t i = 0; i < 2; i++) {
		json_open(j, '{');
		json_key(j, i ? "key" : "bearer"), json_open(j, '[');
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
}

void openapi_get(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	const struct provision *p = owner;
	struct json json = json_of(&answer->body);
	struct json *j = &json;

	(void)request;
	answer->status = 200;
	json_open(j, '{');
	pair(j, "openapi", "3.1.0");
	json_key(j, "info"), json_open(j, '{');
	pair(j, "title", "Weir's provisioner");
	pair(j, "version", p->version);
	json_close(j, '}');
	json_key(j, "paths"), json_open(j, '{');
	/* routes of one path stand together in the table but for those with and without {…} */
	for (size_t i = 0; i < provision_n_routes; i++) {
		const char *pattern = provision_routes[i].pattern;
		bool is_first = true;

		for (size_t k = 0; k < i; k++)
			is_first &= strcmp(provision_routes[k].pattern, pattern) != 0;
		if (!is_first)
			continue;
		json_key(j, pattern), json_open(j, '{');
		for (size_t k = i; k < provision_n_routes; k++) {
			if (!strcmp(provision_routes[k].pattern, pattern))
				print_route(j, &provision_routes[k]);
		}
		json_close(j, '}');
	}
	json_close(j, '}');
	print_security(j);
	print_components(j);
	json_close(j, '}');
	json_line(j);
}
