/* Tells the provisioner what a daemon's ledger says: the whole whenever the link comes up, then
 * every second what has changed. Keeps the book tidy beside. On the loop's thread. */
#ifndef STATION_ACCOUNT_H
#define STATION_ACCOUNT_H

#include "ledger/news.h"
#include "loop/loop.h"
#include "station/station.h"

struct account;

struct account_options {
	struct loop *loop;
	struct station *station;
	struct ledger_book *book; /* both outlive it */
	/* Calls fn while nobody counts in the book; NULL: nobody does but this thread. */
	void (*hold)(void *owner, void (*fn)(void *arg), void *arg);
	/* Rows may be elsewhere from now on, called so; NULL: nobody remembers them. */
	void (*tidied)(void *owner);
	void *owner;
};

MUST_CHECK int account_new(struct account **out, const struct account_options *options);
void account_free(struct account **account);

/* The station may send: it is up anew, or has room again. */
void account_may_send(struct account *account);

/* Tells at once what has changed, as far as there is room. */
void account_tell(struct account *account);

#endif
