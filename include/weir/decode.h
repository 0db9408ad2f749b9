/* Decoding: which headers a frame has, where they lie, whether their checksums hold; and filters.
 *
 * All of it reads nothing beyond the captured bytes, allocates nothing, and may be called by any
 * number of threads at once. */
#ifndef WEIR_DECODE_H
#define WEIR_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/error.h>
#include <weir/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Fills *packet, the caller's, for the frame, which it borrows: both must live while it is used.
 * Never fails: hostile or cut bytes end the list of layers, and packet->stop says why. */
WEIR_API void weir_decode(struct weir_packet *packet, const struct weir_frame *frame);

/* "ip6" and "Internet Protocol version 6". Static, never NULL. */
WEIR_API const char *weir_proto_name(enum weir_proto proto);
WEIR_API const char *weir_proto_text(enum weir_proto proto);

enum weir_checksum {
	WEIR_CHECKSUM_NONE,    /* the layer has none, or does not use it */
	WEIR_CHECKSUM_GOOD,    /* */
	WEIR_CHECKSUM_BAD,     /* */
	WEIR_CHECKSUM_UNKNOWN, /* cut, fragmented, or left to the interface */
};

/* The verdict on layer number `layer` (0 .. packet->n_layers - 1): IPv4, TCP, UDP, UDP-Lite, ICMP,
 * ICMPv6, SCTP. */
WEIR_API enum weir_checksum weir_checksum(const struct weir_packet *packet, int layer);

/* "none", "good", "bad", "unknown". Static. */
WEIR_API const char *weir_checksum_name(enum weir_checksum checksum);

/* An address; IPv4 uses the first four bytes, the others are zero. */
struct weir_ip {
	uint8_t bytes[16];
	uint8_t version; /* 4 or 6 */
};

enum { WEIR_IP_TEXT_LEN = 64, WEIR_TIME_TEXT_LEN = 40 };

/* Source and destination of layer number `layer`; false where that is no IP layer. */
WEIR_API bool weir_ip_src(const struct weir_packet *packet, int layer, struct weir_ip *out);
WEIR_API bool weir_ip_dst(const struct weir_packet *packet, int layer, struct weir_ip *out);

/* "192.0.2.7", "2001:db8::1" (RFC 5952). Returns the length; out is terminated. */
WEIR_API size_t weir_ip_print(const struct weir_ip *ip, char out[WEIR_IP_TEXT_LEN]);

/* Time in ns since 1970 as "2026-01-01T00:00:00.123Z", with so many digits (0..9) of the second's
 * fraction. */
WEIR_API void weir_time_print(int64_t time_ns, int digits, char out[WEIR_TIME_TEXT_LEN]);

struct weir_filter;

/* A filter in libpcap's syntax ("tcp port 443 and host 192.0.2.7"); no names are looked up. 0 and
 * *out, to be freed by the caller; or an error with its reason in *why (which may be NULL). */
WEIR_API WEIR_MUST_CHECK int weir_filter_new(struct weir_filter **out, const char *expression,
					     struct weir_why *why);

/* Sets NULL, accepts NULL. No thread may be matching. */
WEIR_API void weir_filter_free(struct weir_filter **filter);

/* Whether the frame matches. A link type for which the expression means nothing does not match. */
WEIR_API bool weir_filter_match(struct weir_filter *filter, const struct weir_frame *frame);

#ifdef __cplusplus
}
#endif
#endif
