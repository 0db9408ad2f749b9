#include "rest/target.h"

#include <string.h>
#include <strings.h>

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes len bytes and a terminator to out; the end of what was written, or NULL. */
static char *decode(const char *text, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (text[i] != '%') {
			*out++ = text[i];
			continue;
		}
		high = i + 1 < len ? hex_of(text[i + 1]) : -1;
		low = i + 2 < len ? hex_of(text[i + 2]) : -1;
		if (high < 0 || low < 0 || !(high | low))
			return NULL;
		*out++ = (char)(high << 4 | low);
		i += 2;
	}
	*out++ = 0;
	return out;
}

size_t rest_path_len(const char *target)
{
	return strcspn(target, "?#");
}

bool rest_path_fits(const char *target, const char *pattern, const char *params[REST_MAX_PARAMS],
		    char *room)
{
	const char *end = target + rest_path_len(target);
	size_t n_params = 0;

	for (;;) {
		size_t len, want_len = strcspn(pattern, "/");

		for (len = 0; target + len < end && target[len] != '/'; len++)
			;
		if (*pattern == '{' && n_params < REST_MAX_PARAMS && len) {
			params[n_params++] = room;
			room = decode(target, len, room);
			if (!room)
				return false;
		} else if (len != want_len || memcmp(target, pattern, len)) {
			return false;
		}
		target += len;
		pattern += want_len;
		if (target == end || !*pattern)
			return target == end && !*pattern;
		target++;
		pattern++;
	}
}

bool rest_query_read(const char *target, struct rest_request *request)
{
	const char *at = strchr(target, '?');
	char *room = request->room;

	for (size_t i = 0; i < REST_MAX_PARAMS && request->params[i]; i++)
		room += strlen(request->params[i]) + 1;
	at = at ? at + 1 : "";
	while (*at) {
		size_t len = strcspn(at, "&");
		size_t name_len = strcspn(at, "=&");
		struct rest_pair *pair = &request->query[request->n_query];

		if (request->n_query == REST_MAX_QUERY)
			return false;
		pair->name = room;
		room = decode(at, name_len, room);
		pair->value = room;
		if (!room)
			return false;
		name_len += name_len < len;
		room = decode(at + name_len, len - name_len, room);
		if (!room)
			return false;
		request->n_query++;
		at += len;
		at += *at == '&';
	}
	return true;
}

const char *rest_bearer(const char *authorization)
{
	if (strncasecmp(authorization, "Bearer ", 7))
		return NULL;
	authorization += 7;
	return authorization + strspn(authorization, " ");
}

bool rest_type_is(const char *content_type, const char *want)
{
	size_t len = strlen(want);

	return !strncasecmp(content_type, want, len) && strchr(" ;\t", content_type[len]);
}
