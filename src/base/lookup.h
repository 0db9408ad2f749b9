/* Numbers by a hash, several of them under the same one. Who looks compares
 * what the number stands for; hashes must be spread over all 64 bits. */
#ifndef BASE_LOOKUP_H
#define BASE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct lookup_slot {
	uint64_t hash;
	uint32_t value; /* + 1; 0: free, LOOKUP_GONE: was taken away */
};

struct lookup {
	struct lookup_slot *slots;
	uint32_t size;   /* a power of two; 0: none yet */
	uint32_t n_used; /* slots that are not free */
	uint32_t n;
};

/* Where a walk over the values of one hash stands. */
struct lookup_walk {
	uint32_t at;
	uint32_t n_seen;
};

enum { LOOKUP_GONE = UINT32_MAX, LOOKUP_MAX_VALUE = UINT32_MAX - 2 };

void lookup_fini(struct lookup *l);
MUST_CHECK int lookup_add(struct lookup *l, uint64_t hash, uint32_t value);
void lookup_remove(struct lookup *l, uint64_t hash, uint32_t value);

/* The first and every further value of the hash, in the order in which they were added where none
 * was taken away between; false: no more. Not across a change. */
struct lookup_walk lookup_first(const struct lookup *l, uint64_t hash);
bool lookup_next(const struct lookup *l, uint64_t hash, struct lookup_walk *walk, uint32_t *value);

/* Asks for the memory that a walk over the values of this hash begins with. */
static inline void lookup_prefetch(const struct lookup *l, uint64_t hash)
{
	enum { NEAR = 3 }; /* it goes on to the next free slot */
	uint32_t at = (uint32_t)hash & (l->size - 1);

	if (l->size) {
		__builtin_prefetch(&l->slots[at]);
		__builtin_prefetch(&l->slots[(at + NEAR) & (l->size - 1)]);
	}
	/* without this gcc thinks that nothing happens here, and leaves calls out */
	__asm__ volatile("" ::: "memory");
}

/* FNV-1a, its bits spread. Not for octets by which strangers could make tables slow: see seed. */
uint64_t lookup_hash(uint64_t seed, const void *bytes, size_t len);
uint64_t lookup_spread(uint64_t v);

#endif
