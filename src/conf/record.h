/* The walks over field tables (field.h): reading, writing, comparing, checking, freeing. */
#ifndef CONF_RECORD_H
#define CONF_RECORD_H

#include "base/err.h"
#include "base/json.h"
#include "base/why.h"
#include "base/wr.h"
#include "conf/field.h"
#include "conf/value.h"

/* What stands where a secret is not shown; it is no value. */
#define CONF_SECRET_TEXT "(secret)"

/* How a walk sees a record. All zeros: whole, with its secrets. */
struct conf_sight {
	unsigned whom;      /* bits of field.for_whom: fields that are for others are not there */
	bool hides_secrets; /* a secret that is there shows as CONF_SECRET_TEXT */
};

static inline bool conf_is_for(const struct conf_field *field, const struct conf_sight *sight)
{
	return !sight->whom || !field->for_whom || (field->for_whom & sight->whom);
}

/* Fills the struct at out from a tree. Every key must be known, given once, and well; defaults
 * are filled in; cross checks hold. On failure out is empty and the reason names the line and
 * the field's path. What out owns is freed by conf_fini. */
MUST_CHECK int conf_read(const struct conf_record *record, const struct conf_value *root, void *out,
			 struct why *why);

/* The same, of what was cut for somebody: fields that are for others may be absent. */
MUST_CHECK int conf_read_as(const struct conf_record *record, const struct conf_value *root,
			    const struct conf_sight *sight, void *out, struct why *why);

/* Writes the struct as a tree in doc; NULL when there is no memory. */
struct conf_value *conf_write(const struct conf_record *record, const void *in,
			      struct conf_doc *doc);
struct conf_value *conf_write_as(const struct conf_record *record, const void *in,
				 const struct conf_sight *sight, struct conf_doc *doc);

/* Makes *out a copy of *in, of which it owns all; what is not in sight is absent, or has its
 * default. ERR_NOMEM leaves *out empty. */
MUST_CHECK int conf_copy(const struct conf_record *record, const struct conf_sight *sight,
			 const void *in, void *out);

/* Whether two structs say the same. If not and path is not NULL, it names a field that differs. */
bool conf_is_equal(const struct conf_record *record, const void *a, const void *b,
		   char path[CONF_PATH_LEN]);

/* Whether they say the same to somebody. */
bool conf_is_equal_as(const struct conf_record *record, const struct conf_sight *sight,
		      const void *a, const void *b);

/* Whether a struct that was filled by other means keeps all limits and cross checks. */
MUST_CHECK int conf_check(const struct conf_record *record, const void *in, struct why *why);

/* Frees what the struct owns and empties it. */
void conf_fini(const struct conf_record *record, void *at);

/* A YAML text or file to a struct, and back. In a reason the file's name stands for its text.
 * What was printed without its secrets does not read back. */
MUST_CHECK int conf_parse(const struct conf_record *record, const char *text, size_t len, void *out,
			  struct why *why);
MUST_CHECK int conf_load(const struct conf_record *record, const char *path, void *out,
			 struct why *why);
MUST_CHECK int conf_print(const struct conf_record *record, const void *in, struct wr *w);
MUST_CHECK int conf_print_as(const struct conf_record *record, const void *in,
			     const struct conf_sight *sight, struct wr *w);

/* The same in JSON; to JSON: as one value of *j, in the order of the table, defaults too, without
 * blanks. Equal structs print as equal octets. */
MUST_CHECK int conf_parse_json(const struct conf_record *record, const char *text, size_t len,
			       void *out, struct why *why);
MUST_CHECK int conf_print_json(const struct conf_record *record, const void *in,
			       const struct conf_sight *sight, struct json *j);

/* The JSON Schema of the record (OpenAPI 3.1), as one value of *j: every field with its type,
 * limits, default, words and meaning; a record within is "#/components/schemas/NAME". */
void conf_schema(const struct conf_record *record, struct json *j);

/* The reference for the manual: every field with its path, limits, default and meaning. */
void conf_reference(const struct conf_record *record, struct wr *w);

/* How every list lies in its owner: CONF_C_LIST and CONF_C_TEXTS with the item's type left open. */
struct conf_list {
	void *items;
	size_t n;
};

/* A list, by its row; its items and their size. */
struct conf_list *conf_list_of(const struct conf_field *field, const void *owner);
size_t conf_item_size(const struct conf_field *field);
size_t conf_list_n(const struct conf_field *field, const void *owner);
void *conf_list_item(const struct conf_field *field, const void *owner, size_t i);

/* Makes a scalar what it is where it is not given; false when there is no memory. */
bool conf_default(const struct conf_field *field, void *member);

#endif
