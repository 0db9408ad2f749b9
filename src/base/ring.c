#include "base/ring.h"

#include <stdlib.h>

enum { RING_MAX_SIZE = 1 << 20 };

int ring_init(struct ring *r, uint32_t size)
{
	uint32_t n = 1;

	*r = (struct ring){0};
	if (size == 0 || size > RING_MAX_SIZE)
		return ERR_USAGE;
	while (n < size)
		n *= 2;
	r->slots = calloc(n, sizeof *r->slots);
	r->mask = n - 1;
	return r->slots ? 0 : ERR_NOMEM;
}

void ring_fini(struct ring *r)
{
	free(r->slots);
	*r = (struct ring){0};
}

uint32_t ring_push(struct ring *r, void *const *items, uint32_t n)
{
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint32_t size = r->mask + 1;

	if (size - (head - r->tail_seen) < n)
		r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
	if (size - (head - r->tail_seen) < n)
		n = size - (head - r->tail_seen);
	for (uint32_t i = 0; i < n; i++)
		r->slots[(head + i) & r->mask] = items[i];
	atomic_store_explicit(&r->head, head + n, memory_order_release);
	return n;
}

uint32_t ring_pop(struct ring *r, void **items, uint32_t n)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	if (r->head_seen - tail < n)
		r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire);
	if (r->head_seen - tail < n)
		n = r->head_seen - tail;
	for (uint32_t i = 0; i < n; i++)
		items[i] = r->slots[(tail + i) & r->mask];
	atomic_store_explicit(&r->tail, tail + n, memory_order_release);
	return n;
}

uint32_t ring_len(const struct ring *r)
{
	return atomic_load_explicit(&r->head, memory_order_acquire) -
	       atomic_load_explicit(&r->tail, memory_order_acquire);
}
