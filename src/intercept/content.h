/* Inside intercept only: records of HI3. A pending record is a packet of an access (IPCC), or one
 * of a call's media (IPMMCC). */
#ifndef INTERCEPT_CONTENT_H
#define INTERCEPT_CONTENT_H

#include "intercept/inside.h"

/* Gives a pending record its place among its session's, and counts it. Its octets; 0 where they are
 * known only when it is encoded, as content_deliver does. */
size_t content_number(struct session *s, struct tray *tray, struct pending *pending);

/* Whether it must be encoded in the turn: because it is hashed as it is delivered, say. */
bool content_is_ordered(const struct mandate *m, const struct pending *pending);
/* Does so; one that finds no room is counted as lost. */
MUST_CHECK int content_deliver(struct intercept *i, struct tray *tray, struct session *s,
			       struct pending *pending);

/* Asks for what content_encode will read, some records ahead. */
void content_ahead(const struct pending *pending);

/* Appends it: as many octets as content_number said. */
MUST_CHECK int content_encode(struct tray *tray, const struct pending *pending, struct wr *w);

/* It was numbered and finds no room: the agency sees the gap. */
void content_lose(struct intercept *i, struct tray *tray, const struct pending *pending);

#endif
