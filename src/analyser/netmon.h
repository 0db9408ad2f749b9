/* Microsoft's Network Monitor, versions 1 and 2. Everything is little-endian.
 *
 *	file     "RTSS" (1) or "GMBU" (2) 4, minor version 1, major version 1, network 2,
 *	         start of the capture (year, month, day of the week, day, hour, minute, second,
 *	         ms) 16, offset of the frame table 4, its length 4, … up to 128 bytes; records;
 *	         frame table: where each record begins 4; in between and behind, comments
 *	record 1 ms since the start 4, wire length 2, captured length 2, captured bytes
 *	record 2 µs since the start 8, wire length 4, captured length 4, captured bytes [, from
 *	         2.1 on network 2; from 2.2 on process 4; from 2.3 on 100 ns since 1601 8, zone 1]
 *
 * Records are read as they follow one another, so that a pipe will do; when the frame table comes
 * it must name the very places at which they were found. */
#ifndef ANALYSER_NETMON_H
#define ANALYSER_NETMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct analyser;
struct rd;
struct weir_frame;
struct why;

struct netmon_state {
	uint8_t major, minor;
	uint8_t trailer_len;
	uint16_t network; /* of all packets, before 2.1 */
	int64_t start_ns;
	uint32_t table;    /* where the frame table is */
	uint32_t n_frames; /* that it has */
	uint32_t i_frame;  /* records read, then entries of the table */
	uint64_t found;    /* hash of where records were found */
	uint64_t listed;   /* … and of where the table says that they are */
};

bool netmon_is(const uint8_t *bytes, size_t len);
int netmon_header(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why);

#endif
