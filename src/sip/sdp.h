/* Session descriptions (RFC 8866), as far as they say where media flow and of what kind.
 *
 *	v=0
 *	o=alice 2890844526 2890844526 IN IP4 host.example.org
 *	c=IN IP4 192.0.2.1                the address of all media that have none of their own
 *	m=audio 49170 RTP/AVP 0 96        kind, port, how, formats
 *	c=IN IP4 192.0.2.9
 *	a=rtpmap:96 opus/48000/2
 *	a=rtcp:53020 IN IP4 192.0.2.9     (RFC 3605)
 *	a=candidate:1 1 UDP 2130706431 192.0.2.9 49170 typ host    (RFC 8839)
 *
 * Everything borrows the body. Host names are kept as names and never looked up. */
#ifndef SIP_SDP_H
#define SIP_SDP_H

#include "sip/text.h"

enum {
	SDP_MAX_MEDIA = 16, /* of one description; what comes after is counted in n_left_out */
};

#define SDP_KINDS(X)                                                                               \
	X(AUDIO, "audio")                                                                          \
	X(VIDEO, "video")                                                                          \
	X(IMAGE, "image")                                                                          \
	X(TEXT, "text")                                                                            \
	X(APPLICATION, "application")                                                              \
	X(MESSAGE, "message")

enum sdp_kind {
	SDP_KIND_OTHER,
#define X(name, text) SDP_KIND_##name,
	SDP_KINDS(X)
#undef X
};

#define SDP_DIRECTIONS(X)                                                                          \
	X(SENDRECV, "sendrecv")                                                                    \
	X(SENDONLY, "sendonly")                                                                    \
	X(RECVONLY, "recvonly")                                                                    \
	X(INACTIVE, "inactive")

enum sdp_direction {
#define X(name, text) SDP_##name,
	SDP_DIRECTIONS(X)
#undef X
};

struct sdp_media {
	enum sdp_kind kind;
	struct sip_text kind_name;
	uint16_t port;            /* 0: refused, or bundled with another (RFC 9143) */
	uint16_t n_ports;         /* "49170/2"; 1 where it is not said */
	struct sip_text protocol; /* "RTP/AVP", "RTP/SAVPF", "udptl" (T.38), "UDP/TLS/RTP/SAVPF" */
	bool is_rtp;              /* RTP is in it, secure or not */
	bool is_udptl;            /* T.38's, secure or not (RFC 7345) */
	bool is_tcp;
	bool is_secure;               /* SRTP, TLS or DTLS is in it */
	struct sip_text formats;      /* "0 96": sdp_format_next */
	struct sip_host address;      /* its own, or the session's; text not there: none */
	uint8_t ttl;                  /* of a multicast address; 0: none */
	uint16_t n_addresses;         /* of a multicast address: so many, counted up; else 1 */
	enum sdp_direction direction; /* its own, or the session's */
	bool has_rtcp;                /* a=rtcp */
	uint16_t rtcp_port;           /* a=rtcp's, else port + 1; 0: none */
	struct sip_host rtcp_address; /* a=rtcp's, else address */
	bool is_rtcp_mux;             /* a=rtcp-mux: where both sides say so, RTCP comes to port */
	bool is_rtcp_mux_only;        /* a=rtcp-mux-only (RFC 8858): it does in any case */
	uint32_t ptime;               /* milliseconds; 0: not said */
	struct sip_text mid;          /* a=mid (RFC 5888); not there: none */
	uint32_t n_candidates;
	struct sip_text attributes; /* its lines, for the walks below */
};

struct sdp {
	struct {
		struct sip_text line; /* all behind "o=": the same in both legs of one call */
		struct sip_text user;
		struct sip_text id;
		struct sip_text version;
		struct sip_host address;
	} origin;
	struct sip_text name;    /* s= */
	struct sip_host address; /* the session's c=; text not there: none */
	uint8_t ttl;
	uint16_t n_addresses;
	enum sdp_direction direction;
	bool is_ice_lite;
	uint16_t n_media;
	uint32_t n_left_out;
	struct sdp_media media[SDP_MAX_MEDIA];
	struct sip_text attributes; /* the session's lines, as those of a media */
	bool has_fault;             /* a line that breaks the grammar was passed over */
};

/* ERR_UNKNOWN: it does not begin with v=0. ERR_CUT: no o= line. What breaks the grammar further
 * down is passed over and told of by has_fault; an m= line that does makes no media. */
MUST_CHECK int sdp_read(struct sip_text body, struct sdp *out);

/* What candidates that come later are in (application/trickle-ice-sdpfrag, RFC 8840 9): the lines
 * of a description without its head, of each media no more than an m= line that stands for it, its
 * mid and its candidates. */
void sdp_fragment_read(struct sip_text body, struct sdp *out);

/* The address is one at which nothing is to be received: 0.0.0.0 (RFC 3264 8.4) or ::. */
bool sdp_is_held(const struct sdp_media *media);

/* Formats of an m= line, one at a time. */
bool sdp_format_next(struct rd *formats, struct sip_text *out);

/* a=NAME:value lines of a media, or of the session, one at a time. value is not there where
 * there is no colon. */
bool sdp_attribute_next(struct rd *attributes, struct sip_text *name, struct sip_text *value);

/* a=rtpmap:96 opus/48000/2; the static types of RFC 3551 where there is none. */
struct sdp_codec {
	uint8_t type;
	struct sip_text name;
	uint32_t rate;    /* Hz */
	uint8_t channels; /* 1 where it is not said */
};

/* Of a payload type; false where neither the description nor RFC 3551 says it. */
bool sdp_codec_find(const struct sdp_media *media, uint8_t type, struct sdp_codec *out);
/* Of a=fmtp; false where there is none. */
bool sdp_fmtp_find(const struct sdp_media *media, uint8_t type, struct sip_text *out);

/* a=candidate (RFC 8839 5.1) */
struct sdp_candidate {
	struct sip_text foundation;
	uint16_t component; /* 1: RTP, 2: RTCP */
	bool is_udp;
	uint32_t priority;
	struct sip_host address;
	uint16_t port;
	struct sip_text kind; /* "host", "srflx", "prflx", "relay" */
	struct sip_host related;
	uint16_t related_port; /* 0: none */
};

/* The next of a reader over the media's attributes; those that break the grammar are passed
 * over. */
bool sdp_candidate_next(struct rd *attributes, struct sdp_candidate *out);

#endif
