/* IPCC records (TS 102 232-3): one intercepted IP packet as one PS-PDU, by template.
 *
 *	size_t len = ipcc_len(&header, &cc);      reserve so many octets, then
 *	struct wr w = wr_of(reserved, len);
 *	ipcc_encode(&header, &cc, &w);            fills exactly them, none beyond
 *
 * DER: the fewest octets for every length and integer. */
#ifndef ETSI_IPCC_H
#define ETSI_IPCC_H

#include "etsi/header.h"

/* payloadDirection (clause 5.2.7). */
enum etsi_direction {
	ETSI_FROM_TARGET,
	ETSI_TO_TARGET,
	ETSI_INDETERMINATE,
	ETSI_COMBINED,
	ETSI_NOT_APPLICABLE,
};

/* As original_len: the packet's own header claims no length, so nobody can tell whether all of it
 * is here. The record is an iPTruncatedPacket without originalLength. */
#define IPCC_LEN_UNKNOWN UINT32_MAX

/* One packet: from the first octet of its IP header, no link layer. */
struct ipcc {
	const uint8_t *bytes;
	uint32_t len;          /* octets that are here */
	uint32_t original_len; /* octets that the IP header claims; when more than len, the record
				* is an iPTruncatedPacket that says so; else ignored */
	uint32_t seq;
	enum etsi_direction direction;
	struct nanos time; /* of interception; before 1970 it becomes 1970 */
};

/* Octets of the whole PS-PDU. */
size_t ipcc_len(const struct etsi_header *h, const struct ipcc *cc);

/* Writes it: ipcc_len octets. w->ok is false, and nothing written, where they do not fit. */
void ipcc_encode(const struct etsi_header *h, const struct ipcc *cc, struct wr *w);

#endif
