#include "base/ring.h"

#include <pthread.h>

#include "base/tap.h"

enum { N_ITEMS = 200000, BATCH = 7 };

static char items[N_ITEMS];

static void *produce(void *arg)
{
	struct ring *r = arg;
	uint32_t next = 0;

	while (next < N_ITEMS) {
		void *batch[BATCH];
		uint32_t n = 0;

		while (n < BATCH && next + n < N_ITEMS) {
			batch[n] = &items[next + n];
			n++;
		}
		next += ring_push(r, batch, n);
	}
	return NULL;
}

static void order_is_kept_between_threads(void)
{
	struct ring r;
	pthread_t producer;
	uint32_t next = 0;
	bool is_in_order = true;

	ok(ring_init(&r, 100) == 0 && r.mask == 127, "100 slots become 128");
	pthread_create(&producer, NULL, produce, &r);
	while (next < N_ITEMS) {
		void *batch[16];
		uint32_t n = ring_pop(&r, batch, 16);

		for (uint32_t i = 0; i < n; i++)
			is_in_order &= batch[i] == &items[next++];
	}
	pthread_join(producer, NULL);
	ok(is_in_order, "%d items came out in the order they went in", N_ITEMS);
	ok(ring_len(&r) == 0, "and none is left");
	ring_fini(&r);
}

static void bounds_hold(void)
{
	struct ring r;
	void *batch[8] = {items, items, items, items, items, items, items, items};

	ok(ring_init(&r, 0) == ERR_USAGE, "a ring of nothing is refused");
	ok(ring_init(&r, 4) == 0 && ring_push(&r, batch, 8) == 4, "four fit in four");
	ok(ring_push(&r, batch, 1) == 0, "a full ring takes none");
	ok(ring_pop(&r, batch, 8) == 4 && ring_pop(&r, batch, 8) == 0, "four come out, then none");
	ring_fini(&r);
}

int main(void)
{
	order_is_kept_between_threads();
	bounds_hold();
	return tap_end();
}
