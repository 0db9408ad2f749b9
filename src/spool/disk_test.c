/* Spools whose memory is too small for them: order, kills, damage, and disks that refuse. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/scratch.h"
#include "base/tap.h"
#include "seal/vault.h"
#include "spool/block.h"
#include "spool/file.h"
#include "spool/pattern.h"
#include "spool/segment.h"
#include "spool/state.h"

enum {
	SEGMENT = SPOOL_SEGMENT_MIN,
	LIMIT = 8 * SEGMENT,
	DISK_LIMIT = 64 << 20,
	BATCH = 20, /* records */
	WAIT_MS =
		60000, /* the longest for what a slow disk, or a keeper without a processor, does */
	PATH_LEN = 200,
};

static char top[] = "/tmp/weir-disk-XXXXXX";
static char memory_path[PATH_LEN], disk_path[PATH_LEN];

static struct spool_options options_of(const char *name)
{
	snprintf(memory_path, sizeof memory_path, "%s/%s.memory", top, name);
	snprintf(disk_path, sizeof disk_path, "%s/%s.disk", top, name);
	return (struct spool_options){.segment_size = SEGMENT,
				      .limit = LIMIT,
				      .disk = disk_path,
				      .disk_limit = DISK_LIMIT,
				      .owner = pattern_owner,
				      .patience = nanos_from_s(20)};
}

static struct spool *open_one(const char *name, struct vault *vault)
{
	struct spool_options options = options_of(name);
	struct why why = {.offset = -1};
	struct spool *s;
	char text[WHY_TEXT_LEN + WHY_PLACE_LEN];

	options.vault = vault;
	if (spool_open(&s, memory_path, &options, &why)) {
		why_print(&why, text, sizeof text);
		printf("# %s: %s\n", name, text);
	}
	return s;
}

static bool put_bytes(struct spool *s, uint64_t len)
{
	uint64_t until = spool_end(s) + len;

	while (spool_end(s) < until) {
		if (pattern_put(s, BATCH))
			return false;
	}
	return true;
}

/* The same where the disk has refused a moment ago: what it gives back comes in its own time. */
static bool put_in_time(struct spool *s, uint64_t len)
{
	uint64_t until = spool_end(s) + len;

	for (int i = 0; i < WAIT_MS && spool_end(s) < until; i++)
		usleep(pattern_put(s, BATCH) ? 1000 : 0);
	return spool_end(s) >= until;
}

static bool until_spilled(struct spool *s, uint64_t len)
{
	for (int i = 0; i < WAIT_MS && spool_stats(s).spilled < len; i++)
		usleep(1000);
	return spool_stats(s).spilled >= len;
}

/* What was on its way to the disk still comes there, and goes at once. */
static bool until_off_disk(struct spool *s)
{
	for (int i = 0; i < WAIT_MS && spool_stats(s).is_on_disk; i++)
		usleep(1000);
	return !spool_stats(s).is_on_disk;
}

static bool reads_all(struct spool *s)
{
	bool are_whole;
	uint64_t at = pattern_read(s, spool_acked(s), &are_whole);

	if (at != spool_end(s) || !are_whole)
		printf("# from %llu read to %llu of %llu, hole to %llu%s\n",
		       (unsigned long long)spool_acked(s), (unsigned long long)at,
		       (unsigned long long)spool_end(s), (unsigned long long)spool_hole(s, at),
		       are_whole ? "" : ", in parts");
	return at == spool_end(s) && are_whole;
}

