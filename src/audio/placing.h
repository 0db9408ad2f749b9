/* Where in its sound each packet of an RTP source belongs, whatever the order in which they come.
 *
 *	number     1     2     4     3     3     9         10
 *	stamp      0   160   480   320   320   1280   3000000000
 *	placed at  0   160   480   320  twice  1280       1440
 *
 * Numbers tell what is new, late, or comes twice; time stamps tell where, so that what was lost or
 * not sent leaves silence. A time stamp is the sender's word: all silence that time stamps make is
 * no longer than the time that has passed by the records, and ten seconds. One that leads
 * elsewhere, and numbers that begin anew, are placed by the records' time.
 *
 * It knows no clock. Positions are in samples, from the source's first packet on; a packet that
 * was sent before it and came behind it is placed before 0. */
#ifndef AUDIO_PLACING_H
#define AUDIO_PLACING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/nanos.h"

enum {
	PLACING_N_SEEN = 256, /* numbers back to which a late packet is known from a doubled */
	PLACING_MAX_DROPOUT = 3000,  /* numbers that may be missing (RFC 3550 A.1) */
	PLACING_MAX_AHEAD = 10,      /* seconds */
	PLACING_MAX_SILENCE = 36000, /* seconds in all, whatever the records' times are */
};

struct placing {
	bool has_begun;
	uint16_t seq;                       /* the highest number */
	uint64_t seen[PLACING_N_SEEN / 64]; /* by number */
	uint32_t stamp;                     /* of the packet with that number */
	uint32_t n;                         /* its samples */
	int64_t at;                         /* its place */
	int64_t end;                        /* behind all that was placed */
	int64_t from;                       /* late packets from before this place are not placed */
	int64_t n_silent;                   /* samples of silence so far */
	struct nanos first, latest; /* times of the first packet and of the highest number */
};

struct placing_packet {
	uint16_t seq;
	uint32_t stamp;
	uint32_t n; /* samples; 0: silence begins (comfort noise) */
	struct nanos time;
};

enum placed {
	PLACED,
	PLACED_TWICE,   /* its number came before */
	PLACED_NOWHERE, /* late, and its time stamp does not lead to where it was missing */
};

/* Begin with zeros. *at is set where it is PLACED. */
enum placed placing_take(struct placing *p, const struct placing_packet *packet, int64_t *at);

/* Samples in a span of time, rounded. */
int64_t placing_samples(struct nanos from, struct nanos to);

#endif
