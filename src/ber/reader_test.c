#include "ber/reader.h"

#include "base/tap.h"
#include "ber/writer.h"

#include <stdlib.h>

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})

/* The element is read from a copy of exactly its size, so that a sanitizer sees reads beyond. */
static int read_one(const uint8_t *bytes, size_t len, struct ber_tlv *t, enum ber_fault *fault)
{
	static uint8_t *copy;
	struct ber_rd r;
	int rc;

	free(copy);
	copy = malloc(len ? len : 1);
	if (!copy)
		return ERR_NOMEM;
	memcpy(copy, bytes, len);
	r = ber_rd_of(copy, len);
	rc = ber_next(&r, t);
	*fault = r.fault;
	return rc;
}

static void test_tags(void)
{
	struct ber_tlv t;
	enum ber_fault fault;

	ok(read_one(BYTES(0x30, 0x00), &t, &fault) == 0 &&
		   t.tag == ber_tag(BER_UNIVERSAL, BER_SEQUENCE) && t.is_constructed && t.len == 0,
	   "an empty SEQUENCE is read");
	ok(read_one(BYTES(0x9f, 0x1f, 0x01, 0x05), &t, &fault) == 0 && t.tag == ber_context(31) &&
		   t.header_len == 3 && t.value[0] == 5 && t.flaws == 0,
	   "a context tag of 31 takes two octets");
	ok(read_one(BYTES(0xbf, 0x81, 0x7f, 0x00), &t, &fault) == 0 && t.tag == ber_context(255) &&
		   t.is_constructed && t.flaws == 0,
	   "a context tag of 255 takes three octets");
	ok(read_one(BYTES(0x9f, 0x1e, 0x00), &t, &fault) == 0 && t.tag == ber_context(30) &&
		   t.flaws == BER_LONG_TAG,
	   "a small tag number in the long form is read and flagged");
	ok(read_one(BYTES(0x9f, 0x80, 0x1f, 0x00), &t, &fault) == 0 && t.tag == ber_context(31) &&
		   t.flaws == BER_LONG_TAG,
	   "a tag number with a leading zero is read and flagged");
	ok(read_one(BYTES(0x9f, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x00), &t, &fault) == ERR_BAD &&
		   fault == BER_FAULT_HUGE_TAG,
	   "a tag number beyond 2^28 is refused");
	ok(ber_tag_class(ber_tag(BER_PRIVATE, 7)) == BER_PRIVATE &&
		   ber_tag_number(ber_tag(BER_PRIVATE, 7)) == 7,
	   "a tag gives back its class and its number");
}

static void test_lengths(void)
{
	struct ber_tlv t;
	enum ber_fault fault;

	ok(read_one(BYTES(0x04, 0x81, 0x02, 0xaa, 0xbb), &t, &fault) == 0 && t.len == 2 &&
		   t.flaws == BER_LONG_LENGTH && t.value[1] == 0xbb,
	   "a length of 2 in two octets is read and flagged");
	ok(read_one(BYTES(0x04, 0x83, 0x00, 0x00, 0x01, 0xaa), &t, &fault) == 0 && t.len == 1 &&
		   t.flaws == BER_LONG_LENGTH,
	   "a length with leading zeros is read and flagged");
	ok(read_one(BYTES(0x30, 0x80, 0x00, 0x00), &t, &fault) == ERR_BAD &&
		   fault == BER_FAULT_INDEFINITE,
	   "an indefinite length is refused");
	ok(read_one(BYTES(0x04, 0xff, 0x00), &t, &fault) == ERR_BAD &&
		   fault == BER_FAULT_HUGE_LENGTH,
	   "the reserved length octet FF is refused");
	ok(read_one(BYTES(0x04, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), &t,
		    &fault) == ERR_BAD &&
		   fault == BER_FAULT_HUGE_LENGTH,
	   "a length of 2^64-1 does not overflow");
	ok(read_one(BYTES(0x04, 0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), &t,
		    &fault) == ERR_CUT &&
		   fault == BER_FAULT_CUT_VALUE,
	   "a length of 2^63-1 is cut, not read");
	ok(read_one(BYTES(0x04, 0x89, 1, 2, 3, 4, 5, 6, 7, 8, 9), &t, &fault) == ERR_BAD,
	   "a length of nine octets is refused");
	ok(read_one(BYTES(0x04, 0x02, 0xaa), &t, &fault) == ERR_CUT && fault == BER_FAULT_CUT_VALUE,
	   "a value that runs past the end is cut");
}

