/* Reads BER: definite lengths only, every element inside its container, never deeper than
 * BER_MAX_DEPTH. What BER allows and DER forbids (long lengths, long integers) is read and
 * flagged; what neither allows is refused with a fault that can be said in words. */
#ifndef BER_READER_H
#define BER_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rd.h"
#include "ber/ber.h"

enum { BER_MAX_DEPTH = 64, BER_OID_TEXT_LEN = 256 };

/* Why an element was refused, or what about it is not DER. */
#define BER_FAULTS(X)                                                                              \
	X(NONE, "nothing")                                                                         \
	X(CUT_TAG, "the data ends inside a tag")                                                   \
	X(CUT_LENGTH, "the data ends inside a length")                                             \
	X(CUT_VALUE, "the length runs past the end of what it lies in")                            \
	X(INDEFINITE, "indefinite length: only definite ones are used here")                       \
	X(HUGE_LENGTH, "a length of more than eight octets or beyond any memory")                  \
	X(HUGE_TAG, "a tag number beyond 2^28")                                                    \
	X(DEEP, "elements nested too deeply")

enum ber_fault {
#define X(name, text) BER_FAULT_##name,
	BER_FAULTS(X)
#undef X
};

enum ber_flaw {
	BER_LONG_LENGTH = 1, /* the length has more octets than it needs */
	BER_LONG_TAG = 2,    /* the tag has more octets than it needs */
};

/* A reader with the nesting that is still allowed. */
struct ber_rd {
	struct rd rd;
	unsigned depth_left;
	enum ber_fault fault; /* set by the call that failed */
};

/* One element: header read, contents borrowed. */
struct ber_tlv {
	uint32_t tag;
	bool is_constructed;
	uint8_t flaws;        /* enum ber_flaw, or-ed */
	uint8_t header_len;   /* octets of tag and length */
	const uint8_t *start; /* of the tag */
	const uint8_t *value;
	size_t len; /* octets of value */
	unsigned depth_left;
};

const char *ber_fault_text(enum ber_fault fault);

static inline struct ber_rd ber_rd_of(const void *bytes, size_t len)
{
	return (struct ber_rd){rd_of(bytes, len), BER_MAX_DEPTH, BER_FAULT_NONE};
}

/* The next element: 0; ERR_END when none is left; ERR_CUT or ERR_BAD with r->fault set, after
 * which the position is still that of the element. */
MUST_CHECK int ber_next(struct ber_rd *r, struct ber_tlv *out);

/* Tag and length alone, of an element whose value need not be here yet (a stream's next PDU):
 * out->len is what it announces. Errors as above. */
MUST_CHECK int ber_peek(struct ber_rd *r, struct ber_tlv *out);

/* A reader for what lies inside a constructed element. */
static inline struct ber_rd ber_inside(const struct ber_tlv *t)
{
	return (struct ber_rd){rd_of(t->value, t->len), t->depth_left, BER_FAULT_NONE};
}

/* Values. Each returns false where the octets are no such value, or do not fit.
 * is_minimal (may be NULL) tells whether the octets are as few as can be. */
bool ber_get_i64(const struct ber_tlv *t, int64_t *out, bool *is_minimal);
bool ber_get_u64(const struct ber_tlv *t, uint64_t *out, bool *is_minimal);
bool ber_get_bool(const struct ber_tlv *t, bool *out, bool *is_minimal);

/* Dotted text of an OBJECT IDENTIFIER or of a RELATIVE-OID's arcs. False where the octets end
 * inside an arc, an arc has more than 64 bits, or the text does not fit. */
bool ber_print_oid(const struct ber_tlv *t, char out[BER_OID_TEXT_LEN]);
bool ber_print_relative_oid(const struct ber_tlv *t, char out[BER_OID_TEXT_LEN]);

#endif
