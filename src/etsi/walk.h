/* Inside etsi only: the state of a walk through a PDU, and what its two halves ask of each other:
 * decode.c (structures, and what no table knows) and value.c (primitive values). */
#ifndef ETSI_WALK_H
#define ETSI_WALK_H

#include "ber/reader.h"
#include "etsi/decode.h"
#include "etsi/show.h"
#include "schema/schema.h"

struct walk {
	struct show show;
	struct etsi_decoded *out;
	const uint8_t *start; /* of the PDU */
	const char *name;     /* of the element that is walked; NULL at the root */
	int n_kinds;          /* alternatives of the payload that were noted; -1: not there yet */
};

/* An element as a value of a type; prints it, and finds what is wrong with it. */
typedef void (*walk_fn)(struct walk *w, const struct schema_type *type, const struct ber_tlv *t);

/* By kind of type, for those whose encoding is primitive; NULL for the others. */
extern const walk_fn walk_primitive[SCHEMA_N_KINDS];

/* Notes a finding about the element that begins at `at`. */
__attribute__((format(printf, 4, 5))) void walk_find(struct walk *w, const uint8_t *at,
						     enum etsi_rule rule, const char *format, ...);

/* In the place of a value that its type cannot have: its octets, and a finding. */
void walk_bad_value(struct walk *w, const struct ber_tlv *t, const char *what);

/* An element of any type. */
void walk_value(struct walk *w, const struct schema_type *type, const struct ber_tlv *t);

/* Whether a row's tag, or that of an alternative of its untagged choice, is this one. */
bool walk_row_takes(const struct schema_row *row, uint32_t tag);

/* Holds a size against the type's bounds. */
void walk_check_size(struct walk *w, const struct schema_type *type, const struct ber_tlv *t,
		     uint64_t n);

static inline const struct schema_type *walk_type(const struct schema_row *row)
{
	return &schema_types[row->type];
}

static inline const struct schema_row *walk_rows(const struct schema_type *type)
{
	return &schema_rows[type->first_row];
}

#endif
