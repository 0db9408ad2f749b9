#include "base/nanos.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void nanos_print(struct nanos t, int digits, char out[NANOS_TEXT_LEN])
{
	time_t s = (time_t)nanos_to_s(t);
	char fraction[10];
	struct tm tm;
	int n;

	if (!gmtime_r(&s, &tm)) {
		snprintf(out, NANOS_TEXT_LEN, "%lld", (long long)t.ns);
		return;
	}
	n = (int)strftime(out, NANOS_TEXT_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
	if (digits > 0) {
		snprintf(fraction, sizeof fraction, "%09d", nanos_fraction(t) % NANOS_PER_S);
		n += snprintf(out + n, (size_t)(NANOS_TEXT_LEN - n), ".%.*s",
			      digits > 9 ? 9 : digits, fraction);
	}
	snprintf(out + n, (size_t)(NANOS_TEXT_LEN - n), "Z");
}

/* ".digits" at *text, if any, as nanoseconds; digits past the ninth are dropped. */
static int64_t parse_fraction(const char **text)
{
	int64_t ns = 0;
	int64_t unit = NANOS_PER_S;

	if (**text != '.')
		return 0;
	for ((*text)++; isdigit((unsigned char)**text); (*text)++) {
		unit /= 10;
		ns += (**text - '0') * unit;
	}
	return ns;
}

static bool parse_seconds(const char *text, struct nanos *out)
{
	char *rest;
	bool is_negative = *text == '-';
	long long s;
	int64_t fraction;
	const char *at;

	if (!isdigit((unsigned char)text[is_negative]))
		return false;
	s = strtoll(text, &rest, 10);
	at = rest;
	fraction = parse_fraction(&at);
	if (*at || s > INT64_MAX / NANOS_PER_S - 1 || s < INT64_MIN / NANOS_PER_S + 1)
		return false;
	out->ns = s * NANOS_PER_S + (is_negative ? -fraction : fraction);
	return true;
}

/* "Z", "+hh:mm" or "-hh:mm" to the end of the text, as seconds east of Greenwich. */
static bool parse_zone(const char *text, int64_t *east)
{
	int hours;
	int minutes;

	*east = 0;
	if (!strcmp(text, "Z") || !strcmp(text, "z"))
		return true;
	if ((*text != '+' && *text != '-') || strlen(text) != strlen("+hh:mm") || text[3] != ':')
		return false;
	for (int i = 1; i < 6; i++)
		if (i != 3 && !isdigit((unsigned char)text[i]))
			return false;
	hours = (text[1] - '0') * 10 + text[2] - '0';
	minutes = (text[4] - '0') * 10 + text[5] - '0';
	*east = (hours * 60 + minutes) * 60 * (*text == '-' ? -1 : 1);
	return hours < 24 && minutes < 60;
}

bool nanos_parse(const char *text, struct nanos *out)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t fraction;
	int64_t east;
	int64_t s;

	if (!rest)
		return parse_seconds(text, out);
	fraction = parse_fraction(&rest);
	if (!parse_zone(rest, &east))
		return false;
	s = (int64_t)timegm(&tm) - east;
	if (s > INT64_MAX / NANOS_PER_S - 1 || s < INT64_MIN / NANOS_PER_S + 1)
		return false;
	out->ns = s * NANOS_PER_S + fraction;
	return true;
}

bool nanos_parse_span(const char *text, struct nanos *out)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"", 1e9},   {"s", 1e9},  {"ns", 1},     {"us", 1e3},
		     {"ms", 1e6}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
	char *rest;
	double number;

	if (!isdigit((unsigned char)*text))
		return false;
	number = strtod(text, &rest);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(rest, units[i].unit))
			continue;
		if (number * units[i].ns > 9e18)
			return false;
		out->ns = (int64_t)(number * units[i].ns + 0.5);
		return true;
	}
	return false;
}
