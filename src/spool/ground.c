#include "spool/ground.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/log.h"

enum { LARGE_PAGE = 2 << 20, MEGABYTE = 1 << 20 };

static const char *const words[SPOOL_N_PAGES] = {"none", "small", "large"};
static const char *const texts[SPOOL_N_PAGES] = {
	("lies on a disk's file system, which gets to see what waits in clear: in a tmpfs it "
	 "would not, and each record would cost less"),
	"is memory in small pages: a tmpfs that is mounted with huge=within_size costs less",
	"is memory in large pages",
};

/* tmpfs says of a file that large pages fit how much it would take at once. */
static bool gives_large_pages(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
	struct stat st;
	bool is_large = fd >= 0 && !ftruncate(fd, LARGE_PAGE) && !fstat(fd, &st) &&
			st.st_blksize > sysconf(_SC_PAGESIZE);

	if (fd >= 0)
		close(fd);
	return is_large;
}

struct spool_ground spool_ground_look(const char *folder, uint64_t limit)
{
	struct spool_ground ground = {.folder = folder};
	struct statfs fs;

	if (!statfs(folder, &fs)) {
		ground.size = (uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize;
		if (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC)
			ground.pages =
				gives_large_pages(folder) ? SPOOL_PAGES_LARGE : SPOOL_PAGES_SMALL;
	}
	log_info("spools: %s %s", folder, texts[ground.pages]);
	if (ground.size && ground.size < limit)
		log_warn("spools: %s has %llu MiB in all, and each spool may take %llu: what finds "
			 "no room there is on the disk, or lost, before spool_limit is reached",
			 folder, (unsigned long long)ground.size / MEGABYTE,
			 (unsigned long long)limit / MEGABYTE);
	return ground;
}

void spool_ground_print(const struct spool_ground *ground, struct json *json)
{
	json_key(json, "memory"), json_open(json, '{');
	json_key(json, "folder"), json_text(json, ground->folder);
	json_key(json, "pages"), json_text(json, words[ground->pages]);
	json_key(json, "size"), json_u64(json, ground->size);
	json_close(json, '}');
}
