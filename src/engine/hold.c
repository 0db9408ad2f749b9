/* Held frames: counted against a hard cap. Any thread may let go. */
#include "engine/crew.h"

/* Takes one of max_held; false when there is none. */
static bool reserve(struct engine *e)
{
	uint32_t n = atomic_load(&e->n_held);

	while (n < e->options.max_held) {
		if (atomic_compare_exchange_weak(&e->n_held, &n, n + 1))
			return true;
	}
	return false;
}

int engine_hold(struct worker *w, struct weir_frame *held, const struct weir_frame *f)
{
	if (!reserve(w->e))
		return ERR_FULL;
	frame_hold(held, f);
	return 0;
}

void engine_release(struct engine *e, struct weir_frame *held)
{
	frame_drop(held);
	atomic_fetch_sub(&e->n_held, 1);
	atomic_fetch_add(&e->n_released, 1);
	bell_ring(&e->released);
}
