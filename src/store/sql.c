#include "store/sql.h"

#include <stdarg.h>

enum { SQL_BLOB_LEN = 32 };

int sql_fail(struct store *store, struct why *why)
{
	int code = sqlite3_errcode(store->db);
	const char *text = sqlite3_errmsg(store->db);
	int err = ERR_IO;

	why_place(why, store->path);
	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return why_set(why, ERR_BAD, STORE_DAMAGED, text);
	case SQLITE_NOMEM:
		err = ERR_NOMEM;
		break;
	case SQLITE_FULL:
		err = ERR_FULL;
		break;
	case SQLITE_BUSY:
		return why_set(why, ERR_AGAIN, "another program holds the store");
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		err = ERR_ACCESS;
		break;
	}
	return why_set(why, err, "the store cannot do that: %s", text);
}

sqlite3_stmt *sql_of(struct store *store, struct why *why, const char *sql, const char *kinds, ...)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
	va_list args;

	va_start(args, kinds);
	for (int i = 1; code == SQLITE_OK && kinds[i - 1]; i++) {
		switch (kinds[i - 1]) {
		case 't':
			code = sqlite3_bind_text(statement, i, va_arg(args, const char *), -1,
						 SQLITE_TRANSIENT);
			break;
		case 'i':
			code = sqlite3_bind_int64(statement, i, va_arg(args, int64_t));
			break;
		default:
			code = sqlite3_bind_blob(statement, i, va_arg(args, const void *),
						 SQL_BLOB_LEN, SQLITE_TRANSIENT);
		}
	}
	va_end(args);
	store->rc = 0;
	if (code != SQLITE_OK) {
		store->rc = sql_fail(store, why);
		sqlite3_finalize(statement);
		return NULL;
	}
	return statement;
}

int sql_next(struct store *store, sqlite3_stmt *statement, struct why *why)
{
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	}
	return sql_fail(store, why);
}

int sql_run(struct store *store, sqlite3_stmt *statement, int rc, struct why *why)
{
	if (!statement)
		return rc ? rc : store->rc;
	rc = sql_next(store, statement, why);
	sqlite3_finalize(statement);
	return rc > 0 ? 0 : rc;
}

const char *sql_text(sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	return text ? (const char *)text : "";
}
