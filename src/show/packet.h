/* One packet in words: as lines, as one line, or as a JSON object. */
#ifndef SHOW_PACKET_H
#define SHOW_PACKET_H

#include <weir/packet.h>

#include "show/form.h"

struct show_style {
	bool is_brief;    /* one line */
	bool has_hex;     /* the payload's bytes */
	uint64_t max_hex; /* … at most so many; 0: all */
};

/* Writes all that follows the packet's number, which the caller writes first: the number alone,
 * or for JSON {"number":N. Ends with a line feed. iface may be NULL. */
void show_packet(struct form *f, const struct show_style *style, const struct weir_packet *p,
		 const struct weir_iface *iface);

#endif
