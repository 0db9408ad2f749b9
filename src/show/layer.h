/* What `weir dump` says of each header: tables of fields, and a function where that is not
 * enough. */
#ifndef SHOW_LAYER_H
#define SHOW_LAYER_H

#include <weir/packet.h>

#include "base/rd.h"
#include "show/form.h"

/* All the fields of layer i that are here. */
void show_layer(struct form *f, const struct weir_packet *p, int i);

/* "SYN,ACK" for the TCP header at layer l; the name of an ICMP or ICMPv6 type, or NULL. */
void show_tcp_flags(struct form *f, uint8_t flags);
const char *show_icmp_name(const struct weir_packet *p, const struct weir_layer *l);

/* Parts, by family: show_options.c and show_tunnel.c. The reader stands at the layer's header
 * and ends where what is here of it ends. */
void show_ip_options(struct form *f, struct rd r);
void show_tcp_options(struct form *f, struct rd r);
void show_ip6_ext(struct form *f, const struct weir_packet *p, int i);
void show_gre(struct form *f, const struct weir_packet *p, int i);
void show_erspan(struct form *f, const struct weir_packet *p, int i);
void show_geneve(struct form *f, const struct weir_packet *p, int i);
void show_l2tp(struct form *f, const struct weir_packet *p, int i);
void show_gtpu(struct form *f, const struct weir_packet *p, int i);

/* A reader over the header of layer i. */
static inline struct rd show_header(const struct weir_packet *p, int i)
{
	const struct weir_layer *l = &p->layers[i];

	return rd_of(&p->frame->bytes[l->offset], l->header_len);
}

#endif
