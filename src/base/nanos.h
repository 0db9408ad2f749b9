/* Time as nanoseconds since 1970-01-01T00:00:00Z, and spans of it. Never a clock: callers say
 * what time it is. */
#ifndef BASE_NANOS_H
#define BASE_NANOS_H

#include <stdbool.h>
#include <stdint.h>

enum { NANOS_PER_US = 1000, NANOS_PER_MS = 1000000, NANOS_PER_S = 1000000000 };
enum { NANOS_TEXT_LEN = 40 };

struct nanos {
	int64_t ns;
};

static inline struct nanos nanos_from_s(int64_t s)
{
	return (struct nanos){s * NANOS_PER_S};
}

/* Whole seconds, rounded down, and what is left of the last one (0..999,999,999). */
static inline int64_t nanos_to_s(struct nanos t)
{
	int64_t s = t.ns / NANOS_PER_S;

	return t.ns % NANOS_PER_S < 0 ? s - 1 : s;
}

static inline int32_t nanos_fraction(struct nanos t)
{
	return (int32_t)(t.ns - nanos_to_s(t) * NANOS_PER_S);
}

/* "2026-01-01T00:00:00[.digits]Z"; out holds NANOS_TEXT_LEN. digits: 0..9 of the fraction. */
void nanos_print(struct nanos t, int digits, char out[NANOS_TEXT_LEN]);

/* Reads RFC 3339 ("2026-01-01T00:00:00Z", a fraction, "+12:00") or plain seconds since the
 * epoch with an optional fraction. False where it is neither. */
bool nanos_parse(const char *text, struct nanos *out);

/* Reads a span: "10", "10s", "250ms", "5m", "2h", "1d"; a bare number is seconds. */
bool nanos_parse_span(const char *text, struct nanos *out);

#endif
