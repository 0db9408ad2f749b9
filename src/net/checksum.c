#include "net/checksum.h"

#include "net/walk.h"

enum {
	ROUTING_SOURCE = 0,  /* type 0: deprecated, still seen */
	ROUTING_MOBILE = 2,  /* RFC 6275 */
	ROUTING_SEGMENT = 4, /* RFC 8754 */
	PROTO_ROUTING = 43,
	PROTO_DESTINATION = 60,
	OPTION_HOME_ADDRESS = 0xc9,
};

enum { PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMPV6 = 58, PROTO_UDPLITE = 136 };

uint16_t net_sum16(const uint8_t *bytes, uint32_t len, uint32_t seed)
{
	uint64_t sum = 0;
	uint32_t i = 0;

	/* the sum of swapped words is the swapped sum (RFC 1071 section 2 B) */
	for (; i + 8 <= len; i += 8) {
		uint64_t v;

		memcpy(&v, &bytes[i], 8);
		sum += v;
		sum += sum < v;
	}
	sum = (sum >> 32) + (sum & 0xffffffff);
	for (; i + 2 <= len; i += 2)
		sum += (uint32_t)bytes[i + 1] << 8 | bytes[i];
	if (i < len)
		sum += bytes[i];
	while (sum >> 16)
		sum = (sum >> 16) + (sum & 0xffff);
	sum = (uint64_t)__builtin_bswap16((uint16_t)sum) + seed;
	while (sum >> 16)
		sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

/* The IP layer that carries layer i; -1 where it is not directly beneath. */
static int carrier(const struct weir_packet *p, int i)
{
	while (--i >= 0) {
		switch (p->layers[i].proto) {
		case WEIR_IPV4:
		case WEIR_IPV6:
			return i;
		case WEIR_IPV6_EXT:
		case WEIR_FRAGMENT:
		case WEIR_AH:
			break;
		default:
			return -1;
		}
	}
	return -1;
}

/* The addresses that a pseudo-header is made of. */
struct ends {
	const uint8_t *src;
	const uint8_t *dst;
	bool is_known;
};

/* The home address option stands for the source while it is under way (RFC 6275 11.3.1). */
static void look_at_options(struct rd r, struct ends *ends)
{
	rd_skip(&r, 2);
	while (rd_left(&r)) {
		uint8_t type = rd_u8(&r), len = type ? rd_u8(&r) : 0;
		const uint8_t *value = rd_take(&r, len);

		if (value && type == OPTION_HOME_ADDRESS && len == 16)
			ends->src = value;
	}
}

/* While segments are left, the last of them is the destination (RFC 8200 8.1). */
static void look_at_routing(struct rd r, struct ends *ends)
{
	size_t len = rd_left(&r);
	uint8_t type, segments_left;
	const uint8_t *last = NULL;

	rd_skip(&r, 2);
	type = rd_u8(&r);
	segments_left = rd_u8(&r);
	if (!segments_left)
		return;
	rd_skip(&r, 4);
	if (type == ROUTING_SOURCE && len >= 24)
		rd_skip(&r, (len - 24) / 16 * 16);
	if (type == ROUTING_SOURCE || type == ROUTING_MOBILE || type == ROUTING_SEGMENT)
		last = rd_take(&r, 16);
	if (last)
		ends->dst = last;
	else
		ends->is_known = false;
}

static struct ends find_ends(const struct weir_packet *p, int ip, int i)
{
	const uint8_t *bytes = p->frame->bytes;
	const uint8_t *h = &bytes[p->layers[ip].offset];
	struct ends ends = {&h[8], &h[24], true};
	uint8_t proto = h[6];

	if (p->layers[ip].proto == WEIR_IPV4)
		return (struct ends){&h[12], &h[16], true};
	for (int k = ip + 1; k < i; k++) {
		const struct weir_layer *l = &p->layers[k];
		struct rd r = rd_of(&bytes[l->offset], l->header_len);

		if (proto == PROTO_DESTINATION)
			look_at_options(r, &ends);
		else if (proto == PROTO_ROUTING)
			look_at_routing(r, &ends);
		proto = bytes[l->offset];
	}
	return ends;
}

/* Sum of the pseudo-header: addresses, protocol and length (RFC 9293 3.1, RFC 8200 8.1). */
static uint32_t pseudo_sum(const struct ends *ends, bool is_v6, uint8_t proto, uint32_t len)
{
	uint32_t address_len = is_v6 ? 16 : 4;
	uint32_t sum = net_sum16(ends->src, address_len, proto + (len >> 16) + (len & 0xffff));

	return net_sum16(ends->dst, address_len, sum);
}

static enum net_checksum verdict(bool is_good)
{
	return is_good ? NET_CHECKSUM_GOOD : NET_CHECKSUM_BAD;
}

static enum net_checksum check_ipv4(const struct weir_packet *p, const struct weir_layer *l)
{
	const uint8_t *h = &p->frame->bytes[l->offset];

	if (l->header_len < (h[0] & 15) * 4)
		return NET_CHECKSUM_UNKNOWN;
	return verdict(net_sum16(h, l->header_len, 0) == 0xffff);
}

/* TCP, UDP, UDP-Lite and ICMPv6: the pseudo-header and n_covered bytes of the layer. */
static enum net_checksum check_pseudo(const struct weir_packet *p, int i, uint8_t proto,
				      uint32_t n_covered)
{
	const struct weir_layer *l = &p->layers[i];
	int ip = carrier(p, i);
	struct ends ends = find_ends(p, ip, i);
	uint32_t sum;

	if (!ends.is_known)
		return NET_CHECKSUM_UNKNOWN;
	sum = pseudo_sum(&ends, p->layers[ip].proto == WEIR_IPV6, proto, l->claim_len);
	return verdict(net_sum16(&p->frame->bytes[l->offset], n_covered, sum) == 0xffff);
}

/* 0 is "not used": over IPv4 always, over IPv6 for tunnels alone (RFC 6935). */
static enum net_checksum check_udp(const struct weir_packet *p, int i)
{
	const struct weir_layer *l = &p->layers[i];
	const uint8_t *h = &p->frame->bytes[l->offset];
	bool is_tunnel = i + 1 < p->n_layers && p->layers[i + 1].proto != WEIR_PAYLOAD;

	if (l->header_len < 8)
		return NET_CHECKSUM_UNKNOWN;
	if (!be16(h, 6) && (p->layers[carrier(p, i)].proto == WEIR_IPV4 || is_tunnel))
		return NET_CHECKSUM_NONE;
	if (be16(h, 4) && be16(h, 4) < 8)
		return NET_CHECKSUM_BAD;
	if (l->flags & WEIR_LAYER_CUT)
		return NET_CHECKSUM_UNKNOWN;
	return check_pseudo(p, i, PROTO_UDP, l->len);
}

/* Coverage 0 is the whole packet; the header is always covered (RFC 3828 3.1). A packet that is
 * cut can be verified where what is covered is here. */
static enum net_checksum check_udplite(const struct weir_packet *p, int i)
{
	const struct weir_layer *l = &p->layers[i];
	uint32_t coverage;

	if (l->header_len < 8)
		return NET_CHECKSUM_UNKNOWN;
	coverage = be16(&p->frame->bytes[l->offset], 4);
	if (!coverage)
		coverage = l->claim_len;
	if (coverage < 8 || coverage > l->claim_len)
		return NET_CHECKSUM_BAD;
	if (coverage > l->len)
		return NET_CHECKSUM_UNKNOWN;
	return check_pseudo(p, i, PROTO_UDPLITE, coverage);
}

/* The checksum's own four bytes count as zero, and are sent low byte first. */
static enum net_checksum check_sctp(const struct weir_packet *p, const struct weir_layer *l)
{
	static const uint8_t zero[4];
	const uint8_t *h = &p->frame->bytes[l->offset];
	uint32_t crc = UINT32_MAX;

	crc = net_crc32c_more(crc, h, 8);
	crc = net_crc32c_more(crc, zero, 4);
	crc = ~net_crc32c_more(crc, &h[12], l->len - 12);
	return verdict(crc == __builtin_bswap32(be32(h, 8)));
}

/* The verdict on a transport, layer i, over the IP layer ip. */
static enum net_checksum check_transport(const struct weir_packet *p, int i, int ip)
{
	const struct weir_layer *l = &p->layers[i];

	if (p->layers[ip].flags & WEIR_LAYER_FRAGMENT)
		return l->proto == WEIR_UDP && check_udp(p, i) == NET_CHECKSUM_NONE
			       ? NET_CHECKSUM_NONE
			       : NET_CHECKSUM_UNKNOWN;
	if (l->proto == WEIR_UDP)
		return check_udp(p, i);
	if (l->proto == WEIR_UDPLITE)
		return check_udplite(p, i);
	if (l->flags & WEIR_LAYER_CUT)
		return NET_CHECKSUM_UNKNOWN;
	switch (l->proto) {
	case WEIR_TCP:
		return check_pseudo(p, i, PROTO_TCP, l->len);
	case WEIR_ICMP:
		return verdict(net_sum16(&p->frame->bytes[l->offset], l->len, 0) == 0xffff);
	case WEIR_ICMPV6:
		return check_pseudo(p, i, PROTO_ICMPV6, l->len);
	case WEIR_SCTP:
		return check_sctp(p, l);
	default:
		return NET_CHECKSUM_NONE;
	}
}

/* Whether the host has left the packet's segmentation, and so its checksums, to the interface. */
static bool is_offloaded(const struct weir_packet *p, int ip)
{
	const struct weir_layer *l = &p->layers[ip];
	const uint8_t *h = &p->frame->bytes[l->offset];

	return p->frame->flags & WEIR_FRAME_CHECKSUM_LATER ||
	       !be16(h, l->proto == WEIR_IPV4 ? 2 : 4);
}

enum net_checksum net_checksum(const struct weir_packet *p, int i)
{
	const struct weir_layer *l;
	enum net_checksum found;
	int ip;

	if (i < 0 || i >= p->n_layers)
		return NET_CHECKSUM_NONE;
	l = &p->layers[i];
	if (l->proto != WEIR_IPV4 && (l->proto < WEIR_TCP || l->proto > WEIR_SCTP))
		return NET_CHECKSUM_NONE;
	ip = l->proto == WEIR_IPV4 ? i : carrier(p, i);
	if (ip < 0)
		return NET_CHECKSUM_UNKNOWN;
	found = ip == i ? check_ipv4(p, l) : check_transport(p, i, ip);
	return found == NET_CHECKSUM_BAD && is_offloaded(p, ip) ? NET_CHECKSUM_UNKNOWN : found;
}

const char *net_checksum_name(enum net_checksum found)
{
	static const char *const names[] = {"none", "good", "bad", "unknown"};

	return (unsigned)found < 4 ? names[found] : "?";
}
