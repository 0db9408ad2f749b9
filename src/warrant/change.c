#include "warrant/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/json.h"
#include "warrant/check.h"
#include "warrant/key.h"
#include "warrant/part.h"

/* A difference while it is found. */
struct finding {
	const struct orders *from, *to;
	struct conf_sight sight;
	struct conf_doc *doc;
	struct conf_value *put;    /* maps of lists, by the list's name */
	struct conf_value *remove; /* … of keys */
};

/* Appends to the list of this name, which is made where it is not there yet. */
static bool append_to(struct finding *f, struct conf_value *map, const char *name,
		      struct conf_value *item)
{
	struct conf_value *list = map->last;

	if (!item)
		return false;
	if (!list || strcmp(list->key, name)) {
		list = conf_value_new(f->doc, CONF_KIND_LIST, 0);
		if (!list)
			return false;
		list->key = name;
		conf_value_append(map, list);
	}
	conf_value_append(list, item);
	return true;
}

static bool put(struct finding *f, const struct conf_field *list, const void *item)
{
	const char *text = list->of ? NULL : *(char *const *)item;

	return append_to(f, f->put, list->name,
			 list->of ? conf_write_as(list->of, item, &f->sight, f->doc)
				  : conf_value_scalar(f->doc, text, strlen(text)));
}

static bool drop(struct finding *f, const struct conf_field *list, const void *item)
{
	char key[ORDERS_KEY_LEN];

	key_of(list)->print(item, key);
	return append_to(f, f->remove, list->name, conf_value_scalar(f->doc, key, strlen(key)));
}

/* Both lists in order of their keys, side by side. */
static bool find_in_list(struct finding *f, const struct conf_field *list)
{
	const void **from = key_sorted(list, f->from);
	const void **to = key_sorted(list, f->to);
	size_t n_from = conf_list_n(list, f->from);
	size_t n_to = conf_list_n(list, f->to);
	const struct key *key = key_of(list);
	bool is_well = from && to;

	for (size_t i = 0, k = 0; is_well && (i < n_from || k < n_to);) {
		int order = i == n_from ? 1 : k == n_to ? -1 : key->order(from[i], to[k]);

		if (order < 0)
			is_well = drop(f, list, from[i]);
		else if (order > 0 ||
			 (list->of && !conf_is_equal_as(list->of, &f->sight, from[i], to[k])))
			is_well = put(f, list, to[k]);
		i += order <= 0;
		k += order >= 0;
	}
	free(from);
	free(to);
	return is_well;
}

static bool find_in_record(struct finding *f, const struct conf_field *field)
{
	const void *from = (const char *)f->from + field->offset;
	const void *to = (const char *)f->to + field->offset;
	struct conf_value *value;

	if (conf_is_equal_as(field->of, &f->sight, from, to))
		return true;
	value = conf_write_as(field->of, to, &f->sight, f->doc);
	if (!value)
		return false;
	value->key = field->name;
	conf_value_append(f->put, value);
	return true;
}

static bool find(struct finding *f)
{
	f->put = conf_value_new(f->doc, CONF_KIND_MAP, 0);
	f->remove = conf_value_new(f->doc, CONF_KIND_MAP, 0);
	for (size_t i = 0; i < orders_record.n_fields && f->put && f->remove; i++) {
		const struct conf_field *field = &orders_record.fields[i];

		if (!conf_is_for(field, &f->sight))
			continue;
		if (!(field->is_list ? find_in_list(f, field) : find_in_record(f, field)))
			return false;
	}
	return f->put && f->remove;
}

int orders_change_print(const struct orders *from, const struct orders *to, unsigned role,
			struct json *j, bool *differs)
{
	struct finding f = {.from = from, .to = to, .sight = {.whom = role}};
	int rc = conf_doc_new(&f.doc);

	*differs = false;
	if (!rc && !find(&f))
		rc = ERR_NOMEM;
	if (!rc && f.put->n) {
		json_key(j, "put");
		conf_json_print(f.put, j);
	}
	if (!rc && f.remove->n) {
		json_key(j, "remove");
		conf_json_print(f.remove, j);
	}
	*differs = !rc && (f.put->n || f.remove->n);
	conf_doc_free(&f.doc);
	return rc ? rc : j->w->ok ? 0 : ERR_FULL;
}

/* A change while it is applied. */
struct applying {
	const struct orders *from;
	struct orders part; /* what is put */
	const struct conf_value *remove;
	struct conf_sight sight;
	struct orders *out;
	struct why *why;
};

/* Keys that a list of the change removes: sorted; of a list's length. */
struct removal {
	const char **keys;
	size_t n;
	size_t n_found;
};

static int text_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int removal_init(struct removal *r, const struct applying *a, const struct conf_field *list)
{
	const struct conf_value *keys = a->remove ? conf_value_find(a->remove, list->name) : NULL;

	*r = (struct removal){calloc(keys ? keys->n + 1 : 1, sizeof *r->keys), 0, 0};
	if (!r->keys)
		return ERR_NOMEM;
	if (keys && keys->kind != CONF_KIND_LIST)
		return why_set(a->why, ERR_BAD, "remove.%s: must be a list of keys", list->name);
	for (const struct conf_value *key = keys ? keys->first : NULL; key; key = key->next) {
		if (key->kind != CONF_KIND_SCALAR)
			return why_set(a->why, ERR_BAD, "remove.%s: must be a list of keys",
				       list->name);
		r->keys[r->n++] = key->text;
	}
	qsort(r->keys, r->n, sizeof *r->keys, text_order);
	return 0;
}

