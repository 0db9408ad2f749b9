/* Addresses of an IP layer, IPv4 and IPv6 alike. */
#ifndef NET_IP_H
#define NET_IP_H

#include <stdbool.h>
#include <stddef.h>

#include <weir/packet.h>

enum { NET_IP_TEXT_LEN = 64 };

/* An address, or the network part of one; IPv4 uses the first four bytes, the rest is zero. */
struct net_ip {
	uint8_t bytes[16];
	uint8_t version; /* 4 or 6 */
};

struct net_prefix {
	struct net_ip ip;
	uint8_t bits; /* 0..32 or 0..128 */
};

static inline bool net_is_ip(const struct weir_layer *l)
{
	return l->proto == WEIR_IPV4 || l->proto == WEIR_IPV6;
}

/* The hot way: the address bytes of a layer that net_is_ip, in place: 4 or 16 of them. */
static inline const uint8_t *net_ip_src_bytes(const struct weir_packet *p,
					      const struct weir_layer *l)
{
	return &p->frame->bytes[l->offset + (l->proto == WEIR_IPV4 ? 12 : 8)];
}

static inline const uint8_t *net_ip_dst_bytes(const struct weir_packet *p,
					      const struct weir_layer *l)
{
	return &p->frame->bytes[l->offset + (l->proto == WEIR_IPV4 ? 16 : 24)];
}

/* Addresses of layer i; false where that layer is no IP. */
bool net_ip_src(const struct weir_packet *p, int i, struct net_ip *out);
bool net_ip_dst(const struct weir_packet *p, int i, struct net_ip *out);

/* "192.0.2.7" and "2001:db8::1" (RFC 5952); out holds NET_IP_TEXT_LEN. Returns the length of the
 * text, which is terminated too. */
size_t net_ip_print(const struct net_ip *ip, char out[NET_IP_TEXT_LEN]);

/* "192.0.2.0/24", or an address, which means all its bits. Bits beyond the length must be zero;
 * false otherwise, or where it is not an address. No names are looked up. */
bool net_prefix_parse(const char *text, struct net_prefix *out);
size_t net_prefix_print(const struct net_prefix *prefix, char out[NET_IP_TEXT_LEN]);

bool net_prefix_holds(const struct net_prefix *prefix, const struct net_ip *ip);

#endif
