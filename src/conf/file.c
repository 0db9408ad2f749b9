#include "conf/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/record.h"

enum { NAME_LEN = 4096 };

/* All bytes of fd (a file or a pipe) into *w. */
static int slurp(int fd, struct wr *w)
{
	enum { PIECE_LEN = 64 << 10 };
	ssize_t n = 1;

	while (n > 0) {
		if (w->size - w->len < PIECE_LEN && !wr_grow(w, PIECE_LEN))
			return w->len >= CONF_MAX_LEN ? ERR_FULL : ERR_NOMEM;
		n = read(fd, w->bytes + w->len, PIECE_LEN);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return err_of_errno(errno);
		else
			w->len += (size_t)n;
	}
	return 0;
}

int conf_file_read(const char *path, struct wr *w, struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? err_of_errno(errno) : slurp(fd, w);

	if (rc == ERR_FULL)
		why_set(why, rc, "the document is longer than %d MiB", CONF_MAX_LEN >> 20);
	else if (rc)
		why_set(why, rc, "%s", fd < 0 ? strerror(errno) : err_text(rc));
	if (rc)
		why_place(why, path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int conf_load(const struct conf_record *record, const char *path, void *out, struct why *why)
{
	struct wr w = wr_init((size_t)CONF_MAX_LEN + (128 << 10));
	int rc = conf_file_read(path, &w, why);

	memset(out, 0, record->size);
	if (!rc)
		rc = conf_parse(record, (const char *)w.bytes, w.len, out, why);
	if (rc)
		why_place(why, path);
	if (w.len)
		explicit_bzero(w.bytes, w.len); /* keys, perhaps */
	wr_fini(&w);
	return rc;
}

static int failed(const char *path, struct why *why)
{
	int rc = err_of_errno(errno);

	why_place(why, path);
	return why_set(why, rc, "cannot be written: %s", strerror(errno));
}

/* All octets, and then to the disk. */
static int write_all(int fd, const uint8_t *octets, size_t len)
{
	while (len) {
		ssize_t n = write(fd, octets, len);

		if (n < 0 && errno != EINTR)
			return -1;
		octets += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return fsync(fd);
}

/* The name in its folder is on the disk too. */
static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[NAME_LEN];
	int fd, rc;

	if (slash == path)
		slash++;
	snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1,
		 slash ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

int conf_file_save(const char *path, const void *octets, size_t len, struct why *why)
{
	enum { MODE = 0600 };
	char other[NAME_LEN];
	bool is_written;
	int fd;

	if ((size_t)snprintf(other, sizeof other, "%s.new", path) >= sizeof other) {
		errno = ENAMETOOLONG;
		return failed(path, why);
	}
	unlink(other); /* of an attempt that was cut short, perhaps with other rights */
	fd = open(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
	if (fd < 0)
		return failed(other, why);
	is_written = !write_all(fd, octets, len);
	if (!is_written)
		failed(other, why);
	if (close(fd) && is_written)
		is_written = !failed(other, why);
	if (is_written && !rename(other, path))
		return sync_folder(path) ? failed(path, why) : 0;
	if (is_written)
		failed(path, why);
	unlink(other);
	return ERR_IO;
}
