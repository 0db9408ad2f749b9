/* What was on the wire of a frame, where wire_len is not it (WEIR_FRAME_APART). */
#ifndef TRACE_WIRE_H
#define TRACE_WIRE_H

#include <stdint.h>

#include <weir/frame.h>

/* The flags of frames of a link type whose packets have a header of the capturer's before them:
 * WEIR_FRAME_APART, or 0. */
uint8_t trace_wire_flags(uint16_t link);

/* Of a frame with WEIR_FRAME_APART. */
uint32_t trace_wire_apart(const struct weir_frame *f);

/* Bytes that were on the wire: without a header that the capturer put before the packet (the
 * direction of PPP, a whole ERF record's …), and with the check sequence of Ethernet that ERF
 * counts. capinfos calls their sum the data size. */
static inline uint32_t trace_wire_len(const struct weir_frame *f)
{
	return __builtin_expect(f->flags & WEIR_FRAME_APART, 0) ? trace_wire_apart(f) : f->wire_len;
}

#endif
