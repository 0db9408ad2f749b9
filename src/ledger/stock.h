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

struct ledger_stock_rule {
	enum ledger_column in, out;
	enum ledger_reason lost;
	int64_t ns; /* when that was found out */
};

/* Takes stock of an agency's rows, in place of the one that may be in *stock. ends: of its spools,
 * with all that the rows count as in. No draft of the book may be open. */
MUST_CHECK int ledger_stock_take(struct ledger_stock **stock, struct ledger_book *book,
				 const char *agency, const struct ledger_stock_rule *rule,
				 const uint64_t ends[LEDGER_STOCK_SPOOLS]);

/* Forgets it. Sets NULL. */
void ledger_stock_free(struct ledger_stock **stock);

/* Whether a hole of this spool that ends there is in it. */
bool ledger_stock_covers(const struct ledger_stock *stock, size_t spool, uint64_t end);

/* A record of this row went out of a spool, which ends there. */
void ledger_stock_strike(struct ledger_stock *stock, size_t spool, uint64_t end,
			 const struct ledger_key *key);

/* All before this offset of the spool went out, or is lost. Where that is so of all the spools, the
 * rest is counted as lost, and *stock is NULL. */
void ledger_stock_reached(struct ledger_stock **stock, size_t spool, uint64_t offset);

#endif
