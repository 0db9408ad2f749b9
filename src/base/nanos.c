#include "base/nanos.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Days since 1970-01-01 of a day of the Gregorian calendar, and back: years begin in March here, so
 * that a leap day is their last, and 400 of them are an era of 146,097 days. */
enum { ERA_DAYS = 146097, DAYS_TO_1970 = 719468, DAY_S = 86400 };

struct day {
	int year, month, day;
};

static int64_t days_of(struct day d)
{
	int64_t year = d.month > 2 ? d.year : d.year - 1;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;

	return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - DAYS_TO_1970;
}

static struct day day_of(int64_t days)
{
	int64_t since = days + DAYS_TO_1970;
	int64_t era = (since >= 0 ? since : since - (ERA_DAYS - 1)) / ERA_DAYS;
	int64_t of_era = since - era * ERA_DAYS;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int month = (int)((5 * of_year + 2) / 153);

	return (struct day){
		.year = (int)(year + era * 400 + (month >= 10)),
		.month = month < 10 ? month + 3 : month - 9,
		.day = (int)(of_year - (153 * month + 2) / 5 + 1),
	};
}

/* n digits, with zeros in front, and what follows them. */
static char *put(char *at, int number, int n, char after)
{
	for (int i = n - 1; i >= 0; i--, number /= 10)
		at[i] = (char)('0' + number % 10);
	at[n] = after;
	return at + n + 1;
}

void nanos_print(struct nanos t, int digits, char out[NANOS_TEXT_LEN])
{
	int64_t s = nanos_to_s(t);
	int64_t days = (s >= 0 ? s : s - (DAY_S - 1)) / DAY_S;
	int of_day = (int)(s - days * DAY_S);
	struct day d = day_of(days);
	char *at = out;

	at = put(at, d.year, 4, '-'); /* 1677 to 2262: what 64 bits hold */
	at = put(at, d.month, 2, '-');
	at = put(at, d.day, 2, 'T');
	at = put(at, of_day / 3600, 2, ':');
	at = put(at, of_day / 60 % 60, 2, ':');
	at = put(at, of_day % 60, 2, '.');
	if (digits > 0)
		at = put(at, nanos_fraction(t) % NANOS_PER_S, 9, 0) - (digits > 9 ? 0 : 9 - digits);
	at[-1] = 'Z';
	at[0] = 0;
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

/* n digits at the text, as a number from min to max; false where there are none such. */
static bool take(const char *text, int n, int min, int max, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		*out = *out * 10 + text[i] - '0';
	}
	return *out >= min && *out <= max;
}

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap);
}

/* "2026-01-01T00:00:00" in seconds, and what follows; NULL where it is none. */
static const char *parse_clock(const char *text, int64_t *s)
{
	static const char form[] = "0000-00-00T00:00:00";
	int hour, minute, second;
	struct day d;

	for (size_t i = 0; i < sizeof form - 1; i++)
		if (form[i] == '0' ? !isdigit((unsigned char)text[i]) : text[i] != form[i])
			return NULL;
	if (!take(text, 4, 0, 9999, &d.year) || !take(text + 5, 2, 1, 12, &d.month) ||
	    !take(text + 8, 2, 1, days_in(d.year, d.month), &d.day) ||
	    !take(text + 11, 2, 0, 23, &hour) || !take(text + 14, 2, 0, 59, &minute) ||
	    !take(text + 17, 2, 0, 60, &second)) /* 60: a leap second */
		return NULL;
	*s = days_of(d) * DAY_S + hour * 3600 + minute * 60 + second;
	return text + sizeof form - 1;
}

bool nanos_parse(const char *text, struct nanos *out)
{
	int64_t fraction;
	int64_t east;
	int64_t s;
	const char *rest = parse_clock(text, &s);

	if (!rest)
		return parse_seconds(text, out);
	fraction = parse_fraction(&rest);
	if (!parse_zone(rest, &east))
		return false;
	s -= east;
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