static void test_order(struct vault *vault, const char *name)
{
	struct spool *s = open_one(name, vault);
	struct spool_stats stats;
	uint64_t end, acked = 5 * LIMIT / RECORD_LEN * RECORD_LEN;
	bool is_enough = false;

	ok(put_bytes(s, LIMIT / 4) && reads_all(s) && !spool_stats(s).spilled,
	   "%s: what memory has room for stays there", name);
	ok(put_bytes(s, 20 * LIMIT), "what it has not goes to disk");
	stats = spool_stats(s);
	ok(stats.disk > 18 * LIMIT && stats.memory <= LIMIT, "%llu there, %llu here",
	   (unsigned long long)stats.disk, (unsigned long long)stats.memory);
	ok(reads_all(s), "the reader sees one stream, in whole records");
	end = spool_end(s);
	spool_ack(s, acked);
	spool_close(&s);
	s = open_one(name, vault);
	ok(s && spool_end(s) == end && spool_acked(s) == acked && reads_all(s),
	   "opened again, it is what it was");
	ok(put_bytes(s, 10 * LIMIT) && reads_all(s), "and goes on");
	spool_ack(s, spool_end(s) - RECORD_LEN);
	ok(until_off_disk(s) && reads_all(s), "read, nothing is on disk any more");
	/* what was on its way to the disk may still come there */
	for (int i = 0, n = 0; i < 20000 && n < 200; i++, n++) {
		stats = spool_stats(s);
		(void)put_bytes(s, SEGMENT / 4);
		spool_ack(s, spool_end(s));
		n = spool_stats(s).spilled == stats.spilled ? n : 0;
		is_enough = n == 199;
	}
	ok(is_enough, "and memory is enough again");
	spool_close(&s);
}

static void test_long(void)
{
	struct spool *s = open_one("long", NULL);

	ok(!pattern_put(s, LIMIT / 2 / RECORD_LEN) && !pattern_put(s, LIMIT / 3 / RECORD_LEN) &&
		   !pattern_put(s, LIMIT / 2 / RECORD_LEN) && put_bytes(s, 3 * LIMIT) &&
		   !pattern_put(s, LIMIT / 2 / RECORD_LEN),
	   "reservations longer than a segment find their way");
	ok(reads_all(s), "in order too");
	ok(pattern_put(s, 2 * LIMIT / RECORD_LEN) == ERR_FULL, "one longer than memory is refused");
	ok(put_bytes(s, LIMIT) && reads_all(s), "and nothing else is lost by it");
	spool_close(&s);
}

/* ---- sealing ---- */

static bool file_has(const char *name, const char *wanted, size_t len)
{
	char path[PATH_LEN];
	bool has = false;
	size_t n;
	FILE *f;
	char *bytes = malloc(DISK_LIMIT);

	snprintf(path, sizeof path, "%s/%s.disk/00000000.disk", top, name);
	f = fopen(path, "r");
	n = f ? fread(bytes, 1, DISK_LIMIT, f) : 0;
	if (f)
		fclose(f);
	has = n && memmem(bytes, n, wanted, len);
	free(bytes);
	return has;
}

static void test_shredding(void)
{
	char path[PATH_LEN], wanted[64];
	struct vault *vault;
	struct spool *s;
	struct why why = {.offset = -1};
	uint64_t key, at = 0, n_holes = 0, n_read = 0, holes_len = 0;
	const uint8_t *bytes;
	bool is_right = true;
	size_t n;

	snprintf(path, sizeof path, "%s/keys", top);
	(void)!vault_open(&vault, path, &why);
	s = open_one("plain", NULL);
	(void)put_bytes(s, 4 * LIMIT);
	spool_close(&s);
	s = open_one("sealed", vault);
	(void)put_bytes(s, 4 * LIMIT);
	pattern_fill((uint8_t *)wanted, sizeof wanted, 3 * RECORD_LEN);
	ok(file_has("plain", wanted, sizeof wanted) && !file_has("sealed", wanted, sizeof wanted),
	   "without keys the disk has what was written, with keys it has not");
	ok(vault_find(vault, "A", 1) && vault_find(vault, "C", 1) && reads_all(s),
	   "each owner has a key, and the reader sees what was written");
	ok(!vault_destroy(vault, "B", 1, &key, &why), "one key is destroyed");
	spool_close(&s);
	s = open_one("sealed", vault);
	while (at < spool_end(s)) {
		uint64_t next = spool_hole(s, at);

		n_holes += next != at;
		holes_len += next - at;
		is_right &= next == at || (pattern(at) == 'B' && next == at + RECORD_LEN);
		at = next;
		n = spool_peek(s, at, &bytes);
		is_right &= n % RECORD_LEN == 0 && pattern_is(bytes, n, at);
		n_read += n;
		at += n;
	}
	ok(n_holes > 100 && n_read + holes_len == spool_end(s) && is_right,
	   "its records on disk are holes, all others are there: %llu holes, %llu octets read",
	   (unsigned long long)n_holes, (unsigned long long)n_read);
	ok(spool_stats(s).lost == holes_len, "and that is counted");
	spool_ack(s, spool_end(s));
	ok(put_bytes(s, 4 * LIMIT) && reads_all(s), "later records have another key");
	spool_close(&s);
	vault_close(&vault);
}

