/* A kind of scalar: secret keys. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/field.h"

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Two digits a byte; false where there are others, or half a byte. */
static bool parse_hex(const char *digits, struct conf_key *key)
{
	size_t len = strlen(digits);

	if (len % 2 || len / 2 > CONF_KEY_LEN)
		return false;
	for (size_t i = 0; i < len / 2; i++) {
		int high = hex_digit(digits[2 * i]);
		int low = hex_digit(digits[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		key->bytes[i] = (uint8_t)(high << 4 | low);
	}
	key->len = (uint8_t)(len / 2);
	return true;
}

static bool parse_text(const char *text, struct conf_key *key)
{
	size_t len = strlen(text);

	if (len > CONF_KEY_LEN)
		return false;
	memcpy(key->bytes, text, len);
	key->len = (uint8_t)len;
	return true;
}

static bool key_parse(const struct conf_field *field, const char *text, void *member)
{
	struct conf_key key = {.len = 0};
	bool is_read = strncmp(text, "0x", 2) ? parse_text(text, &key) : parse_hex(text + 2, &key);

	if (!is_read || !key.len || key.len < field->min || (field->max && key.len > field->max))
		return false;
	*(struct conf_key *)member = key;
	explicit_bzero(&key, sizeof key);
	return true;
}

static const char *key_print(const struct conf_field *field, const void *member, char *out,
			     int size)
{
	const struct conf_key *key = member;
	int len = snprintf(out, (size_t)size, "0x");

	(void)field;
	for (int i = 0; i < key->len && len < size; i++)
		len += snprintf(out + len, (size_t)(size - len), "%02x", key->bytes[i]);
	return key->len ? out : NULL;
}

static void key_want(const struct conf_field *field, char *out, int size)
{
	snprintf(out, (size_t)size,
		 "a key of %" PRId64 " to %" PRId64 " octets, as a text or as 0x and hex digits",
		 field->min, field->max ? field->max : CONF_KEY_LEN);
}

const struct conf_type conf_key = {
	.name = "key",
	.size = sizeof(struct conf_key),
	.parse = key_parse,
	.print = key_print,
	.want = key_want,
};
