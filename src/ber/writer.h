/* Writes DER: every length and every integer in as few octets as it can be. */
#ifndef BER_WRITER_H
#define BER_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/wr.h"
#include "ber/ber.h"

/* Octets that a length takes (X.690 clause 10.1). */
static inline unsigned ber_len_len(size_t len)
{
	unsigned n = 1;

	if (len < 0x80)
		return 1;
	if (len < 0x10000)
		return len < 0x100 ? 2 : 3;
	for (; len; len >>= 8)
		n++;
	return n;
}

/* Octets of an unsigned number as an INTEGER: one bit stays free for the sign. */
static inline unsigned ber_uint_len(uint64_t v)
{
	return v ? (unsigned)(63 - __builtin_clzll(v) + 1) / 8 + 1 : 1;
}

/* Octets of a primitive element with len octets of value, for tags of one octet. */
static inline size_t ber_tlv_len(size_t len)
{
	return 1 + ber_len_len(len) + len;
}

/* Tag and length of an element whose contents the caller writes next. */
void ber_put_header(struct wr *w, uint32_t tag, bool is_constructed, size_t len);

/* Opens a constructed element; what is written until ber_close with the mark lies inside. */
size_t ber_open(struct wr *w, uint32_t tag);
void ber_close(struct wr *w, size_t mark);

/* Primitive elements. */
void ber_put_bytes(struct wr *w, uint32_t tag, const void *bytes, size_t len);
void ber_put_uint(struct wr *w, uint32_t tag, uint64_t v);
void ber_put_int(struct wr *w, uint32_t tag, int64_t v);
void ber_put_bool(struct wr *w, uint32_t tag, bool v);
void ber_put_null(struct wr *w, uint32_t tag);

/* n arcs as a RELATIVE-OID; as an OBJECT IDENTIFIER the caller joins the first two (40 a + b). */
void ber_put_arcs(struct wr *w, uint32_t tag, const uint32_t *arcs, size_t n);

#endif
