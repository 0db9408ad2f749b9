#include "conf/field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"

enum { BIG = 80 };

/* Reads text as the field's kind and prints it again; "-" where it is refused. */
static const char *round_trip(const struct conf_field *field, const char *text)
{
	static char out[CONF_WANT_LEN];
	_Alignas(16) char member[BIG] = {0};
	const char *printed;

	if (!field->type->parse(field, text, member))
		return "-";
	printed = field->type->print(field, member, out, sizeof out);
	if (printed != out)
		snprintf(out, sizeof out, "%s", printed);
	if (field->type->is_text)
		free(*(char **)member);
	return out;
}

static bool is_digits(const char *text)
{
	return strspn(text, "0123456789") == strlen(text);
}

static const struct conf_name words[] = {{"all", 0, NULL}, {"iri-only", 5, NULL}, {NULL}};
static const struct conf_field text_field = {.type = &conf_text, .min = 1, .max = 5};
static const struct conf_field digit_field = {
	.type = &conf_text, .min = 2, .max = 2, .is_allowed = is_digits, .alphabet = "digits"};
static const struct conf_field int_field = {.type = &conf_int, .min = -3, .max = 4294967295};
static const struct conf_field bool_field = {.type = &conf_bool};
static const struct conf_field word_field = {.type = &conf_word, .names = words};
static const struct conf_field time_field = {.type = &conf_time};
static const struct conf_field span_field = {.type = &conf_span, .max = 86400};
static const struct conf_field port_field = {.type = &conf_port};
static const struct conf_field peer_field = {.type = &conf_host_port};
static const struct conf_field listen_field = {.type = &conf_listen};
static const struct conf_field ports_field = {.type = &conf_ports};
static const struct conf_field path_field = {.type = &conf_path};
static const struct conf_field opt_int_field = {.type = &conf_opt_int, .min = -3, .max = 9};
static const struct conf_field key_field = {.type = &conf_key, .min = 2, .max = 4};

static const struct {
	const struct conf_field *field;
	const char *text;
	const char *printed; /* NULL: as it was read; "-": refused */
} rows[] = {
	{&text_field, "abcde", NULL},
	{&text_field, "abcdef", "-"},
	{&text_field, "", "-"},
	{&text_field, "k\xc5\x8dt", NULL},
	{&text_field, "a\x1f", "-"},
	{&text_field, "a\x7f", "-"},
	{&text_field, "a\xc2\x85", "-"},
	{&text_field, "\xe2\x80\xa8", "-"},
	{&text_field, "\xef\xbf\xbf", "-"},
	{&text_field, "a\xc3", "-"},
	{&text_field, "\xc0\x80", "-"},
	{&text_field, "\xed\xa0\x80", "-"},
	{&text_field, "\xff", "-"},
	{&digit_field, "12", NULL},
	{&digit_field, "1a", "-"},
	{&digit_field, "123", "-"},
	{&int_field, "0", NULL},
	{&int_field, "-3", NULL},
	{&int_field, "-4", "-"},
	{&int_field, "4294967295", NULL},
	{&int_field, "4294967296", "-"},
	{&int_field, "99999999999999999999", "-"},
	{&int_field, "01", "-"},
	{&int_field, "-0", "-"},
	{&int_field, "+1", "-"},
	{&int_field, "1.0", "-"},
	{&int_field, "0x1", "-"},
	{&int_field, "", "-"},
	{&int_field, " 1", "-"},
	{&bool_field, "true", NULL},
	{&bool_field, "false", NULL},
	{&bool_field, "yes", "-"},
	{&word_field, "all", NULL},
	{&word_field, "iri-only", NULL},
	{&word_field, "ALL", "-"},
	{&word_field, "al", "-"},
	{&time_field, "2026-01-01T00:00:00Z", NULL},
	{&time_field, "2026-01-01T00:00:00.000000001Z", NULL},
	{&time_field, "2026-01-01T00:00:00.500Z", "2026-01-01T00:00:00.5Z"},
	{&time_field, "2026-01-01T12:00:00+13:00", "2025-12-31T23:00:00Z"},
	{&time_field, "2024-02-29T23:59:59Z", NULL},
	{&time_field, "2026-02-29T00:00:00Z", "-"},
	{&time_field, "2026-01-01T24:00:00Z", "-"},
	{&time_field, "2026-01-01T00:00:60Z", "-"},
	{&time_field, "2026-13-01T00:00:00Z", "-"},
	{&time_field, "2026-01-01 00:00:00Z", "-"},
	{&time_field, "2026-01-01T00:00:00", "-"},
	{&time_field, "2026-01-01T00:00:00.Z", "-"},
	{&time_field, "2026-01-01T00:00:00.1234567890Z", "-"},
	{&time_field, "2026-01-01T00:00:00+25:00", "-"},
	{&time_field, "2026-01-01T00:00:00+13:00x", "-"},
	{&time_field, "2026-01-01", "-"},
	{&time_field, "1767225600", "-"},
	{&time_field, "9999-01-01T00:00:00Z", "-"},
	{&span_field, "10s", NULL},
	{&span_field, "10", "10s"},
	{&span_field, "90m", NULL},
	{&span_field, "120m", "2h"},
	{&span_field, "0", "0s"},
	{&span_field, "1500ms", NULL},
	{&span_field, "0.25s", "250ms"},
	{&span_field, "7ns", NULL},
	{&span_field, "1d", NULL},
	{&span_field, "86401s", "-"},
	{&span_field, "1e3", "-"},
	{&span_field, "-1s", "-"},
	{&span_field, "5 m", "-"},
	{&port_field, "1", NULL},
	{&port_field, "65535", NULL},
	{&port_field, "0", "-"},
	{&port_field, "65536", "-"},
	{&peer_field, "127.0.0.1:40002", NULL},
	{&peer_field, "[2001:db8::1]:443", NULL},
	{&peer_field, "[2001:DB8:0::1]:443", "[2001:db8::1]:443"},
	{&peer_field, "[::ffff:192.0.2.1]:1", NULL},
	{&peer_field, "2001:db8::1:443", "-"},
	{&peer_field, "[127.0.0.1]:443", "-"},
	{&peer_field, "localhost:443", "-"},
	{&peer_field, "127.0.0.1", "-"},
	{&peer_field, "127.0.0.1:", "-"},
	{&peer_field, "127.0.0.1:0", "-"},
	{&peer_field, "[::1]443", "-"},
	{&peer_field, ":443", "-"},
	{&listen_field, "0.0.0.0:0", NULL},
	{&listen_field, "[::]:40002", NULL},
	{&listen_field, "*:40002", "-"},
	{&listen_field, "0.0.0.0:65536", "-"},
	{&ports_field, "1812-1813", NULL},
	{&ports_field, "1812", NULL},
	{&ports_field, "1812-1812", "1812"},
	{&ports_field, "1-65535", NULL},
	{&ports_field, "1813-1812", "-"},
	{&ports_field, "0-1", "-"},
	{&ports_field, "1-65536", "-"},
	{&ports_field, "1-", "-"},
	{&ports_field, "-1", "-"},
	{&ports_field, "1-2-3", "-"},
	{&ports_field, "0000001", "-"},
	{&ports_field, "", "-"},
	{&path_field, "/var/lib/weir", NULL},
	{&path_field, "certs/a b.pem", NULL},
	{&path_field, "", "-"},
	{&path_field, "a\n", "-"},
	{&opt_int_field, "-3", NULL},
	{&opt_int_field, "10", "-"},
	{&key_field, "abc", "0x616263"},
	{&key_field, "0x00Ff", "0x00ff"},
	{&key_field, "0x00fff", "-"},
	{&key_field, "0x00", "-"},
	{&key_field, "0x0000000000", "-"},
	{&key_field, "0x", "-"},
	{&key_field, "0x0g00", "-"},
	{&key_field, "0X00", "0x30583030"},
	{&key_field, "a", "-"},
	{&key_field, "abcde", "-"},
	{&key_field, "", "-"},
};

