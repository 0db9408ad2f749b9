#include "watch/base.h"

#include <stdlib.h>
#include <string.h>

/* Compiling: sorted so that equal prefixes stand together, and longer ones before shorter. */
static int by_prefix(const void *a, const void *b)
{
	const struct watch_target *x = *(const struct watch_target *const *)a;
	const struct watch_target *y = *(const struct watch_target *const *)b;
	int order = x->prefix.ip.version - y->prefix.ip.version;

	if (!order)
		order = y->prefix.bits - x->prefix.bits;
	if (!order)
		order = memcmp(x->prefix.ip.bytes, y->prefix.ip.bytes, 16);
	return order ? order : x < y ? -1 : x > y;
}

static int sort_targets(const struct watch_target ***out, const struct watch_target *targets,
			size_t n)
{
	const struct watch_target **sorted = calloc(n + 1, sizeof *sorted);

	*out = sorted;
	if (!sorted)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &targets[i];
	qsort(sorted, n, sizeof *sorted, by_prefix);
	return 0;
}

static bool is_same_prefix(const struct net_prefix *a, const struct net_prefix *b)
{
	return a->ip.version == b->ip.version && a->bits == b->bits &&
	       !memcmp(a->ip.bytes, b->ip.bytes, sizeof a->ip.bytes);
}

/* Nodes and entries from the sorted targets. */
static int make_nodes(struct base *b, const struct watch_target *const *sorted, size_t n)
{
	b->nodes = calloc(n + 1, sizeof *b->nodes);
	b->entries = calloc(n + 1, sizeof *b->entries);
	if (!b->nodes || !b->entries)
		return ERR_NOMEM;
	b->n_nodes = 1;
	for (size_t i = 0; i < n; i++) {
		struct node *node = &b->nodes[b->n_nodes - 1];

		if (!i || !is_same_prefix(&sorted[i]->prefix, &sorted[i - 1]->prefix)) {
			node = &b->nodes[b->n_nodes++];
			node->prefix = sorted[i]->prefix;
			node->first = (uint32_t)i;
		}
		node->n++;
		b->entries[i] = (struct entry){sorted[i]->warrant, sorted[i]->session};
		if (sorted[i]->warrant >= b->n_warrants)
			b->n_warrants = sorted[i]->warrant + 1;
	}
	return 0;
}

/* A table for each length that the family has; nodes stand longest first. */
static int make_tables(struct base *b, int version)
{
	struct family *f = &b->families[version];
	uint32_t counts[MAX_BITS + 1] = {0};
	int rc = 0;

	for (uint32_t i = 1; i < b->n_nodes; i++) {
		if (watch_version(&b->nodes[i].prefix) == version)
			counts[b->nodes[i].prefix.bits]++;
	}
	f->prefixes = calloc(MAX_BITS, sizeof *f->prefixes);
	if (!f->prefixes)
		return ERR_NOMEM;
	for (int bits = watch_width(version); bits >= 0 && !rc; bits--) {
		bool is_exact = bits == watch_width(version);

		if (counts[bits])
			rc = watch_table_init(is_exact ? &f->exact : &f->prefixes[f->n_prefixes++],
					      bits, watch_width(version), counts[bits]);
	}
	return rc;
}

static void fill_tables(struct base *b)
{
	for (uint32_t i = 1; i < b->n_nodes; i++) {
		const struct net_prefix *prefix = &b->nodes[i].prefix;
		struct family *f = &b->families[watch_version(prefix)];
		struct watch_table *t = &f->exact;

		if (prefix->bits != watch_width(watch_version(prefix))) {
			t = f->prefixes;
			while (t->bits != prefix->bits)
				t++;
		}
		watch_table_add(t, watch_key_of(&prefix->ip), i);
	}
	for (uint32_t i = 1; i < b->n_nodes; i++) {
		const struct net_prefix *prefix = &b->nodes[i].prefix;
		const struct family *f = &b->families[watch_version(prefix)];
		int shorter = 0;

		while (shorter < f->n_prefixes && f->prefixes[shorter].bits >= prefix->bits)
			shorter++;
		b->nodes[i].parent = base_find_prefix(f, watch_key_of(&prefix->ip), shorter);
	}
}

static void make_plans(struct base *b)
{
	for (uint32_t i = 1; i < b->n_nodes; i++) {
		const struct net_prefix *prefix = &b->nodes[i].prefix;
		int version = watch_version(prefix);

		sieve_plan_add(&b->plans[version], version, prefix);
	}
}

int base_new(struct base **out, const struct watch_target *targets, size_t n)
{
	struct base *b = calloc(1, sizeof *b);
	const struct watch_target **sorted = NULL;
	int rc = b ? 0 : ERR_NOMEM;

	if (n > WATCH_MAX_TARGETS)
		rc = ERR_FULL;
	if (!rc)
		rc = sort_targets(&sorted, targets, n);
	if (!rc)
		rc = make_nodes(b, sorted, n);
	for (int version = V4; !rc && version < N_FAMILIES; version++)
		rc = make_tables(b, version);
	if (!rc) {
		fill_tables(b);
		make_plans(b);
		b->n_users = 1;
	} else {
		base_put(&b);
	}
	free(sorted);
	*out = b;
	return rc;
}

void base_put(struct base **bp)
{
	struct base *b = *bp;

	*bp = NULL;
	if (!b || (b->n_users && --b->n_users))
		return;
	for (int version = V4; version < N_FAMILIES; version++) {
		struct family *f = &b->families[version];

		watch_table_fini(&f->exact);
		for (int i = 0; i < f->n_prefixes; i++)
			watch_table_fini(&f->prefixes[i]);
		free(f->prefixes);
	}
	free(b->nodes);
	free(b->entries);
	free(b);
}
