/* Inside collection only: what reservations of a box hold, as who made them told: so that the
 * records need not be read again when they are sent. What is not known here is read. */
#ifndef COLLECTION_DOCKET_H
#define COLLECTION_DOCKET_H

#include <pthread.h>

#include "ledger/row.h"
#include "outbox/outbox.h"

struct docket {
	uint64_t from, to, last; /* as an outbox_docket's */
	unsigned n_shares;
	struct {
		struct ledger_key whose;
		uint64_t n;
	} shares[OUTBOX_SHARES];
};

struct dockets {
	pthread_mutex_t lock; /* who reserves adds, who sends takes */
	struct docket *ring;  /* n of them, from first on, in the order of the stream */
	uint32_t first, n, size;
};

void dockets_init(struct dockets *d);
void dockets_fini(struct dockets *d);

/* One that lies behind all others. It may be left out: for want of memory, or where nobody sends
 * for long. */
void dockets_add(struct dockets *d, const struct outbox_docket *docket);

/* The next one within [from, to): one that begins there, copied to *out; those before are
 * forgotten, and so is it. False where it is not known. */
bool dockets_take(struct dockets *d, uint64_t from, uint64_t to, struct docket *out);

#endif
