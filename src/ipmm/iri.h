/* IPMMIRI records (TS 102 232-5): what is signalled of a target's calls and messages, whole. */
#ifndef IPMM_IRI_H
#define IPMM_IRI_H

#include "etsi/ipcc.h"
#include "etsi/ipiri.h"
#include "ipmm/ipmm.h"
#include "ipmm/pidf.h"

/* A cell of 5G: MCC and MNC as digits, the tracking area, the cell's identity of 36 bits. */
struct ipmm_cell {
	char mcc[4]; /* "" : there is none */
	char mnc[4];
	uint8_t tac[3];
	uint64_t cell;
};

/* Where the target is; any of it may be there. The cell of 5G needs header version 43. */
struct ipmm_location {
	struct etsi_location place;
	struct ipmm_cell cell;
	struct ipmm_point point; /* as umtsHI2Location, which every version has */
};

/* sessionDirection and payloadDirection where there is none. */
enum { IPMM_NO_DIRECTION = ETSI_NOT_APPLICABLE + 1 };

/* One record; borrowed until ipmm_iri_encode returns. Fields that the announced version does not
 * know are left out. */
struct ipmm_iri {
	enum etsi_iri_type type;
	enum ipmm_form form; /* SIP_IRI_ONLY: content was taken out (5.2.6); before version 14 the
			      * same goes as sIPMessage */
	unsigned version;    /* of TS 102 232-5; 0: what goes with the header's */
	uint32_t seq;
	struct nanos time;
	struct etsi_address source, destination; /* of the network layer (5.2.7) */
	struct etsi_text message;                /* from its start line to the end of its body */
	uint8_t session_direction; /* who began the session: enum etsi_direction, or IPMM_NO_… */
	uint8_t payload_direction; /* who sent this message */
	struct ipmm_location location;
	const struct etsi_text *lines; /* additionalSignalling: header lines of other messages */
	size_t n_lines;
};

/* Appends the whole PS-PDU to w: 0; ERR_USAGE with the reason where a value is beyond what the
 * schema allows; ERR_FULL where w has no room. */
MUST_CHECK int ipmm_iri_encode(const struct etsi_header *h, const struct ipmm_iri *iri,
			       struct wr *w, struct why *why);

#endif
