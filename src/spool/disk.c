#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "spool/disk_parts.h"

enum {
	FIRST_ENTRIES = 64,
	FILES_OF_LIMIT = 32, /* the limit is cut into so many files … */
	FILE_SIZE_MIN = 4 << 20,
	FILE_SIZE_MAX = 512 << 20, /* … of at most so much */
};

#define DEFAULT_LIMIT (UINT64_C(16) << 30)

int disk_grow(uint8_t **bytes, size_t *have, size_t size)
{
	if (size <= *have)
		return 0;
	free(*bytes);
	*bytes = aligned_alloc(BLOCK_ALIGN, size);
	*have = *bytes ? size : 0;
	return *bytes ? 0 : ERR_NOMEM;
}

int disk_push(struct disk *d, const struct entry *e)
{
	uint64_t n = d->n_entries * 2;
	struct entry *more;

	if (d->tail - d->head == d->n_entries) {
		more = calloc(n, sizeof *more);
		if (!more)
			return ERR_NOMEM;
		for (uint64_t i = d->head; i < d->tail; i++)
			more[i & (n - 1)] = *disk_entry(d, i);
		free(d->entries);
		d->entries = more;
		d->n_entries = n;
	}
	*disk_entry(d, d->tail++) = *e;
	return 0;
}

void disk_set_safe(struct disk *d, uint64_t safe)
{
	const struct entry *e = NULL;

	pthread_mutex_lock(&d->lock);
	for (; d->safe < safe; d->safe++) {
		e = disk_entry(d, d->safe);
		if (e->file)
			d->bytes += e->len;
	}
	if (e)
		atomic_store(&d->safe_end, e->base + e->len);
	pthread_mutex_unlock(&d->lock);
}

/* ---- opening ---- */

