/* The health of interceptions: a warrant with an active session and no content for a time may be
 * one whose packets pass by elsewhere. */
#ifndef COLLECTION_HEALTH_H
#define COLLECTION_HEALTH_H

#include "intercept/intercept.h"

struct health_watch {
	struct nanos now;
	struct nanos silence; /* without content, after which a warrant is silent */
};

/* Looks at a warrant; whether it is silent. Called again and again: what came in between is seen,
 * not each packet. */
bool health_look(const struct intercept_view *view, const struct health_watch *watch);

/* The members "warrants", "ordered" and "total" of an object that is open in *j: of those
 * that are silent or lost something, and of the others, at most 1,000 each are listed; the totals
 * are those of all. */
void health_print(struct intercept *i, const struct health_watch *watch, struct json *j);

#endif
