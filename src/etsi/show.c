#include "etsi/show.h"

#include <inttypes.h>
#include <stdio.h>

enum { HEX_SHOWN = 48, INDENT = 2, MAX_INDENT = 80 };

struct show show_of(enum etsi_form form, struct wr *w)
{
	return (struct show){.form = form, .w = w, .json = json_of(w)};
}

void show_key(struct show *s, const char *key)
{
	s->key = key;
	if (s->form == ETSI_JSON)
		json_key(&s->json, key);
}

static void indent(struct show *s)
{
	int n = s->depth * INDENT;

	wr_fill(s->w, ' ', (size_t)(n < MAX_INDENT ? n : MAX_INDENT));
}

/* "  key: " or "  - "; ends with `last` instead of the blank. */
static void begin_line(struct show *s, char last)
{
	indent(s);
	if (s->key)
		wr_text(s->w, "%s:", s->key);
	else
		wr_u8(s->w, '-');
	wr_u8(s->w, (uint8_t)last);
	s->key = NULL;
}

static void say(struct show *s, const char *text)
{
	begin_line(s, ' ');
	wr_bytes(s->w, text, strlen(text));
	wr_u8(s->w, '\n');
}

void show_open(struct show *s, char bracket)
{
	if (s->form == ETSI_JSON) {
		json_open(&s->json, bracket);
	} else {
		if (s->key || s->depth) /* the outermost needs no line of its own */
			begin_line(s, '\n');
		s->depth++;
	}
}

void show_close(struct show *s, char bracket)
{
	if (s->form == ETSI_JSON)
		json_close(&s->json, bracket);
	else
		s->depth--;
	s->key = NULL;
}

/* One octet of text for a terminal: what could steer it is escaped, ASCII's controls and those
 * of Unicode (C2 80 to C2 9F) alike. */
static void put_safely(struct wr *w, const uint8_t *text, size_t i, size_t len)
{
	bool is_c1 = text[i] == 0xc2 && i + 1 < len && text[i + 1] < 0xa0;
	bool is_c1_end = i > 0 && text[i - 1] == 0xc2 && text[i] < 0xa0;

	if (text[i] == '\r')
		wr_text(w, "\\r");
	else if (text[i] < 0x20 || text[i] == 0x7f || is_c1 || is_c1_end)
		wr_text(w, "\\x%02x", text[i]);
	else
		wr_u8(w, text[i]);
}

/* Lines of their own, each behind a bar. */
static void put_lines(struct show *s, const uint8_t *text, size_t len)
{
	bool is_start = true;

	begin_line(s, '\n');
	s->depth++;
	for (size_t i = 0; i < len; i++) {
		if (is_start) {
			indent(s);
			wr_text(s->w, "| ");
		}
		is_start = text[i] == '\n';
		if (is_start)
			wr_u8(s->w, '\n');
		else if (text[i] != '\r' || i + 1 == len || text[i + 1] != '\n')
			put_safely(s->w, text, i, len);
	}
	s->depth--;
	if (!is_start)
		wr_u8(s->w, '\n');
}

void show_text(struct show *s, const void *bytes, size_t len)
{
	if (s->form == ETSI_JSON) {
		json_text_of(&s->json, bytes, len);
	} else if (len && memchr(bytes, '\n', len)) {
		put_lines(s, bytes, len);
	} else {
		begin_line(s, ' ');
		for (size_t i = 0; i < len; i++)
			put_safely(s->w, bytes, i, len);
		wr_u8(s->w, '\n');
	}
}

void show_word(struct show *s, const char *word)
{
	show_text(s, word, strlen(word));
}

static void put_hex(struct wr *w, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *at = wr_room(w, 2 * len);

	for (size_t i = 0; at && i < len; i++) {
		at[2 * i] = (uint8_t)digits[bytes[i] >> 4];
		at[2 * i + 1] = (uint8_t)digits[bytes[i] & 15];
	}
}

void show_hex(struct show *s, const void *bytes, size_t len)
{
	if (s->form == ETSI_JSON) {
		/* json.h has no value of mixed origin; this one needs no escapes */
		wr_text(s->w, s->json.needs_comma ? ",\"0x" : "\"0x");
		put_hex(s->w, bytes, len);
		wr_u8(s->w, '"');
		s->json.needs_comma = true;
		return;
	}
	begin_line(s, ' ');
	wr_text(s->w, "0x");
	put_hex(s->w, bytes, len < HEX_SHOWN ? len : HEX_SHOWN);
	if (len > HEX_SHOWN)
		wr_text(s->w, "... (%zu octets)", len);
	wr_u8(s->w, '\n');
}

static bool is_plain(const uint8_t *bytes, size_t len)
{
	if (len >= 2 && bytes[0] == '0' && bytes[1] == 'x')
		return false;
	for (size_t i = 0; i < len; i++) {
		bool is_printable = bytes[i] >= 0x20 && bytes[i] < 0x7f;
		bool is_white = bytes[i] == '\r' || bytes[i] == '\n' || bytes[i] == '\t';

		if (!is_printable && !is_white)
			return false;
	}
	return true;
}

void show_octets(struct show *s, const void *bytes, size_t len)
{
	if (is_plain(bytes, len))
		show_text(s, bytes, len);
	else
		show_hex(s, bytes, len);
}

void show_u64(struct show *s, uint64_t v)
{
	char text[24];

	if (s->form == ETSI_JSON) {
		json_u64(&s->json, v);
		return;
	}
	snprintf(text, sizeof text, "%" PRIu64, v);
	say(s, text);
}

void show_i64(struct show *s, int64_t v)
{
	char text[24];

	if (s->form == ETSI_JSON) {
		json_i64(&s->json, v);
		return;
	}
	snprintf(text, sizeof text, "%" PRId64, v);
	say(s, text);
}

void show_bool(struct show *s, bool v)
{
	if (s->form == ETSI_JSON)
		json_bool(&s->json, v);
	else
		say(s, v ? "true" : "false");
}

void show_null(struct show *s)
{
	if (s->form == ETSI_JSON)
		json_none(&s->json);
	else
		say(s, "null");
}
