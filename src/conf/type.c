/* Kinds of scalar: texts, numbers, words and times. */
#include "conf/number.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The code point at *text (checked UTF-8, shortest form), stepping over it; -1 where it is none. */
static int32_t next_point(const uint8_t **text)
{
	static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint8_t lead = *(*text)++;
	int n_more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : 3;
	int32_t point = n_more ? lead & (0x3f >> n_more) : lead;

	if (n_more && (lead < 0xc2 || lead > 0xf4))
		return -1;
	for (int i = 0; i < n_more; i++) {
		if ((**text & 0xc0) != 0x80)
			return -1;
		point = point << 6 | (*(*text)++ & 0x3f);
	}
	return point < least[n_more] || point > 0x10ffff || point >> 11 == 0x1b ? -1 : point;
}

/* No control characters, line or paragraph marks, byte order marks or non-characters. */
static bool is_printable(const char *text)
{
	const uint8_t *at = (const uint8_t *)text;

	while (*at) {
		int32_t point = next_point(&at);

		if (point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 ||
		    point == 0x2029 || point == 0xfeff || (point & 0xfffe) == 0xfffe)
			return false;
	}
	return true;
}

static bool text_parse(const struct conf_field *field, const char *text, void *member)
{
	int64_t len = (int64_t)strlen(text);
	char *copy;

	if (len < field->min || (field->max && len > field->max) || !is_printable(text))
		return false;
	if (field->is_allowed && !field->is_allowed(text))
		return false;
	copy = strdup(text);
	*(char **)member = copy;
	return copy != NULL;
}

static const char *text_print(const struct conf_field *field, const void *member, char *out,
			      int size)
{
	(void)field, (void)out, (void)size;
	return *(char *const *)member;
}

static void text_want(const struct conf_field *field, char *out, int size)
{
	const char *alphabet = field->alphabet ? field->alphabet : "printable characters";

	if (field->min == field->max)
		snprintf(out, (size_t)size, "%" PRId64 " %s", field->min, alphabet);
	else if (field->max)
		snprintf(out, (size_t)size, "%" PRId64 " to %" PRId64 " octets of %s", field->min,
			 field->max, alphabet);
	else
		snprintf(out, (size_t)size, "%s", alphabet);
}

/* As open(2) takes it: bytes of any kind but zero, control characters apart. */
static bool path_parse(const struct conf_field *field, const char *text, void *member)
{
	struct conf_field path = {.min = 1, .max = 4095};

	(void)field;
	return text_parse(&path, text, member);
}

static void path_want(const struct conf_field *field, char *out, int size)
{
	(void)field;
	snprintf(out, (size_t)size, "the path of a file or folder");
}

bool number_parse(const char *text, int64_t min, int64_t max, int64_t *out)
{
	const char *digits = text + (*text == '-');
	size_t len = strspn(digits, "0123456789");

	if (!len || digits[len] || len > 18 || (len > 1 && *digits == '0') || !strcmp(text, "-0"))
		return false;
	*out = strtoll(text, NULL, 10);
	return *out >= min && *out <= max;
}

static bool int_parse(const struct conf_field *field, const char *text, void *member)
{
	return number_parse(text, field->min, field->max, member);
}

static const char *int_print(const struct conf_field *field, const void *member, char *out,
			     int size)
{
	(void)field;
	snprintf(out, (size_t)size, "%" PRId64, *(const int64_t *)member);
	return out;
}

static void int_want(const struct conf_field *field, char *out, int size)
{
	snprintf(out, (size_t)size, "a whole number from %" PRId64 " to %" PRId64, field->min,
		 field->max);
}

static const char *opt_int_print(const struct conf_field *field, const void *member, char *out,
				 int size)
{
	return *(const int64_t *)member == CONF_NO_INT ? NULL : int_print(field, member, out, size);
}

static void opt_int_clear(void *member)
{
	*(int64_t *)member = CONF_NO_INT;
}

static bool bool_parse(const struct conf_field *field, const char *text, void *member)
{
	(void)field;
	*(bool *)member = !strcmp(text, "true");
	return *(bool *)member || !strcmp(text, "false");
}

static const char *bool_print(const struct conf_field *field, const void *member, char *out,
			      int size)
{
	(void)field, (void)out, (void)size;
	return *(const bool *)member ? "true" : "false";
}

static void bool_want(const struct conf_field *field, char *out, int size)
{
	(void)field;
	snprintf(out, (size_t)size, "true or false");
}

static bool word_parse(const struct conf_field *field, const char *text, void *member)
{
	for (const struct conf_name *row = field->names; row->name; row++) {
		if (!strcmp(row->name, text)) {
			*(int *)member = (int)row->value;
			return true;
		}
	}
	return false;
}

static const char *word_print(const struct conf_field *field, const void *member, char *out,
			      int size)
{
	(void)out, (void)size;
	for (const struct conf_name *row = field->names; row->name; row++) {
		if (row->value == *(const int *)member)
			return row->name;
	}
	return NULL;
}

static void word_want(const struct conf_field *field, char *out, int size)
{
	int len = snprintf(out, (size_t)size, "one of ");

	for (const struct conf_name *row = field->names; row->name && len < size; row++)
		len += snprintf(out + len, (size_t)(size - len), "%s%s",
				row == field->names ? "" : ", ", row->name);
}

