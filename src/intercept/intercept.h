/* Executes orders on captured packets: who is watched is found, scope is kept, records are
 * numbered and written to each agency's outboxes, DIR/AGENCY/hi2.ber and hi3.ber.
 *
 * It is a program for the engine (shared mode), which does the three steps of a block:
 *
 *	batch  in parallel: decode, match; what was found is noted
 *	turn   in the order of the data: scope by the packet's own time, sequence numbers,
 *	       interception begins; bytes are reserved
 *	fill   in parallel: records are encoded and written at their reserved offsets
 *
 * so that what is written does not depend on the number of workers. Several captures, one after
 * the other, are one stream. When records begin and end: docs/decisions/0032-iri-times.md. */
#ifndef INTERCEPT_INTERCEPT_H
#define INTERCEPT_INTERCEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"
#include "engine/engine.h"
#include "warrant/orders.h"

/* Why a packet of a target's is not delivered: constant, name in JSON, words. */
#define INTERCEPT_REFUSALS(X)                                                                      \
	X(NO_TIME, "no_time", "without a time, so that its scope cannot be told")                  \
	X(EARLY, "early", "before the warrant's start")                                            \
	X(LATE, "late", "at or after the warrant's end")                                           \
	X(IRI_ONLY, "iri_only", "of a warrant that delivers no content")

enum intercept_refusal {
#define X(name, key, text) INTERCEPT_##name,
	INTERCEPT_REFUSALS(X)
#undef X
		INTERCEPT_N_REFUSALS
};

/* What became of a warrant. matched = cc + all refused. */
struct intercept_counts {
	uint64_t matched;  /* packets (one for each session of the warrant that it belongs to) */
	uint64_t from;     /* delivered: from the target */
	uint64_t to;       /* … to the target */
	uint64_t both;     /* … both ends are the target's */
	uint64_t cc;       /* records on HI3 */
	uint64_t iri;      /* records on HI2 */
	uint64_t cc_bytes; /* of these records */
	uint64_t iri_bytes;
	uint64_t truncated; /* of cc: packets that were not captured whole */
	uint64_t refused[INTERCEPT_N_REFUSALS];
};

struct intercept;

/* Creates the agencies' folders and files under dir (which is created too); no new file is left
 * behind when it fails. The orders must outlive it. */
MUST_CHECK int intercept_new(struct intercept **out, const struct orders *orders, const char *dir,
			     bool is_forced, struct why *why);

/* The engine's, with the intercept as argument of engine_new. One engine at a time. */
extern const struct engine_callbacks intercept_callbacks;

/* Ends interception (IRI END for all that began) and closes the files. Called once, also after a
 * capture that broke off: what precedes is delivered. */
MUST_CHECK int intercept_close(struct intercept *i, struct why *why);
void intercept_free(struct intercept **i);

/* The reason when a callback stopped the engine; empty text otherwise. */
const struct why *intercept_why(const struct intercept *i);

/* Of the orders' i-th warrant. */
const struct intercept_counts *intercept_counts(const struct intercept *i, size_t warrant);

/* Packets seen, and their first and latest time; false where none had a time. */
uint64_t intercept_n_packets(const struct intercept *i);
bool intercept_times(const struct intercept *i, struct nanos *first, struct nanos *latest);

const char *intercept_refusal_key(enum intercept_refusal refusal);
const char *intercept_refusal_text(enum intercept_refusal refusal);

#endif
