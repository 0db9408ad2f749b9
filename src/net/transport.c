/* What IP carries: TCP, UDP, UDP-Lite, SCTP, ICMP and ICMPv6; and ESP, where it ends. */
#include "net/walk.h"

enum {
	TCP_LEN = 20,
	UDP_LEN = 8,
	ICMP_LEN = 8,
	SCTP_LEN = 12,
	ESP_LEN = 8,
	LEAST_LEN = 4, /* ports; or type, code and checksum */
};

/* Adds a transport's layer, also where only its first bytes are here; false as walk_layer. */
static bool transport_layer(struct walk *w, enum weir_proto proto, size_t header_len)
{
	struct weir_packet *p = w->p;
	uint8_t i = p->n_layers;
	bool is_whole = walk_layer(w, proto, header_len);

	if (p->n_layers > i && !(w->flags & WEIR_LAYER_QUOTED))
		p->transport = i;
	return is_whole;
}

static void found_ports(struct walk *w, const uint8_t *h)
{
	if (w->flags & WEIR_LAYER_QUOTED)
		return;
	w->p->src_port = be16(h, 0);
	w->p->dst_port = be16(h, 2);
}

/* RFC 9293 */
enum step net_tcp(struct walk *w)
{
	const uint8_t *h = walk_peek(w, LEAST_LEN);
	size_t header_len = TCP_LEN;
	bool is_bad = false;

	if (!h)
		return STEP_END;
	found_ports(w, h);
	if (walk_left(w) >= TCP_LEN) {
		header_len = (size_t)(h[12] >> 4) * 4;
		is_bad = header_len < TCP_LEN;
	}
	if (!transport_layer(w, WEIR_TCP, is_bad ? TCP_LEN : header_len))
		return STEP_END;
	return is_bad ? walk_end(w, WEIR_STOP_BAD) : STEP_END;
}

/* RFC 768. A length of 0 reaches to the end of IP's payload (jumbograms, segments to come). */
enum step net_udp(struct walk *w)
{
	const uint8_t *h = walk_peek(w, LEAST_LEN);
	uint16_t len = UDP_LEN;
	enum step next;

	if (!h)
		return STEP_END;
	found_ports(w, h);
	if (walk_left(w) >= UDP_LEN) {
		len = be16(h, 4);
		if (len)
			walk_limit(w, len < UDP_LEN ? UDP_LEN : len);
	}
	if (!transport_layer(w, WEIR_UDP, UDP_LEN))
		return STEP_END;
	if (len && len < UDP_LEN)
		return walk_end(w, WEIR_STOP_BAD);
	next = walk_udp_tunnel(be16(h, 0), be16(h, 2));
	if (next == STEP_MPLS)
		w->flags |= WEIR_LAYER_INNER;
	return walk_left(w) ? next : STEP_END;
}

/* RFC 3828: in place of the length, how much the checksum covers. */
enum step net_udplite(struct walk *w)
{
	const uint8_t *h = walk_peek(w, LEAST_LEN);

	if (!h)
		return STEP_END;
	found_ports(w, h);
	transport_layer(w, WEIR_UDPLITE, UDP_LEN);
	return STEP_END;
}

/* RFC 9260 */
enum step net_sctp(struct walk *w)
{
	const uint8_t *h = walk_peek(w, LEAST_LEN);

	if (!h)
		return STEP_END;
	found_ports(w, h);
	transport_layer(w, WEIR_SCTP, SCTP_LEN);
	return STEP_END;
}

/* What an error quotes: the packet that caused it, or its beginning. Where a length is given
 * (RFC 4884), extensions follow it. */
static enum step quoted(struct walk *w, size_t len, enum step next)
{
	if (!walk_left(w))
		return STEP_END;
	if (len && len < walk_left(w))
		walk_limit(w, len);
	w->flags |= WEIR_LAYER_QUOTED;
	return next;
}

/* RFC 792 */
enum step net_icmp(struct walk *w)
{
	const uint8_t *h = walk_peek(w, LEAST_LEN);

	if (!h || !transport_layer(w, WEIR_ICMP, ICMP_LEN))
		return STEP_END;
	switch (h[0]) {
	case 3:  /* destination unreachable */
	case 11: /* time exceeded */
	case 12: /* parameter problem */
		return quoted(w, (size_t)h[5] * 4, STEP_IPV4);
	case 4: /* source quench */
	case 5: /* redirect */
		return quoted(w, 0, STEP_IPV4);
	default:
		return STEP_END;
	}
}

/* RFC 4443 */
enum step net_icmpv6(struct walk *w)
{
	const uint8_t *h = walk_peek(w, LEAST_LEN);

	if (!h || !transport_layer(w, WEIR_ICMPV6, ICMP_LEN))
		return STEP_END;
	switch (h[0]) {
	case 1: /* destination unreachable */
	case 3: /* time exceeded */
		return quoted(w, (size_t)h[4] * 8, STEP_IPV6);
	case 2: /* packet too big */
	case 4: /* parameter problem */
		return quoted(w, 0, STEP_IPV6);
	default:
		return STEP_END;
	}
}

/* RFC 4303: what follows is encrypted. */
enum step net_esp(struct walk *w)
{
	const uint8_t *h = walk_peek(w, ESP_LEN);

	if (h)
		walk_layer(w, WEIR_ESP, ESP_LEN);
	return STEP_END;
}
