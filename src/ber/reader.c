#include "ber/reader.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	TAG_CONSTRUCTED = 0x20,
	TAG_NUMBER_MASK = 0x1f,
	MORE = 0x80, /* another octet of this tag number or arc follows */
	LONG_FORM = 0x80,
	MAX_LENGTH_OCTETS = 8,
};

static const char *const fault_texts[] = {
#define X(name, text) [BER_FAULT_##name] = text,
	BER_FAULTS(X)
#undef X
};

const char *ber_fault_text(enum ber_fault fault)
{
	return fault_texts[fault];
}

static int fail(struct ber_rd *r, enum ber_fault fault)
{
	r->fault = fault;
	return fault == BER_FAULT_CUT_TAG || fault == BER_FAULT_CUT_LENGTH ||
			       fault == BER_FAULT_CUT_VALUE
		       ? ERR_CUT
		       : ERR_BAD;
}

/* X.690 clause 8.1.2.4: tag numbers from 31 up, seven bits an octet. */
static enum ber_fault read_high_tag(struct rd *r, struct ber_tlv *out, uint32_t *number)
{
	uint32_t n = 0;
	uint8_t octet = rd_u8(r);

	if (r->ok && octet == MORE)
		out->flaws |= BER_LONG_TAG;
	for (;; octet = rd_u8(r)) {
		if (!r->ok)
			return BER_FAULT_CUT_TAG;
		if (n > BER_MAX_TAG_NUMBER >> 7)
			return BER_FAULT_HUGE_TAG;
		n = n << 7 | (octet & 0x7f);
		if (!(octet & MORE))
			break;
	}
	if (n < TAG_NUMBER_MASK)
		out->flaws |= BER_LONG_TAG;
	*number = n;
	return BER_FAULT_NONE;
}

static enum ber_fault read_tag(struct rd *r, struct ber_tlv *out)
{
	uint8_t octet = rd_u8(r);
	uint32_t number = octet & TAG_NUMBER_MASK;
	enum ber_fault fault = BER_FAULT_NONE;

	if (!r->ok)
		return BER_FAULT_CUT_TAG;
	if (number == TAG_NUMBER_MASK)
		fault = read_high_tag(r, out, &number);
	out->is_constructed = octet & TAG_CONSTRUCTED;
	out->tag = ber_tag((enum ber_class)(octet >> 6), number);
	return fault;
}

static enum ber_fault read_length(struct rd *r, struct ber_tlv *out)
{
	uint8_t octet = rd_u8(r);
	uint64_t len = 0;

	if (!r->ok)
		return BER_FAULT_CUT_LENGTH;
	if (octet < LONG_FORM) {
		out->len = octet;
		return BER_FAULT_NONE;
	}
	if (octet == LONG_FORM)
		return BER_FAULT_INDEFINITE;
	octet &= 0x7f;
	if (octet > MAX_LENGTH_OCTETS)
		return BER_FAULT_HUGE_LENGTH;
	for (int i = 0; i < octet; i++)
		len = len << 8 | rd_u8(r);
	if (!r->ok)
		return BER_FAULT_CUT_LENGTH;
	if (len > SIZE_MAX / 2)
		return BER_FAULT_HUGE_LENGTH;
	if (len < LONG_FORM || len >> (8 * (octet - 1)) == 0)
		out->flaws |= BER_LONG_LENGTH;
	out->len = (size_t)len;
	return BER_FAULT_NONE;
}

int ber_peek(struct ber_rd *r, struct ber_tlv *out)
{
	struct rd at = r->rd;
	enum ber_fault fault;

	*out = (struct ber_tlv){.start = at.at};
	if (rd_left(&at) == 0)
		return ERR_END;
	fault = read_tag(&at, out);
	if (fault == BER_FAULT_NONE)
		fault = read_length(&at, out);
	if (fault == BER_FAULT_NONE && out->is_constructed && r->depth_left == 0)
		fault = BER_FAULT_DEEP;
	if (fault != BER_FAULT_NONE)
		return fail(r, fault);
	out->header_len = (uint8_t)(at.at - out->start);
	out->depth_left = r->depth_left ? r->depth_left - 1 : 0;
	return 0;
}

