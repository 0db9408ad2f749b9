/* Inside collection only: looks every second at what is lost, and raises alarms (alarm.h): of one
 * warrant where it is one's, otherwise of an input or outbox, for all agencies that have a warrant
 * in force. */
#ifndef COLLECTION_SENTRY_H
#define COLLECTION_SENTRY_H

#include "alarm/alarm.h"
#include "collection/delivery.h"
#include "collection/input.h"
#include "collection/proof.h"
#include "intercept/intercept.h"

struct sentry;

struct sentry_options {
	struct loop *loop;
	const struct collection_settings *settings; /* outlive it */
	struct alarms *alarms;
	struct intercept *intercept;
	struct delivery *delivery;
	struct proof *proof;
	struct nanos before; /* the last moment of the last process; 0: it is not known */
	/* Records of a warrant were dropped with its agency. */
	void (*dropped)(void *owner, const struct ledger_lost *lost);
	void *owner;
};

/* Begins to look. */
MUST_CHECK int sentry_new(struct sentry **out, const struct sentry_options *options);
void sentry_free(struct sentry **sentry);

/* Looks at these too; NULL: no more. */
void sentry_watch(struct sentry *sentry, struct inputs *inputs);

/* An interface was not captured for a while. */
void sentry_gap(struct sentry *sentry, const struct input_gap *gap);

#endif
