/* What an agency must be told of its warrants (HI1), and what it has been told: activated at the
 * start, deactivated at the end or when the warrant goes, modified where it changes between: in
 * what we know of it or, by its revision, in what we do not (targets, access, encryption,
 * authority). No socket, no clock; a file, so that nothing is told twice or not at all.
 *
 * What is told goes into the HI2 spool. The file is written first, with the octets that are to go
 * there (pending) and their number; the spool's marks say which number it has. Whoever dies between
 * the two finds pending octets of a number that the spool has not, and puts them there. */
#ifndef MEDIATION_ANNOUNCE_H
#define MEDIATION_ANNOUNCE_H

#include "base/err.h"
#include "conf/field.h"
#include "etsi/hi1.h"
#include "warrant/orders.h"

#define ANNOUNCED_FIELDS(X)                                                                        \
	X(TEXT, liid, .is_required = true, .min = 1, .max = 25, .doc = "of the warrant")           \
	X(BOOL, is_active, .is_required = true, .doc = "the agency knows it as activated")         \
	X(INT, next, .is_required = true, .max = UINT32_MAX, .doc = "its next sequence number")    \
	X(TIME, start, .is_required = true, .doc = "as the agency knows it")                       \
	X(TIME, end, .is_required = true, .doc = "as the agency knows it")                         \
	X(INT, deliver, .is_required = true, .max = 255, .doc = "enum warrant_delivery")           \
	X(TEXT, authorization_country, .is_required = true, .min = 2, .max = 2, .doc = "its law")  \
	X(TEXT, delivery_country, .min = 2, .max = 2, .doc = "where it is delivered to")           \
	X(TEXT, revision, .max = 16, .doc = "what it said beside: the mark of its contents")

#define ANNOUNCEMENTS_FIELDS(X)                                                                    \
	X(INT, number, .is_required = true, .max = INT64_MAX, .doc = "of what is pending")         \
	X(TEXT, pending, .max = 32 << 20, .doc = "octets for the spool, in hex digits")            \
	X(INT, alarms, .is_required = true, .max = UINT32_MAX, .doc = "next number of an alarm")   \
	X(LIST(announced), warrants, .max = 1000000, .doc = "in order of their LIIDs")

struct announced {
	CONF_STRUCT(ANNOUNCED_FIELDS)
};

struct announcements {
	CONF_STRUCT(ANNOUNCEMENTS_FIELDS)
};

/* Reads the file; one that is not there is empty. The reason names it. */
MUST_CHECK int announcements_load(struct announcements *a, const char *path, struct why *why);

/* Writes it whole, then gives it its name. */
MUST_CHECK int announcements_save(const struct announcements *a, const char *path, struct why *why);
void announcements_fini(struct announcements *a);

/* Tells of one: its facts as the agency knows them now. Negative ends announcements_due. */
typedef int (*announce_fn)(void *owner, enum hi1_operation operation,
			   const struct announced *facts);

struct announcer {
	announce_fn fn;
	void *owner;
};

/* Tells all that is due at this time; facts->next is the sequence number, which is then used up.
 * 0, or what fn or memory said: then *a is as far as it came. */
MUST_CHECK int announcements_due(struct announcements *a, const struct orders *orders,
				 const char *agency, struct nanos now,
				 const struct announcer *announcer);

/* When something is due next: the earliest start or end after now; INT64_MAX: never. */
struct nanos announcements_wake(const struct orders *orders, struct nanos now);

/* Sets pending to these octets, with the next number. */
MUST_CHECK int announcements_set_pending(struct announcements *a, const void *octets, size_t len);

/* The pending octets; false where they are none. *out grows. */
bool announcements_pending(const struct announcements *a, struct wr *out);

#endif
