/* The public names and the rooms' own are held together here: what differs does not compile. */
#ifndef LIB_SAME_H
#define LIB_SAME_H

#include <weir/weir.h>

#include "base/err.h"
#include "base/why.h"

#define LIB_SAME(a, b) _Static_assert((int)(a) == (int)(b), #a " is not " #b)

/* Copies a reason out, where one is wanted. */
void lib_why(struct weir_why *out, const struct why *why);

/* Whether all of an option struct's reserved members are zero; a program that was built for a
 * later library may ask for what this one does not know. */
bool lib_is_zero(const uint64_t *reserved, int n);

/* The source room's view of a public source; borrowed. */
struct source *lib_source(struct weir_source *s);
const struct source *lib_source_of(const struct weir_source *s);
void lib_stats(struct weir_source_stats *out, const struct source *s);

#endif
