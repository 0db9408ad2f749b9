/* Any target, headers and body: whatever comes in is answered, nothing is read beyond its end. */
#include "base/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "rest/rest.h"

/* Reads all that a route is given, as a route may. */
static void echo(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	size_t len = request->body_len;

	(void)owner;
	for (size_t i = 0; i < REST_MAX_PARAMS && request->params[i]; i++)
		len += strlen(request->params[i]);
	for (size_t i = 0; i < request->n_query; i++)
		len += strlen(request->query[i].name) + strlen(request->query[i].value);
	if (rest_query(request, "limit") && request->if_match &&
	    rest_etag_fits(request->if_match, "\"7\""))
		len++;
	rest_refuse(answer, 422, "len", "%zu", len);
}

static int who(void *owner, const char *token, struct rest_who *out)
{
	(void)owner;
	*out = (struct rest_who){.name = "somebody", .role = REST_OPERATOR};
	return strcmp(token, "right") ? ERR_ACCESS : 0;
}

static const struct rest_route routes[] = {
	{.method = "GET", .pattern = "/a/{id}", .roles = REST_ANY, .answer = echo},
	{.method = "PUT",
	 .pattern = "/a/{id}/{more}",
	 .roles = REST_OPERATOR,
	 .answer = echo,
	 .takes = REST_TAKES_JSON_OR_YAML,
	 .max_body = 100},
	{.method = "POST", .pattern = "/a", .roles = REST_ADMIN, .answer = echo},
};

/* The next line of the input, as a text of its own; NULL where the line is empty. */
static char *line_of(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *stop = memchr(*at, '\n', (size_t)(end - *at));
	size_t len = (size_t)((stop ? stop : end) - *at);
	char *line = len ? strndup((const char *)*at, len) : NULL;

	*at = stop ? stop + 1 : end;
	return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct rest rest = {.routes = routes, .n_routes = 3, .who = who};
	static struct rest_request request;
	const uint8_t *end = bytes + len;
	struct rest_answer answer;
	char *texts[7];

	if (!len)
		return 0;
	for (size_t i = 0; i < 7; i++)
		texts[i] = line_of(&bytes, end);
	if (texts[0] && texts[1]) {
		struct rest_head head = {texts[0], texts[1], texts[2],    texts[3], texts[4],
					 texts[5], texts[6], "192.0.2.1", {0}};

		memset(&rest.limit, 0, sizeof rest.limit);
		rest_answer_init(&answer);
		if (rest_begin(&rest, &head, &request, &answer)) {
			request.body = bytes;
			request.body_len = (size_t)(end - bytes);
			rest_call(&rest, &request, &answer);
		}
		if (!answer.status || !answer.body.len)
			abort();
		rest_answer_fini(&answer);
	}
	for (size_t i = 0; i < 7; i++)
		free(texts[i]);
	return 0;
}
