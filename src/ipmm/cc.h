/* IPMMCC records (TS 102 232-5): one packet of a target's media as one PS-PDU, by template.
 *
 *	rc = ipmm_tail_init(&tail, &header, &stream, &why);    once a media stream
 *
 *	size_t len = ipmm_cc_len(&tail, &cc);                  reserve so many octets, then
 *	struct wr w = wr_of(reserved, len);
 *	ipmm_cc_encode(&tail, &cc, &w);                        fills exactly them, none beyond
 *
 * DER: the fewest octets for every length and integer. */
#ifndef IPMM_CC_H
#define IPMM_CC_H

#include "etsi/ipcc.h"
#include "ipmm/ipmm.h"

enum { IPMM_MAX_STREAM_ID = 96, IPMM_TAIL_OCTETS = IPMM_MAX_STREAM_ID + 8 };

/* What is the same in each record of one media stream. */
struct ipmm_stream {
	enum ipmm_frame frame;       /* what the packets begin with */
	enum ipmm_protocol protocol; /* what they carry */
	const char *id; /* streamIdentifier: which of the call's streams; at most 96 octets; NULL */
	unsigned version; /* of TS 102 232-5; 0: what goes with the header's */
};

/* A media stream's records, prepared: all but number, time, direction and packet. Shared read-only
 * by all threads. */
struct ipmm_tail {
	const struct etsi_header *header; /* borrowed */
	uint8_t version;
	uint8_t len;
	uint8_t octets[IPMM_TAIL_OCTETS]; /* frameType, streamIdentifier, mMCCprotocol */
};

/* 0; ERR_USAGE with the reason; ERR_UNSUPPORTED where the announced version has no such frame
 * (TCP, artificial RTP, UDPTL and MSRP came between 6 and 14: before, send whole packets). */
MUST_CHECK int ipmm_tail_init(struct ipmm_tail *tail, const struct etsi_header *h,
			      const struct ipmm_stream *s, struct why *why);

/* One packet, from the first octet that the stream's frame type names. */
struct ipmm_cc {
	const uint8_t *bytes;
	uint32_t len;
	uint32_t seq;
	enum etsi_direction direction;
	struct nanos time; /* of interception; before 1970 it becomes 1970 */
};

/* Octets of the whole PS-PDU. */
size_t ipmm_cc_len(const struct ipmm_tail *tail, const struct ipmm_cc *cc);

/* Writes it: ipmm_cc_len octets. w->ok is false, and nothing written, where they do not fit. */
void ipmm_cc_encode(const struct ipmm_tail *tail, const struct ipmm_cc *cc, struct wr *w);

#endif
