#include "engine/meter.h"

struct meter meter_of(const struct engine_options *o)
{
	return (struct meter){
		.tick_count = o->tick_count,
		.tick_ns = o->tick_time.ns,
		.slack_ns = o->slack.ns,
		.now = TIME_NONE,
	};
}

int64_t meter_boundary(int64_t t, int64_t slack, int64_t step)
{
	int64_t late, over;

	if (__builtin_sub_overflow(t, slack, &late))
		return TIME_NONE;
	over = (late % step + step) % step;
	return __builtin_sub_overflow(late, over, &late) ? TIME_NONE : late;
}

int64_t meter_tick_before(struct meter *m, int64_t t)
{
	int64_t boundary;

	if (m->tick_ns == 0)
		return TIME_NONE;
	boundary = meter_boundary(t, m->slack_ns, m->tick_ns);
	if (m->now == TIME_NONE)
		m->boundary = boundary;
	if (boundary <= m->boundary)
		return TIME_NONE;
	m->boundary = boundary;
	return boundary;
}

/* The time that a tick by count tells. */
static int64_t time_now(const struct meter *m)
{
	int64_t late;

	if (m->now == TIME_NONE || __builtin_sub_overflow(m->now, m->slack_ns, &late))
		return 0;
	return late;
}

void meter_step(struct meter *m, const struct weir_frame *f, int64_t *before, int64_t *after)
{
	*before = *after = TIME_NONE;
	if (f->kind != WEIR_FRAME_PACKET)
		return;
	if (!(f->flags & WEIR_FRAME_NO_TIME)) {
		*before = meter_tick_before(m, f->time_ns);
		if (f->time_ns > m->now)
			m->now = f->time_ns;
	}
	m->n_packets++;
	if (m->tick_count && m->n_packets % m->tick_count == 0)
		*after = time_now(m);
}
