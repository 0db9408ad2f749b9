#include "spool/device.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { N_SLOTS = 2 * DEVICE_DEPTH, RING_LEN = 2 * N_SLOTS };

/* A write or a commit that is under way. */
struct slot {
	bool is_used, is_sync, is_done;
	int fd, error;
	struct iovec parts[2];
	int n_parts;
	uint64_t at, mark;
};

struct device {
	const struct spool_device *plain;
	bool has_ring;
	struct io_uring ring;
	struct slot slots[N_SLOTS];
	int n_writes, n_used, n_syncs;
	int64_t sync_from; /* when the last commit began */
};

/* ---- plain ---- */

static int plain_write(int fd, const void *bytes, size_t len, uint64_t at)
{
	const uint8_t *from = bytes;

	while (len) {
		ssize_t n = pwrite(fd, from, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : ENOSPC;
		from += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int plain_sync(int fd)
{
	return fdatasync(fd) ? errno : 0;
}

static int plain_space(int fd, uint64_t len)
{
	int rc;

	do
		rc = posix_fallocate(fd, 0, (off_t)len);
	while (rc == EINTR);
	return rc;
}

const struct spool_device plain_device = {plain_write, plain_sync, plain_space};

/* ---- the ring ---- */

static void submit(struct device *d, struct slot *s)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&d->ring);

	assert(sqe); /* there are as many as slots */
	if (s->is_sync)
		io_uring_prep_fsync(sqe, s->fd, IORING_FSYNC_DATASYNC);
	else
		io_uring_prep_writev(sqe, s->fd, s->parts, (unsigned)s->n_parts, s->at);
	io_uring_sqe_set_data(sqe, s);
	if (io_uring_submit(&d->ring) < 0) {
		s->is_done = true;
		s->error = EIO;
	}
}

static size_t left_of(const struct slot *s)
{
	return s->parts[0].iov_len + (s->n_parts > 1 ? s->parts[1].iov_len : 0);
}

static void skip_written(struct slot *s, size_t n)
{
	s->at += n;
	if (s->n_parts > 1 && n >= s->parts[0].iov_len) {
		n -= s->parts[0].iov_len;
		s->parts[0] = s->parts[1];
		s->n_parts = 1;
	}
	s->parts[0].iov_base = (uint8_t *)s->parts[0].iov_base + n;
	s->parts[0].iov_len -= n;
}

/* What is left of a write that came to a part of it is begun again. */
static void complete(struct device *d, struct slot *s, int result)
{
	if (result == -EINTR || result == -EAGAIN) {
		submit(d, s);
	} else if (!s->is_sync && result > 0 && (size_t)result < left_of(s)) {
		skip_written(s, (size_t)result);
		submit(d, s);
	} else {
		s->is_done = true;
		s->error = result < 0 ? -result : !s->is_sync && !result ? ENOSPC : 0;
	}
}

static bool reap(struct device *d, struct nanos wait)
{
	struct __kernel_timespec span = {wait.ns / NANOS_PER_S, wait.ns % NANOS_PER_S};
	struct io_uring_cqe *cqe;
	int rc = io_uring_wait_cqe_timeout(&d->ring, &cqe, &span);

	if (rc)
		return false;
	complete(d, io_uring_cqe_get_data(cqe), cqe->res);
	io_uring_cqe_seen(&d->ring, cqe);
	return true;
}

/* ---- either ---- */

int device_new(struct device **out, const struct spool_device *fake, bool may_ring)
{
	struct device *d = calloc(1, sizeof *d);

	*out = d;
	if (!d)
		return ERR_NOMEM;
	d->plain = fake ? fake : &plain_device;
	d->has_ring = !fake && may_ring && io_uring_queue_init(RING_LEN, &d->ring, 0) == 0;
	return 0;
}

void device_free(struct device **device)
{
	struct device *d = *device;
	struct device_done done;

	*device = NULL;
	if (!d)
		return;
	while (d->n_used)
		(void)device_next(d, nanos_from_s(1), &done);
	if (d->has_ring)
		io_uring_queue_exit(&d->ring);
	free(d);
}

static int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NANOS_PER_S + now.tv_nsec;
}

bool device_has_room(const struct device *d)
{
	return d->n_writes < DEVICE_DEPTH && d->n_used < N_SLOTS &&
	       (!d->n_syncs || clock_ns() - d->sync_from < DEVICE_PRESSING_NS);
}

static struct slot *take_slot(struct device *d)
{
	struct slot *s = d->slots;

	assert(d->n_used < N_SLOTS);
	while (s->is_used)
		s++;
	d->n_used++;
	return s;
}

void device_write(struct device *d, const struct device_piece *p)
{
	struct slot *s = take_slot(d);

	*s = (struct slot){.is_used = true, .fd = p->fd, .at = p->at, .mark = p->mark};
	d->n_writes++;
	/* cast: an iovec is for reading, too */
	if (p->head)
		s->parts[s->n_parts++] = (struct iovec){(void *)(uintptr_t)p->head, p->head_len};
	s->parts[s->n_parts++] = (struct iovec){(void *)(uintptr_t)p->bytes, p->len};
	if (d->has_ring) {
		submit(d, s);
		return;
	}
	for (int i = 0; i < s->n_parts && !s->error; i++) {
		s->error = d->plain->write(p->fd, s->parts[i].iov_base, s->parts[i].iov_len, s->at);
		s->at += s->parts[i].iov_len;
	}
	s->is_done = true;
}

void device_sync(struct device *d, int fd, uint64_t mark)
{
	struct slot *s = take_slot(d);

	*s = (struct slot){.is_used = true, .is_sync = true, .fd = fd, .mark = mark};
	d->n_syncs++;
	d->sync_from = clock_ns();
	if (d->has_ring) {
		submit(d, s);
		return;
	}
	s->error = d->plain->sync(fd);
	s->is_done = true;
}

int device_write_now(struct device *d, int fd, const void *bytes, size_t len, uint64_t at)
{
	return d->plain->write(fd, bytes, len, at);
}

int device_sync_now(struct device *d, int fd)
{
	return d->plain->sync(fd);
}

int device_space(struct device *d, int fd, uint64_t len)
{
	return d->plain->space(fd, len);
}

static bool take_done(struct device *d, struct device_done *done)
{
	for (struct slot *s = d->slots; s < d->slots + N_SLOTS; s++) {
		if (!s->is_used || !s->is_done)
			continue;
		*done = (struct device_done){s->mark, s->is_sync, s->error};
		s->is_used = false;
		d->n_used--;
		d->n_writes -= !s->is_sync;
		d->n_syncs -= s->is_sync;
		return true;
	}
	return false;
}

bool device_next(struct device *d, struct nanos wait, struct device_done *done)
{
	while (!take_done(d, done)) {
		if (!d->n_used || !d->has_ring || !reap(d, wait))
			return false;
	}
	return true;
}
