#include "outbox/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HELD_LEN = 256 << 10,
	HELD_LIMIT = 256 << 20,
	FOLDER_MODE = S_IRWXU,
	FILE_MODE = S_IRUSR | S_IWUSR,
};

static int say_errno(struct why *why, const char *place, int errnum)
{
	why_place(why, place);
	return why_set(why, err_of_errno(errnum), "%s", strerror(errnum));
}

/* Only a plain file may be emptied, and only by who asked for it. */
static int empty(struct outbox *o, struct why *why)
{
	struct stat st;

	if (fstat(o->fd, &st) != 0)
		return say_errno(why, o->name, errno);
	if (!S_ISREG(st.st_mode)) {
		why_place(why, o->name);
		return why_set(why, ERR_ACCESS, "is no plain file");
	}
	if (ftruncate(o->fd, 0) != 0 || fchmod(o->fd, FILE_MODE) != 0)
		return say_errno(why, o->name, errno);
	return 0;
}

static int open_file(struct outbox *o, int folder, const char *name, bool is_forced,
		     struct why *why)
{
	int flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

	o->fd = openat(folder, name, flags | O_CREAT | O_EXCL, FILE_MODE);
	o->is_new = o->fd >= 0;
	if (o->is_new)
		return 0;
	if (errno != EEXIST)
		return say_errno(why, o->name, errno);
	if (!is_forced) {
		why_place(why, o->name);
		return why_set(why, ERR_ACCESS, "is there already (--force replaces it)");
	}
	o->fd = openat(folder, name, flags);
	return o->fd < 0 ? say_errno(why, o->name, errno) : empty(o, why);
}

int outbox_open(struct outbox *o, const struct outbox_place *place, const char *name,
		struct why *why)
{
	const char *agency = place->agency;
	int folder;
	int rc;

	outbox_none(o);
	o->held = wr_init(HELD_LIMIT);
	snprintf(o->name, sizeof o->name, "%s/%s", agency, name);
	if (mkdirat(place->dir, agency, FOLDER_MODE) != 0 && errno != EEXIST)
		return say_errno(why, agency, errno);
	folder = openat(place->dir, agency, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (folder < 0)
		return say_errno(why, agency, errno);
	rc = open_file(o, folder, name, place->is_forced, why);
	close(folder);
	if (rc && o->fd >= 0) {
		close(o->fd);
		o->fd = -1;
	}
	return rc;
}

void outbox_none(struct outbox *o)
{
	*o = (struct outbox){.fd = -1};
	atomic_init(&o->cut, UINT64_MAX);
}

void outbox_of_spool(struct outbox *o, struct spool *spool, const char *agency, const char *name)
{
	outbox_none(o);
	o->spool = spool;
	snprintf(o->name, sizeof o->name, "%s/%s", agency, name);
}

void outbox_cut(struct outbox *o, int rc, uint64_t offset)
{
	uint64_t cut = atomic_load(&o->cut);
	int none = 0;

	while (offset < cut && !atomic_compare_exchange_weak(&o->cut, &cut, offset))
		;
	atomic_compare_exchange_strong(&o->rc, &none, rc);
}

static int fail(struct outbox *o, int rc, uint64_t offset)
{
	outbox_cut(o, rc, offset);
	return rc;
}

int outbox_fill(struct outbox *o, const void *bytes, size_t len, uint64_t offset)
{
	const uint8_t *at = bytes;
	size_t n_done = 0;

	while (n_done < len) {
		ssize_t n = pwrite(o->fd, at + n_done, len - n_done, (off_t)(offset + n_done));

		if (n < 0 && errno != EINTR)
			return fail(o, err_of_errno(errno), offset);
		if (n > 0)
			n_done += (size_t)n;
	}
	return 0;
}

/* What is held lies at the end. */
static int flush(struct outbox *o)
{
	int rc = outbox_fill(o, o->held.bytes, o->held.len, o->end - o->held.len);

	wr_reset(&o->held);
	return rc;
}

int outbox_reserve(struct outbox *o, uint64_t len, struct outbox_claim *claim)
{
	int rc = 0;

	*claim = (struct outbox_claim){.offset = o->end, .len = len};
	if (o->spool) {
		rc = spool_reserve(o->spool, len, &claim->spool);
		claim->bytes = rc ? NULL : claim->spool.bytes;
	} else if (o->held.len) {
		rc = flush(o);
	}
	if (!rc)
		o->end += len;
	return rc;
}

void outbox_done(struct outbox *o, const struct outbox_claim *claim)
{
	if (o->spool)
		spool_commit(o->spool, &claim->spool);
}

int outbox_append(struct outbox *o, const void *bytes, size_t len)
{
	if (o->spool) {
		o->end += len;
		return spool_append(o->spool, bytes, len);
	}
	wr_bytes(&o->held, bytes, len);
	if (!o->held.ok)
		return fail(o, ERR_NOMEM, o->end);
	o->end += len;
	return o->held.len >= HELD_LEN ? flush(o) : 0;
}

int outbox_close(struct outbox *o, struct why *why)
{
	uint64_t cut;
	int rc;

	if (o->fd < 0)
		return 0;
	rc = flush(o);
	cut = atomic_load(&o->cut);
	if (cut != UINT64_MAX && ftruncate(o->fd, (off_t)cut) != 0 && !rc)
		rc = err_of_errno(errno);
	if (close(o->fd) != 0 && !rc)
		rc = err_of_errno(errno);
	o->fd = -1;
	wr_fini(&o->held);
	rc = atomic_load(&o->rc) ? atomic_load(&o->rc) : rc;
	if (rc) {
		why_place(why, o->name);
		why_set(why, rc, "%s; it ends after the last record that was written",
			err_text(rc));
	}
	return rc;
}

void outbox_abandon(struct outbox *o, int dir)
{
	if (o->fd < 0)
		return;
	close(o->fd);
	o->fd = -1;
	wr_fini(&o->held);
	if (o->is_new)
		unlinkat(dir, o->name, 0);
}
