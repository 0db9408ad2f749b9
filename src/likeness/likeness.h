/* Records that are like others of their stream: what etsi_record_read says, for a tenth of its
 * work.
 *
 * Nearly all that comes is CC: the records of a stream are the same octets but for number, time,
 * direction, lengths and packet. Who has read one of a stream whole keeps it here, and the others
 * are read by comparison. Whatever is not exactly of that shape is left to etsi_record_read.
 *
 *	stream = likeness_find(like, pdu, len, &own);      NULL: etsi_record_read, then
 *	                                                   likeness_keep where that succeeded
 */
#ifndef LIKENESS_LIKENESS_H
#define LIKENESS_LIKENESS_H

#include "etsi/record.h"

enum {
	LIKENESS_HEAD_MAX = 160, /* octets; longer ones are not kept */
	LIKENESS_TAIL_MAX = 16,
	LIKENESS_OBJECT_LEN = 4,
	LIKENESS_MAX_SLOTS = 1024, /* streams */
};

struct likeness;

/* What the records of a stream have in common. */
struct likeness_stream {
	uint64_t number; /* never another one's */
	uint32_t slot;   /* below LIKENESS_MAX_SLOTS; no other has it now */
	uint32_t head_len, tail_len;
	uint8_t head[LIKENESS_HEAD_MAX]; /* of the header's contents, up to the sequence number */
	uint8_t tail[LIKENESS_TAIL_MAX]; /* … and from the end of the time on */
	uint8_t object[LIKENESS_OBJECT_LEN]; /* iPCCObjId */
	/* As it was read: the header's octets are in head, the payload's are nowhere; its number,
	 * times, direction and packet are another record's. */
	struct etsi_record record;
};

/* What one of them has for itself; octets are the PDU's. */
struct likeness_own {
	uint32_t seq;
	uint8_t direction;
	struct nanos time;
	const uint8_t *header; /* where its contents begin */
	struct etsi_octets payload, parts, packet;
};

MUST_CHECK int likeness_new(struct likeness **out);
void likeness_free(struct likeness **like);

/* The stream that the PDU is of, and what is its own; good until the next likeness_keep. NULL: it
 * is not like any that is kept. */
const struct likeness_stream *likeness_find(struct likeness *like, const uint8_t *pdu, size_t len,
					    struct likeness_own *own);

/* Keeps a record that was just read from these octets; where it is none to compare with, or there
 * is no memory, nothing is kept. */
void likeness_keep(struct likeness *like, const uint8_t *pdu, size_t len,
		   const struct etsi_record *record);

/* What etsi_record_read says of it. */
void likeness_record(const struct likeness_stream *stream, const struct likeness_own *own,
		     struct etsi_record *out);

/* How many streams are kept. */
size_t likeness_n(const struct likeness *like);

#endif
