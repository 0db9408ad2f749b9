#include "access/server.h"

#include <stdlib.h>
#include <string.h>

enum { UDP_HEADER_LEN = 8 };

int access_servers_new(struct access_servers **out, const struct access_server *servers, size_t n)
{
	struct access_servers *s;

	*out = NULL;
	if (n > ACCESS_MAX_SERVERS)
		return ERR_USAGE;
	for (size_t i = 0; i < n; i++) {
		if (!servers[i].first_port || servers[i].first_port > servers[i].last_port)
			return ERR_USAGE;
	}
	s = calloc(1, sizeof *s);
	if (!s)
		return ERR_NOMEM;
	s->n = n;
	for (size_t i = 0; i < n; i++) {
		s->at[i] = servers[i];
		for (uint32_t port = servers[i].first_port; port <= servers[i].last_port; port++)
			s->ports[port >> 6] |= UINT64_C(1) << (port & 63);
	}
	*out = s;
	return 0;
}

void access_servers_free(struct access_servers **s)
{
	free(*s);
	*s = NULL;
}

bool access_servers_own(const struct access_servers *s, const struct net_ip *ip, uint16_t port)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct access_server *at = &s->at[i];

		if (port >= at->first_port && port <= at->last_port &&
		    ip->version == at->ip.version && !memcmp(ip->bytes, at->ip.bytes, 16))
			return true;
	}
	return false;
}

/* A layer of UDP comes with its IP layer; what is quoted by an ICMP error is no transport. */
bool access_servers_match(const struct access_servers *s, const struct weir_packet *p,
			  struct access_datagram *out)
{
	const struct weir_layer *udp = &p->layers[p->transport];
	struct net_ip src, dst;

	if (p->layers[p->inner_ip].flags & WEIR_LAYER_FRAGMENT || udp->header_len < UDP_HEADER_LEN)
		return false;
	if (!net_ip_src(p, p->inner_ip, &src) || !net_ip_dst(p, p->inner_ip, &dst))
		return false;
	*out = (struct access_datagram){
		.bytes = &p->frame->bytes[udp->offset + udp->header_len],
		.len = udp->len - udp->header_len,
		.time = {p->frame->time_ns},
	};
	if (access_servers_own(s, &dst, p->dst_port)) {
		out->client = src, out->client_port = p->src_port;
		out->server = dst, out->server_port = p->dst_port;
		return true;
	}
	out->is_answer = true;
	out->client = dst, out->client_port = p->dst_port;
	out->server = src, out->server_port = p->src_port;
	return access_servers_own(s, &src, p->src_port);
}
