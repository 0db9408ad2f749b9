/* The walk over a frame's headers. Private to the room: users see decode.h.
 *
 * A step reads one header, adds its layer and says which step comes next:
 *
 *	net_decode:   step = by link type
 *	              while (step != STEP_END) step = steps[step](walk)
 *
 * A step looks at its header with walk_peek, tells of its own length field with walk_limit, adds
 * the layer with walk_layer, which steps over the header, and returns walk_...(what follows). */
#ifndef NET_WALK_H
#define NET_WALK_H

#include <weir/packet.h>

#include "base/rd.h"

/* name, function */
#define NET_STEPS(X)                                                                               \
	X(ETHER, net_ether)                                                                        \
	X(VLAN, net_vlan)                                                                          \
	X(LLC, net_llc)                                                                            \
	X(MPLS, net_mpls)                                                                          \
	X(SLL, net_sll)                                                                            \
	X(SLL2, net_sll2)                                                                          \
	X(NULL, net_null)                                                                          \
	X(RAW, net_raw)                                                                            \
	X(ARP, net_arp)                                                                            \
	X(PPPOE, net_pppoe)                                                                        \
	X(PPPOE_DISCOVERY, net_pppoe_discovery)                                                    \
	X(PPP, net_ppp)                                                                            \
	X(PPP_HDLC, net_ppp_hdlc)                                                                  \
	X(PPP_DIRECTION, net_ppp_direction)                                                        \
	X(CHDLC, net_chdlc)                                                                        \
	X(RADIOTAP, net_radiotap)                                                                  \
	X(WLAN, net_wlan)                                                                          \
	X(LOWPAN, net_lowpan)                                                                      \
	X(IPV4, net_ipv4)                                                                          \
	X(IPV6, net_ipv6)                                                                          \
	X(IPV6_EXT, net_ipv6_ext)                                                                  \
	X(FRAGMENT, net_fragment)                                                                  \
	X(AH, net_ah)                                                                              \
	X(ESP, net_esp)                                                                            \
	X(TCP, net_tcp)                                                                            \
	X(UDP, net_udp)                                                                            \
	X(UDPLITE, net_udplite)                                                                    \
	X(ICMP, net_icmp)                                                                          \
	X(ICMPV6, net_icmpv6)                                                                      \
	X(SCTP, net_sctp)                                                                          \
	X(GRE, net_gre)                                                                            \
	X(ERSPAN1, net_erspan1)                                                                    \
	X(ERSPAN, net_erspan)                                                                      \
	X(VXLAN, net_vxlan)                                                                        \
	X(GENEVE, net_geneve)                                                                      \
	X(L2TP, net_l2tp)                                                                          \
	X(L2TP_IP, net_l2tp_ip)                                                                    \
	X(GTPU, net_gtpu)

enum step {
	STEP_END,
#define X(name, function) STEP_##name,
	NET_STEPS(X)
#undef X
		N_STEPS
};

struct walk {
	struct rd r; /* from the next header to the end of what surrounds it; always ok */
	struct weir_packet *p;
	const uint8_t *start; /* of the frame */
	const uint8_t *end;   /* … as captured */
	uint32_t claim_end;   /* offset at which what surrounds the next header claims to end; never
				 before the end of r */
	uint8_t flags;        /* of the layers to come: WEIR_LAYER_INNER, WEIR_LAYER_QUOTED */
	uint8_t stop;         /* enum weir_stop */
	uint8_t ip;           /* the latest IP layer, quoted ones too */
	uint8_t hash_ip;      /* the layer whose addresses are the flow's */
	bool has_fragment;    /* hash_ip stays what it is */
	bool is_padded;       /* radiotap: the 802.11 header is padded to 4 bytes */
};

#define X(name, function) enum step function(struct walk *w);
NET_STEPS(X)
#undef X

/* Fields of a header whose length was checked. */
static inline uint16_t be16(const uint8_t *h, size_t i)
{
	return (uint16_t)(h[i] << 8 | h[i + 1]);
}

static inline uint32_t be32(const uint8_t *h, size_t i)
{
	return (uint32_t)be16(h, i) << 16 | be16(h, i + 2);
}

static inline enum step walk_end(struct walk *w, enum weir_stop why)
{
	w->stop = why;
	return STEP_END;
}

/* The bytes end inside a header: because the capture does (or what an ICMP error quotes), or
 * because a length field says so. */
static inline enum step walk_short(struct walk *w)
{
	bool is_cut = w->r.end == w->end || w->flags & WEIR_LAYER_QUOTED;

	return walk_end(w, is_cut ? WEIR_STOP_CUT : WEIR_STOP_BAD);
}

static inline size_t walk_left(const struct walk *w)
{
	return (size_t)(w->r.end - w->r.at);
}

static inline uint32_t walk_offset(const struct walk *w)
{
	return (uint32_t)(w->r.at - w->start);
}

