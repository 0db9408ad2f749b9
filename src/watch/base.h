/* Inside watch only: the targets of orders, compiled once. It never changes; the watches that
 * share it count themselves. */
#ifndef WATCH_BASE_H
#define WATCH_BASE_H

#include "watch/sieve.h"
#include "watch/table.h"
#include "watch/watch.h"

/* A prefix that somebody watches. Node 0 is nobody's. */
struct node {
	struct net_prefix prefix;
	uint32_t parent; /* the next longest prefix that holds it; 0: none */
	uint32_t first;  /* of its entries */
	uint32_t n;
};

struct entry {
	uint32_t warrant;
	uint32_t session;
};

/* Addresses of one version: whole ones in a table apart, since most targets are; prefixes in one
 * table a length. */
struct family {
	struct watch_table exact;
	struct watch_table *prefixes; /* the longest first */
	int n_prefixes;
};

struct base {
	struct family families[N_FAMILIES];
	struct sieve_plan plans[N_FAMILIES];
	struct node *nodes;
	uint32_t n_nodes; /* with node 0 */
	struct entry *entries;
	uint32_t n_warrants;
	uint32_t n_users; /* watches */
};

MUST_CHECK int base_new(struct base **out, const struct watch_target *targets, size_t n);

/* One user less; the last frees it. Sets NULL, accepts NULL. */
void base_put(struct base **b);

/* The longest prefix that holds the key, among the tables from `from` on; 0: none. */
static inline __attribute__((always_inline)) uint32_t base_find_prefix(const struct family *f,
								       struct watch_key k, int from)
{
	uint32_t node = 0;

	for (int i = from; i < f->n_prefixes && !node; i++)
		node = watch_table_find(&f->prefixes[i], k);
	return node;
}

/* The longest prefix that holds the key; 0: none. Always in its place, so that the key need not lie
 * in memory, where the next look at it would wait for it. */
static inline __attribute__((always_inline)) uint32_t base_find(const struct base *b, int version,
								struct watch_key k)
{
	const struct family *f = &b->families[version];
	uint32_t node = f->exact.tags ? watch_table_find(&f->exact, k) : 0;

	return node ? node : base_find_prefix(f, k, 0);
}

#endif
