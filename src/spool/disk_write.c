#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "spool/disk_parts.h"

enum {
	BUFFER_BITS = 3,
	BUFFER_STEP = 64 << 10,
	LARGE_PAGE = 2 << 20,
	NOTE_NS = NANOS_PER_S, /* between two states of the folder */
};

/* ---- writing ---- */

static struct buffer *free_buffer(struct disk *d)
{
	for (int i = 0; i < N_BUFFERS; i++) {
		if (!d->buffers[i].n_left)
			return &d->buffers[i];
	}
	return NULL;
}

bool disk_may_put(const struct disk *d)
{
	bool has_buffer = false;

	for (int i = 0; i < N_BUFFERS; i++)
		has_buffer |= !d->buffers[i].n_left;
	return has_buffer && !d->error;
}

/* Hands the next pieces to the device, as many as it takes. */
static void submit(struct disk *d)
{
	while (d->begun < d->tail && !d->error && device_has_room(d->device)) {
		const struct entry *e = disk_entry(d, d->begun);
		uint64_t at = d->begun_at, left = e->room - at;
		size_t len = left < DEVICE_PIECE ? left : DEVICE_PIECE;
		const struct buffer *b = &d->buffers[e->buffer];
		struct device_piece piece = {.fd = e->file->fd,
					     .bytes = b->bytes + at,
					     .len = len,
					     .at = e->at + at,
					     .mark = d->begun << BUFFER_BITS | e->buffer};

		if (b->bytes_at) {
			piece.bytes = b->bytes_at + at - (at ? BLOCK_ALIGN : 0);
			piece.head = at ? NULL : b->bytes;
			piece.head_len = BLOCK_ALIGN;
			piece.len -= at ? 0 : BLOCK_ALIGN;
		}
		d->n_writing++;
		device_write(d->device, &piece);
		d->begun_at = len < left ? at + len : 0;
		d->begun += len == left;
	}
}

static void take_done(struct disk *d, const struct device_done *done)
{
	uint64_t i = done->mark >> BUFFER_BITS;

	if (done->error && !d->error)
		d->error = done->error;
	if (!done->is_sync) {
		d->n_writing--;
		disk_entry(d, i)->n_left--;
		d->buffers[done->mark & ((1 << BUFFER_BITS) - 1)].n_left--;
		return;
	}
	d->is_syncing = false;
	if (!done->error)
		disk_set_safe(d, d->sync_mark);
}

/* A file that holds nothing: one is kept for its space. */
static void put_aside(struct disk *d, struct file *f)
{
	if (!d->spare && f->size == d->file_size) {
		d->spare = f;
		return;
	}
	d->total -= f->size;
	file_remove(&f, &d->place);
}

/* Takes what was made beside the writing. */
static void take_made(struct disk *d)
{
	if (file_is_making(&d->maker) && file_made(&d->maker, &d->next)) {
		d->total -= d->file_size;
		d->next_failed = d->last;
	}
}

/* Files behind the last one hold nothing any more: the first of them comes next again. */
static void cut_files(struct disk *d, struct file *last)
{
	struct file *f = last->next, *behind;

	if (!f)
		return;
	take_made(d);
	if (d->next)
		put_aside(d, d->next);
	d->next = f;
	behind = f->next;
	f->next = last->next = NULL;
	d->last = last;
	while ((f = behind)) {
		behind = f->next;
		put_aside(d, f);
	}
}

/* What is not safe was never there: the stream goes on where that began. */
static void roll_back(struct disk *d)
{
	struct file *last = d->last;

	pthread_mutex_lock(&d->lock);
	while (d->tail > d->safe) {
		const struct entry *e = disk_entry(d, --d->tail);

		last = e->file;
		last->used = e->at;
		last->n_blocks--;
	}
	pthread_mutex_unlock(&d->lock);
	d->begun = d->tail;
	d->begun_at = 0;
	for (int i = 0; i < N_BUFFERS; i++)
		d->buffers[i].n_left = 0;
	if (last)
		cut_files(d, last);
}

