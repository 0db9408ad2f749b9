/* A PS-PDU as if it had never been encrypted, for those who print it. */
#ifndef LEMF_PLAIN_H
#define LEMF_PLAIN_H

#include "base/wr.h"
#include "etsi/record.h"

/* Appends the header of a PS-PDU, then a payload (its element, with tag and length) in place of
 * its own. False where the PDU has another shape, or w is full. */
bool lemf_plain(const struct etsi_octets *pdu, const struct etsi_octets *payload, struct wr *w);

#endif
