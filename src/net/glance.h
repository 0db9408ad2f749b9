/* A look at a frame before it is decoded: whether it is one of the many of which little needs to
 * be known to see that nobody wants them.
 *
 * Such a frame is Ethernet, with at most one VLAN tag, and has exactly one IP layer, whose
 * addresses are here: IPv4 without options or IPv6 without extension headers, no fragment, and
 * TCP or UDP that is no tunnel. net_decode finds that layer and no other, or none where it is
 * damaged (decode_fuzz.c holds one against the other). */
#ifndef NET_GLANCE_H
#define NET_GLANCE_H

#include <stdbool.h>

#include <weir/frame.h>

struct net_glance {
	const uint8_t *ends; /* the source address, and right behind it the destination's */
	bool is_v6;
	bool is_udp;                 /* else TCP */
	uint16_t src_port, dst_port; /* 0 where they are not here */
};

/* False where the frame must be decoded to know. */
bool net_glance(struct net_glance *g, const struct weir_frame *frame);

/* The IP packet of a frame that a glance tells of: how many octets its header claims, where all of
 * them are here, and in *bytes the first; 0: it is cut, damaged, or claims nothing. */
uint32_t net_glance_packet(const struct net_glance *g, const struct weir_frame *frame,
			   const uint8_t **bytes);

#endif
