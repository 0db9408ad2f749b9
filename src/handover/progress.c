#include "handover/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAGIC_AT, VERSION_AT, STREAM_AT, SENT_AT, NUMBER_AT, N_WORDS, VERSION = 1 };
enum { FILE_LEN = 4096 };

#define MAGIC UINT64_C(0x31544e4553524957) /* "WIRSENT1" where bytes are little-endian */

static int failed(struct why *why, const char *path, const char *verb)
{
	int errnum = errno;

	why_place(why, path);
	return why_set(why, err_of_errno(errnum), "cannot be %s: %s", verb, strerror(errnum));
}

/* A file that is not whole was being made when its maker was killed: it is made anew. */
static int open_file(const char *path, bool *is_new, struct why *why)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	struct stat st;
	int errnum;

	if (fd < 0 || fstat(fd, &st)) {
		(void)failed(why, path, "opened");
		if (fd >= 0)
			close(fd);
		return ERR_IO;
	}
	*is_new = st.st_size != FILE_LEN;
	errnum = *is_new ? posix_fallocate(fd, 0, FILE_LEN) : 0;
	if (!errnum)
		return fd;
	close(fd);
	errno = errnum;
	return failed(why, path, "made");
}

static uint64_t load(const struct progress *p, int at)
{
	return __atomic_load_n(&p->words[at], __ATOMIC_ACQUIRE);
}

static void store(struct progress *p, int at, uint64_t value)
{
	__atomic_store_n(&p->words[at], value, __ATOMIC_RELEASE);
}

static int check(const struct progress *p, const char *path, struct why *why)
{
	if (load(p, MAGIC_AT) == MAGIC && load(p, VERSION_AT) == VERSION)
		return 0;
	why_place(why, path);
	return why_set(why, ERR_BAD, "does not say what was sent, or is of another version");
}

int progress_open(struct progress *p, const char *path, uint64_t stream, struct why *why)
{
	bool is_new = false;
	int fd = open_file(path, &is_new, why), rc = 0;
	void *map;

	*p = (struct progress){0};
	if (fd < 0)
		return fd;
	map = mmap(NULL, FILE_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		rc = failed(why, path, "mapped");
	close(fd);
	if (rc)
		return rc;
	p->words = map;
	if (is_new || !load(p, MAGIC_AT)) {
		memset(map, 0, FILE_LEN);
		store(p, VERSION_AT, VERSION);
		store(p, MAGIC_AT, MAGIC);
	}
	rc = check(p, path, why);
	if (rc) {
		progress_close(p);
		return rc;
	}
	if (load(p, STREAM_AT) != stream) {
		p->is_other = load(p, STREAM_AT) && load(p, SENT_AT);
		store(p, SENT_AT, 0);
	}
	store(p, STREAM_AT, stream);
	return 0;
}

void progress_close(struct progress *p)
{
	if (p->words)
		munmap(p->words, FILE_LEN);
	p->words = NULL;
}

uint64_t progress_sent(const struct progress *p)
{
	return load(p, SENT_AT);
}

void progress_set_sent(struct progress *p, uint64_t offset)
{
	store(p, SENT_AT, offset);
}

uint32_t progress_number(const struct progress *p)
{
	return (uint32_t)load(p, NUMBER_AT);
}

void progress_set_number(struct progress *p, uint32_t number)
{
	store(p, NUMBER_AT, number);
}
