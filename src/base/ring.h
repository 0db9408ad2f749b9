/* A ring between one producer thread and one consumer thread; it moves ownership of pointers.
 *
 *   slot:  0   1   2   3   4   5   6   7        full when head - tail == size;
 *              ^tail           ^head            both only grow, and wrap at 2^32
 *
 * Head and tail live on cache lines of their own, and each side keeps its last sight of the
 * other's, so that a batch costs one transfer of a line between the cores. */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { RING_LINE = 64 };

struct ring {
	_Alignas(RING_LINE) _Atomic uint32_t head; /* written by the producer */
	uint32_t tail_seen;                        /* the producer's */
	_Alignas(RING_LINE) _Atomic uint32_t tail; /* written by the consumer */
	uint32_t head_seen;                        /* the consumer's */
	_Alignas(RING_LINE) void **slots;
	uint32_t mask;
};

/* size is rounded up to a power of two (at most 2^20). */
MUST_CHECK int ring_init(struct ring *r, uint32_t size);

/* Frees the slots; what they still point to is the caller's to have popped before. */
void ring_fini(struct ring *r);

/* Pushes up to n items; returns how many went in. Producer only. */
uint32_t ring_push(struct ring *r, void *const *items, uint32_t n);

/* Pops up to n items; returns how many came out. Consumer only. */
uint32_t ring_pop(struct ring *r, void **items, uint32_t n);

/* How many items wait, as far as the calling side can tell. */
uint32_t ring_len(const struct ring *r);

#endif
