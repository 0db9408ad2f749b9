/* Network General's Sniffer for DOS. Everything is little-endian.
 *
 *	file     "TRSNIFF data    " and 0x1a 17, then records
 *	record   type 2, length of what follows the next field 2, reserved 2; by type:
 *	         1   version: major 2, minor 2, time 2, date 2 (as DOS has them), type 1, network 1,
 *	             format 1 (1: packets are not compressed), unit of time 1, reserved 6
 *	         4   packet: time in units 5, days since the start 1, captured length 2, status 1,
 *	             flags 1, wire length 2 (0: the captured one), reserved 2; captured bytes
 *	         8   the same of ATM, reserved 36
 *	         12  the same, reserved 22
 *	         3   end of the file
 *	         others describe the capture
 */
#ifndef ANALYSER_SNIFFER_H
#define ANALYSER_SNIFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct analyser;
struct rd;
struct weir_frame;
struct why;

struct sniffer_state {
	int64_t start_ns; /* midnight, as the capture began */
	uint32_t unit_ps; /* of time */
	uint16_t major, minor;
	uint16_t link;
	uint8_t network;
	bool has_packets; /* one was seen: the records that describe the capture are over */
};

bool sniffer_is(const uint8_t *bytes, size_t len);
int sniffer_header(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why);

#endif