/* ---- kills ---- */

static void run_victim(const char *name, int told, struct vault *vault, unsigned ack)
{
	struct spool *s = open_one(name, vault);
	uint64_t ends[2] = {0};

	while (s && !pattern_put(s, BATCH)) {
		ends[0] = spool_end(s);
		spool_set_user(s, ends, sizeof ends[0]);
		if (ack && ends[0] > ack)
			spool_ack(s, (ends[0] - ack) / RECORD_LEN * RECORD_LEN);
		ends[1] = spool_acked(s);
		if (write(told, ends, sizeof ends) != sizeof ends)
			_exit(1);
	}
	_exit(1);
}

/* ack: what stays unread; 0: nothing is read. */
static void test_kill(unsigned delay_us, unsigned ack, struct vault *vault)
{
	char name[40];
	uint64_t ends[2] = {0}, last = 0, user = 0;
	const void *area;
	struct spool *s;
	int pipes[2], status;
	pid_t child;

	snprintf(name, sizeof name, "kill-%u-%u-%d", delay_us, ack, vault != NULL);
	fflush(stdout);
	if (pipe(pipes) || (child = fork()) < 0) {
		ok(false, "no process: %s", strerror(errno));
		return;
	}
	if (!child)
		run_victim(name, pipes[1], vault, ack);
	close(pipes[1]);
	(void)!read(pipes[0], ends, sizeof ends);
	/* measured in what it wrote, so that a slow machine is killed at the same places */
	for (unsigned i = 0; i < delay_us && read(pipes[0], ends, sizeof ends) > 0; i++)
		last = ends[0];
	kill(child, SIGKILL);
	while (read(pipes[0], ends, sizeof ends) == sizeof ends)
		last = ends[0];
	close(pipes[0]);
	waitpid(child, &status, 0);
	s = open_one(name, vault);
	if (!ok(s != NULL, "%s: killed at %llu, it opens again", name, (unsigned long long)last))
		return;
	ok(spool_end(s) >= last && reads_all(s), "all that was committed is there");
	ok(spool_user(s, &area) == sizeof user && (memcpy(&user, area, sizeof user), true) &&
		   user + (uint64_t)BATCH * RECORD_LEN >= spool_end(s) && user <= spool_end(s),
	   "with a user area of its time");
	ok(put_bytes(s, 3 * LIMIT) && reads_all(s), "and it goes on");
	spool_close(&s);
}

static void test_kills(void)
{
	static const unsigned seeds[] = {1, 13, 47, 101, 163, 211, 307, 419};
	char path[PATH_LEN];
	struct vault *vault;
	struct why why = {.offset = -1};

	snprintf(path, sizeof path, "%s/kill-keys", top);
	(void)!vault_open(&vault, path, &why);
	for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
		test_kill(seeds[i], 0, i % 2 ? vault : NULL);
		test_kill(seeds[i] * 2, 3 * LIMIT, NULL);
	}
	vault_close(&vault);
}

/* ---- damage ---- */

static void change(const char *name, const char *file, off_t at, off_t size)
{
	char path[PATH_LEN + 40];
	uint8_t byte = 0;
	int fd;

	snprintf(path, sizeof path, "%s/%s.disk/%s", top, name, file);
	fd = open(path, O_RDWR);
	if (at >= 0) {
		(void)!pread(fd, &byte, 1, at);
		byte ^= 0x20;
		(void)!pwrite(fd, &byte, 1, at);
	} else {
		(void)!ftruncate(fd, size);
	}
	close(fd);
}

