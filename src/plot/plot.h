/* A line plot as SVG, from values that come one after the other in rising place. Memory is
 * bounded: when there are too many places, neighbours are put together. */
#ifndef PLOT_PLOT_H
#define PLOT_PLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/wr.h"

struct plot;

struct plot_axis {
	bool is_time; /* a place is a time: place * step seconds since the epoch */
	double step;  /* of one place, in seconds or packets */
};

MUST_CHECK int plot_new(struct plot **out, int n_lines);
void plot_free(struct plot **p);
void plot_name(struct plot *p, int line, const char *name);

/* Adds to the line's value at that place; places never fall. */
void plot_add(struct plot *p, int line, int64_t place, double bytes);

/* The whole document. Values are bytes a place; they are drawn as bits a second for a time axis,
 * as bytes a packet row otherwise. */
void plot_print(const struct plot *p, const struct plot_axis *x, struct wr *w);

#endif
