/* Rows of `weir rtstats`, and the forms in which they are printed. */
#ifndef TOOL_RTSTATS_H
#define TOOL_RTSTATS_H

#include <stdint.h>

#include "base/err.h"
#include "tool/filters.h"
#include "tool/option.h"

struct rtstats_count {
	uint64_t packets;
	uint64_t bytes; /* on the wire */
};

struct rtstats_printer;

/* form: "text", "csv", "json" or "svg". Borrows set and filters. */
MUST_CHECK int rtstats_printer_new(struct rtstats_printer **out, const char *form,
				   const struct settings *set, const struct filters *filters);
void rtstats_printer_free(struct rtstats_printer **p);

/* One interval: counts of all packets, then of each filter. Intervals come in rising order.
 * These three return ERR_IO when standard output takes no more. */
MUST_CHECK int rtstats_print_row(struct rtstats_printer *p, int64_t interval,
				 const struct rtstats_count *counts);

/* Empty intervals from..to (to not included). */
MUST_CHECK int rtstats_print_gap(struct rtstats_printer *p, int64_t from, int64_t to);

MUST_CHECK int rtstats_print_end(struct rtstats_printer *p);

#endif
