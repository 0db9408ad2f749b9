/* Where a target is, as the network's P-Access-Network-Info header tells (sip/access.h), in the
 * form of a record's targetLocation. */
#ifndef IPMM_LOCATION_H
#define IPMM_LOCATION_H

#include "ipmm/iri.h"
#include "sip/access.h"

enum { IPMM_USER_LOCATION_LEN = 13 }; /* flags, a tracking area, a cell */

/* A location with the octets that it borrows. It must not be moved. */
struct ipmm_place {
	struct ipmm_location location;
	uint8_t user_location[IPMM_USER_LOCATION_LEN];
	uint8_t access_point[ETSI_MAC_LEN];
};

/* GERAN: a cell; UTRAN: a location area; E-UTRAN: tracking area and cell; NR: the same, as cell of
 * 5G; WLAN: the access point. False: it tells no place, and *out is empty. */
bool ipmm_place_of(struct ipmm_place *out, const struct sip_access *access);

#endif
