#include "base/turn.h"

enum { TURN_SPINS = 2000 };

static inline void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

void turn_init(struct turn *t)
{
	atomic_init(&t->now, 0);
	atomic_init(&t->n_asleep, 0);
	atomic_init(&t->is_stopped, false);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->moved, NULL);
}

void turn_fini(struct turn *t)
{
	pthread_cond_destroy(&t->moved);
	pthread_mutex_destroy(&t->lock);
}

static bool is_open(struct turn *t, uint64_t ticket)
{
	return atomic_load(&t->now) == ticket || atomic_load(&t->is_stopped);
}

bool turn_wait(struct turn *t, uint64_t ticket)
{
	for (int i = 0; i < TURN_SPINS && !is_open(t, ticket); i++)
		relax();
	if (!is_open(t, ticket)) {
		pthread_mutex_lock(&t->lock);
		atomic_fetch_add(&t->n_asleep, 1);
		while (!is_open(t, ticket))
			pthread_cond_wait(&t->moved, &t->lock);
		atomic_fetch_sub(&t->n_asleep, 1);
		pthread_mutex_unlock(&t->lock);
	}
	return !atomic_load(&t->is_stopped);
}

/* The sleeper counts itself before it looks, the passer moves before it counts: with both in
 * sequentially consistent order one of the two always sees the other. */
static void wake_all(struct turn *t)
{
	if (atomic_load(&t->n_asleep) == 0)
		return;
	pthread_mutex_lock(&t->lock);
	pthread_cond_broadcast(&t->moved);
	pthread_mutex_unlock(&t->lock);
}

void turn_pass(struct turn *t)
{
	atomic_fetch_add(&t->now, 1);
	wake_all(t);
}

void turn_stop(struct turn *t)
{
	atomic_store(&t->is_stopped, true);
	wake_all(t);
}
