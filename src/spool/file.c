#include "spool/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wr.h"
#include "spool/block.h"

static const char suffix[] = ".disk", new_name[] = "disk.new";

enum { HEX = 16 };

void file_name(uint64_t number, char out[FILE_NAME_LEN])
{
	struct wr w = wr_of(out, FILE_NAME_LEN - 1);

	wr_text(&w, "%08llx%s", (unsigned long long)number, suffix);
	out[w.len] = '\0';
}

int file_number_of(const char *name, uint64_t *number)
{
	char again[FILE_NAME_LEN], *end;

	errno = 0;
	*number = strtoull(name, &end, HEX);
	if (errno || strcmp(end, suffix) != 0)
		return ERR_UNKNOWN;
	file_name(*number, again);
	return strcmp(name, again) ? ERR_UNKNOWN : 0;
}

void file_say(const struct file_place *place, uint64_t number, char *out, size_t size)
{
	char name[FILE_NAME_LEN];
	struct wr w = wr_of(out, size - 1);

	file_name(number, name);
	wr_text(&w, "%s/%s", place->path, name);
	out[w.len] = '\0';
}

static int refused(const struct file_place *place, uint64_t number, struct why *why, int rc)
{
	char text[WHY_PLACE_LEN];

	file_say(place, number, text, sizeof text);
	why_place(why, text);
	return rc;
}

static int failed(struct why *why, const char *verb, int error)
{
	return why_set(why, err_of_errno(error), "cannot be %s: %s", verb, strerror(error));
}

/* Past the kernel's cache where the file system can do it. */
static int open_file(struct file *f, int dir, const char *name, int flags)
{
	flags |= O_RDWR | O_CLOEXEC | O_NOFOLLOW;
	f->fd = openat(dir, name, flags | O_DIRECT, S_IRUSR | S_IWUSR);
	f->is_direct = f->fd >= 0;
	if (f->fd < 0 && errno == EINVAL)
		f->fd = openat(dir, name, flags, S_IRUSR | S_IWUSR);
	return f->fd < 0 ? errno : 0;
}

static int write_head(const struct file *f, const struct file_place *place)
{
	struct spool_head *head = aligned_alloc(BLOCK_ALIGN, SPOOL_PAGE);
	int rc;

	if (!head)
		return ENOMEM;
	memset(head, 0, SPOOL_PAGE);
	spool_head_fill(head, place->stream, f->number, f->size);
	rc = device_write_now(place->device, f->fd, head, SPOOL_PAGE, 0);
	free(head);
	return rc;
}

static int make(struct file *f, const struct file_place *place, struct why *why)
{
	char name[FILE_NAME_LEN];
	int rc = open_file(f, place->dir, new_name, O_CREAT | O_TRUNC);

	if (rc)
		return failed(why, "made", rc);
	rc = device_space(place->device, f->fd, SPOOL_PAGE + f->size);
	if (rc)
		rc = failed(why, "given its space", rc);
	else if ((rc = write_head(f, place)))
		rc = failed(why, "written", rc);
	file_name(f->number, name);
	if (!rc && renameat(place->dir, new_name, place->dir, name))
		rc = failed(why, "named", errno);
	if (!rc && fsync(place->dir) && errno != EINVAL)
		rc = failed(why, "kept", errno);
	if (rc)
		unlinkat(place->dir, new_name, 0);
	return rc;
}

int file_new(struct file **out, const struct file_place *place, uint64_t number, uint64_t size,
	     struct why *why)
{
	struct file *f = calloc(1, sizeof *f);
	int rc = f ? 0 : ERR_NOMEM;

	if (!rc) {
		*f = (struct file){.number = number, .size = size, .used = SPOOL_PAGE, .fd = -1};
		rc = make(f, place, why);
	}
	if (rc)
		file_free(&f);
	*out = f;
	return rc ? refused(place, number, why, rc) : 0;
}

