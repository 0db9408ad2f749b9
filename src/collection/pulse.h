/* Inside collection only: how far each input has come, in a small file that is mapped, so that it
 * is there however the process ends. What lies between it and the moment at which the next process
 * opens the input was captured by nobody.
 *
 *	"WEIRPULS" reserved:64 { input:64 time:64 } …
 *
 * in the host's byte order; an input is a hash of its URI, 0: none. */
#ifndef COLLECTION_PULSE_H
#define COLLECTION_PULSE_H

#include <stdint.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"

enum { PULSE_SLOTS = 255 };

struct pulse;

/* Maps the file, which is made where there is none. One of another shape is begun anew. */
MUST_CHECK int pulse_open(struct pulse **out, const char *path, struct why *why);
void pulse_free(struct pulse **p);

/* What the last process said of the input; 0: nothing. */
struct nanos pulse_last(const struct pulse *p, const char *uri);

/* The latest that it said of any input; 0: nothing. */
struct nanos pulse_latest(const struct pulse *p);

/* All of the input's packets up to this moment had their turn. One thread. */
void pulse_beat(struct pulse *p, const char *uri, struct nanos time);

#endif
