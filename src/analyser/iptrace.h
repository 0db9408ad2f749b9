/* What AIX's iptrace writes, versions 1.0 and 2.0. Everything is big-endian.
 *
 *	file     "iptrace 2.0" 11
 *	record   length of what follows the next field 4, seconds 4;
 *	         unknown 3, interface's number 1, its name 4, text 12, type of interface 1 (as in
 *	         RFC 1573), 1 where it was sent 1 [, 2.0: unknown 2, seconds 4, nanoseconds 4],
 *	         captured bytes (before them, with FDDI, 3 of padding)
 */
#ifndef ANALYSER_IPTRACE_H
#define ANALYSER_IPTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct analyser;
struct rd;
struct weir_frame;
struct why;

struct iptrace_state {
	uint8_t before; /* bytes of a record before the captured ones, without FDDI's padding */
	bool has_nanos; /* version 2.0 */
};

bool iptrace_is(const uint8_t *bytes, size_t len);
int iptrace_header(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why);

#endif
