/* How far each collector's stream has come into a spool, and how many announcements (HI1) went
 * into it: the spool's user area, which changes with the spool's end in one step. So each octet of
 * a stream comes into the spool once, whoever is killed when. */
#ifndef MEDIATION_MARKS_H
#define MEDIATION_MARKS_H

#include <stdint.h>

#include "base/err.h"
#include "base/why.h"
#include "base/wr.h"
#include "tls/identity.h"

enum { MARKS_MAX = 128 }; /* collectors of one agency */

struct mark {
	char collector[TLS_NAME_LEN];
	uint64_t stream; /* which of the collector's streams: 0 where it does not tell */
	uint64_t offset; /* all before it is in the spool, or was refused */
};

struct marks {
	uint64_t n_announced;
	size_t n;
	struct mark items[MARKS_MAX];
};

/* ERR_BAD with the reason where the octets are no marks; none at all are no marks yet. */
MUST_CHECK int marks_read(struct marks *marks, const void *octets, size_t len, struct why *why);

/* Writes at most SPOOL_USER_MAX octets. */
void marks_write(const struct marks *marks, struct wr *w);

/* The collector's mark; another stream than before begins at 0. NULL where there are MARKS_MAX
 * others. */
struct mark *marks_of(struct marks *marks, const char *collector, uint64_t stream);

#endif
