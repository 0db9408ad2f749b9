/* Rows that daemons tell: each is a text under a reporter, the book that it keeps, a warrant and a
 * name; a reporter that tells the whole names all there are. */
#include <assert.h>

#include "store/sql.h"

int store_row_put(struct store *store, const struct store_row *row, struct why *why)
{
	sqlite3_stmt *statement;

	assert(!sqlite3_get_autocommit(store->db));
	statement = sql_of(store, why,
			   "INSERT INTO ledger SELECT ?, ?, ?, ?, whole, ? FROM reporter"
			   " WHERE reporter = ? AND book = ? ON CONFLICT DO UPDATE"
			   " SET whole = excluded.whole, body = excluded.body",
			   "ttttttt", row->warrant, row->reporter, row->book, row->name, row->body,
			   row->reporter, row->book);
	return sql_run(store, statement, store->rc, why);
}

int store_row_remove(struct store *store, const struct store_row *row, struct why *why)
{
	sqlite3_stmt *statement;

	assert(!sqlite3_get_autocommit(store->db));
	statement = sql_of(store, why,
			   "DELETE FROM ledger WHERE warrant = ? AND reporter = ? AND book = ?"
			   " AND name = ?",
			   "tttt", row->warrant, row->reporter, row->book, row->name);
	return sql_run(store, statement, store->rc, why);
}

int store_rows_remove(struct store *store, const struct store_row *of, struct why *why)
{
	sqlite3_stmt *statement;

	assert(!sqlite3_get_autocommit(store->db));
	statement = sql_of(store, why,
			   "DELETE FROM ledger WHERE warrant = ? AND reporter = ? AND book = ?",
			   "ttt", of->warrant, of->reporter, of->book);
	return sql_run(store, statement, store->rc, why);
}

int store_rows_tell(struct store *store, const struct store_row *of, struct nanos now,
		    bool is_whole, struct why *why)
{
	sqlite3_stmt *statement;

	assert(!sqlite3_get_autocommit(store->db));
	statement = sql_of(store, why,
			   "INSERT INTO reporter VALUES(?, ?, ?, 1) ON CONFLICT DO UPDATE"
			   " SET time = excluded.time, whole = whole + ?",
			   "ttii", of->reporter, of->book, now.ns, (int64_t)is_whole);
	return sql_run(store, statement, store->rc, why);
}

int store_rows_end(struct store *store, const struct store_row *of, struct why *why)
{
	sqlite3_stmt *statement;

	assert(!sqlite3_get_autocommit(store->db));
	statement = sql_of(store, why,
			   "DELETE FROM ledger WHERE reporter = ? AND book = ? AND whole <"
			   " (SELECT whole FROM reporter WHERE reporter = ? AND book = ?)",
			   "tttt", of->reporter, of->book, of->reporter, of->book);
	return sql_run(store, statement, store->rc, why);
}

#define ROWS                                                                                       \
	"SELECT l.reporter, l.book, l.warrant, l.name, l.body, r.time"                             \
	" FROM ledger l JOIN reporter r USING(reporter, book)"

/* Finalizes the statement, which is one of ROWS, or NULL. */
static int read_rows(struct store *store, sqlite3_stmt *statement, store_row_fn each, void *arg,
		     struct why *why)
{
	int rc = statement ? 0 : store->rc;

	while (!rc && (rc = sql_next(store, statement, why)) > 0) {
		const struct store_row row = {.reporter = sql_text(statement, 0),
					      .book = sql_text(statement, 1),
					      .warrant = sql_text(statement, 2),
					      .name = sql_text(statement, 3),
					      .body = sql_text(statement, 4),
					      .told = {sqlite3_column_int64(statement, 5)}};

		rc = each(arg, &row);
	}
	sqlite3_finalize(statement);
	return rc;
}

int store_rows_of(struct store *store, const char *reporter, store_row_fn each, void *arg,
		  struct why *why)
{
	return read_rows(store, sql_of(store, why, ROWS " WHERE l.reporter = ?", "t", reporter),
			 each, arg, why);
}

int store_rows_each(struct store *store, const char *warrant, store_row_fn each, void *arg,
		    struct why *why)
{
	return read_rows(store,
			 sql_of(store, why,
				ROWS " WHERE warrant = ? ORDER BY l.name, l.reporter, l.book", "t",
				warrant),
			 each, arg, why);
}

int store_rows_of_agency(struct store *store, const char *agency, store_row_fn each, void *arg,
			 struct why *why)
{
	/* '0' follows '/' */
	return read_rows(store,
			 sql_of(store, why, ROWS " WHERE warrant > ? || '/' AND warrant < ? || '0'",
				"tt", agency, agency),
			 each, arg, why);
}
