#include "net/decode.h"

#include "net/walk.h"

#define ALWAYS_INLINE __attribute__((always_inline)) static inline

/* The commonest packets are decoded in a straight line, for a quarter of the walk's instructions:
 * TCP or UDP, over IPv4 without options or IPv6 without extension headers, over Ethernet with at
 * most one VLAN tag, captured whole. It finds exactly what the walk finds (decode_fuzz.c holds one
 * against the other); where anything is unusual it leaves the packet to the walk.
 *
 * n and at, the IP layer's index and offset, are constants where these functions are inlined. */

enum { ETHER_LEN = 14, VLAN_LEN = 4, IPV4_LEN = 20, IPV6_LEN = 40, TCP_LEN = 20, UDP_LEN = 8 };

enum { LINK_ETHERNET = 1, PROTO_TCP = 6, PROTO_UDP = 17 };

static const char *const names[WEIR_N_PROTOS] = {
#define X(name, text, doc) [WEIR_##name] = text,
	WEIR_PROTOS(X)
#undef X
};

static const char *const texts[WEIR_N_PROTOS] = {
#define X(name, text, doc) [WEIR_##name] = doc,
	WEIR_PROTOS(X)
#undef X
};

/* A layer that is wholly here. */
ALWAYS_INLINE struct weir_layer layer(enum weir_proto proto, uint32_t offset, uint32_t len,
				      uint32_t header_len)
{
	return (struct weir_layer){
		.offset = offset,
		.len = len,
		.claim_len = len,
		.header_len = (uint16_t)header_len,
		.proto = (uint8_t)proto,
	};
}

/* The transport at h, with its len bytes, is layer n + 1. */
ALWAYS_INLINE bool plain_rest(struct weir_packet *p, const uint8_t *h, uint8_t n,
			      struct weir_layer transport)
{
	uint32_t payload_len = transport.len - transport.header_len;

	p->layers[n + 1] = transport;
	p->src_port = be16(h, 0);
	p->dst_port = be16(h, 2);
	p->n_layers = n + 2;
	p->outer_ip = p->inner_ip = n;
	p->transport = n + 1;
	p->stop = WEIR_STOP_DONE;
	if (payload_len) {
		p->layers[n + 2] = layer(WEIR_PAYLOAD, transport.offset + transport.header_len,
					 payload_len, 0);
		p->n_layers = n + 3;
	}
	return true;
}

ALWAYS_INLINE bool plain_tcp(struct weir_packet *p, const uint8_t *h, uint8_t n, uint32_t at,
			     uint32_t len)
{
	uint32_t header_len;

	if (len < TCP_LEN)
		return false;
	header_len = (uint32_t)(h[12] >> 4) * 4;
	return header_len >= TCP_LEN && header_len <= len &&
	       plain_rest(p, h, n, layer(WEIR_TCP, at, len, header_len));
}

ALWAYS_INLINE bool plain_udp(struct weir_packet *p, const uint8_t *h, uint8_t n, uint32_t at,
			     uint32_t len)
{
	uint16_t src, dst;

	if (len < UDP_LEN || be16(h, 4) != len)
		return false;
	src = be16(h, 0);
	dst = be16(h, 2);
	if (walk_may_be_udp_tunnel(src, dst) && walk_udp_tunnel(src, dst) != STEP_END)
		return false;
	return plain_rest(p, h, n, layer(WEIR_UDP, at, len, UDP_LEN));
}

/* The payload of the IP header at h. */
ALWAYS_INLINE bool plain_proto(struct weir_packet *p, const uint8_t *h, uint8_t n, uint8_t proto,
			       struct weir_layer ip)
{
	uint32_t at = ip.offset + ip.header_len, len = ip.len - ip.header_len;

	p->layers[n] = ip;
	if (proto == PROTO_TCP)
		return plain_tcp(p, &h[ip.header_len], n, at, len);
	return proto == PROTO_UDP && plain_udp(p, &h[ip.header_len], n, at, len);
}

/* IP at h, at least 20 bytes; left were captured. */
ALWAYS_INLINE bool plain_ipv4(struct weir_packet *p, const uint8_t *h, uint8_t n, uint32_t at,
			      uint32_t left)
{
	uint32_t len = be16(h, 2);

	if (h[0] != 0x45 || be16(h, 6) & 0x3fff || len < IPV4_LEN || len > left)
		return false;
	p->flow_hash = walk_hash_ipv4(h);
	return plain_proto(p, h, n, h[9], layer(WEIR_IPV4, at, len, IPV4_LEN));
}

ALWAYS_INLINE bool plain_ipv6(struct weir_packet *p, const uint8_t *h, uint8_t n, uint32_t at,
			      uint32_t left)
{
	uint32_t len = be16(h, 4) + IPV6_LEN;

	if (h[0] >> 4 != 6 || len == IPV6_LEN || len > left)
		return false;
	p->flow_hash = walk_hash_ipv6(h);
	return plain_proto(p, h, n, h[6], layer(WEIR_IPV6, at, len, IPV6_LEN));
}

/* Whether the frame may be a plain one: then its Ethernet header is the first layer. */
ALWAYS_INLINE bool plain_ether(struct weir_packet *p, const struct weir_frame *frame)
{
	uint32_t len = frame->cap_len;

	if (frame->link != LINK_ETHERNET || len < ETHER_LEN + VLAN_LEN + IPV4_LEN ||
	    frame->wire_len > len)
		return false;
	p->frame = frame;
	p->layers[0] = layer(WEIR_ETHER, 0, len, ETHER_LEN);
	return true;
}

/* IPv6, and what has a VLAN tag. */
ALWAYS_INLINE bool plain_others(struct weir_packet *p, const struct weir_frame *frame)
{
	const uint8_t *h = frame->bytes;
	uint32_t len = frame->cap_len, at = ETHER_LEN;

	if (!plain_ether(p, frame))
		return false;
	if (be16(h, 12) == 0x86dd)
		return plain_ipv6(p, &h[at], 1, at, len - at);
	if (be16(h, 12) != 0x8100)
		return false;
	p->layers[1] = layer(WEIR_VLAN, at, len - at, VLAN_LEN);
	at += VLAN_LEN;
	if (be16(h, 16) == 0x0800)
		return plain_ipv4(p, &h[at], 2, at, len - at);
	return be16(h, 16) == 0x86dd && plain_ipv6(p, &h[at], 2, at, len - at);
}

/* Apart from net_decode, so that the commonest packet need not save registers for the others. */
__attribute__((noinline)) static void decode_others(struct weir_packet *p,
						    const struct weir_frame *frame)
{
	if (!plain_others(p, frame))
		walk_decode(p, frame);
}

void net_decode(struct weir_packet *p, const struct weir_frame *frame)
{
	const uint8_t *h = frame->bytes;

	if (!plain_ether(p, frame) || be16(h, 12) != 0x0800 ||
	    !plain_ipv4(p, &h[ETHER_LEN], 1, ETHER_LEN, frame->cap_len - ETHER_LEN))
		decode_others(p, frame);
}

const char *net_proto_name(enum weir_proto proto)
{
	return (unsigned)proto < WEIR_N_PROTOS ? names[proto] : "?";
}

const char *net_proto_text(enum weir_proto proto)
{
	return (unsigned)proto < WEIR_N_PROTOS ? texts[proto] : "?";
}