/* Reads over holes; whether no byte was wrong. */
static bool reads_around(struct spool *s, uint64_t *lost)
{
	uint64_t at = spool_acked(s);
	const uint8_t *bytes;
	size_t n;

	*lost = 0;
	while (at < spool_end(s)) {
		uint64_t next = spool_hole(s, at);

		*lost += next - at;
		at = next;
		n = spool_peek(s, at, &bytes);
		if ((!n && at < spool_end(s) && spool_hole(s, at) == at) ||
		    !pattern_is(bytes, n, at))
			return false;
		at += n;
	}
	return at == spool_end(s);
}

/* One byte of the second block's, at: from the block's beginning. */
static void test_flip(struct vault *vault, off_t at, const char *what, bool is_lost)
{
	static int n;
	char name[40];
	struct spool *s;
	struct block_head head;
	uint8_t bytes[BLOCK_HEAD_LEN];
	uint64_t lost = 0;
	char path[PATH_LEN];
	bool is_right;
	int fd;

	snprintf(name, sizeof name, "flip-%d", n++);
	s = open_one(name, vault);
	(void)put_bytes(s, 2 * LIMIT);
	(void)until_spilled(s, LIMIT);
	spool_close(&s);
	snprintf(path, sizeof path, "%s/%s.disk/00000000.disk", top, name);
	fd = open(path, O_RDONLY);
	(void)!pread(fd, bytes, sizeof bytes, SPOOL_PAGE);
	close(fd);
	if (!ok(!block_head_read(&head, bytes, NULL), "there is a block"))
		return;
	change(name, "00000000.disk", SPOOL_PAGE + (off_t)block_room(&head) + at, 0);
	s = open_one(name, vault);
	if (!ok(s != NULL, "%s of a block is changed: the spool opens", what))
		return;
	is_right = reads_around(s, &lost);
	ok(is_right && (lost != 0) == is_lost && lost <= 2 * SEGMENT && spool_stats(s).lost == lost,
	   "no wrong byte is read, %llu are lost and counted", (unsigned long long)lost);
	spool_close(&s);
}

static void test_damage(void)
{
	char path[PATH_LEN];
	struct vault *vault;
	struct why why = {.offset = -1};

	snprintf(path, sizeof path, "%s/damage-keys", top);
	(void)!vault_open(&vault, path, &why);
	test_flip(NULL, 0, "the magic", true);
	test_flip(NULL, 9, "the stream", true);
	test_flip(NULL, 20, "the base", true);
	test_flip(NULL, 27, "the length", true);
	test_flip(NULL, 31, "what is stored", true);
	test_flip(NULL, 42, "the sum", true);
	test_flip(NULL, 55, "the head's rest", true);
	test_flip(NULL, 61, "the head's sum", true);
	test_flip(NULL, 5000, "an octet", true);
	test_flip(vault, 47, "the salt", true);
	test_flip(vault, 66, "a key's number", true);
	test_flip(vault, 75, "a tag", true);
	test_flip(vault, 138, "a run", true);
	test_flip(vault, 9000, "a sealed octet", true);
	vault_close(&vault);
}

static void refuses(const char *name, struct spool_options options, const char *text)
{
	struct why why = {.offset = -1};
	struct spool *s;
	int rc = spool_open(&s, memory_path, &options, &why);

	ok(rc && strstr(why.text, text), "%s: %s: %s (%d)", name, why.place, why.text, rc);
	spool_close(&s);
}

