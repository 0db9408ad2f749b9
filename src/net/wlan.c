/* IEEE 802.11, the capture header before it, and 802.15.4. */
#include "net/walk.h"

enum { RADIOTAP_LEN = 8, LOWPAN_LEN = 3 };

/* radiotap: words that say which fields follow; the first two fields are all that we need */
enum {
	RADIOTAP_TSFT = 1 << 0,
	RADIOTAP_FLAGS = 1 << 1,
	RADIOTAP_MORE = 1u << 31,
	RADIOTAP_FLAG_FCS = 0x10,
	RADIOTAP_FLAG_PAD = 0x20,
};

/* 802.11 frame control */
enum {
	WLAN_MANAGEMENT = 0,
	WLAN_CONTROL = 1,
	WLAN_DATA = 2,
	WLAN_SUBTYPE_QOS = 8,
	WLAN_SUBTYPE_NO_DATA = 4,
	WLAN_TO_DS = 0x01,
	WLAN_FROM_DS = 0x02,
	WLAN_PROTECTED = 0x40,
	WLAN_ORDER = 0x80,
	WLAN_QOS_AMSDU = 0x80,
};

/* Flags of the frame from its radiotap header of len bytes; 0 where it has none. */
static uint8_t radiotap_flags(struct rd r, size_t len)
{
	struct rd h = rd_sub(&r, len);
	const uint8_t *start = h.at;
	uint32_t present, more;

	rd_skip(&h, 4);
	present = more = rd_le32(&h);
	while (h.ok && more & RADIOTAP_MORE)
		more = rd_le32(&h);
	if (!h.ok || !(present & RADIOTAP_FLAGS))
		return 0;
	if (present & RADIOTAP_TSFT)
		rd_skip(&h, (8 - (size_t)(h.at - start) % 8) % 8 + 8);
	return rd_u8(&h);
}

enum step net_radiotap(struct walk *w)
{
	const uint8_t *h = walk_peek(w, RADIOTAP_LEN);
	uint8_t flags;
	size_t len;

	if (!h)
		return STEP_END;
	len = (size_t)h[3] << 8 | h[2];
	if (h[0] != 0 || len < RADIOTAP_LEN)
		return walk_end(w, WEIR_STOP_BAD);
	flags = radiotap_flags(w->r, len);
	if (!walk_layer(w, WEIR_RADIOTAP, len))
		return STEP_END;
	w->is_padded = flags & RADIOTAP_FLAG_PAD;
	/* the check sequence is no payload */
	if (flags & RADIOTAP_FLAG_FCS && w->claim_end >= walk_offset(w) + 4)
		walk_limit(w, w->claim_end - walk_offset(w) - 4);
	return STEP_WLAN;
}

static size_t wlan_header_len(const uint8_t *h)
{
	uint8_t type = h[0] >> 2 & 3, subtype = h[0] >> 4, flags = h[1];
	size_t len = 24;

	if (type == WLAN_CONTROL)
		return subtype == 12 || subtype == 13 ? 10 : 16; /* CTS and ACK have one address */
	if (type == WLAN_DATA && (flags & (WLAN_TO_DS | WLAN_FROM_DS)) == 3)
		len += 6;
	if (type == WLAN_DATA && subtype & WLAN_SUBTYPE_QOS)
		len += 2;
	if (flags & WLAN_ORDER && (type == WLAN_MANAGEMENT || subtype & WLAN_SUBTYPE_QOS))
		len += 4;
	return len;
}

/* Whether the frame carries an LLC header that can be read: data that is neither encrypted, nor
 * an aggregate, nor a later fragment. */
static enum step wlan_payload(struct walk *w, const uint8_t *h)
{
	uint8_t type = h[0] >> 2 & 3, subtype = h[0] >> 4, flags = h[1];
	size_t qos = (flags & (WLAN_TO_DS | WLAN_FROM_DS)) == 3 ? 30 : 24;

	if (type != WLAN_DATA || subtype & WLAN_SUBTYPE_NO_DATA || flags & WLAN_PROTECTED ||
	    h[22] & 0x0f)
		return STEP_END;
	if (subtype & WLAN_SUBTYPE_QOS && h[qos] & WLAN_QOS_AMSDU)
		return walk_end(w, WEIR_STOP_UNKNOWN);
	return STEP_LLC;
}

enum step net_wlan(struct walk *w)
{
	const uint8_t *h = walk_peek(w, 2);
	size_t len;

	if (!h)
		return STEP_END;
	len = wlan_header_len(h);
	if (w->is_padded)
		len = (len + 3) & ~(size_t)3;
	if (!walk_layer(w, WEIR_WLAN, len))
		return STEP_END;
	return wlan_payload(w, h);
}

/* Carried, not taken apart: frame control and sequence number. */
enum step net_lowpan(struct walk *w)
{
	const uint8_t *h = walk_peek(w, LOWPAN_LEN);

	if (!h || !walk_layer(w, WEIR_LOWPAN, LOWPAN_LEN))
		return STEP_END;
	return walk_end(w, WEIR_STOP_UNKNOWN);
}
