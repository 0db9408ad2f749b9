/* Snoop, Sun's packet capture file format, version 2 (RFC 1761); Surveyor's files, of versions 2
 * to 5, are alike, but for the numbers of their networks and 16 bytes behind each packet.
 * Everything is big-endian.
 *
 *	file     "snoop" and three zeros 8, version 4, network 4
 *	record   wire length 4, captured length 4, record's length 4, packets lost so far 4,
 *	         seconds 4, microseconds 4, captured bytes, padding
 */
#ifndef ANALYSER_SNOOP_H
#define ANALYSER_SNOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct analyser;
struct rd;
struct weir_frame;
struct why;

struct snoop_state {
	uint32_t network;
	uint32_t lost;    /* so far */
	bool is_surveyor; /* known when the first record is */
	bool has_record;
};

bool snoop_is(const uint8_t *bytes, size_t len);
int snoop_header(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why);

#endif
