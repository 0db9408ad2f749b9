/* Shared mode: a worker takes a block, hands out its batches, waits for its turn, fills, and puts
 * the block back. */
#include "engine/crew.h"

/* The block's next batch: what was kept when it was taken, or fresh. */
static int next_batch(struct worker *w, int i, struct weir_frame **frames)
{
	struct engine *e = w->e;
	int n;

	if (e->is_crowded)
		return i < w->roll.n ? engine_kept(w, i, frames) : 0;
	n = block_batch(w->block, frames);
	if (n > 0 && (e->call.turn || e->call.fill) &&
	    roll_keep(&w->roll, *frames, n, !e->keeps_frames, frames) < 0)
		return ERR_NOMEM;
	return n;
}

static int hand_out(struct worker *w)
{
	struct engine *e = w->e;
	struct weir_frame *frames;
	int rc = w->take_rc, n = 0;

	if (e->has_turn)
		tick_open(w);
	for (int i = 0; rc >= 0 && (n = next_batch(w, i, &frames)) > 0; i++) {
		if (e->has_turn)
			tick_see(w, frames, n);
		count_add(&w->n_frames, (uint64_t)n);
		count_add(&w->n_batches, 1);
		rc = e->call.batch(w, frames, n);
	}
	if (n < 0)
		rc = n;
	return rc < 0 ? rc : 0;
}

static uint64_t where(const struct worker *w)
{
	return w->e->is_live ? AT_SOMEWHERE : block_number(w->block);
}

/* A live source of one queue has an order too: that of the queue. */
static bool has_order(const struct engine *e)
{
	return !e->is_live || e->n_lanes == 1;
}

static bool enter_turn(struct worker *w)
{
	struct engine *e = w->e;
	bool is_mine = true;

	if (e->is_alone)
		return true;
	atomic_store(&w->is_waiting, true);
	if (has_order(e))
		is_mine = turn_wait(&e->turn, block_number(w->block));
	if (e->is_live && is_mine) {
		pthread_mutex_lock(&e->turn_lock);
		is_mine = !atomic_load(&e->is_failed);
		if (!is_mine)
			pthread_mutex_unlock(&e->turn_lock);
	}
	atomic_store(&w->is_waiting, false);
	return is_mine;
}

static void leave_turn(struct worker *w, int rc)
{
	struct engine *e = w->e;

	if (rc < 0)
		engine_fail(e, rc, where(w));
	if (e->is_alone)
		return;
	if (e->is_live)
		pthread_mutex_unlock(&e->turn_lock);
	if (has_order(e) && rc == 0)
		turn_pass(&e->turn);
}

/* rc: how the batches went. A failure waits for its turn too, so that all before it have theirs
 * and the first one in the data is the one that is told. */
static int take_turn(struct worker *w, int rc)
{
	struct engine *e = w->e;

	if (!enter_turn(w))
		return ERR_STOPPED;
	if (rc == 0) {
		tick_move(w);
		rc = e->call.turn ? e->call.turn(w, block_number(w->block)) : 0;
		rc = rc < 0 ? rc : tick_cross(w);
	}
	leave_turn(w, rc);
	if (rc == 0 && e->has_ticks)
		lane_wake(e);
	return rc;
}

static int work_block(struct worker *w)
{
	struct engine *e = w->e;
	int rc = hand_out(w);

	if (e->has_turn)
		rc = take_turn(w, rc);
	else if (rc < 0)
		engine_fail(e, rc, where(w));
	if (rc == 0 && e->call.fill) {
		rc = e->call.fill(w, block_number(w->block));
		if (rc < 0)
			engine_fail(e, rc, where(w));
	}
	count_add(&w->n_blocks, 1);
	report_post(w);
	roll_clear(&w->roll);
	block_put(&w->block);
	return rc < 0 ? rc : 0;
}

static int work_next(struct worker *w)
{
	int rc = tick_catch_up(w);

	if (rc < 0)
		return engine_fail(w->e, rc, AT_SOMEWHERE);
	atomic_store(&w->is_waiting, true);
	rc = lane_take(w);
	atomic_store(&w->is_waiting, false);
	if (rc == ERR_AGAIN)
		return 0;
	return rc == 0 ? work_block(w) : rc;
}

/* Whoever leaves wakes those that still wait for a lane, so that the end reaches everybody. */
void shared_work(struct worker *w)
{
	while (work_next(w) == 0)
		;
	lane_wake(w->e);
}
