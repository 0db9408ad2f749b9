/* How blocks come to a disk: writes that go on side by side, and commits that go on beside them.
 * One thread's. By io_uring where the kernel lets us; by pwrite and fdatasync, one after another,
 * where it does not (containers). */
#ifndef SPOOL_DEVICE_H
#define SPOOL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/nanos.h"

enum {
	DEVICE_DEPTH = 4,       /* pieces that are written at once */
	DEVICE_PIECE = 1 << 20, /* bytes of one */
	DEVICE_PRESSING_NS = 2 * NANOS_PER_MS
};

/* A disk that is not one: tests have it slow, full or broken. Both give an errno, or 0. */
struct spool_device {
	int (*write)(int fd, const void *bytes, size_t len, uint64_t at);
	int (*sync)(int fd);
	int (*space)(int fd, uint64_t len); /* allocates a file's */
};

/* Writes and commits as the kernel's plain calls do; may be used by such a disk. */
extern const struct spool_device plain_device;

struct device;

/* fake NULL: the real one. may_ring false: never io_uring. */
MUST_CHECK int device_new(struct device **out, const struct spool_device *fake, bool may_ring);

/* Waits for what is under way. Sets NULL. */
void device_free(struct device **device);

/* Whether another piece may begin. Not while a commit is under way that has taken more than
 * DEVICE_PRESSING_NS: on some file systems one does not end while others write. */
bool device_has_room(const struct device *device);

struct device_piece {
	int fd;
	const uint8_t *bytes;
	size_t len;
	uint64_t at, mark;
	const uint8_t *head; /* head_len bytes that come before them; NULL: none */
	size_t head_len;
};

/* Begins to write at most DEVICE_PIECE bytes, all of which stay where they are until it is done.
 * Only while device_has_room. */
void device_write(struct device *device, const struct device_piece *piece);

/* Begins a commit of all that was done before. */
void device_sync(struct device *device, int fd, uint64_t mark);

/* Writes, and waits until it is done: an errno, or 0. */
int device_write_now(struct device *device, int fd, const void *bytes, size_t len, uint64_t at);

/* Commits, and waits until it is done: an errno, or 0. */
int device_sync_now(struct device *device, int fd);

/* Allocates a new file's space: an errno, or 0. */
int device_space(struct device *device, int fd, uint64_t len);

/* Something that is done. */
struct device_done {
	uint64_t mark;
	bool is_sync;
	int error; /* an errno; 0: it succeeded */
};

/* The next thing that is done; false where nothing is under way or nothing was done until the
 * wait was over. */
bool device_next(struct device *device, struct nanos wait, struct device_done *done);

#endif
