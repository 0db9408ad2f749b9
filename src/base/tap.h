/* Tests speak TAP: each ok() is a sentence that says what is true. */
#ifndef BASE_TAP_H
#define BASE_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_count;
static int tap_failures;

__attribute__((format(printf, 3, 0))) static inline bool tap_say(bool is_ok, const char *directive,
								 const char *format, va_list args)
{
	printf("%sok %d - ", is_ok ? "" : "not ", ++tap_count);
	vprintf(format, args);
	printf("%s\n", directive);
	tap_failures += !is_ok;
	return is_ok;
}

/* One fact. Returns whether it holds. */
__attribute__((format(printf, 2, 3), unused)) static inline bool ok(bool is_ok, const char *format,
								    ...)
{
	va_list args;

	va_start(args, format);
	tap_say(is_ok, "", format, args);
	va_end(args);
	return is_ok;
}

/* A fact that cannot be tested here, by name and with the reason; never silent. */
__attribute__((format(printf, 1, 2), unused)) static inline void skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tap_say(true, " # SKIP", format, args);
	va_end(args);
}

/* Prints the plan; main returns what this returns. */
static inline int tap_end(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures ? 1 : 0;
}

#endif
