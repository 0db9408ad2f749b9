#include "provision/holding.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void agency_key(const void *item, char out[ORDERS_KEY_LEN])
{
	snprintf(out, ORDERS_KEY_LEN, "%s", ((const struct agency *)item)->id);
}

static void mediator_key(const void *item, char out[ORDERS_KEY_LEN])
{
	snprintf(out, ORDERS_KEY_LEN, "%s", ((const struct mediator *)item)->name);
}

static void collector_key(const void *item, char out[ORDERS_KEY_LEN])
{
	snprintf(out, ORDERS_KEY_LEN, "%s", ((const struct collector *)item)->name);
}

static void server_key(const void *item, char out[ORDERS_KEY_LEN])
{
	core_server_key(item, out);
}

static void key_of_warrant(const void *item, char out[ORDERS_KEY_LEN])
{
	warrant_key(item, out);
}

/* Of struct orders, the one field that is neither a list of things nor the operator: a record
 * that looks at this field alone. */
static struct conf_record settings_record = {
	.name = "settings",
	.doc = "What holds for all warrants.",
	.n_fields = 1,
	.size = sizeof(struct orders),
};

static const char *const agency_key_fields[] = {"id", NULL};
static const char *const warrant_key_fields[] = {"agency", "liid", NULL};

const struct kind kinds[KIND_N] = {
	{KIND_OPERATOR, "operator", "operator", &operator_record, "id", NULL, 0, NULL},
	{KIND_SETTINGS, "settings", "settings", &settings_record, NULL, NULL, 0, NULL},
	{KIND_MEDIATORS, "mediators", "mediator", &mediator_record, "name", mediator_key,
	 offsetof(struct holding, orders.mediators), NULL},
	{KIND_COLLECTORS, "collectors", "collector", &collector_record, "name", collector_key,
	 offsetof(struct holding, collectors), NULL},
	{KIND_CORE_SERVERS, "core_servers", "core server", &core_server_record, "name", server_key,
	 offsetof(struct holding, orders.core_servers), NULL},
	{KIND_AGENCIES, "agencies", "agency", &agency_record, "id", agency_key,
	 offsetof(struct holding, orders.agencies), agency_key_fields},
	{KIND_WARRANTS, "warrants", "warrant", &warrant_record, "liid", key_of_warrant,
	 offsetof(struct holding, orders.warrants), warrant_key_fields},
};

void kinds_init(void)
{
	for (size_t i = 0; i < orders_record.n_fields; i++) {
		if (!strcmp(orders_record.fields[i].name, "radius_ignored_users"))
			settings_record.fields = &orders_record.fields[i];
	}
	assert(settings_record.fields);
}

static struct conf_list *list_of(const struct holding *h, const struct kind *kind)
{
	return (struct conf_list *)((uintptr_t)h + kind->list);
}

void *holding_item(const struct holding *h, const struct kind *kind, size_t i)
{
	if (kind->key)
		return (char *)list_of(h, kind)->items + i * kind->record->size;
	return (void *)(uintptr_t)(kind->id == KIND_OPERATOR ? (const void *)&h->orders.operator
							      : &h->orders);
}

bool holding_find(const struct holding *h, const struct kind *kind, const char *key, size_t *i)
{
	const struct shelf *shelf = &h->shelves[kind->id];
	size_t low = 0;
	size_t high = shelf->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(shelf->entries[middle].key, key);

		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*i = low;
	return low < shelf->n && !strcmp(shelf->entries[low].key, key);
}

int holding_reserve(struct holding *h, const struct kind *kind)
{
	struct shelf *shelf = &h->shelves[kind->id];
	struct conf_list *list = list_of(h, kind);
	size_t size = shelf->size ? 2 * shelf->size : 8;
	void *entries, *items;

	if (shelf->n < shelf->size)
		return 0;
	entries = realloc(shelf->entries, size * sizeof *shelf->entries);
	if (!entries)
		return ERR_NOMEM;
	shelf->entries = entries;
	if (kind->key) {
		items = realloc(list->items, size * kind->record->size);
		if (!items)
			return ERR_NOMEM;
		list->items = items;
	}
	shelf->size = size;
	return 0;
}

/* What there is but one of lies in orders: its content changes places with the item's. */
static void swap_single(struct holding *h, const struct kind *kind, void *item)
{
	if (kind->id == KIND_OPERATOR) {
		struct operator old = h->orders.operator;

		memcpy(&h->orders.operator, item, sizeof old);
		memcpy(item, &old, sizeof old);
	} else {
		struct orders *of = item;
		struct orders old = h->orders;

		h->orders.radius_ignored_users = of->radius_ignored_users;
		of->radius_ignored_users = old.radius_ignored_users;
	}
	conf_fini(kind->record, item);
}

void holding_put(struct holding *h, const struct kind *kind, const struct entry *entry, void *item)
{
	struct shelf *shelf = &h->shelves[kind->id];
	size_t size = kind->record->size;
	size_t i;
	bool is_there = holding_find(h, kind, entry->key, &i);
	char *at;

	if (is_there) {
		free(shelf->entries[i].key);
	} else {
		assert(shelf->n < shelf->size);
		memmove(&shelf->entries[i + 1], &shelf->entries[i],
			(shelf->n - i) * sizeof *shelf->entries);
	}
	shelf->entries[i] = *entry;
	shelf->n += !is_there;
	if (!kind->key) {
		swap_single(h, kind, item);
		return;
	}
	at = holding_item(h, kind, i);
	if (is_there)
		conf_fini(kind->record, at);
	else
		memmove(at + size, at, (list_of(h, kind)->n - i) * size);
	memcpy(at, item, size);
	memset(item, 0, size);
	list_of(h, kind)->n = shelf->n;
}

