/* Tunnels: what they carry is marked WEIR_LAYER_INNER.
 *
 * Those over UDP are recognized by port alone, so each checks what its header must hold; bytes
 * that do not are nothing but the payload of UDP. */
#include "net/checksum.h"
#include "net/walk.h"

enum {
	GRE_LEN = 4,
	GRE_FIELD_LEN = 4,
	ERSPAN2_LEN = 8,
	ERSPAN3_LEN = 12,
	ERSPAN_PLATFORM_LEN = 8,
	VXLAN_LEN = 8,
	GENEVE_LEN = 8,
	L2TP_LEN = 6,
	L2TP3_LEN = 4,
	GTPU_LEN = 8,
	GTPU_OPTION_LEN = 4,
	ETHER_LEN = 14,
};

/* GRE: flags of RFC 1701, 2784, 2890 and 2637 */
enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACK = 0x0080,
	GRE_VERSION = 0x0007,
	GRE_PPP = 0x880b,
	GRE_ERSPAN = 0x88be, /* types I and II */
	GRE_ERSPAN3 = 0x22eb,
};

enum {
	L2TP_CONTROL = 0x8000,
	L2TP_LENGTH = 0x4000,
	L2TP_SEQUENCE = 0x0800,
	L2TP_OFFSET = 0x0200,
	L2TP_VERSION = 0x000f,
};

enum { GTPU_OPTIONS = 0x07, GTPU_EXTENSION = 0x04, GTPU_T_PDU = 255 };

static enum step inner(struct walk *w, enum step next)
{
	w->flags |= WEIR_LAYER_INNER;
	return next;
}

/* The next n bytes of a tunnel over UDP; NULL where there are fewer: cut, or no tunnel at all
 * when UDP's payload ends there. */
static const uint8_t *peek(struct walk *w, size_t n)
{
	const uint8_t *h = walk_peek(w, n);

	if (!h && w->claim_end == (uint64_t)(w->r.end - w->start))
		w->stop = WEIR_STOP_DONE;
	return h;
}

/* Whether a length field that counts n bytes from here fits what surrounds it. */
static bool fits(const struct walk *w, uint32_t n)
{
	return n <= w->claim_end - walk_offset(w);
}

/* Bytes of the source route entries at r (RFC 1701), the empty last one included; 0 where they
 * do not end. */
static size_t gre_routing_len(struct rd r)
{
	const uint8_t *start = r.at;

	while (r.ok) {
		uint16_t family = rd_u16(&r);
		uint8_t len;

		rd_skip(&r, 1);
		len = rd_u8(&r);
		if (r.ok && !family && !len)
			return (size_t)(r.at - start);
		rd_skip(&r, len);
	}
	return 0;
}

static enum step gre_payload(struct walk *w, uint16_t flags, uint16_t type)
{
	switch (type) {
	case GRE_ERSPAN:
		return inner(w, flags & GRE_SEQUENCE ? STEP_ERSPAN : STEP_ERSPAN1);
	case GRE_ERSPAN3:
		return inner(w, STEP_ERSPAN);
	default:
		return inner(w, walk_ethertype(w, type));
	}
}

/* Version 1 is PPTP's (RFC 2637): the key's first half is the payload's length. */
static enum step gre_pptp(struct walk *w, uint16_t flags, const uint8_t *h)
{
	size_t len = GRE_LEN + GRE_FIELD_LEN + (flags & GRE_SEQUENCE ? GRE_FIELD_LEN : 0) +
		     (flags & GRE_ACK ? GRE_FIELD_LEN : 0);

	if (!walk_peek(w, GRE_LEN + GRE_FIELD_LEN))
		return STEP_END;
	walk_limit(w, len + be16(h, 4));
	if (!walk_layer(w, WEIR_GRE, len) || !be16(h, 4))
		return STEP_END;
	if (be16(h, 2) != GRE_PPP)
		return walk_end(w, WEIR_STOP_UNKNOWN);
	return inner(w, STEP_PPP);
}

