/* What the room intercept counts for each warrant; it hands them out. */
#ifndef MANDATE_COUNTS_H
#define MANDATE_COUNTS_H

#include <stdint.h>

#include "base/nanos.h"
#include "ledger/reason.h"

/* Why a packet of a target's is not delivered: the ledger's reasons, in their order. */
enum intercept_refusal {
#define X(name, ...) INTERCEPT_##name,
	LEDGER_PACKET_REASONS(X)
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
	uint64_t iri_lost;  /* records on HI2 that found no room in the outbox */
	uint64_t sessions;  /* that began */
	uint64_t refused[INTERCEPT_N_REFUSALS];
};

/* What one who watches the health of a warrant's interception notes; all zero at first. */
struct intercept_health {
	uint64_t cc;             /* records of content when it was looked at last */
	struct nanos quiet_from; /* since when none came, though a session was active */
	struct nanos last_cc;    /* when it was seen last that some came; 0: never */
	uint64_t lost;           /* for want of room in an outbox, as it was looked at last */
	/* of what was lost so, by the records' own times; 0: nothing was */
	struct nanos lost_first, lost_last;
	struct nanos lost_since; /* the first since it was looked at last */
};

/* A record of this time found no room. */
static inline void intercept_health_lose(struct intercept_health *h, int64_t ns)
{
	if (!h->lost_first.ns || ns < h->lost_first.ns)
		h->lost_first.ns = ns;
	if (!h->lost_since.ns || ns < h->lost_since.ns)
		h->lost_since.ns = ns;
	if (ns > h->lost_last.ns)
		h->lost_last.ns = ns;
}

#endif
