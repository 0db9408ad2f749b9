/* Inside intercept only: the sessions of the orders. A session is one (warrant, CIN), with its
 * prepared header, its sequence numbers and its state. Only who has the turn changes one. */
#ifndef INTERCEPT_SESSION_H
#define INTERCEPT_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"
#include "etsi/ipiri.h"
#include "warrant/orders.h"
#include "watch/watch.h"

enum session_state { SESSION_IDLE, SESSION_BEGUN };

struct session {
	struct etsi_header header;
	const struct warrant *warrant;
	struct etsi_address *addresses; /* all prefixes of the session */
	size_t n_addresses;
	uint32_t warrant_index;
	uint32_t agency;
	uint32_t cin;
	uint64_t next_iri; /* sequence numbers: beyond UINT32_MAX there is none */
	uint64_t next_cc;
	enum session_state state;
};

struct sessions {
	struct session *at; /* in the order of warrants, then CINs */
	size_t n;
	struct session **by_start; /* in the order of their warrants' start */
	struct etsi_address *addresses;
	struct watch *watch; /* finds session and warrant by their indexes */
};

/* The orders must outlive the sessions. */
MUST_CHECK int sessions_init(struct sessions *s, const struct orders *orders, struct why *why);
void sessions_fini(struct sessions *s);

/* Appends the IPIRI that says that interception begins or ends while the session is active. */
MUST_CHECK int session_iri(struct session *s, enum ipiri_event event, struct nanos time,
			   struct wr *w, struct why *why);

#endif
