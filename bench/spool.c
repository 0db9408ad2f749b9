/* What a spool's disk takes, and how long who reserves waits for it.
 *
 *	bench-spool FOLDER [ROUNDS [MIB]]
 *	spool NAME RATIO  MB/s RAW-MB/s worst-reservation-us processor-us-per-MiB commits/s HOT-MB/s
 *	stall NAME WORST-us  waited-us descheduled-us keeper-descheduled-us refused control-us MB/s
 *
 * spool: records through a spool whose memory is full, beside raw writes to a file of the same
 * folder, O_DIRECT, 1 MiB, four at once, both with a commit every 10 ms that overlaps with the
 * writes; in turns, so that both see the same disk. Raw writes come out of as much memory as the
 * spool has; HOT: out of one and the same megabyte, which stays in the processor's cache and which
 * no log can write. NAME: plain, or sealed: each record under the
 * key of one of 16 warrants. What counts is what is safe, from the first commit on. Who reserves
 * waits for the disk there as long as it takes.
 *
 * stall: who reserves has the patience of a capture thread and keeps to a pace. NAME: half, of what
 * raw writes came to; or flood, twice that: what finds no room is refused. WORST is the longest
 * reservation; of those that took more than 5 ms, the longest time that the thread waited for
 * somebody (waited), that it could have run and had no processor (descheduled), and that the keeper
 * had none meanwhile; beside it, how late a thread was at most that only sleeps (control).
 *
 * FOLDER is on the disk; memory is /dev/shm. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "seal/vault.h"
#include "spool/device.h"
#include "spool/spool.h"

enum {
	RECORD = 800,
	BATCH = 256,
	N_OWNERS = 16,
	MEMORY = 64 << 20,
	COMMIT_NS = 10 * NANOS_PER_MS,
	LONG_NS = 5 * NANOS_PER_MS, /* a reservation that is looked at */
	TICK_NS = NANOS_PER_MS,
	PATH_LEN = 4096,
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * (int64_t)NANOS_PER_S + t.tv_nsec;
}

/* What was given back is no concern of what is measured next. */
static void settle(int fd)
{
	(void)!syncfs(fd);
	nanosleep(&(struct timespec){.tv_nsec = 200 * NANOS_PER_MS}, NULL);
}

static size_t owner(const uint8_t *bytes, size_t len, const uint8_t **name, size_t *name_len)
{
	*name = bytes;
	*name_len = 1;
	return len < RECORD ? 0 : RECORD;
}

/* Bytes a second, of raw writes out of so much memory. */
static double run_raw(const char *folder, uint64_t total, size_t span, double *commits)
{
	char path[PATH_LEN];
	uint8_t *bytes = aligned_alloc(4096, span);
	struct device *d;
	struct device_done done;
	int64_t from, committed;
	bool is_syncing = false;
	int fd, n_commits = 0;

	snprintf(path, sizeof path, "%s/raw", folder);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, S_IRUSR | S_IWUSR);
	if (!bytes || fd < 0 || posix_fallocate(fd, 0, (off_t)total) || device_new(&d, NULL, true))
		return 0;
	memset(bytes, 'x', span);
	from = committed = now_ns();
	for (uint64_t at = 0; at < total; at += DEVICE_PIECE) {
		while (!device_has_room(d) && device_next(d, nanos_from_s(1), &done))
			is_syncing &= !done.is_sync;
		device_write(d, &(struct device_piece){fd, bytes + at % span, DEVICE_PIECE, at, 0});
		if (is_syncing || now_ns() - committed < COMMIT_NS)
			continue;
		committed = now_ns();
		is_syncing = true;
		n_commits++;
		device_sync(d, fd, 0);
	}
	while (device_next(d, nanos_from_s(1), &done))
		;
	(void)!device_sync_now(d, fd);
	from = now_ns() - from;
	*commits = (double)n_commits * NANOS_PER_S / (double)from;
	device_free(&d);
	unlink(path);
	settle(fd);
	close(fd);
	free(bytes);
	return (double)total * NANOS_PER_S / (double)from;
}

/* ---- a spool ---- */

struct trial {
	char memory[sizeof "/dev/shm/bench-spool-XXXXXX"], path[PATH_LEN], disk[PATH_LEN];
	struct spool *spool;
};