static void test_refusals(void)
{
	struct spool_options options;
	char path[PATH_LEN];
	struct spool *s;
	uint64_t lost = 0;

	s = open_one("torn", NULL);
	(void)put_bytes(s, 3 * LIMIT);
	spool_close(&s);
	change("torn", "00000000.disk", -1, 100000);
	refuses("a file that is cut", options_of("torn"), "torn");
	change("torn", "00000000.disk", -1, 100);
	refuses("a file without a head", options_of("torn"), "ends within");
	s = open_one("away", NULL);
	(void)put_bytes(s, 3 * LIMIT);
	spool_close(&s);
	options = options_of("away");
	options.disk = NULL;
	refuses("a spool whose disk is not configured", options, "no folder there");
	options = options_of("away");
	snprintf(path, sizeof path, "%s/away.elsewhere", top);
	(void)!rename(disk_path, path);
	refuses("a disk that is not mounted", options, "mounted");
	(void)!rmdir(disk_path);
	(void)!rename(path, disk_path);
	snprintf(path, sizeof path, "%s/00000000.disk", disk_path);
	(void)!unlink(path);
	refuses("a file that is gone", options, "missing");
	s = open_one("stranger", NULL);
	(void)put_bytes(s, 3 * LIMIT);
	spool_close(&s);
	options = options_of("stranger");
	snprintf(path, sizeof path, "%s/away.disk", top);
	options.disk = path;
	refuses("another spool's disk", options, "another spool");
	s = open_one("pages", NULL);
	(void)put_bytes(s, 3 * LIMIT);
	spool_close(&s);
	change("pages", "00000000.disk", 2, 0);
	refuses("a file whose head is changed", options_of("pages"), "no file of a spool");
	s = open_one("first", NULL);
	(void)put_bytes(s, 3 * LIMIT);
	spool_close(&s);
	change("first", "00000000.disk", SPOOL_PAGE + 3, 0);
	s = open_one("first", NULL);
	ok(s && reads_around(s, &lost) && lost && spool_stats(s).lost == lost,
	   "the first block's head is changed: %llu octets are lost", (unsigned long long)lost);
	spool_close(&s);
}

/* ---- memory that is lost ---- */

/* What the folder on disk says is acknowledged, once it says at least so much. */
static uint64_t noted(const char *name, uint64_t at_least)
{
	char path[PATH_LEN + 40];
	uint64_t acked = 0;
	int fd;

	snprintf(path, sizeof path, "%s/%s.disk/state", top, name);
	for (int i = 0; i < WAIT_MS && acked < at_least; i++) {
		usleep(i ? 1000 : 0);
		fd = open(path, O_RDONLY);
		(void)!pread(fd, &acked, sizeof acked, STATE_ACKED_AT);
		close(fd);
	}
	return acked;
}

/* Its files are given back before the next state of the folder is due: what is acknowledged is
 * noted all the same. */
static void test_noted(void)
{
	struct spool *s = open_one("noted", NULL);
	uint64_t end;

	(void)put_bytes(s, 4 * LIMIT);
	(void)until_spilled(s, 2 * LIMIT);
	spool_close(&s);
	s = open_one("noted", NULL);
	spool_ack(s, spool_end(s));
	end = spool_end(s);
	(void)put_bytes(s, 3 * SEGMENT); /* the keeper has its turn */
	ok(noted("noted", end) >= end, "what is acknowledged is noted on the disk in time");
	(void)put_bytes(s, 4 * LIMIT);
	spool_ack(s, spool_end(s));
	spool_close(&s);
	scratch_remove(memory_path);
	s = open_one("noted", NULL);
	ok(s && !spool_end(s),
	   "and at the end at once: nothing is delivered again where memory is lost");
	spool_close(&s);
}

static void test_lost_memory(void)
{
	struct spool *s = open_one("lost", NULL);
	uint64_t id = spool_id(s), acked, end, on_disk, lost = 0;
	char path[PATH_LEN];

	(void)put_bytes(s, 6 * LIMIT);
	(void)until_spilled(s, 4 * LIMIT);
	spool_ack(s, LIMIT);
	(void)noted("lost", LIMIT);
	(void)put_bytes(s, 2 * LIMIT);
	acked = spool_acked(s);
	end = spool_end(s);
	on_disk = spool_stats(s).disk;
	spool_close(&s);
	fflush(stdout);
	scratch_remove(memory_path);
	s = open_one("lost", NULL);
	if (!ok(s && spool_id(s) == id && spool_stats(s).is_memory_lost,
		"memory is lost: the stream on disk is taken up"))
		return;
	ok(spool_end(s) > end && spool_acked(s) <= acked && spool_acked(s) + SEGMENT >= acked,
	   "from what was acknowledged, and it goes on beyond all that was");
	ok(reads_around(s, &lost) && lost < spool_end(s) - on_disk,
	   "what the disk has is read, the rest is a hole");
	ok(put_bytes(s, 2 * LIMIT) && reads_around(s, &lost), "and it goes on");
	spool_close(&s);
	s = open_one("lost", NULL);
	ok(s && reads_around(s, &lost), "also when it is opened again");
	spool_ack(s, spool_end(s));
	spool_close(&s);
	fflush(stdout);
	snprintf(path, sizeof path, "%s", memory_path);
	scratch_remove(path);
	s = open_one("lost", NULL);
	ok(s && !spool_end(s) && spool_id(s) != id && put_bytes(s, 3 * LIMIT) && reads_all(s),
	   "where nothing was on disk, a new stream begins");
	spool_close(&s);
}

