/* Records that are like the one before: what etsi_record_read says, for a tenth of its work.
 *
 * Nearly all that comes is CC of one stream after the other: the same octets but for number, time,
 * direction, lengths and packet. Who has read one such record whole keeps it, and the next is
 * read by comparison. Whatever is not exactly of that shape is left to etsi_record_read. */
#ifndef MEDIATION_LIKENESS_H
#define MEDIATION_LIKENESS_H

#include <stdbool.h>
#include <stdint.h>

#include "etsi/record.h"

enum { LIKENESS_HEAD_MAX = 128, LIKENESS_TAIL_MAX = 16, LIKENESS_OBJECT_LEN = 4 };

struct likeness {
	uint8_t head[LIKENESS_HEAD_MAX]; /* of the header's contents, up to the sequence number */
	uint8_t tail[LIKENESS_TAIL_MAX]; /* … and from the end of the time on */
	uint8_t object[LIKENESS_OBJECT_LEN]; /* iPCCObjId */
	uint32_t head_len, tail_len;
	const uint8_t *base;       /* where that header's contents lay, to which … */
	struct etsi_record record; /* … the octets of this one's header belong */
	bool is_set;
};

/* Remembers a record that was just read from these octets, where it is one to compare with. */
void likeness_keep(struct likeness *like, const uint8_t *pdu, size_t len,
		   const struct etsi_record *record);

/* Whether the PDU is like the one that is remembered; then *out is what etsi_record_read gives. */
bool likeness_read(const struct likeness *like, const uint8_t *pdu, size_t len,
		   struct etsi_record *out);

#endif
