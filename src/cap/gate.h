/* A gate before data that is read as it comes: one reader at a time, and no more readers awake than
 * there is work for. Who leaves invites another only when there is more to read at once; without
 * that, the one that left comes back itself before another has woken up. */
#ifndef CAP_GATE_H
#define CAP_GATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/nanos.h"

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool is_busy; /* this and the next: guarded by lock */
	int n_asleep;
};

void gate_init(struct gate *g);
void gate_fini(struct gate *g);

/* 0: the caller is in, and must leave. ERR_AGAIN: another one was in for all of `wait`. ERR_STOPPED
 * when is_stopped is seen to be set; a signal handler may set it, which can wake nobody. Uninvited
 * sleepers try by themselves from time to time: who left may have other things to do. */
MUST_CHECK int gate_enter(struct gate *g, struct nanos wait, const atomic_bool *is_stopped);

/* is_inviting: there is more to read, or nobody will ever have to wait again. */
void gate_leave(struct gate *g, bool is_inviting);

#endif
