/* Whom a packet belongs to: a matcher compiled from the targets of intercepts, to which those of
 * live sessions are added and taken away again while it is in use.
 *
 * The rules (docs/decisions/0031-matching.md):
 *  - Every IP layer of a packet is looked at, outermost first; what an ICMP error quotes is not.
 *  - Within one warrant the longest prefix that holds an address decides the session (the CIN);
 *    different warrants match apart from one another, and each gets its own hit.
 *  - A warrant gets the outermost layer that it matches, and nothing from the layers inside it.
 *  - The source address makes a packet one from the target, the destination one to it. Where both
 *    belong to one session there is one hit of no certain direction; where they belong to two
 *    sessions of one warrant, each session has its hit.
 *
 * A packet that nobody watches costs a look at one cache line for each address and family of
 * prefixes, whether there is one target or 100,000. */
#ifndef WATCH_WATCH_H
#define WATCH_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/packet.h>

#include "base/err.h"
#include "net/ip.h"

enum watch_direction { WATCH_FROM, WATCH_TO, WATCH_BOTH };

enum { WATCH_MAX_TARGETS = 1 << 24 };

/* What is watched. The numbers are the caller's: a warrant has sessions; a session belongs to one
 * warrant. Of two targets of one warrant with the same prefix the first counts. */
struct watch_target {
	struct net_prefix prefix;
	uint32_t warrant; /* 0.. */
	uint32_t session;
};

struct watch_hit {
	uint32_t warrant;
	uint32_t session;
	uint8_t layer;     /* index of the IP layer in packet->layers */
	uint8_t direction; /* enum watch_direction */
};

/* What a thread found, and its notes while it looks. at[0..n) grows as it must; the caller sets
 * n back to 0 when it has dealt with the hits. */
struct watch_hits {
	struct watch_hit *at;
	size_t n;
	size_t size;
	struct watch_mark *marks; /* one a warrant */
	uint32_t n_marks;
	uint64_t serial; /* of the packet in hand */
};

struct watch;

MUST_CHECK int watch_new(struct watch **out, const struct watch_target *targets, size_t n);
void watch_free(struct watch **w);

/* One thread at a time changes a watch, while others match. A match that runs meanwhile sees the
 * change or does not: who must be exact matches again behind it (the caller counts versions).
 *
 * watch_add costs a microsecond, however many targets there are. Where there is no room left *w
 * becomes a new watch, and *retired the old one, which the caller frees when no thread looks at
 * it any more; else *retired is NULL. Retired or not, watches that came from one another are made,
 * changed and freed by one thread at a time. ERR_NOMEM, ERR_FULL: nothing has changed. */
MUST_CHECK int watch_add(struct watch **w, const struct watch_target *target,
			 struct watch **retired);

/* Takes away what watch_add added; whether it was there. Those of watch_new stay. */
bool watch_remove(struct watch *w, const struct watch_target *target);

/* Room for the hits of one thread that uses this watch, or others instead of it later. */
MUST_CHECK int watch_hits_init(struct watch_hits *hits, const struct watch *w);
void watch_hits_fini(struct watch_hits *hits);

/* The first part of a match, before a packet is decoded: whether somebody may watch one of these
 * addresses, the source and the destination right behind it. False: nobody does. */
bool watch_may_match(const struct watch *w, bool is_v6, const uint8_t *ends);

/* Appends the packet's hits, in the order of layers, then source before destination, then longest
 * prefix first. 0, or ERR_NOMEM where they do not fit in memory: then the packet has none. */
MUST_CHECK int watch_match(const struct watch *w, const struct weir_packet *p,
			   struct watch_hits *hits);

/* The same for a packet that watch_may_match has let pass: its first part is not done again. */
MUST_CHECK int watch_match_rest(const struct watch *w, const struct weir_packet *p,
				struct watch_hits *hits);

/* The same for a packet that has one IP layer, with these two addresses, and was not decoded: its
 * hits are of layer 0. ERR_AGAIN, and no hits, where only watch_match can tell: somebody's targets
 * lie in one another, or change. */
MUST_CHECK int watch_match_ends(const struct watch *w, bool is_v6, const uint8_t *ends,
				struct watch_hits *hits);

#endif
