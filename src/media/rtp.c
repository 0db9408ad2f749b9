#include "media/rtp.h"

#include "base/rd.h"

enum { STUN_COOKIE = 0x2112a442 };

enum media_sort media_sort_of(const void *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	uint8_t first = rd_u8(&r), second = rd_u8(&r);

	if (first >= 128 && first < 192 && len >= 8) {
		if (second >= 192 && second < 224)
			return MEDIA_IS_RTCP;
		return len >= RTP_HEADER_LEN ? MEDIA_IS_RTP : MEDIA_IS_OTHER;
	}
	if (first < 4 && len >= 20) {
		rd_skip(&r, 2);
		return rd_u32(&r) == STUN_COOKIE ? MEDIA_IS_STUN : MEDIA_IS_OTHER;
	}
	return first >= 20 && first < 64 && len >= 13 ? MEDIA_IS_DTLS : MEDIA_IS_OTHER;
}

uint8_t rtp_type_of(const void *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);

	rd_skip(&r, 1);
	return rd_u8(&r) & 127;
}

bool rtp_read(const void *bytes, size_t len, bool is_cut, struct rtp *out)
{
	struct rd r = rd_of(bytes, len);
	uint8_t first = rd_u8(&r), second = rd_u8(&r);
	size_t n_padding = 0;

	*out = (struct rtp){.payload_type = second & 127, .is_marked = second >> 7};
	out->seq = rd_u16(&r);
	out->timestamp = rd_u32(&r);
	out->ssrc = rd_u32(&r);
	rd_skip(&r, (size_t)(first & 15) * 4);
	if (first >> 4 & 1) {
		rd_skip(&r, 2);
		rd_skip(&r, (size_t)rd_u16(&r) * 4);
	}
	if (!r.ok || first >> 6 != 2)
		return false;
	out->payload = r.at;
	out->len = rd_left(&r);
	if (first >> 5 & 1 && !is_cut) {
		n_padding = out->len ? out->payload[out->len - 1] : 0;
		if (!n_padding || n_padding > out->len)
			return false;
	}
	out->len -= n_padding;
	return true;
}
