/* The tags of X.690, shared by the reader and the writer. */
#ifndef BER_BER_H
#define BER_BER_H

#include <stdint.h>

/* A tag in one word: its class in the two highest bits, its number below. Whether the encoding
 * is constructed is not part of it: that follows from how it is written or was found. */
enum ber_class {
	BER_UNIVERSAL = 0,
	BER_APPLICATION = 1,
	BER_CONTEXT = 2,
	BER_PRIVATE = 3,
};

enum { BER_CLASS_SHIFT = 30 };

/* Larger numbers are refused: no schema comes near, and a hostile one could be of any length. */
enum { BER_MAX_TAG_NUMBER = (1 << 28) - 1 };

static inline uint32_t ber_tag(enum ber_class class, uint32_t number)
{
	return (uint32_t) class << BER_CLASS_SHIFT | number;
}

static inline uint32_t ber_context(uint32_t number)
{
	return ber_tag(BER_CONTEXT, number);
}

static inline enum ber_class ber_tag_class(uint32_t tag)
{
	return (enum ber_class)(tag >> BER_CLASS_SHIFT);
}

static inline uint32_t ber_tag_number(uint32_t tag)
{
	return tag & ((1u << BER_CLASS_SHIFT) - 1);
}

/* Universal tags that we meet (X.680 table 1). */
enum ber_universal {
	BER_BOOLEAN = 1,
	BER_INTEGER = 2,
	BER_BIT_STRING = 3,
	BER_OCTET_STRING = 4,
	BER_NULL = 5,
	BER_OID = 6,
	BER_ENUMERATED = 10,
	BER_UTF8_STRING = 12,
	BER_RELATIVE_OID = 13,
	BER_SEQUENCE = 16,
	BER_SET = 17,
	BER_NUMERIC_STRING = 18,
	BER_PRINTABLE_STRING = 19,
	BER_IA5_STRING = 22,
	BER_UTC_TIME = 23,
	BER_GENERALIZED_TIME = 24,
	BER_VISIBLE_STRING = 26,
};

#endif
