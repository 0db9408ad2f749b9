/* The combiner: puts the results of n workers into one order. No thread: one caller.
 *
 * Each worker has a floor, "it will publish nothing below". What lies below the lowest floor can
 * be reported; equal keys leave by worker, then in the order in which that worker published. */
#ifndef ENGINE_COMBINER_H
#define ENGINE_COMBINER_H

#include <stddef.h>

#include "engine/engine.h"

struct combiner;

MUST_CHECK int combiner_new(struct combiner **out, enum engine_combiner kind, int n_workers);
void combiner_free(struct combiner **c); /* values still in it are the caller's to take before */

/* Takes the result of result->worker; a key below that worker's floor is raised to it, and
 * counted late. ERR_NOMEM: the caller still owns the value. */
MUST_CHECK int combiner_add(struct combiner *c, const struct engine_result *result);

/* The worker's floor rises to key (it never falls), or to the end of all keys. */
void combiner_promise(struct combiner *c, int worker, uint64_t key);
void combiner_finish(struct combiner *c, int worker);

/* Next result that may be reported now; false when there is none. */
bool combiner_next(struct combiner *c, struct engine_result *out);

/* Next result of those that are left, whatever the floors say: to drop them. */
bool combiner_drain(struct combiner *c, struct engine_result *out);

/* The lowest floor by promises alone; UINT64_MAX when all have finished. */
uint64_t combiner_mark(const struct combiner *c);

uint64_t combiner_late(const struct combiner *c);
size_t combiner_len(const struct combiner *c);

#endif
