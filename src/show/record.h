/* A PS-PDU as `weir decode` tells of it: a headline, what a call's record says, all elements with
 * their names, and findings; or all that as a JSON object on a line. */
#ifndef SHOW_RECORD_H
#define SHOW_RECORD_H

#include "etsi/decode.h"
#include "etsi/record.h"

/* Everything is borrowed. */
struct show_record {
	const char *stream;            /* where it came from */
	uint64_t number;               /* in it, from 1 on */
	uint64_t offset;               /* of its first octet, in the stream */
	size_t size;                   /* as it came */
	const struct etsi_octets *pdu; /* opened, where it came encrypted */
	const uint64_t *byte_counter;  /* of an opened one; NULL: it was not encrypted */
	const struct etsi_decoded *decoded;
	const struct wr *elements; /* as etsi_decode wrote them; not ok: too long */
};

void show_record(struct wr *w, const struct show_record *r, bool is_json);

#endif
