/* The constants of pcapng, for its reader, its writer and the probe. */
#ifndef TRACE_PCAPNG_H
#define TRACE_PCAPNG_H

#include <stdint.h>

#define PCAPNG_SECTION 0x0a0d0d0au /* the same in both byte orders */
#define PCAPNG_ORDER   0x1a2b3c4du

enum pcapng_block {
	PCAPNG_IFACE = 1,
	PCAPNG_OLD_PACKET = 2,
	PCAPNG_SIMPLE = 3,
	PCAPNG_NAMES = 4,
	PCAPNG_STATISTICS = 5,
	PCAPNG_PACKET = 6,
	PCAPNG_JOURNAL = 9,
	PCAPNG_SECRETS = 10,
	PCAPNG_CUSTOM = 0x0bad,
	PCAPNG_CUSTOM_NO_COPY = 0x40000bad,
};

enum {
	PCAPNG_HEAD_LEN = 8,     /* type and length of a block */
	PCAPNG_TAIL_LEN = 4,     /* the length again */
	PCAPNG_MIN_LEN = 12,     /* a block without a body */
	PCAPNG_SECTION_LEN = 28, /* blocks without options */
	PCAPNG_IFACE_LEN = 20,
	PCAPNG_SIMPLE_LEN = 16,
	PCAPNG_PACKET_LEN = 32,
	PCAPNG_PACKET_FIXED = 28,   /* of a packet block, before the packet */
	PCAPNG_FAST_MOST = 1 << 20, /* bytes of a packet that the fast loop takes */
};

/* Options: code 2, length 2, value, padding to 4. Codes that are used here. */
enum {
	PCAPNG_OPT_END = 0,
	PCAPNG_OPT_COMMENT = 1,
	PCAPNG_OPT_IF_NAME = 2,
	PCAPNG_OPT_IF_RESOLUTION = 9,
	PCAPNG_OPT_IF_OFFSET = 14,
	PCAPNG_OPT_FLAGS = 2,
	PCAPNG_OPT_LOST = 4,
};

/* The bits of the flags option of packets. */
#define PCAPNG_FLAG_DIRECTION      0x00000003u /* 1: in, 2: out */
#define PCAPNG_FLAG_CHECKSUM_LATER 0x00000200u
#define PCAPNG_FLAG_CHECKSUM_OK    0x00000400u
#define PCAPNG_FLAG_ERRORS         0xffff0000u

static inline uint32_t pcapng_padded(uint32_t len)
{
	return (len + 3) & ~3u;
}

#endif