static void each_kind_wants_something(void)
{
	static const struct {
		const struct conf_field *field;
		const char *want;
	} wants[] = {
		{&text_field, "1 to 5 octets of printable characters"},
		{&digit_field, "2 digits"},
		{&int_field, "a whole number from -3 to 4294967295"},
		{&bool_field, "true or false"},
		{&word_field, "one of all, iri-only"},
		{&port_field, "a port from 1 to 65535"},
		{&key_field, "a key of 2 to 4 octets, as a text or as 0x and hex digits"},
		{&ports_field, "a port, or a first and a last one, like 1812-1813"},
		{&span_field, "a span of 0 s to 86400 s, like 250ms, 10s or 5m"},
	};

	for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
		char want[CONF_WANT_LEN];

		wants[i].field->type->want(wants[i].field, want, sizeof want);
		ok(!strcmp(want, wants[i].want), "%s wants %s", wants[i].field->type->name, want);
	}
}

static void what_may_be_absent_prints_nothing(void)
{
	char out[CONF_WANT_LEN];
	struct conf_endpoint peer = {.version = 0};
	struct conf_key key = {.len = 0};
	int64_t number = 0;
	char *text = NULL;

	conf_opt_int.clear(&number);
	ok(number == CONF_NO_INT && !conf_opt_int.print(NULL, &number, out, sizeof out),
	   "a number");
	ok(!conf_host_port.print(NULL, &peer, out, sizeof out), "an endpoint");
	ok(!conf_key.print(NULL, &key, out, sizeof out), "a key");
	ok(!conf_text.print(NULL, &text, out, sizeof out), "a text");
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *expected = rows[i].printed ? rows[i].printed : rows[i].text;
		const char *got = round_trip(rows[i].field, rows[i].text);

		ok(!strcmp(got, expected), "row %zu: a %s %s", i, rows[i].field->type->name,
		   strcmp(expected, "-") ? "is read and printed" : "is refused");
	}
	each_kind_wants_something();
	what_may_be_absent_prints_nothing();
	return tap_end();
}
