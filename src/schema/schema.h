/* The facts of the ASN.1 modules as tables: what a tag is called and what lies in it.
 *
 * rows.c is made by tools/make-schema. A type's rows are its fields (SEQUENCE, SET), its
 * alternatives (CHOICE), its named values (ENUMERATED) or bits (BIT STRING), or one nameless row
 * for what it holds (SEQUENCE OF, SET OF, and octets that contain another PDU). */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include <stdint.h>

enum schema_kind {
	SCHEMA_SEQUENCE,
	SCHEMA_SET,
	SCHEMA_CHOICE,
	SCHEMA_SEQUENCE_OF,
	SCHEMA_SET_OF,
	SCHEMA_ENUMERATED,
	SCHEMA_INTEGER,
	SCHEMA_BOOLEAN,
	SCHEMA_NULL,
	SCHEMA_OCTETS,
	SCHEMA_ADDRESS, /* octets that are an IP address */
	SCHEMA_HEX,     /* octets that are never text */
	SCHEMA_BITS,
	SCHEMA_OID,
	SCHEMA_RELATIVE_OID,
	SCHEMA_UTF8,
	SCHEMA_ASCII, /* the string types of one octet a character */
	SCHEMA_GENERALIZED_TIME,
	SCHEMA_UTC_TIME,
	SCHEMA_N_KINDS
};

enum schema_flag {
	ROW_OPTIONAL = 1,
	ROW_OPEN = 2,      /* an untagged CHOICE: its alternatives' tags count */
	ROW_UNIVERSAL = 4, /* the tag is a universal one, else context-specific */
};

struct schema_row {
	const char *name;
	uint32_t tag; /* number of the tag; value of an enumeration; number of a bit */
	uint16_t type;
	uint16_t flags; /* enum schema_flag, or-ed */
};

#define SCHEMA_NO_MIN INT64_MIN
#define SCHEMA_NO_MAX INT64_MAX
#define SCHEMA_ANY    SCHEMA_NO_MIN, SCHEMA_NO_MAX

struct schema_type {
	uint8_t kind;          /* enum schema_kind */
	uint8_t is_extensible; /* unknown elements or values may come with a later version */
	uint16_t n_rows;
	uint32_t first_row;
	int64_t min, max; /* of the value, or of the number of octets, characters or elements */
};

extern const struct schema_row schema_rows[];
extern const struct schema_type schema_types[];
extern const unsigned schema_n_rows, schema_n_types;

enum { SCHEMA_PS_PDU = 0 }; /* the root's index in schema_types */

#endif