static void clear(struct trial *t)
{
	int fd = open(t->disk, O_RDONLY | O_DIRECTORY);

	spool_close(&t->spool);
	for (int i = 0; i < 2; i++) {
		pid_t child = fork();

		if (child == 0) {
			execlp("rm", "rm", "-rf", i ? t->disk : t->memory, (char *)NULL);
			_exit(1);
		}
		(void)!waitpid(child, NULL, 0);
	}
	settle(fd);
	close(fd);
}

static bool prepare(struct trial *t, const char *folder, struct spool_options options)
{
	struct why why = {.offset = -1};

	*t = (struct trial){.memory = "/dev/shm/bench-spool-XXXXXX"};
	if (!mkdtemp(t->memory))
		return false;
	snprintf(t->path, sizeof t->path, "%s/spool", t->memory);
	snprintf(t->disk, sizeof t->disk, "%s/spool-disk", folder);
	options.limit = MEMORY;
	options.disk = t->disk;
	options.owner = owner;
	if (!spool_open(&t->spool, t->path, &options, &why))
		return true;
	fprintf(stderr, "%s: %s\n", why.place, why.text);
	return false;
}

static void fill(struct spool *s, const struct spool_claim *c)
{
	memset(c->bytes, 'y', c->len);
	for (size_t i = 0; i < BATCH; i++)
		c->bytes[i * RECORD] = (uint8_t)('A' + i / 4 % N_OWNERS);
	spool_commit(s, c);
}

static double processor_us(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return ((double)use.ru_utime.tv_sec + (double)use.ru_stime.tv_sec) * 1e6 +
	       (double)use.ru_utime.tv_usec + (double)use.ru_stime.tv_usec;
}

struct speed {
	double rate;     /* bytes a second that came safely to the disk */
	double worst_us; /* the longest reservation */
	double cpu_us;   /* of this process, for each MiB */
};

static struct speed run_spool(const char *folder, uint64_t total, struct vault *vault)
{
	struct trial t;
	struct spool_claim c;
	struct speed speed;
	uint64_t first = 0, safe = 0;
	double cpu = 0;
	int64_t from = 0;

	if (!prepare(&t, folder,
		     (struct spool_options){.disk_limit = 2 * total + MEMORY,
					    .vault = vault,
					    .patience = nanos_from_s(60)}))
		return (struct speed){0};
	while (!first || safe - first < total) {
		if (spool_reserve(t.spool, (size_t)BATCH * RECORD, &c))
			break;
		fill(t.spool, &c);
		safe = spool_stats(t.spool).spilled;
		if (first || !safe)
			continue;
		first = safe;
		from = now_ns();
		cpu = processor_us();
	}
	from = now_ns() - from;
	cpu = processor_us() - cpu;
	speed = (struct speed){(double)(safe - first) * NANOS_PER_S / (double)from,
			       (double)spool_stats(t.spool).worst.ns / NANOS_PER_US,
			       cpu / ((double)(safe - first) / (1 << 20))};
	clear(&t);
	return speed;
}

/* ---- stalls ---- */

/* What the kernel says of a thread's time. */
struct stint {
	int64_t wall, cpu, delay; /* ns: now; that it ran; that it could have run and did not */
};

static struct stint stint_of(int fd)
{
	char text[100];
	struct stint at = {.wall = now_ns()};
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	char *end = text;

	text[n > 0 ? n : 0] = '\0';
	at.cpu = strtoll(text, &end, 10);
	at.delay = strtoll(end, NULL, 10);
	return at;
}

/* The schedstat of the last thread of this process but `own`: the keeper's, just after it began. */
static int stat_of_newest(pid_t own)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *entry;
	char path[PATH_LEN];
	long newest = 0, id;

	while (tasks && (entry = readdir(tasks))) {
		id = strtol(entry->d_name, NULL, 10);
		if (id != own && id > newest)
			newest = id;
	}
	if (tasks)
		closedir(tasks);
	snprintf(path, sizeof path, "/proc/self/task/%ld/schedstat", newest);
	return open(path, O_RDONLY);
}

static _Atomic bool is_over;

/* How late a thread is at most that does nothing. */
static void *sleep_in_ticks(void *arg)
{
	int64_t *latest = arg, due;
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	while (!is_over) {
		due = at.tv_sec * (int64_t)NANOS_PER_S + at.tv_nsec + TICK_NS;
		at = (struct timespec){due / NANOS_PER_S, due % NANOS_PER_S};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
		if (now_ns() - due > *latest)
			*latest = now_ns() - due;
		clock_gettime(CLOCK_MONOTONIC, &at);
	}
	return NULL;
}