/* Whether the text has a pattern's shape: '0' stands for a digit, others for themselves. */
static bool has_shape(const char *text, const char *shape)
{
	for (; *shape; text++, shape++) {
		if (*shape == '0' ? !isdigit((unsigned char)*text) : *text != *shape)
			return false;
	}
	return true;
}

/* RFC 3339 to the letter: nanos_parse is more forgiving than a warrant may be. */
static bool time_parse(const struct conf_field *field, const char *text, void *member)
{
	const char *rest = text + 19;
	char plain[NANOS_TEXT_LEN];
	char again[NANOS_TEXT_LEN];
	struct nanos t;

	(void)field;
	if (!has_shape(text, "0000-00-00T00:00:00"))
		return false;
	if (*rest == '.') {
		size_t n_digits = strspn(rest + 1, "0123456789");

		if (!n_digits || n_digits > 9)
			return false;
		rest += 1 + n_digits;
	}
	if (strcmp(rest, "Z") &&
	    !((*rest == '+' || *rest == '-') && has_shape(rest + 1, "00:00") && !rest[6]))
		return false;
	/* A day that does not exist (30 February, 24:00) would come back as another. */
	snprintf(plain, sizeof plain, "%.19sZ", text);
	if (!nanos_parse(plain, &t))
		return false;
	nanos_print(t, 0, again);
	return !strcmp(plain, again) && nanos_parse(text, member);
}

static const char *time_print(const struct conf_field *field, const void *member, char *out,
			      int size)
{
	char text[NANOS_TEXT_LEN];
	struct nanos t = *(const struct nanos *)member;
	int digits = 9;

	(void)field;
	for (int32_t part = nanos_fraction(t); digits && part % 10 == 0; part /= 10)
		digits--;
	nanos_print(t, digits, text);
	snprintf(out, (size_t)size, "%s", text);
	return out;
}

static void time_want(const struct conf_field *field, char *out, int size)
{
	(void)field;
	snprintf(out, (size_t)size, "a time as RFC 3339 writes it, like 2026-01-01T00:00:00Z");
}

static bool span_parse(const struct conf_field *field, const char *text, void *member)
{
	struct nanos *span = member;

	if (strspn(text, "0123456789.smhdnu") != strlen(text) || !nanos_parse_span(text, span))
		return false;
	return span->ns >= field->min * NANOS_PER_S && span->ns <= field->max * NANOS_PER_S;
}

static const char *span_print(const struct conf_field *field, const void *member, char *out,
			      int size)
{
	static const struct {
		int64_t ns;
		const char *unit;
	} units[] = {{86400LL * NANOS_PER_S, "d"},
		     {3600LL * NANOS_PER_S, "h"},
		     {60LL * NANOS_PER_S, "m"},
		     {NANOS_PER_S, "s"},
		     {NANOS_PER_MS, "ms"},
		     {NANOS_PER_US, "us"},
		     {1, "ns"}};
	int64_t ns = ((const struct nanos *)member)->ns;
	size_t i = 0;

	(void)field;
	while (ns ? ns % units[i].ns : units[i].ns != NANOS_PER_S)
		i++;
	snprintf(out, (size_t)size, "%" PRId64 "%s", ns / units[i].ns, units[i].unit);
	return out;
}

static void span_want(const struct conf_field *field, char *out, int size)
{
	snprintf(out, (size_t)size,
		 "a span of %" PRId64 " s to %" PRId64 " s, like 250ms, 10s or 5m", field->min,
		 field->max);
}

const struct conf_type conf_text = {
	.name = "text",
	.size = sizeof(char *),
	.is_text = true,
	.parse = text_parse,
	.print = text_print,
	.want = text_want,
};
const struct conf_type conf_path = {
	.name = "path",
	.size = sizeof(char *),
	.is_text = true,
	.parse = path_parse,
	.print = text_print,
	.want = path_want,
};
const struct conf_type conf_int = {
	.name = "number",
	.size = sizeof(int64_t),
	.is_bare = true,
	.parse = int_parse,
	.print = int_print,
	.want = int_want,
};
const struct conf_type conf_opt_int = {
	.name = "number",
	.size = sizeof(int64_t),
	.is_bare = true,
	.parse = int_parse,
	.print = opt_int_print,
	.want = int_want,
	.clear = opt_int_clear,
};
const struct conf_type conf_bool = {
	.name = "truth",
	.size = sizeof(bool),
	.is_bare = true,
	.parse = bool_parse,
	.print = bool_print,
	.want = bool_want,
};
const struct conf_type conf_word = {
	.name = "word",
	.size = sizeof(int),
	.parse = word_parse,
	.print = word_print,
	.want = word_want,
};
const struct conf_type conf_time = {
	.name = "time",
	.size = sizeof(struct nanos),
	.parse = time_parse,
	.print = time_print,
	.want = time_want,
	.pattern = "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?(Z|[+-]\\d\\d:\\d\\d)$",
};
const struct conf_type conf_span = {
	.name = "span",
	.size = sizeof(struct nanos),
	.parse = span_parse,
	.print = span_print,
	.want = span_want,
	.pattern = "^\\d+(\\.\\d+)?(ns|us|ms|s|m|h|d)?$",
};
