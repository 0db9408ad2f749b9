/* An outlet: all that a mediator does for one agency. Records come in from collectors, within
 * scope or counted as refused; HI1 is made here; both lie in a spool for each interface, and go
 * from there to the agency's connections or, where it receives captures, into files. */
#ifndef MEDIATION_OUTLET_H
#define MEDIATION_OUTLET_H

#include "alarm/alarm.h"
#include "base/json.h"
#include "loop/loop.h"
#include "mediation/line.h"
#include "mediation/scope.h"
#include "spool/spool.h"
#include "tls/tls.h"

struct outlet;

/* What all outlets of a mediator share; it outlives them. */
struct outlet_place {
	struct loop *loop;
	const struct tls *tls; /* NULL: only plain connections */
	const char *name;      /* the mediator's */
	const char *spools;    /* folders */
	const char *folder;
	const char *captures;
	const char *capture_name; /* template */
	uint64_t capture_size;
	struct spool_options spool;
	struct ledger_book *ledger; /* where records are counted; NULL: nowhere */
};

/* Opens what is there of this agency, and makes the rest. */
MUST_CHECK int outlet_new(struct outlet **out, const struct outlet_place *place,
			  const struct orders *orders, const struct agency *agency,
			  struct why *why);

/* Ends connections in good order, and gives up what is not delivered: of each warrant it is counted
 * as lost and added to *losses. Whether there was any. It is to be freed then. */
bool outlet_give_up(struct outlet *o, struct ledger_losses *losses);

/* Ends connections in good order; what is not delivered stays. Sets NULL. */
void outlet_free(struct outlet **o);

const char *outlet_agency(const struct outlet *o);

/* The ledger's rows are elsewhere from now on. */
void outlet_forget_rows(struct outlet *o);

/* The agency as the orders have it now, which stay until the next update. ERR_* with the reason
 * where it cannot be served so; then it is served as before. */
MUST_CHECK int outlet_update(struct outlet *o, const struct orders *orders,
			     const struct agency *agency, struct why *why);

/* How far the collector's stream has come; ERR_FULL: there are too many collectors. */
MUST_CHECK int outlet_offset(struct outlet *o, enum interface interface, const char *collector,
			     uint64_t stream, uint64_t *offset);

/* As line_take, of the parcel's interface. */
MUST_CHECK int outlet_take(struct outlet *o, const struct line_parcel *parcel,
			   const struct scope *scope, struct line_progress *out, struct why *why);

/* Tells the agency (HI1) what is due now. */
void outlet_announce(struct outlet *o, const struct orders *orders, struct nanos now);

/* Tells it of a fault (HI1 alarm), of one LIID or, NULL, of all: 1 to 256 printable characters.
 * ERR_FULL: there is no room now; ERR_END: it receives captures, and nothing is told. */
MUST_CHECK int outlet_alarm(struct outlet *o, const char *liid, const char *text, struct nanos now);

/* What outlet_alarm's result is for whoever asked for it. */
enum alarm_outcome outlet_outcome(int rc);

/* Raises alarms: a spool that is full, what is lost on its disk, and what a collector no longer had
 * when it came again. Every few seconds. */
void outlet_look(struct outlet *o, struct alarms *alarms, struct nanos now);

struct spool *outlet_spool(const struct outlet *o, enum interface interface);

/* What it has counted, as one value. */
void outlet_status(const struct outlet *o, struct json *j);

/* Whether something that could not be done for want of room may be tried again. */
bool outlet_has_room(const struct outlet *o, enum interface interface);

#endif
