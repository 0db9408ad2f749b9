/* Where there are several inputs: a packet waits for what others still have to say of sessions
 * before it, and what is said waits for the packets of others before it (junction.h). So whose a
 * packet is depends on times alone, not on which input or worker was faster.
 *
 * A block passes up to the time that the others allow; then it waits, and where something has
 * changed meanwhile, the rest of it is matched again. Who waits gives the turn away. The records
 * that it has numbered by then are reserved before, so that their order stays that of their
 * numbers, and filled, so that nobody waits for them. */
#include "intercept/inside.h"

static struct junction_limits meet(struct junction_limits a, int64_t most_ns)
{
	a.packet_ns = a.packet_ns < most_ns ? a.packet_ns : most_ns;
	a.point_ns = a.point_ns < most_ns ? a.point_ns : most_ns;
	return a;
}

/* What comes out of order counts as of the latest moment before it. */
static int64_t moment_of(const struct tray *tray, int64_t ns)
{
	return ns > tray->floor_ns ? ns : tray->floor_ns;
}

static void set_limits(struct tray *tray, struct junction_limits limits)
{
	if (tray->floor_ns > limits.point_ns)
		limits.point_ns = INT64_MIN;
	if (tray->floor_ns > limits.packet_ns)
		limits.packet_ns = INT64_MIN;
	tray->limits = limits;
}

/* Without core servers nothing that an input brings concerns the others. Orders that name some may
 * come in the middle of a block. */
static void see_servers(const struct intercept *i, struct tray *tray)
{
	tray->has_points = tray->input->junction && sight_has_points(atomic_load(&i->sight));
}

void await_open(struct intercept *i, struct worker *w, struct tray *tray)
{
	struct intercept_input *in = engine_arg(w);
	struct junction_limits limits = {INT64_MAX, INT64_MAX};
	int64_t first_ns = tray->has_time ? tray->first_ns : INT64_MAX;

	tray->worker = w;
	tray->input = in;
	tray->floor_ns = in->passed_ns;
	tray->block_ns = tray->has_time ? moment_of(tray, tray->latest_ns) : in->passed_ns;
	tray->n_points = tray->n_notes;
	tray->next_note = 0;
	tray->cursor = (struct cursor){.moment_ns = in->passed_ns};
	if (in->junction && junction_hold(in->junction, in->branch, first_ns, &limits))
		atomic_fetch_add(&in->n_late, 1);
	see_servers(i, tray);
	if (!tray->has_points)
		limits = (struct junction_limits){INT64_MAX, INT64_MAX};
	set_limits(tray, in->pace ? meet(limits, in->due_ns) : limits);
}

/* Moves the cursor to the first frame that may not pass yet. Its moment. */
static int64_t next_moment(struct tray *tray)
{
	struct cursor *c = &tray->cursor;

	for (; c->batch < engine_n_kept(tray->worker); c->batch++, c->frame = 0) {
		struct weir_frame *frames;
		int n = engine_kept(tray->worker, c->batch, &frames);

		for (; c->frame < n; c->frame++, c->number++) {
			const struct weir_frame *f = &frames[c->frame];
			int64_t ns = f->flags & WEIR_FRAME_NO_TIME ? c->moment_ns : f->time_ns;

			if (ns > c->moment_ns)
				c->moment_ns = ns;
			if (c->moment_ns > tray->limits.packet_ns)
				return c->moment_ns;
		}
	}
	return tray->block_ns;
}

/* Without the turn: until the item's time has come, and nobody has to pass before it. */
static int wait_for(struct tray *tray, const struct junction_place *place)
{
	struct intercept_input *in = tray->input;
	struct junction_limits limits = {INT64_MAX, INT64_MAX};
	struct nanos due = {place->item_ns};
	int rc = 0;

	if (in->pace) {
		rc = in->pace(in->arg, &due);
		in->due_ns = due.ns;
	}
	if (!rc && tray->has_points)
		junction_wait(in->junction, in->branch, place, &limits);
	set_limits(tray, in->pace ? meet(limits, due.ns) : limits);
	return rc;
}

/* Gives the turn away meanwhile. */
static int await_once(struct intercept *i, struct tray *tray, const struct junction_place *place)
{
	struct intercept_input *in = tray->input;
	struct junction_limits limits;
	int rc, failed;

	if (in->junction && junction_ask(in->junction, in->branch, place, &limits) && !in->pace) {
		set_limits(tray, limits);
		return 0;
	}
	if (place->item_ns > atomic_load(&in->passed_ns))
		in->passed_ns = place->item_ns - 1;
	rc = runs_reserve(i, tray, 0);
	pthread_mutex_unlock(&i->turn);
	failed = runs_fill(i, tray);
	rc = rc ? rc : failed;
	if (!rc)
		rc = wait_for(tray, place);
	pthread_mutex_lock(&i->turn);
	return rc ? rc : tray_grow(tray, i->n_desks);
}

static int await(struct intercept *i, struct tray *tray, const struct junction_place *place)
{
	bool had_points;
	int rc;

	do {
		see_servers(i, tray);
		had_points = tray->has_points;
		rc = await_once(i, tray, place);
		see_servers(i, tray);
	} while (!rc && tray->has_points && !had_points);
	return rc;
}

/* The next moment from this one on at which the block may have a point. Where the servers that are
 * watched are not those with which it was matched, any packet may turn out to be one. */
static int64_t next_point(const struct intercept *i, const struct tray *tray, int64_t ns,
			  size_t note)
{
	const struct sight *sight = atomic_load(&i->sight);

	if (!sight_has_points(sight) || sight != tray->sight)
		return ns;
	return note < tray->n_points ? tray->notes[note].latest_ns : tray->block_ns;
}

int await_packet(struct intercept *i, struct tray *tray, int64_t ns, size_t note)
{
	int64_t point_ns = next_point(i, tray, ns, note);
	struct junction_place place = {moment_of(tray, ns), moment_of(tray, point_ns)};

	if (place.point_ns < place.item_ns)
		place.point_ns = place.item_ns;
	return await(i, tray, &place);
}

int await_point(struct intercept *i, struct tray *tray, int64_t ns)
{
	struct junction_place place = {moment_of(tray, ns), moment_of(tray, ns)};

	return await(i, tray, &place);
}

int await_reach(struct intercept *i, struct tray *tray, int64_t ns, size_t note)
{
	int64_t next_ns = next_moment(tray);
	int rc = 0;

	while (!rc && ns > tray->limits.packet_ns && !tray_is_stale(i, tray)) {
		rc = await_packet(i, tray, next_ns, note);
		if (!rc && !tray_is_stale(i, tray))
			next_ns = next_moment(tray);
	}
	return rc;
}

void await_end(struct tray *tray)
{
	struct intercept_input *in = tray->input;

	in->passed_ns = tray->block_ns;
	if (in->junction)
		junction_pass(in->junction, in->branch, tray->block_ns);
}
