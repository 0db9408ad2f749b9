/* Where a target is, as P-Access-Network-Info (sip/access.h) and Geolocation (pidf.h) tell, in the
 * form of a record's targetLocation. */
#ifndef IPMM_LOCATION_H
#define IPMM_LOCATION_H

#include "ipmm/iri.h"
#include "sip/access.h"
#include "sip/message.h"

enum { IPMM_USER_LOCATION_LEN = 13 }; /* flags, a tracking area, a cell */

/* A location with the octets that it borrows. It must not be moved. */
struct ipmm_place {
	struct ipmm_location location;
	uint8_t user_location[IPMM_USER_LOCATION_LEN];
	uint8_t access_point[ETSI_MAC_LEN];
};

/* GERAN: a cell; UTRAN: a location area, or a service area; E-UTRAN: tracking area and cell; NR:
 * the same, as cell of 5G; WLAN: the access point. False: it tells no place, and *out is empty. */
bool ipmm_place_of(struct ipmm_place *out, const struct sip_access *access);

/* Where a message says that its sender is: of each form of a place the first that its
 * P-Access-Network-Info values tell, what the network provided before what the user's device says;
 * and the point in the body to which Geolocation refers. For messages that the target has sent: in
 * others it is the other's place. False: it tells none, and *out is empty. */
bool ipmm_place_in(struct ipmm_place *out, const struct sip_message *m);

#endif