int disk_open(struct disk **out, const struct disk_options *options, struct why *why)
{
	struct disk *d = calloc(1, sizeof *d);
	int rc = d ? 0 : ERR_NOMEM;

	*out = d;
	if (rc)
		return rc;
	pthread_mutex_init(&d->lock, NULL);
	d->state.fd = d->place.dir = -1;
	d->seal = options->seal;
	d->limit = options->limit ? options->limit : DEFAULT_LIMIT;
	d->file_size = d->limit / FILES_OF_LIMIT / DEVICE_PIECE * DEVICE_PIECE;
	if (d->file_size < FILE_SIZE_MIN)
		d->file_size = FILE_SIZE_MIN;
	if (d->file_size > FILE_SIZE_MAX)
		d->file_size = FILE_SIZE_MAX;
	d->n_entries = FIRST_ENTRIES;
	d->entries = calloc(d->n_entries, sizeof *d->entries);
	d->path = strdup(options->path);
	d->place.path = d->path;
	rc = d->entries && d->path ? device_new(&d->device, options->device, true) : ERR_NOMEM;
	d->place.device = d->device;
	if (!rc && mkdir(options->path, S_IRWXU) && errno != EEXIST)
		rc = why_set(why, err_of_errno(errno), "cannot be made: %s", strerror(errno));
	if (!rc) {
		d->place.dir = open(options->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (d->place.dir < 0)
			rc = why_set(why, err_of_errno(errno), "cannot be opened: %s",
				     strerror(errno));
	}
	if (rc) {
		why_set(why, rc, "%s", err_text(rc));
		why_place(why, options->path);
		disk_close(out);
	}
	return rc;
}

static void free_files(struct disk *d)
{
	struct file *f;

	while ((f = d->first)) {
		d->first = f->next;
		file_free(&f);
	}
	d->last = NULL;
	file_free(&d->spare);
	file_free(&d->next);
}

void disk_close(struct disk **disk)
{
	struct disk *d = *disk;

	*disk = NULL;
	if (!d)
		return;
	(void)file_made(&d->maker, &d->next);
	device_free(&d->device);
	free_files(d);
	disk_forget_cached(d);
	state_close(&d->state);
	if (d->place.dir >= 0)
		close(d->place.dir);
	free(d->memory);
	block_plan_fini(&d->plan);
	pthread_mutex_destroy(&d->lock);
	free(d->entries);
	free(d->path);
	free(d);
}

bool disk_remembers(struct disk *d)
{
	return state_is_there(d->place.dir);
}

int disk_recall(struct disk *d, uint64_t stream, struct spool_state **state, struct why *why)
{
	const struct state_start start = {.id = stream, .user = ""};
	int rc = state_open(&d->state, d->place.dir, d->path, &start, why);

	d->place.stream = d->state.id;
	*state = &d->state;
	return rc;
}

void disk_wipe(struct disk *d)
{
	state_close(&d->state);
	state_remove(d->place.dir);
	d->place.stream = 0;
}

/* ---- what is there ---- */

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int list_numbers(const struct disk *d, uint64_t **out, size_t *n, struct why *why)
{
	int fd = openat(d->place.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	uint64_t number, *more;

	*out = NULL;
	*n = 0;
	if (!folder) {
		if (fd >= 0)
			close(fd);
		return why_set(why, err_of_errno(errno), "cannot be read: %s", strerror(errno));
	}
	while (!rc && (entry = readdir(folder))) {
		if (file_number_of(entry->d_name, &number))
			continue;
		more = reallocarray(*out, *n + 1, sizeof *more);
		rc = more ? 0 : ERR_NOMEM;
		if (more) {
			*out = more;
			more[(*n)++] = number;
		}
	}
	closedir(folder);
	if (*n)
		qsort(*out, *n, sizeof **out, compare_numbers);
	return rc;
}

/* What is being taken. */
struct taking {
	struct disk *disk;
	uint64_t acked, end; /* wanted */
	uint64_t at;         /* offset that comes next; UINT64_MAX: none is known yet */
	bool is_lost;        /* the end is not known */
	uint8_t *page;
	/* no block stands where one may be: the rest of a file that is too short, or damage */
	bool has_doubt;
	struct why doubt;
};

/* Whether the block of this head is whole, to its last byte. */
static bool is_whole(struct disk *d, const struct file *f, const struct block_head *head)
{
	struct block_bytes bytes;
	struct why why = {0};
	uint64_t room = block_room(head);

	if (room > f->size || disk_grow(&d->read_bytes, &d->read_size, room) ||
	    file_read(f, f->used, d->read_bytes, room) ||
	    block_read(head, behind_head(d->read_bytes, room), d->seal.vault, &bytes, &why))
		return false;
	block_bytes_fini(&bytes);
	return true;
}

/* 1: there is a block that comes next; 0: there is none; negative: what stands there is damaged. */
static int next_head(struct taking *t, const struct file *f, struct block_head *head,
		     struct why *why)
{
	int rc;

	if (f->used + SPOOL_PAGE > SPOOL_PAGE + f->size || (!t->is_lost && t->at == t->end))
		return 0;
	if (file_read(f, f->used, t->page, SPOOL_PAGE))
		return why_set(why, ERR_BAD, "cannot be read");
	rc = block_head_read(head, t->page, why);
	if (!rc &&
	    (head->stream != t->disk->place.stream || (t->at != UINT64_MAX && head->base != t->at)))
		rc = why_set(why, ERR_BAD, "another block stands where that of octet %llu should",
			     (unsigned long long)t->at);
	return rc ? rc : 1;
}

static int take_block(struct taking *t, struct file *f, const struct block_head *head)
{
	struct entry e = {head->base, head->len, f, f->used, block_room(head), 0};
	int rc = 0;

	f->used += e.room;
	t->at = e.base + e.len;
	if (t->at <= t->acked)
		return 0;
	rc = disk_push(t->disk, &e);
	f->n_blocks += !rc;
	return rc;
}

static void doubt(struct taking *t, const struct file *f)
{
	char place[WHY_PLACE_LEN];

	file_say(&t->disk->place, f->number, place, sizeof place);
	why_place(&t->doubt, place);
	why_offset(&t->doubt, (int64_t)f->used);
	t->has_doubt = true;
}

static int push_hole(struct taking *t, uint64_t end)
{
	struct entry e = {.base = t->at, .len = end - t->at};
	char text[WHY_TEXT_LEN + WHY_PLACE_LEN];

	if (e.base < t->acked) {
		e.base = t->acked;
		e.len = end > t->acked ? end - t->acked : 0;
	}
	t->at = end;
	if (!e.len)
		return 0;
	if (t->has_doubt) {
		why_print(&t->doubt, text, sizeof text);
		log_error("%s", text);
	}
	log_error("%s: octets %llu to %llu of the stream are lost", t->disk->path,
		  (unsigned long long)e.base, (unsigned long long)(e.base + e.len));
	atomic_fetch_add(&t->disk->lost, e.len);
	return disk_push(t->disk, &e);
}

/* Behind a head that is damaged: the next block of the stream in this file. What stood there before
 * the file was used again lies before all that is wanted. */
static bool find_again(struct taking *t, struct file *f, struct block_head *head)
{
	uint64_t at = f->used + BLOCK_ALIGN;

	for (; at + SPOOL_PAGE <= SPOOL_PAGE + f->size; at += BLOCK_ALIGN) {
		if (file_read(f, at, t->page, SPOOL_PAGE) || block_head_read(head, t->page, NULL) ||
		    head->stream != t->disk->place.stream || head->base <= t->at ||
		    head->base >= t->end)
			continue;
		f->used = at;
		return true;
	}
	return false;
}

/* The blocks of one file. */
static int take_file(struct taking *t, struct file *f)
{
	struct block_head head;
	int rc = 0, is_there;

	why_clear(&t->doubt);
	t->has_doubt = false;
	while (!rc && (is_there = next_head(t, f, &head, &t->doubt)) != 0) {
		if (is_there < 0 || (t->is_lost && !is_whole(t->disk, f, &head))) {
			doubt(t, f);
			if (t->is_lost || !find_again(t, f, &head))
				break;
			rc = push_hole(t, head.base);
			why_clear(&t->doubt);
			t->has_doubt = false;
		}
		if (!rc)
			rc = take_block(t, f, &head);
	}
	return rc;
}

/* The offset at which a file begins. */
static uint64_t first_base(struct taking *t, const struct file *f)
{
	struct block_head head;

	if (file_read(f, SPOOL_PAGE, t->page, SPOOL_PAGE) ||
	    block_head_read(&head, t->page, NULL) || head.stream != t->disk->place.stream)
		return UINT64_MAX;
	return head.base;
}

void disk_add_file(struct disk *d, struct file *f)
{
	if (d->last)
		d->last->next = f;
	else
		d->first = f;
	d->last = f;
}

/* The file's blocks, where they go on where the ones before ended, or after what is damaged. */
static int join_file(struct taking *t, struct file *f, struct why *why)
{
	uint64_t base = first_base(t, f);
	bool is_known = base != UINT64_MAX;
	int rc = 0;

	if (t->is_lost)
		return take_file(t, f);
	if (t->acked >= t->end || (t->at != UINT64_MAX && t->at >= t->end))
		return 0;
	if (t->at == UINT64_MAX && is_known && base > t->acked)
		return why_set(why, ERR_BAD,
			       "octets %llu to %llu of the stream are not there: a "
			       "file is missing",
			       (unsigned long long)t->acked, (unsigned long long)base);
	if (t->at == UINT64_MAX && !is_known)
		t->at = t->acked; /* the first block's head is damaged */
	else if (t->has_doubt && is_known && base > t->at && base <= t->end)
		rc = push_hole(t, base);
	return rc ? rc : take_file(t, f);
}

static int take_files(struct taking *t, const uint64_t *numbers, size_t n, struct why *why)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++) {
		struct file *f;

		rc = file_open(&f, &t->disk->place, numbers[i], why);
		if (rc)
			break;
		t->disk->next_number = numbers[i] + 1;
		t->disk->total += f->size;
		disk_add_file(t->disk, f);
		rc = join_file(t, f, why);
	}
	if (!rc && !t->is_lost && t->at != t->end && t->acked < t->end) {
		if (!t->has_doubt)
			rc = why_set(why, ERR_BAD,
				     "octets up to %llu of the stream are not there: a file is "
				     "missing, or the disk is not mounted",
				     (unsigned long long)t->end);
		else
			rc = push_hole(t, t->end);
	}
	return rc;
}

