#include "loop/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_POSTS = 65536 };

struct post {
	loop_fn fn;
	void *owner;
};

struct loop {
	struct event_base *base;
	struct loop_fd bell; /* an eventfd that a post or a stop rings */
	_Atomic bool is_stopped;
	pthread_mutex_t lock; /* of the three below */
	struct post *posts;
	size_t n_posts;
	size_t size;
};

static struct nanos clock_of(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (struct nanos){(int64_t)ts.tv_sec * NANOS_PER_S + ts.tv_nsec};
}

struct nanos loop_now(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

struct nanos loop_wall(void)
{
	return clock_of(CLOCK_REALTIME);
}

/* ---- posts ---- */

static void ring(struct loop *loop)
{
	uint64_t one = 1;
	ssize_t n = write(loop->bell.fd, &one, sizeof one);

	(void)n; /* full: it rings already */
}

/* Takes all posts at once, so that one that posts again waits for the next round. */
static void run_posts(void *owner, unsigned ready)
{
	struct loop *loop = owner;
	struct post *posts;
	uint64_t count;
	size_t n;
	ssize_t got = read(loop->bell.fd, &count, sizeof count);

	(void)got;
	(void)ready;
	pthread_mutex_lock(&loop->lock);
	posts = loop->posts;
	n = loop->n_posts;
	loop->posts = NULL;
	loop->n_posts = loop->size = 0;
	pthread_mutex_unlock(&loop->lock);
	for (size_t i = 0; i < n; i++)
		posts[i].fn(posts[i].owner);
	free(posts);
	if (loop->is_stopped)
		event_base_loopbreak(loop->base);
}

static int push_post(struct loop *loop, struct post post)
{
	if (loop->n_posts == MAX_POSTS)
		return ERR_FULL;
	if (loop->n_posts == loop->size) {
		size_t size = loop->size ? 2 * loop->size : 16;
		struct post *posts = realloc(loop->posts, size * sizeof *posts);

		if (!posts)
			return ERR_NOMEM;
		loop->posts = posts;
		loop->size = size;
	}
	loop->posts[loop->n_posts++] = post;
	return 0;
}

int loop_post(struct loop *loop, loop_fn fn, void *owner)
{
	int rc;

	pthread_mutex_lock(&loop->lock);
	rc = push_post(loop, (struct post){fn, owner});
	pthread_mutex_unlock(&loop->lock);
	if (!rc)
		ring(loop);
	return rc;
}

/* ---- the loop ---- */

static int open_base(struct loop *loop)
{
	struct event_config *config = event_config_new();

	if (!config)
		return ERR_NOMEM;
	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	return loop->base ? 0 : ERR_IO;
}

int loop_new(struct loop **out)
{
	struct loop *loop = calloc(1, sizeof *loop);
	int rc = loop ? open_base(loop) : ERR_NOMEM;

	if (loop)
		pthread_mutex_init(&loop->lock, NULL);
	if (!rc) {
		int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

		rc = fd < 0 ? ERR_IO : 0;
		if (!rc)
			loop_fd_init(&loop->bell, loop, fd, run_posts, loop);
	}
	if (!rc)
		rc = loop_fd_want(&loop->bell, LOOP_READ);
	if (rc)
		loop_free(&loop);
	*out = loop;
	return rc;
}

void loop_free(struct loop **out)
{
	struct loop *loop = *out;
	bool has_bell = loop && loop->bell.loop;

	*out = NULL;
	if (!loop)
		return;
	loop_fd_fini(&loop->bell);
	if (has_bell)
		close(loop->bell.fd);
	if (loop->base)
		event_base_free(loop->base);
	pthread_mutex_destroy(&loop->lock);
	free(loop->posts);
	free(loop);
}

int loop_run(struct loop *loop)
{
	int rc = 0;

	while (!loop->is_stopped && rc == 0)
		rc = event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
	loop->is_stopped = false;
	return rc < 0 ? ERR_IO : 0;
}

void loop_stop(struct loop *loop)
{
	loop->is_stopped = true;
	ring(loop);
}

/* ---- descriptors ---- */

static void on_fd(evutil_socket_t fd, short what, void *owner)
{
	struct loop_fd *w = owner;
	unsigned ready = (what & EV_READ ? LOOP_READ : 0u) | (what & EV_WRITE ? LOOP_WRITE : 0u);

	(void)fd;
	w->fn(w->owner, ready);
}

void loop_fd_init(struct loop_fd *w, struct loop *loop, int fd, loop_fd_fn fn, void *owner)
{
	*w = (struct loop_fd){.loop = loop, .fn = fn, .owner = owner, .fd = fd};
}

void loop_fd_fini(struct loop_fd *w)
{
	if (w->loop && w->wanted)
		event_del(&w->event);
	w->wanted = 0;
	w->loop = NULL;
}

int loop_fd_want(struct loop_fd *w, unsigned wanted)
{
	short what = (short)((wanted & LOOP_READ ? EV_READ : 0) |
			     (wanted & LOOP_WRITE ? EV_WRITE : 0) | EV_PERSIST);

	if (wanted == w->wanted)
		return 0;
	if (w->wanted)
		event_del(&w->event);
	w->wanted = 0;
	if (!wanted)
		return 0;
	if (event_assign(&w->event, w->loop->base, w->fd, what, on_fd, w) ||
	    event_add(&w->event, NULL))
		return ERR_IO;
	w->wanted = wanted;
	return 0;
}

/* ---- timers ---- */

static void arm(struct loop_timer *t, struct nanos span)
{
	int64_t ns = span.ns > 0 ? span.ns : 0;
	struct timeval tv = {.tv_sec = (time_t)(ns / NANOS_PER_S)};

	/* rounded up: never before its time */
	tv.tv_usec = (suseconds_t)((ns % NANOS_PER_S + NANOS_PER_US - 1) / NANOS_PER_US);
	if (tv.tv_usec == NANOS_PER_S / NANOS_PER_US) {
		tv.tv_sec++;
		tv.tv_usec = 0;
	}
	t->is_armed = true;
	evtimer_add(&t->event, &tv);
}

/* Towards a time of the wall clock: never more than a second without a look at the clock. */
static void arm_wall(struct loop_timer *t)
{
	int64_t left = t->at.ns - loop_wall().ns;

	arm(t, (struct nanos){left < NANOS_PER_S ? left : NANOS_PER_S});
}

static void on_timer(evutil_socket_t fd, short what, void *owner)
{
	struct loop_timer *t = owner;

	(void)fd;
	(void)what;
	if (t->at.ns && loop_wall().ns < t->at.ns) {
		arm_wall(t);
		return;
	}
	t->is_armed = false;
	t->at.ns = 0;
	if (t->every.ns)
		arm(t, t->every);
	t->fn(t->owner);
}

void loop_timer_init(struct loop_timer *t, struct loop *loop, loop_fn fn, void *owner)
{
	*t = (struct loop_timer){.loop = loop, .fn = fn, .owner = owner};
	evtimer_assign(&t->event, loop->base, on_timer, t);
}

void loop_timer_fini(struct loop_timer *t)
{
	if (t->loop)
		loop_timer_stop(t);
	t->loop = NULL;
}

void loop_timer_stop(struct loop_timer *t)
{
	if (t->is_armed)
		evtimer_del(&t->event);
	t->is_armed = false;
	t->every.ns = t->at.ns = 0;
}

void loop_timer_after(struct loop_timer *t, struct nanos span)
{
	loop_timer_stop(t);
	arm(t, span);
}

void loop_timer_every(struct loop_timer *t, struct nanos span)
{
	loop_timer_stop(t);
	t->every = span;
	arm(t, span);
}

void loop_timer_at(struct loop_timer *t, struct nanos wall)
{
	loop_timer_stop(t);
	t->at.ns = wall.ns > 0 ? wall.ns : 1;
	arm_wall(t);
}

/* ---- signals ---- */

static void on_signal(evutil_socket_t number, short what, void *owner)
{
	struct loop_signal *s = owner;

	(void)number;
	(void)what;
	s->fn(s->owner);
}

int loop_signal_init(struct loop_signal *s, struct loop *loop, int number, loop_fn fn, void *owner)
{
	*s = (struct loop_signal){.fn = fn, .owner = owner};
	if (evsignal_assign(&s->event, loop->base, number, on_signal, s) ||
	    evsignal_add(&s->event, NULL))
		return ERR_IO;
	s->loop = loop;
	return 0;
}

void loop_signal_fini(struct loop_signal *s)
{
	if (s->loop)
		evsignal_del(&s->event);
	s->loop = NULL;
}
