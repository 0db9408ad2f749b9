/* A turnstile: threads that hold numbered tickets pass in the order of the numbers.
 *
 * Whoever takes a ticket must, sooner or later, wait for its turn and pass it on, also when it
 * failed; otherwise all behind it wait for ever. turn_stop lets everybody through at once. */
#ifndef BASE_TURN_H
#define BASE_TURN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct turn {
	_Atomic uint64_t now; /* the ticket whose turn it is */
	_Atomic int n_asleep;
	_Atomic bool is_stopped;
	pthread_mutex_t lock;
	pthread_cond_t moved;
};

void turn_init(struct turn *t);
void turn_fini(struct turn *t);

/* Returns when it is ticket's turn: true; or when the turnstile was stopped: false. Spins
 * briefly, since the usual wait is some microseconds, then sleeps. */
bool turn_wait(struct turn *t, uint64_t ticket);

/* Lets the next ticket in. Called only by the one whose turn it is. */
void turn_pass(struct turn *t);

/* Wakes all; every wait from now on returns false. */
void turn_stop(struct turn *t);

#endif
