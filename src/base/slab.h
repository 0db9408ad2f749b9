/* Things of one size that come and go, and are looked at here and there: side by side in large
 * pages, where a look costs no walk through the tables of pages.
 *
 *	struct slab s = slab_of(sizeof(struct session));
 *	thing = slab_get(&s);      cleared, beginning with a cache line; NULL: no memory
 *	slab_put(thing);           its block is given back when it is empty and another has room
 *	slab_fini(&s);             what is not back stays, and nobody gives it back any more
 *
 * One thread at a time. */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <stddef.h>
#include <stdint.h>

struct slab_block;

struct slab {
	struct slab_block *open; /* blocks with room, the one that is filled first */
	size_t item_len;         /* whole lines */
	uint32_t n_blocks;
	uint32_t n; /* things that are out */
};

/* None yet. len: up to 64 KiB. The slab stays where it is while anything is out. */
struct slab slab_of(size_t len);
void slab_fini(struct slab *s);

void *slab_get(struct slab *s);
/* NULL: nothing happens. */
void slab_put(void *thing);

#endif
