#include "rest/rest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "rest/target.h"

static const struct {
	enum rest_role role;
	const char *text;
} roles[] = {{REST_AUDITOR, "auditor"}, {REST_OPERATOR, "operator"}, {REST_ADMIN, "admin"}};

enum { N_ROLES = sizeof roles / sizeof *roles };

const char *rest_role_text(enum rest_role role)
{
	for (size_t i = 0; i < N_ROLES; i++) {
		if (roles[i].role == role)
			return roles[i].text;
	}
	return NULL;
}

enum rest_role rest_role_of(const char *text)
{
	for (size_t i = 0; i < N_ROLES; i++) {
		if (!strcmp(roles[i].text, text))
			return roles[i].role;
	}
	return 0;
}

void rest_answer_init(struct rest_answer *answer)
{
	*answer = (struct rest_answer){.body = wr_init(REST_MAX_ANSWER)};
}

void rest_answer_fini(struct rest_answer *answer)
{
	wr_fini(&answer->body);
}

void rest_refuse(struct rest_answer *answer, int status, const char *field, const char *format, ...)
{
	struct json json = json_of(&answer->body);
	char reason[512];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof reason, format, args);
	va_end(args);
	answer->status = status;
	answer->type = NULL;
	answer->etag[0] = answer->location[0] = 0;
	wr_reset(&answer->body);
	json_open(&json, '{');
	json_key(&json, "error"), json_open(&json, '{');
	if (field && field[0])
		json_key(&json, "field"), json_text(&json, field);
	json_key(&json, "reason"), json_text(&json, reason);
	json_close(&json, '}');
	json_close(&json, '}');
	json_line(&json);
}

/* The key that the request shows; NULL with the refusal where it shows none, or two. */
static const char *token_of(const struct rest_head *head, struct rest_answer *answer)
{
	const char *bearer = head->authorization ? rest_bearer(head->authorization) : NULL;
	const char *token = bearer ? bearer : head->api_key;

	if (bearer && head->api_key && strcmp(bearer, head->api_key)) {
		rest_refuse(answer, 400, NULL, "two keys are given; one is wanted");
		return NULL;
	}
	if (!token || !token[0])
		rest_refuse(answer, 401, NULL,
			    "a key is wanted, as \"Authorization: Bearer KEY\" or as "
			    "\"X-API-Key: KEY\"");
	return token && token[0] ? token : NULL;
}

static bool is_known(struct rest *rest, const struct rest_head *head, struct rest_request *request,
		     struct rest_answer *answer)
{
	const char *token;
	int rc;

	if (rest->is_open) {
		request->who = (struct rest_who){"anyone", REST_AUDITOR};
		return true;
	}
	token = token_of(head, answer);
	if (!token)
		return false;
	answer->retry_after = rest_limit_wait(&rest->limit, head->address, head->now);
	if (answer->retry_after) {
		rest_refuse(answer, 429, NULL, "too many wrong keys came from this address");
		return false;
	}
	rc = strlen(token) < REST_MAX_TOKEN ? rest->who(rest->owner, token, &request->who)
					    : ERR_ACCESS;
	if (!rc)
		return true;
	if (rc != ERR_ACCESS) {
		rest_refuse(answer, 503, NULL, "keys cannot be looked up: %s", err_text(rc));
		return false;
	}
	rest_limit_fail(&rest->limit, head->address, head->now);
	rest_refuse(answer, 401, NULL, "no such key");
	return false;
}

/* The route of method and path; NULL with the refusal. */
static const struct rest_route *route_of(const struct rest *rest, const struct rest_head *head,
					 struct rest_request *request, struct rest_answer *answer)
{
	const char *method = strcmp(head->method, "HEAD") ? head->method : "GET";
	bool is_path = false;
	size_t len = 0;