/* ---- disks that refuse ---- */

static _Atomic int refusal, slowness;
static _Atomic bool is_still; /* the disk stands still until it is false again */
static _Atomic int turns;     /* files of which the first block still fails, once each */
static _Atomic bool has_failed;

static int fake_write(int fd, const void *bytes, size_t len, uint64_t at)
{
	if (atomic_load(&slowness))
		usleep((useconds_t)atomic_load(&slowness));
	while (atomic_load(&is_still))
		usleep(1000);
	if (at == SPOOL_PAGE && atomic_load(&turns)) {
		atomic_store(&has_failed, !atomic_load(&has_failed));
		atomic_fetch_sub(&turns, atomic_load(&has_failed));
		if (atomic_load(&has_failed))
			return EIO;
	}
	return atomic_load(&refusal) ? atomic_load(&refusal)
				     : plain_device.write(fd, bytes, len, at);
}

static int fake_sync(int fd)
{
	return atomic_load(&refusal) == EIO ? EIO : plain_device.sync(fd);
}

static int fake_space(int fd, uint64_t len)
{
	usleep((useconds_t)atomic_load(&slowness));
	return atomic_load(&refusal) ? atomic_load(&refusal) : plain_device.space(fd, len);
}

static const struct spool_device fake = {fake_write, fake_sync, fake_space};

static struct spool *open_fake(const char *name, struct nanos patience)
{
	struct spool_options options = options_of(name);
	struct why why = {.offset = -1};
	struct spool *s;

	options.device = &fake;
	options.patience = patience;
	(void)!spool_open(&s, memory_path, &options, &why);
	return s;
}

static void test_refusing(int error, const char *what)
{
	struct spool *s;
	struct spool_stats stats;
	uint64_t end;

	atomic_store(&refusal, error);
	atomic_store(&slowness, 50000); /* somebody waits by then */
	s = open_fake(what, nanos_from_s(20));
	while (put_bytes(s, 1))
		;
	end = spool_end(s);
	stats = spool_stats(s);
	ok(stats.worst.ns < nanos_from_s(10).ns, "%s: who waits for room is told", what);
	atomic_store(&slowness, 0);
	ok(end > LIMIT * 3 / 4 && stats.is_disk_refusing && stats.n_refused == 1,
	   "%s: memory is filled, then it is refused: %s: %s", what, spool_why(s)->place,
	   spool_why(s)->text);
	ok(reads_all(s), "what is there is read");
	ok(!put_bytes(s, 1) && spool_stats(s).worst.ns, "and it stays refused");
	atomic_store(&refusal, 0);
	ok(until_spilled(s, 1) && put_in_time(s, 4 * LIMIT) && reads_all(s) &&
		   !spool_stats(s).is_disk_refusing,
	   "when the disk takes it again, all goes on");
	atomic_store(&refusal, error);
	(void)put_bytes(s, 1);
	for (int i = 0; i < 1000 && put_bytes(s, 1); i++)
		;
	spool_ack(s, spool_end(s) - LIMIT / 2 / RECORD_LEN * RECORD_LEN);
	ok(put_in_time(s, LIMIT / 8) && reads_all(s), "what is acknowledged makes room meanwhile");
	atomic_store(&refusal, 0);
	spool_close(&s);
}

