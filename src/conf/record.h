/* The walks over field tables (field.h): reading, writing, comparing, checking, freeing. */
#ifndef CONF_RECORD_H
#define CONF_RECORD_H

#include "base/err.h"
#include "base/why.h"
#include "base/wr.h"
#include "conf/field.h"
#include "conf/value.h"

/* How a walk sees a record. All zeros: whole, with its secrets. */
struct conf_sight {
	unsigned whom;      /* bits of field.for_whom: fields that are for others are not there */
	bool hides_secrets; /* a secret that is there shows as "(secret)" */
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

/* Whether two structs say the same. If not and path is not NULL, it names a field that differs. */
bool conf_is_equal(const struct conf_record *record, const void *a, const void *b,
		   char path[CONF_PATH_LEN]);

/* Whether a struct that was filled by other means keeps all limits and cross checks. */
MUST_CHECK int conf_check(const struct conf_record *record, const void *in, struct why *why);

/* Frees what the struct owns and empties it. */
void conf_fini(const struct conf_record *record, void *at);

/* A YAML text or file to a struct, and back. In a reason the file's name stands for its text. */
MUST_CHECK int conf_parse(const struct conf_record *record, const char *text, size_t len, void *out,
			  struct why *why);
MUST_CHECK int conf_load(const struct conf_record *record, const char *path, void *out,
			 struct why *why);
MUST_CHECK int conf_print(const struct conf_record *record, const void *in, struct wr *w);
MUST_CHECK int conf_print_as(const struct conf_record *record, const void *in,
			     const struct conf_sight *sight, struct wr *w);

/* The reference for the manual: every field with its path, limits, default and meaning. */
void conf_reference(const struct conf_record *record, struct wr *w);

/* An item of a list, by the list's row. */
size_t conf_list_n(const struct conf_field *field, const void *owner);
void *conf_list_item(const struct conf_field *field, const void *owner, size_t i);

#endif
