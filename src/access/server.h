/* Which packets belong to a core server: an address and a range of ports. */
#ifndef ACCESS_SERVER_H
#define ACCESS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/packet.h>

#include "base/err.h"
#include "base/nanos.h"
#include "net/ip.h"

struct access_server {
	struct net_ip ip;
	uint16_t first_port; /* 1.. */
	uint16_t last_port;  /* not below the first */
};

/* A UDP datagram between a client (a NAS) and a server. */
struct access_datagram {
	const uint8_t *bytes; /* of the payload, borrowed */
	size_t len;
	struct net_ip client;
	struct net_ip server;
	uint16_t client_port;
	uint16_t server_port;
	bool is_answer; /* from the server */
	struct nanos time;
};

enum { ACCESS_PORT_WORDS = 65536 / 64, ACCESS_MAX_SERVERS = 1024 };

/* Servers, compiled: a bit for each port that any of them uses, so that a packet that is not
 * theirs costs two looks. Immutable once made; any number of threads may ask it. */
struct access_servers {
	uint64_t ports[ACCESS_PORT_WORDS];
	struct access_server at[ACCESS_MAX_SERVERS];
	size_t n;
};

/* Copies the servers. ERR_USAGE: more than ACCESS_MAX_SERVERS, or a range that runs backwards. */
MUST_CHECK int access_servers_new(struct access_servers **out, const struct access_server *servers,
				  size_t n);
void access_servers_free(struct access_servers **s);

/* Whether a datagram between these ports may be a server's. s may be NULL. */
static inline bool access_servers_have(const struct access_servers *s, uint16_t src, uint16_t dst)
{
	return s && (s->ports[src >> 6] >> (src & 63) | s->ports[dst >> 6] >> (dst & 63)) & 1;
}

/* Whether the address and port are a server's. */
bool access_servers_own(const struct access_servers *s, const struct net_ip *ip, uint16_t port);

/* The slow half of access_servers_find. */
bool access_servers_match(const struct access_servers *s, const struct weir_packet *p,
			  struct access_datagram *out);

/* Whether the packet's innermost transport is UDP from or to one of the servers, and what it
 * carries. Where both ends are servers, the destination counts as the server. A datagram that was
 * not captured whole is found too, with the octets that there are; fragments are not (their
 * datagram is, once the caller has put it together and decoded it). s may be NULL. */
static inline bool access_servers_find(const struct access_servers *s, const struct weir_packet *p,
				       struct access_datagram *out)
{
	if (!s || p->transport == WEIR_NO_LAYER || p->layers[p->transport].proto != WEIR_UDP)
		return false;
	return access_servers_have(s, p->src_port, p->dst_port) && access_servers_match(s, p, out);
}

#endif
