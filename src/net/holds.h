/* What must be true of every decoded packet, whatever its bytes; for tests and fuzz targets. */
#ifndef NET_HOLDS_H
#define NET_HOLDS_H

#include <stdlib.h>
#include <string.h>

#include "net/ip.h"

/* Each layer lies whole in the frame, begins where the header before it ends and ends no later
 * than the layer around it. */
static inline bool holds_layers(const struct weir_packet *p)
{
	uint32_t at = 0, end = p->frame->cap_len;

	for (int i = 0; i < p->n_layers; i++) {
		const struct weir_layer *l = &p->layers[i];

		if (l->offset != at || l->header_len > l->len || l->len > end - at ||
		    l->len > l->claim_len || l->proto >= WEIR_N_PROTOS)
			return false;
		if (l->claim_len > l->len && !(l->flags & WEIR_LAYER_CUT))
			return false;
		if (net_is_ip(l) && l->header_len < (l->proto == WEIR_IPV4 ? 20 : 40))
			return false;
		end = at + l->len;
		at += l->header_len;
	}
	return true;
}

static inline bool holds_index(const struct weir_packet *p, uint8_t i, bool is_ip)
{
	if (i == WEIR_NO_LAYER)
		return true;
	return i < p->n_layers && !(p->layers[i].flags & WEIR_LAYER_QUOTED) &&
	       net_is_ip(&p->layers[i]) == is_ip;
}

static inline bool holds(const struct weir_packet *p)
{
	return p->n_layers <= WEIR_MAX_LAYERS && p->stop <= WEIR_STOP_DEEP && holds_layers(p) &&
	       holds_index(p, p->outer_ip, true) && holds_index(p, p->inner_ip, true) &&
	       holds_index(p, p->transport, false) &&
	       (p->outer_ip == WEIR_NO_LAYER) == (p->inner_ip == WEIR_NO_LAYER);
}

/* Whether two ways of decoding a frame found the same. */
static inline bool holds_same(const struct weir_packet *a, const struct weir_packet *b)
{
	return a->frame == b->frame && a->flow_hash == b->flow_hash && a->src_port == b->src_port &&
	       a->dst_port == b->dst_port && a->n_layers == b->n_layers &&
	       a->outer_ip == b->outer_ip && a->inner_ip == b->inner_ip &&
	       a->transport == b->transport && a->stop == b->stop &&
	       !memcmp(a->layers, b->layers, a->n_layers * sizeof *a->layers);
}

#endif
