#include "warrant/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "warrant/orders.h"

/* Compares items i and j of an array, for order and for equality. */
typedef int (*order_fn)(const void *items, size_t i, size_t j);

struct sorting {
	order_fn order;
	const void *items;
};

/* Equal items keep the order of the document, so that the later one is at fault. */
static int by_order(const void *a, const void *b, void *arg)
{
	const struct sorting *sorting = arg;
	size_t i = *(const size_t *)a;
	size_t j = *(const size_t *)b;
	int order = sorting->order(sorting->items, i, j);

	return order ? order : i < j ? -1 : i > j;
}

enum { TWIN_NONE, TWIN_FOUND, TWIN_NO_MEMORY };

/* Two equal items among n: the first such pair in sorted order. */
static int find_twins(const void *items, size_t n, order_fn order, size_t twins[2])
{
	struct sorting sorting = {order, items};
	size_t *index = n > 1 ? calloc(n, sizeof *index) : NULL;
	int found = TWIN_NONE;

	if (n < 2)
		return TWIN_NONE;
	if (!index)
		return TWIN_NO_MEMORY;
	for (size_t i = 0; i < n; i++)
		index[i] = i;
	qsort_r(index, n, sizeof *index, by_order, &sorting);
	for (size_t i = 1; i < n && found == TWIN_NONE; i++) {
		if (order(items, index[i - 1], index[i]))
			continue;
		twins[0] = index[i - 1];
		twins[1] = index[i];
		found = TWIN_FOUND;
	}
	free(index);
	return found;
}

static int prefix_order(const void *items, size_t i, size_t j)
{
	const struct target *a = (const struct target *)items + i;
	const struct target *b = (const struct target *)items + j;

	if (a->prefix.ip.version != b->prefix.ip.version)
		return a->prefix.ip.version - b->prefix.ip.version;
	if (a->prefix.bits != b->prefix.bits)
		return a->prefix.bits - b->prefix.bits;
	return memcmp(a->prefix.ip.bytes, b->prefix.ip.bytes, sizeof a->prefix.ip.bytes);
}

static int liid_order(const void *items, size_t i, size_t j)
{
	const struct warrant *a = (const struct warrant *)items + i;
	const struct warrant *b = (const struct warrant *)items + j;
	int order = strcmp(a->agency, b->agency);

	return order ? order : strcmp(a->liid, b->liid);
}

static int id_order(const void *items, size_t i, size_t j)
{
	return strcmp(((const struct agency *)items)[i].id, ((const struct agency *)items)[j].id);
}

__attribute__((format(printf, 2, 3))) static void blame(struct conf_fault *fault,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fault->path, sizeof fault->path, format, args);
	va_end(args);
}

static bool out_of_memory(struct conf_fault *fault)
{
	snprintf(fault->text, sizeof fault->text, "no memory to check this");
	return false;
}

bool warrant_check(const void *record, struct conf_fault *fault)
{
	const struct warrant *w = record;
	size_t twins[2];
	int found;

	if (w->start.ns >= w->end.ns) {
		blame(fault, "end");
		snprintf(fault->text, sizeof fault->text, "is not after the warrant's start");
		return false;
	}
	found = find_twins(w->targets.items, w->targets.n, prefix_order, twins);
	if (found == TWIN_NO_MEMORY)
		return out_of_memory(fault);
	if (found == TWIN_FOUND) {
		char text[NET_IP_TEXT_LEN];

		net_prefix_print(&w->targets.items[twins[1]].prefix, text);
		blame(fault, "targets[%zu].prefix", twins[1]);
		snprintf(fault->text, sizeof fault->text, "%s is listed already, as targets[%zu]",
			 text, twins[0]);
	}
	return found == TWIN_NONE;
}

static bool agencies_exist(const struct orders *orders, struct conf_fault *fault)
{
	for (size_t i = 0; i < orders->warrants.n; i++) {
		const char *name = orders->warrants.items[i].agency;
		size_t k = 0;

		while (k < orders->agencies.n && strcmp(orders->agencies.items[k].id, name))
			k++;
		if (k < orders->agencies.n)
			continue;
		blame(fault, "warrants[%zu].agency", i);
		snprintf(fault->text, sizeof fault->text, "no agency has the id \"%s\"", name);
		return false;
	}
	return true;
}

bool orders_check(const void *record, struct conf_fault *fault)
{
	const struct orders *orders = record;
	size_t twins[2];
	int found = find_twins(orders->agencies.items, orders->agencies.n, id_order, twins);

	if (found == TWIN_FOUND) {
		blame(fault, "agencies[%zu].id", twins[1]);
		snprintf(fault->text, sizeof fault->text, "\"%s\" is the id of agencies[%zu] too",
			 orders->agencies.items[twins[1]].id, twins[0]);
		return false;
	}
	if (found == TWIN_NONE && !agencies_exist(orders, fault))
		return false;
	if (found == TWIN_NONE)
		found = find_twins(orders->warrants.items, orders->warrants.n, liid_order, twins);
	if (found == TWIN_FOUND) {
		blame(fault, "warrants[%zu].liid", twins[1]);
		snprintf(fault->text, sizeof fault->text,
			 "\"%s\" is the LIID of warrants[%zu] too, for the same agency",
			 orders->warrants.items[twins[1]].liid, twins[0]);
	}
	return found == TWIN_NO_MEMORY ? out_of_memory(fault) : found == TWIN_NONE;
}
