/* What came of each RTP stream: packets, and by their numbers how many did not come
 * (RFC 3550 A.1, A.3). */
#ifndef MEDIA_FLOWS_H
#define MEDIA_FLOWS_H

#include "base/list.h"
#include "base/nanos.h"
#include "media/media.h"
#include "media/rtp.h"

enum { FLOWS_MAX_TYPES = 8 };

/* One source of one flow. */
struct media_flow {
	struct index_entry by_key; /* the table's */
	struct list in_order;      /* the table's */
	struct media_endpoint src;
	struct media_endpoint dst;
	uint32_t ssrc;
	uint32_t owner; /* the caller's: whose it is */
	struct nanos first;
	struct nanos last;
	uint64_t n;        /* packets */
	uint64_t n_octets; /* of payload */
	uint64_t n_twice;  /* packets with the number of one before them */
	uint64_t n_late;   /* packets that came behind a later one */
	uint64_t n_before; /* packets there must have been before its numbers began anew */
	uint64_t lowest;   /* number since then, and highest; wraps are counted */
	uint64_t highest;
	uint64_t seen;                  /* of the last 64 numbers: bit i is highest - i */
	uint8_t types[FLOWS_MAX_TYPES]; /* payload types, in the order of their coming */
	uint8_t n_types;
};

struct media_flows;

/* At most max; streams beyond are counted and left out. */
MUST_CHECK int media_flows_new(struct media_flows **out, uint32_t max, uint64_t seed);
void media_flows_free(struct media_flows **f);

/* Counts a packet that belongs to owner. NULL: it is none, or there are too many streams. */
struct media_flow *media_flows_take(struct media_flows *f, const struct media_packet *p,
				    struct nanos time, uint32_t owner);

/* In the order of their coming: NULL, then each before. */
struct media_flow *media_flows_next(const struct media_flows *f, const struct media_flow *before);
uint64_t media_flows_n_left_out(const struct media_flows *f);

/* Packets that there must have been from the first to the highest number; those that did not come:
 * 0 where more came than there must have been. */
uint64_t media_flow_expected(const struct media_flow *f);
uint64_t media_flow_lost(const struct media_flow *f);

#endif
