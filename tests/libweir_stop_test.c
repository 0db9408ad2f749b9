/* Real sources, started and stopped at random moments, hundreds of times: a file, a pipe on which
 * nothing comes, and live capture of busy and of silent interfaces in a network namespace of the
 * test's own (skipped by name where none may be made). Usage: libweir-stop-test SAMPLE */
#include <weir/weir.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/tap.h"

/* A live ring is 8 MiB, not 64: the kernel clears it for each cycle, most of the work otherwise. */
enum { N_CYCLES = 60, N_BLOCKS = 32, WATCH_S = 100, MAX_WAIT_US = 15000, PORT = 9 };

struct counts {
	_Atomic uint64_t n_frames, n_started, n_stopped, n_results;
};

static struct weir_engine *_Atomic running;
static _Atomic bool is_over;
static uint64_t seed = 7;

static uint32_t chance(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 40) % below;
}

static void on_signal(int number)
{
	struct weir_engine *e = atomic_load(&running);

	(void)number;
	if (e)
		weir_engine_stop(e);
}

static void *strike(void *arg)
{
	struct timespec span = {0, *(long *)arg * 1000};

	nanosleep(&span, NULL);
	kill(getpid(), SIGUSR1);
	return NULL;
}

static int start(struct weir_worker *w)
{
	struct counts *c = weir_arg(w);

	c->n_started++;
	return 0;
}

static int stop(struct weir_worker *w)
{
	struct counts *c = weir_arg(w);

	c->n_stopped++;
	return 0;
}

static int batch(struct weir_worker *w, struct weir_frame *frames, int n)
{
	struct weir_result r = {.key = (uint64_t)frames[n - 1].time_ns};
	struct counts *c = weir_arg(w);

	c->n_frames += (uint64_t)n;
	return weir_publish(w, &r);
}

static int turn(struct weir_worker *w, uint64_t block)
{
	(void)w;
	(void)block;
	return 0;
}

static int result(void *arg, struct weir_result *r)
{
	struct counts *c = arg;

	(void)r;
	c->n_results++;
	return 0;
}

static bool cycle(const char *uri, int n_workers, bool is_hashed, uint64_t *n_frames)
{
	struct weir_callbacks call = {
		.start = start, .stop = stop, .batch = batch, .result = result};
	struct weir_engine_options options = {.n_workers = n_workers,
					      .is_hashed = is_hashed,
					      .combiner = WEIR_SORTED,
					      .tick_ns = 1000000};
	struct weir_source_options queues = {.n_queues = is_hashed ? 1 : n_workers,
					     .n_blocks = N_BLOCKS};
	struct weir_engine_stats stats;
	struct counts c = {0};
	struct weir_source *source;
	struct weir_engine *e;
	long wait_us = chance(MAX_WAIT_US);
	pthread_t thread;
	bool is_good;
	int rc;

	call.turn = is_hashed ? NULL : turn;
	if (weir_open(&source, uri, &queues, NULL) < 0)
		return false;
	if (weir_engine_new(&e, source, &call, &options, &c) < 0)
		abort();
	atomic_store(&running, e);
	pthread_create(&thread, NULL, strike, &wait_us);
	rc = weir_engine_run(e);
	pthread_join(thread, NULL);
	atomic_store(&running, NULL);
	weir_engine_stats(e, &stats);
	is_good = (rc == 0 || rc == WEIR_ERR_STOPPED) && c.n_started == c.n_stopped &&
		  stats.source.in_flight == 0 && stats.frames == c.n_frames &&
		  stats.reported == c.n_results && stats.results == c.n_results;
	if (!is_good)
		printf("# %s, %d workers, hashed %d: rc %d, in flight %llu, results %llu of %llu\n",
		       uri, n_workers, is_hashed, rc, (unsigned long long)stats.source.in_flight,
		       (unsigned long long)stats.reported, (unsigned long long)stats.results);
	*n_frames += c.n_frames;
	weir_engine_free(&e);
	weir_close(&source);
	return is_good;
}

static uint64_t cycles(const char *name, const char *uri)
{
	uint64_t n_frames = 0;
	bool is_good = true;

	for (int i = 0; i < N_CYCLES; i++)
		is_good &= cycle(uri, 1 + (int)chance(3), chance(2), &n_frames);
	ok(is_good, "%s: %d engines ended in good order, after %llu packets", name, N_CYCLES,
	   (unsigned long long)n_frames);
	return n_frames;
}

/* A file's header has come, and nothing else ever does. */
static void silent_pipe(const char *sample)
{
	char uri[64], header[24];
	FILE *f = fopen(sample, "rb");
	int ends[2];
	bool is_good = true;
	uint64_t n_frames = 0;

	if (!f || fread(header, sizeof header, 1, f) != 1)
		abort();
	fclose(f);
	for (int i = 0; i < N_CYCLES; i++) {
		if (pipe(ends) < 0 || write(ends[1], header, sizeof header) < 0)
			abort();
		snprintf(uri, sizeof uri, "/dev/fd/%d", ends[0]);
		is_good &= cycle(uri, 1 + (int)chance(3), chance(2), &n_frames);
		close(ends[0]);
		close(ends[1]);
	}
	ok(is_good && n_frames == 0, "a silent pipe: %d engines ended in good order", N_CYCLES);
}

static bool raise_lo(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	bool is_up;

	is_up = s >= 0 && ioctl(s, SIOCSIFFLAGS, &request) == 0;
	close(s);
	return is_up;
}

static void *chatter(void *arg)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(PORT),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timespec nap = {0, 20000};
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	sigset_t all;

	(void)arg;
	sigfillset(&all); /* the handler runs on threads that end before the engine does */
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	while (!atomic_load(&is_over)) {
		sendto(s, &to, sizeof to, 0, (struct sockaddr *)&to, sizeof to);
		nanosleep(&nap, NULL);
	}
	close(s);
	return NULL;
}

static void live(void)
{
	pthread_t thread;

	if (unshare(CLONE_NEWNET) < 0 || !raise_lo()) {
		skip("live capture is started and stopped: no network namespace may be made here");
		return;
	}
	ok(cycles("a silent interface", "int:lo") == 0, "… and none was made up");
	pthread_create(&thread, NULL, chatter, NULL);
	ok(cycles("a busy interface", "int:lo") > 0, "… some were seen");
	atomic_store(&is_over, true);
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};

	if (argc < 2)
		return 1;
	sigaction(SIGUSR1, &action, NULL);
	alarm(WATCH_S); /* a hang ends the test */
	cycles("a file", argv[1]);
	silent_pipe(argv[1]);
	live();
	return tap_end();
}
