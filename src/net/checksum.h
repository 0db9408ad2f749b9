/* Verifies the checksums of a decoded packet's layers. */
#ifndef NET_CHECKSUM_H
#define NET_CHECKSUM_H

#include <weir/packet.h>

enum net_checksum {
	NET_CHECKSUM_NONE, /* the layer has none (or UDP over IPv4 sent 0: not used) */
	NET_CHECKSUM_GOOD,
	NET_CHECKSUM_BAD,
	NET_CHECKSUM_UNKNOWN, /* cut, fragmented, or left to the interface */
};

/* The verdict on layer i of p: IPv4 header (RFC 791), TCP, UDP, UDP-Lite (RFC 3828), ICMP,
 * ICMPv6, SCTP (CRC32c, RFC 9260). On a frame with WEIR_FRAME_CHECKSUM_LATER, and in a packet
 * whose segmentation is left to the interface (IP length 0), what is not good is unknown. */
enum net_checksum net_checksum(const struct weir_packet *p, int i);

/* "none", "good", "bad", "unknown". */
const char *net_checksum_name(enum net_checksum found);

/* One's-complement sum over bytes taken as big-endian words, folded to 16 bits, continuing from
 * seed (RFC 1071). An odd last byte counts as a word's high half. */
uint16_t net_sum16(const uint8_t *bytes, uint32_t len, uint32_t seed);

/* CRC-32C (Castagnoli) as SCTP uses it. */
uint32_t net_crc32c(const uint8_t *bytes, uint32_t len);

/* The same in pieces: begins with UINT32_MAX, and the last result is inverted. */
uint32_t net_crc32c_more(uint32_t crc, const uint8_t *bytes, uint32_t len);

#endif