int disk_work(struct disk *d, struct nanos wait, struct why *why)
{
	struct device_done done;
	int error;

	submit(d);
	while (device_next(d->device, wait, &done)) {
		take_done(d, &done);
		submit(d);
		wait.ns = 0;
	}
	if (!d->error || d->n_writing || d->is_syncing)
		return 0;
	error = d->error;
	d->error = 0;
	roll_back(d);
	why_place(why, d->path);
	return why_set(why, err_of_errno(error), "cannot be written: %s", strerror(error));
}

/* Of one file at a time. */
void disk_commit(struct disk *d)
{
	const struct file *f = d->tail == d->safe ? NULL : disk_entry(d, d->safe)->file;
	uint64_t i = d->safe;

	if (d->is_syncing || d->error)
		return;
	while (i < d->tail && disk_entry(d, i)->file == f && !disk_entry(d, i)->n_left)
		i++;
	if (i == d->safe)
		return;
	d->sync_mark = i;
	d->is_syncing = true;
	device_sync(d->device, f->fd, 0);
}

bool disk_has_turned(const struct disk *d)
{
	const struct entry *e = d->tail == d->safe ? NULL : disk_entry(d, d->safe);

	return e && !d->is_syncing && e->file != d->last && !e->n_left;
}

bool disk_is_busy(const struct disk *d)
{
	return d->n_writing || d->is_syncing;
}

bool disk_has_uncommitted(const struct disk *d)
{
	return d->tail != d->safe;
}

uint64_t disk_safe(const struct disk *d)
{
	return atomic_load(&d->safe_end);
}

uint64_t disk_tail(const struct disk *d)
{
	const struct entry *e = d->tail == d->safe ? NULL : disk_entry(d, d->tail - 1);

	return e ? e->base + e->len : disk_safe(d);
}

/* ---- files ---- */

/* Once the last file is half full, the next one is made beside the writing; where that fails, it is
 * tried again when there must be one. */
static void make_next(struct disk *d)
{
	struct file *again = d->spare;

	if (d->next || file_is_making(&d->maker) || d->next_failed == d->last ||
	    d->last->used < d->last->size / 2)
		return;
	if (!again && d->total + d->file_size > d->limit)
		return;
	if (file_make(&d->maker, &d->place, again, d->next_number, d->file_size))
		return;
	d->next_number++;
	d->spare = NULL;
	if (!again)
		d->total += d->file_size;
}

static int next_file(struct disk *d, uint64_t room, struct why *why)
{
	uint64_t size = room > d->file_size ? room : d->file_size;
	struct file *f;
	int rc = 0;

	take_made(d);
	if (d->next && d->next->size < size) {
		put_aside(d, d->next);
		d->next = NULL;
	}
	f = d->next ? d->next : d->spare;
	if (d->next) {
		d->next = NULL;
	} else if (f && f->size >= size) {
		d->spare = NULL;
		rc = file_again(f, &d->place, d->next_number++, why);
		if (rc) {
			d->total -= f->size;
			file_free(&f);
		}
	} else if (d->total + size > d->limit) {
		why_place(why, d->path);
		return why_set(why, ERR_FULL, "the disk's limit of %llu bytes is reached",
			       (unsigned long long)d->limit);
	} else {
		rc = file_new(&f, &d->place, d->next_number, size, why);
		d->next_number += !rc;
		d->total += rc ? 0 : size;
	}
	if (rc)
		return rc;
	f->next = NULL;
	d->next_failed = NULL;
	disk_add_file(d, f);
	return 0;
}

/* Room for blocks of this size in each buffer. A block that is written from large pages is one
 * stretch to the device, not hundreds. */
