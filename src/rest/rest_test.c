#include "rest/rest.h"

#include <string.h>

#include "base/tap.h"

static struct rest_request seen;
static int n_calls;

static void put_answer(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	(void)owner;
	seen = *request;
	n_calls++;
	answer->status = 200;
	wr_text(&answer->body, "{}");
}

static void silent(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	(void)owner;
	(void)request;
	(void)answer;
}

static int who_rc;

static int who(void *owner, const char *token, struct rest_who *out)
{
	(void)owner;
	if (who_rc)
		return who_rc;
	*out = (struct rest_who){"somebody", rest_role_of(token)};
	return out->role ? 0 : ERR_ACCESS;
}

static const struct rest_route routes[] = {
	{.method = "GET", .pattern = "/agencies/{id}", .roles = REST_ANY, .answer = put_answer},
	{.method = "PUT",
	 .pattern = "/agencies/{id}",
	 .roles = REST_OPERATOR | REST_ADMIN,
	 .answer = put_answer,
	 .takes = REST_TAKES_JSON},
	{.method = "PUT",
	 .pattern = "/orders",
	 .roles = REST_ADMIN,
	 .answer = put_answer,
	 .takes = REST_TAKES_JSON_OR_YAML,
	 .max_body = 100},
	{.method = "GET", .pattern = "/silent", .roles = REST_ANY, .answer = silent},
};

static struct rest rest = {.routes = routes, .n_routes = 4, .who = who};
static struct rest_answer answer;

static struct rest_head head_of(const char *method, const char *target, const char *role)
{
	return (struct rest_head){.method = method,
				  .target = target,
				  .api_key = role,
				  .address = "192.0.2.1",
				  .now = nanos_from_s(100)};
}

/* The status of a request with a body of so many bytes. */
static int status_of(const struct rest_head *head, size_t body_len)
{
	static struct rest_request request;

	rest_answer_fini(&answer);
	rest_answer_init(&answer);
	if (rest_begin(&rest, head, &request, &answer)) {
		request.body = (const uint8_t *)"";
		request.body_len = body_len;
		rest_call(&rest, &request, &answer);
	}
	wr_u8(&answer.body, 0);
	return answer.status;
}

static bool says(const char *text)
{
	return strstr((const char *)answer.body.bytes, text) != NULL;
}

static void test_routes(void)
{
	struct rest_head head = head_of("GET", "/agencies/a%20b?x=1", "auditor");

	head.if_match = "\"7\"";
	ok(status_of(&head, 0) == 200 && n_calls == 1 && !strcmp(seen.params[0], "a b") &&
		   !strcmp(rest_query(&seen, "x"), "1") && !strcmp(seen.if_match, "\"7\"") &&
		   seen.who.role == REST_AUDITOR && !strcmp(seen.who.name, "somebody"),
	   "a request reaches its route with all that it says");
	head.method = "HEAD";
	ok(status_of(&head, 0) == 200, "HEAD is answered like GET");
	head.method = "DELETE";
	ok(status_of(&head, 0) == 405 && !strcmp(answer.allow, "GET, PUT"),
	   "a method that is not there is told which are");
	head = head_of("GET", "/nowhere\"", "auditor");
	ok(status_of(&head, 0) == 404 && says("/nowhere\\\""), "a path that is not there is 404");
	head = head_of("GET", "/silent", "auditor");
	ok(status_of(&head, 0) == 500, "a route that answers nothing has failed");
	head = head_of("GET", "/agencies/a?b=%zz", "auditor");
	ok(status_of(&head, 0) == 400, "a broken query is 400");
}

