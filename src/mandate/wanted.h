/* The targets of calls of all orders, in their order, with whose they are. */
#ifndef MANDATE_WANTED_H
#define MANDATE_WANTED_H

#include "base/err.h"
#include "base/lookup.h"
#include "identity/set.h"
#include "mandate/mandate.h"

struct wanted {
	struct identity_target *at; /* they borrow the orders' texts */
	uint32_t *slots;            /* of their mandates */
	uint64_t *hashes; /* of their texts: by these a session is known to be a target's */
	size_t n;
	struct lookup by; /* slots by mandate and hash */
};

/* ordered: the mandates of the orders' warrants. 0, or ERR_NOMEM, and *out is empty. */
MUST_CHECK int wanted_init(struct wanted *out, const struct orders *orders,
			   struct mandate *const *ordered);
void wanted_fini(struct wanted *w);

/* Whether the mandate in this slot names a target whose text has this hash. */
bool wanted_has(const struct wanted *w, uint32_t slot, uint64_t hash);

#endif
