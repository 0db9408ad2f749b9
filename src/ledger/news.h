/* What a daemon tells the provisioner of its book: at first the whole, then what has changed.
 *
 *	{"type":"ledger","book":HEX,"begin":true,"rows":[…]}
 *	{"type":"ledger","book":HEX,"end":true,"rows":[…],"gaps":[…]}
 *	{"type":"ledger","book":HEX,"rows":[…],"gone":[…]}          … changes
 *
 * A row is told as it is, not by how much it grew: a message that is told twice does no harm. */
#ifndef LEDGER_NEWS_H
#define LEDGER_NEWS_H

#include "ledger/entry.h"

struct ledger_teller;

enum { LEDGER_NEWS_ROWS = 500 /* of a message */ };

/* The book outlives it. */
MUST_CHECK int ledger_teller_new(struct ledger_teller **out, struct ledger_book *book);
void ledger_teller_free(struct ledger_teller **t);

/* Nothing was told yet: a new listener. */
void ledger_teller_again(struct ledger_teller *t);

/* Writes the next message: 1; 0: there is nothing to tell. While the book stands still. */
MUST_CHECK int ledger_teller_next(struct ledger_teller *t, struct wr *w);

/* The message that was written last has been sent. */
void ledger_teller_sent(struct ledger_teller *t);

#endif
