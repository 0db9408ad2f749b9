#include "pack/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pack/press.h"

enum { SINK_BUFFER = 256 * 1024, SINK_MODE = 0666 };

struct sink {
	int fd;
	char *path;
	uint64_t n_bytes;
	bool is_prompt;
	bool is_file; /* plain, regular and our own: it has places to reserve */
	int failed;   /* the first failure stays */
	struct why why;
	struct press *press; /* NULL: plain */
	size_t len;          /* plain: bytes in the buffer */
	uint8_t *buffer;
};

/* Standard output gets a descriptor of its own, so that closing it tells whether all went well. */
static int sink_open_fd(struct sink *s, struct why *why)
{
	if (strcmp(s->path, "-") == 0)
		s->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		s->fd = open(s->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, SINK_MODE);
	if (s->fd < 0)
		return why_set(why, err_of_errno(errno), "cannot open for writing: %s",
			       strerror(errno));
	return 0;
}

static int sink_settle(struct sink *s, const struct sink_options *options)
{
	struct press_options press = {
		.codec = codec_of_id(options->codec),
		.level = options->level,
		.n_threads = options->n_threads,
		.fd = s->fd,
	};
	struct stat st;

	s->is_prompt = options->is_prompt;
	if (press.codec)
		return press_new(&s->press, &press);
	s->is_file = strcmp(s->path, "-") && !s->is_prompt && fstat(s->fd, &st) == 0 &&
		     S_ISREG(st.st_mode);
	s->buffer = malloc(SINK_BUFFER);
	return s->buffer ? 0 : ERR_NOMEM;
}

static void sink_free(struct sink *s)
{
	press_free(&s->press);
	if (s->fd >= 0)
		close(s->fd);
	free(s->buffer);
	free(s->path);
	free(s);
}

static const char *sink_place(const struct sink *s)
{
	return strcmp(s->path, "-") == 0 ? "standard output" : s->path;
}

int sink_open(struct sink **out, const char *path, const struct sink_options *options,
	      struct why *why)
{
	struct sink *s = calloc(1, sizeof *s);
	int rc;

	*out = NULL;
	if (!s)
		return why_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	s->fd = -1;
	why_clear(&s->why);
	s->path = strdup(path);
	rc = s->path ? sink_open_fd(s, why) : ERR_NOMEM;
	if (!rc)
		rc = sink_settle(s, options);
	if (rc) {
		why_set(why, rc, "%s", err_text(rc));
		why_place(why, s->path ? sink_place(s) : path);
		sink_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

/* Tells why, once more each time that it is asked. */
static int sink_fail(struct sink *s, int rc, struct why *why)
{
	if (!s->failed) {
		s->failed = rc;
		if (s->press)
			s->why = *press_why(s->press);
		why_set(&s->why, rc, "%s", err_text(rc));
		why_place(&s->why, sink_place(s));
	}
	if (why && !why->text[0])
		*why = s->why;
	return s->failed;
}

static int sink_empty(struct sink *s)
{
	int rc = s->len ? fd_write(s->fd, s->buffer, s->len, &s->why) : 0;

	s->len = 0;
	return rc;
}

/* Small writes are gathered; one as large as the buffer goes out as it is. */
static int sink_write_plain(struct sink *s, const uint8_t *bytes, size_t len)
{
	int rc = 0;

	if (len > SINK_BUFFER - s->len)
		rc = sink_empty(s);
	if (!rc && len >= SINK_BUFFER)
		return fd_write(s->fd, bytes, len, &s->why);
	if (!rc && len) {
		memcpy(s->buffer + s->len, bytes, len);
		s->len += len;
	}
	return rc;
}

int sink_write(struct sink *s, const void *bytes, size_t len, struct why *why)
{
	int rc = s->failed;

	if (!rc)
		rc = s->press ? press_write(s->press, bytes, len) : sink_write_plain(s, bytes, len);
	if (rc)
		return sink_fail(s, rc, why);
	s->n_bytes += len;
	return s->is_prompt && len ? sink_flush(s, why) : 0;
}

int64_t sink_reserve(struct sink *s, size_t len)
{
	int64_t place = (int64_t)s->n_bytes;

	if (!s->is_file || s->failed || len > INT32_MAX || sink_empty(s) < 0 ||
	    lseek(s->fd, place + (int64_t)len, SEEK_SET) < 0)
		return -1;
	s->n_bytes += len;
	return place;
}

int sink_fill(const struct sink *s, int64_t place, const void *bytes, size_t len, struct why *why)
{
	const uint8_t *at = bytes;

	while (len) {
		ssize_t n = pwrite(s->fd, at, len, place);

		if (n < 0 && errno != EINTR) {
			why_set(why, ERR_IO, "cannot write: %s", strerror(errno));
			why_place(why, sink_place(s));
			return err_of_errno(errno);
		}
		at += n > 0 ? n : 0;
		place += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int sink_flush(struct sink *s, struct why *why)
{
	int rc = s->failed;

	if (!rc)
		rc = s->press ? press_flush(s->press) : sink_empty(s);
	return rc ? sink_fail(s, rc, why) : 0;
}

int sink_close(struct sink **sink, struct why *why)
{
	struct sink *s = *sink;
	int rc;

	*sink = NULL;
	if (!s)
		return 0;
	rc = sink_flush(s, why);
	if (close(s->fd) != 0 && !rc) {
		why_set(&s->why, ERR_IO, "cannot finish writing: %s", strerror(errno));
		rc = sink_fail(s, err_of_errno(errno), why);
	}
	s->fd = -1;
	sink_free(s);
	return rc;
}

uint64_t sink_n_bytes(const struct sink *s)
{
	return s->n_bytes;
}