/* What was not safe when a file's first block failed may lie in the one before as well. */
static void test_turn(void)
{
	const uint64_t len = 20 << 20; /* five files */
	struct spool_options options = options_of("turn");
	struct why why = {.offset = -1};
	struct spool *s;
	uint64_t end;
	bool is_put;

	atomic_store(&turns, 4);
	options.limit = 32 * SEGMENT; /* so that more than one is on its way at once */
	options.device = &fake;
	(void)!spool_open(&s, memory_path, &options, &why);
	is_put = put_in_time(s, len);
	ok(is_put && !atomic_load(&turns) && reads_all(s),
	   "the first block of each file fails once: the stream goes on without a gap");
	end = spool_end(s);
	spool_close(&s);
	options.device = NULL;
	(void)!spool_open(&s, memory_path, &options, &why);
	ok(s && spool_end(s) == end && reads_all(s), "and is read again from its files");
	ok(put_bytes(s, 3 * LIMIT) && reads_all(s), "to which more is added");
	spool_ack(s, spool_end(s));
	spool_close(&s);
}

static void test_slow(void)
{
	struct spool *s;
	uint64_t n_lost = 0, n_put = 0, n_told = 0;
	struct spool_stats stats;

	atomic_store(&is_still, true);
	s = open_fake("slow", (struct nanos){15 * NANOS_PER_MS});
	for (int i = 0; i < 400; i++) {
		bool is_put = put_bytes(s, 1);

		n_put += is_put;
		n_lost += !is_put;
		/* at once: the next one that finds room takes the reason away */
		n_told += !is_put && strstr(spool_why(s)->text, "slower");
	}
	stats = spool_stats(s);
	/* the segments that are there from the start take so much, however late the keeper is */
	ok(n_put > LIMIT / RECORD_LEN / BATCH / 3 && n_lost && stats.n_refused == n_lost &&
		   n_told == n_lost,
	   "a disk slower than what comes: %llu refused, of %llu it is said why",
	   (unsigned long long)n_lost, (unsigned long long)n_told);
	ok(stats.n_waits < n_lost / 2 + 20, "few of them waited (%llu), the longest for %lld us",
	   (unsigned long long)stats.n_waits, (long long)stats.worst.ns / NANOS_PER_US);
	ok(reads_all(s), "what was taken is there, without a gap");
	atomic_store(&is_still, false);
	ok(put_in_time(s, 2 * LIMIT) && reads_all(s), "and it goes on when the disk does");
	spool_close(&s);
}

/* A disk that stands still for a while, once a quarter of memory is free again. */
static void test_stall(void)
{
	const uint64_t limit = 32 * SEGMENT;
	struct spool_options options = options_of("stall");
	struct why why = {.offset = -1};
	struct spool *s;
	uint64_t n_refused, ready;

	options.limit = limit;
	options.device = &fake;
	options.patience = (struct nanos){15 * NANOS_PER_MS};
	(void)!spool_open(&s, memory_path, &options, &why);
	(void)put_in_time(s, 2 * limit);
	for (int i = 0; i < WAIT_MS && spool_stats(s).ready < limit / 4; i++)
		usleep(1000);
	atomic_store(&is_still, true);
	n_refused = spool_stats(s).n_refused;
	ready = spool_stats(s).ready;
	/* a batch may leave the end of a segment unused */
	ok(ready >= limit / 4 && put_bytes(s, ready - ready / 4) &&
		   spool_stats(s).n_refused == n_refused,
	   "a disk that stands still costs nothing while a quarter of memory lasts");
	ok(reads_all(s), "and all is there");
	atomic_store(&is_still, false);
	spool_close(&s);
}

