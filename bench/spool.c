/* What a spool's disk takes: records through a spool whose memory is too small for them, beside raw
 * writes to a file of the same folder, O_DIRECT, 1 MiB, four at once, both with a commit every
 * 10 ms that overlaps with the writes. In turns, so that both see the same disk.
 *
 *	bench-spool FOLDER [ROUNDS [MIB]]
 *	spool NAME RATIO  MB/s RAW-MB/s worst-reservation-us
 *
 * NAME: plain, or sealed: each record under the key of one of 16 warrants. FOLDER is on the disk;
 * memory is /dev/shm. What counts is what is safe: it is waited for. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "seal/vault.h"
#include "spool/device.h"
#include "spool/spool.h"

enum { RECORD = 800, BATCH = 256, N_OWNERS = 16, MEMORY = 64 << 20, COMMIT_NS = 10 * NANOS_PER_MS };

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * (int64_t)NANOS_PER_S + t.tv_nsec;
}

static size_t owner(const uint8_t *bytes, size_t len, const uint8_t **name, size_t *name_len)
{
	*name = bytes;
	*name_len = 1;
	return len < RECORD ? 0 : RECORD;
}

/* Bytes a second, of raw writes. */
static double run_raw(const char *folder, uint64_t total)
{
	char path[4096];
	uint8_t *bytes = aligned_alloc(4096, DEVICE_PIECE);
	struct device *d;
	struct device_done done;
	int64_t from, committed;
	bool is_syncing = false;
	int fd;

	snprintf(path, sizeof path, "%s/raw", folder);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, S_IRUSR | S_IWUSR);
	if (!bytes || fd < 0 || posix_fallocate(fd, 0, (off_t)total) || device_new(&d, NULL, true))
		return 0;
	memset(bytes, 'x', DEVICE_PIECE);
	from = committed = now_ns();
	for (uint64_t at = 0; at < total; at += DEVICE_PIECE) {
		while (!device_has_room(d) && device_next(d, nanos_from_s(1), &done))
			is_syncing &= !done.is_sync;
		device_write(d, &(struct device_piece){fd, bytes, DEVICE_PIECE, at, 0});
		if (is_syncing || now_ns() - committed < COMMIT_NS)
			continue;
		committed = now_ns();
		is_syncing = true;
		device_sync(d, fd, 0);
	}
	while (device_next(d, nanos_from_s(1), &done))
		;
	(void)!device_sync_now(d, fd);
	from = now_ns() - from;
	device_free(&d);
	close(fd);
	unlink(path);
	free(bytes);
	return (double)total * NANOS_PER_S / (double)from;
}

/* Bytes a second that came safely through to the disk. */
static double run_spool(const char *folder, uint64_t total, struct vault *vault, double *worst_us)
{
	char memory[] = "/dev/shm/bench-spool-XXXXXX", path[4096], disk[4096];
	struct spool_options options = {.limit = MEMORY,
					.disk = disk,
					.disk_limit = total * 2,
					.vault = vault,
					.owner = owner,
					.patience = nanos_from_s(60)};
	struct spool_claim c;
	struct spool *s;
	struct why why = {.offset = -1};
	int64_t from;
	uint64_t spilled;

	if (!mkdtemp(memory))
		return 0;
	snprintf(path, sizeof path, "%s/spool", memory);
	snprintf(disk, sizeof disk, "%s/spool-disk", folder);
	if (spool_open(&s, path, &options, &why)) {
		fprintf(stderr, "%s: %s\n", why.place, why.text);
		return 0;
	}
	from = now_ns();
	for (uint64_t n = 0; n < total; n += c.len) {
		if (spool_reserve(s, (size_t)BATCH * RECORD, &c))
			break;
		memset(c.bytes, 'y', c.len);
		for (size_t i = 0; i < BATCH; i++)
			c.bytes[i * RECORD] = (uint8_t)('A' + i / 4 % N_OWNERS);
		spool_commit(s, &c);
	}
	spilled = spool_stats(s).spilled;
	from = now_ns() - from;
	*worst_us = (double)spool_stats(s).worst.ns / NANOS_PER_US;
	spool_close(&s);
	for (int i = 0; i < 2; i++) {
		pid_t child = fork();

		if (child == 0) {
			execlp("rm", "rm", "-rf", i ? disk : memory, (char *)NULL);
			_exit(1);
		}
		(void)!waitpid(child, NULL, 0);
	}
	return (double)spilled * NANOS_PER_S / (double)from;
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 3;
	uint64_t total = (argc > 3 ? strtoull(argv[3], NULL, 10) : 1024) << 20;
	char keys[4096];
	struct vault *vault = NULL;
	struct why why = {.offset = -1};

	if (argc < 2)
		return 2;
	snprintf(keys, sizeof keys, "%s/keys", argv[1]);
	if (vault_open(&vault, keys, &why))
		return 1;
	for (int i = 0; i < 2 * rounds; i++) {
		double worst = 0, raw = run_raw(argv[1], total);
		double ours = run_spool(argv[1], total, i % 2 ? vault : NULL, &worst);

		if (raw <= 0 || ours <= 0)
			return 1;
		printf("spool %s %.3f  %.0f %.0f %.0f\n", i % 2 ? "sealed" : "plain", ours / raw,
		       ours / 1e6, raw / 1e6, worst);
		fflush(stdout);
	}
	vault_close(&vault);
	return 0;
}
