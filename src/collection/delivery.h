/* Inside collection only: what is recorded, on its way to mediators.
 *
 * A box is the spool of one agency and interface; it has a channel on the link of the mediator that
 * serves the agency:
 *
 *	{"type":"channel","channel":N,"agency":ID,"interface":"hi2","stream":HEX}  ---->
 *	                             <----  {"type":"channel","channel":N,"offset":O}
 *	records N, from O on         ---->
 *	                             <----  acknowledge N, O'
 *
 * What is acknowledged leaves the spool when the state that was saved last knows of it too, so that
 * numbers can be told from what is still there after any end of the process. */
#ifndef COLLECTION_DELIVERY_H
#define COLLECTION_DELIVERY_H

#include "alarm/alarm.h"
#include "collection/collection.h"
#include "collection/parcel.h"
#include "intercept/intercept.h"
#include "tls/tls.h"
#include "warrant/orders.h"

struct delivery;
struct box;

struct delivery_options {
	struct loop *loop;
	const struct collection_settings *settings; /* outlive it */
	const char *spools;                         /* folder; copied */
	struct vault *vault;                        /* that seals what is on disk; NULL: none */
	const char *software;
	const struct tls *tls; /* NULL: plain */
	struct tls_identity self;
	struct alarms *alarms; /* whose sentences go to agencies, by their mediators; NULL: none */
	/* More of a box is acknowledged, which it still has; may be NULL. */
	void (*acked)(void *owner, struct box *box);
	void *owner;
	/* So much of a box is acknowledged and waits for a state that knows of it that it should
	 * be saved; again and again, until it is. May be NULL. */
	void (*held)(void *owner);
	void *held_owner;
};

/* The box of an agency's interface. */
struct box {
	char *agency;
	enum intercept_interface interface;
	uint32_t number; /* its channel, and index */
	struct spool *spool;
	uint64_t acked;      /* the mediator has it up to there */
	uint64_t kept;       /* and the state that was saved last knows of what is before */
	struct parcels sent; /* what is on its way */
	bool is_begun_anew;  /* the last process had another, which is gone */
	bool is_orphan;      /* no order names its agency any more */
};

MUST_CHECK int delivery_new(struct delivery **out, const struct delivery_options *options,
			    struct why *why);
void delivery_free(struct delivery **d);

/* Makes the outbox of an agency: an intercept_open_fn, with the delivery as its argument. */
int delivery_open(void *arg, const char *agency, enum intercept_interface which, struct outbox *out,
		  struct why *why);

/* Mediators and who serves whom are as in these orders from now on. */
void delivery_route(struct delivery *d, const struct orders *orders);

size_t delivery_n_boxes(const struct delivery *d);
struct box *delivery_box(struct delivery *d, size_t i);

/* Sends a sentence of an alarm by the agency's mediator: an alarm_tell_fn, but for its owner.
 *
 *	{"type":"alarm","number":N,"agency":ID,"liid":LIID,"text":"…"}  ---->
 *	<----  {"type":"alarm","number":N,"agency":ID,"outcome":"told"}     or "later", "refused" */
enum alarm_outcome delivery_tell(const struct delivery *d, const struct alarm_message *message);

/* The state that is saved knows all before this offset. */
void delivery_keep(struct delivery *d, struct box *box, uint64_t offset);

/* What is left in the box of an agency that is no more goes; it is counted already. */
void delivery_give_up(struct delivery *d, struct box *box);

/* Whether mediators have all, or none is there that could take it. */
bool delivery_is_drained(const struct delivery *d);

/* As members "mediators" and "outboxes" of the object that is open. */
void delivery_status(const struct delivery *d, struct json *j);

#endif