enum step net_gre(struct walk *w)
{
	const uint8_t *h = walk_peek(w, GRE_LEN);
	uint16_t flags;
	size_t len = GRE_LEN;

	if (!h)
		return STEP_END;
	flags = be16(h, 0);
	if ((flags & GRE_VERSION) == 1)
		return gre_pptp(w, flags, h);
	if (flags & GRE_VERSION)
		return walk_end(w, WEIR_STOP_UNKNOWN);
	if (flags & (GRE_CHECKSUM | GRE_ROUTING))
		len += GRE_FIELD_LEN;
	if (flags & GRE_KEY)
		len += GRE_FIELD_LEN;
	if (flags & GRE_SEQUENCE)
		len += GRE_FIELD_LEN;
	if (flags & GRE_ROUTING) {
		struct rd r = w->r;
		size_t routing;

		rd_skip(&r, len);
		routing = gre_routing_len(r);
		if (!routing || len + routing > UINT16_MAX)
			return walk_short(w);
		len += routing;
	}
	if (!walk_layer(w, WEIR_GRE, len))
		return STEP_END;
	return gre_payload(w, flags, be16(h, 2));
}

/* Type I has no header of its own: the layer is empty. */
enum step net_erspan1(struct walk *w)
{
	return walk_layer(w, WEIR_ERSPAN, 0) ? STEP_ETHER : STEP_END;
}

/* Types II (version 1) and III (version 2, maybe with a platform's own subheader; frame type 0
 * is Ethernet, 2 is IP). */
enum step net_erspan(struct walk *w)
{
	const uint8_t *h = walk_peek(w, ERSPAN2_LEN);
	size_t len = ERSPAN2_LEN;
	uint8_t frame_type = 0;

	if (!h)
		return STEP_END;
	if (h[0] >> 4 == 2) {
		if (!walk_peek(w, ERSPAN3_LEN))
			return STEP_END;
		len = ERSPAN3_LEN + (h[11] & 1 ? ERSPAN_PLATFORM_LEN : 0);
		frame_type = h[10] >> 2 & 0x1f;
	} else if (h[0] >> 4 != 1) {
		return walk_end(w, WEIR_STOP_UNKNOWN);
	}
	if (!walk_layer(w, WEIR_ERSPAN, len))
		return STEP_END;
	switch (frame_type) {
	case 0:
		return STEP_ETHER;
	case 2:
		return walk_version(w);
	default:
		return walk_end(w, WEIR_STOP_UNKNOWN);
	}
}

/* RFC 7348; reserved bits are ignored, the I flag must be set. */
enum step net_vxlan(struct walk *w)
{
	const uint8_t *h = peek(w, VXLAN_LEN);

	if (!h || !(h[0] & 0x08))
		return STEP_END;
	return walk_layer(w, WEIR_VXLAN, VXLAN_LEN) ? inner(w, STEP_ETHER) : STEP_END;
}

/* RFC 8926; a control packet (O) carries none of the tenant's. */
enum step net_geneve(struct walk *w)
{
	const uint8_t *h = peek(w, GENEVE_LEN);

	if (!h || h[0] >> 6 != 0)
		return STEP_END;
	if (!walk_layer(w, WEIR_GENEVE, GENEVE_LEN + (size_t)(h[0] & 0x3f) * 4))
		return STEP_END;
	if (h[1] & 0x80)
		return STEP_END;
	return inner(w, walk_ethertype(w, be16(h, 2)));
}

/* RFC 2661. Version 3 over UDP does not say how long its cookie is: left as payload. */
enum step net_l2tp(struct walk *w)
{
	struct rd r = w->r;
	uint16_t flags = rd_u16(&r), len = 0;
	size_t header_len;

