/* IPv4, IPv6 and the headers between IP and transport. */
#include "net/walk.h"

enum {
	IPV4_LEN = 20,
	IPV6_LEN = 40,
	EXT_LEN = 8,
	AH_LEN = 8, /* without a sequence number: RFC 1826 */
	OPTION_PAD1 = 0,
	OPTION_JUMBO = 0xc2,
	PROTO_HOP_BY_HOP = 0,
	PROTO_NO_NEXT = 59,
};

/* https://www.iana.org/assignments/protocol-numbers */
static const uint8_t proto_steps[256] = {
	[0] = STEP_IPV6_EXT, /* hop-by-hop options */
	[1] = STEP_ICMP,       [4] = STEP_IPV4,    [6] = STEP_TCP,
	[17] = STEP_UDP,       [41] = STEP_IPV6,   [43] = STEP_IPV6_EXT, /* routing */
	[44] = STEP_FRAGMENT,  [47] = STEP_GRE,    [50] = STEP_ESP,
	[51] = STEP_AH,        [58] = STEP_ICMPV6, [60] = STEP_IPV6_EXT,  /* destination options */
	[115] = STEP_L2TP_IP,  [132] = STEP_SCTP,  [135] = STEP_IPV6_EXT, /* mobility */
	[136] = STEP_UDPLITE,  [137] = STEP_MPLS,                         /* RFC 4023 */
	[139] = STEP_IPV6_EXT,                                            /* host identity */
	[140] = STEP_IPV6_EXT,                                            /* shim6 */
};

enum step walk_ip_proto(struct walk *w, uint8_t proto)
{
	enum step next = proto_steps[proto];
	bool is_v6 = w->p->layers[w->ip].proto == WEIR_IPV6;

	switch (next) {
	case STEP_IPV4:
	case STEP_IPV6:
	case STEP_MPLS:
		w->flags |= WEIR_LAYER_INNER;
		return next;
	case STEP_IPV6_EXT:
	case STEP_FRAGMENT:
		return is_v6 ? next : walk_end(w, WEIR_STOP_UNKNOWN);
	case STEP_END:
		return walk_end(w, is_v6 && proto == PROTO_NO_NEXT ? WEIR_STOP_DONE
								   : WEIR_STOP_UNKNOWN);
	default:
		return next;
	}
}

/* Adds an IP layer; false as walk_layer. */
static bool ip_layer(struct walk *w, enum weir_proto proto, size_t header_len)
{
	struct weir_packet *p = w->p;
	uint8_t i = p->n_layers;
	bool is_whole = walk_layer(w, proto, header_len);

	if (p->n_layers == i)
		return false;
	w->ip = i;
	if (w->flags & WEIR_LAYER_QUOTED)
		return is_whole;
	if (p->outer_ip == WEIR_NO_LAYER)
		p->outer_ip = i;
	p->inner_ip = i;
	p->transport = WEIR_NO_LAYER;
	p->src_port = p->dst_port = 0;
	if (!w->has_fragment)
		w->hash_ip = i;
	return is_whole;
}

/* The latest IP layer carries a fragment. Returns whether a header can follow: it is the first. */
static bool found_fragment(struct walk *w, bool is_first)
{
	struct weir_layer *ip = &w->p->layers[w->ip];

	ip->flags |= WEIR_LAYER_FRAGMENT | (is_first ? 0 : WEIR_LAYER_LATER);
	if (!(w->flags & WEIR_LAYER_QUOTED))
		w->has_fragment = true;
	return is_first;
}

/* RFC 791. A header that breaks its own rules is a layer of 20 bytes, since whose it is can
 * still be told. */
enum step net_ipv4(struct walk *w)
{
	const uint8_t *h = walk_peek(w, IPV4_LEN);
	size_t header_len, total_len;
	uint16_t fragment;
	bool is_bad;

	if (!h)
		return STEP_END;
	if (h[0] >> 4 != 4)
		return walk_end(w, WEIR_STOP_BAD);
	header_len = (size_t)(h[0] & 15) * 4;
	total_len = be16(h, 2);
	is_bad = header_len < IPV4_LEN || (total_len && total_len < header_len);
	if (is_bad)
		walk_limit(w, IPV4_LEN);
	else if (total_len)
		walk_limit(w, total_len);
	if (!ip_layer(w, WEIR_IPV4, is_bad ? IPV4_LEN : header_len))
		return STEP_END;
	if (is_bad)
		return walk_end(w, WEIR_STOP_BAD);
	fragment = be16(h, 6) & 0x3fff; /* more fragments, offset */
	if (fragment && !found_fragment(w, fragment == 0x2000))
		return STEP_END;
	return walk_ip_proto(w, h[9]);
}

/* The length in the jumbo option of the hop-by-hop header that follows the IPv6 header at r
 * (RFC 2675); 0 where there is none that is valid. */
static uint32_t jumbo_len(struct rd r)
{
	struct rd options;

	rd_skip(&r, IPV6_LEN + 1);
	options = rd_sub(&r, (size_t)rd_u8(&r) * 8 + 6);
	while (rd_left(&options)) {
		uint8_t type = rd_u8(&options), len = type == OPTION_PAD1 ? 0 : rd_u8(&options);

		if (type == OPTION_JUMBO && len == 4) {
			uint32_t jumbo = rd_u32(&options);

			return jumbo > UINT16_MAX ? jumbo : 0;
		}
		if (type != OPTION_PAD1)
			rd_skip(&options, len);
	}
	return 0;
}

/* RFC 8200 */
enum step net_ipv6(struct walk *w)
{
	const uint8_t *h = walk_peek(w, IPV6_LEN);
	uint32_t len;

	if (!h)
		return STEP_END;
	if (h[0] >> 4 != 6)
		return walk_end(w, WEIR_STOP_BAD);
	len = be16(h, 4);
	if (!len && h[6] == PROTO_HOP_BY_HOP)
		len = jumbo_len(w->r);
	if (len || h[6] == PROTO_NO_NEXT) /* a jumbo length may be anything */
		walk_limit(w, len < UINT32_MAX - IPV6_LEN ? IPV6_LEN + len : UINT32_MAX);
	if (!ip_layer(w, WEIR_IPV6, IPV6_LEN))
		return STEP_END;
	return walk_ip_proto(w, h[6]);
}

enum step net_ipv6_ext(struct walk *w)
{
	const uint8_t *h = walk_peek(w, EXT_LEN);

	if (!h || !walk_layer(w, WEIR_IPV6_EXT, ((size_t)h[1] + 1) * 8))
		return STEP_END;
	return walk_ip_proto(w, h[0]);
}

/* An atomic fragment (RFC 6946: offset 0 and no more to come) is a whole datagram. */
enum step net_fragment(struct walk *w)
{
	const uint8_t *h = walk_peek(w, EXT_LEN);
	uint16_t fragment;

	if (!h || !walk_layer(w, WEIR_FRAGMENT, EXT_LEN))
		return STEP_END;
	fragment = be16(h, 2) & 0xfff9; /* offset, more fragments */
	if (fragment && !found_fragment(w, fragment == 1))
		return STEP_END;
	return walk_ip_proto(w, h[0]);
}

/* RFC 4302; its length counts words of 4 bytes, less 2. */
enum step net_ah(struct walk *w)
{
	const uint8_t *h = walk_peek(w, AH_LEN);

	if (!h || !walk_layer(w, WEIR_AH, ((size_t)h[1] + 2) * 4))
		return STEP_END;
	return walk_ip_proto(w, h[0]);
}