static int grow_buffers(struct disk *d, size_t size, struct why *why)
{
	size_t total;
	int rc = 0;

	if (size <= d->buffer_size)
		return 0;
	while (!rc && (d->tail != d->begun || d->n_writing))
		rc = disk_work(d, nanos_from_s(1), why);
	if (rc)
		return rc;
	size = (size + BUFFER_STEP - 1) / BUFFER_STEP * BUFFER_STEP;
	total = (N_BUFFERS * size + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
	free(d->memory);
	d->memory = aligned_alloc(LARGE_PAGE, total);
	d->buffer_size = d->memory ? size : 0;
	if (!d->memory)
		return ERR_NOMEM;
	(void)madvise(d->memory, total, MADV_HUGEPAGE);
	for (int i = 0; i < N_BUFFERS; i++)
		d->buffers[i].bytes = d->memory + i * size;
	return 0;
}

int disk_put(struct disk *d, uint64_t base, const uint8_t *bytes, size_t len, struct why *why)
{
	struct buffer *b = free_buffer(d);
	struct entry e = {.base = base, .len = len};
	bool is_apart = !d->seal.vault;
	int rc = block_plan(&d->plan, &d->seal, bytes, len);

	assert(b && (uintptr_t)bytes % BLOCK_ALIGN == 0);
	if (rc) {
		why_place(why, d->path);
		return why_set(why, rc, "a key cannot be made: %s", err_text(rc));
	}
	d->plan.head.gap = is_apart ? BLOCK_GAP : 0;
	e.room = block_room(&d->plan.head);
	e.n_left = (uint32_t)((e.room + DEVICE_PIECE - 1) / DEVICE_PIECE);
	e.buffer = (uint32_t)(b - d->buffers);
	if (!d->last || d->last->used + e.room > SPOOL_PAGE + d->last->size)
		rc = next_file(d, e.room, why);
	if (!rc)
		rc = grow_buffers(d, is_apart ? BLOCK_ALIGN : e.room, why);
	if (!rc && is_apart)
		block_write_head(&d->plan, d->place.stream, base, b->bytes);
	else if (!rc)
		rc = block_write(&d->plan, &d->seal, d->place.stream, base, b->bytes);
	if (rc)
		return why_set(why, rc, "%s", err_text(rc));
	b->bytes_at = is_apart ? bytes : NULL;
	e.file = d->last;
	e.at = e.file->used;
	pthread_mutex_lock(&d->lock);
	rc = disk_push(d, &e);
	if (!rc) {
		e.file->used += e.room;
		e.file->n_blocks++;
		b->n_left = e.n_left;
	}
	pthread_mutex_unlock(&d->lock);
	if (rc)
		return why_set(why, rc, "%s", err_text(rc));
	submit(d);
	make_next(d);
	return 0;
}

/* ---- tidying ---- */

/* Files from which everything was acknowledged. */
static void drop_files(struct disk *d)
{
	struct file *f;
	bool is_empty;

	while ((f = d->first)) {
		pthread_mutex_lock(&d->lock);
		is_empty = !f->n_blocks && (f != d->last || d->head == d->tail);
		pthread_mutex_unlock(&d->lock);
		if (!is_empty)
			return;
		d->first = f->next;
		if (f == d->last)
			d->last = NULL;
		put_aside(d, f);
	}
}

void disk_tidy(struct disk *d)
{
	drop_files(d);
}

bool disk_should_note(struct disk *d, const struct spool_state *state, bool is_last)
{
	struct timespec now;
	uint64_t acked = atomic_load(state->acked), safe = disk_safe(d);
	const void *user;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (int64_t)now.tv_sec * NANOS_PER_S + now.tv_nsec;
	/* what is noted as acknowledged beyond the disk's end need not be said more exactly */
	if (safe == d->noted_safe && (acked == d->noted_acked || d->noted_acked >= safe))
		return false;
	if (ns - d->noted_at < NOTE_NS && !is_last)
		return false;
	d->noted_len = state_user(state, &user);
	memcpy(d->noted_user, user, d->noted_len);
	d->noted_end = state_end(state);
	d->noted_at = ns;
	d->noted_acked = acked;
	d->noted_safe = safe;
	return true;
}

void disk_note(struct disk *d)
{
	state_write(&d->state, d->noted_end, d->noted_user, d->noted_len);
	atomic_store(d->state.disk_end, d->noted_safe);
	atomic_store(d->state.acked, d->noted_acked);
	(void)state_sync(&d->state); /* it is tried again with the next one */
}
