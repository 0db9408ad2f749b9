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
 * ICMPv6, SCTP (CRC32c, RFC 9260). */
enum net_checksum net_checksum(const struct weir_packet *p, int i);

/* One's-complement sum over bytes, folded to 16 bits, continuing from seed (RFC 1071). */
uint16_t net_sum16(const uint8_t *bytes, uint32_t len, uint32_t seed);

/* CRC-32C (Castagnoli) as SCTP uses it. */
uint32_t net_crc32c(const uint8_t *bytes, uint32_t len);

#endif