	if (!r.ok || (flags & L2TP_VERSION) != 2)
		return STEP_END;
	if (flags & L2TP_LENGTH)
		len = rd_u16(&r);
	rd_skip(&r, 4); /* tunnel and session */
	if (flags & L2TP_SEQUENCE)
		rd_skip(&r, 4);
	if (flags & L2TP_OFFSET)
		rd_skip(&r, rd_u16(&r));
	if (!r.ok)
		return walk_short(w);
	header_len = (size_t)(r.at - w->r.at);
	if (header_len > UINT16_MAX || (flags & L2TP_LENGTH && (len < header_len || !fits(w, len))))
		return walk_end(w, WEIR_STOP_BAD);
	if (flags & L2TP_LENGTH)
		walk_limit(w, len);
	if (!walk_layer(w, WEIR_L2TP, header_len) || flags & L2TP_CONTROL || !walk_left(w))
		return STEP_END;
	return inner(w, STEP_PPP);
}

/* Whether r begins with an Ethernet header that IP surely follows: an IPv4 header with a good
 * checksum, or an IPv6 header that is exactly as long as it says. */
static bool is_surely_ether(struct rd r)
{
	const uint8_t *h;
	uint16_t type;

	rd_skip(&r, ETHER_LEN - 2);
	type = rd_u16(&r);
	h = r.at;
	if (type == 0x0800 && rd_left(&r) >= 20)
		return h[0] == 0x45 && be16(h, 2) <= rd_left(&r) && net_sum16(h, 20, 0) == 0xffff;
	if (type == 0x86dd && rd_left(&r) >= 40)
		return h[0] >> 4 == 6 && be16(h, 4) + 40u == rd_left(&r);
	return false;
}

/* RFC 3931: a session of 0 is control; for data the sessions' ends have agreed on a cookie of 0,
 * 4 or 8 bytes and a sublayer of 0 or 4, which is found by trying. What is not surely Ethernet
 * is not taken apart. */
enum step net_l2tp_ip(struct walk *w)
{
	const uint8_t *h = walk_peek(w, L2TP3_LEN);

	if (!h)
		return STEP_END;
	for (size_t len = L2TP3_LEN; be32(h, 0) && len <= L2TP3_LEN + 12; len += 4) {
		struct rd r = w->r;

		rd_skip(&r, len);
		if (r.ok && is_surely_ether(r))
			return walk_layer(w, WEIR_L2TP, len) ? inner(w, STEP_ETHER) : STEP_END;
	}
	walk_layer(w, WEIR_L2TP, L2TP3_LEN);
	return be32(h, 0) ? walk_end(w, WEIR_STOP_UNKNOWN) : STEP_END;
}

/* Length of the header at r with its optional fields and extension headers (3GPP TS 29.281
 * clause 5); 0 where they are not all here, -1 where one has no length. */
static long gtpu_header_len(struct rd r)
{
	const uint8_t *start = r.at;
	uint8_t flags = rd_u8(&r), next;

	rd_skip(&r, GTPU_LEN - 1);
	if (!(flags & GTPU_OPTIONS))
		return GTPU_LEN;
	rd_skip(&r, GTPU_OPTION_LEN - 1);
	next = rd_u8(&r);
	while (r.ok && flags & GTPU_EXTENSION && next) {
		size_t len = (size_t)rd_u8(&r) * 4;

		if (r.ok && !len)
			return -1;
		rd_skip(&r, len - 2);
		next = rd_u8(&r);
	}
	return r.ok ? (long)(r.at - start) : 0;
}

/* Version 1 of the user plane; only a T-PDU carries a user's packet. */
enum step net_gtpu(struct walk *w)
{
	const uint8_t *h = peek(w, GTPU_LEN);
	uint32_t claim;
	long len;

	if (!h || (h[0] & 0xf0) != 0x30)
		return STEP_END;
	claim = GTPU_LEN + (uint32_t)be16(h, 2);
	len = gtpu_header_len(w->r);
	if (!len)
		return walk_short(w);
	if (len < 0 || (uint32_t)len > claim || !fits(w, claim))
		return walk_end(w, WEIR_STOP_BAD);
	walk_limit(w, claim);
	if (!walk_layer(w, WEIR_GTPU, (size_t)len) || h[1] != GTPU_T_PDU)
		return STEP_END;
	return inner(w, walk_version(w));
}