int ber_next(struct ber_rd *r, struct ber_tlv *out)
{
	struct rd at = r->rd;
	int rc = ber_peek(r, out);

	if (rc)
		return rc;
	rd_skip(&at, out->header_len);
	out->value = rd_take(&at, out->len);
	if (!out->value)
		return fail(r, BER_FAULT_CUT_VALUE);
	r->rd = at;
	return 0;
}

/* X.690 clause 8.3.2: the first nine bits of an integer are neither all ones nor all zeros. */
static bool integer_is_minimal(const uint8_t *value, size_t len)
{
	return len < 2 || (value[0] != 0 && value[0] != 0xff) || (value[0] ^ value[1]) & 0x80;
}

static bool get_integer(const struct ber_tlv *t, uint64_t *out, bool *is_negative, bool *is_minimal)
{
	struct rd r = rd_of(t->value, t->len);
	uint64_t fill, v;

	if (t->is_constructed || t->len == 0)
		return false;
	*is_negative = t->value[0] & 0x80;
	fill = *is_negative ? UINT64_MAX : 0;
	v = fill;
	while (rd_left(&r)) {
		if (rd_left(&r) >= 8 && v != fill)
			return false;
		v = v << 8 | rd_u8(&r);
	}
	if (is_minimal)
		*is_minimal = integer_is_minimal(t->value, t->len);
	*out = v;
	return true;
}

bool ber_get_i64(const struct ber_tlv *t, int64_t *out, bool *is_minimal)
{
	bool is_negative;
	uint64_t v;

	if (!get_integer(t, &v, &is_negative, is_minimal) || is_negative != ((int64_t)v < 0))
		return false;
	*out = (int64_t)v;
	return true;
}

bool ber_get_u64(const struct ber_tlv *t, uint64_t *out, bool *is_minimal)
{
	bool is_negative;

	return get_integer(t, out, &is_negative, is_minimal) && !is_negative;
}

bool ber_get_bool(const struct ber_tlv *t, bool *out, bool *is_minimal)
{
	if (t->is_constructed || t->len != 1)
		return false;
	*out = t->value[0] != 0;
	if (is_minimal)
		*is_minimal = t->value[0] == 0 || t->value[0] == 0xff;
	return true;
}

static bool read_arc(struct rd *r, uint64_t *out)
{
	uint64_t v = 0;
	uint8_t octet;

	do {
		octet = rd_u8(r);
		if (!r->ok || v >> 57)
			return false;
		v = v << 7 | (octet & 0x7f);
	} while (octet & MORE);
	*out = v;
	return true;
}

static bool print_arcs(struct rd r, bool has_root, char *out)
{
	uint64_t arc;
	int n = 0;

	while (rd_left(&r)) {
		if (!read_arc(&r, &arc))
			return false;
		if (has_root && n == 0) {
			/* X.690 clause 8.19.4: the first two arcs share one number */
			unsigned root = arc < 40 ? 0 : arc < 80 ? 1 : 2;

			n = snprintf(out, BER_OID_TEXT_LEN, "%u", root);
			arc -= 40 * (uint64_t)root;
		}
		n += snprintf(out + n, (size_t)(BER_OID_TEXT_LEN - n), n ? ".%" PRIu64 : "%" PRIu64,
			      arc);
		if (n >= BER_OID_TEXT_LEN)
			return false;
	}
	return n > 0;
}

bool ber_print_oid(const struct ber_tlv *t, char out[BER_OID_TEXT_LEN])
{
	return !t->is_constructed && print_arcs(rd_of(t->value, t->len), true, out);
}

bool ber_print_relative_oid(const struct ber_tlv *t, char out[BER_OID_TEXT_LEN])
{
	return !t->is_constructed && print_arcs(rd_of(t->value, t->len), false, out);
}
