/* Writes JSON into a byte writer, one value after the other; commas are put by themselves.
 *
 *	struct json j = json_of(&w);
 *	json_open(&j, '{');
 *	json_key(&j, "packets"), json_u64(&j, 7);
 *	json_close(&j, '}');
 *
 * Text from outside is escaped, and bytes that are not UTF-8 become U+FFFD, so that the output
 * is valid whatever came in. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/nanos.h"
#include "base/wr.h"

struct json {
	struct wr *w;
	bool needs_comma;
};

static inline struct json json_of(struct wr *w)
{
	return (struct json){w, false};
}

void json_open(struct json *j, char bracket);  /* '{' or '[' */
void json_close(struct json *j, char bracket); /* '}' or ']' */
void json_key(struct json *j, const char *key);
void json_text(struct json *j, const char *text); /* NULL becomes null */
void json_text_of(struct json *j, const void *bytes, size_t len);
void json_hex(struct json *j, const void *bytes, size_t len); /* as a string of hex digits */
void json_u64(struct json *j, uint64_t v);
void json_i64(struct json *j, int64_t v);
void json_double(struct json *j, double v, int digits);
void json_bool(struct json *j, bool v);
void json_none(struct json *j);                 /* null; the name json_null is jansson's */
void json_time(struct json *j, struct nanos t); /* RFC 3339 with nine digits */

/* Ends a document with a line feed; the next value starts a new one (JSON lines). */
void json_line(struct json *j);

#endif
