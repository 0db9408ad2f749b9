/* What is kept of a session's attributes: the attributes themselves, one after the other. */
#ifndef ACCESS_FACTS_H
#define ACCESS_FACTS_H

#include "access/access.h"

enum {
	FACTS_MAX_LEN = 4096, /* octets of a session's attributes */
	FACTS_MAX_NAMES =
		4, /* User-Names of a session: of the request, the Accept, the accounting */
};

/* Whether an attribute of this type is kept as it is (those of vendors are not: see facts_add). */
bool facts_has_type(uint8_t type);

/* Appends what is kept of an attribute; of a vendor's, each part by itself. */
void facts_add(struct wr *w, const struct radius_attribute *a);

/* Writes old and fresh facts together: what is fresh replaces what is old of its type (of its
 * vendor and part), but names are kept beside each other. Returns how many were left out because
 * they did not fit. */
unsigned facts_merge(struct rd old, struct rd fresh, struct wr *out);

/* Whether one name or more of a is among those of b. */
bool facts_share_name(struct rd a, struct rd b);

/* Whether all of these are among the facts, as they are. */
bool facts_hold(struct rd facts, struct rd wanted);

/* Two sets of facts may tell of one session in this respect: an attribute that both have is the
 * same. FACTS_NONE: one of them lacks it. */
enum facts_verdict { FACTS_NONE, FACTS_SAME, FACTS_DIFFER };
enum facts_verdict facts_compare(struct rd a, struct rd b, uint8_t type);

#endif
