/* A decoded packet: where each layer of a frame lies.
 *
 * Layers stand in the order in which they were found, outermost first; tunnels simply add more,
 * so a packet inside GTP-U inside a VLAN has its outer IPv4 and its inner IPv6 both in the list.
 * Each layer begins where the header before it ends, and lies whole within the frame. */
#ifndef WEIR_PACKET_H
#define WEIR_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every header that is decoded: name of the constant, name in filters and output, long name. */
#define WEIR_PROTOS(X)                                                                             \
	X(ETHER, "eth", "Ethernet")                                                                \
	X(VLAN, "vlan", "IEEE 802.1Q or 802.1ad tag")                                              \
	X(MPLS, "mpls", "MPLS label stack entry")                                                  \
	X(PPPOE, "pppoe", "PPP over Ethernet")                                                     \
	X(PPP, "ppp", "Point-to-Point Protocol")                                                   \
	X(PPP_DIRECTION, "pppdir", "direction of a PPP frame, of the capture")                     \
	X(CHDLC, "chdlc", "Cisco HDLC")                                                            \
	X(LLC, "llc", "IEEE 802.2 logical link control")                                           \
	X(SLL, "sll", "Linux cooked capture v1")                                                   \
	X(SLL2, "sll2", "Linux cooked capture v2")                                                 \
	X(NULL, "null", "BSD loopback")                                                            \
	X(RADIOTAP, "radiotap", "radiotap capture header")                                         \
	X(WLAN, "wlan", "IEEE 802.11")                                                             \
	X(LOWPAN, "wpan", "IEEE 802.15.4")                                                         \
	X(ARP, "arp", "Address Resolution Protocol")                                               \
	X(IPV4, "ip", "Internet Protocol version 4")                                               \
	X(IPV6, "ip6", "Internet Protocol version 6")                                              \
	X(IPV6_EXT, "ip6ext", "IPv6 extension header")                                             \
	X(FRAGMENT, "frag", "IPv6 fragment header")                                                \
	X(AH, "ah", "Authentication Header")                                                       \
	X(ESP, "esp", "Encapsulating Security Payload")                                            \
	X(TCP, "tcp", "Transmission Control Protocol")                                             \
	X(UDP, "udp", "User Datagram Protocol")                                                    \
	X(UDPLITE, "udplite", "Lightweight User Datagram Protocol")                                \
	X(ICMP, "icmp", "Internet Control Message Protocol")                                       \
	X(ICMPV6, "icmp6", "ICMP for IPv6")                                                        \
	X(SCTP, "sctp", "Stream Control Transmission Protocol")                                    \
	X(GRE, "gre", "Generic Routing Encapsulation")                                             \
	X(ERSPAN, "erspan", "Encapsulated Remote SPAN")                                            \
	X(VXLAN, "vxlan", "Virtual eXtensible LAN")                                                \
	X(GENEVE, "geneve", "Generic Network Virtualization Encapsulation")                        \
	X(L2TP, "l2tp", "Layer Two Tunneling Protocol")                                            \
	X(GTPU, "gtpu", "GPRS Tunnelling Protocol, user plane")                                    \
	X(PAYLOAD, "payload", "whatever follows the last known header")

enum weir_proto {
#define X(name, text, doc) WEIR_##name,
	WEIR_PROTOS(X)
#undef X
		WEIR_N_PROTOS
};

enum weir_layer_flag {
	WEIR_LAYER_CUT = 1,      /* it claims more bytes than are here */
	WEIR_LAYER_FRAGMENT = 2, /* an IP layer whose payload is a part of a datagram */
	WEIR_LAYER_LATER = 4,    /* … and not the first part: no transport header follows */
	WEIR_LAYER_INNER = 8,    /* it lies inside a tunnel */
	WEIR_LAYER_QUOTED = 16,  /* it is quoted by an ICMP error */
};

/* len <= claim_len unless a length field claims less than its own header (then: WEIR_STOP_BAD).
 *
 * Claims of zero: an IPv4 total length of 0, and an IPv6 payload length of 0 without a jumbo
 * option, are what a host writes that leaves segmentation to its interface; the layer then
 * reaches as far as what surrounds it.
 *
 * A header that the capture cuts short is still a layer (with WEIR_LAYER_CUT, header_len being
 * what is here of it, and WEIR_STOP_CUT) where its important part is here: 20 bytes of IPv4, 40 of
 * IPv6, the ports of TCP, UDP, UDP-Lite and SCTP, the type of ICMP. So an IP layer always has
 * its addresses, but a transport's header_len must be looked at. */
struct weir_layer {
	uint32_t offset; /* of its header's first byte, from frame->bytes */
	uint32_t len;    /* header and payload that are here: what it claims, cut to the capture */
	uint32_t claim_len; /* header and payload as its own length field claims; where it has none,
				as the nearest claim around it leaves (at last: the wire length) */
	uint16_t header_len; /* bytes, options included */
	uint8_t proto;       /* enum weir_proto */
	uint8_t flags;       /* enum weir_layer_flag, or-ed */
};

/* Why decoding ended. */
enum weir_stop {
	WEIR_STOP_DONE,    /* at a payload, or at an ESP or later-fragment boundary */
	WEIR_STOP_UNKNOWN, /* at a link type, ethertype or protocol that is not decoded */
	WEIR_STOP_CUT,     /* the captured bytes ended inside a header */
	WEIR_STOP_BAD,     /* a header breaks its own rules */
	WEIR_STOP_DEEP,    /* more layers than WEIR_MAX_LAYERS */
};

enum { WEIR_MAX_LAYERS = 32, WEIR_NO_LAYER = 255 };

/* flow_hash is made of the two addresses alone, in no order, of the innermost IP layer that is
 * not quoted; but of the first layer that is a fragment, where there is one. So it is the same
 *  - for both directions,
 *  - for all fragments of a datagram, whatever was fragmented: a tunnel's outside or its inside,
 *  - for the fragments and the whole datagrams of one flow: a stateless hash that looked at ports
 *    would send them to different workers.
 * All flows between two hosts share it. Where the outside of a tunnel is fragmented, those
 * packets hash by the tunnel's ends. Without IP it is made of the pair of MAC addresses and the
 * ethertype; without those of the link type. */
struct weir_packet {
	const struct weir_frame *frame;
	uint32_t flow_hash;
	uint16_t src_port; /* of the innermost transport; 0 where there is none */
	uint16_t dst_port;
	uint8_t n_layers;
	uint8_t outer_ip;  /* index of the outermost IP layer, or WEIR_NO_LAYER */
	uint8_t inner_ip;  /* index of the innermost IP layer that is not quoted */
	uint8_t transport; /* index of TCP, UDP, SCTP, ICMP … of inner_ip, or WEIR_NO_LAYER */
	uint8_t stop;      /* enum weir_stop */
	struct weir_layer layers[WEIR_MAX_LAYERS]; /* those from n_layers on are not filled */
};

#ifdef __cplusplus
}
#endif
#endif
