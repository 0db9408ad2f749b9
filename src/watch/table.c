#include "watch/table.h"

#include <stdlib.h>

enum { LINE_LEN = 64, MEAN_FILL = 8 };

uint32_t watch_table_confirm(const struct watch_table *t, struct watch_key key, uint64_t hash)
{
	uint64_t bucket = hash >> 32;

	for (;; bucket++) {
		size_t first = (size_t)(bucket & (t->n_buckets - 1)) * TABLE_SLOTS;
		uint32_t found = watch_bucket_find(t->tags + first, watch_tag(hash));

		for (; found; found &= found - 1) {
			size_t slot = first + (size_t)__builtin_ctz(found);

			if (t->keys[slot].hi == key.hi && t->keys[slot].lo == key.lo)
				return t->nodes[slot];
		}
		if (!t->tags[first + TABLE_SLOTS - 1])
			return 0;
	}
}

int watch_table_init(struct watch_table *t, int bits, int width, uint32_t n)
{
	size_t n_slots;

	*t = (struct watch_table){.bits = (uint8_t)bits, .n_buckets = 1};
	while (t->n_buckets < n / MEAN_FILL + 1)
		t->n_buckets *= 2;
	n_slots = (size_t)t->n_buckets * TABLE_SLOTS;
	t->mask = watch_mask(bits, width);
	t->tags = aligned_alloc(LINE_LEN, n_slots * sizeof *t->tags);
	t->nodes = calloc(n_slots, sizeof *t->nodes);
	t->keys = calloc(n_slots, sizeof *t->keys);
	if (!t->tags || !t->nodes || !t->keys)
		return ERR_NOMEM;
	memset(t->tags, 0, n_slots * sizeof *t->tags);
	return 0;
}

void watch_table_fini(struct watch_table *t)
{
	free(t->tags);
	free(t->nodes);
	free(t->keys);
	*t = (struct watch_table){.tags = NULL};
}

void watch_table_add(struct watch_table *t, struct watch_key key, uint32_t node)
{
	uint64_t hash = watch_hash(key);
	size_t bucket = (size_t)(hash >> 32) & (t->n_buckets - 1);
	size_t slot = bucket * TABLE_SLOTS;

	while (t->tags[slot])
		slot = slot + 1 == (size_t)t->n_buckets * TABLE_SLOTS ? 0 : slot + 1;
	t->tags[slot] = watch_tag(hash);
	t->nodes[slot] = node;
	t->keys[slot] = key;
}
