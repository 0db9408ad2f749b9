/* Puts fragmented IP datagrams together, so that what a tunnel carries in them can be seen.
 *
 * Times are the packets' own, in the order of the data. Memory is bounded: at most
 * NET_REASSEMBLY_DATAGRAMS are in hand, of NET_REASSEMBLY_BYTES together; the oldest goes when one
 * more would not fit. A datagram that was not completed comes out of net_reassembly_pop as far as
 * it is known from its start, so that nothing that was captured is lost. */
#ifndef NET_REASSEMBLY_H
#define NET_REASSEMBLY_H

#include <stdbool.h>

#include <weir/packet.h>

#include "base/err.h"

enum {
	NET_REASSEMBLY_DATAGRAMS = 4096,
	NET_REASSEMBLY_BYTES = 32 << 20,
	NET_REASSEMBLY_SECONDS = 60, /* RFC 8200 4.5 */
};

struct net_reassembly;

/* An IP packet with its header as if it had never been fragmented. */
struct net_whole {
	uint8_t *bytes; /* from the IP header's first; the caller frees them */
	uint32_t len;   /* bytes that are known; its header may claim more */
	uint8_t version;
	int64_t time_ns; /* of the fragment that completed it; a cut one's: of its first fragment */
};

MUST_CHECK int net_reassembly_new(struct net_reassembly **out);
void net_reassembly_free(struct net_reassembly **r);

/* The slow half of net_reassembly_layer. */
int net_reassembly_find(const struct weir_packet *p);

/* The packet's outermost IP layer that is a fragment and may be a tunnel's (UDP, GRE, IP in IP,
 * L2TPv3); -1: none. What lies inside an ICMP error's quotation does not count. */
static inline int net_reassembly_layer(const struct weir_packet *p)
{
	unsigned i = p->outer_ip;

	if (i < WEIR_MAX_LAYERS && i == p->inner_ip && !(p->layers[i].flags & WEIR_LAYER_FRAGMENT))
		return -1; /* it is the only one, and nearly always so */
	return net_reassembly_find(p);
}

/* Takes that layer, copying what it holds. 1 and *whole when it completes its datagram, else 0.
 * Fragments that overlap others (RFC 5722), go beyond 65,535 bytes or are cut spoil their
 * datagram: it stays incomplete, and later fragments of it are passed over. ERR_NOMEM. */
MUST_CHECK int net_reassembly_take(struct net_reassembly *r, const struct weir_packet *p, int layer,
				   struct net_whole *whole);

/* 1 and *whole: a datagram that will not be completed any more, because it is too old at now_ns
 * or too much is in hand; its header claims what it would have been, as far as that is known.
 * 0: none. INT64_MAX takes out all. ERR_NOMEM. */
MUST_CHECK int net_reassembly_pop(struct net_reassembly *r, int64_t now_ns,
				  struct net_whole *whole);

#endif
