/* Values: what a primitive element says, checked against its type and shown readably. */
#include "etsi/walk.h"

#include <inttypes.h>
#include <stdio.h>

#include "etsi/text.h"

enum { MAX_BITS = 64 }; /* of a BIT STRING that are shown one by one */

static const char *name_of(const struct schema_type *type, uint64_t value)
{
	for (unsigned i = 0; i < type->n_rows; i++)
		if (walk_rows(type)[i].tag == value)
			return walk_rows(type)[i].name;
	return NULL;
}

void walk_check_size(struct walk *w, const struct schema_type *type, const struct ber_tlv *t,
		     uint64_t n)
{
	if (type->min != SCHEMA_NO_MIN && n < (uint64_t)type->min)
		walk_find(w, t->start, ETSI_RULE_SIZE,
			  "size %" PRIu64 ", at least %" PRId64 " is due", n, type->min);
	else if (type->max != SCHEMA_NO_MAX && n > (uint64_t)type->max)
		walk_find(w, t->start, ETSI_RULE_SIZE,
			  "size %" PRIu64 ", at most %" PRId64 " is allowed", n, type->max);
}

static void walk_integer(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	bool is_minimal;
	uint64_t u;
	int64_t i;

	if (ber_get_i64(t, &i, &is_minimal)) {
		show_i64(&w->show, i);
		if (i < type->min || i > type->max)
			walk_find(w, t->start, ETSI_RULE_SIZE,
				  "%" PRId64 " is not in %" PRId64 "..%" PRId64, i, type->min,
				  type->max);
	} else if (ber_get_u64(t, &u, &is_minimal)) {
		show_u64(&w->show, u);
		if (type->max != SCHEMA_NO_MAX)
			walk_find(w, t->start, ETSI_RULE_SIZE, "%" PRIu64 " is above %" PRId64, u,
				  type->max);
	} else {
		walk_bad_value(w, t,
			       t->len ? "an integer of more than 64 bits" : "an empty integer");
		return;
	}
	if (!is_minimal)
		walk_find(w, t->start, ETSI_RULE_DER, "an integer has more octets than it needs");
}

static void walk_enumerated(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	const char *name;
	bool is_minimal;
	int64_t v;

	if (!ber_get_i64(t, &v, &is_minimal)) {
		walk_bad_value(w, t, "an enumeration that is no number");
		return;
	}
	if (!is_minimal)
		walk_find(w, t->start, ETSI_RULE_DER,
			  "an enumeration has more octets than it needs");
	name = name_of(type, (uint64_t)v);
	if (name) {
		show_word(&w->show, name);
		return;
	}
	show_i64(&w->show, v);
	walk_find(w, t->start, type->is_extensible ? ETSI_RULE_UNKNOWN : ETSI_RULE_VALUE,
		  "%" PRId64 " is none of the enumeration's values", v);
}

static void walk_boolean(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	bool v, is_minimal;

	(void)type;
	if (!ber_get_bool(t, &v, &is_minimal)) {
		walk_bad_value(w, t, "a BOOLEAN that is not one octet");
		return;
	}
	show_bool(&w->show, v);
	if (!is_minimal)
		walk_find(w, t->start, ETSI_RULE_DER, "TRUE is not written as FF");
}

static void walk_null(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	(void)type;
	if (t->len)
		walk_bad_value(w, t, "a NULL that is not empty");
	else
		show_null(&w->show);
}

static void walk_oid(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	char text[BER_OID_TEXT_LEN];

	if (type->kind == SCHEMA_OID ? ber_print_oid(t, text) : ber_print_relative_oid(t, text))
		show_word(&w->show, text);
	else
		walk_bad_value(w, t, "an object identifier that cannot be read");
}

/* An octet string that holds another PDU: opened where it is exactly one element of the type. */
static bool walk_contained(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	const struct schema_row *row = walk_rows(type);
	struct ber_rd r = {rd_of(t->value, t->len), t->depth_left, BER_FAULT_NONE};
	struct ber_tlv inner;

	if (ber_next(&r, &inner) || rd_left(&r.rd) || !walk_row_takes(row, inner.tag) ||
	    !inner.is_constructed) {
		walk_find(w, t->start, ETSI_RULE_VALUE,
			  "the octets do not hold the PDU that they should");
		return false;
	}
	walk_value(w, walk_type(row), &inner);
	return true;
}

