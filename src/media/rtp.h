/* RTP packets (RFC 3550 5.1), and what else comes on the same port (RFC 7983, RFC 5761 4). */
#ifndef MEDIA_RTP_H
#define MEDIA_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum media_sort { MEDIA_IS_OTHER, MEDIA_IS_RTP, MEDIA_IS_RTCP, MEDIA_IS_STUN, MEDIA_IS_DTLS };

enum { RTP_HEADER_LEN = 12 };

enum { RTP_COMFORT_NOISE = 13 }; /* a payload type (RFC 3389) */

struct rtp {
	uint32_t ssrc;
	uint32_t timestamp;
	uint16_t seq;
	uint8_t payload_type;
	bool is_marked;
	const uint8_t *payload; /* without padding; borrows the packet */
	size_t len;
};

/* By the first octets alone. */
enum media_sort media_sort_of(const void *bytes, size_t len);
/* Of what is RTP by these: its payload type. */
uint8_t rtp_type_of(const void *bytes, size_t len);

/* False: it is none. is_cut: its end was not captured, so that no padding can be looked for. */
bool rtp_read(const void *bytes, size_t len, bool is_cut, struct rtp *out);

#endif
