#include "engine/roll.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 };

static int grow(struct roll *r)
{
	int cap = r->cap ? 2 * r->cap : FIRST_CAP;
	struct roll_batch *batches;

	if (r->n < r->cap)
		return 0;
	batches = realloc(r->batches, (size_t)cap * sizeof *batches);
	if (!batches)
		return ERR_NOMEM;
	memset(batches + r->cap, 0, (size_t)(cap - r->cap) * sizeof *batches);
	r->batches = batches;
	r->cap = cap;
	return 0;
}

static int copy(struct roll_batch *b, const struct weir_frame *frames, int n)
{
	if (!b->own)
		b->own = aligned_alloc(sizeof *b->own, SOURCE_BATCH * sizeof *b->own);
	if (!b->own)
		return ERR_NOMEM;
	memcpy(b->own, frames, (size_t)n * sizeof *frames);
	b->frames = b->own;
	return 0;
}

int roll_keep(struct roll *r, struct weir_frame *frames, int n, bool is_copied,
	      struct weir_frame **kept)
{
	struct roll_batch *b;

	assert(n <= SOURCE_BATCH);
	if (grow(r) < 0)
		return ERR_NOMEM;
	b = &r->batches[r->n];
	b->frames = frames;
	b->n = n;
	if (is_copied && copy(b, frames, n) < 0)
		return ERR_NOMEM;
	r->n++;
	*kept = b->frames;
	return 0;
}

void roll_clear(struct roll *r)
{
	r->n = 0;
}

void roll_fini(struct roll *r)
{
	for (int i = 0; i < r->cap; i++)
		free(r->batches[i].own);
	free(r->batches);
	*r = (struct roll){0};
}
