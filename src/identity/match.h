/* Whom a SIP message names, and by which of its header fields.
 *
 *	identity_match(set, &message, trust_from, fn, arg);      each target that it names
 *
 * or, to see every field that may name somebody, also those that are not believed:
 *
 *	struct identity_walk walk = identity_walk_of(&message);
 *	while (identity_walk_next(&walk, plan, &said)) … */
#ifndef IDENTITY_MATCH_H
#define IDENTITY_MATCH_H

#include "identity/set.h"
#include "sip/message.h"

/* How a field's value names somebody, and whether it is believed: SAID is what the sender says of
 * himself, which anybody may write, and counts only where the operator trusts it. In this order. */
#define IDENTITY_SOURCES(X)                                                                        \
	X(TO, ADDRESS, KNOWN)                                                                      \
	X(P_ASSERTED_IDENTITY, ADDRESS, KNOWN)                                                     \
	X(P_CALLED_PARTY_ID, ADDRESS, KNOWN)                                                       \
	X(REMOTE_PARTY_ID, ADDRESS, KNOWN)                                                         \
	X(AUTHORIZATION, LOGIN, KNOWN)                                                             \
	X(PROXY_AUTHORIZATION, LOGIN, KNOWN)                                                       \
	X(DIVERSION, ADDRESS, KNOWN)                                                               \
	X(HISTORY_INFO, ADDRESS, KNOWN)                                                            \
	X(FROM, ADDRESS, SAID)                                                                     \
	X(P_PREFERRED_IDENTITY, ADDRESS, SAID)

/* Of one field so many values are looked at; nobody is diverted so often. */
enum { IDENTITY_MAX_VALUES = 64 };

struct identity_said {
	enum sip_field field; /* SIP_NO_FIELD: the request's URI */
	struct sip_text value;
	bool is_known;    /* not only said by the sender of himself */
	bool is_readable; /* false: the value names nobody, name is empty */
	struct identity_name name;
};

struct identity_walk {
	const struct sip_message *message;
	size_t source;     /* the next row */
	unsigned n_values; /* of its field, seen */
	struct sip_values values;
	bool has_begun; /* the request's URI was there */
};

struct identity_walk identity_walk_of(const struct sip_message *message);
bool identity_walk_next(struct identity_walk *walk, const struct identity_plan *plan,
			struct identity_said *out);

struct identity_hit {
	enum sip_field field; /* SIP_NO_FIELD: the request's URI */
	struct identity_found found;
};

typedef void (*identity_hit_fn)(void *arg, const struct identity_hit *hit);

/* Tells each target that the message names, once for each identity in it. Returns the steps that it
 * took. */
size_t identity_match(const struct identity_set *set, const struct sip_message *message,
		      bool trust_from, identity_hit_fn fn, void *arg);

#endif