	for (size_t i = 0; i < rest->n_routes; i++) {
		const struct rest_route *route = &rest->routes[i];
		const char *params[REST_MAX_PARAMS] = {NULL};

		if (!rest_path_fits(head->target, route->pattern, params, request->room))
			continue;
		memcpy(request->params, params, sizeof params);
		if (!strcmp(route->method, method)) {
			answer->allow[0] = 0;
			return route;
		}
		is_path = true;
		len += (size_t)snprintf(answer->allow + len, sizeof answer->allow - len, "%s%s",
					len ? ", " : "", route->method);
	}
	if (is_path)
		rest_refuse(answer, 405, NULL, "here one can only %s", answer->allow);
	else
		rest_refuse(answer, 404, NULL, "there is nothing at %.*s",
			    (int)rest_path_len(head->target), head->target);
	return NULL;
}

/* Whether the body's type is one that the route takes. */
static bool is_type_well(const struct rest_head *head, struct rest_request *request,
			 struct rest_answer *answer)
{
	const char *type = head->content_type ? head->content_type : "application/json";
	enum rest_takes takes = request->route->takes;
	bool may_yaml = takes == REST_TAKES_JSON_OR_YAML;

	if (takes == REST_TAKES_NOTHING)
		return true;
	request->is_yaml = may_yaml && (rest_type_is(type, "application/yaml") ||
					rest_type_is(type, "application/x-yaml") ||
					rest_type_is(type, "text/yaml"));
	if (request->is_yaml || rest_type_is(type, "application/json"))
		return true;
	rest_refuse(answer, 415, "Content-Type", "wanted is application/json%s",
		    may_yaml ? " or application/yaml" : "");
	return false;
}

bool rest_begin(struct rest *rest, const struct rest_head *head, struct rest_request *request,
		struct rest_answer *answer)
{
	*request = (struct rest_request){.address = head->address,
					 .if_match = head->if_match,
					 .if_none_match = head->if_none_match};
	if (strlen(head->target) > REST_MAX_TARGET) {
		rest_refuse(answer, 414, NULL, "the path and query are longer than %d bytes",
			    REST_MAX_TARGET);
		return false;
	}
	if (!is_known(rest, head, request, answer))
		return false;
	request->route = route_of(rest, head, request, answer);
	if (!request->route)
		return false;
	if (!(request->route->roles & request->who.role)) {
		rest_refuse(answer, 403, NULL,
			    "the key \"%s\" has the role %s, which may not do this",
			    request->who.name, rest_role_text(request->who.role));
		return false;
	}
	if (!rest_query_read(head->target, request)) {
		rest_refuse(answer, 400, NULL, "the query is broken, or has more than %d names",
			    REST_MAX_QUERY);
		return false;
	}
	return is_type_well(head, request, answer);
}

size_t rest_max_body(const struct rest_request *request)
{
	if (request->route->takes == REST_TAKES_NOTHING)
		return 0;
	return request->route->max_body ? request->route->max_body : REST_MAX_BODY;
}

void rest_call(struct rest *rest, struct rest_request *request, struct rest_answer *answer)
{
	if (request->body_len > rest_max_body(request)) {
		rest_refuse(answer, 413, NULL, "the body is longer than %zu bytes",
			    rest_max_body(request));
		return;
	}
	answer->status = 0;
	request->route->answer(rest->owner, request, answer);
	if (!answer->body.ok || !answer->status)
		rest_refuse(answer, 500, NULL, "the answer could not be made");
}

const char *rest_query(const struct rest_request *request, const char *name)
{
	for (size_t i = 0; i < request->n_query; i++) {
		if (!strcmp(request->query[i].name, name))
			return request->query[i].value;
	}
	return NULL;
}

bool rest_etag_fits(const char *list, const char *etag)
{
	size_t etag_len = strlen(etag);

	while (*list) {
		size_t len;

		list += strspn(list, " \t,");
		if (!strncmp(list, "W/", 2))
			list += 2;
		len = strcspn(list, " \t,");
		if ((len == 1 && *list == '*') ||
		    (len && len == etag_len && !memcmp(list, etag, len)))
			return true;
		list += len;
	}
	return false;
}
