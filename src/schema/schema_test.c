#include "schema/schema.h"

#include "base/tap.h"

#include <string.h>

static int count_bad_ranges(void)
{
	int n = 0;

	for (unsigned i = 0; i < schema_n_types; i++) {
		const struct schema_type *t = &schema_types[i];

		n += t->kind >= SCHEMA_N_KINDS || t->first_row + t->n_rows > schema_n_rows ||
		     t->n_rows > 512 || t->min > t->max;
	}
	return n;
}

static bool has_one_row(unsigned kind)
{
	return kind == SCHEMA_SEQUENCE_OF || kind == SCHEMA_SET_OF;
}

static bool has_fields(unsigned kind)
{
	return kind == SCHEMA_SEQUENCE || kind == SCHEMA_SET || kind == SCHEMA_CHOICE;
}

static int count_bad_rows(void)
{
	int n = 0;

	for (unsigned i = 0; i < schema_n_types; i++) {
		const struct schema_type *t = &schema_types[i];

		n += has_one_row(t->kind) && t->n_rows != 1;
		for (unsigned k = 0; k < t->n_rows && has_fields(t->kind); k++) {
			const struct schema_row *row = &schema_rows[t->first_row + k];
			bool is_choice = row->type < schema_n_types &&
					 schema_types[row->type].kind == SCHEMA_CHOICE;

			n += !row->name[0] || row->type >= schema_n_types ||
			     (row->flags & ROW_OPEN && !is_choice);
		}
	}
	return n;
}

/* Untagged choices inside untagged choices: how deep, at most. */
static int open_depth(unsigned type, int depth)
{
	const struct schema_type *t = &schema_types[type];
	int deepest = depth;

	if (depth > 8 || t->kind != SCHEMA_CHOICE)
		return depth;
	for (unsigned k = 0; k < t->n_rows; k++) {
		const struct schema_row *row = &schema_rows[t->first_row + k];
		int d = row->flags & ROW_OPEN ? open_depth(row->type, depth + 1) : depth;

		deepest = d > deepest ? d : deepest;
	}
	return deepest;
}

static const struct schema_row *row_named(unsigned type, const char *name)
{
	const struct schema_type *t = &schema_types[type];

	for (unsigned k = 0; k < t->n_rows; k++)
		if (strcmp(schema_rows[t->first_row + k].name, name) == 0)
			return &schema_rows[t->first_row + k];
	return NULL;
}

static void test_facts(void)
{
	const struct schema_row *header = row_named(SCHEMA_PS_PDU, "pSHeader");
	const struct schema_row *payload = row_named(SCHEMA_PS_PDU, "payload");
	const struct schema_row *row;

	ok(header && header->tag == 1 && payload && payload->tag == 2,
	   "a PS-PDU is a header [1] and a payload [2]");
	row = header ? row_named(header->type, "lawfulInterceptionIdentifier") : NULL;
	ok(row && row->tag == 1 && schema_types[row->type].min == 1 &&
		   schema_types[row->type].max == 25,
	   "a LIID is [1], 1 to 25 octets");
	row = header ? row_named(header->type, "timeStampQualifier") : NULL;
	ok(row && row->tag == 8 && row->flags & ROW_OPTIONAL &&
		   schema_types[row->type].kind == SCHEMA_ENUMERATED,
	   "timeStampQualifier is [8], optional, enumerated");
	ok(payload && schema_types[payload->type].kind == SCHEMA_CHOICE &&
		   schema_types[payload->type].n_rows == 8,
	   "there are eight kinds of payload");
}

int main(void)
{
	int deepest = 0;

	ok(count_bad_ranges() == 0, "each type's rows lie in the table");
	ok(count_bad_rows() == 0, "each row has a name and a type that exists");
	for (unsigned i = 0; i < schema_n_types; i++) {
		int d = open_depth(i, 0);

		deepest = d > deepest ? d : deepest;
	}
	ok(deepest < 8, "untagged choices nest %d deep, so that looking a tag up ends", deepest);
	test_facts();
	return tap_end();
}
