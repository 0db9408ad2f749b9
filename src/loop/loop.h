/* One event loop, on one thread: descriptors, timers, wall-clock times, signals, and calls that
 * other threads post. Over libevent; nothing of it shows.
 *
 * Who waits owns the storage of what waits (struct loop_fd, loop_timer, loop_signal): `init` once,
 * `fini` before the storage goes or the loop is freed. All zero is "not init": fini accepts it.
 * Functions are called on the thread that runs the loop, which alone may call what is here, but
 * for loop_post and loop_stop. */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/nanos.h"

struct loop;

typedef void (*loop_fn)(void *owner);

/* ERR_NOMEM, or ERR_IO where the kernel gives no descriptors. */
MUST_CHECK int loop_new(struct loop **out);
void loop_free(struct loop **loop);

/* Runs until loop_stop; 0, or ERR_IO where the loop broke. May be run again. */
MUST_CHECK int loop_run(struct loop *loop);

/* Ends loop_run soon: what is ready now may still be called. From any thread. */
void loop_stop(struct loop *loop);

/* Calls fn(owner) on the loop's thread, soon, in the order of the posts. From any thread.
 * ERR_FULL when 65,536 wait already; ERR_NOMEM. */
MUST_CHECK int loop_post(struct loop *loop, loop_fn fn, void *owner);

/* The clock that never jumps, for spans; and the time of day, since 1970. */
struct nanos loop_now(void);
struct nanos loop_wall(void);

/* ---- descriptors ---- */

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

/* ready: LOOP_READ, LOOP_WRITE or both; an error or hang-up shows as both wanted. */
typedef void (*loop_fd_fn)(void *owner, unsigned ready);

struct loop_fd {
	struct event event;
	struct loop *loop; /* NULL: not init */
	loop_fd_fn fn;
	void *owner;
	int fd;
	unsigned wanted;
};

/* fd stays the caller's: fini does not close it. Nothing is wanted at first. */
void loop_fd_init(struct loop_fd *w, struct loop *loop, int fd, loop_fd_fn fn, void *owner);
void loop_fd_fini(struct loop_fd *w);

/* Waits for these (LOOP_READ | LOOP_WRITE; 0: for nothing), as long as they are wanted:
 * the function is called again and again while the descriptor is ready. ERR_IO where the kernel
 * refuses the descriptor (a file on disk). */
MUST_CHECK int loop_fd_want(struct loop_fd *w, unsigned wanted);

/* ---- timers ---- */

struct loop_timer {
	struct event event;
	struct loop *loop; /* NULL: not init */
	loop_fn fn;
	void *owner;
	struct nanos every; /* 0: once */
	struct nanos at;    /* of the wall clock; 0: a span runs */
	bool is_armed;
};

void loop_timer_init(struct loop_timer *t, struct loop *loop, loop_fn fn, void *owner);
void loop_timer_fini(struct loop_timer *t);

/* Arms it anew, whatever it did before. fn may arm, stop or fini its own timer. */
void loop_timer_after(struct loop_timer *t, struct nanos span); /* once */
void loop_timer_every(struct loop_timer *t, struct nanos span); /* first after one span */

/* Once, at this time of day: also when the clock is set in between (it is looked at once a
 * second at least). A time that is past: at once. */
void loop_timer_at(struct loop_timer *t, struct nanos wall);
void loop_timer_stop(struct loop_timer *t);

/* ---- signals ---- */

struct loop_signal {
	struct event event;
	struct loop *loop; /* NULL: not init */
	loop_fn fn;
	void *owner;
};

/* From then on the signal calls fn instead of what it did; one loop a process may have signals.
 * ERR_IO where the kernel refuses. */
MUST_CHECK int loop_signal_init(struct loop_signal *s, struct loop *loop, int number, loop_fn fn,
				void *owner);
void loop_signal_fini(struct loop_signal *s);

#endif
