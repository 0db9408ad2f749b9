#include "base/lookup.h"

#include <stdlib.h>

#include "base/pages.h"

enum { FIRST_SIZE = 64 };

void lookup_fini(struct lookup *l)
{
	free(l->slots);
	*l = (struct lookup){.slots = NULL};
}

uint64_t lookup_spread(uint64_t v)
{
	v = (v ^ v >> 32) * 0xd6e8feb86659fd93ull;
	v = (v ^ v >> 32) * 0xd6e8feb86659fd93ull;
	return v ^ v >> 32;
}

uint64_t lookup_hash(uint64_t seed, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t hash = 0xcbf29ce484222325ull ^ lookup_spread(seed);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * 0x100000001b3ull;
	return lookup_spread(hash);
}

static void put(struct lookup *l, uint64_t hash, uint32_t stored)
{
	uint32_t at = (uint32_t)hash & (l->size - 1);

	while (l->slots[at].value)
		at = (at + 1) & (l->size - 1);
	l->slots[at].hash = hash;
	l->slots[at].value = stored;
	l->n_used++;
	l->n++;
}

/* Twice as large as what is in it needs, so that what was taken away goes too. */
static int grow(struct lookup *l)
{
	struct lookup more = {.size = FIRST_SIZE};

	while (more.size < (l->n + 1) * 4)
		more.size *= 2;
	more.slots = pages_new(more.size * sizeof *more.slots);
	if (!more.slots)
		return ERR_NOMEM;
	/* from behind a free slot on, so that values of one hash keep their order */
	for (uint32_t i = 0, from = 0; l->size && i < l->size; i++) {
		uint32_t at;

		if (i == 0)
			while (from < l->size && l->slots[from].value)
				from++;
		at = (from + i) & (l->size - 1);
		if (l->slots[at].value && l->slots[at].value != LOOKUP_GONE)
			put(&more, l->slots[at].hash, l->slots[at].value);
	}
	lookup_fini(l);
	*l = more;
	return 0;
}

int lookup_add(struct lookup *l, uint64_t hash, uint32_t value)
{
	int rc = l->n_used * 2 >= l->size ? grow(l) : 0;

	if (!rc)
		put(l, hash, value + 1);
	return rc;
}

void lookup_remove(struct lookup *l, uint64_t hash, uint32_t value)
{
	uint32_t at = (uint32_t)hash & (l->size - 1);

	for (; l->size && l->slots[at].value; at = (at + 1) & (l->size - 1)) {
		if (l->slots[at].hash == hash && l->slots[at].value == value + 1) {
			l->slots[at].value = LOOKUP_GONE;
			l->n--;
			return;
		}
	}
}

struct lookup_walk lookup_first(const struct lookup *l, uint64_t hash)
{
	return (struct lookup_walk){l->size ? (uint32_t)hash & (l->size - 1) : 0, 0};
}

bool lookup_next(const struct lookup *l, uint64_t hash, struct lookup_walk *walk, uint32_t *value)
{
	while (walk->n_seen < l->size && l->slots[walk->at].value) {
		uint32_t at = walk->at;

		walk->at = (at + 1) & (l->size - 1);
		walk->n_seen++;
		if (l->slots[at].hash == hash && l->slots[at].value != LOOKUP_GONE) {
			*value = l->slots[at].value - 1;
			return true;
		}
	}
	return false;
}
