#include "engine/bell.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BELL_SPINS = 200, MS_PER_S = 1000, NS_PER_MS = 1000000, ALL = 0x7fffffff };

static inline void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

/* The sleeper counts itself before the kernel compares n_rings, the ringer moves n_rings before
 * it counts sleepers: one of the two always sees the other. */
void bell_wait(struct bell *b, uint32_t seen, int ms)
{
	struct timespec limit = {ms / MS_PER_S, (long)(ms % MS_PER_S) * NS_PER_MS};

	for (int i = 0; i < BELL_SPINS; i++) {
		if (atomic_load_explicit(&b->n_rings, memory_order_acquire) != seen)
			return;
		relax();
	}
	atomic_fetch_add(&b->n_asleep, 1);
	if (atomic_load(&b->n_rings) == seen)
		syscall(SYS_futex, &b->n_rings, FUTEX_WAIT_PRIVATE, seen, ms < 0 ? NULL : &limit,
			NULL, 0);
	atomic_fetch_sub(&b->n_asleep, 1);
}

void bell_ring(struct bell *b)
{
	atomic_fetch_add(&b->n_rings, 1);
	if (atomic_load(&b->n_asleep) > 0)
		syscall(SYS_futex, &b->n_rings, FUTEX_WAKE_PRIVATE, ALL, NULL, NULL, 0);
}
