/* Inside etsi only: prints a tree of named values, in words or as JSON.
 *
 * In words a value stands behind its name, what it holds is indented, and elements of a list
 * begin with a dash. In JSON a SEQUENCE is an object, a list an array. Octets are text where all
 * of them are printable, else hexadecimal behind "0x"; text that itself begins with "0x" is
 * printed in hexadecimal too, so that nothing is ambiguous. */
#ifndef ETSI_SHOW_H
#define ETSI_SHOW_H

#include "base/json.h"
#include "etsi/decode.h"

struct show {
	enum etsi_form form;
	struct wr *w;
	struct json json;
	int depth;
	const char *key; /* of the next value; NULL: it is an element of a list */
};

struct show show_of(enum etsi_form form, struct wr *w);

/* Names the next value; the text is borrowed until that value was shown. */
void show_key(struct show *s, const char *key);

void show_open(struct show *s, char bracket);
void show_close(struct show *s, char bracket);

void show_text(struct show *s, const void *bytes, size_t len); /* is UTF-8 */
void show_word(struct show *s, const char *word);
void show_hex(struct show *s, const void *bytes, size_t len);
void show_octets(struct show *s, const void *bytes, size_t len);
void show_u64(struct show *s, uint64_t v);
void show_i64(struct show *s, int64_t v);
void show_bool(struct show *s, bool v);
void show_null(struct show *s);

#endif
