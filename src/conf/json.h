/* JSON (RFC 8259) as a syntax of values (value.h), by jansson; a strict part of it: one object,
 * no key twice, no null, no zero in a text, whole numbers, bounded depth and size. */
#ifndef CONF_JSON_H
#define CONF_JSON_H

#include "base/err.h"
#include "base/json.h"
#include "base/why.h"
#include "conf/value.h"

/* Reads a text. The reason names the line where it is no JSON, and else the path. *out is the
 * caller's to free. */
MUST_CHECK int conf_json_parse(struct conf_doc **out, const char *text, size_t len,
			       struct why *why);

/* Writes a tree, as one value of *j: in the tree's order and without blanks, so that the same tree
 * is always the same octets. */
void conf_json_print(const struct conf_value *root, struct json *j);

#endif
