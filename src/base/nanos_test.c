#include "base/nanos.h"

#include <string.h>
#include <time.h>

#include "base/tap.h"

static void times_are_read(void)
{
	static const struct {
		const char *text;
		bool is_good;
		int64_t ns;
	} rows[] = {
		{"1970-01-01T00:00:00Z", true, 0},
		{"2026-01-01T00:00:00Z", true, 1767225600000000000},
		{"2026-01-01T12:00:00+12:00", true, 1767225600000000000},
		{"2026-01-01T00:00:00.25Z", true, 1767225600250000000},
		{"1.5", true, 1500000000},
		{"-1.5", true, -1500000000},
		{"0.0000000019", true, 1},
		{"2026-01-01T00:00:00", false, 0},
		{"2026-01-01T00:00:00+1200x", false, 0},
		{"2026-01-01T00:00:00+-1:00", false, 0},
		{"2026-01-01T00:00:00+24:00", false, 0},
		{"99999999999999", false, 0},
		{"2024-02-29T23:59:60Z", true, 1709251200000000000},
		{"1969-12-31T23:59:59.5Z", true, -500000000},
		{"2026-02-29T00:00:00Z", false, 0},
		{"2026-13-01T00:00:00Z", false, 0},
		{"2026-01-01T24:00:00Z", false, 0},
		{"2026-1-1T0:0:0Z", false, 0},
		{"9999-01-01T00:00:00Z", false, 0},
		{"soon", false, 0},
		{"", false, 0},
	};
	struct nanos t;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool is_good = nanos_parse(rows[i].text, &t);

		ok(is_good == rows[i].is_good && (!is_good || t.ns == rows[i].ns), "\"%s\" %s",
		   rows[i].text, rows[i].is_good ? "is a time" : "is none");
	}
}

/* Every hour and a bit over all that 64 bits hold, as the C library has it. */
static void days_are_the_calendars(void)
{
	const int64_t step_s = 3 * 86400 + 3607;
	int64_t n_wrong = 0;

	for (int64_t s = INT64_MIN / NANOS_PER_S + 2; s < INT64_MAX / NANOS_PER_S - 2;
	     s += step_s) {
		char text[NANOS_TEXT_LEN];
		char want[NANOS_TEXT_LEN];
		time_t t = (time_t)s;
		struct nanos again;
		struct tm tm;

		nanos_print(nanos_from_s(s), 0, text);
		strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
		n_wrong += strcmp(text, want) || !nanos_parse(text, &again) ||
			   again.ns != nanos_from_s(s).ns;
	}
	ok(n_wrong == 0, "days from 1677 to 2262 are the calendar's, both ways");
}

static void times_are_printed(void)
{
	char text[NANOS_TEXT_LEN];

	nanos_print((struct nanos){1767225600123456789}, 6, text);
	ok(!strcmp(text, "2026-01-01T00:00:00.123456Z"), "six digits of the fraction");
	nanos_print((struct nanos){-1}, 9, text);
	ok(!strcmp(text, "1969-12-31T23:59:59.999999999Z"), "a nanosecond before the epoch");
	nanos_print((struct nanos){0}, 0, text);
	ok(!strcmp(text, "1970-01-01T00:00:00Z"), "no fraction");
}

static void spans_are_read(void)
{
	struct nanos t;

	ok(nanos_parse_span("250ms", &t) && t.ns == 250000000, "250ms");
	ok(nanos_parse_span("2", &t) && t.ns == 2000000000, "a bare number is seconds");
	ok(nanos_parse_span("1.5h", &t) && t.ns == 5400000000000, "an hour and a half");
	ok(!nanos_parse_span("5 apples", &t), "an unknown unit is refused");
	ok(!nanos_parse_span("-1s", &t), "a negative span is refused");
	ok(!nanos_parse_span("1000000d", &t), "a span of centuries is refused");
}

int main(void)
{
	times_are_read();
	times_are_printed();
	days_are_the_calendars();
	spans_are_read();
	return tap_end();
}
