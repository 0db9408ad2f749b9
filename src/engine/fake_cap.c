/* The source room's front, for tests that are linked without that room. */
#include <stdlib.h>

#include "cap/backend.h"

void source_close(struct source **source)
{
	struct source *s = *source;

	if (s && s->own)
		s->ops->close(s);
	free(s);
	*source = NULL;
}
int source_n_queues(const struct source *s)
{
	return s->n_queues;
}
bool source_is_live(const struct source *s)
{
	return s->is_live;
}
int source_block(struct source *s, int q, struct weir_block **out)
{
	*out = NULL;
	return s->ops->block(s, q, out);
}
void source_stop(struct source *s)
{
	s->ops->stop(s);
}
int block_batch(struct weir_block *b, struct weir_frame **frames)
{
	return b->batch(b, frames);
}
uint64_t block_number(const struct weir_block *b)
{
	return b->number;
}
struct weir_block *block_get(struct weir_block *b)
{
	atomic_fetch_add(&b->n_refs, 1);
	return b;
}
void block_put(struct weir_block **block)
{
	struct weir_block *b = *block;

	*block = NULL;
	if (b && atomic_fetch_sub(&b->n_refs, 1) == 1)
		b->give(b);
}
void frame_hold(struct weir_frame *held, const struct weir_frame *f)
{
	*held = *f;
	block_get(f->block);
}
void frame_drop(struct weir_frame *held)
{
	block_put(&held->block);
}
struct source_stats source_stats(const struct source *s)
{
	return s->ops->stats(s, -1);
}