static void test_keys(void)
{
	struct rest_head head = head_of("PUT", "/agencies/a", NULL);

	ok(status_of(&head, 0) == 401 && says("a key is wanted"), "without a key: 401");
	head.target = "/nowhere";
	ok(status_of(&head, 0) == 401, "whether the path is there or not");
	head.target = "/agencies/a";
	head.authorization = "Basic operator";
	ok(status_of(&head, 0) == 401, "a key in another scheme is none");
	head.authorization = "Bearer operator";
	ok(status_of(&head, 0) == 200, "a bearer's key");
	head.api_key = "operator";
	ok(status_of(&head, 0) == 200, "the same key twice is one");
	head.api_key = "admin";
	ok(status_of(&head, 0) == 400, "two keys are refused");
	head.authorization = NULL;
	ok(status_of(&head, 0) == 200, "X-API-Key alone");
	head.api_key = "auditor";
	ok(status_of(&head, 0) == 403 && says("auditor"), "a role that may not do this: 403");
	who_rc = ERR_IO;
	ok(status_of(&head, 0) == 503, "keys that cannot be looked up: 503");
	who_rc = 0;
	head.api_key = "nobody";
	head.address = "192.0.2.7";
	for (int i = 0; i < REST_LIMIT_FAILURES; i++)
		ok(status_of(&head, 0) == 401, "a wrong key: 401");
	head.api_key = "admin";
	ok(status_of(&head, 0) == 429 && answer.retry_after == 5,
	   "after ten the address is slowed, whatever key it has");
	head.address = "192.0.2.8";
	ok(status_of(&head, 0) == 200, "others are not");
}

static void test_bodies(void)
{
	struct rest_head head = head_of("PUT", "/agencies/a", "admin");

	ok(status_of(&head, REST_MAX_BODY) == 200 && status_of(&head, REST_MAX_BODY + 1) == 413,
	   "a body has a bound");
	head.content_type = "text/plain";
	ok(status_of(&head, 0) == 415 && says("\"field\":\"Content-Type\""),
	   "a body of another type: 415");
	head.content_type = "application/yaml";
	ok(status_of(&head, 0) == 415, "YAML only where it is taken");
	head.target = "/orders";
	ok(status_of(&head, 0) == 200 && seen.is_yaml && status_of(&head, 100) == 200 &&
		   status_of(&head, 101) == 413,
	   "there, with the bound of the route");
	head.content_type = "application/json; charset=utf-8";
	ok(status_of(&head, 0) == 200 && !seen.is_yaml, "JSON is taken there too");
	head = head_of("GET", "/agencies/a", "admin");
	ok(status_of(&head, 1) == 413, "a body that nobody takes: 413");
}

static void test_target(void)
{
	static char target[REST_MAX_TARGET + 2];
	struct rest_head head = head_of("GET", target, "admin");

	memset(target, 'a', REST_MAX_TARGET);
	memcpy(target, "/agencies/", 10);
	ok(status_of(&head, 0) == 200 && strlen(seen.params[0]) == REST_MAX_TARGET - 10,
	   "the longest target");
	target[REST_MAX_TARGET] = 'a';
	ok(status_of(&head, 0) == 414, "one byte more: 414");
}

static void test_refusal(void)
{
	rest_answer_fini(&answer);
	rest_answer_init(&answer);
	wr_text(&answer.body, "half an answer");
	rest_refuse(&answer, 422, "targets[0].prefix", "\"%s\" is no prefix", "x");
	wr_u8(&answer.body, 0);
	ok(answer.status == 422 && !strcmp((const char *)answer.body.bytes,
					   "{\"error\":{\"field\":\"targets[0].prefix\","
					   "\"reason\":\"\\\"x\\\" is no prefix\"}}\n"),
	   "a refusal names field and reason, and nothing else is left");
	ok(!strcmp(rest_role_text(REST_OPERATOR), "operator") && !rest_role_text(REST_ANY) &&
		   rest_role_of("admin") == REST_ADMIN && !rest_role_of("root"),
	   "roles have names");
}

int main(void)
{
	rest_answer_init(&answer);
	test_routes();
	test_keys();
	test_bodies();
	test_target();
	test_refusal();
	rest_answer_fini(&answer);
	return tap_end();
}