static void test_limit(void)
{
	struct spool_options options = options_of("full");
	struct why why = {.offset = -1};
	struct spool *s;
	uint64_t end;

	options.disk_limit = 8 << 20;
	(void)!spool_open(&s, memory_path, &options, &why);
	while (put_bytes(s, 1))
		;
	end = spool_end(s);
	ok(end > (8 << 20) - 2 * LIMIT && end <= (8 << 20) + LIMIT &&
		   strstr(spool_why(s)->text, "limit"),
	   "both budgets are spent at %llu: %s", (unsigned long long)end, spool_why(s)->text);
	ok(reads_all(s) && spool_size(s) <= spool_limit(s), "all of it is there");
	spool_ack(s, end / 2 / RECORD_LEN * RECORD_LEN + 4 * RECORD_LEN);
	ok(put_in_time(s, 3 * LIMIT) && reads_all(s), "what is acknowledged makes room");
	spool_close(&s);
}

static int run_in_small_space(bool has_rlimit)
{
	struct rlimit rlimit = {1 << 20, 1 << 20};
	struct spool_options options = options_of("small");
	struct why why = {.offset = -1};
	struct spool *s;
	int rc;

	if (has_rlimit && setrlimit(RLIMIT_FSIZE, &rlimit))
		return 77;
	if (!has_rlimit &&
	    (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	     mkdir(disk_path, 0700) || mount("tmpfs", disk_path, "tmpfs", 0, "size=6m")))
		return 77;
	if (spool_open(&s, memory_path, &options, &why))
		return 1;
	while (put_bytes(s, 1))
		;
	printf("# %s: %s\n", spool_why(s)->place, spool_why(s)->text);
	fflush(stdout);
	/* what was on its way before may have come there meanwhile: then it refuses again */
	for (int i = 0; i < WAIT_MS && !spool_stats(s).is_disk_refusing; i++)
		usleep(1000);
	rc = !reads_all(s) || spool_end(s) < LIMIT / 2 || !spool_stats(s).is_disk_refusing;
	spool_close(&s);
	return rc;
}

/* Memory that ends before the limit does: the disk takes the rest in time. */
static int run_in_small_memory(void)
{
	struct spool_options options = options_of("small-memory");
	struct why why = {.offset = -1};
	struct spool *s;
	int rc;

	options.segment_size = 60 << 10;
	options.limit = 64 << 20;
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mkdir(memory_path, 0700) || mount("tmpfs", memory_path, "tmpfs", 0, "size=1m"))
		return 77;
	if (spool_open(&s, memory_path, &options, &why))
		return 1;
	rc = !put_bytes(s, 4 << 20) || spool_stats(s).n_refused || !spool_stats(s).spilled ||
	     spool_stats(s).is_disk_refusing || !reads_all(s);
	spool_close(&s);
	return rc;
}

static void test_small_memory(void)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = geteuid() ? -1 : fork();
	if (child == 0)
		_exit(run_in_small_memory());
	if (child > 0)
		waitpid(child, &status, 0);
	if (child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 77))
		skip("memory that ends before its limit: this needs the right to mount");
	else
		ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		   "where memory ends before its limit does, the disk takes what comes");
}

static void test_small_space(bool has_rlimit)
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	scratch_remove(options_of("small").disk);
	scratch_remove(memory_path);
	child = fork();
	if (child == 0)
		_exit(run_in_small_space(has_rlimit));
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("a full disk: this needs the right to mount");
	else
		ok(WIFEXITED(status) && !WEXITSTATUS(status),
		   "%s: it says so and keeps what it has",
		   has_rlimit ? "files may not grow (RLIMIT_FSIZE)" : "a full disk");
}

int main(void)
{
	char path[PATH_LEN];
	struct vault *vault;
	struct why why = {.offset = -1};

	if (!mkdtemp(top))
		return 1;
	snprintf(path, sizeof path, "%s/order-keys", top);
	(void)!vault_open(&vault, path, &why);
	test_order(NULL, "open");
	test_order(vault, "sealed-order");
	vault_close(&vault);
	test_long();
	test_shredding();
	test_kills();
	test_damage();
	test_refusals();
	test_noted();
	test_lost_memory();
	test_refusing(ENOSPC, "no space");
	test_refusing(EROFS, "read-only");
	test_refusing(EIO, "a broken disk");
	test_turn();
	test_slow();
	test_stall();
	test_limit();
	test_small_memory();
	test_small_space(false);
	test_small_space(true);
	scratch_remove(top);
	return tap_end();
}
