#include "ask/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/rd.h"

/* A line without its end, which r steps over; false where there is none. */
static bool take_line(struct rd *r, const char **line, size_t *len)
{
	size_t left = rd_left(r);
	const uint8_t *at = r->at;
	const uint8_t *end = left ? memmem(at, left, "\r\n", 2) : NULL;

	if (!end)
		return false;
	*line = (const char *)at;
	*len = (size_t)(end - at);
	rd_skip(r, *len + 2);
	return true;
}

static bool is_status(const char *line, size_t len, int *status)
{
	if (len < 12 || strncmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ' ||
	    strspn(line + 9, "0123456789") < 3 || (len > 12 && line[12] != ' '))
		return false;
	*status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0';
	return *status >= 100 && *status < 600;
}

/* The number of a "Content-Length: N" line. */
static bool is_length(const char *line, size_t len, size_t *n)
{
	static const char name[] = "content-length:";
	size_t at = sizeof name - 1, n_digits = 0;

	if (len < at || strncasecmp(line, name, at) != 0)
		return false;
	while (at < len && line[at] == ' ')
		at++;
	for (*n = 0; at < len && line[at] >= '0' && line[at] <= '9' && n_digits < 12; n_digits++)
		*n = *n * 10 + (size_t)(line[at++] - '0');
	return n_digits > 0;
}

int ask_reply_read(const uint8_t *octets, size_t len, struct ask_reply *out, struct why *why)
{
	struct rd r = rd_of(octets, len);
	const char *line;
	size_t line_len, length = 0;
	bool has_length = false;

	if (!take_line(&r, &line, &line_len) || !is_status(line, line_len, &out->status))
		return why_set(why, ERR_BAD, "it does not speak HTTP");
	do {
		if (!take_line(&r, &line, &line_len))
			return why_set(why, ERR_CUT, "its answer ends in its head");
		has_length |= is_length(line, line_len, &length);
	} while (line_len);
	out->body_at = len - rd_left(&r);
	out->body_len = rd_left(&r);
	if (has_length && length > out->body_len)
		return why_set(why, ERR_CUT, "its answer ends too early");
	if (has_length)
		out->body_len = length;
	return 0;
}

int ask_url_parse(const char *text, struct ask_url *out, struct why *why)
{
	const char *at = strstr(text, "://"), *host, *end, *port;
	size_t len;

	*out = (struct ask_url){.is_plain = !strncmp(text, "http://", 7)};
	if (!at || (!out->is_plain && strncmp(text, "https://", 8) != 0))
		return why_set(why, ERR_USAGE, "\"%.80s\" is not https://HOST[:PORT]", text);
	host = at + 3;
	end = host + strcspn(host, "/");
	if (*host == '[') {
		host++;
		len = strcspn(host, "]/");
		port = host + len + (host[len] == ']');
	} else {
		len = strcspn(host, ":/");
		port = host + len;
	}
	if (!len || len >= sizeof out->host || (*end && end[1]))
		return why_set(why, ERR_USAGE, "\"%.80s\" is not https://HOST[:PORT]", text);
	memcpy(out->host, host, len);
	snprintf(out->port, sizeof out->port, "%s", out->is_plain ? "80" : "443");
	if (port < end) {
		size_t n = (size_t)(end - port) - 1;

		if (*port != ':' || n < 1 || n > 5 || strspn(port + 1, "0123456789") < n)
			return why_set(why, ERR_USAGE, "\"%.80s\" has no port that is one", text);
		snprintf(out->port, sizeof out->port, "%.*s", (int)n, port + 1);
	}
	return 0;
}