/* The next n bytes, not stepped over; or NULL, and the walk is over. */
static inline const uint8_t *walk_peek(struct walk *w, size_t n)
{
	if (walk_left(w) >= n)
		return w->r.at;
	walk_short(w);
	return NULL;
}

/* The next header's own length field: it and its payload are n bytes. */
static inline void walk_limit(struct walk *w, uint32_t n)
{
	uint32_t offset = walk_offset(w);

	w->claim_end = n > UINT32_MAX - offset ? UINT32_MAX : offset + n;
	if (n < walk_left(w))
		w->r.end = &w->r.at[n];
}

/* Adds the layer that begins here, and steps over its header. false, and the walk is over, when
 * there is no room for it or not all of the header is here; in that case it is added as cut. */
static inline bool walk_layer(struct walk *w, enum weir_proto proto, size_t header_len)
{
	struct weir_packet *p = w->p;
	uint32_t offset = walk_offset(w), left = (uint32_t)walk_left(w);
	uint32_t claim = w->claim_end - offset;
	uint8_t n = p->n_layers, flags = w->flags;

	if (n == WEIR_MAX_LAYERS) {
		walk_end(w, WEIR_STOP_DEEP);
		return false;
	}
	if (header_len > left || claim > left)
		flags |= WEIR_LAYER_CUT;
	p->n_layers = n + 1;
	p->layers[n] = (struct weir_layer){
		.offset = offset,
		.len = left,
		.claim_len = claim,
		.header_len = (uint16_t)(header_len > left ? left : header_len),
		.proto = (uint8_t)proto,
		.flags = flags,
	};
	if (header_len > left) {
		walk_short(w);
		w->r.at = w->r.end;
		return false;
	}
	w->r.at = &w->start[offset + header_len];
	return true;
}

/* A tunnel by UDP's ports: most stand on the port that the far end listens on, but GTP-U and L2TP
 * answer from theirs. STEP_END: none. */
__attribute__((always_inline)) static inline enum step walk_udp_tunnel(uint16_t src, uint16_t dst)
{
	switch (dst) {
	case 4789:
	case 8472: /* what Linux took before there was a number */
		return STEP_VXLAN;
	case 6081:
		return STEP_GENEVE;
	case 2152:
		return STEP_GTPU;
	case 1701:
		return STEP_L2TP;
	case 6635:
		return STEP_MPLS;
	default:
		return src == 2152 ? STEP_GTPU : src == 1701 ? STEP_L2TP : STEP_END;
	}
}

/* Whether it may be one. Bit i of the sets: a port whose middle digits are i; few others' are. */
static inline bool walk_may_be_udp_tunnel(uint16_t src, uint16_t dst)
{
#define PORT_BIT(port) ((uint64_t)1 << ((port) >> 6 & 63))
	const uint64_t far = PORT_BIT(4789) | PORT_BIT(8472) | PORT_BIT(6081) | PORT_BIT(2152) |
			     PORT_BIT(1701) | PORT_BIT(6635);
	const uint64_t near = PORT_BIT(2152) | PORT_BIT(1701);

	return (far >> (dst >> 6 & 63) | near >> (src >> 6 & 63)) & 1;
#undef PORT_BIT
}

/* Both halves of a product: every bit of a and b changes about half of the bits. */
static inline uint64_t walk_mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product =
		(unsigned __int128)(a ^ 0x9e3779b97f4a7c15) * (b ^ 0xc2b2ae3d27d4eb4f);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t walk_u64(const uint8_t *h, size_t i)
{
	uint64_t v;

	memcpy(&v, &h[i], sizeof v);
	return v;
}

static inline uint32_t walk_u32(const uint8_t *h, size_t i)
{
	uint32_t v;

	memcpy(&v, &h[i], sizeof v);
	return v;
}

/* The flow's hash from an IP header: of its two addresses, in no order. */
static inline uint32_t walk_hash_ipv4(const uint8_t *h)
{
	uint64_t a = walk_u32(h, 12), b = walk_u32(h, 16);
	uint64_t pair = a < b ? a << 32 | b : b << 32 | a;

	return (uint32_t)walk_mix(pair, 4);
}

static inline uint32_t walk_hash_ipv6(const uint8_t *h)
{
	uint64_t a = walk_mix(walk_u64(h, 8), walk_u64(h, 16));
	uint64_t b = walk_mix(walk_u64(h, 24), walk_u64(h, 32));

	return (uint32_t)walk_mix(a + b, 6);
}

/* Decoding by the walk alone. */
void walk_decode(struct weir_packet *p, const struct weir_frame *frame);

/* What follows, by ethertype; by an 802.3 length or ethertype; by a byte's first four bits; by
 * IP's protocol number. An unknown one ends the walk. */
enum step walk_ethertype(struct walk *w, uint16_t type);
enum step walk_type(struct walk *w, uint16_t type);
enum step walk_version(struct walk *w);
enum step walk_ip_proto(struct walk *w, uint8_t proto);

#endif
