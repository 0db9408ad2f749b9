/* SIP messages out of a stream of octets (RFC 3261 18.3), as TCP carries them.
 *
 * The stream is fed as it comes, in pieces of any length. A message that lies in one piece is given
 * from there; one that is spread over several is put together in the framer's room, which the
 * caller gives. Line ends between messages are keep-alives (RFC 5626 4.4.1). After a gap, or
 * where the stream makes no sense, the framer looks for the next line that begins a message. */
#ifndef SIP_FRAMER_H
#define SIP_FRAMER_H

#include "sip/message.h"

struct sip_framer {
	uint8_t *room;     /* the caller's */
	uint32_t size;     /* of it: the longest message that can be put together */
	uint32_t len;      /* of what is in it */
	uint32_t seen;     /* of it has been searched for the header's end */
	uint32_t wanted;   /* the whole message's octets; 0: its header is not whole yet */
	uint64_t skipping; /* octets of a message that is too long, still to be stepped over */
	bool is_lost;      /* looking for a start line */
	bool is_given;     /* what is in the room was given and goes with the next call */

	uint64_t n_messages;
	uint64_t n_too_long; /* messages of more than size octets, stepped over */
	uint64_t n_lost;     /* octets that were stepped over while looking for a start line */
	uint64_t n_gaps;
};

/* room is the caller's, and outlives the framer; at most SIP_MAX_LEN octets of it are used. */
void sip_framer_init(struct sip_framer *f, void *room, size_t size);

/* The next message of what came: takes octets from the piece until one is whole. 1 and *message,
 * which stays until the next call with this framer, and not longer than the piece; 0: the piece is
 * used up. */
int sip_framer_next(struct sip_framer *f, struct rd *piece, struct sip_text *message);

/* Octets are missing here. What was begun is given up. */
void sip_framer_gap(struct sip_framer *f);

/* Whether octets look like the beginning of a message (line ends before it are stepped over):
 * a start line is whole and right; it may become one; it is none. */
enum sip_likeness { SIP_IS_NONE, SIP_MAY_BE, SIP_IS_ONE };
enum sip_likeness sip_likeness(const void *bytes, size_t len);

#endif
