/* The words of a filter expression, looked at before libpcap's compiler sees them. */
#ifndef FILTER_WORDS_H
#define FILTER_WORDS_H

#include "base/err.h"
#include "base/why.h"

/* libpcap would look up a host's or network's name in the DNS, which tells the world whom a
 * capture is about, and stalls. So addresses must be written as numbers; names may stand only
 * where they are of ports and protocols (from this machine's own tables), or part of the
 * language. When in doubt a word is refused. 0, or ERR_USAGE with a reason. */
MUST_CHECK int words_check(const char *expression, struct why *why);

#endif
