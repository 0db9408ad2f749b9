/* Link layers: Ethernet, its tags and labels, and what stands in for it in captures. */
#include "net/walk.h"

enum {
	ETHER_LEN = 14,
	ETHER_MAX_802_3 = 1500, /* a type field up to here is a length */
	VLAN_LEN = 4,
	MPLS_LEN = 4,
	PW_WORD_LEN = 4,
	LLC_LEN = 3,
	SNAP_LEN = 8,
	ARP_LEN = 8,
	SLL_LEN = 16,
	SLL2_LEN = 20,
	NULL_LEN = 4,
};

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_TEB = 0x6558, /* transparent Ethernet bridging */
	TYPE_RARP = 0x8035,
	TYPE_VLAN = 0x8100,
	TYPE_IPV6 = 0x86dd,
	TYPE_PPP = 0x880b,
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_UP = 0x8848, /* upstream-assigned label */
	TYPE_PPPOE_DISCOVERY = 0x8863,
	TYPE_PPPOE = 0x8864,
	TYPE_QINQ = 0x88a8,
	TYPE_QINQ_OLD = 0x9100,
};

/* ARPHRD_ values under which a cooked header's protocol is no ethertype */
enum { HATYPE_FRAD = 770, HATYPE_RADIOTAP = 803, HATYPE_NETLINK = 824 };

static enum step ethertype_step(uint16_t type)
{
	switch (type) {
	case TYPE_IPV4:
		return STEP_IPV4;
	case TYPE_IPV6:
		return STEP_IPV6;
	case TYPE_VLAN:
	case TYPE_QINQ:
	case TYPE_QINQ_OLD:
		return STEP_VLAN;
	case TYPE_MPLS:
	case TYPE_MPLS_UP:
		return STEP_MPLS;
	case TYPE_PPPOE:
		return STEP_PPPOE;
	case TYPE_PPPOE_DISCOVERY:
		return STEP_PPPOE_DISCOVERY;
	case TYPE_ARP:
	case TYPE_RARP:
		return STEP_ARP;
	case TYPE_TEB:
		return STEP_ETHER;
	case TYPE_PPP:
		return STEP_PPP;
	default:
		return STEP_END;
	}
}

enum step walk_ethertype(struct walk *w, uint16_t type)
{
	enum step next = ethertype_step(type);

	if (next == STEP_ETHER)
		w->flags |= WEIR_LAYER_INNER;
	return next == STEP_END ? walk_end(w, WEIR_STOP_UNKNOWN) : next;
}

/* Behind an 802.3 length stands an LLC header; but ff ff is IPX without one. */
enum step walk_type(struct walk *w, uint16_t type)
{
	if (type > ETHER_MAX_802_3)
		return walk_ethertype(w, type);
	if (type < LLC_LEN)
		return walk_end(w, WEIR_STOP_UNKNOWN);
	walk_limit(w, type);
	if (walk_left(w) >= 2 && be16(w->r.at, 0) == 0xffff)
		return walk_end(w, WEIR_STOP_UNKNOWN);
	return STEP_LLC;
}

enum step walk_version(struct walk *w)
{
	const uint8_t *h = walk_peek(w, 1);

	if (!h)
		return STEP_END;
	switch (h[0] >> 4) {
	case 4:
		return STEP_IPV4;
	case 6:
		return STEP_IPV6;
	default:
		return walk_end(w, WEIR_STOP_UNKNOWN);
	}
}

enum step net_ether(struct walk *w)
{
	const uint8_t *h = walk_peek(w, ETHER_LEN);

	if (!h || !walk_layer(w, WEIR_ETHER, ETHER_LEN))
		return STEP_END;
	return walk_type(w, be16(h, 12));
}

enum step net_vlan(struct walk *w)
{
	const uint8_t *h = walk_peek(w, VLAN_LEN);

	if (!h || !walk_layer(w, WEIR_VLAN, VLAN_LEN))
		return STEP_END;
	return walk_type(w, be16(h, 2));
}

/* IEEE 802.2. A SNAP header names an ethertype under the organisation codes 00-00-00 and, for
 * bridged Ethernet II frames, 00-00-f8. */
enum step net_llc(struct walk *w)
{
	const uint8_t *h = walk_peek(w, LLC_LEN);
	bool is_snap, is_unnumbered;
	uint32_t oui;

