/* Inside store only: one statement of SQLite at a time, with its values bound by kind. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <sqlite3.h>

#include "store/store.h"

#define STORE_DAMAGED                                                                              \
	"the store is damaged (%s): put a copy of it back, and keep this file for those who "      \
	"look into it"

struct store {
	sqlite3 *db;
	const struct audit_key *audit_key; /* NULL: none */
	int lock;                          /* descriptor of the lock file */
	int rc;                            /* of the last sql_of */
	bool is_new;
	char path[WHY_PLACE_LEN];
};

/* Prepares a statement and binds its values: one letter each in kinds, t(ext, const char *),
 * i(nteger, int64_t) or b(lob of 32 bytes, const void *). NULL with the reason, and
 * the error in store->rc. */
sqlite3_stmt *sql_of(struct store *store, struct why *why, const char *sql, const char *kinds, ...);

/* Steps to the next row: 1 when there is one, 0 at the end, or an error with its reason. */
int sql_next(struct store *store, sqlite3_stmt *statement, struct why *why);

/* Runs a statement that yields no rows and ends it. Takes NULL, and then returns rc, or why
 * there was no statement. */
int sql_run(struct store *store, sqlite3_stmt *statement, int rc, struct why *why);

/* A text of a row; never NULL, lasts until the next step. */
const char *sql_text(sqlite3_stmt *statement, int column);

/* Says what SQLite said, and returns the nearest enum err. */
int sql_fail(struct store *store, struct why *why);

#endif
