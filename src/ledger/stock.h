/* A stock-taking: how records are counted as lost that nobody can read any more, so that nobody can
 * say whose they were.
 *
 * When somebody comes upon such a hole in one of an agency's spools, of each row it is noted how
 * many records came in and neither went out nor are lost already. Each that goes out from then on
 * is struck off; once the spools have gone out up to where they ended then, what is left was lost.
 *
 * It is in memory only. It may be taken again at any time, also by the next process, and comes to
 * the same result, since what is lost already is counted in the rows. */
#ifndef LEDGER_STOCK_H
#define LEDGER_STOCK_H

#include "ledger/book.h"

struct ledger_stock;

enum { LEDGER_STOCK_SPOOLS = 2 }; /* of an agency: HI2 and HI3 */

/* The time that a hole covers: from the record before it to the one behind. */
struct ledger_stretch {
	int64_t from_ns; /* 0: nobody knows the record before */
	int64_t to_ns;
};

struct ledger_stock_rule {
	enum ledger_column in, out;
	enum ledger_reason lost;
	struct ledger_stretch when; /* of the hole that it is taken for */
};

/* All that an agency's rows have in and not out is lost for this reason, now. What each warrant
 * lost is added to *losses. No draft of the book may be open. */
struct ledger_losses;
MUST_CHECK int ledger_stock_give_up(struct ledger_book *book, const char *agency,
				    const struct ledger_stock_rule *rule,
				    struct ledger_losses *losses);

/* What a warrant has lost, over all of its rows. */
struct ledger_lost {
	char warrant[LEDGER_WARRANT_LEN]; /* "AGENCY/LIID" */
	uint64_t n;                       /* records */
	enum ledger_reason reason;
	struct ledger_stretch when;
};

/* Zeros at first. */
struct ledger_losses {
	struct ledger_lost *items;
	size_t n;
};

void ledger_losses_fini(struct ledger_losses *losses);

/* Takes stock of an agency's rows, in place of the one that may be in *stock. ends: of its spools,
 * with all that the rows count as in. No draft of the book may be open. */
MUST_CHECK int ledger_stock_take(struct ledger_stock **stock, struct ledger_book *book,
				 const char *agency, const struct ledger_stock_rule *rule,
				 const uint64_t ends[LEDGER_STOCK_SPOOLS]);

/* Forgets it. Sets NULL. */
void ledger_stock_free(struct ledger_stock **stock);

/* It is taken for this hole too. */
void ledger_stock_widen(struct ledger_stock *stock, const struct ledger_stretch *when);

/* Whether a hole of this spool that ends there is in it. */
bool ledger_stock_covers(const struct ledger_stock *stock, size_t spool, uint64_t end);

/* A record of this row went out of a spool, which ends there. */
void ledger_stock_strike(struct ledger_stock *stock, size_t spool, uint64_t end,
			 const struct ledger_key *key);

/* All before this offset of the spool went out, or is lost. Where that is so of all the spools, the
 * rest is counted as lost, between the times of the holes and of the row's own records, and *stock
 * is NULL. What each warrant lost is added to *losses as far as there is memory. */
void ledger_stock_reached(struct ledger_stock **stock, size_t spool, uint64_t offset,
			  struct ledger_losses *losses);

#endif
