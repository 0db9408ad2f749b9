#include "spool/ground.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/tap.h"
#include "base/wr.h"
#include "spool/spool.h"

enum { NO_RIGHT = 77, NO_OPTION, MIB = 1 << 20, SMALL = 64 << 10, LINE_LEN = 500 };

static char top[] = "/tmp/weir-ground-XXXXXX";

static bool prints(const struct spool_ground *ground, const char *text)
{
	struct wr w = wr_init(1 << 12);
	struct json j = json_of(&w);
	bool is_there;

	json_open(&j, '{');
	spool_ground_print(ground, &j);
	json_close(&j, '}');
	wr_u8(&w, '\0');
	is_there = w.ok && strstr((const char *)w.bytes, text);
	wr_fini(&w);
	return is_there;
}

/* Bytes of this process's shared memory that are mapped as large pages. */
static uint64_t mapped_large(void)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[LINE_LEN];
	static const char name[] = "ShmemPmdMapped:";
	uint64_t sum = 0;

	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name)))
			sum += strtoull(line + strlen(name), NULL, 10) << 10;
	if (f)
		fclose(f);
	return sum;
}

static uint64_t used(void)
{
	struct statfs fs;

	return statfs(top, &fs) ? UINT64_MAX
				: (uint64_t)(fs.f_blocks - fs.f_bfree) * (uint64_t)fs.f_bsize;
}

/* Until the spool is full; what its file system has given then. */
static uint64_t fill(struct spool *s)
{
	static const uint8_t octets[100000];

	while (!spool_append(s, octets, sizeof octets))
		;
	return used();
}

/* In a tmpfs that is mounted for this: 0, what could not be tried, or 1. */
static int look_at(const char *mount_options, enum spool_pages pages)
{
	const struct spool_options options = {.limit = 16 * MIB};
	struct spool_ground ground;
	struct spool *s = NULL;
	char path[LINE_LEN];
	int rc;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return NO_RIGHT;
	if (mount("tmpfs", top, "tmpfs", 0, mount_options))
		return pages == SPOOL_PAGES_LARGE ? NO_OPTION : NO_RIGHT;
	ground = spool_ground_look(top, options.limit);
	if (pages == SPOOL_PAGES_LARGE && ground.pages == SPOOL_PAGES_SMALL)
		return NO_OPTION;
	snprintf(path, sizeof path, "%s/one", top);
	if (ground.pages != pages || ground.size != 64 * MIB ||
	    spool_open(&s, path, &options, NULL))
		return 1;
	rc = fill(s) > options.limit + SMALL;
	printf("# %s: %llu KiB are used\n", mount_options, (unsigned long long)used() >> 10);
	printf("# %llu KiB are mapped as large pages\n", (unsigned long long)mapped_large() >> 10);
	rc |= pages != SPOOL_PAGES_LARGE && mapped_large() != 0;
	spool_ack(s, spool_end(s));
	spool_close(&s);
	rc |= used() > 2 * MIB + SMALL;
	fflush(stdout);
	return rc;
}

static void test_tmpfs(const char *mount_options, enum spool_pages pages, const char *text)
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(look_at(mount_options, pages));
	if (child > 0)
		waitpid(child, &status, 0);
	if (child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == NO_RIGHT))
		skip("%s: this needs the right to mount", text);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == NO_OPTION)
		skip("%s: the kernel has none in tmpfs", text);
	else
		ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", text);
}

int main(void)
{
	struct spool_ground ground;

	if (!mkdtemp(top))
		return 1;
	ground = spool_ground_look("/proc/self", 1);
	ok(ground.pages == SPOOL_PAGES_NONE && prints(&ground, "\"pages\":\"none\""),
	   "what is no tmpfs is not memory");
	ground = (struct spool_ground){"/run/a", SPOOL_PAGES_LARGE, 7};
	ok(prints(&ground, "\"folder\":\"/run/a\"") && prints(&ground, "\"pages\":\"large\"") &&
		   prints(&ground, "\"size\":7"),
	   "the status has folder, pages and size");
	test_tmpfs("size=64m", SPOOL_PAGES_SMALL, "an ordinary tmpfs has small pages");
	test_tmpfs("size=64m,huge=within_size", SPOOL_PAGES_LARGE, "a tmpfs with large pages");
	rmdir(top);
	return tap_end();
}
