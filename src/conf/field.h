/* Field tables: a domain struct's fields, each declared once as a row. The struct, its YAML and
 * JSON, its comparison, its limits, the manual's reference and the OpenAPI page's schemas are all
 * walks over the rows.
 *
 *	#define AGENCY_FIELDS(X)                                                           \
 *		X(TEXT, id, .is_required = true, .max = 16, .doc = "name used in warrants")     \
 *		X(SPAN, retry, .otherwise = "10s", .min = 1, .max = 3600, .doc = "...")
 *
 *	struct agency { CONF_STRUCT(AGENCY_FIELDS) };                        in the header
 *
 *	#define X(...) CONF_ROW(agency, __VA_ARGS__)                         in one .c
 *	static const struct conf_field agency_fields[] = {AGENCY_FIELDS(X)};
 *	#undef X
 *	const struct conf_record agency_record = CONF_RECORD(agency, agency_fields, "...");
 *
 * A field is required, or has a default, or may be absent where its kind has a value that says so:
 * a text that is NULL, a list of no items, CONF_NO_INT, an endpoint of no version, ports from 0, a
 * key of no bytes. */
#ifndef CONF_FIELD_H
#define CONF_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nanos.h"

struct conf_field;
struct conf_record;

enum {
	CONF_PATH_LEN = 128,
	CONF_WANT_LEN = 200,
	CONF_KEY_LEN = 64,       /* bytes of a key, at most */
	CONF_MAX_TEXTS = 100000, /* of a list of texts, where its row says nothing else */
};

#define CONF_NO_INT INT64_MIN /* an OPT_INT that is absent */

/* What a kind of scalar is: three functions. Rooms above add their own kinds. */
struct conf_type {
	const char *name;
	size_t size;  /* of the member */
	bool is_bare; /* numbers and truth values: stands without quotes */
	bool is_text; /* the member is a char * that it owns; others own nothing */
	/* Reads the text into the member; false where it is not what want() says, or with errno
	 * ENOMEM. */
	bool (*parse)(const struct conf_field *field, const char *text, void *member);
	/* The text that reads back as the member, into out; NULL where the member is absent. */
	const char *(*print)(const struct conf_field *field, const void *member, char *out,
			     int size);
	/* What is wanted, for "... is not %s" and for the manual: "a whole number from 1 to 9". */
	void (*want)(const struct conf_field *field, char *out, int size);
	/* Makes the member absent; NULL where zeros are absent, or nothing is. */
	void (*clear)(void *member);
	const char *pattern; /* for JSON Schema: what every text of this kind fits; or NULL */
};

/* What a daemon does with a path that its configuration names; who confines it asks. */
enum conf_place {
	CONF_PLACE_READ,   /* reads it, once; what a PATH is where its row says nothing */
	CONF_PLACE_REREAD, /* reads it again and again: another file may take its place */
	CONF_PLACE_FOLDER, /* a folder of its own, which it makes where it is not there */
	CONF_PLACE_FILE,   /* a file of its own, beside which others may come to lie */
	CONF_PLACE_MADE,   /* makes it where it is not there, and only reads it where it is */
	CONF_PLACE_SOURCE, /* of a TEXT: where packets come from */
};

/* A word and the number that stands for it; the last has no word. */
struct conf_name {
	const char *name;
	int64_t value;
	const char *doc;
};

struct conf_field {
	const char *name;
	const struct conf_type *type;  /* NULL: a record or a list of records */
	const struct conf_record *of;  /* of a record, or of a list's items */
	const char *doc;               /* a sentence for the manual */
	const char *otherwise;         /* the default, as one would write it; NULL: none */
	const struct conf_name *names; /* WORD: the words */
	bool (*is_allowed)(
		const char *text); /* TEXT: beyond its length; NULL: any printable text */
	const char *alphabet;      /* … and what that allows, for want() */
	size_t offset;             /* of the member */
	int64_t min; /* INT: value; SPAN: seconds; TEXT, KEY: bytes; list of records: items */
	int64_t max;
	size_t max_items;      /* TEXTS; 0: CONF_MAX_TEXTS */
	unsigned for_whom;     /* bits that the room above gives a meaning; 0: for everyone */
	enum conf_place place; /* PATH, and a TEXT that names a source of packets */
	bool is_required;      /* for those whom it is for */
	bool is_list;          /* of records, or of texts where it has a type */
	bool is_secret;        /* shown to nobody who asks (struct conf_sight) */
};