static bool is_removed(struct removal *r, const struct conf_field *list, const void *item)
{
	char key[ORDERS_KEY_LEN];
	const char *text = key;

	if (!r->n)
		return false;
	key_of(list)->print(item, key);
	if (!bsearch(&text, r->keys, r->n, sizeof *r->keys, text_order))
		return false;
	r->n_found++;
	return true;
}

static int append_copy(const struct applying *a, const struct conf_field *list, const void *item)
{
	struct conf_list *out = conf_list_of(list, a->out);
	void *to = conf_list_item(list, a->out, out->n);
	int rc = 0;

	if (list->of)
		rc = conf_copy(list->of, &a->sight, item, to);
	else if (!(*(char **)to = strdup(*(char *const *)item)))
		rc = ERR_NOMEM;
	out->n += !rc;
	return rc;
}

/* Two sorted lists become one; an item that is put replaces the one with its key. */
static int merge(const struct applying *a, const struct conf_field *list, struct removal *removal)
{
	const void **from = key_sorted(list, a->from);
	const void **part = key_sorted(list, &a->part);
	size_t n_from = conf_list_n(list, a->from);
	size_t n_part = conf_list_n(list, &a->part);
	const struct key *key = key_of(list);
	int rc = from && part ? 0 : ERR_NOMEM;

	for (size_t i = 0, k = 0; !rc && (i < n_from || k < n_part);) {
		int order = i == n_from ? 1 : k == n_part ? -1 : key->order(from[i], part[k]);
		bool is_gone = order <= 0 && is_removed(removal, list, from[i]);

		if (order >= 0)
			rc = append_copy(a, list, part[k]);
		else if (!is_gone)
			rc = append_copy(a, list, from[i]);
		i += order <= 0;
		k += order >= 0;
	}
	free(from);
	free(part);
	return rc;
}

static int apply_list(const struct applying *a, const struct conf_field *list)
{
	size_t most = conf_list_n(list, a->from) + conf_list_n(list, &a->part);
	struct conf_list *out = conf_list_of(list, a->out);
	struct removal removal;
	int rc = removal_init(&removal, a, list);

	*out = (struct conf_list){calloc(most + 1, conf_item_size(list)), 0};
	if (!out->items)
		rc = ERR_NOMEM;
	if (!rc)
		rc = merge(a, list, &removal);
	if (!rc && removal.n_found != removal.n)
		rc = why_set(a->why, ERR_BAD, "remove.%s: %zu of its %zu keys are not there",
			     list->name, removal.n - removal.n_found, removal.n);
	if (!rc && out->n > (list->of ? (size_t)list->max : list->max_items))
		rc = why_set(a->why, ERR_BAD, "%s: would be %zu, which are too many", list->name,
			     out->n);
	free(removal.keys);
	return rc;
}

static int apply(struct applying *a)
{
	int rc = conf_copy(&operator_record, &a->sight,
			   a->part.operator.id ? &a->part.operator: &a->from->operator,
			   &a->out->operator);

	for (size_t i = 0; !rc && i < orders_record.n_fields; i++) {
		if (orders_record.fields[i].is_list)
			rc = apply_list(a, &orders_record.fields[i]);
	}
	return rc;
}

static int check(const struct applying *a)
{
	struct conf_fault fault = {.path = "", .whom = a->sight.whom};

	if (orders_check(a->out, &fault))
		return 0;
	if (fault.is_unknown)
		return ERR_NOMEM;
	return why_set(a->why, ERR_BAD, "%s%s%s", fault.path, fault.path[0] ? ": " : "",
		       fault.text);
}

/* Every list whose keys are removed is one of orders. */
static int check_remove(const struct conf_value *remove, struct why *why)
{
	if (remove->kind != CONF_KIND_MAP)
		return why_set(why, ERR_BAD, "remove: must be a map of lists of keys");
	for (const struct conf_value *list = remove->first; list; list = list->next) {
		size_t i = 0;

		while (i < orders_record.n_fields &&
		       !(orders_record.fields[i].is_list &&
			 !strcmp(orders_record.fields[i].name, list->key)))
			i++;
		if (i == orders_record.n_fields)
			return why_set(why, ERR_BAD, "remove: there is no list \"%.40s\"",
				       list->key);
	}
	return 0;
}

int orders_change_apply(const struct orders *from, const struct conf_value *change, unsigned role,
			struct orders *out, struct why *why)
{
	const struct conf_value *put = conf_value_find(change, "put");
	struct applying a = {
		.from = from,
		.remove = conf_value_find(change, "remove"),
		.sight = {.whom = role},
		.out = out,
		.why = why,
	};
	int rc = a.remove ? check_remove(a.remove, why) : 0;

	memset(out, 0, sizeof *out);
	if (!rc && put)
		rc = conf_read_as(&orders_part_record, put, &a.sight, &a.part, why);
	if (!rc)
		rc = apply(&a);
	if (!rc)
		rc = check(&a);
	if (rc) {
		why_set(why, rc, "%s", err_text(rc));
		orders_fini(out);
	}
	conf_fini(&orders_part_record, &a.part);
	return rc;
}
