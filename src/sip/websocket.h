/* SIP over WebSocket (RFC 7118): messages out of one direction of a connection, as a gateway's
 * proxy sees it behind the end of TLS.
 *
 *	GET / HTTP/1.1 …  Sec-WebSocket-Protocol: sip … empty line    (or the server's 101)
 *	frame, frame, …   (RFC 6455 5.2): clients' are masked, a message may be in several,
 *	                  and frames that control the connection may come between
 *
 * Octets are fed as they come, in pieces of any length. What is compressed (RFC 7692) is passed
 * over. */
#ifndef SIP_WEBSOCKET_H
#define SIP_WEBSOCKET_H

#include "sip/text.h"

enum { WEBSOCKET_HEAD = 14 }; /* of a frame, at most */

struct websocket {
	uint8_t *room;  /* the caller's */
	uint32_t size;  /* of it: the longest message or handshake */
	uint32_t len;   /* of what is in it */
	uint8_t state;  /* websocket.c's */
	bool is_passed; /* the message in hand is not wanted, or too long */
	uint8_t head[WEBSOCKET_HEAD];
	uint8_t n_head;    /* octets of it that are here */
	uint64_t left;     /* octets of the frame in hand that are still to come */
	uint32_t n_masked; /* … that have come, modulo 4 */
	uint64_t n_messages;
	uint64_t n_passed; /* messages that were too long, compressed, or not whole */
};

/* room is the caller's, and outlives it. */
void websocket_init(struct websocket *s, void *room, size_t size);

/* The next message of what came: takes octets from the piece until one is whole. 1 and *message,
 * which stays until the next call; 0: the piece is used up; ERR_UNKNOWN: this is no WebSocket that
 * carries SIP, and what is left of the piece is something else's. */
int websocket_next(struct websocket *s, struct rd *piece, struct sip_text *message);

/* Octets are missing here: from the next piece on that begins as a frame with a message of SIP, it
 * goes on. */
void websocket_gap(struct websocket *s);

/* Whether octets begin with a frame in which a message of SIP begins. */
bool websocket_begins(const void *bytes, size_t len);

#endif
