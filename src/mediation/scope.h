/* Whether a record may be handed over: the warrants, enforced once more, behind the collectors.
 * No clock: times are arguments. */
#ifndef MEDIATION_SCOPE_H
#define MEDIATION_SCOPE_H

#include "base/err.h"
#include "base/nanos.h"
#include "etsi/record.h"
#include "ledger/reason.h"
#include "warrant/view.h"

#define INTERFACES(X)                                                                              \
	X(HI2, "hi2")                                                                              \
	X(HI3, "hi3")

enum interface {
#define X(name, text) INTERFACE_##name,
	INTERFACES(X)
#undef X
		N_INTERFACES
};

const char *interface_text(enum interface interface);
bool interface_of(const char *text, enum interface *out);

/* Why a record is not handed over, counted by agency and interface: the ledger's reasons, in their
 * order. */
enum refusal {
#define X(name, ...) REFUSAL_##name,
	LEDGER_REFUSALS(X)
#undef X
		N_REFUSALS,
	REFUSAL_NONE = N_REFUSALS
};

const char *refusal_text(enum refusal refusal);

/* The warrants by agency and LIID, as far as scope goes. A warrant that the orders no longer hold
 * counts as ended when it was missed, and stays for as long as an ended one stays in the orders:
 * what was intercepted before may still lie with a collector. */
struct scope {
	struct scope_warrant *items; /* sorted */
	size_t n;
};

enum { SCOPE_GRACE_S = ORDERS_GRACE_MEDIATOR_S };

void scope_init(struct scope *scope);
void scope_fini(struct scope *scope);

/* Takes other orders; ERR_NOMEM leaves it as it was. */
MUST_CHECK int scope_update(struct scope *scope, const struct orders *orders, struct nanos now);

/* A file keeps the warrants that were missed, over a restart; where none was, none is written.
 * scope_load puts them into an empty scope. The reason names the file. */
MUST_CHECK int scope_save(const struct scope *scope, const char *path, struct why *why);
MUST_CHECK int scope_load(struct scope *scope, const char *path, struct why *why);

/* Whether the agency has, or had, a warrant of this LIID. */
bool scope_knows(const struct scope *scope, const char *agency, const char *liid);

/* The times of records that a warrant covers: from <= time < until. */
struct scope_window {
	struct nanos from, until;
};

/* Where records go, and the time now. */
struct scope_place {
	const struct agency *agency;
	enum interface interface;
	struct nanos now;
};

/* What holds for all records of the stream that this one is of, of its kind: why none of them may
 * go there; REFUSAL_NONE: those may whose time is in the window. */
enum refusal scope_window(const struct scope *scope, const struct scope_place *place,
			  const struct etsi_record *record, struct scope_window *window);

static inline bool scope_window_has(const struct scope_window *window, struct nanos time)
{
	return time.ns >= window->from.ns && time.ns < window->until.ns;
}

/* Whether other orders might say otherwise of a record that these refuse so. */
bool scope_may_change(enum refusal refusal, const struct etsi_record *record);

/* REFUSAL_NONE where the record may go there. */
enum refusal scope_check(const struct scope *scope, const struct scope_place *place,
			 const struct etsi_record *record);

#endif