	if (!h)
		return STEP_END;
	is_unnumbered = (h[2] & 3) == 3;
	is_snap = h[0] == 0xaa && h[1] == 0xaa && h[2] == 3;
	if (is_snap && !walk_peek(w, SNAP_LEN))
		return STEP_END;
	if (!walk_layer(w, WEIR_LLC, is_snap ? SNAP_LEN : is_unnumbered ? LLC_LEN : LLC_LEN + 1))
		return STEP_END;
	if (h[0] == 0x06 && is_unnumbered)
		return STEP_IPV4;
	oui = is_snap ? be32(h, 2) & 0xffffff : 0xffffff;
	if (oui != 0 && oui != 0x0000f8)
		return walk_end(w, WEIR_STOP_UNKNOWN);
	return walk_ethertype(w, be16(h, 6));
}

/* Whether the bytes from i on can be an Ethernet header: its type is one that we know, or a
 * length that fits. */
static bool may_be_ether(struct rd r, size_t i)
{
	uint16_t type;

	rd_skip(&r, i + 12);
	type = rd_u16(&r);
	if (!r.ok)
		return false;
	return type <= ETHER_MAX_802_3 ? type >= LLC_LEN && type <= rd_left(&r)
				       : ethertype_step(type) != STEP_END;
}

/* The last label of a stack: nothing says what follows but its first four bits. 4 and 6 are IP
 * (RFC 4928); 16 zero bits are a pseudowire's control word (RFC 4448 4.6) or an Ethernet address
 * that begins so, told apart by where an Ethernet type stands. The control word counts as part
 * of the label. */
static enum step mpls_payload(struct walk *w)
{
	const uint8_t *h = walk_peek(w, MPLS_LEN + 2);
	uint8_t version = h ? h[MPLS_LEN] >> 4 : 0;
	bool has_word = h && !be16(h, MPLS_LEN) && may_be_ether(w->r, MPLS_LEN + PW_WORD_LEN);
	bool is_ether = version != 4 && version != 6 && (has_word || may_be_ether(w->r, MPLS_LEN));

	if (!walk_layer(w, WEIR_MPLS, has_word ? MPLS_LEN + PW_WORD_LEN : MPLS_LEN))
		return STEP_END;
	if (!h)
		return walk_short(w);
	if (!is_ether)
		return walk_version(w);
	w->flags |= WEIR_LAYER_INNER;
	return STEP_ETHER;
}

enum step net_mpls(struct walk *w)
{
	const uint8_t *h = walk_peek(w, MPLS_LEN);
	bool is_last;

	if (!h)
		return STEP_END;
	is_last = h[2] & 1;
	if (is_last)
		return mpls_payload(w);
	return walk_layer(w, WEIR_MPLS, MPLS_LEN) ? STEP_MPLS : STEP_END;
}

/* RFC 826; what follows it is padding. */
enum step net_arp(struct walk *w)
{
	const uint8_t *h = walk_peek(w, ARP_LEN);
	size_t len;

	if (!h)
		return STEP_END;
	len = ARP_LEN + 2 * ((size_t)h[4] + h[5]);
	walk_limit(w, len);
	walk_layer(w, WEIR_ARP, len);
	return STEP_END;
}

/* The protocol field of the cooked headers: an ethertype, 1 for raw 802.3, 4 for 802.2; for some
 * ARPHRD_ values something else. */
static enum step cooked_type(struct walk *w, uint16_t hatype, uint16_t protocol)
{
	if (hatype == HATYPE_RADIOTAP)
		return STEP_RADIOTAP;
	if (hatype == HATYPE_FRAD || hatype == HATYPE_NETLINK)
		return walk_end(w, WEIR_STOP_UNKNOWN);
	if (protocol == 4)
		return STEP_LLC;
	return walk_ethertype(w, protocol);
}

enum step net_sll(struct walk *w)
{
	const uint8_t *h = walk_peek(w, SLL_LEN);

	if (!h || !walk_layer(w, WEIR_SLL, SLL_LEN))
		return STEP_END;
	return cooked_type(w, be16(h, 2), be16(h, 14));
}

enum step net_sll2(struct walk *w)
{
	const uint8_t *h = walk_peek(w, SLL2_LEN);

	if (!h || !walk_layer(w, WEIR_SLL2, SLL2_LEN))
		return STEP_END;
	return cooked_type(w, be16(h, 8), be16(h, 0));
}

/* The address family in the byte order of who captured; every system has its own AF_INET6. */
enum step net_null(struct walk *w)
{
	const uint8_t *h = walk_peek(w, NULL_LEN);
	uint32_t family;

	if (!h || !walk_layer(w, WEIR_NULL, NULL_LEN))
		return STEP_END;
	family = be32(h, 0);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2:
		return STEP_IPV4;
	case 10: /* Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* Darwin */
		return STEP_IPV6;
	default:
		return walk_end(w, WEIR_STOP_UNKNOWN);
	}
}

enum step net_raw(struct walk *w)
{
	return walk_version(w);
}
