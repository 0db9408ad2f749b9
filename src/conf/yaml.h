/* YAML as a syntax of values (value.h), by libyaml; a strict part of it: one document, no
 * aliases, anchors or tags, scalar keys, bounded depth and size. */
#ifndef CONF_YAML_H
#define CONF_YAML_H

#include "base/err.h"
#include "base/why.h"
#include "base/wr.h"
#include "conf/value.h"

/* Reads a text. The reason names the line. *out is the caller's to free. */
MUST_CHECK int conf_yaml_parse(struct conf_doc **out, const char *text, size_t len,
			       struct why *why);

/* Writes a tree in block style; what is written reads back as the same tree. */
void conf_yaml_print(const struct conf_value *root, struct wr *w);

#endif
