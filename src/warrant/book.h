/* The orders as a daemon holds them: a view from the provisioner, kept in a file so that it works
 * on without one. */
#ifndef WARRANT_BOOK_H
#define WARRANT_BOOK_H

#include "base/err.h"
#include "base/why.h"
#include "base/wr.h"
#include "conf/value.h"
#include "warrant/orders.h"
#include "warrant/view.h"

struct orders_book {
	unsigned role;        /* ORDERS_FOR_COLLECTOR or ORDERS_FOR_MEDIATOR */
	bool has_orders;      /* otherwise nothing was ever told */
	struct orders orders; /* the view */
	char digest[ORDERS_DIGEST_LEN];
	struct wr text; /* what the digest is of, until it is forgotten */
};

/* An empty book for the role. */
struct orders_book orders_book_init(unsigned role);
void orders_book_fini(struct orders_book *book);

/* Makes *next what the book becomes by a message of the provisioner's, the whole map: a view, where
 * it has a member "orders", else a change ("put", "remove"). The book stays as it is, so that who
 * reads it may go on; *next is to take its place, or to be given back. Refused with a reason where
 * the message is not well, or is a change and the book is empty; *next is then empty. */
MUST_CHECK int orders_book_take(const struct orders_book *book, const struct conf_value *message,
				struct orders_book *next, struct why *why);

/* A book that was taken keeps its text, so that saving it need not print it anew. */
void orders_book_forget_text(struct orders_book *book);

/* The book's file: read at the start (an empty book where there is none), and saved (0600, whole or
 * not at all) after each change. */
MUST_CHECK int orders_book_load(struct orders_book *book, unsigned role, const char *path,
				struct why *why);
MUST_CHECK int orders_book_save(const struct orders_book *book, const char *path, struct why *why);

#endif
