#include "net/glance.h"

#include "net/walk.h"

/* Ports at h, of which left bytes are here. */
static inline bool rest(struct net_glance *g, uint8_t proto, const uint8_t *h, uint32_t left)
{
	enum { TCP = 6, UDP = 17 };

	g->is_udp = proto == UDP;
	if (left < 4) {
		g->src_port = g->dst_port = 0;
		return proto == TCP;
	}
	g->src_port = be16(h, 0);
	g->dst_port = be16(h, 2);
	return proto == TCP || (g->is_udp && !walk_may_be_udp_tunnel(g->src_port, g->dst_port));
}

enum { V4_LEN = 20, V6_LEN = 40 };

bool net_glance(struct net_glance *g, const struct weir_frame *frame)
{
	enum { LINK_ETHERNET = 1, ETHER_LEN = 14, VLAN_LEN = 4 };
	const uint8_t *h = frame->bytes;
	uint32_t left = frame->cap_len;
	uint16_t type;

	if (frame->link != LINK_ETHERNET || left < ETHER_LEN + VLAN_LEN + V4_LEN)
		return false;
	type = be16(h, 12);
	h += ETHER_LEN;
	left -= ETHER_LEN;
	if (type == 0x8100) {
		type = be16(h, 2);
		h += VLAN_LEN;
		left -= VLAN_LEN;
	}
	if (type == 0x0800 && h[0] == 0x45 && !(be16(h, 6) & 0x3fff)) {
		g->is_v6 = false;
		g->ends = h + 12;
		return rest(g, h[9], h + V4_LEN, left - V4_LEN);
	}
	if (type != 0x86dd || left < V6_LEN || h[0] >> 4 != 6)
		return false;
	g->is_v6 = true;
	g->ends = h + 8;
	return rest(g, h[6], h + V6_LEN, left - V6_LEN);
}

uint32_t net_glance_packet(const struct net_glance *g, const struct weir_frame *frame,
			   const uint8_t **bytes)
{
	enum { V4_ENDS = 12, V6_ENDS = 8 }; /* where the addresses lie in the header */
	const uint8_t *h = g->ends - (g->is_v6 ? V6_ENDS : V4_ENDS);
	uint32_t left = frame->cap_len - (uint32_t)(h - frame->bytes);
	uint32_t head = g->is_v6 ? V6_LEN : V4_LEN;
	uint32_t claim = g->is_v6 ? be16(h, 4) : be16(h, 2);

	if (!claim)
		return 0;
	claim += g->is_v6 ? V6_LEN : 0;
	*bytes = h;
	return claim >= head && claim <= left ? claim : 0;
}
