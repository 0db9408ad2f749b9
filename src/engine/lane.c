/* A lane is a queue of the source, and a queue and the walk over its blocks belong to one thread
 * at a time. Where there are more workers than lanes, whoever has the lane reads a block and
 * collects its batches; the work on them goes on side by side. */
#include "engine/crew.h"

int lane_init(struct lane *l)
{
	atomic_init(&l->is_ended, false);
	atomic_init(&l->now, TIME_NONE);
	l->is_busy = false;
	l->n_parked = 0;
	l->n_taken = 0;
	if (pthread_mutex_init(&l->lock, NULL) != 0)
		return ERR_NOMEM;
	if (pthread_cond_init(&l->moved, NULL) != 0) {
		pthread_mutex_destroy(&l->lock);
		return ERR_NOMEM;
	}
	return 0;
}

void lane_fini(struct lane *l)
{
	pthread_cond_destroy(&l->moved);
	pthread_mutex_destroy(&l->lock);
}

static bool is_over(const struct engine *e, const struct lane *l)
{
	return atomic_load(&l->is_ended) || atomic_load(&e->is_ending);
}

/* True when the lane is this worker's to read; false at its end, or when a tick is due. */
static bool enter(struct worker *w, struct lane *l)
{
	bool is_mine;

	pthread_mutex_lock(&l->lock);
	l->n_parked++;
	while (l->is_busy && !is_over(w->e, l) && !tick_is_due(w))
		pthread_cond_wait(&l->moved, &l->lock);
	l->n_parked--;
	is_mine = !l->is_busy && !is_over(w->e, l);
	l->is_busy |= is_mine;
	pthread_mutex_unlock(&l->lock);
	return is_mine;
}

static void leave(struct lane *l, bool is_ended)
{
	bool is_awaited;

	pthread_mutex_lock(&l->lock);
	l->is_busy = false;
	if (is_ended)
		atomic_store(&l->is_ended, true);
	is_awaited = l->n_parked > 0;
	pthread_mutex_unlock(&l->lock);
	if (is_awaited && is_ended)
		pthread_cond_broadcast(&l->moved);
	else if (is_awaited)
		pthread_cond_signal(&l->moved);
}

/* All of the block's batches. What goes wrong waits until the block has its turn. */
static int collect(struct worker *w)
{
	struct weir_frame *frames;
	int n;

	while ((n = block_batch(w->block, &frames)) > 0) {
		if (roll_keep(&w->roll, frames, n, !w->e->keeps_frames, &frames) < 0)
			return ERR_NOMEM;
	}
	return 0;
}

/* Nothing came: whoever wants to know is told, when nothing is on its way either. */
static void tell_idle(struct worker *w, const struct lane *l)
{
	struct engine *e = w->e;

	if (e->call.idle && e->n_lanes == 1 &&
	    (e->is_alone || atomic_load(&e->turn.now) == l->n_taken))
		e->call.idle(w);
}

static int read_lane(struct worker *w, int q)
{
	struct engine *e = w->e;
	struct lane *l = &e->lanes[q];
	bool is_watched = e->is_live && e->has_ticks;
	int64_t began = is_watched ? tick_clock() : 0;
	int rc = source_block(e->source, q, &w->block);

	if (rc == ERR_AGAIN && is_watched)
		tick_idle(e, l, began);
	if (rc == ERR_AGAIN)
		tell_idle(w, l);
	l->n_taken += rc == 0;
	if (rc < 0 && rc != ERR_AGAIN && rc != ERR_END)
		engine_fail(e, rc, rc == ERR_STOPPED ? AT_STOP : AT_SOURCE);
	if (rc == 0)
		w->take_rc = e->is_crowded ? collect(w) : 0;
	return rc;
}

int lane_take(struct worker *w)
{
	struct engine *e = w->e;
	int n_mine = (e->n_lanes - w->first_lane + e->n_workers - 1) / e->n_workers;
	int rc = ERR_END;

	for (int i = 0; i < n_mine && !atomic_load(&e->is_ending); i++) {
		int q = w->next_lane;
		struct lane *l = &e->lanes[q];
		int rc_lane = ERR_AGAIN;

		w->next_lane = q + e->n_workers < e->n_lanes ? q + e->n_workers : w->first_lane;
		if (atomic_load(&l->is_ended))
			continue;
		if (!e->is_crowded || enter(w, l)) {
			rc_lane = read_lane(w, q);
			if (e->is_crowded)
				leave(l, rc_lane < 0 && rc_lane != ERR_AGAIN);
			else if (rc_lane == ERR_END)
				atomic_store(&l->is_ended, true);
		}
		if (rc_lane != ERR_END && rc_lane != ERR_AGAIN)
			return rc_lane;
		if (rc_lane == ERR_AGAIN)
			rc = ERR_AGAIN;
	}
	return rc;
}

void lane_wake(struct engine *e)
{
	if (!e->is_crowded)
		return;
	for (int i = 0; i < e->n_lanes; i++) {
		struct lane *l = &e->lanes[i];
		bool is_awaited;

		pthread_mutex_lock(&l->lock);
		is_awaited = l->n_parked > 0;
		pthread_mutex_unlock(&l->lock);
		if (is_awaited)
			pthread_cond_broadcast(&l->moved);
	}
}
