/* RADIUS packets (RFC 2865, section 3): what a NAS and its server say about a subscriber.
 *
 *	 code | identifier | length (16) | authenticator (16 octets) | attribute …
 *	 attribute: type | length, of all three | value
 *
 * A packet is read without its secret: nothing is decrypted, no authenticator is verified. Codes
 * of RFC 5176 are known by name. A further attribute is a row in attribute.h. */
#ifndef RADIUS_RADIUS_H
#define RADIUS_RADIUS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"

enum {
	RADIUS_HEADER_LEN = 20,
	RADIUS_MAX_LEN = 4096,
	RADIUS_AUTHENTICATOR_LEN = 16,
	RADIUS_VALUE_LEN = 253, /* octets of an attribute's value at most */
};

#define RADIUS_CODES(X)                                                                            \
	X(1, ACCESS_REQUEST, "Access-Request", "RFC 2865")                                         \
	X(2, ACCESS_ACCEPT, "Access-Accept", "RFC 2865")                                           \
	X(3, ACCESS_REJECT, "Access-Reject", "RFC 2865")                                           \
	X(4, ACCOUNTING_REQUEST, "Accounting-Request", "RFC 2866")                                 \
	X(5, ACCOUNTING_RESPONSE, "Accounting-Response", "RFC 2866")                               \
	X(11, ACCESS_CHALLENGE, "Access-Challenge", "RFC 2865")                                    \
	X(12, STATUS_SERVER, "Status-Server", "RFC 5997")                                          \
	X(13, STATUS_CLIENT, "Status-Client", "RFC 2865")                                          \
	X(40, DISCONNECT_REQUEST, "Disconnect-Request", "RFC 5176")                                \
	X(41, DISCONNECT_ACK, "Disconnect-ACK", "RFC 5176")                                        \
	X(42, DISCONNECT_NAK, "Disconnect-NAK", "RFC 5176")                                        \
	X(43, COA_REQUEST, "CoA-Request", "RFC 5176")                                              \
	X(44, COA_ACK, "CoA-ACK", "RFC 5176")                                                      \
	X(45, COA_NAK, "CoA-NAK", "RFC 5176")

enum radius_code {
#define X(value, name, text, rfc) RADIUS_##name = value,
	RADIUS_CODES(X)
#undef X
};

/* Borrows the octets that it was read from. */
struct radius {
	uint8_t code; /* enum radius_code, or one that is not known */
	uint8_t identifier;
	uint16_t len;                 /* as the packet states it, header included */
	const uint8_t *authenticator; /* RADIUS_AUTHENTICATOR_LEN octets */
	struct rd attributes;         /* whole ones only: radius_next walks a copy of it */
};

/* Reads a UDP datagram. Octets beyond the packet's own length are padding and ignored. ERR_CUT:
 * fewer octets than it states; ERR_BAD: a length that cannot be, of the packet or an attribute
 * (RFC 2865 bids receivers to discard such a packet whole). */
MUST_CHECK int radius_read(const void *bytes, size_t len, struct radius *out);

/* "Access-Request", or NULL where the code is not known. */
const char *radius_code_name(uint8_t code);

/* Begins a packet; attributes follow (attribute.h), then radius_close fills in its length. */
size_t radius_open(struct wr *w, uint8_t code, uint8_t identifier,
		   const uint8_t authenticator[RADIUS_AUTHENTICATOR_LEN]);
/* Not ok where the packet has become longer than RADIUS_MAX_LEN. */
void radius_close(struct wr *w, size_t mark);

/* One line for the packet, one for each attribute, each ended by a line feed. */
void radius_print(const struct radius *r, struct wr *w);

#endif