static void test_position(void)
{
	struct ber_rd r = ber_rd_of(BYTES(0x02, 0x01, 0x05, 0x04, 0x03, 0x61));
	struct ber_tlv t;

	ok(ber_next(&r, &t) == 0 && ber_next(&r, &t) == ERR_CUT && rd_left(&r.rd) == 3,
	   "after a failure the position is that of the element");
	ok(ber_peek(&r, &t) == 0 && t.len == 3 && t.header_len == 2 && rd_left(&r.rd) == 3,
	   "peek tells what is announced and stays");
	r = ber_rd_of(NULL, 0);
	ok(ber_next(&r, &t) == ERR_END, "nothing left is the end");
}

/* How many of n nested elements can be entered, and why no more. */
static int dive(int n, enum ber_fault *fault)
{
	uint8_t deep[4 * (BER_MAX_DEPTH + 20)];
	size_t marks[BER_MAX_DEPTH + 20];
	struct wr w = wr_of(deep, sizeof deep);
	struct ber_rd r;
	struct ber_tlv t;
	int n_entered = 0;

	for (int i = 0; i < n; i++)
		marks[i] = ber_open(&w, ber_context(1));
	for (int i = n; i; i--)
		ber_close(&w, marks[i - 1]);
	for (r = ber_rd_of(w.bytes, w.len); ber_next(&r, &t) == 0; n_entered++)
		r = ber_inside(&t);
	*fault = r.fault;
	return n_entered;
}

static void test_depth(void)
{
	enum ber_fault fault;

	ok(dive(BER_MAX_DEPTH, &fault) == BER_MAX_DEPTH && fault == BER_FAULT_NONE,
	   "%d elements may nest", BER_MAX_DEPTH);
	ok(dive(BER_MAX_DEPTH + 1, &fault) == BER_MAX_DEPTH && fault == BER_FAULT_DEEP,
	   "one more is refused");
}

static void test_integers(void)
{
	struct ber_tlv t;
	enum ber_fault fault;
	int64_t i;
	uint64_t u;
	bool is_minimal;

	ok(read_one(BYTES(0x02, 0x01, 0x80), &t, &fault) == 0 && ber_get_i64(&t, &i, &is_minimal) &&
		   i == -128 && is_minimal && !ber_get_u64(&t, &u, NULL),
	   "80 is -128, and no unsigned number");
	ok(read_one(BYTES(0x02, 0x05, 0x00, 0xff, 0xff, 0xff, 0xff), &t, &fault) == 0 &&
		   ber_get_u64(&t, &u, &is_minimal) && u == UINT32_MAX && is_minimal,
	   "2^32-1 takes five octets");
	ok(read_one(BYTES(0x02, 0x09, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), &t,
		    &fault) == 0 &&
		   ber_get_u64(&t, &u, &is_minimal) && u == UINT64_MAX && is_minimal &&
		   !ber_get_i64(&t, &i, NULL),
	   "2^64-1 takes nine octets and is no int64");
	ok(read_one(BYTES(0x02, 0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0), &t, &fault) == 0 &&
		   !ber_get_u64(&t, &u, NULL) && !ber_get_i64(&t, &i, NULL),
	   "2^64 is too large for both");
	ok(read_one(BYTES(0x02, 0x02, 0x00, 0x7f), &t, &fault) == 0 &&
		   ber_get_i64(&t, &i, &is_minimal) && i == 127 && !is_minimal,
	   "a needless leading zero is flagged");
	ok(read_one(BYTES(0x02, 0x02, 0xff, 0x80), &t, &fault) == 0 &&
		   ber_get_i64(&t, &i, &is_minimal) && i == -128 && !is_minimal,
	   "a needless leading FF is flagged");
	ok(read_one(BYTES(0x02, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), &t, &fault) == 0 &&
		   ber_get_u64(&t, &u, &is_minimal) && u == 1 && !is_minimal,
	   "any number of leading zeros is read");
	ok(read_one(BYTES(0x02, 0x00), &t, &fault) == 0 && !ber_get_u64(&t, &u, NULL),
	   "an empty integer is refused");
}

