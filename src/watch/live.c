#include "watch/live.h"

#include <stdlib.h>

static uint32_t slot_of(const struct live *live, int version, struct watch_key k, int bits)
{
	k.lo ^= (uint64_t)(version << 8 | bits) << 40;
	return (uint32_t)(watch_hash(k) >> 32) & live->mask;
}

static bool is_of(const struct live_node *n, int version, struct watch_key k, int bits)
{
	return n->key.hi == k.hi && n->key.lo == k.lo && n->prefix.bits == bits &&
	       watch_version(&n->prefix) == version;
}

int live_init(struct live *live, uint32_t room)
{
	uint32_t n_slots = 64;

	while (n_slots < room * 2)
		n_slots *= 2;
	*live = (struct live){.mask = n_slots - 1, .room = room, .n_nodes = 1, .n_entries = 1};
	live->slots = calloc(n_slots, sizeof *live->slots);
	live->nodes = calloc(room + 1, sizeof *live->nodes);
	live->entries = calloc(room + 1, sizeof *live->entries);
	return live->slots && live->nodes && live->entries ? 0 : ERR_NOMEM;
}

void live_fini(struct live *live)
{
	free(live->slots);
	free(live->nodes);
	free(live->entries);
	*live = (struct live){.slots = NULL};
}

/* The node of exactly this prefix, or 0 and the free slot where it belongs. */
static uint32_t node_at(const struct live *live, const struct net_prefix *p, uint32_t *free_slot)
{
	struct watch_key k = watch_key_of(&p->ip);
	int version = watch_version(p);
	uint32_t slot = slot_of(live, version, k, p->bits);
	uint32_t node;

	while ((node = atomic_load_explicit(&live->slots[slot], memory_order_acquire))) {
		if (is_of(&live->nodes[node], version, k, p->bits))
			return node;
		slot = (slot + 1) & live->mask;
	}
	*free_slot = slot;
	return 0;
}

static uint32_t add_node(struct live *live, const struct net_prefix *p, uint32_t slot)
{
	uint32_t node = live->n_nodes++;
	int version = watch_version(p);

	live->nodes[node].key = watch_key_of(&p->ip);
	live->nodes[node].prefix = *p;
	atomic_store_explicit(&live->slots[slot], node, memory_order_release);
	atomic_store_explicit(&live->is_used, true, memory_order_release);
	atomic_fetch_or(&live->lengths[version][p->bits / 64], (uint64_t)1 << p->bits % 64);
	return node;
}

/* The link that points to the target's entry, or the end of the chain. */
static _Atomic uint32_t *link_of(struct live *live, uint32_t node, const struct watch_target *t)
{
	_Atomic uint32_t *link = &live->nodes[node].first;
	uint32_t entry;

	while ((entry = atomic_load(link))) {
		if (t && live->entries[entry].warrant == t->warrant &&
		    live->entries[entry].session == t->session)
			break;
		link = &live->entries[entry].next;
	}
	return link;
}

/* Entries stand in the order in which they came. */
bool live_add(struct live *live, const struct watch_target *t)
{
	uint32_t slot = 0, entry = live->n_entries;
	uint32_t node = node_at(live, &t->prefix, &slot);

	if (entry > live->room || (!node && live->n_nodes > live->room))
		return false;
	if (!node)
		node = add_node(live, &t->prefix, slot);
	live->n_entries++;
	live->n_alive++;
	live->entries[entry].warrant = t->warrant;
	live->entries[entry].session = t->session;
	live->entries[entry].node = node;
	atomic_store_explicit(link_of(live, node, NULL), entry, memory_order_release);
	return true;
}

bool live_remove(struct live *live, const struct watch_target *t)
{
	uint32_t unused, entry = 0;
	uint32_t node = node_at(live, &t->prefix, &unused);
	_Atomic uint32_t *link = node ? link_of(live, node, t) : NULL;

	if (link)
		entry = atomic_load(link);
	if (!entry)
		return false;
	atomic_store_explicit(link, atomic_load(&live->entries[entry].next), memory_order_release);
	live->entries[entry].node = 0;
	live->n_alive--;
	return true;
}

static uint32_t find_length(const struct live *live, int version, struct watch_key k, int bits)
{
	uint32_t slot, node;

	k = watch_key_cut(k, watch_mask(bits, watch_width(version)));
	slot = slot_of(live, version, k, bits);
	while ((node = atomic_load_explicit(&live->slots[slot], memory_order_acquire))) {
		if (is_of(&live->nodes[node], version, k, bits))
			return node;
		slot = (slot + 1) & live->mask;
	}
	return 0;
}

uint32_t live_find(const struct live *live, int version, struct watch_key k, int below)
{
	for (int word = MAX_BITS / 64; word >= 0; word--) {
		uint64_t lengths = atomic_load(&live->lengths[version][word]);

		if (below < 64 * word + 64)
			lengths &=
				below <= 64 * word ? 0 : UINT64_MAX >> (64 - (below - 64 * word));
		while (lengths) {
			int bit = 63 - __builtin_clzll(lengths);
			uint32_t node = find_length(live, version, k, 64 * word + bit);

			if (node)
				return node;
			lengths &= ~((uint64_t)1 << bit);
		}
	}
	return 0;
}

bool live_each(const struct live *live, bool (*take)(void *arg, const struct watch_target *t),
	       void *arg)
{
	for (uint32_t i = 1; i < live->n_entries; i++) {
		const struct live_entry *e = &live->entries[i];
		struct watch_target t = {.warrant = e->warrant, .session = e->session};

		if (!e->node)
			continue;
		t.prefix = live->nodes[e->node].prefix;
		if (!take(arg, &t))
			return false;
	}
	return true;
}
