/* Held frames: counted against a hard cap, and never so that they pin more than half of the
 * source's blocks, for with none left nothing could be read. Any thread may let go.
 *
 * In a file whoever holds beyond the cap waits, and the reading with him. That helps only if
 * somebody can release: the reporter, another worker, a thread of the program's own. When
 * everybody in the engine waits and no release has come for a while, nobody can, and the caller
 * is told ERR_FULL: so a program that releases only when it sees later packets never hangs. */
#include "engine/crew.h"

enum { NAP_MS = 10, QUIET_NAPS = 50 }; /* half a second: who releases may be short of a processor */

/* Takes one of max_held; false when there is none, or the frame would pin a block too many. */
static bool reserve(struct engine *e, const struct weir_frame *f)
{
	uint32_t n = atomic_load(&e->n_held);

	if (!frame_may_be_held(f))
		return false;
	while (n < e->options.max_held) {
		if (atomic_compare_exchange_weak(&e->n_held, &n, n + 1))
			return true;
	}
	return false;
}

/* Whether nobody in the engine is at work: all wait, for this or for each other. */
static bool is_quiet(const struct engine *e)
{
	if (atomic_load(&e->is_reporting) || atomic_load(&e->is_dealing))
		return false;
	for (int i = 0; i < e->n_workers; i++) {
		if (!atomic_load(&e->workers[i].is_waiting) || ring_len(&e->workers[i].full) > 0)
			return false;
	}
	return true;
}

static int wait_for_room(struct engine *e, const struct weir_frame *f)
{
	uint64_t n_released = atomic_load(&e->n_released);
	int n_naps = atomic_load(&e->gave_up_at) == n_released ? QUIET_NAPS : 0;

	for (;;) {
		uint32_t seen = bell_look(&e->released);

		if (reserve(e, f))
			return 0;
		if (atomic_load(&e->is_stopped) || atomic_load(&e->is_failed))
			return ERR_STOPPED;
		if (atomic_load(&e->n_released) != n_released || !is_quiet(e))
			n_naps = 0;
		n_released = atomic_load(&e->n_released);
		if (n_naps++ >= QUIET_NAPS)
			break;
		bell_wait(&e->released, seen, NAP_MS);
	}
	atomic_store(&e->gave_up_at, n_released);
	return ERR_FULL;
}

int engine_hold(struct worker *w, struct weir_frame *held, const struct weir_frame *f)
{
	struct engine *e = w->e;
	int rc = reserve(e, f) ? 0 : ERR_FULL;

	if (rc && !e->is_live) {
		if (!e->is_alone)
			report_post(w);
		atomic_store(&w->is_waiting, true);
		rc = wait_for_room(e, f);
		atomic_store(&w->is_waiting, false);
	}
	if (rc == 0)
		frame_hold(held, f);
	return rc;
}

void engine_release(struct engine *e, struct weir_frame *held)
{
	frame_drop(held);
	atomic_fetch_sub(&e->n_held, 1);
	atomic_fetch_add(&e->n_released, 1);
	bell_ring(&e->released);
}
