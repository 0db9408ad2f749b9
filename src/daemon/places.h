/* The places that a configuration names, and the jail that is made of them. */
#ifndef DAEMON_PLACES_H
#define DAEMON_PLACES_H

#include "daemon/daemon.h"

/* Confines the process to its role and to the paths in d->conf, unless that says "jail: off". */
MUST_CHECK int places_enter(const struct daemon *d, struct why *why);

#endif
