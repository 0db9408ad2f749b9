#include "conf/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/nearest.h"

enum { MAX_FIELDS = 64, QUOTE_LEN = 60 };

/* A walk that reads: where it is, for the reason. */
struct read_walk {
	struct why *why;
	const struct conf_sight *sight;
	char path[CONF_PATH_LEN];
	size_t path_len;
};

struct conf_list *conf_list_of(const struct conf_field *field, const void *owner)
{
	return (struct conf_list *)((uintptr_t)owner + field->offset);
}

static void *member_of(const struct conf_field *field, const void *owner)
{
	return (void *)((uintptr_t)owner + field->offset);
}

__attribute__((format(printf, 3, 4))) static int refuse(struct read_walk *walk, int line,
							const char *format, ...)
{
	char text[WHY_TEXT_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	why_set(walk->why, ERR_BAD, "%s%s%s", walk->path, walk->path_len ? ": " : "", text);
	if (line)
		why_line(walk->why, line);
	return ERR_BAD;
}

/* Adds ".name" or "[3]" to the path; returns the length to go back to. */
static size_t enter(struct read_walk *walk, const char *name, size_t index)
{
	size_t len = walk->path_len;
	size_t room = sizeof walk->path - len;
	int n = name ? snprintf(walk->path + len, room, "%s%s", len ? "." : "", name)
		     : snprintf(walk->path + len, room, "[%zu]", index);

	walk->path_len += (size_t)n < room ? (size_t)n : room - 1;
	return len;
}

static void leave(struct read_walk *walk, size_t len)
{
	walk->path_len = len;
	walk->path[len] = 0;
}

static int read_record(struct read_walk *walk, const struct conf_record *record,
		       const struct conf_value *value, void *out);

/* Says why a scalar is refused; a secret is not repeated. */
static int refuse_scalar(struct read_walk *walk, const struct conf_field *field,
			 const struct conf_value *value)
{
	char want[CONF_WANT_LEN];

	field->type->want(field, want, sizeof want);
	if (value->kind != CONF_KIND_SCALAR)
		return refuse(walk, value->line, "a %s stands here; wanted is %s",
			      value->kind == CONF_KIND_LIST ? "list" : "map", want);
	if (field->is_secret)
		return refuse(walk, value->line, "what is given is not %s", want);
	if (field->type->is_bare && !value->is_plain)
		return refuse(walk, value->line, "\"%.*s\" is a text; wanted is %s", QUOTE_LEN,
			      value->text, want);
	if (!field->type->is_bare && value->is_typed)
		return refuse(walk, value->line, "%.*s is no text; wanted is %s", QUOTE_LEN,
			      value->text, want);
	return refuse(walk, value->line, "\"%.*s\" is not %s", QUOTE_LEN, value->text, want);
}

static int read_scalar(struct read_walk *walk, const struct conf_field *field,
		       const struct conf_value *value, void *member)
{
	bool is_bare = field->type->is_bare;

	if (value->kind != CONF_KIND_SCALAR || (is_bare && !value->is_plain) ||
	    (!is_bare && value->is_typed))
		return refuse_scalar(walk, field, value);
	if (field->is_secret && !strcmp(value->text, CONF_SECRET_TEXT))
		return refuse(walk, value->line,
			      "%s stands for what is not shown; give the key, "
			      "or leave the field out",
			      CONF_SECRET_TEXT);
	errno = 0;
	if (field->type->parse(field, value->text, member))
		return 0;
	return errno == ENOMEM ? ERR_NOMEM : refuse_scalar(walk, field, value);
}

size_t conf_item_size(const struct conf_field *field)
{
	return field->of ? field->of->size : field->type->size;
}

static int read_items(struct read_walk *walk, const struct conf_field *field,
		      const struct conf_value *value, struct conf_list *list)
{
	int rc = 0;

	list->items = value->n ? calloc(value->n, conf_item_size(field)) : NULL;
	if (value->n && !list->items)
		return ERR_NOMEM;
	for (const struct conf_value *child = value->first; !rc && child; child = child->next) {
		size_t len = enter(walk, NULL, list->n);
		void *item = (char *)list->items + list->n++ * conf_item_size(field);

		rc = field->of ? read_record(walk, field->of, child, item)
			       : read_scalar(walk, field, child, item);
		leave(walk, len);
	}
	return rc;
}

static int read_list(struct read_walk *walk, const struct conf_field *field,
		     const struct conf_value *value, void *owner)
{
	int64_t least = field->of ? field->min : 0;
	int64_t most = field->of ? field->max : (int64_t)field->max_items;

	if (!most)
		most = field->of ? INT64_MAX : CONF_MAX_TEXTS;
	if (value->kind != CONF_KIND_LIST)
		return refuse(walk, value->line, "must be a list, each item: %s",
			      field->of ? field->of->name : field->type->name);
	if ((int64_t)value->n < least || (int64_t)value->n > most)
		return refuse(walk, value->line, "%zu listed; wanted are %" PRId64 " to %" PRId64,
			      value->n, least, most);
	return read_items(walk, field, value, conf_list_of(field, owner));
}

static int read_field(struct read_walk *walk, const struct conf_field *field,
		      const struct conf_value *value, void *owner)
{
	size_t len = enter(walk, field->name, 0);
	int rc;

	if (field->is_list)
		rc = read_list(walk, field, value, owner);
	else if (field->of)
		rc = read_record(walk, field->of, value, member_of(field, owner));
	else
		rc = read_scalar(walk, field, value, member_of(field, owner));
	leave(walk, len);
	return rc;
}

static int refuse_key(struct read_walk *walk, const struct conf_record *record,
		      const struct conf_value *value)
{
	const char *names[MAX_FIELDS];
	const char *near;

	for (size_t i = 0; i < record->n_fields; i++)
		names[i] = record->fields[i].name;
	near = conf_nearest(value->key, names, record->n_fields);
	if (near)
		return refuse(walk, value->key_line, "unknown key \"%.*s\"; did you mean \"%s\"?",
			      QUOTE_LEN, value->key, near);
	return refuse(walk, value->key_line, "unknown key \"%.*s\"", QUOTE_LEN, value->key);
}

bool conf_default(const struct conf_field *field, void *member)
{
	if (field->type->clear)
		field->type->clear(member);
	return !field->otherwise || field->type->parse(field, field->otherwise, member);
}

/* Fields that the document left out: their defaults, or the reason why that cannot be. */
static int read_absent(struct read_walk *walk, const struct conf_record *record, uint64_t seen,
		       const struct conf_value *value, void *out)
{
	for (size_t i = 0; i < record->n_fields; i++) {
		const struct conf_field *field = &record->fields[i];

		if (seen >> i & 1)
			continue;
		if (field->is_required && conf_is_for(field, walk->sight))
			return refuse(walk, value->line, "\"%s\" is missing", field->name);
		if (field->type && !field->is_list && !conf_default(field, member_of(field, out)))
			return ERR_NOMEM;
	}
	return 0;
}

static int read_check(struct read_walk *walk, const struct conf_record *record,
		      const struct conf_value *value, const void *out)
{
	struct conf_fault fault = {.path = "", .whom = walk->sight->whom};
	int line;

	if (!record->check || record->check(out, &fault))
		return 0;
	if (fault.is_unknown)
		return ERR_NOMEM;
	line = conf_value_line(value, fault.path);
	if (fault.path[0])
		enter(walk, fault.path, 0);
	return refuse(walk, line, "%s", fault.text);
}

/* Index of the field of this name, looked for from `first` on and around; n_fields: none. */
static size_t find_field(const struct conf_record *record, const char *name, size_t first)
{
	for (size_t i = 0; i < record->n_fields; i++) {
		size_t at = (first + i) % record->n_fields;

		if (!strcmp(record->fields[at].name, name))
			return at;
	}
	return record->n_fields;
}

static int read_record(struct read_walk *walk, const struct conf_record *record,
		       const struct conf_value *value, void *out)
{
	uint64_t seen = 0;
	size_t next = 0; /* where the key is in a document that keeps the table's order */
	int rc = 0;

	if (value->kind != CONF_KIND_MAP)
		return refuse(walk, value->line, "must be a map: the fields of %s %s",
			      strchr("aeiou", record->name[0]) ? "an" : "a", record->name);
	for (const struct conf_value *child = value->first; child; child = child->next) {
		size_t i = find_field(record, child->key, next);

		if (i == record->n_fields)
			return refuse_key(walk, record, child);
		if (seen >> i & 1)
			return refuse(walk, child->key_line, "\"%s\" is given twice", child->key);
		seen |= (uint64_t)1 << i;
		next = i + 1;
		rc = read_field(walk, &record->fields[i], child, out);
		if (rc)
			return rc;
	}
	rc = read_absent(walk, record, seen, value, out);
	return rc ? rc : read_check(walk, record, value, out);
}

int conf_read(const struct conf_record *record, const struct conf_value *root, void *out,
	      struct why *why)
{
	return conf_read_as(record, root, &(struct conf_sight){.whom = 0}, out, why);
}

int conf_read_as(const struct conf_record *record, const struct conf_value *root,
		 const struct conf_sight *sight, void *out, struct why *why)
{
	struct read_walk walk = {.why = why, .sight = sight};
	int rc;

	memset(out, 0, record->size);
	rc = read_record(&walk, record, root, out);
	if (rc == ERR_NOMEM)
		why_set(why, rc, "%s", err_text(rc));
	if (rc)
		conf_fini(record, out);
	return rc;
}

/* What is written must read back: then every limit and cross check holds. */
int conf_check(const struct conf_record *record, const void *in, struct why *why)
{
	struct conf_doc *doc = NULL;
	void *again = calloc(1, record->size);
	const struct conf_value *root = NULL;
	int rc = again ? conf_doc_new(&doc) : ERR_NOMEM;

	if (!rc)
		root = conf_write(record, in, doc);
	if (!rc)
		rc = root ? conf_read(record, root, again, why) : ERR_NOMEM;
	if (!rc)
		conf_fini(record, again);
	conf_doc_free(&doc);
	free(again);
	return rc;
}

static void fini_scalar(const struct conf_field *field, void *member)
{
	char *text = field->type->is_text ? *(char **)member : NULL;

	if (text && field->is_secret)
		explicit_bzero(text, strlen(text));
	free(text);
	explicit_bzero(member, field->is_secret ? field->type->size : 0);
}

static void fini_field(const struct conf_field *field, void *owner)
{
	struct conf_list *list = field->is_list ? conf_list_of(field, owner) : NULL;

	for (size_t i = 0; list && i < list->n; i++) {
		if (field->of)
			conf_fini(field->of, conf_list_item(field, owner, i));
		else
			fini_scalar(field, conf_list_item(field, owner, i));
	}
	if (list)
		free(list->items);
	else if (field->of)
		conf_fini(field->of, member_of(field, owner));
	else
		fini_scalar(field, member_of(field, owner));
}

void conf_fini(const struct conf_record *record, void *at)
{
	for (size_t i = 0; i < record->n_fields; i++)
		fini_field(&record->fields[i], at);
	memset(at, 0, record->size);
}

size_t conf_list_n(const struct conf_field *field, const void *owner)
{
	return conf_list_of(field, owner)->n;
}

void *conf_list_item(const struct conf_field *field, const void *owner, size_t i)
{
	return (char *)conf_list_of(field, owner)->items + i * conf_item_size(field);
}
