/* Where media are expected: whose packet is it that goes from or to this address and port?
 *
 *	src 192.0.2.1:4000  ──►  dst 198.51.100.7:8000        one look for each end, whether
 *	    └ party 0 sends           └ party 1 receives      one is expected or 100,000
 *
 * An endpoint may be several owners' at once: two calls that a conference's port serves, or a call
 * that ends while the port's next one begins. Numbers of owners are the caller's. */
#ifndef MEDIA_MEDIA_H
#define MEDIA_MEDIA_H

#include <string.h>

#include <weir/packet.h>

#include "base/err.h"
#include "net/ip.h"

/* constant, name, words */
#define MEDIA_KINDS(X)                                                                             \
	X(RTP, "rtp", "RTP")                                                                       \
	X(RTCP, "rtcp", "RTCP")                                                                    \
	X(MUXED, "rtp+rtcp", "RTP and RTCP on one port (RFC 5761)")                                \
	X(UDPTL, "udptl", "facsimile by T.38")                                                     \
	X(OTHER, "other", "another protocol over UDP")

enum media_kind {
#define X(name, key, text) MEDIA_##name,
	MEDIA_KINDS(X)
#undef X
		MEDIA_N_KINDS
};

/* How it is known: constant, name, words. */
#define MEDIA_ORIGINS(X)                                                                           \
	X(DESCRIBED, "described", "the session's description names it")                            \
	X(CANDIDATE, "candidate", "a candidate of ICE (RFC 8839)")                                 \
	X(LEARNED, "learned", "packets to the other party came from there")

enum media_origin {
#define X(name, key, text) MEDIA_##name,
	MEDIA_ORIGINS(X)
#undef X
		MEDIA_N_ORIGINS
};

struct media_endpoint {
	struct net_ip ip;
	uint16_t port;
};

/* Field by field: what lies between them is nobody's. */
static inline bool media_endpoint_is(const struct media_endpoint *a, const struct media_endpoint *b)
{
	return a->port == b->port && a->ip.version == b->ip.version &&
	       !memcmp(a->ip.bytes, b->ip.bytes, sizeof a->ip.bytes);
}

struct media_expected {
	struct media_endpoint at;
	uint32_t owner;
	uint16_t line; /* of the description: its nth m= line */
	uint8_t party; /* whose endpoint it is; the caller's numbers, below 16 */
	uint8_t kind;  /* enum media_kind */
	uint8_t origin;
};

/* By their fields, which have room between them. */
static inline bool media_expected_is(const struct media_expected *a, const struct media_expected *b)
{
	return media_endpoint_is(&a->at, &b->at) && a->owner == b->owner && a->line == b->line &&
	       a->party == b->party && a->kind == b->kind && a->origin == b->origin;
}

struct media_hit {
	uint32_t owner;
	uint16_t line;
	uint8_t party;
	uint8_t kind;
	uint8_t origin;
	bool is_source; /* the packet comes from this endpoint; else it goes to it */
	bool has_peer;  /* where it goes to, or comes from, is expected too, and the same owner's */
};

enum {
	MEDIA_MAX_EXPECTED = 1 << 24,
	MEDIA_MAX_OWNERS = 8, /* of one endpoint */
	MEDIA_MAX_HITS = 2 * MEDIA_MAX_OWNERS,
	MEDIA_BATCH = 64,
};

/* A UDP datagram with its ends; borrows the packet. */
struct media_packet {
	struct media_endpoint src;
	struct media_endpoint dst;
	const uint8_t *bytes;
	size_t len;
	bool is_cut; /* its end was not captured */
};

/* The innermost datagram; false where there is none. */
bool media_packet_of(const struct weir_packet *p, struct media_packet *out);

struct media;

/* seed: of the hash, something that strangers cannot guess. */
MUST_CHECK int media_new(struct media **out, uint64_t seed);
void media_free(struct media **m);

/* One thread at a time changes the table, while others match; a match that runs meanwhile sees the
 * change or does not. Where there is no room left *m becomes a new table, and *retired the old one,
 * which the caller frees when no thread looks at it any more; else *retired is NULL.
 * The same again changes nothing. ERR_FULL: the endpoint has MEDIA_MAX_OWNERS already, or the table
 * MEDIA_MAX_EXPECTED. ERR_NOMEM: nothing has changed. */
MUST_CHECK int media_add(struct media **m, const struct media_expected *e, struct media **retired);

/* Whether it was there. */
bool media_remove(struct media *m, const struct media_expected *e);

uint32_t media_n(const struct media *m);

/* Whom a packet with these ends belongs to: first the source's owners, then the destination's.
 * Returns how many; 0: nobody. */
int media_match(const struct media *m, const struct media_endpoint *src,
		const struct media_endpoint *dst, struct media_hit hits[MEDIA_MAX_HITS]);

struct media_ends {
	struct media_endpoint src;
	struct media_endpoint dst;
};

struct media_found {
	int n;
	struct media_hit hits[MEDIA_MAX_HITS];
};

/* The same for up to MEDIA_BATCH packets at once, which costs less where the table is large: memory
 * of one is fetched while another is looked for. out: as many as there are packets. */
void media_match_many(const struct media *m, const struct media_ends *packets, size_t n,
		      struct media_found *out);

const char *media_kind_key(enum media_kind kind);
const char *media_origin_key(enum media_origin origin);

#endif