struct stall {
	int64_t worst, waited, descheduled, keeper; /* ns */
	uint64_t n, n_refused;
};

static void look(struct stall *s, const struct stint *before, const struct stint *keeper, int own,
		 int keepers)
{
	struct stint now = stint_of(own), its = stint_of(keepers);
	int64_t wall = now.wall - before->wall, delay = now.delay - before->delay;
	int64_t waited = wall - delay - (now.cpu - before->cpu);

	if (wall > s->worst)
		s->worst = wall;
	if (wall < LONG_NS)
		return;
	if (waited > s->waited)
		s->waited = waited;
	if (delay > s->descheduled)
		s->descheduled = delay;
	if (its.delay - keeper->delay > s->keeper)
		s->keeper = its.delay - keeper->delay;
}

/* Reserves at this many bytes a second, until so many have come. */
static struct stall run_stall(const char *folder, uint64_t total, double rate, int64_t *control)
{
	struct stall s = {0};
	struct trial t;
	struct spool_claim c;
	struct stint before, keeper;
	pthread_t sleeper;
	int own, keepers;
	int64_t from;

	is_over = false;
	if (!prepare(&t, folder, (struct spool_options){.disk_limit = 2 * total + MEMORY}))
		return s;
	keepers = stat_of_newest(getpid());
	own = open("/proc/thread-self/schedstat", O_RDONLY);
	if (pthread_create(&sleeper, NULL, sleep_in_ticks, control))
		return s;
	from = now_ns();
	for (uint64_t n = 0; n < total; n += (uint64_t)BATCH * RECORD) {
		while ((double)(now_ns() - from) * rate / NANOS_PER_S < (double)n)
			nanosleep(&(struct timespec){.tv_nsec = 20 * NANOS_PER_US}, NULL);
		keeper = stint_of(keepers);
		before = stint_of(own);
		s.n++;
		if (spool_reserve(t.spool, (size_t)BATCH * RECORD, &c))
			s.n_refused++;
		else
			fill(t.spool, &c);
		look(&s, &before, &keeper, own, keepers);
	}
	is_over = true;
	pthread_join(sleeper, NULL);
	close(own);
	close(keepers);
	clear(&t);
	return s;
}

static bool print_stall(const char *name, const char *folder, uint64_t total, double rate)
{
	int64_t control = 0;
	struct stall s = run_stall(folder, total, rate, &control);

	if (!s.n)
		return false;
	printf("stall %s %.0f  %.0f %.0f %.0f %.4f %.0f %.0f\n", name,
	       (double)s.worst / NANOS_PER_US, (double)s.waited / NANOS_PER_US,
	       (double)s.descheduled / NANOS_PER_US, (double)s.keeper / NANOS_PER_US,
	       (double)s.n_refused / (double)s.n, (double)control / NANOS_PER_US, rate / 1e6);
	fflush(stdout);
	return true;
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 3;
	uint64_t total = (argc > 3 ? strtoull(argv[3], NULL, 10) : 1024) << 20;
	char keys[PATH_LEN];
	struct vault *vault = NULL;
	struct why why = {.offset = -1};

	if (argc < 2)
		return 2;
	snprintf(keys, sizeof keys, "%s/keys", argv[1]);
	if (vault_open(&vault, keys, &why))
		return 1;
	for (int i = 0; i < 2 * rounds; i++) {
		double commits = 0, hot = run_raw(argv[1], total / 2, DEVICE_PIECE, &commits);
		double raw = run_raw(argv[1], total, MEMORY, &commits);
		struct speed ours = run_spool(argv[1], total, i % 2 ? vault : NULL);

		if (raw <= 0 || ours.rate <= 0)
			return 1;
		printf("spool %s %.3f  %.0f %.0f %.0f %.0f %.0f %.0f\n", i % 2 ? "sealed" : "plain",
		       ours.rate / raw, ours.rate / 1e6, raw / 1e6, ours.worst_us, ours.cpu_us,
		       commits, hot / 1e6);
		fflush(stdout);
		if (!print_stall(i % 2 ? "flood" : "half", argv[1], total,
				 i % 2 ? 2 * raw : raw / 2))
			return 1;
	}
	vault_close(&vault);
	return 0;
}
