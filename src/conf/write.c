/* Structs as trees, and as copies; what differs between two. */
#include "conf/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const void *member_of(const struct conf_field *field, const void *owner)
{
	return (const void *)((uintptr_t)owner + field->offset);
}

/* The tree of one scalar: NULL in *out where it is absent; false when there is no memory. */
static bool write_scalar(const struct conf_field *field, const void *member,
			 const struct conf_sight *sight, struct conf_doc *doc,
			 struct conf_value **out)
{
	char room[CONF_WANT_LEN];
	const char *text = field->type->print(field, member, room, sizeof room);

	*out = NULL;
	if (!text)
		return true;
	if (field->is_secret && sight->hides_secrets)
		text = CONF_SECRET_TEXT;
	*out = conf_value_scalar(doc, text, strlen(text));
	if (*out)
		(*out)->is_plain = field->type->is_bare;
	explicit_bzero(room, field->is_secret ? sizeof room : 0);
	return *out != NULL;
}

static bool write_list(const struct conf_field *field, const void *in,
		       const struct conf_sight *sight, struct conf_doc *doc,
		       struct conf_value **out)
{
	struct conf_value *list = conf_value_new(doc, CONF_KIND_LIST, 0);

	*out = list;
	for (size_t i = 0; list && i < conf_list_n(field, in); i++) {
		const void *at = conf_list_item(field, in, i);
		struct conf_value *item = NULL;

		if (field->of)
			item = conf_write_as(field->of, at, sight, doc);
		else if (!write_scalar(field, at, sight, doc, &item))
			return false;
		if (!item)
			return false;
		conf_value_append(list, item);
	}
	return list != NULL;
}

static bool write_field(const struct conf_field *field, const void *in,
			const struct conf_sight *sight, struct conf_doc *doc,
			struct conf_value **out)
{
	if (field->is_list)
		return write_list(field, in, sight, doc, out);
	if (!field->of)
		return write_scalar(field, member_of(field, in), sight, doc, out);
	*out = conf_write_as(field->of, member_of(field, in), sight, doc);
	return *out != NULL;
}

struct conf_value *conf_write(const struct conf_record *record, const void *in,
			      struct conf_doc *doc)
{
	return conf_write_as(record, in, &(struct conf_sight){.whom = 0}, doc);
}

struct conf_value *conf_write_as(const struct conf_record *record, const void *in,
				 const struct conf_sight *sight, struct conf_doc *doc)
{
	struct conf_value *map = conf_value_new(doc, CONF_KIND_MAP, 0);

	for (size_t i = 0; map && i < record->n_fields; i++) {
		const struct conf_field *field = &record->fields[i];
		struct conf_value *value;

		if (!conf_is_for(field, sight))
			continue;
		if (!write_field(field, in, sight, doc, &value))
			return NULL;
		if (!value)
			continue;
		value->key = field->name;
		conf_value_append(map, value);
	}
	return map;
}

/* Where two structs differ: the path is written from its end, on the way out of the walk. */
struct difference {
	const struct conf_sight *sight;
	char path[CONF_PATH_LEN];
};

static bool differs_at(struct difference *d, const char *name, size_t index)
{
	char rest[CONF_PATH_LEN];
	const char *dot = d->path[0] && d->path[0] != '[' ? "." : "";

	memcpy(rest, d->path, sizeof rest);
	if (name)
		snprintf(d->path, sizeof d->path, "%s%s%s", name, dot, rest);
	else
		snprintf(d->path, sizeof d->path, "[%zu]%s%s", index, dot, rest);
	return false;
}

static bool is_equal_scalar(const struct conf_field *field, const void *a, const void *b)
{
	char room_a[CONF_WANT_LEN];
	char room_b[CONF_WANT_LEN];
	const char *text_a = field->type->print(field, a, room_a, sizeof room_a);
	const char *text_b = field->type->print(field, b, room_b, sizeof room_b);

	return text_a && text_b ? !strcmp(text_a, text_b) : !text_a && !text_b;
}

