/* Where a target is, as the network's P-Access-Network-Info header tells (RFC 7315, TS 24.229
 * clause 7.2A.4), in the form of a record's targetLocation. */
#ifndef IPMM_LOCATION_H
#define IPMM_LOCATION_H

#include "ipmm/iri.h"

enum { IPMM_USER_LOCATION_LEN = 13 }; /* flags, a tracking area, a cell */

/* A location with the octets that it borrows. It must not be moved. */
struct ipmm_place {
	struct ipmm_location location;
	uint8_t user_location[IPMM_USER_LOCATION_LEN];
	uint8_t access_point[ETSI_MAC_LEN];
};

/* Reads a header's value: of the access networks that it names, the first whose place is told.
 * GERAN: a cell; UTRAN: a service area, else a location area; E-UTRAN: tracking area and cell;
 * NR: the same, as cell of 5G; WLAN: the access point. False: none is, and *out is empty. */
bool ipmm_place_read(struct ipmm_place *out, const void *value, size_t len);

#endif
