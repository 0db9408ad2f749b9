/* What the provisioner keeps: documents by kind and key, an audit log that only grows, and the
 * keys of the REST API. One SQLite file (WAL, synchronous FULL): what was committed survives a
 * crash of the program and of the machine. The file is 0600, and one program opens it at a time.
 *
 * Changes happen between store_begin and store_commit, all of them or none. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"

struct store;

enum {
	STORE_HASH_LEN = 65,       /* SHA-256 as hex digits, with the terminator */
	STORE_SIGNATURE_LEN = 129, /* Ed25519, likewise */
	STORE_NAME_LEN = 33,       /* of an API key, with the terminator */
	STORE_ROLE_LEN = 17,       /* likewise of a role */
	STORE_TOKEN_LEN = 98,      /* of an API key as its owner writes it: "NAME.SECRET" */
};

/* Opens, or makes, the store at path. A file that is damaged, not a store, of a newer Weir, or
 * open elsewhere is refused with a reason and left as it is. */
MUST_CHECK int store_open(struct store **out, const char *path, struct why *why);
void store_close(struct store **store);

/* Whether this open made the store. */
bool store_is_new(const struct store *store);

/* Begins, ends and gives up a set of changes. After a failed commit nothing is changed. */
MUST_CHECK int store_begin(struct store *store, struct why *why);
MUST_CHECK int store_commit(struct store *store, struct why *why);
void store_rollback(struct store *store);

/* ---- documents: a body under (kind, key); the store does not know what it means ---- */

/* Calls each for all documents of a kind, in the order of keys (bytes), until it returns other
 * than 0; returns that. The texts are borrowed for the call. */
struct store_document {
	const char *key;
	const char *body;
	int64_t revision; /* of the last change; grows over all documents and is never used twice */
};
typedef int (*store_document_fn)(void *arg, const struct store_document *document);
MUST_CHECK int store_each(struct store *store, const char *kind, store_document_fn each, void *arg,
			  struct why *why);

/* Makes or replaces one; *revision is its new one. */
MUST_CHECK int store_put(struct store *store, const char *kind, const struct store_document *put,
			 int64_t *revision, struct why *why);

/* ERR_ABSENT where there is none. */
MUST_CHECK int store_remove(struct store *store, const char *kind, const char *key,
			    struct why *why);

/* Values of the store's owner that are no documents; get: ERR_ABSENT where there is none,
 * else *out is the caller's to free. */
MUST_CHECK int store_meta_get(struct store *store, const char *name, char **out, struct why *why);
MUST_CHECK int store_meta_put(struct store *store, const char *name, const char *value,
			      struct why *why);

/* ---- audit: entries in a row, each with the hash of the one before; none is changed ---- */

struct store_audit {
	int64_t number; /* 1, 2, 3 … without a gap; set by the store */
	struct nanos time;
	const char *who; /* name of the key that was used, or of a program's own act */
	const char *role;
	const char *address; /* whence; may be empty */
	const char *what;    /* "put", "remove", … */
	const char *kind;
	const char *key;
	const char *before; /* digests of the body, or empty where there was or is none */
	const char *after;
	const char *hash;      /* set by the store: see store_audit_add */
	const char *signature; /* of the hash, as hex digits; empty where it is not signed */
};

/* Who signs the hash of each entry that is added (its hex digits, Ed25519), so that a chain which
 * somebody without the key has made anew from some entry on is seen. Borrowed for good; until it
 * is set entries are not signed, and signatures not looked at. */
struct audit_key;
void store_sign_audit(struct store *store, const struct audit_key *key);

/* Adds an entry within a set of changes. Its hash is SHA-256 over the hash of the entry before
 * (64 hex digits; zeros before the first), number and time (64 bits each, big-endian), and who,
 * role, address, what, kind, key, before, after (each with its length as 32 bits before it). */
MUST_CHECK int store_audit_add(struct store *store, const struct store_audit *entry,
			       struct why *why);

