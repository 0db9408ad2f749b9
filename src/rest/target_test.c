#include "rest/target.h"

#include <string.h>

#include "base/tap.h"

static const char *params[REST_MAX_PARAMS];
static char room[REST_MAX_TARGET + REST_ROOM];

static bool fits(const char *target, const char *pattern)
{
	memset(params, 0, sizeof params);
	return rest_path_fits(target, pattern, params, room);
}

static void test_paths(void)
{
	ok(fits("/a/b", "/a/b") && !fits("/a/c", "/a/b") && !fits("/a", "/a/b") &&
		   !fits("/a/b/c", "/a/b") && !fits("/ab", "/a"),
	   "a path fits a pattern piece by piece");
	ok(!fits("/a/", "/a") && !fits("/a", "/a/") && !fits("//a", "/a") && !fits("", "/a"),
	   "an empty piece is a piece");
	ok(fits("/a/x?limit=5", "/a/{id}") && !strcmp(params[0], "x"), "a query is no part of it");
	ok(fits("/w/agency%2d1/L%2FI%2F1", "/w/{agency}/{liid}") &&
		   !strcmp(params[0], "agency-1") && !strcmp(params[1], "L/I/1"),
	   "escapes are decoded after the path is in pieces");
	ok(!fits("/a/", "/a/{id}"), "nothing stands for {id}");
	ok(!fits("/a/%", "/a/{id}") && !fits("/a/%4", "/a/{id}") && !fits("/a/%4/", "/a/{id}/") &&
		   !fits("/a/%zz", "/a/{id}") && !fits("/a/%00", "/a/{id}"),
	   "a broken escape and a zero are refused");
	ok(fits("/a/{id}", "/a/{id}") && !strcmp(params[0], "{id}"),
	   "a target's braces mean nothing");
}

static void test_queries(void)
{
	struct rest_request request = {.n_query = 0};

	ok(rest_query_read("/a", &request) && request.n_query == 0, "no query");
	ok(rest_query_read("/a?limit=5&after=a%26b%3D&plain&x=", &request) &&
		   request.n_query == 4 && !strcmp(rest_query(&request, "limit"), "5") &&
		   !strcmp(rest_query(&request, "after"), "a&b=") &&
		   !strcmp(rest_query(&request, "plain"), "") &&
		   !strcmp(rest_query(&request, "x"), "") && !rest_query(&request, "y"),
	   "names and values of a query");
	request = (struct rest_request){.n_query = 0};
	ok(!rest_query_read("/a?b=%4", &request), "a broken escape is refused");
	request = (struct rest_request){.n_query = 0};
	ok(!rest_query_read("/a?a&b&c&d&e&f&g&h&i", &request), "so is one pair too many");
}

static void test_headers(void)
{
	ok(!strcmp(rest_bearer("Bearer abc"), "abc") &&
		   !strcmp(rest_bearer("bearer  abc"), "abc") && !rest_bearer("Basic abc") &&
		   !rest_bearer("Bearer"),
	   "the token of an Authorization");
	ok(rest_type_is("application/json", "application/json") &&
		   rest_type_is("Application/JSON; charset=utf-8", "application/json") &&
		   !rest_type_is("application/jsonx", "application/json") &&
		   !rest_type_is("", "application/json"),
	   "media types, whatever their case and parameters");
	ok(rest_etag_fits("\"7\"", "\"7\"") && rest_etag_fits("\"6\", W/\"7\"", "\"7\"") &&
		   rest_etag_fits("*", "\"7\"") && !rest_etag_fits("\"77\"", "\"7\"") &&
		   !rest_etag_fits("", "\"7\"") && !rest_etag_fits("7", "\"7\""),
	   "lists of entity tags");
}

int main(void)
{
	test_paths();
	test_queries();
	test_headers();
	return tap_end();
}
