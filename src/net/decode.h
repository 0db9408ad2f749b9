/* Decodes a frame once: where each layer lies (struct weir_packet in weir/packet.h). */
#ifndef NET_DECODE_H
#define NET_DECODE_H

#include <weir/packet.h>

/* Fills *p for the frame. Never fails: hostile or cut bytes end the list of layers and set
 * p->stop. Reads nothing beyond frame->cap_len. p borrows the frame. */
void net_decode(struct weir_packet *p, const struct weir_frame *frame);

/* Short and long name of a protocol; never NULL. */
const char *net_proto_name(enum weir_proto proto);
const char *net_proto_text(enum weir_proto proto);

#endif
