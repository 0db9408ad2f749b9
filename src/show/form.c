#include "show/form.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/nanos.h"
#include "net/ip.h"

enum { ROW_BYTES = 16, ITEM_LEN = 128 };

static const char hex_digits[] = "0123456789abcdef";

void form_init(struct form *f, struct wr *w, bool is_json)
{
	*f = (struct form){.w = w, .is_json = is_json, .second = INT64_MIN};
	f->json = json_of(w);
}

void form_put(struct form *f, const char *text)
{
	wr_bytes(f->w, text, strlen(text));
}

void form_put_u64(struct form *f, uint64_t v)
{
	char text[20];
	size_t at = sizeof text;

	do {
		text[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	wr_bytes(f->w, &text[at], sizeof text - at);
}

static void put_hex(struct form *f, uint64_t v, int digits)
{
	char text[16];

	for (int i = digits; i--; v >>= 4)
		text[i] = hex_digits[v & 15];
	wr_bytes(f->w, text, (size_t)digits);
}

static void put_mac(struct form *f, const uint8_t *b)
{
	char text[17];

	for (int i = 0; i < 6; i++) {
		text[3 * i] = hex_digits[b[i] >> 4];
		text[3 * i + 1] = hex_digits[b[i] & 15];
		if (i < 5)
			text[3 * i + 2] = ':';
	}
	wr_bytes(f->w, text, sizeof text);
}

static void put_ip(struct form *f, int version, const uint8_t *b)
{
	struct net_ip ip = {.version = (uint8_t)version};
	char text[NET_IP_TEXT_LEN];

	memcpy(ip.bytes, b, version == 4 ? 4 : 16);
	wr_bytes(f->w, text, net_ip_print(&ip, text));
}

void form_put_address(struct form *f, enum form_address kind, const uint8_t *b)
{
	switch (kind) {
	case FORM_MAC:
		put_mac(f, b);
		break;
	case FORM_IP4:
		put_ip(f, 4, b);
		break;
	case FORM_IP6:
		put_ip(f, 6, b);
		break;
	case FORM_PORT:
		form_put_u64(f, (uint64_t)b[0] << 8 | b[1]);
		break;
	}
}

/* A name that needs no escape, and what separates it from its value. */
static void key(struct form *f, const char *name)
{
	if (f->is_json) {
		json_key(&f->json, name);
		return;
	}
	wr_bytes(f->w, "  ", 2);
	form_put(f, name);
	wr_bytes(f->w, " ", 1);
}

void form_u64(struct form *f, const char *name, uint64_t v)
{
	key(f, name);
	if (f->is_json)
		json_u64(&f->json, v);
	else
		form_put_u64(f, v);
}

void form_hex(struct form *f, const char *name, uint64_t v, int digits)
{
	key(f, name);
	if (f->is_json) {
		json_u64(&f->json, v);
		return;
	}
	form_put(f, "0x");
	put_hex(f, v, digits);
}

void form_word(struct form *f, const char *name, const char *word)
{
	key(f, name);
	if (f->is_json)
		json_text(&f->json, word);
	else
		form_put(f, word);
}

void form_flag(struct form *f, const char *name)
{
	if (f->is_json) {
		json_key(&f->json, name);
		json_bool(&f->json, true);
		return;
	}
	form_put(f, "  ");
	form_put(f, name);
}

static void put_value(struct form *f, enum form_address kind, const uint8_t *b)
{
	struct wr *w = f->w;
	char text[NET_IP_TEXT_LEN];
	struct wr inner = wr_of(text, sizeof text);

	if (kind == FORM_PORT && f->is_json) {
		json_u64(&f->json, (uint64_t)b[0] << 8 | b[1]);
		return;
	}
	if (!f->is_json) {
		form_put_address(f, kind, b);
		return;
	}
	f->w = &inner;
	form_put_address(f, kind, b);
	f->w = w;
	json_text_of(&f->json, text, inner.len);
}

void form_address(struct form *f, const char *name, enum form_address kind, const uint8_t *b)
{
	key(f, name);
	put_value(f, kind, b);
}

void form_pair(struct form *f, enum form_address kind, const uint8_t *src, const uint8_t *dst)
{
	if (f->is_json) {
		json_key(&f->json, kind == FORM_PORT ? "src_port" : "src");
		put_value(f, kind, src);
		json_key(&f->json, kind == FORM_PORT ? "dst_port" : "dst");
		put_value(f, kind, dst);
		return;
	}
	form_put(f, "  ");
	put_value(f, kind, src);
	form_put(f, " > ");
	put_value(f, kind, dst);
}

void form_text(struct form *f, const char *name, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	key(f, name);
	if (f->is_json) {
		json_text_of(&f->json, bytes, len);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (b[i] >= ' ' && b[i] < 0x7f && b[i] != '\\') {
			wr_u8(f->w, b[i]);
			continue;
		}
		form_put(f, "\\x");
		put_hex(f, b[i], 2);
	}
}

void form_list(struct form *f, const char *name)
{
	key(f, name);
	f->has_item = false;
	if (f->is_json)
		json_open(&f->json, '[');
	else
		wr_u8(f->w, '[');
}

void form_item(struct form *f, const char *format, ...)
{
	char text[ITEM_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (f->is_json) {
		json_text(&f->json, text);
		return;
	}
	if (f->has_item)
		wr_u8(f->w, ',');
	f->has_item = true;
	form_put(f, text);
}

void form_list_end(struct form *f)
{
	if (f->is_json)
		json_close(&f->json, ']');
	else
		wr_u8(f->w, ']');
}

void form_lines(struct form *f, const char *list)
{
	if (!f->is_json)
		return;
	json_key(&f->json, list);
	json_open(&f->json, '[');
}

void form_line(struct form *f, const char *name)
{
	if (f->is_json) {
		json_open(&f->json, '{');
		return;
	}
	form_put(f, "    ");
	form_put(f, name);
}

void form_line_end(struct form *f)
{
	if (f->is_json)
		json_close(&f->json, '}');
	else
		form_put(f, "\n");
}

void form_lines_end(struct form *f)
{
	if (f->is_json)
		json_close(&f->json, ']');
}

void form_put_time(struct form *f, int64_t ns, int digits)
{
	struct nanos t = {ns};
	int64_t second = nanos_to_s(t);
	char text[NANOS_TEXT_LEN], fraction[10];

	if (second != f->second) {
		nanos_print(t, 0, text);
		snprintf(f->second_text, sizeof f->second_text, "%s", text);
		f->second_text[strcspn(f->second_text, "Z")] = 0;
		f->second = second;
	}
	form_put(f, f->second_text);
	if (digits > 0) {
		uint32_t v = (uint32_t)nanos_fraction(t);

		for (int i = 9; i >= 1; i--, v /= 10)
			fraction[i] = (char)('0' + v % 10);
		fraction[0] = '.';
		wr_bytes(f->w, fraction, 1 + (size_t)(digits > 9 ? 9 : digits));
	}
	wr_u8(f->w, 'Z');
}

static void put_row(struct form *f, const uint8_t *bytes, size_t at, size_t n)
{
	char text[6 + 6 + 3 * ROW_BYTES + 2 + ROW_BYTES + 1];
	char *out = text + 12;

	memset(text, ' ', sizeof text);
	for (int i = 0; i < 4; i++)
		text[6 + i] = hex_digits[at >> (12 - 4 * i) & 15];
	for (size_t i = 0; i < n; i++) {
		uint8_t b = bytes[at + i];

		out[3 * i] = hex_digits[b >> 4];
		out[3 * i + 1] = hex_digits[b & 15];
		out[3 * ROW_BYTES + 1 + i] = b >= ' ' && b < 0x7f ? (char)b : '.';
	}
	out[3 * ROW_BYTES + 1 + n] = '\n';
	wr_bytes(f->w, text, 12 + 3 * ROW_BYTES + 2 + n);
}

void form_bytes(struct form *f, const uint8_t *bytes, size_t len)
{
	if (f->is_json) {
		json_key(&f->json, "hex");
		json_hex(&f->json, bytes, len);
		return;
	}
	for (size_t at = 0; at < len; at += ROW_BYTES)
		put_row(f, bytes, at, len - at < ROW_BYTES ? len - at : ROW_BYTES);
}