void holding_remove(struct holding *h, const struct kind *kind, size_t i)
{
	struct shelf *shelf = &h->shelves[kind->id];
	size_t size = kind->record->size;
	char *at = holding_item(h, kind, i);

	free(shelf->entries[i].key);
	memmove(&shelf->entries[i], &shelf->entries[i + 1],
		(shelf->n - i - 1) * sizeof *shelf->entries);
	shelf->n--;
	conf_fini(kind->record, at);
	memmove(at, at + size, (shelf->n - i) * size);
	list_of(h, kind)->n = shelf->n;
}

void holding_fini(struct holding *h)
{
	for (size_t k = 0; k < KIND_N; k++) {
		for (size_t i = 0; i < h->shelves[k].n; i++)
			free(h->shelves[k].entries[i].key);
		free(h->shelves[k].entries);
	}
	for (size_t i = 0; i < h->collectors.n; i++)
		conf_fini(&collector_record, &h->collectors.items[i]);
	free(h->collectors.items);
	orders_fini(&h->orders);
	memset(h, 0, sizeof *h);
}

/* The kind's list with an item put in, or (item NULL) the one at i taken out; shallow. */
static bool try_list(const struct holding *h, const struct kind *kind, const void *item, size_t i,
		     struct conf_list *out)
{
	const struct conf_list *list = list_of(h, kind);
	size_t size = kind->record->size;
	char key[ORDERS_KEY_LEN];
	bool is_there = true;

	if (item) {
		kind->key(item, key);
		is_there = holding_find(h, kind, key, &i);
	}
	out->items = malloc((list->n + 1) * size);
	if (!out->items)
		return false;
	if (list->n)
		memcpy(out->items, list->items, list->n * size);
	out->n = list->n + !is_there;
	if (item && is_there) {
		memcpy((char *)out->items + i * size, item, size);
	} else if (item) {
		memcpy((char *)out->items + list->n * size, item, size);
	} else {
		memmove((char *)out->items + i * size, (char *)out->items + (i + 1) * size,
			(list->n - i - 1) * size);
		out->n--;
	}
	return true;
}

/* "warrants[0].agency" is the warrant's own "agency". */
static void own_path(struct conf_fault *fault)
{
	char *dot = strchr(fault->path, '.');

	if (dot)
		memmove(fault->path, dot + 1, strlen(dot));
}

/* Daemons refuse a list that is longer than orders may have. */
static bool has_room(const struct holding *h, const struct kind *kind, const void *item,
		     struct conf_fault *fault)
{
	char key[ORDERS_KEY_LEN];
	size_t i;

	for (size_t k = 0; k < orders_record.n_fields; k++) {
		const struct conf_field *field = &orders_record.fields[k];

		if (!field->is_list || strcmp(field->name, kind->name) ||
		    list_of(h, kind)->n < (size_t)field->max)
			continue;
		kind->key(item, key);
		if (holding_find(h, kind, key, &i))
			return true;
		snprintf(fault->text, sizeof fault->text, "there are %zu %s, and no more may be",
			 list_of(h, kind)->n, kind->name);
		return false;
	}
	return true;
}

bool holding_may_put(const struct holding *h, const struct kind *kind, const void *item,
		     struct conf_fault *fault)
{
	struct holding trial = *h;
	struct conf_list list;
	bool is_well;

	*fault = (struct conf_fault){.whom = 0};
	if (!kind->key || kind->id == KIND_COLLECTORS)
		return true;
	if (!has_room(h, kind, item, fault))
		return false;
	if (kind->id == KIND_WARRANTS) {
		/* a warrant depends on no other: their keys differ by construction */
		trial.orders.warrants.items = (struct warrant *)(uintptr_t)item;
		trial.orders.warrants.n = 1;
		is_well = orders_record.check(&trial.orders, fault);
		own_path(fault);
		return is_well;
	}
	if (!try_list(h, kind, item, 0, &list)) {
		snprintf(fault->text, sizeof fault->text, "no memory to check this");
		return false;
	}
	memcpy(list_of(&trial, kind), &list, sizeof list);
	is_well = orders_record.check(&trial.orders, fault);
	free(list.items);
	return is_well;
}

bool holding_may_remove(const struct holding *h, const struct kind *kind, size_t i,
			struct conf_fault *fault)
{
	struct holding trial = *h;
	struct conf_list list;
	bool is_well;

	*fault = (struct conf_fault){.whom = 0};
	if (!kind->key || kind->id == KIND_COLLECTORS || kind->id == KIND_WARRANTS)
		return true;
	if (!try_list(h, kind, NULL, i, &list)) {
		snprintf(fault->text, sizeof fault->text, "no memory to check this");
		return false;
	}
	memcpy(list_of(&trial, kind), &list, sizeof list);
	is_well = orders_record.check(&trial.orders, fault);
	free(list.items);
	return is_well;
}
