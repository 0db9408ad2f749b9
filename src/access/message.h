/* What one RADIUS packet says, in the terms of sessions. */
#ifndef ACCESS_MESSAGE_H
#define ACCESS_MESSAGE_H

#include "access/access.h"
#include "access/facts.h"

enum { NAS_KEY_LEN = RADIUS_VALUE_LEN + 1 };

/* Who a NAS is: NAS-IP-Address, else NAS-IPv6-Address, else NAS-Identifier, else the address that
 * its datagrams come from; the first octet says which. */
struct nas_key {
	uint8_t bytes[NAS_KEY_LEN];
	size_t len;
};

struct message {
	const struct access_datagram *d;
	struct radius packet;
	struct nanos time;   /* the datagram's */
	struct nanos caused; /* … less Acct-Delay-Time: when it happened */
	uint32_t status;     /* Acct-Status-Type; 0: none */
	struct net_ip nas;
	struct nas_key nas_key;
	struct radius_attribute session_id; /* value NULL: none */
	struct radius_attribute state;      /* … */
	struct access_usage usage;
	uint32_t terminate_cause;
	uint32_t allowed_seconds;
	bool has_pool; /* the NAS draws the address from a pool of its own */
	struct access_address addresses[ACCESS_MAX_ADDRESSES];
	uint32_t n_addresses;
	struct rd facts;     /* in room */
	uint64_t facts_mark; /* by which the same facts are known again */
	unsigned n_bad;      /* attributes that were passed over: malformed */
	unsigned n_spare;    /* … more than are kept */
	uint8_t room[FACTS_MAX_LEN];
};

/* Reads a datagram: 0, ERR_CUT or ERR_BAD. m borrows d and its octets, and must stay where it
 * is. */
MUST_CHECK int message_read(struct message *m, const struct access_datagram *d);

/* Whether it states addresses of this type: then it states all that the session has of it. */
bool message_has_address_type(const struct message *m, uint8_t type);

#endif
