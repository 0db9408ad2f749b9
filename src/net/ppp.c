/* PPP, the ways in which it is carried, and its Cisco cousin. */
#include "net/walk.h"

enum { PPPOE_LEN = 6, CHDLC_LEN = 4, HDLC_ALL_STATIONS = 0xff, HDLC_UNNUMBERED = 0x03 };

enum {
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_MPLS = 0x0281,
	PPP_MPLS_MULTICAST = 0x0283,
};

enum { PPPOE_VERSION_TYPE = 0x11, PPPOE_SESSION_CODE = 0 };

enum step net_ppp(struct walk *w)
{
	struct rd r = w->r;
	uint16_t protocol = rd_u8(&r);

	/* address and control are left out where both sides agreed to (RFC 1661 6.6) */
	if (protocol == HDLC_ALL_STATIONS) {
		if (rd_u8(&r) != HDLC_UNNUMBERED && r.ok)
			return walk_end(w, WEIR_STOP_BAD);
		protocol = rd_u8(&r);
	}
	/* the first of two bytes is even; an odd one stands alone (RFC 1661 6.5) */
	if (!(protocol & 1))
		protocol = (uint16_t)(protocol << 8 | rd_u8(&r));
	if (!r.ok)
		return walk_short(w);
	if (!walk_layer(w, WEIR_PPP, (size_t)(r.at - w->r.at)))
		return STEP_END;
	switch (protocol) {
	case PPP_IPV4:
		return STEP_IPV4;
	case PPP_IPV6:
		return STEP_IPV6;
	case PPP_MPLS:
	case PPP_MPLS_MULTICAST:
		return STEP_MPLS;
	default:
		return walk_end(w, WEIR_STOP_UNKNOWN);
	}
}

/* PPP in HDLC-like framing; or, by its first byte, Cisco HDLC. */
enum step net_ppp_hdlc(struct walk *w)
{
	const uint8_t *h = walk_peek(w, 1);

	if (!h)
		return STEP_END;
	return h[0] == 0x0f || h[0] == 0x8f ? STEP_CHDLC : STEP_PPP;
}

/* A byte of the capture's own before PPP: 0 for what came in. */
enum step net_ppp_direction(struct walk *w)
{
	return walk_layer(w, WEIR_PPP_DIRECTION, 1) ? STEP_PPP : STEP_END;
}

enum step net_chdlc(struct walk *w)
{
	const uint8_t *h = walk_peek(w, CHDLC_LEN);
	uint16_t type;

	if (!h || !walk_layer(w, WEIR_CHDLC, CHDLC_LEN))
		return STEP_END;
	type = be16(h, 2);
	if (type == 0x8035) /* SLARP, not RARP */
		return walk_end(w, WEIR_STOP_UNKNOWN);
	return walk_ethertype(w, type);
}

/* RFC 2516; its length leaves Ethernet's padding out. */
static enum step pppoe(struct walk *w, enum step next)
{
	const uint8_t *h = walk_peek(w, PPPOE_LEN);

	if (!h)
		return STEP_END;
	if (h[0] != PPPOE_VERSION_TYPE)
		return walk_end(w, WEIR_STOP_BAD);
	walk_limit(w, PPPOE_LEN + (uint32_t)be16(h, 4));
	if (!walk_layer(w, WEIR_PPPOE, PPPOE_LEN))
		return STEP_END;
	return h[1] == PPPOE_SESSION_CODE ? next : STEP_END;
}

enum step net_pppoe(struct walk *w)
{
	return pppoe(w, STEP_PPP);
}

enum step net_pppoe_discovery(struct walk *w)
{
	return pppoe(w, STEP_END);
}
