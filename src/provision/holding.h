/* What the provisioner holds in memory: orders, and the collectors that orders do not name. Each
 * kind of thing is a row of `kinds`; things of a kind lie in the order of their keys, and beside
 * each stands its revision and the digest of what the store has of it. */
#ifndef PROVISION_HOLDING_H
#define PROVISION_HOLDING_H

#include "conf/record.h"
#include "store/store.h"
#include "warrant/orders.h"

enum kind_id {
	KIND_OPERATOR,
	KIND_SETTINGS,
	KIND_MEDIATORS,
	KIND_COLLECTORS,
	KIND_CORE_SERVERS,
	KIND_AGENCIES,
	KIND_WARRANTS,
	KIND_N,
};

struct kind {
	enum kind_id id;
	const char *name; /* in paths, in documents and in the store */
	const char *one;  /* a word for people */
	const struct conf_record *record;
	const char *key_field; /* that a refusal of a key points at */
	/* NULL: there is but one of its kind, under the empty key */
	void (*key)(const void *item, char out[ORDERS_KEY_LEN]);
	size_t list;                   /* offset of its struct conf_list in struct holding */
	const char *const *key_fields; /* whose texts make the key of one with secrets, or NULL */
};

extern const struct kind kinds[KIND_N];

struct entry {
	char *key;
	int64_t revision;
	char digest[STORE_HASH_LEN];
};

struct shelf {
	struct entry *entries; /* as many as the list has items */
	size_t n;
	size_t size; /* room for so many, in entries and in the list */
};

struct holding {
	struct orders orders;
	struct {
		struct collector *items;
		size_t n;
	} collectors;
	struct shelf shelves[KIND_N];
};

/* Fills the rows that other rooms' tables have. Once, before anything else. */
void kinds_init(void);

void holding_fini(struct holding *h);

void *holding_item(const struct holding *h, const struct kind *kind, size_t i);

/* Whether there is one; *i is its place, or the place that it would have. */
bool holding_find(const struct holding *h, const struct kind *kind, const char *key, size_t *i);

/* Makes room for one more, so that holding_put cannot fail. */
MUST_CHECK int holding_reserve(struct holding *h, const struct kind *kind);

/* Moves an item in, in place of the one with its key; *item is empty afterwards. Takes the entry's
 * key. */
void holding_put(struct holding *h, const struct kind *kind, const struct entry *entry, void *item);
void holding_remove(struct holding *h, const struct kind *kind, size_t i);

/* Whether what is held would still be consistent with this item put in, or with the one at i
 * taken out; else the fault, whose path is the item's own where it can be ("agency"). */
bool holding_may_put(const struct holding *h, const struct kind *kind, const void *item,
		     struct conf_fault *fault);
bool holding_may_remove(const struct holding *h, const struct kind *kind, size_t i,
			struct conf_fault *fault);

#endif
