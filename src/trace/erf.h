/* The extensible record format's constants, types and times, for its reader, its writer and the
 * probe.
 *
 *	time 8 (little-endian, seconds in 32.32 fixed point), type 1, flags 1, record length 2,
 *	loss counter or colour 2, wire length 2 (big-endian); extension headers 8 each while bit 7
 *	of type, then of each one's first byte, is set; a header of the type's own; captured bytes
 */
#ifndef TRACE_ERF_H
#define TRACE_ERF_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/frame.h>

enum {
	ERF_HEADER_LEN = 16,
	ERF_EXTENSION_LEN = 8,
	ERF_ALIGN = 8,
	ERF_MAX_LEN = 65535, /* of a record, and of a packet on the wire */
	ERF_ETHER_PAD = 2,   /* offset and padding before an Ethernet frame */
	ERF_FCS_LEN = 4,     /* an Ethernet frame's wire length counts its FCS */

	ERF_MORE = 0x80, /* in type and in extension headers: another one follows */
	ERF_TYPE_MASK = 0x7f,
};

enum {
	ERF_FLAG_PORT = 0x03, /* capture interface; its third bit is ERF_FLAG_PORT_HIGH */
	ERF_FLAG_VARYING = 0x04,
	ERF_FLAG_TRUNCATED = 0x08,
	ERF_FLAG_RX_ERROR = 0x10,
	ERF_FLAG_DS_ERROR = 0x20,
	ERF_FLAG_PORT_HIGH = 0x40,
	ERF_FLAG_RESERVED = 0x80,
};

enum {
	ERF_TYPE_HDLC = 1,
	ERF_TYPE_ETHER = 2,
	ERF_TYPE_IPV4 = 22,
	ERF_TYPE_IPV6 = 23,
	ERF_TYPE_META = 27, /* provenance */
	ERF_TYPE_PAD = 48,
};

enum { LINK_ERF = 197 }; /* LINKTYPE_ERF: a packet's bytes are a whole record */

/* Whether a frame tells where an ERF capture comes from, and is no traffic. */
static inline bool erf_is_provenance(const struct weir_frame *f)
{
	return f->link == LINK_ERF && f->cap_len >= ERF_HEADER_LEN &&
	       (f->bytes[8] & ERF_TYPE_MASK) == ERF_TYPE_META;
}

/* Whether the type is one that the format's description names. */
bool erf_type_is_known(uint8_t type);

/* To the nearest nanosecond, and to the nearest 2^-32 s: nanoseconds come back as they were.
 * Seconds are 32 bits without a sign; times before 1970 or after 2106 do not fit. */
static inline int64_t erf_time_to_ns(uint64_t time)
{
	return (int64_t)(((unsigned __int128)time * 1000000000u + (1u << 31)) >> 32);
}

static inline bool erf_time_fits(int64_t ns)
{
	return ns >= 0 && ns < (int64_t)((uint64_t)1 << 32) * 1000000000;
}

static inline uint64_t erf_time_of_ns(int64_t ns)
{
	uint64_t s = (uint64_t)ns / 1000000000u;
	uint64_t fraction = (uint64_t)ns % 1000000000u;

	return (s << 32) + ((fraction << 32) + 500000000u) / 1000000000u;
}

#endif