/* Entries from number first on, in order, until each returns other than 0; returns that. */
typedef int (*store_audit_fn)(void *arg, const struct store_audit *entry);
MUST_CHECK int store_audit_each(struct store *store, int64_t first, store_audit_fn each, void *arg,
				struct why *why);

/* Whether the chain is whole, up to the last entry that was ever added, and each entry from the
 * first signed one on signed by the key. ERR_BAD, with the number in the reason, where it is
 * not. */
struct store_audit_found {
	int64_t n;           /* entries */
	int64_t signed_from; /* number of the first that is signed; 0: none, or without a key */
};
MUST_CHECK int store_audit_verify(struct store *store, struct store_audit_found *found,
				  struct why *why);

/* SHA-256 of a text, in hex; an empty text for NULL. */
void store_digest(const char *text, char out[STORE_HASH_LEN]);

/* ---- rows that daemons tell: texts, as they are now ---- */

struct store_row {
	const char *reporter; /* "collector:c1" */
	const char *book;     /* which of its books: one that it lost and began anew is another */
	const char *warrant;  /* "AGENCY/LIID"; empty: none's */
	const char *name;     /* … within these; their order is that of pages */
	const char *body;
	struct nanos told; /* set by the store: when the reporter told last */
};

/* A reporter tells something now, of this book: before its rows are put. is_whole: all of it,
 * from here to store_rows_end, which removes what was not put meanwhile. Within a set of changes,
 * as are all of these but the last. */
MUST_CHECK int store_rows_tell(struct store *store, const struct store_row *of, struct nanos now,
			       bool is_whole, struct why *why);
MUST_CHECK int store_rows_end(struct store *store, const struct store_row *of, struct why *why);

/* Makes or replaces one; removes one, or all of a warrant's in the reporter's book, which may be
 * none. */
MUST_CHECK int store_row_put(struct store *store, const struct store_row *row, struct why *why);
MUST_CHECK int store_row_remove(struct store *store, const struct store_row *row, struct why *why);
MUST_CHECK int store_rows_remove(struct store *store, const struct store_row *of, struct why *why);

typedef int (*store_row_fn)(void *arg, const struct store_row *row);

/* All rows of a reporter, of all of its books; otherwise as store_rows_each. */
MUST_CHECK int store_rows_of(struct store *store, const char *reporter, store_row_fn each,
			     void *arg, struct why *why);

/* All rows of a warrant, in the order of their names, until each returns other than 0; returns
 * that. */
MUST_CHECK int store_rows_each(struct store *store, const char *warrant, store_row_fn each,
			       void *arg, struct why *why);

/* All rows of an agency's warrants ("AGENCY/..."), likewise, in no order. */
MUST_CHECK int store_rows_of_agency(struct store *store, const char *agency, store_row_fn each,
				    void *arg, struct why *why);

/* ---- keys of the API: of a secret only a salted hash is kept ---- */

struct store_key {
	char name[STORE_NAME_LEN]; /* lower-case letters, digits, inner - */
	char role[STORE_ROLE_LEN];
	struct nanos made;
};

bool store_key_is_name(const char *name);

/* Makes a key with 256 random bits, within a set of changes; token is the only copy of it.
 * ERR_USAGE where the name is taken or none. */
MUST_CHECK int store_key_make(struct store *store, const struct store_key *key,
			      char token[STORE_TOKEN_LEN], struct why *why);

/* Whose token this is: 0, ERR_ACCESS when it is nobody's (found out in a time that does not
 * depend on how much of it was right), or another error. */
MUST_CHECK int store_key_check(struct store *store, const char *token, struct store_key *out,
			       struct why *why);

MUST_CHECK int store_key_remove(struct store *store, const char *name, struct why *why);

typedef int (*store_key_fn)(void *arg, const struct store_key *key);
MUST_CHECK int store_key_each(struct store *store, store_key_fn each, void *arg, struct why *why);

#endif