static int read_head(struct file *f, const struct file_place *place, struct why *why)
{
	struct spool_head *head = aligned_alloc(BLOCK_ALIGN, SPOOL_PAGE);
	struct stat st;
	int rc = head ? file_read(f, 0, head, SPOOL_PAGE) : ENOMEM;

	if (rc) {
		why_offset(why, 0);
		rc = rc == EIO ? why_set(why, ERR_BAD, "ends within its head")
			       : failed(why, "read", rc);
	} else {
		rc = spool_head_check(head, place->stream, why);
	}
	if (!rc && (fstat(f->fd, &st) || head->base != f->number ||
		    (uint64_t)st.st_size != SPOOL_PAGE + head->size)) {
		why_offset(why, st.st_size);
		rc = why_set(why, ERR_BAD, "is torn: %lld bytes, its head says %llu",
			     (long long)st.st_size, (unsigned long long)(SPOOL_PAGE + head->size));
	}
	if (!rc)
		f->size = head->size;
	free(head);
	return rc;
}

int file_open(struct file **out, const struct file_place *place, uint64_t number, struct why *why)
{
	struct file *f = calloc(1, sizeof *f);
	char name[FILE_NAME_LEN];
	int rc = f ? 0 : ERR_NOMEM;

	if (!rc) {
		*f = (struct file){.number = number, .used = SPOOL_PAGE, .fd = -1};
		file_name(number, name);
		rc = open_file(f, place->dir, name, 0);
		rc = rc ? failed(why, "opened", rc) : read_head(f, place, why);
	}
	if (rc)
		file_free(&f);
	*out = f;
	return rc ? refused(place, number, why, rc) : 0;
}

/* Without a name while its head changes: who is killed then leaves nothing behind that counts. */
int file_again(struct file *f, const struct file_place *place, uint64_t number, struct why *why)
{
	char from[FILE_NAME_LEN], to[FILE_NAME_LEN];
	uint64_t before = f->number;
	int rc;

	file_name(before, from);
	file_name(number, to);
	if (renameat(place->dir, from, place->dir, new_name))
		return refused(place, before, why, failed(why, "named", errno));
	f->number = number;
	f->used = SPOOL_PAGE;
	rc = write_head(f, place);
	if (rc)
		return refused(place, number, why, failed(why, "written", rc));
	if (renameat(place->dir, new_name, place->dir, to) || fsync(place->dir))
		return refused(place, number, why, failed(why, "named", errno));
	return 0;
}

static void *make_beside(void *arg)
{
	struct file_maker *m = arg;
	struct why why = {.offset = -1};

	if (m->is_again)
		m->rc = file_again(m->file, m->place, m->number, &why);
	else
		m->rc = file_new(&m->file, m->place, m->number, m->size, &why);
	if (m->rc)
		file_free(&m->file);
	return NULL;
}

int file_make(struct file_maker *m, const struct file_place *place, struct file *again,
	      uint64_t number, uint64_t size)
{
	int rc;

	*m = (struct file_maker){.place = place,
				 .file = again,
				 .is_again = again != NULL,
				 .number = number,
				 .size = size};
	rc = pthread_create(&m->thread, NULL, make_beside, m);
	m->is_making = !rc;
	return rc ? err_of_errno(rc) : 0;
}

bool file_is_making(const struct file_maker *m)
{
	return m->is_making;
}

int file_made(struct file_maker *m, struct file **out)
{
	if (!m->is_making)
		return 0;
	pthread_join(m->thread, NULL);
	m->is_making = false;
	*out = m->file;
	return m->rc;
}

int file_read(const struct file *f, uint64_t at, void *bytes, size_t len)
{
	uint8_t *to = bytes;

	while (len) {
		ssize_t n = pread(f->fd, to, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : EIO;
		to += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

void file_free(struct file **f)
{
	if (*f && (*f)->fd >= 0)
		close((*f)->fd);
	free(*f);
	*f = NULL;
}

void file_remove(struct file **f, const struct file_place *place)
{
	char name[FILE_NAME_LEN];

	file_name((*f)->number, name);
	unlinkat(place->dir, name, 0);
	file_free(f);
}
