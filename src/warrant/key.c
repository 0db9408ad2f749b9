#include "warrant/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int agency_order(const void *a, const void *b)
{
	return strcmp(((const struct agency *)a)->id, ((const struct agency *)b)->id);
}

static void agency_print(const void *item, char out[ORDERS_KEY_LEN])
{
	snprintf(out, ORDERS_KEY_LEN, "%s", ((const struct agency *)item)->id);
}

static int mediator_order(const void *a, const void *b)
{
	return strcmp(((const struct mediator *)a)->name, ((const struct mediator *)b)->name);
}

static void mediator_print(const void *item, char out[ORDERS_KEY_LEN])
{
	snprintf(out, ORDERS_KEY_LEN, "%s", ((const struct mediator *)item)->name);
}

static void core_server_print(const void *item, char out[ORDERS_KEY_LEN])
{
	core_server_key(item, out);
}

static int core_server_order(const void *a, const void *b)
{
	char key_a[ORDERS_KEY_LEN];
	char key_b[ORDERS_KEY_LEN];

	core_server_key(a, key_a);
	core_server_key(b, key_b);
	return strcmp(key_a, key_b);
}

static int warrant_order(const void *a, const void *b)
{
	const struct warrant *x = a;
	const struct warrant *y = b;
	int order = strcmp(x->agency, y->agency);

	return order ? order : strcmp(x->liid, y->liid);
}

static void warrant_print(const void *item, char out[ORDERS_KEY_LEN])
{
	warrant_key(item, out);
}

static int text_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void text_print(const void *item, char out[ORDERS_KEY_LEN])
{
	snprintf(out, ORDERS_KEY_LEN, "%s", *(char *const *)item);
}

const struct key *key_of(const struct conf_field *list)
{
	static const struct key keys[] = {
		{&agency_record, ".id", "the id of", agency_order, agency_print},
		{&core_server_record, "", "the name of", core_server_order, core_server_print},
		{&mediator_record, ".name", "the name of", mediator_order, mediator_print},
		{&warrant_record, ".liid", "the LIID, at this agency, of", warrant_order,
		 warrant_print},
		{NULL, "", "listed as", text_order, text_print},
	};
	size_t i = 0;

	while (keys[i].of != list->of)
		i++;
	return &keys[i];
}

static int by_key(const void *a, const void *b, void *arg)
{
	return ((const struct key *)arg)->order(*(const void *const *)a, *(const void *const *)b);
}

const void **key_sorted(const struct conf_field *list, const struct orders *orders)
{
	size_t n = conf_list_n(list, orders);
	const void **sorted = calloc(n + 1, sizeof *sorted);
	struct key key = *key_of(list);

	for (size_t i = 0; sorted && i < n; i++)
		sorted[i] = conf_list_item(list, orders, i);
	if (sorted)
		qsort_r(sorted, n, sizeof *sorted, by_key, &key);
	return sorted;
}