static void walk_octets(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	walk_check_size(w, type, t, t->len);
	if (type->n_rows && walk_contained(w, type, t))
		return;
	show_octets(&w->show, t->value, t->len);
}

static void walk_hex(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	walk_check_size(w, type, t, t->len);
	show_hex(&w->show, t->value, t->len);
}

static void walk_address(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	char text[ETSI_ADDRESS_TEXT_LEN];

	walk_check_size(w, type, t, t->len);
	if (etsi_address_print(t->value, t->len, text))
		show_word(&w->show, text);
	else
		walk_bad_value(w, t, "an address of neither 4 nor 16 octets");
}

static void walk_utf8(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	size_t n_chars;

	if (!etsi_is_utf8(t->value, t->len, &n_chars)) {
		walk_bad_value(w, t, "text that is not UTF-8");
		return;
	}
	walk_check_size(w, type, t, n_chars);
	show_text(&w->show, t->value, t->len);
}

static void walk_ascii(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	walk_check_size(w, type, t, t->len);
	for (size_t i = 0; i < t->len; i++) {
		if (t->value[i] < 0x20 || t->value[i] > 0x7e) {
			walk_bad_value(w, t, "text with characters that are not printable ASCII");
			return;
		}
	}
	show_text(&w->show, t->value, t->len);
}

static void walk_time(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	char text[ETSI_READABLE_TIME_LEN];
	bool is_der;
	bool is_readable = type->kind == SCHEMA_UTC_TIME
				   ? etsi_utc_time_readable(t->value, t->len, text, &is_der)
				   : etsi_time_readable(t->value, t->len, text, &is_der);

	if (!is_readable) {
		walk_find(w, t->start, ETSI_RULE_VALUE,
			  "a time without seconds or zone, or none at all");
		show_octets(&w->show, t->value, t->len);
		return;
	}
	show_word(&w->show, text);
	if (!is_der)
		walk_find(w, t->start, ETSI_RULE_DER, "a time that is not in UTC or ends in zeros");
}

static bool bit_at(const struct ber_tlv *t, size_t i)
{
	return t->value[1 + i / 8] & 0x80 >> i % 8;
}

static void show_named_bits(struct walk *w, const struct schema_type *type, const struct ber_tlv *t,
			    size_t n)
{
	char number[32];

	show_open(&w->show, '[');
	for (size_t i = 0; i < n; i++) {
		const char *name = name_of(type, i);

		if (!bit_at(t, i))
			continue;
		snprintf(number, sizeof number, "bit %zu", i);
		show_word(&w->show, name ? name : number);
	}
	show_close(&w->show, ']');
}

static void walk_bits(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	char text[MAX_BITS + 3] = "b'";
	size_t n;

	if (t->len == 0 || t->value[0] > 7 || (t->len == 1 && t->value[0])) {
		walk_bad_value(w, t, "a BIT STRING whose count of unused bits is wrong");
		return;
	}
	n = 8 * (t->len - 1) - t->value[0];
	walk_check_size(w, type, t, n);
	if (n > MAX_BITS || (n % 8 == 0 && !type->n_rows)) {
		show_hex(&w->show, t->value + 1, t->len - 1);
	} else if (type->n_rows) {
		show_named_bits(w, type, t, n);
	} else {
		for (size_t i = 0; i < n; i++)
			text[2 + i] = bit_at(t, i) ? '1' : '0';
		text[2 + n] = 0;
		show_word(&w->show, text);
	}
}

const walk_fn walk_primitive[SCHEMA_N_KINDS] = {
	[SCHEMA_ENUMERATED] = walk_enumerated,
	[SCHEMA_INTEGER] = walk_integer,
	[SCHEMA_BOOLEAN] = walk_boolean,
	[SCHEMA_NULL] = walk_null,
	[SCHEMA_OCTETS] = walk_octets,
	[SCHEMA_ADDRESS] = walk_address,
	[SCHEMA_HEX] = walk_hex,
	[SCHEMA_BITS] = walk_bits,
	[SCHEMA_OID] = walk_oid,
	[SCHEMA_RELATIVE_OID] = walk_oid,
	[SCHEMA_UTF8] = walk_utf8,
	[SCHEMA_ASCII] = walk_ascii,
	[SCHEMA_GENERALIZED_TIME] = walk_time,
	[SCHEMA_UTC_TIME] = walk_time,
};
