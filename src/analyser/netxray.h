/* NetXRay, and the Sniffer for Windows that came of it. Everything is little-endian.
 *
 *	file      "VL" or "XCP", zeros up to 4, version as text 8 ("002.002"), start of the
 *	          capture in seconds since 1970 4, packets 4, unknown 4, offset of the first
 *	          record 4, offset behind the last one 4, unknown 12, network 1, how that is
 *	          counted 1, unknown 2, unit of time 1, unknown 3, clock at the start 8, unknown
 *	          16, ticks a second 4, unknown 4, kind of capture 1, … up to 128 bytes
 *	record VL clock 8, length 2, unknown 6, captured bytes
 *	record 1  clock 8, wire length 2, captured length 2, unknown 16, captured bytes
 *	record 2  clock 8, wire length 2, captured length 2, unknown 2, 0xffff where 4 bytes
 *	          follow the packet 2, unknown 24, captured bytes
 */
#ifndef ANALYSER_NETXRAY_H
#define ANALYSER_NETXRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct analyser;
struct rd;
struct weir_frame;
struct why;

struct netxray_state {
	uint8_t major, minor;
	uint8_t before; /* bytes of a record before the captured ones */
	uint16_t link;
	bool is_trimmed; /* the four bytes that may follow a packet are not its check sequence */
	uint32_t start_s;
	double start; /* the clock at the start, in seconds */
	double ticks; /* a second */
	uint32_t first;
	uint32_t end;
};

bool netxray_is(const uint8_t *bytes, size_t len);
int netxray_header(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why);

#endif
