/* The two forms in which packets and records are shown: lines for people, JSON for programs.
 * Whoever describes them names each fact once and does not ask which form it is. */
#ifndef SHOW_FORM_H
#define SHOW_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/wr.h"

struct form {
	struct wr *w;
	struct json json;
	bool is_json;
	bool has_item;        /* text: a list's item precedes */
	int64_t second;       /* whose text is in second_text */
	char second_text[24]; /* "2026-01-02T03:04:05"; converting takes a lock in the C library */
};

enum form_address { FORM_MAC, FORM_IP4, FORM_IP6, FORM_PORT };

void form_init(struct form *f, struct wr *w, bool is_json);

/* One fact: "  name value" or "name":value. */
void form_u64(struct form *f, const char *name, uint64_t v);
void form_hex(struct form *f, const char *name, uint64_t v, int digits); /* JSON: a number */
void form_word(struct form *f, const char *name, const char *word); /* ours, not from outside */
void form_flag(struct form *f, const char *name);                   /* it is set */
void form_address(struct form *f, const char *name, enum form_address kind, const uint8_t *b);

/* "  a > b", or "src":a and "dst":b. */
void form_pair(struct form *f, enum form_address kind, const uint8_t *src, const uint8_t *dst);

/* Text from outside: what is no printable character is escaped. */
void form_text(struct form *f, const char *name, const void *bytes, size_t len);

/* "  name [item,item]"; items are made like printf's. */
void form_list(struct form *f, const char *name);
void form_item(struct form *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
void form_list_end(struct form *f);

/* Lines of one kind, each an object of a list in JSON: "    name" and its facts. */
void form_lines(struct form *f, const char *list);
void form_line(struct form *f, const char *name);
void form_line_end(struct form *f);
void form_lines_end(struct form *f);

/* Text alone, without a name. */
void form_put(struct form *f, const char *text);
void form_put_u64(struct form *f, uint64_t v);
void form_put_address(struct form *f, enum form_address kind, const uint8_t *b);

/* A time with so many digits, in either form. */
void form_put_time(struct form *f, int64_t ns, int digits);

/* Rows of 16 bytes with offset and characters, indented; JSON: "hex":"…". */
void form_bytes(struct form *f, const uint8_t *bytes, size_t len);

#endif
