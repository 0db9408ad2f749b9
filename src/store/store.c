#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/sql.h"

enum { STORE_APPLICATION = 0x57656972 }; /* "Weir" */

/* Step i makes a store of version i one of version i + 1. A step that was released is never
 * changed: a new one is added at the end. */
static const char *const steps[] = {
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE document(kind TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL,"
	" body TEXT NOT NULL, PRIMARY KEY(kind, key)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE audit(number INTEGER PRIMARY KEY, time INTEGER NOT NULL, who TEXT NOT NULL,"
	" role TEXT NOT NULL, address TEXT NOT NULL, what TEXT NOT NULL, kind TEXT NOT NULL,"
	" key TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, hash TEXT NOT NULL) STRICT;"
	"CREATE TRIGGER audit_stays BEFORE UPDATE ON audit"
	" BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;"
	"CREATE TRIGGER audit_remains BEFORE DELETE ON audit"
	" BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;"
	"CREATE TABLE access_key(name TEXT PRIMARY KEY, role TEXT NOT NULL, made INTEGER NOT NULL,"
	" salt BLOB NOT NULL, hash BLOB NOT NULL) STRICT, WITHOUT ROWID;"
	"INSERT INTO meta VALUES('revision', '0');",
	"CREATE TABLE reporter(reporter TEXT NOT NULL, book TEXT NOT NULL, time INTEGER NOT NULL,"
	" whole INTEGER NOT NULL, PRIMARY KEY(reporter, book)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE ledger(warrant TEXT NOT NULL, reporter TEXT NOT NULL, book TEXT NOT NULL,"
	" name TEXT NOT NULL, whole INTEGER NOT NULL, body TEXT NOT NULL,"
	" PRIMARY KEY(warrant, reporter, book, name)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX ledger_reporter ON ledger(reporter, book);",
	"ALTER TABLE audit ADD COLUMN signature TEXT NOT NULL DEFAULT '';",
};

enum { STORE_VERSION = sizeof steps / sizeof *steps };

static int run(struct store *store, const char *sql, struct why *why)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
									   : sql_fail(store, why);
}

/* The integer that a pragma says, or an error. */
static int ask(struct store *store, const char *sql, int64_t *out, struct why *why)
{
	int rc = 0;
	sqlite3_stmt *statement = sql_of(store, why, sql, "");

	if (!statement)
		return store->rc;
	rc = sql_next(store, statement, why);
	*out = rc > 0 ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_finalize(statement);
	return rc > 0 ? 0 : rc;
}

/* One program at a time: SQLite would let two in, and each would miss the other's changes. */
static int take_lock(struct store *store, struct why *why)
{
	char path[WHY_PLACE_LEN + 8];

	snprintf(path, sizeof path, "%s-lock", store->path);
	store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock < 0)
		return why_set(why, err_of_errno(errno), "%s cannot be made: %s", path,
			       strerror(errno));
	if (flock(store->lock, LOCK_EX | LOCK_NB))
		return why_set(why, ERR_AGAIN, "another program holds the store");
	return 0;
}

/* Made by us before SQLite sees it, so that it is 0600 from its first moment; its journal gets
 * the same mode from SQLite. */
static int make_file(struct store *store, struct why *why)
{
	int fd = open(store->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno != EEXIST)
		return why_set(why, err_of_errno(errno), "%s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return 0;
}

/* SQLite's own look at every page's shape; the texts are those of SQLite. */
static int check_pages(struct store *store, struct why *why)
{
	int rc = 0;
	sqlite3_stmt *statement = sql_of(store, why, "PRAGMA quick_check(1)", "");

	if (!statement)
		return store->rc;
	rc = sql_next(store, statement, why);
	if (rc > 0 && strcmp(sql_text(statement, 0), "ok")) {
		char text[100];

		snprintf(text, sizeof text, "%s", sql_text(statement, 0));
		for (char *at = strchr(text, '\n'); at; at = strchr(at, '\n'))
			*at = ' ';
		rc = why_set(why, ERR_BAD, STORE_DAMAGED, text);
	}
	sqlite3_finalize(statement);
	return rc > 0 ? 0 : rc;
}

/* Steps up from the version that the file has, all in one transaction. */
static int upgrade(struct store *store, struct why *why)
{
	int64_t version = 0;
	int64_t application = 0;
	int64_t n_tables = 0;
	char sql[80];
	int rc = ask(store, "PRAGMA user_version", &version, why);

	if (!rc)
		rc = ask(store, "PRAGMA application_id", &application, why);
	if (!rc)
		rc = ask(store, "SELECT count(*) FROM sqlite_schema", &n_tables, why);
	if (rc)
		return rc;
	store->is_new = !version && !n_tables;
	if (!store->is_new && application != STORE_APPLICATION)
		return why_set(why, ERR_BAD, "this is an SQLite file, but no store of Weir's");
	if (version > STORE_VERSION || version < 0)
		return why_set(why, ERR_UNSUPPORTED,
			       "the store was written by a newer Weir (its version is %d, known "
			       "are those up to %d)",
			       (int)version, (int)STORE_VERSION);
	if (version == STORE_VERSION)
		return 0;
	rc = store_begin(store, why);
	for (int64_t i = version; !rc && i < STORE_VERSION; i++)
		rc = run(store, steps[i], why);
	snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
		 STORE_APPLICATION, STORE_VERSION);
	if (!rc)
		rc = run(store, sql, why);
	if (!rc)
		rc = store_commit(store, why);
	if (rc)
		store_rollback(store);
	return rc;
}

