/* Which packets a tool takes: by filter, time, direction and place in the capture. */
#ifndef TOOL_PICK_H
#define TOOL_PICK_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/frame.h>

#include "base/err.h"
#include "base/why.h"
#include "filter/filter.h"
#include "tool/option.h"

struct pick {
	struct filter *filter; /* NULL: all */
	int64_t from_ns;       /* INT64_MIN: no limit */
	int64_t to_ns;         /* INT64_MAX: no limit */
	uint8_t direction;     /* WEIR_DIR_UNKNOWN: any */
	bool has_times;
	uint64_t first; /* places, from 1, of the packets in all inputs */
	uint64_t last;
	uint64_t n_seen;
};

/* From the settings' filter, from, to, direction and packets. */
MUST_CHECK int pick_init(struct pick *p, const struct settings *set, struct why *why);
void pick_fini(struct pick *p);

/* Whether every packet is taken. */
bool pick_is_all(const struct pick *p);

/* Bit i: frame i is taken as far as filter, time and direction say; frames that are no packets
 * always are. n is at most 64. Any thread. */
uint64_t pick_mask(const struct pick *p, const struct weir_frame *frames, int n);

/* The same bits without those of packets that lie outside the places. Called for all frames in
 * the order of the data. */
uint64_t pick_places(struct pick *p, const struct weir_frame *frames, int n, uint64_t mask);

/* Whether no further packet can be taken. */
static inline bool pick_is_over(const struct pick *p)
{
	return p->n_seen >= p->last;
}

#endif
