#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scratch.h"
#include "base/tap.h"
#include "base/wr.h"
#include "spool/segment.h"
#include "spool/state.h"

enum { SEGMENT = SPOOL_SEGMENT_MIN, PATH_LEN = 200, NOBODY = 65534 };

static char top[] = "/tmp/weir-spool-XXXXXX";

static const struct spool_options small = {
	.segment_size = SEGMENT, .limit = 16 * SEGMENT, .patience = {20 * INT64_C(1000000000)}};

/* Stands in for the C library's: memory that takes its time, where that is asked for. */
static _Atomic int slowness, refusal;

int posix_fallocate(int fd, off_t offset, off_t len)
{
	usleep((useconds_t)atomic_load(&slowness));
	if (atomic_load(&refusal))
		return atomic_load(&refusal);
	return fallocate(fd, 0, offset, len) ? errno : 0;
}

static const char *path_of(const char *name)
{
	static char path[PATH_LEN];
	struct wr w = wr_of(path, sizeof path - 1);

	wr_text(&w, "%s/%s", top, name);
	path[w.len] = '\0';
	return path;
}

/* The byte that stands at this offset of every stream here. */
static uint8_t pattern(uint64_t offset)
{
	return (uint8_t)(offset * 31 + (offset >> 8) * 7 + (offset >> 16));
}

static void fill(const struct spool_claim *c)
{
	for (size_t i = 0; i < c->len; i++)
		c->bytes[i] = pattern(c->offset + i);
}

/* Whether all from..end is there, contiguous, as written; *pieces counts the peeks. */
static bool is_whole(struct spool *s, uint64_t from, int *pieces)
{
	const uint8_t *bytes;
	uint64_t at = from;
	size_t n;

	for (*pieces = 0; (n = spool_peek(s, at, &bytes)); ++*pieces, at += n)
		for (size_t i = 0; i < n; i++)
			if (bytes[i] != pattern(at + i))
				return false;
	return at == spool_end(s);
}

static bool put(struct spool *s, size_t len)
{
	struct spool_claim c;

	if (spool_reserve(s, len, &c))
		return false;
	fill(&c);
	spool_commit(s, &c);
	return true;
}