static int open_file(struct store *store, struct why *why)
{
	int rc = take_lock(store, why);

	if (!rc)
		rc = make_file(store, why);
	if (rc)
		return rc;
	if (sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return store->db ? sql_fail(store, why) : ERR_NOMEM;
	sqlite3_extended_result_codes(store->db, 1);
	/* what is deleted is overwritten: a target that is gone is gone from the file */
	rc = run(store,
		 "PRAGMA trusted_schema = OFF; PRAGMA journal_mode = WAL;"
		 "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;",
		 why);
	if (!rc)
		rc = check_pages(store, why);
	return rc ? rc : upgrade(store, why);
}

int store_open(struct store **out, const char *path, struct why *why)
{
	struct store *store = calloc(1, sizeof *store);
	int rc = 0;

	*out = store;
	if (!store)
		return ERR_NOMEM;
	store->lock = -1;
	if ((size_t)snprintf(store->path, sizeof store->path, "%s", path) >= sizeof store->path)
		rc = why_set(why, ERR_USAGE, "the store's path is too long");
	if (!rc)
		rc = open_file(store, why);
	why_place(rc ? why : NULL, path);
	if (rc)
		store_close(out);
	return rc;
}

void store_close(struct store **store)
{
	if (!*store)
		return;
	sqlite3_close((*store)->db);
	if ((*store)->lock >= 0)
		close((*store)->lock);
	free(*store);
	*store = NULL;
}

bool store_is_new(const struct store *store)
{
	return store->is_new;
}

int store_begin(struct store *store, struct why *why)
{
	return run(store, "BEGIN IMMEDIATE", why);
}

int store_commit(struct store *store, struct why *why)
{
	int rc = run(store, "COMMIT", why);

	if (rc)
		store_rollback(store);
	return rc;
}

void store_rollback(struct store *store)
{
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

int store_meta_get(struct store *store, const char *name, char **out, struct why *why)
{
	int rc = 0;
	sqlite3_stmt *statement =
		sql_of(store, why, "SELECT value FROM meta WHERE name = ?", "t", name);

	*out = NULL;
	if (!statement)
		return store->rc;
	rc = sql_next(store, statement, why);
	if (rc > 0) {
		*out = strdup(sql_text(statement, 0));
		rc = *out ? 0 : ERR_NOMEM;
	} else if (!rc) {
		rc = ERR_ABSENT;
	}
	sqlite3_finalize(statement);
	return rc;
}

int store_meta_put(struct store *store, const char *name, const char *value, struct why *why)
{
	int rc = 0;
	sqlite3_stmt *statement = sql_of(
		store, why,
		"INSERT INTO meta VALUES(?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
		"tt", name, value);

	assert(!sqlite3_get_autocommit(store->db));
	return sql_run(store, statement, rc, why);
}

int store_each(struct store *store, const char *kind, store_document_fn each, void *arg,
	       struct why *why)
{
	int rc = 0;
	int said = 0;
	sqlite3_stmt *statement = sql_of(
		store, why, "SELECT key, body, revision FROM document WHERE kind = ? ORDER BY key",
		"t", kind);

	if (!statement)
		return store->rc;
	while (!said && (rc = sql_next(store, statement, why)) > 0) {
		struct store_document document = {sql_text(statement, 0), sql_text(statement, 1),
						  sqlite3_column_int64(statement, 2)};

		said = each(arg, &document);
	}
	sqlite3_finalize(statement);
	return said ? said : rc;
}

/* The next revision: of the whole store, so that a key which is made again is seen as changed. */
static int next_revision(struct store *store, int64_t *out, struct why *why)
{
	int rc = 0;
	sqlite3_stmt *statement = sql_of(store, why,
					 "UPDATE meta SET value = CAST(value AS INTEGER) + 1 "
					 "WHERE name = 'revision' RETURNING CAST(value AS INTEGER)",
					 "");

	if (!statement)
		return store->rc;
	rc = sql_next(store, statement, why);
	*out = rc > 0 ? sqlite3_column_int64(statement, 0) : 0;
	if (!rc)
		rc = why_set(why, ERR_BAD, "the store has lost its revision");
	while (rc > 0)
		rc = sql_next(store, statement, why);
	sqlite3_finalize(statement);
	return rc;
}

int store_put(struct store *store, const char *kind, const struct store_document *put,
	      int64_t *revision, struct why *why)
{
	int rc = next_revision(store, revision, why);
	sqlite3_stmt *statement = NULL;

	assert(!sqlite3_get_autocommit(store->db));
	if (!rc)
		statement = sql_of(store, why,
				   "INSERT INTO document VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE "
				   "SET revision = excluded.revision, body = excluded.body",
				   "ttit", kind, put->key, *revision, put->body);
	return sql_run(store, statement, rc, why);
}

int store_remove(struct store *store, const char *kind, const char *key, struct why *why)
{
	int64_t revision;
	int rc = next_revision(store, &revision, why);
	sqlite3_stmt *statement = NULL;

	assert(!sqlite3_get_autocommit(store->db));
	if (!rc)
		statement = sql_of(store, why, "DELETE FROM document WHERE kind = ? AND key = ?",
				   "tt", kind, key);
	rc = sql_run(store, statement, rc, why);
	return !rc && !sqlite3_changes(store->db) ? ERR_ABSENT : rc;
}
