#include "pack/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIPE_ROOM = 1 << 20 };

static int io_error(struct why *why, int errnum, const char *what)
{
	return why_set(why, errnum == EINTR ? ERR_STOPPED : err_of_errno(errnum), "%s: %s", what,
		       strerror(errnum));
}

static int fd_open(struct input *in, const char *path, struct why *why)
{
	if (strcmp(path, "-") == 0)
		in->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		in->fd = open(path, O_RDONLY | O_CLOEXEC);
	/* what a wait promised another reader of the pipe may take: a read is never to block. But
	 * how standard input behaves belongs to those who share it. */
	if (in->fd >= 0 && strcmp(path, "-") != 0)
		fcntl(in->fd, F_SETFL, O_NONBLOCK);
	return in->fd < 0 ? io_error(why, errno, "cannot open") : 0;
}

static int fd_look(struct input *in, struct why *why)
{
	struct stat st;
	off_t at;

	if (fstat(in->fd, &st) != 0)
		return io_error(why, errno, "cannot look at it");
	if (S_ISDIR(st.st_mode))
		return why_set(why, ERR_UNSUPPORTED, "is a directory");
	at = lseek(in->fd, 0, SEEK_CUR);
	in->is_plain = S_ISREG(st.st_mode) && at >= 0;
	if (in->is_plain) {
		in->base = (uint64_t)at;
		in->size = st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
		posix_fadvise(in->fd, at, 0, POSIX_FADV_SEQUENTIAL);
	} else if (S_ISFIFO(st.st_mode)) {
		/* a larger pipe saves its two ends many wake-ups; where it is refused, no harm */
		fcntl(in->fd, F_SETPIPE_SZ, PIPE_ROOM);
	}
	return 0;
}

int input_open(struct input *in, const char *path, int ender, struct why *why)
{
	int rc;

	memset(in, 0, sizeof *in);
	in->stop_fd = -1;
	in->ender = ender;
	why_clear(&in->why);
	rc = fd_open(in, path, why);
	if (!rc)
		rc = fd_look(in, why);
	if (!rc) {
		in->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		rc = in->stop_fd < 0 ? io_error(why, errno, "cannot make an event") : 0;
	}
	if (rc) {
		why_place(why, strcmp(path, "-") == 0 ? "standard input" : path);
		input_close(in);
	}
	return rc;
}

void input_close(struct input *in)
{
	if (in->fd >= 0)
		close(in->fd);
	if (in->stop_fd >= 0)
		close(in->stop_fd);
	in->fd = in->stop_fd = -1;
}

/* 0 when there is something to read (or the end); ERR_AGAIN, ERR_STOPPED, ERR_IO. */
static int fd_wait(struct input *in, struct nanos wait)
{
	struct pollfd fds[] = {{.fd = in->fd, .events = POLLIN},
			       {.fd = in->stop_fd, .events = POLLIN},
			       {.fd = in->ender, .events = POLLIN}};
	struct timespec span = {nanos_to_s(wait), nanos_fraction(wait)};
	int n;

	if (atomic_load_explicit(&in->is_stopped, memory_order_relaxed))
		return ERR_STOPPED;
	n = ppoll(fds, 3, wait.ns < 0 ? NULL : &span, NULL);
	if (n < 0 && errno != EINTR)
		return io_error(&in->why, errno, "cannot wait for it");
	if (fds[1].revents || fds[2].revents || atomic_load(&in->is_stopped))
		return ERR_STOPPED;
	if (n < 0)
		return ERR_AGAIN;
	return n ? 0 : ERR_AGAIN;
}

bool input_is_ready(struct input *in)
{
	return in->n_taken < in->n_peeked || in->is_plain || fd_wait(in, (struct nanos){0}) == 0;
}

static int fd_read(struct input *in, void *to, size_t size, size_t *got)
{
	ssize_t n;

	do
		n = read(in->fd, to, size);
	while (n < 0 && errno == EINTR);
	*got = n > 0 ? (size_t)n : 0;
	if (n < 0 && errno == EAGAIN)
		return ERR_AGAIN;
	if (n < 0)
		return io_error(&in->why, errno, "cannot read");
	return n ? 0 : ERR_END;
}

/* Shown only: the reading begins at base all the same. */
static int peek_plain(struct input *in)
{
	int errnum;
	size_t got = input_pread(in, in->peek, sizeof in->peek, 0, &errnum);
	bool is_more = got > in->n_peeked;

	if (errnum)
		return io_error(&in->why, errnum, "cannot read");
	in->n_peeked = in->n_taken = got;
	return is_more ? 0 : ERR_END;
}

int input_peek(struct input *in)
{
	size_t room = sizeof in->peek - in->n_peeked;
	size_t got = 0;
	int rc = ERR_AGAIN;

	if (!room)
		return ERR_END;
	if (in->is_plain)
		return peek_plain(in);
	while (rc == ERR_AGAIN) {
		rc = fd_wait(in, (struct nanos){-1});
		if (rc == ERR_AGAIN) /* a signal came: nobody can call input_stop yet */
			return ERR_STOPPED;
		if (!rc)
			rc = fd_read(in, in->peek + in->n_peeked, room, &got);
	}
	in->n_peeked += got;
	return rc;
}

int input_read(struct input *in, void *to, size_t size, struct nanos wait, size_t *got)
{
	size_t n = in->n_peeked - in->n_taken;
	int rc = 0;

	if (n) {
		*got = n < size ? n : size;
		memcpy(to, in->peek + in->n_taken, *got);
		in->n_taken += *got;
	} else {
		*got = 0;
		if (!in->is_plain)
			rc = fd_wait(in, wait);
		else if (atomic_load_explicit(&in->is_stopped, memory_order_relaxed))
			rc = ERR_STOPPED;
		if (!rc)
			rc = fd_read(in, to, size, got);
	}
	atomic_fetch_add_explicit(&in->n_read, *got, memory_order_relaxed);
	return rc;
}

size_t input_pread(const struct input *in, void *to, size_t size, uint64_t offset, int *errnum)
{
	uint8_t *at = to;
	size_t got = 0;
	ssize_t n = 1;

	*errnum = 0;
	while (got < size && n != 0) {
		n = pread(in->fd, at + got, size - got, (off_t)(in->base + offset + got));
		if (n < 0 && errno != EINTR) {
			*errnum = errno;
			break;
		}
		got += n > 0 ? (size_t)n : 0;
	}
	return got;
}

void input_stop(struct input *in)
{
	uint64_t one = 1;
	int saved = errno;

	atomic_store(&in->is_stopped, true);
	if (write(in->stop_fd, &one, sizeof one) < 0) {
		/* full: it is readable already */
	}
	errno = saved;
}
