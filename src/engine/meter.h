/* A meter walks over the packets in the order of the data and says where ticks fall. Hashed mode's;
 * in shared mode nobody sees all packets in order (tick.c). */
#ifndef ENGINE_METER_H
#define ENGINE_METER_H

#include <weir/frame.h>

#include "engine/engine.h"

#define TIME_NONE INT64_MIN /* no time yet, or no tick */

struct meter {
	uint64_t tick_count;
	int64_t tick_ns;
	int64_t slack_ns;
	int64_t boundary; /* the last one told, or that of the first packet */
	int64_t now;      /* the latest packet's time; TIME_NONE: none yet */
	uint64_t n_packets;
};

struct meter meter_of(const struct engine_options *options);

/* Counts the frame. *before: the tick that falls before it, *after: the one that falls after it;
 * or TIME_NONE. */
void meter_step(struct meter *m, const struct weir_frame *f, int64_t *before, int64_t *after);

/* Time has come to t without a packet: the tick that falls before t, or TIME_NONE. */
int64_t meter_tick_before(struct meter *m, int64_t t);

/* The last multiple of step at or before t - slack. */
int64_t meter_boundary(int64_t t, int64_t slack, int64_t step);

#endif