static bool is_rung(const struct spool *s)
{
	struct pollfd p = {.fd = spool_bell(s), .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void test_order(void)
{
	struct spool *s;
	struct spool_claim a, b, c;
	struct why why = {0};
	const uint8_t *bytes;

	ok(spool_open(&s, path_of("order"), &small, &why) == 0, "a new spool opens");
	ok(spool_end(s) == 0 && spool_peek(s, 0, &bytes) == 0 && !is_rung(s), "it is empty");
	ok(!spool_reserve(s, 10, &a) && !spool_reserve(s, 20, &b) && !spool_reserve(s, 30, &c),
	   "three reservations");
	ok(a.offset == 0 && b.offset == 10 && c.offset == 30, "lie behind one another");
	fill(&c), spool_commit(s, &c);
	fill(&b), spool_commit(s, &b);
	ok(spool_end(s) == 0 && spool_peek(s, 0, &bytes) == 0 && !is_rung(s),
	   "what is committed behind an open claim is not seen");
	fill(&a), spool_commit(s, &a);
	ok(spool_end(s) == 60 && is_rung(s), "with the first all are, and the bell rings");
	spool_hush(s);
	ok(!is_rung(s), "hushed, it is silent");
	ok(spool_peek(s, 0, &bytes) == 60 && bytes[59] == pattern(59), "all lies in one piece");
	ok(spool_peek(s, 45, &bytes) == 15 && bytes[0] == pattern(45), "or from the middle on");
	ok(spool_peek(s, 60, &bytes) == 0 && spool_peek(s, 1000, &bytes) == 0,
	   "not beyond the end");
	spool_ack(s, 61);
	ok(spool_acked(s) == 0, "more than there is cannot be acknowledged");
	spool_ack(s, 25);
	spool_ack(s, 5);
	ok(spool_acked(s) == 25, "nor is an acknowledgement taken back");
	spool_close(&s);
	ok(!s, "closing forgets");
	spool_close(&s);
}

static void test_segments(void)
{
	struct spool *s;
	struct why why = {0};
	uint64_t end, id;
	int pieces;
	bool all = true;

	(void)!spool_open(&s, path_of("segments"), &small, &why);
	id = spool_id(s);
	for (int i = 0; i < 40; i++)
		all &= put(s, 10000);
	end = spool_end(s);
	ok(all && end == 400000 && is_whole(s, 0, &pieces) && pieces == 7,
	   "reservations never lie across two segments");
	ok(put(s, 3 * SEGMENT) && is_whole(s, 0, &pieces) && pieces == 8,
	   "one that is longer than a segment has its own");
	spool_ack(s, 395000);
	spool_close(&s);
	ok(!spool_open(&s, path_of("segments"), &small, &why) && spool_id(s) == id &&
		   spool_acked(s) == 395000 && spool_end(s) == 400000 + 3 * SEGMENT,
	   "opened again, it is what it was");
	ok(is_whole(s, 395000, &pieces), "with its bytes");
	ok(put(s, 1000) && is_whole(s, 395000, &pieces), "and goes on");
	spool_ack(s, spool_end(s));
	spool_close(&s);
	(void)!spool_open(&s, path_of("segments"), &small, &why);
	ok(spool_end(s) == 401000 + 3 * SEGMENT && put(s, 1000) && spool_size(s) <= 2 * SEGMENT,
	   "all acknowledged, it goes on in a fresh segment");
	for (int i = 0; i < 1000; i++) {
		all &= put(s, 10000);
		if (i % 7 == 6)
			all &= is_whole(s, spool_acked(s), &pieces);
		spool_ack(s, spool_end(s) - 5000);
	}
	ok(all && spool_size(s) <= 3 * SEGMENT, "a spool that is read stays small");
	spool_close(&s);
}

static void test_limit(void)
{
	struct spool *s;
	struct why why = {0};
	int n = 0, pieces;

	(void)!spool_open(&s, path_of("limit"), &small, &why);
	while (n < 100 && put(s, SEGMENT / 2))
		n++;
	ok(n == 32 && strstr(spool_why(s)->text, "limit") && spool_size(s) <= spool_limit(s),
	   "full at its limit: %s", spool_why(s)->text);
	ok(is_whole(s, 0, &pieces), "what it has stays");
	spool_ack(s, SEGMENT);
	ok(put(s, SEGMENT / 2) && put(s, SEGMENT / 2) && !put(s, SEGMENT / 2),
	   "what is acknowledged makes room");
	ok(is_whole(s, SEGMENT, &pieces), "and nothing is overwritten");
	spool_close(&s);
}

static void test_user(void)
{
	static char longest[SPOOL_USER_MAX];
	struct spool *s;
	struct spool_claim c;
	struct why why = {0};
	const void *user;

	(void)!spool_open(&s, path_of("user"), &small, &why);
	ok(spool_user(s, &user) == 0, "a new spool has no user area");
	(void)!spool_reserve(s, 100, &c);
	fill(&c);
	spool_commit_with(s, &c, "first", 5);
	ok(spool_end(s) == 100 && spool_user(s, &user) == 5 && !memcmp(user, "first", 5),
	   "committed with the bytes");
	ok(put(s, 10) && put(s, 10) && put(s, 10) && spool_user(s, &user) == 5 &&
		   !memcmp(user, "first", 5),
	   "it stays while the end moves");
	memset(longest, 'x', sizeof longest);
	spool_set_user(s, longest, sizeof longest);
	spool_set_user(s, longest, sizeof longest - 1);
	(void)put(s, 10);
	spool_close(&s);
	ok(!spool_open(&s, path_of("user"), &small, &why) &&
		   spool_user(s, &user) == sizeof longest - 1 &&
		   !memcmp(user, longest, sizeof longest - 1) && spool_end(s) == 140,
	   "and is there again");
	spool_close(&s);
}

/* ---- many fillers ---- */

enum { N_FILLERS = 4, N_CLAIMS = 4000 };

struct crew {
	struct spool *spool;
	pthread_mutex_t turn;
	_Atomic int n_made, n_failed;
};

static void *run_filler(void *arg)
{
	struct crew *crew = arg;
	struct spool_claim c;
	int rc = 0, i;

	while (!rc) {
		pthread_mutex_lock(&crew->turn);
		i = atomic_load(&crew->n_made);
		do
			rc = i < N_CLAIMS
				     ? spool_reserve(crew->spool, 1 + (size_t)i * 37 % 3000, &c)
				     : ERR_END;
		while (rc == ERR_FULL && !sched_yield());
		if (!rc)
			atomic_fetch_add(&crew->n_made, 1);
		pthread_mutex_unlock(&crew->turn);
		if (!rc) {
			fill(&c);
			spool_commit(crew->spool, &c);
		}
	}
	atomic_fetch_add(&crew->n_failed, rc != ERR_END);
	return NULL;
}

/* Reads until all is there; returns whether every byte was right. */
static bool read_all(struct crew *crew, uint64_t wanted)
{
	struct pollfd p = {.fd = spool_bell(crew->spool), .events = POLLIN};
	const uint8_t *bytes;
	uint64_t at = 0;
	bool is_right = true;
	size_t n;

	while (at < wanted && poll(&p, 1, 20000) == 1) {
		spool_hush(crew->spool);
		while ((n = spool_peek(crew->spool, at, &bytes))) {
			for (size_t i = 0; i < n; i++)
				is_right &= bytes[i] == pattern(at + i);
			at += n;
			spool_ack(crew->spool, at);
		}
	}
	return is_right && at == wanted;
}

static void test_fillers(void)
{
	struct crew crew = {.turn = PTHREAD_MUTEX_INITIALIZER};
	pthread_t threads[N_FILLERS];
	struct why why = {0};
	uint64_t wanted = 0;

	for (int i = 0; i < N_CLAIMS; i++)
		wanted += 1 + (uint64_t)i * 37 % 3000;
	(void)!spool_open(&crew.spool, path_of("fillers"), &small, &why);
	for (int i = 0; i < N_FILLERS; i++)
		pthread_create(&threads[i], NULL, run_filler, &crew);
	ok(read_all(&crew, wanted), "a reader sees what four fillers wrote, in order");
	for (int i = 0; i < N_FILLERS; i++)
		pthread_join(threads[i], NULL);
	ok(!atomic_load(&crew.n_failed) && spool_end(crew.spool) == wanted, "and nothing else");
	spool_close(&crew.spool);
}

/* ---- a process that is killed ---- */

/* Reserves two ahead, fills and commits; tells each end and each user area by the pipe. */
static void run_victim(const char *path, int told)
{
	struct spool *s;
	struct spool_claim c, open;
	struct why why = {0};
	uint64_t end;

	if (spool_open(&s, path, &small, &why))
		_exit(1);
	for (uint64_t i = 0;; i++) {
		if (spool_reserve(s, 100 + i % 900, &c))
			_exit(1);
		memset(c.bytes, 0xee, c.len);
		fill(&c);
		if (i % 3) {
			spool_commit(s, &c);
		} else {
			end = c.offset + c.len;
			spool_commit_with(s, &c, &end, sizeof end);
		}
		end = spool_end(s);
		if (write(told, &end, sizeof end) != sizeof end)
			_exit(1);
		if (i == 150 && !spool_reserve(s, 100, &open)) /* never filled */
			for (i++;; i++) {
				if (spool_reserve(s, 100, &c))
					pause();
				fill(&c);
				spool_commit(s, &c);
			}
	}
}

static void test_kill(unsigned delay_us)
{
	char path[PATH_LEN];
	struct spool *s;
	struct why why = {0};
	const void *user;
	uint64_t last = 0, end;
	int pipes[2], status, pieces;
	pid_t child;

	snprintf(path, sizeof path, "%s/kill-%u", top, delay_us);
	fflush(stdout);
	if (pipe(pipes) || (child = fork()) < 0) {
		ok(false, "no process: %s", strerror(errno));
		return;
	}
	if (!child)
		run_victim(path, pipes[1]);
	close(pipes[1]);
	(void)!read(pipes[0], &last, sizeof last);
	usleep(delay_us);
	kill(child, SIGKILL);
	while (read(pipes[0], &end, sizeof end) == sizeof end)
		last = end;
	close(pipes[0]);
	waitpid(child, &status, 0);
	ok(WIFSIGNALED(status), "killed after %u us, at %llu", delay_us, (unsigned long long)last);
	if (!ok(!spool_open(&s, path, &small, &why), "it opens again%s%s", *why.text ? ": " : "",
		why.text))
		return;
	ok(spool_end(s) >= last && is_whole(s, 0, &pieces), "all that was committed is there");
	ok(spool_user(s, &user) == sizeof end &&
		   (memcpy(&end, user, sizeof end), end) <= spool_end(s),
	   "with a user area of its time");
	end = spool_end(s);
	ok(put(s, 5000) && spool_end(s) == end + 5000 && is_whole(s, 0, &pieces),
	   "what was not is cut, and the stream goes on behind it");
	spool_close(&s);
}

/* ---- refusals ---- */

/* The name of the file that holds the stream from base on; "" where there is none. */
static const char *file_of(const char *name, uint64_t base)
{
	static char file[SEGMENT_NAME_LEN];
	struct spool_head head;

	for (uint64_t number = 0; number < 100; number++) {
		char path[PATH_LEN];
		int fd;

		segment_name(number, file);
		snprintf(path, sizeof path, "%s/%s/%s", top, name, file);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		if (read(fd, &head, sizeof head) == sizeof head && head.base == base) {
			close(fd);
			return file;
		}
		close(fd);
	}
	return "";
}

static void make_spool(const char *name)
{
	struct spool *s;
	struct why why = {0};

	(void)!spool_open(&s, path_of(name), &small, &why);
	for (int i = 0; i < 20; i++)
		(void)put(s, 10000);
	spool_set_user(s, "x", 1);
	spool_close(&s);
}

static void change_file(const char *name, const char *file, off_t offset, off_t size)
{
	char path[PATH_LEN];
	int fd;

	snprintf(path, sizeof path, "%s/%s/%s", top, name, file);
	fd = open(path, O_RDWR);
	if (size >= 0)
		(void)!ftruncate(fd, size);
	else
		(void)!pwrite(fd, "\xa5", 1, offset);
	close(fd);
}

static void refuses(const char *name, const char *file, int64_t offset, const char *text)
{
	struct spool *s;
	struct why why = {.offset = -1};
	int rc = spool_open(&s, path_of(name), &small, &why);

	ok(rc == ERR_BAD && strstr(why.text, text) && strstr(why.place, file) &&
		   why.offset == offset,
	   "%s: %s at %lld: %s (%d)", name, why.place, (long long)why.offset, why.text, rc);
	spool_close(&s);
}

/* Damages the file that holds the stream's first bytes, and looks how that is said. */
static void damaged_is_refused(const char *name, off_t offset, off_t size, int64_t at,
			       const char *text)
{
	char file[SEGMENT_NAME_LEN];

	make_spool(name);
	snprintf(file, sizeof file, "%s", file_of(name, 0));
	change_file(name, file, offset, size);
	refuses(name, file, at, text);
}

/* Octets of the folder's files that are those of a stream's records. */
static size_t n_left(const char *name)
{
	static uint8_t bytes[SPOOL_PAGE + SEGMENT];
	char path[PATH_LEN + 40];
	size_t left = 0;

	for (unsigned number = 0; number < 64; number++) {
		ssize_t n;
		int fd;

		snprintf(path, sizeof path, "%s/%08x.segment", path_of(name), number);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);
		if (fd >= 0)
			close(fd);
		for (ssize_t i = SPOOL_PAGE; i < n; i++)
			left += bytes[i] != 0;
	}
	return left;
}

static void look_so_often(struct spool *s, int n)
{
	while (n--)
		(void)spool_scour(s, SIZE_MAX);
}

static void test_scour(void)
{
	struct spool_claim open_claim;
	struct spool *s;
	uint64_t half;
	int pieces;

	ok(!spool_open(&s, path_of("scour"), &small, NULL), "a spool that is to forget");
	for (int i = 0; i < 60; i++)
		put(s, 8000);
	half = spool_end(s) / 2;
	spool_ack(s, half);
	look_so_often(s, 2 * SPOOL_QUIET_LOOKS);
	ok(is_whole(s, half, &pieces), "what is not acknowledged stays");
	spool_ack(s, spool_end(s));
	look_so_often(s, SPOOL_QUIET_LOOKS - 1);
	ok(n_left("scour") > 100000, "what is acknowledged stays for a while: it is used again");
	look_so_often(s, 2);
	ok(!n_left("scour"), "and is zeros then, to the last octet: %zu are left", n_left("scour"));
	for (int i = 0; i < 30; i++)
		put(s, 8000);
	ok(is_whole(s, 2 * half, &pieces) && pieces > 1, "the stream goes on");
	spool_close(&s);
	ok(!spool_open(&s, path_of("scour"), &small, NULL) && is_whole(s, 2 * half, &pieces),
	   "also after a restart");
	spool_ack(s, spool_end(s));
	look_so_often(s, SPOOL_QUIET_LOOKS + 1);
	ok(!n_left("scour"), "what lay there before is forgotten, too");
	ok(!spool_reserve(s, 100, &open_claim), "room is reserved");
	look_so_often(s, 3 * SPOOL_QUIET_LOOKS);
	fill(&open_claim);
	spool_commit(s, &open_claim);
	ok(is_whole(s, spool_end(s) - 100, &pieces), "what is being filled is let alone");
	spool_close(&s);
}

static void test_refusals(void)
{
	char from[PATH_LEN], to[PATH_LEN], file[SEGMENT_NAME_LEN];

	damaged_is_refused("cut", 0, SEGMENT, SEGMENT, "torn");
	damaged_is_refused("short", 0, 20, 20, "ends within");
	damaged_is_refused("foreign", 0, -1, 0, "no file of a spool");
	damaged_is_refused("version", 8, -1, 8, "version");
	damaged_is_refused("head", 40, -1, offsetof(struct spool_head, hash), "damaged");
	make_spool("state");
	change_file("state", "state", 0, 100);
	refuses("state", "state", 100, "no whole state");
	make_spool("slots");
	change_file("slots", "state", SPOOL_PAGE + 8, -1);
	change_file("slots", "state", SPOOL_PAGE + STATE_SLOT_LEN + 8, -1);
	refuses("slots", "state", SPOOL_PAGE, "damaged");
	make_spool("older");
	change_file("older", "state", 8, -1);
	refuses("older", "state", 8, "deliver what is there");
	make_spool("other");
	make_spool("one");
	snprintf(file, sizeof file, "%s", file_of("one", 0));
	snprintf(to, sizeof to, "%s/one/%s", top, file);
	snprintf(from, sizeof from, "%s/other/%s", top, file_of("other", 0));
	(void)!rename(from, to);
	refuses("one", file, offsetof(struct spool_head, id), "another spool");
	refuses("other", "other", -1, "missing");
	make_spool("gap");
	snprintf(from, sizeof from, "%s/gap/%s", top, file_of("gap", 60000));
	ok(!unlink(from), "a segment in the middle is taken away");
	refuses("gap", "gap", -1, "missing");
}

static void test_half_state(void)
{
	struct spool *s;
	struct why why = {0};
	const void *user;
	int pieces;

	make_spool("half");
	change_file("half", "state", SPOOL_PAGE + 8, -1);
	ok(!spool_open(&s, path_of("half"), &small, &why) && spool_end(s) == 200000 &&
		   is_whole(s, 0, &pieces) && spool_user(s, &user) <= 1,
	   "with one of two ends damaged, the other counts");
	spool_close(&s);
}

/* Runs as somebody without rights; exits with 0 where the spool is refused with reason. */
static int try_as_nobody(const char *name, int wanted)
{
	struct spool *s;
	struct why why = {0};
	char text[WHY_TEXT_LEN + WHY_PLACE_LEN];
	int status, rc;
	pid_t child;

	fflush(stdout); /* or the child says it again */
	child = fork();
	if (child == 0) {
		if (setgid(NOBODY) || setuid(NOBODY))
			_exit(2);
		rc = spool_open(&s, path_of(name), &small, &why);
		why_print(&why, text, sizeof text);
		printf("# %s\n", text);
		fflush(stdout);
		_exit(rc != wanted || !strstr(why.text, "ermission"));
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_rights(void)
{
	struct spool *s, *again;
	struct why why = {0};

	(void)!spool_open(&s, path_of("rights"), &small, &why);
	ok(spool_open(&again, path_of("rights"), &small, &why) == ERR_ACCESS && !again &&
		   strstr(why.text, "in use"),
	   "a spool opens once at a time: %s", why.text);
	spool_close(&s);
	if (geteuid()) {
		skip("a folder without rights is refused: this needs root");
		return;
	}
	(void)!chmod(top, 0755);
	fflush(stdout);
	ok(try_as_nobody("rights", ERR_ACCESS) == 0, "a folder of somebody else is refused");
	ok(try_as_nobody("absent", ERR_ACCESS) == 0, "a place where none may be made, too");
	why = (struct why){0};
	ok(spool_open(&s, path_of("no/where"), &small, &why) == ERR_ABSENT && !s &&
		   strstr(why.place, "no/where"),
	   "so is one whose parent is not there: %s", why.text);
}

static void test_late(void)
{
	const struct spool_options options = {.segment_size = SEGMENT, .limit = 64 * SEGMENT};
	struct why why = {0};
	struct spool *s;
	int n = 0, pieces;

	if (spool_open(&s, path_of("late"), &options, &why)) {
		ok(false, "opened: %s", why.text);
		return;
	}
	atomic_store(&slowness, 50000);
	while (n < 60 && put(s, SEGMENT / 2))
		n++;
	atomic_store(&slowness, 0);
	ok(n == 60 && !spool_stats(s).n_refused && spool_stats(s).worst.ns > 15 * NANOS_PER_MS,
	   "a keeper that is late is waited for while memory has room: %d", n);
	ok(is_whole(s, 0, &pieces), "and nothing is lost");
	spool_close(&s);
}

static int run_on_full_disk(void)
{
	struct spool_options options = {
		.segment_size = 256 << 10, .limit = 16 << 20, .patience = small.patience};
	struct spool *s;
	struct why why = {0};
	const char *dir = path_of("");
	char path[PATH_LEN];
	int n = 0, pieces, rc;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", dir, "tmpfs", 0, "size=1m"))
		return 77;
	snprintf(path, sizeof path, "%s/full", dir);
	rc = spool_open(&s, path, &options, &why);
	if (rc)
		return 1;
	while (put(s, 100000))
		n++;
	printf("# %s: %s\n", spool_why(s)->place, spool_why(s)->text);
	rc = n < 6 || !strstr(spool_why(s)->text, "space") || !is_whole(s, 0, &pieces);
	spool_ack(s, 300000);
	rc |= !put(s, 100000) || !is_whole(s, 300000, &pieces);
	fflush(stdout);
	return rc;
}

static struct spool *open_of(const char *name, uint64_t limit)
{
	const struct spool_options options = {.limit = limit};
	struct why why = {0};
	struct spool *s;

	if (spool_open(&s, path_of(name), &options, &why))
		printf("# %s: %s\n", why.place, why.text);
	return s;
}

/* Where no file can be made any more, a small limit's memory is there already; a large one has no
 * more of it at hand. */
static void test_ahead(void)
{
	const unsigned limit = 1 << 20, most = 4 << 20;
	struct spool *s = open_of("ahead", limit);
	char name[16];

	atomic_store(&refusal, EFBIG);
	while (s && put(s, 1000))
		;
	atomic_store(&refusal, 0);
	ok(s && spool_end(s) > limit - limit / 16,
	   "no file can be made any more: memory holds %u bytes of its %u",
	   s ? (unsigned)spool_end(s) : 0, limit);
	spool_close(&s);
	for (unsigned i = 1; i <= 64; i *= 4) {
		unsigned ready = 0;

		snprintf(name, sizeof name, "rest %u", i);
		s = open_of(name, (uint64_t)i * limit);
		ready = s ? (unsigned)spool_stats(s).ready : 0;
		ok(ready <= most && ready >= (i < 4 ? i : 3) * limit,
		   "a limit of %u MiB: %u KiB are ready at rest", i, ready >> 10);
		spool_close(&s);
	}
}

static void test_full_disk(void)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = geteuid() ? -1 : fork();
	if (child == 0)
		_exit(run_on_full_disk());
	if (child > 0)
		waitpid(child, &status, 0);
	if (child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 77))
		skip("a full disk: this needs the right to mount");
	else
		ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		   "on a full disk it says so, keeps what it has, and goes on when there is room");
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	test_order();
	test_segments();
	test_limit();
	test_user();
	test_fillers();
	test_kill(0);
	test_kill(2000);
	test_kill(30000);
	test_scour();
	test_refusals();
	test_half_state();
	test_rights();
	test_late();
	test_full_disk();
	test_ahead();
	scratch_remove(top);
	return tap_end();
}
