#include "spool/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wr.h"
#include "spool/state.h"

static const char suffix[] = ".segment";

enum { BASE_DIGITS = 20, SEAL_AT = 1024 };

void segment_name(uint64_t base, char out[SEGMENT_NAME_LEN])
{
	struct wr w = wr_of(out, SEGMENT_NAME_LEN - 1);

	wr_text(&w, "%0*llu%s", BASE_DIGITS, (unsigned long long)base, suffix);
	out[w.len] = '\0';
}

int segment_base_of(const char *name, uint64_t *base)
{
	char again[SEGMENT_NAME_LEN], *end;

	if (name[0] < '0' || name[0] > '9')
		return ERR_UNKNOWN;
	errno = 0;
	*base = strtoull(name, &end, 10);
	if (errno || strcmp(end, suffix))
		return ERR_UNKNOWN;
	segment_name(*base, again);
	return strcmp(name, again) ? ERR_UNKNOWN : 0;
}

/* Names the file in a reason. */
static int refused(const struct segment_place *place, uint64_t base, struct why *why, int rc)
{
	char text[WHY_PLACE_LEN], name[SEGMENT_NAME_LEN];
	struct wr w = wr_of(text, sizeof text - 1);

	segment_name(base, name);
	wr_text(&w, "%s/%s", place->path, name);
	text[w.len] = '\0';
	why_place(why, text);
	return rc;
}

static int failed(struct why *why, const char *verb)
{
	int err = err_of_errno(errno);

	return why_set(why, err, "cannot be %s: %s", verb, strerror(errno));
}

static int map_file(struct segment *g, int fd, struct why *why)
{
	void *map = mmap(NULL, SPOOL_PAGE + g->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return failed(why, "mapped");
	g->map = map;
	return 0;
}

static int make_file(struct segment *g, const struct segment_place *place, const char *name,
		     struct why *why)
{
	int fd = openat(place->dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			S_IRUSR | S_IWUSR);
	int rc;

	if (fd < 0)
		return failed(why, "made");
	do
		rc = posix_fallocate(fd, 0, (off_t)(SPOOL_PAGE + g->size));
	while (rc == EINTR);
	errno = rc;
	rc = rc ? failed(why, "given its space") : map_file(g, fd, why);
	if (!rc)
		spool_head_fill((struct spool_head *)g->map, place->id, g->base, g->size);
	else
		unlinkat(place->dir, name, 0);
	close(fd);
	return rc;
}

int segment_new(struct segment **out, const struct segment_place *place, uint64_t base,
		uint64_t size, struct why *why)
{
	struct segment *g = calloc(1, sizeof *g);
	char name[SEGMENT_NAME_LEN];
	int rc = g ? 0 : ERR_NOMEM;

	if (!rc) {
		g->base = base;
		g->size = size;
		segment_name(base, name);
		rc = make_file(g, place, name, why);
	}
	if (rc)
		segment_free(&g);
	*out = g;
	return rc ? refused(place, base, why, rc) : 0;
}

/* Reads the head before anything is mapped: a file that is cut would kill who reads its map. */
static int check_file(struct segment *g, const struct segment_place *place, int fd, struct why *why)
{
	struct spool_head head;
	struct stat st;
	ssize_t n = fstat(fd, &st) ? -1 : pread(fd, &head, sizeof head, 0);
	int rc;

	if (n < 0)
		return failed(why, "read");
	if (n != sizeof head) {
		why_offset(why, n);
		return why_set(why, ERR_BAD, "ends within its head");
	}
	rc = spool_head_check(&head, place->id, why);
	if (rc)
		return rc;
	if (head.base != g->base) {
		why_offset(why, offsetof(struct spool_head, base));
		return why_set(why, ERR_BAD, "does not hold what its name says");
	}
	g->size = head.size;
	if ((uint64_t)st.st_size != SPOOL_PAGE + g->size) {
		why_offset(why, st.st_size);
		return why_set(why, ERR_BAD, "is torn: %lld bytes, its head says %llu",
			       (long long)st.st_size, (unsigned long long)(SPOOL_PAGE + g->size));
	}
	return 0;
}

int segment_open(struct segment **out, const struct segment_place *place, uint64_t base,
		 struct why *why)
{
	struct segment *g = calloc(1, sizeof *g);
	char name[SEGMENT_NAME_LEN];
	int fd = -1, rc = g ? 0 : ERR_NOMEM;

	if (!rc) {
		g->base = base;
		segment_name(base, name);
		fd = openat(place->dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		rc = fd < 0 ? failed(why, "opened") : 0;
	}
	if (!rc)
		rc = check_file(g, place, fd, why);
	if (!rc)
		rc = map_file(g, fd, why);
	if (fd >= 0)
		close(fd);
	if (rc)
		segment_free(&g);
	*out = g;
	return rc ? refused(place, base, why, rc) : 0;
}

static uint64_t *seal_of(const struct segment *g)
{
	return (uint64_t *)(g->map + SEAL_AT);
}

int segment_move(struct segment *g, const struct segment_place *place, uint64_t base,
		 struct why *why)
{
	char from[SEGMENT_NAME_LEN], to[SEGMENT_NAME_LEN];

	/* A segment before what is acknowledged is ignored when the spool is opened, whatever its
	 * head says; so the head may change first. */
	segment_name(g->base, from);
	segment_name(base, to);
	spool_head_fill((struct spool_head *)g->map, place->id, base, g->size);
	*seal_of(g) = 0;
	if (renameat(place->dir, from, place->dir, to))
		return refused(place, base, why, failed(why, "named"));
	g->base = base;
	g->len = 0;
	return 0;
}

/* A length of 0 does not occur, and so is no seal. */
void segment_seal(struct segment *g)
{
	*seal_of(g) = g->len;
}

bool segment_is_sealed(const struct segment *g)
{
	return *seal_of(g) == g->len;
}

void segment_free(struct segment **g)
{
	if (*g && (*g)->map)
		munmap((*g)->map, SPOOL_PAGE + (*g)->size);
	free(*g);
	*g = NULL;
}

void segment_remove(struct segment **g, const struct segment_place *place)
{
	char name[SEGMENT_NAME_LEN];

	segment_name((*g)->base, name);
	unlinkat(place->dir, name, 0);
	segment_free(g);
}
