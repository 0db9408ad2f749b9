#include "media/rtp.h"

#include <string.h>

#include "base/tap.h"

/* One source beside the sender, an extension of one word, four octets, three of padding. */
static const uint8_t wire[] = {0xb1, 0x80 | 96, 0x12, 0x34, 0,   0,    1,    0, 0xde, 0xad, 0xbe,
			       0xef, 1,         2,    3,    4,   0xbe, 0xde, 0, 1,    9,    9,
			       9,    9,         'a',  'b',  'c', 'd',  0,    0, 3};

int main(void)
{
	static const uint8_t rtcp[] = {0x80, 200, 0, 6, 1, 2, 3, 4};
	uint8_t stun[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, dtls[13] = {22, 0xfe, 0xfd};
	uint8_t bad[sizeof wire];
	struct rtp rtp;

	ok(rtp_read(wire, sizeof wire, false, &rtp) && rtp.seq == 0x1234 &&
		   rtp.ssrc == 0xdeadbeef && rtp.timestamp == 256 && rtp.payload_type == 96 &&
		   rtp.is_marked,
	   "the fields of a packet");
	ok(rtp.len == 4 && !memcmp(rtp.payload, "abcd", 4),
	   "its payload lies behind sources and extension, before the padding");
	for (size_t len = 0; len < 24; len++)
		ok(!rtp_read(wire, len, false, &rtp), "cut at %zu is refused", len);
	ok(rtp_read(wire, 26, true, &rtp) && rtp.len == 2,
	   "one that the capture cut has what is there");
	memcpy(bad, wire, sizeof wire);
	bad[sizeof bad - 1] = 8;
	ok(!rtp_read(bad, sizeof bad, false, &rtp), "more padding than payload is refused");
	bad[0] = 0x31;
	ok(!rtp_read(bad, sizeof bad, false, &rtp), "another version is refused");
	ok(media_sort_of(wire, sizeof wire) == MEDIA_IS_RTP, "RTP");
	ok(rtp_type_of(wire, sizeof wire) == 96 && rtp_type_of(wire, 1) == 0,
	   "its type by the second octet");
	ok(media_sort_of(rtcp, sizeof rtcp) == MEDIA_IS_RTCP, "RTCP on the same port");
	ok(media_sort_of(stun, sizeof stun) == MEDIA_IS_STUN, "STUN");
	ok(media_sort_of(dtls, sizeof dtls) == MEDIA_IS_DTLS, "DTLS");
	stun[4] = 0;
	ok(media_sort_of(stun, sizeof stun) == MEDIA_IS_OTHER &&
		   media_sort_of("\r\n", 2) == MEDIA_IS_OTHER &&
		   media_sort_of(NULL, 0) == MEDIA_IS_OTHER &&
		   media_sort_of(wire, 11) == MEDIA_IS_OTHER,
	   "none of these");
	return tap_end();
}
