/* One packet in words: as lines, as one line, or as a JSON object. */
#ifndef TOOL_DUMP_PACKET_H
#define TOOL_DUMP_PACKET_H

#include <weir/packet.h>

#include "tool/dump_form.h"

struct dump_style {
	bool is_brief;    /* one line */
	bool has_hex;     /* the payload's bytes */
	uint64_t max_hex; /* … at most so many; 0: all */
};

/* Writes all that follows the packet's number, which the caller writes first: the number alone,
 * or for JSON {"number":N. Ends with a line feed. iface may be NULL. */
void dump_packet(struct form *f, const struct dump_style *style, const struct weir_packet *p,
		 const struct weir_iface *iface);

#endif
