/* Inside warrant only: the keys by which items of orders are told apart. */
#ifndef WARRANT_KEY_H
#define WARRANT_KEY_H

#include "conf/record.h"
#include "warrant/orders.h"

typedef int (*key_order_fn)(const void *a, const void *b);

/* How the items of a list are known. */
struct key {
	const struct conf_record *of; /* NULL: texts */
	const char *field;            /* that a reason points at */
	const char *what;             /* "is %s agencies[0] too" */
	key_order_fn order;
	void (*print)(const void *item, char out[ORDERS_KEY_LEN]);
};

/* Of a list in orders_record. */
const struct key *key_of(const struct conf_field *list);

/* The list's items in the order of their keys: an array that the caller frees, of at least one
 * place; NULL when there is no memory. */
const void **key_sorted(const struct conf_field *list, const struct orders *orders);

#endif
