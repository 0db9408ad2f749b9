/* A bell: a thread that found nothing to do sleeps until another rings.
 *
 *	uint32_t seen = bell_look(&b);     first look at the bell,
 *	if (nothing to do)                 then at the work,
 *		bell_wait(&b, seen, ms);   then sleep, unless it has rung since
 *
 * Ringing is async-signal-safe, and costs no system call when nobody sleeps. */
#ifndef ENGINE_BELL_H
#define ENGINE_BELL_H

#include <stdatomic.h>
#include <stdint.h>

struct bell {
	_Atomic uint32_t n_rings;
	_Atomic uint32_t n_asleep;
};

static inline uint32_t bell_look(struct bell *b)
{
	return atomic_load(&b->n_rings);
}

/* Returns when it has rung since bell_look gave `seen`, after ms milliseconds (< 0: no limit),
 * or now and then for no reason. */
void bell_wait(struct bell *b, uint32_t seen, int ms);

void bell_ring(struct bell *b);

#endif
