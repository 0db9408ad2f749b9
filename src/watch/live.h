/* Inside watch only: the addresses of live sessions, added and taken away while others read.
 *
 * One thread writes, any number read. A slot points to a node (a prefix), a node to a chain of
 * entries; each is complete before anything points to it, and none is used again, so that a
 * reader sees a watch of before or after a change and never half of one. There is room for so
 * many; who needs more makes a new one. */
#ifndef WATCH_LIVE_H
#define WATCH_LIVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "watch/sieve.h"
#include "watch/watch.h"

struct live_node {
	struct watch_key key;
	struct net_prefix prefix;
	_Atomic uint32_t first; /* entry; 0: none */
};

struct live_entry {
	uint32_t warrant;
	uint32_t session;
	uint32_t node;
	_Atomic uint32_t next; /* 0: none */
};

/* Node and entry 0 are nobody's. */
struct live {
	_Atomic uint32_t *slots; /* nodes by hash */
	struct live_node *nodes;
	struct live_entry *entries;
	uint32_t mask;
	uint32_t room; /* nodes and entries at most */
	uint32_t n_nodes;
	uint32_t n_entries;
	uint32_t n_alive;     /* entries that were not taken away */
	_Atomic bool is_used; /* there has been a node */
	_Atomic uint64_t lengths[N_FAMILIES][MAX_BITS / 64 + 1]; /* bit i: prefixes of i bits */
};

MUST_CHECK int live_init(struct live *live, uint32_t room);
void live_fini(struct live *live);

/* False where there is no room. */
bool live_add(struct live *live, const struct watch_target *target);

/* Whether it was there. */
bool live_remove(struct live *live, const struct watch_target *target);

/* The longest prefix of fewer than `below` bits that holds the key; 0: none. */
uint32_t live_find(const struct live *live, int version, struct watch_key k, int below);

/* Each target that is there: calls take until it returns false. */
bool live_each(const struct live *live, bool (*take)(void *arg, const struct watch_target *t),
	       void *arg);

#endif
