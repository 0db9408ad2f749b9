/* Filters in libpcap's syntax. */
#ifndef FILTER_FILTER_H
#define FILTER_FILTER_H

#include <stdbool.h>

#include <weir/frame.h>

#include "base/err.h"
#include "base/why.h"

struct filter;

/* Checks the expression's syntax at once (for Ethernet); it is compiled for each link type when
 * a frame of that type first comes. NULL or "" matches all. No names are looked up in DNS. */
MUST_CHECK int filter_new(struct filter **out, const char *expression, struct why *why);
void filter_free(struct filter **f);

/* Whether the frame matches. A filter may be used by many threads at once. A link type for which
 * the expression has no meaning matches nothing, and is counted in filter_n_unfit. */
bool filter_match(struct filter *f, const struct weir_frame *frame);

/* The same for n <= FILTER_MANY frames: bit i is set where frame i matches. For those who have many
 * it costs a third. */
enum { FILTER_MANY = 64 };
uint64_t filter_match_many(struct filter *f, const struct weir_frame *frames, int n);

uint64_t filter_n_unfit(const struct filter *f);
const char *filter_text(const struct filter *f);

#endif
