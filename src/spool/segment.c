#include "spool/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wr.h"
#include "spool/state.h"

static const char suffix[] = ".segment", new_name[] = "segment.new";

enum { HEX = 16, SEAL_AT = 1024 };

/* How many bytes it holds, twice, so that neither half alone counts. */
struct seal {
	uint64_t len, not_len;
};

void segment_name(uint64_t number, char out[SEGMENT_NAME_LEN])
{
	struct wr w = wr_of(out, SEGMENT_NAME_LEN - 1);

	wr_text(&w, "%08llx%s", (unsigned long long)number, suffix);
	out[w.len] = '\0';
}

int segment_number_of(const char *name, uint64_t *number)
{
	char again[SEGMENT_NAME_LEN], *end;

	errno = 0;
	*number = strtoull(name, &end, HEX);
	if (errno || strcmp(end, suffix) != 0)
		return ERR_UNKNOWN;
	segment_name(*number, again);
	return strcmp(name, again) ? ERR_UNKNOWN : 0;
}

/* Names the file in a reason. */
static int refused(const struct segment_place *place, uint64_t number, struct why *why, int rc)
{
	char text[WHY_PLACE_LEN], name[SEGMENT_NAME_LEN];
	struct wr w = wr_of(text, sizeof text - 1);

	segment_name(number, name);
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
	/* or else who fills it would wait for each page; an old kernel does without */
	(void)madvise(map, SPOOL_PAGE + g->size, MADV_POPULATE_WRITE);
	return 0;
}

/* It gets its name when it is whole. */
static int make_file(struct segment *g, const struct segment_place *place, struct why *why)
{
	char name[SEGMENT_NAME_LEN];
	int fd = openat(place->dir, new_name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			S_IRUSR | S_IWUSR);
	int rc;

	if (fd < 0)
		return failed(why, "made");
	/* first its size, by which tmpfs knows whether large pages fit, then its space */
	rc = ftruncate(fd, (off_t)(SPOOL_PAGE + g->size)) ? errno : 0;
	while (!rc && (rc = posix_fallocate(fd, 0, (off_t)(SPOOL_PAGE + g->size))) == EINTR)
		rc = 0;
	errno = rc;
	rc = rc ? failed(why, "given its space") : map_file(g, fd, why);
	segment_name(g->number, name);
	if (!rc) {
		spool_head_fill((struct spool_head *)g->map, place->id, SEGMENT_SPARE, g->size);
		rc = renameat(place->dir, new_name, place->dir, name) ? failed(why, "named") : 0;
	}
	if (rc)
		unlinkat(place->dir, new_name, 0);
	close(fd);
	return rc;
}

int segment_new(struct segment **out, const struct segment_place *place, uint64_t number,
		uint64_t size, struct why *why)
{
	struct segment *g = calloc(1, sizeof *g);
	int rc = g ? 0 : ERR_NOMEM;

	if (!rc) {
		g->number = number;
		g->base = SEGMENT_SPARE;
		g->size = size;
		rc = make_file(g, place, why);
	}
	if (rc)
		segment_free(&g);
	*out = g;
	return rc ? refused(place, number, why, rc) : 0;
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
	/* killed between being a spare and being in the stream: nothing was committed there */
	if (!head.hash) {
		spool_head_fill(&head, place->id, SEGMENT_SPARE, head.size);
	}
	rc = spool_head_check(&head, place->id, why);
	if (rc)
		return rc;
	g->base = head.base;
	g->size = head.size;
	if (st.st_size < SPOOL_PAGE || (uint64_t)st.st_size - SPOOL_PAGE != g->size) {
		why_offset(why, st.st_size);
		return why_set(why, ERR_BAD, "is torn: %lld bytes, its head says %llu",
			       (long long)st.st_size, (unsigned long long)(SPOOL_PAGE + g->size));
	}
	return 0;
}

static struct seal *seal_of(const struct segment *g)
{
	return (struct seal *)(g->map + SEAL_AT);
}

int segment_open(struct segment **out, const struct segment_place *place, uint64_t number,
		 struct why *why)
{
	struct segment *g = calloc(1, sizeof *g);
	char name[SEGMENT_NAME_LEN];
	int fd = -1, rc = g ? 0 : ERR_NOMEM;

	if (!rc) {
		g->number = number;
		g->is_dirty = true;
		segment_name(number, name);
		fd = openat(place->dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		rc = fd < 0 ? failed(why, "opened") : 0;
	}
	if (!rc)
		rc = check_file(g, place, fd, why);
	if (!rc)
		rc = map_file(g, fd, why);
	if (!rc && seal_of(g)->len == ~seal_of(g)->not_len && seal_of(g)->len <= g->size)
		g->len = seal_of(g)->len;
	if (fd >= 0)
		close(fd);
	if (rc)
		segment_free(&g);
	*out = g;
	return rc ? refused(place, number, why, rc) : 0;
}

/* Without its hash a head counts as a spare's: whoever is killed here has committed nothing. */
static void place_at(struct segment *g, uint64_t id, uint64_t base)
{
	struct spool_head *head = (struct spool_head *)g->map;

	*(volatile uint64_t *)&head->hash = 0;
	atomic_signal_fence(memory_order_seq_cst);
	*seal_of(g) = (struct seal){0, 0};
	head->id = id;
	head->base = base;
	atomic_signal_fence(memory_order_seq_cst);
	*(volatile uint64_t *)&head->hash = spool_hash(head, offsetof(struct spool_head, hash));
	g->base = base;
	g->len = 0;
	g->is_dirty |= base != SEGMENT_SPARE;
	g->n_looks = 0;
	g->scoured = 0;
	memset(g->marks, 0, sizeof g->marks);
}

static uint64_t part_of(const struct segment *g, uint64_t end)
{
	return (end - 1) * SEGMENT_MARKS / g->size;
}

void segment_reserve(struct segment *g, uint64_t n)
{
	g->len += n;
	g->marks[part_of(g, g->len)] = (uint32_t)g->len;
}

uint64_t segment_mark(const struct segment *g, uint64_t from, uint64_t to)
{
	uint64_t least = from ? part_of(g, from) : 0;

	for (uint64_t part = to ? part_of(g, to) + 1 : 0; part-- > least;)
		if (g->marks[part] > from && g->marks[part] <= to)
			return g->marks[part];
	return from;
}

void segment_begin(struct segment *g, uint64_t id, uint64_t base)
{
	place_at(g, id, base);
}

void segment_spare(struct segment *g)
{
	place_at(g, ((const struct spool_head *)g->map)->id, SEGMENT_SPARE);
}

void segment_seal(struct segment *g)
{
	*seal_of(g) = (struct seal){g->len, ~g->len};
}

void segment_fill_page(struct segment *g)
{
	uint64_t over = g->len % SPOOL_PAGE;

	if (over && g->size - g->len >= SPOOL_PAGE - over)
		memset(g->map + SPOOL_PAGE + g->len, 0, SPOOL_PAGE - over);
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

	segment_name((*g)->number, name);
	unlinkat(place->dir, name, 0);
	segment_free(g);
}
