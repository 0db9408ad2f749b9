/* Inside collection only: how far each input has come, in a small file that is mapped, so that it
 * is there however the process ends. What lies between it and the moment at which the next process
 * opens the input was captured by nobody.
 *
 *	"WEIRPUL2" { input:64 time:64 ahead:64 boot:64 } …
 *
 * in the host's byte order; an input is a hash of its URI, 0: none. ahead is how far the clock of
 * the day was ahead of the one that runs since the machine was started (CLOCK_BOOTTIME), which
 * nobody sets; boot is a number of that start. Where the machine was not started since, what the
 * last process said is told as today's clock has it, however that was set meanwhile. */
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

/* What the last process said of the input, as today's clock has it; 0: nothing. */
struct nanos pulse_last(const struct pulse *p, const char *uri);

/* The latest that it said of any input; 0: nothing. */
struct nanos pulse_latest(const struct pulse *p);

/* Another moment of the last process's clock, as today's clock has it. */
struct nanos pulse_today(const struct pulse *p, struct nanos before);

/* How far the clock of the day is ahead now of the one that runs since the machine was started. */
int64_t pulse_ahead_ns(void);

/* All of the input's packets up to this moment had their turn. One thread. */
void pulse_beat(struct pulse *p, const char *uri, struct nanos time);

#endif