static bool is_equal_record(struct difference *d, const struct conf_record *record, const void *a,
			    const void *b);

static bool is_equal_list(struct difference *d, const struct conf_field *field, const void *a,
			  const void *b)
{
	size_t n = conf_list_n(field, a);

	if (n != conf_list_n(field, b))
		return false;
	for (size_t i = 0; i < n; i++) {
		const void *x = conf_list_item(field, a, i);
		const void *y = conf_list_item(field, b, i);

		if (field->of ? !is_equal_record(d, field->of, x, y)
			      : !is_equal_scalar(field, x, y))
			return differs_at(d, NULL, i);
	}
	return true;
}

static bool is_equal_record(struct difference *d, const struct conf_record *record, const void *a,
			    const void *b)
{
	for (size_t i = 0; i < record->n_fields; i++) {
		const struct conf_field *field = &record->fields[i];
		const void *x = member_of(field, a);
		const void *y = member_of(field, b);
		bool is_equal = !conf_is_for(field, d->sight) ? true
				: field->is_list              ? is_equal_list(d, field, a, b)
				: field->of                   ? is_equal_record(d, field->of, x, y)
							      : is_equal_scalar(field, x, y);

		if (!is_equal)
			return differs_at(d, field->name, 0);
	}
	return true;
}

bool conf_is_equal(const struct conf_record *record, const void *a, const void *b,
		   char path[CONF_PATH_LEN])
{
	static const struct conf_sight all = {.whom = 0};
	struct difference d = {.sight = &all, .path = ""};
	bool is_equal = is_equal_record(&d, record, a, b);

	if (path)
		memcpy(path, d.path, CONF_PATH_LEN);
	return is_equal;
}

bool conf_is_equal_as(const struct conf_record *record, const struct conf_sight *sight,
		      const void *a, const void *b)
{
	struct difference d = {.sight = sight, .path = ""};

	return is_equal_record(&d, record, a, b);
}

/* What a scalar owns is a text (or nothing, and then its octets are all of it). */
static bool copy_scalar(const struct conf_field *field, const void *in, void *out)
{
	const char *text;

	memcpy(out, in, field->type->size);
	if (!field->type->is_text)
		return true;
	text = *(char *const *)in;
	*(char **)out = text ? strdup(text) : NULL;
	return !text || *(char **)out;
}

static bool copy_record(const struct conf_record *record, const struct conf_sight *sight,
			const void *in, void *out);

static bool copy_list(const struct conf_field *field, const struct conf_sight *sight,
		      const void *in, void *out)
{
	struct conf_list *list = conf_list_of(field, out);
	size_t n = conf_list_n(field, in);

	*list = (struct conf_list){n ? calloc(n, conf_item_size(field)) : NULL, 0};
	if (n && !list->items)
		return false;
	while (list->n < n) {
		const void *from = conf_list_item(field, in, list->n);
		void *to = conf_list_item(field, out, list->n++);

		if (field->of ? !copy_record(field->of, sight, from, to)
			      : !copy_scalar(field, from, to))
			return false;
	}
	return true;
}

static bool copy_field(const struct conf_field *field, const struct conf_sight *sight,
		       const void *in, void *out)
{
	void *to = (void *)((uintptr_t)out + field->offset);

	if (!conf_is_for(field, sight))
		return !field->type || conf_default(field, to);
	if (field->is_list)
		return copy_list(field, sight, in, out);
	if (field->of)
		return copy_record(field->of, sight, member_of(field, in), to);
	return copy_scalar(field, member_of(field, in), to);
}

static bool copy_record(const struct conf_record *record, const struct conf_sight *sight,
			const void *in, void *out)
{
	for (size_t i = 0; i < record->n_fields; i++) {
		if (!copy_field(&record->fields[i], sight, in, out))
			return false;
	}
	return true;
}

int conf_copy(const struct conf_record *record, const struct conf_sight *sight, const void *in,
	      void *out)
{
	memset(out, 0, record->size);
	if (copy_record(record, sight, in, out))
		return 0;
	conf_fini(record, out);
	return ERR_NOMEM;
}
