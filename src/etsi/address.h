/* Values of module LI-PS-PDU that several services share: an address, a place. */
#ifndef ETSI_ADDRESS_H
#define ETSI_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"
#include "base/wr.h"

enum { ETSI_MAC_LEN = 6, ETSI_MAX_USER_LOCATION = 39, ETSI_NO_MASK = 255 };

enum ip_assignment { IP_ASSIGNMENT_NONE, IP_STATIC, IP_DYNAMIC, IP_NOT_KNOWN };

/* An address or a prefix. */
struct etsi_address {
	uint8_t version; /* 4 or 6; 0: there is none */
	uint8_t bits[16];
	uint8_t prefix_len; /* 32 or 128 for a single address; ETSI_NO_MASK: IPv4, not said */
	uint8_t assignment; /* enum ip_assignment */
};

/* Borrowed octets or text; NULL: there are none. */
struct etsi_text {
	const void *bytes;
	size_t len;
};

/* Where the target is: either or both. */
struct etsi_location {
	struct etsi_text user_location; /* 1..39 octets: 3GPP's User Location Information */
	struct etsi_text access_point;  /* 6 octets: MAC address of the WLAN access point */
};

/* Writes an IPAddress under this context tag: 0, or ERR_USAGE with the reason ("NAME: …") where it
 * is none. An IPv6 address must have its prefix length. */
MUST_CHECK int etsi_address_put(struct wr *w, uint32_t tag, const struct etsi_address *a,
				const char *name, struct why *why);

/* Writes what of a place is there, into the Location that is open; errors as above. */
MUST_CHECK int etsi_location_put(struct wr *w, const struct etsi_location *l, const char *name,
				 struct why *why);

#endif