/* Files that hold nothing, behind those that do, would stand in the way of the next one. */
static void drop_empty(struct disk *d)
{
	struct file **place = &d->first, *f;

	d->last = NULL;
	while ((f = *place)) {
		if (f->n_blocks) {
			d->last = f;
			place = &f->next;
			continue;
		}
		*place = f->next;
		d->total -= f->size;
		file_remove(&f, &d->place);
	}
}

int disk_take(struct disk *d, uint64_t *acked, uint64_t *end, bool is_lost, struct why *why)
{
	struct taking t = {
		.disk = d, .acked = *acked, .end = *end, .at = UINT64_MAX, .is_lost = is_lost};
	uint64_t *numbers;
	size_t n;
	int rc = list_numbers(d, &numbers, &n, why);

	t.page = aligned_alloc(BLOCK_ALIGN, SPOOL_PAGE);
	if (!t.page)
		rc = ERR_NOMEM;
	if (!rc)
		rc = take_files(&t, numbers, n, why);
	if (rc)
		why_place(why, d->path);
	else
		drop_empty(d);
	atomic_store(&d->safe_end, *end);
	disk_set_safe(d, d->tail);
	d->begun = d->tail;
	if (is_lost && d->head != d->tail && disk_entry(d, d->head)->base > *acked)
		*acked = disk_entry(d, d->head)->base;
	if (is_lost)
		*end = d->head == d->tail ? *acked : atomic_load(&d->safe_end);
	free(t.page);
	free(numbers);
	return rc;
}

int disk_add_hole(struct disk *d, uint64_t end)
{
	struct taking t = {.disk = d, .at = atomic_load(&d->safe_end)};
	int rc = push_hole(&t, end);

	disk_set_safe(d, d->tail);
	d->begun = d->tail;
	return rc;
}
