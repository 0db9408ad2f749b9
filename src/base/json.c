#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static void value(struct json *j)
{
	if (j->needs_comma)
		wr_u8(j->w, ',');
	j->needs_comma = true;
}

void json_open(struct json *j, char bracket)
{
	value(j);
	wr_u8(j->w, (uint8_t)bracket);
	j->needs_comma = false;
}

void json_close(struct json *j, char bracket)
{
	wr_u8(j->w, (uint8_t)bracket);
	j->needs_comma = true;
}

/* Length of the UTF-8 sequence at *r (RFC 3629), which it steps over; 0 when it is none. */
static size_t utf8_len(const uint8_t *at, size_t left)
{
	uint32_t code;
	size_t n = at[0] < 0x80                    ? 1
		   : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
		   : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
		   : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
						   : 0;

	if (n < 2 || n > left)
		return n == 1 ? 1 : 0;
	code = at[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	if ((n == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) ||
	    (n == 4 && (code < 0x10000 || code > 0x10ffff)))
		return 0;
	return n;
}

static void escape(struct wr *w, uint8_t c)
{
	switch (c) {
	case '"':
		wr_bytes(w, "\\\"", 2);
		return;
	case '\\':
		wr_bytes(w, "\\\\", 2);
		return;
	case '\n':
		wr_bytes(w, "\\n", 2);
		return;
	case '\r':
		wr_bytes(w, "\\r", 2);
		return;
	case '\t':
		wr_bytes(w, "\\t", 2);
		return;
	default:
		wr_text(w, "\\u%04x", c);
	}
}

/* Bytes from `at` on that need no look: plain ASCII without quotes, the usual text. */
static size_t plain_len(const uint8_t *at, size_t len)
{
	size_t n = 0;

	while (n < len && at[n] >= 0x20 && at[n] < 0x7f && at[n] != '"' && at[n] != '\\')
		n++;
	return n;
}

static void quoted(struct wr *w, const uint8_t *at, size_t len)
{
	wr_u8(w, '"');
	while (len) {
		size_t n = plain_len(at, len);

		wr_bytes(w, at, n);
		at += n;
		len -= n;
		if (!len)
			break;
		n = utf8_len(at, len);
		if (n == 0)
			wr_bytes(w, "\xef\xbf\xbd", 3);
		else if (n == 1 && (*at < 0x20 || *at == 0x7f || *at == '"' || *at == '\\'))
			escape(w, *at);
		else
			wr_bytes(w, at, n);
		at += n ? n : 1;
		len -= n ? n : 1;
	}
	wr_u8(w, '"');
}

void json_key(struct json *j, const char *key)
{
	value(j);
	quoted(j->w, (const uint8_t *)key, strlen(key));
	wr_u8(j->w, ':');
	j->needs_comma = false;
}

void json_text_of(struct json *j, const void *bytes, size_t len)
{
	value(j);
	quoted(j->w, bytes, len);
}

void json_text(struct json *j, const char *text)
{
	if (text)
		json_text_of(j, text, strlen(text));
	else
		json_none(j);
}

void json_hex(struct json *j, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *at = bytes;
	uint8_t *out;

	value(j);
	wr_u8(j->w, '"');
	out = len <= SIZE_MAX / 2 ? wr_room(j->w, 2 * len) : NULL;
	for (size_t i = 0; out && i < len; i++) {
		out[2 * i] = (uint8_t)digits[at[i] >> 4];
		out[2 * i + 1] = (uint8_t)digits[at[i] & 15];
	}
	wr_u8(j->w, '"');
}

void json_u64(struct json *j, uint64_t v)
{
	char text[20];
	size_t at = sizeof text;

	value(j);
	do {
		text[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	wr_bytes(j->w, &text[at], sizeof text - at);
}

void json_i64(struct json *j, int64_t v)
{
	value(j);
	wr_text(j->w, "%" PRId64, v);
}

void json_double(struct json *j, double v, int digits)
{
	if (!isfinite(v)) {
		json_none(j);
		return;
	}
	value(j);
	wr_text(j->w, "%.*f", digits, v);
}

void json_bool(struct json *j, bool v)
{
	value(j);
	wr_bytes(j->w, v ? "true" : "false", v ? 4 : 5);
}

void json_none(struct json *j)
{
	value(j);
	wr_bytes(j->w, "null", 4);
}

void json_time(struct json *j, struct nanos t)
{
	char text[NANOS_TEXT_LEN];

	nanos_print(t, 9, text);
	json_text(j, text);
}

void json_line(struct json *j)
{
	wr_u8(j->w, '\n');
	j->needs_comma = false;
}
