/* The TRI PDUs that a delivery says (TS 102 232-1 clause 6.3). */
#ifndef HANDOVER_NOTICE_H
#define HANDOVER_NOTICE_H

#include "base/err.h"
#include "base/nanos.h"
#include "base/wr.h"
#include "etsi/header.h"

enum { NOTICE_MAX = 256 }; /* octets of one */

/* Appends the whole PS-PDU of a kind (enum etsi_tri_kind) that says nothing more than itself, or of
 * an option request for PDU acknowledgement; 0, or ERR_FULL. */
MUST_CHECK int notice_tri(const struct etsi_header *header, uint8_t kind, uint32_t number,
			  struct nanos time, struct wr *w);

#endif
