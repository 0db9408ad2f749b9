/* What IPMMIRI and IPMMCC records (TS 102 232-5) have in common: the values of module
 * IPMultimediaPDU, and the version that they announce. */
#ifndef IPMM_IPMM_H
#define IPMM_IPMM_H

#include "etsi/header.h"

/* FrameType: constant, value, name in the schema, what mMCCContents begins with. */
#define IPMM_FRAMES(X)                                                                             \
	X(IP_FRAME, 0, "ipFrame", "the IP header")                                                 \
	X(UDP_FRAME, 1, "udpFrame", "the UDP header")                                              \
	X(RTP_FRAME, 2, "rtpFrame", "the RTP or RTCP header")                                      \
	X(AUDIO_FRAME, 3, "audioFrame", "the payload of RTP")                                      \
	X(TCP_FRAME, 4, "tcpFrame", "the TCP header")                                              \
	X(ARTIFICIAL_RTP_FRAME, 5, "artificialRtpFrame", "an RTP header that the network had not") \
	X(UDPTL_FRAME, 6, "udptlFrame", "a UDPTL packet (T.38)")                                   \
	X(MSRP_FRAME, 7, "msrpFrame", "an MSRP message")

enum ipmm_frame {
#define X(name, value, text, doc) IPMM_##name = value,
	IPMM_FRAMES(X)
#undef X
};

/* MMCCprotocol: constant, value, name in the schema. */
#define IPMM_PROTOCOLS(X)                                                                          \
	X(RTP, 0, "rTP")                                                                           \
	X(MSRP, 1, "mSRP")                                                                         \
	X(UDPTL, 2, "uDPTL")

enum ipmm_protocol {
#define X(name, value, text) IPMM_##name = value,
	IPMM_PROTOCOLS(X)
#undef X
};

/* What an IRI holds: constant, alternative of iPMMIRIContents, name in the schema. */
#define IPMM_FORMS(X)                                                                              \
	X(SIP, 1, "sIPMessage")                                                                    \
	X(SIP_IRI_ONLY, 6, "iRIOnlySIPMessage")

enum ipmm_form {
#define X(name, value, text) IPMM_##name = value,
	IPMM_FORMS(X)
#undef X
};

enum { IPMM_MIN_VERSION = 6, IPMM_VERSION = 17 };

/* The version of TS 102 232-5 that goes with one of TS 102 232-1. Header version -> service
 * version, of which these pairs are sure: 17 -> 6 (in use), 30 and 33 -> 14, 37 and 43 -> 17 (one
 * module imports the other). A version between them gets the service of the nearest lower one. */
unsigned ipmm_version(unsigned header_version);

/* The service version that a record announces: as given, or where that is 0 the header's. */
static inline unsigned ipmm_announced(const struct etsi_header *h, unsigned given)
{
	return given ? given : ipmm_version(h->header_version);
}

#endif
