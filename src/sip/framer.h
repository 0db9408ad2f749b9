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
	uint32_t len;      /* of what is in it: the beginning of a message */
	uint32_t seen;     /* of that is known to be whole lines of its header */
	uint32_t searched; /* of that has no further line end behind seen */
	uint64_t wanted;   /* octets of the whole message; 0: its header is not whole yet */
	bool is_lost;      /* what came last made no sense */
	bool is_mid_line;  /* and what comes next is not the beginning of a line */

	uint64_t n_messages;
	uint64_t n_too_long; /* were longer than the room: cut, or lost with their header */
	uint64_t n_lost;     /* octets that were stepped over: they made no sense */
	uint64_t n_gaps;
};

/* room is the caller's, and outlives the framer. */
void sip_framer_init(struct sip_framer *f, void *room, size_t size);

/* The next message of what came: takes octets from the piece until one is whole. 1 and *message,
 * which stays until the framer is called again, and not longer than the piece; 0: the piece is
 * used up. A message without a Content-Length has no body here (RFC 3261 20.14). Of one that is
 * longer than the room the header is given, so that sip_message_read says ERR_CUT; its body is not
 * waited for, since its length may be a lie: the next start line is looked for. */
int sip_framer_next(struct sip_framer *f, struct rd *piece, struct sip_text *message);

/* Octets are missing here, or the stream ends. 1 and *message: what has come of a message whose
 * header is whole; 0: nothing worth it. The next start line is looked for from here on. */
int sip_framer_gap(struct sip_framer *f, struct sip_text *message);

#endif