static void test_other_values(void)
{
	struct ber_tlv t;
	enum ber_fault fault;
	char text[BER_OID_TEXT_LEN];
	bool v, is_minimal;

	ok(read_one(BYTES(0x01, 0x01, 0x01), &t, &fault) == 0 &&
		   ber_get_bool(&t, &v, &is_minimal) && v && !is_minimal,
	   "TRUE as 01 is read and flagged");
	ok(read_one(BYTES(0x01, 0x02, 0x01, 0x01), &t, &fault) == 0 && !ber_get_bool(&t, &v, NULL),
	   "a BOOLEAN of two octets is refused");
	ok(read_one(BYTES(0x06, 0x07, 4, 0, 2, 2, 5, 1, 43), &t, &fault) == 0 &&
		   ber_print_oid(&t, text) && strcmp(text, "0.4.0.2.2.5.1.43") == 0,
	   "an object identifier is printed: %s", text);
	ok(read_one(BYTES(0x06, 0x03, 0x88, 0x37, 0x03), &t, &fault) == 0 &&
		   ber_print_oid(&t, text) && strcmp(text, "2.999.3") == 0,
	   "the first number may hold a large second arc: %s", text);
	ok(read_one(BYTES(0x0d, 0x04, 5, 3, 20, 2), &t, &fault) == 0 &&
		   ber_print_relative_oid(&t, text) && strcmp(text, "5.3.20.2") == 0,
	   "a relative one has no root: %s", text);
	ok(read_one(BYTES(0x06, 0x02, 0x2a, 0x86), &t, &fault) == 0 && !ber_print_oid(&t, text),
	   "an arc without an end is refused");
	ok(read_one(BYTES(0x06, 0x0b, 0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			  0x7f),
		    &t, &fault) == 0 &&
		   !ber_print_oid(&t, text),
	   "an arc beyond 64 bits is refused");
	ok(read_one(BYTES(0x06, 0x00), &t, &fault) == 0 && !ber_print_oid(&t, text),
	   "an empty identifier is refused");
}

static void test_long_oid(void)
{
	uint8_t wire[3 + 200] = {0x06, 0x81, 200};
	struct ber_tlv t;
	enum ber_fault fault;
	char text[BER_OID_TEXT_LEN];

	memset(wire + 3, 0x7f, 200);
	ok(read_one(wire, sizeof wire, &t, &fault) == 0 && !ber_print_oid(&t, text),
	   "an identifier whose text is too long is refused, not cut");
}

static void test_cuts(void)
{
	static const uint8_t wire[] = {0xbf, 0x81, 0x7f, 0x81, 0x03, 0x02, 0x01, 0x07};
	struct ber_tlv t;
	enum ber_fault fault;

	ok(read_one(wire, sizeof wire, &t, &fault) == 0, "a whole element");
	ok(read_one(wire, 0, &t, &fault) == ERR_END, "cut at 0 is the end");
	for (size_t len = 1; len < sizeof wire; len++)
		ok(read_one(wire, len, &t, &fault) == ERR_CUT, "cut at %zu is refused: %s", len,
		   ber_fault_text(fault));
}

int main(void)
{
	test_tags();
	test_lengths();
	test_position();
	test_depth();
	test_integers();
	test_other_values();
	test_long_oid();
	test_cuts();
	return tap_end();
}
