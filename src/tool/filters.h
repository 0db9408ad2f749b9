/* The -f filters of a tool that counts by filter. */
#ifndef TOOL_FILTERS_H
#define TOOL_FILTERS_H

#include "base/err.h"
#include "base/why.h"
#include "filter/filter.h"
#include "tool/option.h"

enum { FILTERS_MAX = 64 };

struct filters {
	struct filter *at[FILTERS_MAX];
	int n;
};

MUST_CHECK int filters_init(struct filters *f, const struct settings *set, struct why *why);
void filters_fini(struct filters *f);

/* Whether any matches; true where there is none. */
bool filters_match(const struct filters *f, const struct weir_frame *frame);

#endif