/* Tells what is wrong beyond single fields: path is relative to the record ("targets[1].prefix"),
 * text a reason ("is listed twice"). The check is told for whom the record was cut (0: it is
 * whole): what is not for them may be absent. */
struct conf_fault {
	char path[CONF_PATH_LEN];
	char text[CONF_WANT_LEN];
	unsigned whom;
	bool is_unknown; /* there was no memory to find out */
};

struct conf_record {
	const char *name;
	const char *doc;
	const struct conf_field *fields;
	size_t n_fields;
	size_t size; /* of the struct */
	/* Checks across fields, when all of them are well; false with the fault. May be NULL. */
	bool (*check)(const void *record, struct conf_fault *fault);
};

/* An address and a port, both literal. */
struct conf_endpoint {
	uint8_t ip[16]; /* IPv4 uses the first four */
	uint16_t port;
	uint8_t version; /* 4 or 6 */
};

enum { CONF_ENDPOINT_TEXT_LEN = 64 };

/* "192.0.2.1:443" or "[2001:db8::1]:443"; no names are looked up. */
bool conf_endpoint_parse(const char *text, struct conf_endpoint *out);
void conf_endpoint_print(const struct conf_endpoint *e, char out[CONF_ENDPOINT_TEXT_LEN]);

/* Ports in a row: "1812-1813", or one: "1812". */
struct conf_ports {
	uint16_t first; /* 0: absent */
	uint16_t last;
};

/* A secret key: "0x" and hex digits, or a text's octets. It prints as hex. */
struct conf_key {
	uint8_t bytes[CONF_KEY_LEN];
	uint8_t len; /* 0: absent */
};

extern const struct conf_type conf_text, conf_path, conf_int, conf_opt_int, conf_bool, conf_word,
	conf_time, conf_span, conf_port, conf_ports, conf_host_port, conf_listen, conf_key;

/* The C type of each kind of field, and its part of a row. */
#define CONF_C_TEXT      char *
#define CONF_C_PATH      char * /* of a file or folder */
#define CONF_C_INT       int64_t
#define CONF_C_OPT_INT   int64_t /* or CONF_NO_INT */
#define CONF_C_BOOL      bool
#define CONF_C_WORD      int
#define CONF_C_TIME      struct nanos
#define CONF_C_SPAN      struct nanos
#define CONF_C_PORT      uint16_t
#define CONF_C_PORTS     struct conf_ports
#define CONF_C_HOST_PORT struct conf_endpoint /* absent: version 0 */
#define CONF_C_LISTEN    struct conf_endpoint /* port 0: one that the kernel chooses */
#define CONF_C_KEY       struct conf_key
#define CONF_C_TEXTS                                                                               \
	struct {                                                                                   \
		char **items;                                                                      \
		size_t n;                                                                          \
	}
#define CONF_C_RECORD(elem) struct elem
#define CONF_C_LIST(elem)                                                                          \
	struct {                                                                                   \
		struct elem *items;                                                                \
		size_t n;                                                                          \
	}

#define CONF_T_TEXT         .type = &conf_text
#define CONF_T_PATH         .type = &conf_path
#define CONF_T_INT          .type = &conf_int
#define CONF_T_OPT_INT      .type = &conf_opt_int
#define CONF_T_BOOL         .type = &conf_bool
#define CONF_T_WORD         .type = &conf_word
#define CONF_T_TIME         .type = &conf_time
#define CONF_T_SPAN         .type = &conf_span
#define CONF_T_PORT         .type = &conf_port
#define CONF_T_PORTS        .type = &conf_ports
#define CONF_T_HOST_PORT    .type = &conf_host_port
#define CONF_T_LISTEN       .type = &conf_listen
#define CONF_T_KEY          .type = &conf_key, .is_secret = true
#define CONF_T_TEXTS        .type = &conf_text, .is_list = true
#define CONF_T_RECORD(elem) .of = &elem##_record
#define CONF_T_LIST(elem)   .of = &elem##_record, .is_list = true

#define CONF_MEMBER(kind, member, ...) CONF_C_##kind member;
#define CONF_STRUCT(fields)            fields(CONF_MEMBER)
#define CONF_ROW(owner, kind, member, ...)                                                         \
	{.name = #member, .offset = offsetof(struct owner, member), CONF_T_##kind, __VA_ARGS__},
#define CONF_RECORD(owner, rows, ...)                                                              \
	{                                                                                          \
		.name = #owner, .fields = (rows), .n_fields = sizeof(rows) / sizeof *(rows),       \
		.size = sizeof(struct owner), __VA_ARGS__                                          \
	}

#endif
