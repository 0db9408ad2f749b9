/* A block is one large page, and begins at one: so whose a thing is can be told from where it lies.
 *
 *	| block | thing | thing | free --> | thing | free --> 0 | never used ... |
 *
 * Under a sanitizer each thing is a block of malloc's, so that its use when it is back is seen. */
#include "base/slab.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

enum { MAX_THING = 1 << 16 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_WATCHED 1
#endif
#endif
#ifndef IS_WATCHED
#define IS_WATCHED 0
#endif

struct unused {
	struct unused *next;
};

struct slab_block {
	struct slab *slab;
	struct slab_block *next, **link; /* among those with room; link NULL: it has none */
	struct unused *unused;           /* that were used before */
	uint32_t n;                      /* out */
	uint32_t n_touched;              /* from the first on */
	uint32_t most;
};

struct slab slab_of(size_t len)
{
	assert(len && len <= MAX_THING);
	return (struct slab){.item_len = (len + PAGES_LINE - 1) / PAGES_LINE * PAGES_LINE};
}

static size_t block_len(const struct slab *s)
{
	return IS_WATCHED ? PAGES_LINE + s->item_len : PAGES_LARGE;
}

static void open_block(struct slab *s, struct slab_block *b)
{
	b->next = s->open;
	b->link = &s->open;
	if (b->next)
		b->next->link = &b->next;
	s->open = b;
}

static void shut_block(struct slab_block *b)
{
	*b->link = b->next;
	if (b->next)
		b->next->link = b->link;
	b->link = NULL;
}

static struct slab_block *new_block(struct slab *s)
{
	size_t len = block_len(s), unit = IS_WATCHED ? PAGES_LINE : PAGES_LARGE;
	struct slab_block *b = aligned_alloc(unit, len);

	_Static_assert(sizeof *b <= PAGES_LINE, "things begin with a cache line");
	if (!b)
		return NULL;
	if (!IS_WATCHED)
		(void)madvise(b, len, MADV_HUGEPAGE); /* a wish: without it all works too */
	*b = (struct slab_block){.slab = s, .most = (uint32_t)((len - PAGES_LINE) / s->item_len)};
	s->n_blocks++;
	open_block(s, b);
	return b;
}

static void free_block(struct slab_block *b)
{
	b->slab->n_blocks--;
	if (b->link)
		shut_block(b);
	free(b);
}

void slab_fini(struct slab *s)
{
	struct slab_block *next;

	for (struct slab_block *b = s->open; b; b = next) {
		next = b->next;
		if (!b->n)
			free_block(b);
	}
}

void *slab_get(struct slab *s)
{
	struct slab_block *b = s->open ? s->open : new_block(s);
	void *thing;

	if (!b)
		return NULL;
	if (b->unused) {
		thing = b->unused;
		b->unused = b->unused->next;
	} else {
		thing = (uint8_t *)b + PAGES_LINE + b->n_touched++ * s->item_len;
	}
	s->n++;
	if (++b->n == b->most)
		shut_block(b);
	return memset(thing, 0, s->item_len);
}

static struct slab_block *block_of(void *thing)
{
	size_t offset = IS_WATCHED ? PAGES_LINE : (uintptr_t)thing % PAGES_LARGE;

	return (void *)((uint8_t *)thing - offset);
}

void slab_put(void *thing)
{
	struct slab_block *b = thing ? block_of(thing) : NULL;
	struct unused *unused = thing;

	if (!b)
		return;
	b->slab->n--;
	unused->next = b->unused;
	b->unused = unused;
	if (b->n-- == b->most)
		open_block(b->slab, b);
	/* the last one that has room stays, so that one who comes and goes costs nothing */
	if (!b->n && (IS_WATCHED || b->next || b->link != &b->slab->open))
		free_block(b);
}
