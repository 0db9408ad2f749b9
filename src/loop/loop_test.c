#include "loop/loop.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/tap.h"

enum { N_THREADS = 4, N_POSTS = 1000 };

static struct loop *loop;

static void stop(void *owner)
{
	(void)owner;
	loop_stop(loop);
}

static void count(void *owner)
{
	++*(int *)owner;
}

static struct nanos ms(int64_t n)
{
	return (struct nanos){n * NANOS_PER_MS};
}

static bool run_for(int64_t n_ms)
{
	struct loop_timer end;
	int rc;

	loop_timer_init(&end, loop, stop, NULL);
	loop_timer_after(&end, ms(n_ms));
	rc = loop_run(loop);
	loop_timer_fini(&end);
	return rc == 0;
}

/* ---- timers ---- */

static struct loop_timer self;
static int n_self;

static void rearm(void *owner)
{
	(void)owner;
	if (++n_self < 3)
		loop_timer_after(&self, ms(1));
	else
		loop_timer_fini(&self);
}

static struct nanos rang;

static void note_wall(void *owner)
{
	(void)owner;
	rang = loop_wall();
	loop_stop(loop);
}

static void test_timers(void)
{
	struct loop_timer once, every, stopped;
	int n_once = 0, n_every = 0, n_stopped = 0;

	loop_timer_init(&once, loop, count, &n_once);
	loop_timer_init(&every, loop, count, &n_every);
	loop_timer_init(&stopped, loop, count, &n_stopped);
	loop_timer_init(&self, loop, rearm, NULL);
	loop_timer_after(&once, ms(5));
	loop_timer_every(&every, ms(5));
	loop_timer_after(&stopped, ms(5));
	loop_timer_stop(&stopped);
	loop_timer_after(&self, ms(1));
	ok(run_for(60), "a loop runs until it is stopped");
	ok(n_once == 1 && !once.is_armed, "a timer rings once");
	ok(n_every >= 3 && every.is_armed, "or every so often (%d)", n_every);
	ok(n_stopped == 0, "or never, when it was stopped");
	ok(n_self == 3, "a timer arms itself in its own function, and ends itself");
	loop_timer_fini(&once);
	loop_timer_fini(&every);
	loop_timer_fini(&every);
	loop_timer_fini(&stopped);
}

static void test_wall(void)
{
	struct loop_timer t;
	struct timeval due = {0};
	struct timeval now;
	struct nanos at = {loop_wall().ns + 30 * NANOS_PER_MS};
	int rc;

	loop_timer_init(&t, loop, note_wall, NULL);
	loop_timer_at(&t, at);
	rc = loop_run(loop);
	ok(rc == 0 && rang.ns >= at.ns && rang.ns < at.ns + NANOS_PER_S,
	   "a time of day is kept, and never too early");
	loop_timer_at(&t, (struct nanos){loop_wall().ns + nanos_from_s(86400).ns});
	evutil_gettimeofday(&now, NULL);
	ok(event_pending(&t.event, EV_TIMEOUT, &due) && due.tv_sec - now.tv_sec <= 2,
	   "tomorrow's is looked at within a second, since the clock may be set");
	rang.ns = 0;
	loop_timer_at(&t, nanos_from_s(1));
	rc = loop_run(loop);
	ok(rc == 0 && rang.ns, "a time that is past rings at once");
	loop_timer_fini(&t);
}

/* ---- posts ---- */

static int n_posted[N_THREADS];
static bool is_in_order = true;

struct post_mark {
	int thread;
	int n;
};
static struct post_mark marks[N_THREADS][N_POSTS];

static void on_post(void *owner)
{
	const struct post_mark *m = owner;
	int sum = 0;

	is_in_order &= n_posted[m->thread] == m->n;
	n_posted[m->thread]++;
	for (int i = 0; i < N_THREADS; i++)
		sum += n_posted[i];
	if (sum == N_THREADS * N_POSTS)
		loop_stop(loop);
}

static void *post_all(void *arg)
{
	int thread = *(int *)arg;

	for (int i = 0; i < N_POSTS; i++) {
		marks[thread][i] = (struct post_mark){thread, i};
		while (loop_post(loop, on_post, &marks[thread][i]) < 0)
			;
	}
	return NULL;
}

static void test_posts(void)
{
	pthread_t threads[N_THREADS];
	int ids[N_THREADS];
	int n = 0, n_done = 0, rc;

	for (int i = 0; i < N_THREADS; i++) {
		ids[i] = i;
		pthread_create(&threads[i], NULL, post_all, &ids[i]);
	}
	rc = loop_run(loop);
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	ok(rc == 0 && is_in_order, "%d posts of %d threads arrive, each thread's in order",
	   N_THREADS * N_POSTS, N_THREADS);
	do {
		rc = loop_post(loop, count, &n_done);
		n += rc == 0;
	} while (rc == 0 && n < 100000);
	ok(rc == ERR_FULL && n == 65536, "posts to a loop that does not run are bounded");
	rc = loop_post(loop, stop, NULL) == ERR_FULL ? 0 : -1;
	loop_stop(loop);
	ok(rc == 0 && run_for(50) && run_for(50) && n_done == n, "and are called when it runs");
}

/* ---- descriptors and signals ---- */

static int ends[2];
static struct loop_fd watch;
static unsigned seen;

static void on_ready(void *owner, unsigned ready)
{
	char bytes[8];

	(void)owner;
	seen |= ready;
	if (ready & LOOP_READ && read(ends[0], bytes, sizeof bytes) <= 0)
		loop_fd_fini(&watch);
	if (ready & LOOP_WRITE && loop_fd_want(&watch, LOOP_READ) < 0)
		loop_stop(loop);
}

static void test_fds(void)
{
	struct loop_fd none = {.loop = NULL};

	ok(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "a pair of sockets");
	loop_fd_init(&watch, loop, ends[0], on_ready, NULL);
	ok(loop_fd_want(&watch, LOOP_READ | LOOP_WRITE) == 0 && run_for(10) && seen == LOOP_WRITE,
	   "a socket can be written, nothing can be read");
	seen = 0;
	ok(write(ends[1], "x", 1) == 1 && run_for(10) && seen == LOOP_READ,
	   "only what is wanted is told");
	close(ends[1]);
	ok(run_for(10) && !watch.loop, "the end of a stream is told; fini within its own function");
	loop_fd_fini(&watch);
	loop_fd_fini(&none);
	close(ends[0]);
}

static void test_signals(void)
{
	struct loop_signal s, none = {.loop = NULL};
	int n = 0;

	ok(loop_signal_init(&s, loop, SIGUSR1, count, &n) == 0, "a signal can be waited for");
	raise(SIGUSR1);
	ok(run_for(10) && n == 1, "and is told");
	loop_signal_fini(&s);
	loop_signal_fini(&none);
}

int main(void)
{
	ok(loop_new(&loop) == 0, "a loop");
	test_timers();
	test_wall();
	test_posts();
	test_fds();
	test_signals();
	loop_free(&loop);
	loop_free(&loop);
	ok(loop == NULL, "a loop is freed once");
	return tap_end();
}
