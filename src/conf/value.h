/* A document before it means anything: a tree of scalars, lists and maps that remember their
 * lines. YAML makes one and prints one; the walks over field tables (record.h) know nothing else,
 * so another syntax needs only another maker. */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum {
	CONF_MAX_DEPTH = 16,        /* lists and maps within one another */
	CONF_MAX_LEN = 64 << 20,    /* bytes of a document's text */
	CONF_MAX_MEMORY = 1u << 30, /* bytes of a document's tree */
};

enum conf_kind { CONF_KIND_SCALAR, CONF_KIND_LIST, CONF_KIND_MAP };

struct conf_value {
	enum conf_kind kind;
	bool is_plain;            /* a scalar without quotes: may be a number or true or false */
	bool is_typed;            /* … and is one for certain, and no text (JSON) */
	int line;                 /* where it begins, 1..; 0: it comes from no text */
	int key_line;             /* where its key stands */
	const char *key;          /* in a map: its key; else NULL */
	const char *text;         /* a scalar's text */
	struct conf_value *first; /* of a list or map, in the order of the document */
	struct conf_value *last;
	struct conf_value *next; /* in the same list or map */
	size_t n;                /* children */
};

/* Owns a tree: all of it is freed at once. */
struct conf_doc;

MUST_CHECK int conf_doc_new(struct conf_doc **out);
void conf_doc_free(struct conf_doc **doc);

struct conf_value *conf_doc_root(const struct conf_doc *doc); /* NULL until it is set */
void conf_doc_set_root(struct conf_doc *doc, struct conf_value *root);

/* A new value, or NULL when there is no memory or the document is beyond its bound. Text is
 * copied: len bytes, which must not hold a zero. */
struct conf_value *conf_value_new(struct conf_doc *doc, enum conf_kind kind, int line);
struct conf_value *conf_value_scalar(struct conf_doc *doc, const char *text, size_t len);
char *conf_doc_text(struct conf_doc *doc, const char *text, size_t len);

/* Puts child at the end of a list or map. */
void conf_value_append(struct conf_value *parent, struct conf_value *child);

/* The child of a map with this key; NULL where there is none, or no map. */
const struct conf_value *conf_value_find(const struct conf_value *map, const char *key);

/* The line of "warrants[1].targets[0].prefix" in the tree: of the deepest part of the path that
 * is there; 0 where nothing is. */
int conf_value_line(const struct conf_value *root, const char *path);

#endif
