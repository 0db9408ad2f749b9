#include "cap/gate.h"

#include <time.h>

enum { GATE_NAP = 20 * NANOS_PER_MS };

void gate_init(struct gate *g)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&g->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&g->moved, &monotonic);
	pthread_condattr_destroy(&monotonic);
	g->is_busy = false;
	g->n_asleep = 0;
}

void gate_fini(struct gate *g)
{
	pthread_cond_destroy(&g->moved);
	pthread_mutex_destroy(&g->lock);
}

/* Under the lock: until somebody invites, or the nap is over. */
static void nap(struct gate *g, int64_t span)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)span;
	until.tv_sec += until.tv_nsec / NANOS_PER_S;
	until.tv_nsec %= NANOS_PER_S;
	g->n_asleep++;
	(void)pthread_cond_timedwait(&g->moved, &g->lock, &until);
	g->n_asleep--;
}

int gate_enter(struct gate *g, struct nanos wait, const atomic_bool *is_stopped)
{
	int rc = 0;

	pthread_mutex_lock(&g->lock);
	while (g->is_busy && !rc) {
		int64_t span = wait.ns < GATE_NAP ? wait.ns : GATE_NAP;

		if (atomic_load(is_stopped))
			rc = ERR_STOPPED;
		else if (span <= 0)
			rc = ERR_AGAIN;
		else
			nap(g, span);
		wait.ns -= span;
	}
	if (!rc)
		g->is_busy = true;
	pthread_mutex_unlock(&g->lock);
	return rc;
}

void gate_leave(struct gate *g, bool is_inviting)
{
	bool is_awaited;

	pthread_mutex_lock(&g->lock);
	g->is_busy = false;
	is_awaited = g->n_asleep > 0;
	pthread_mutex_unlock(&g->lock);
	if (is_awaited && is_inviting)
		pthread_cond_signal(&g->moved);
}
