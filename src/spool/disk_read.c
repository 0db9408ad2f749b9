#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "spool/disk_parts.h"

/* The entry of an offset before the safe end. */
static bool find(struct disk *d, uint64_t offset, struct entry *out)
{
	uint64_t low, high;

	pthread_mutex_lock(&d->lock);
	low = d->head;
	high = d->safe;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		const struct entry *e = disk_entry(d, middle);

		if (e->base + e->len <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < d->safe)
		*out = *disk_entry(d, low);
	else
		*out = (struct entry){.base = UINT64_MAX};
	pthread_mutex_unlock(&d->lock);
	return out->base <= offset;
}

/* What can not be read is a hole from now on, so that what lies behind it can. */
static void make_hole(struct disk *d, const struct entry *e, const struct why *why)
{
	char place[WHY_PLACE_LEN];

	file_say(&d->place, e->file->number, place, sizeof place);
	log_error("%s: at byte %llu: %s: octets %llu to %llu of the stream are lost", place,
		  (unsigned long long)e->at, why->text, (unsigned long long)e->base,
		  (unsigned long long)(e->base + e->len));
	atomic_fetch_add(&d->lost, e->len);
	pthread_mutex_lock(&d->lock);
	for (uint64_t i = d->head; i < d->safe; i++) {
		struct entry *there = disk_entry(d, i);

		if (there->base != e->base || !there->file)
			continue;
		there->file->n_blocks--;
		there->file = NULL;
		d->bytes -= there->len;
	}
	pthread_mutex_unlock(&d->lock);
}

static int load(struct disk *d, const struct entry *e, struct block_bytes *out, struct why *why)
{
	struct block_head head;
	int rc = disk_grow(&d->read_bytes, &d->read_size, e->room);

	if (rc)
		return rc;
	rc = file_read(e->file, e->at, d->read_bytes, e->room);
	if (rc)
		return why_set(why, ERR_BAD, "cannot be read: %s", strerror(rc));
	rc = block_head_read(&head, d->read_bytes, why);
	if (!rc && (head.stream != d->place.stream || head.base != e->base || head.len != e->len ||
		    block_room(&head) != e->room))
		rc = why_set(why, ERR_BAD, "another block than was written stands there");
	if (!rc)
		rc = block_read(&head, behind_head(d->read_bytes, e->room), d->seal.vault, out,
				why);
	return rc;
}

static void tell_holes(struct disk *d, const struct entry *e, const struct block_bytes *b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < b->n_holes; i++)
		n += b->holes[i].len;
	if (!n)
		return;
	atomic_fetch_add(&d->lost, n);
	log_warn("%s: %llu octets of the stream from %llu on are sealed by keys that are not there "
		 "any more",
		 d->path, (unsigned long long)n, (unsigned long long)e->base);
}

/* The block of an entry, read where it was not; NULL: it cannot be, or not now. */
static struct cached *take(struct disk *d, const struct entry *e)
{
	struct cached *oldest = d->cached;
	struct why why = {.offset = -1};
	int rc;

	if (!e->file)
		return NULL;
	for (struct cached *c = d->cached; c < d->cached + N_CACHED; c++) {
		if (c->block.bytes && c->base == e->base) {
			c->used = ++d->n_used;
			return c;
		}
		if (!c->block.bytes || (oldest->block.bytes && c->used < oldest->used))
			oldest = c;
	}
	block_bytes_fini(&oldest->block);
	rc = load(d, e, &oldest->block, &why);
	if (rc == ERR_BAD)
		make_hole(d, e, &why);
	if (rc)
		return NULL;
	oldest->base = e->base;
	oldest->len = e->len;
	oldest->used = ++d->n_used;
	tell_holes(d, e, &oldest->block);
	return oldest;
}

size_t disk_peek(struct disk *d, uint64_t offset, const uint8_t **bytes)
{
	const struct cached *c;
	struct entry e;
	size_t at, n;

	*bytes = NULL;
	c = find(d, offset, &e) ? take(d, &e) : NULL;
	if (!c)
		return 0;
	at = (size_t)(offset - c->base);
	n = (size_t)c->len - at;
	for (size_t i = 0; i < c->block.n_holes; i++) {
		const struct block_hole *h = &c->block.holes[i];

		if (h->at + h->len <= at)
			continue;
		if (h->at <= at)
			return 0;
		n = h->at - at;
		break;
	}
	*bytes = c->block.bytes + at;
	return n;
}

uint64_t disk_hole(struct disk *d, uint64_t offset)
{
	const struct cached *c;
	struct entry e;
	size_t at;

	if (!find(d, offset, &e))
		return offset;
	c = take(d, &e);
	if (!c)
		return find(d, offset, &e) && !e.file ? e.base + e.len : offset;
	at = (size_t)(offset - c->base);
	for (size_t i = 0; i < c->block.n_holes; i++) {
		const struct block_hole *h = &c->block.holes[i];

		if (h->at <= at && at < h->at + h->len)
			at = h->at + h->len;
	}
	return c->base + at;
}

/* Whether nothing is left. */
static bool trim(struct disk *d, uint64_t offset)
{
	bool is_empty;

	pthread_mutex_lock(&d->lock);
	while (d->head < d->safe) {
		const struct entry *e = disk_entry(d, d->head);

		if (e->base + e->len > offset)
			break;
		if (e->file) {
			e->file->n_blocks--;
			d->bytes -= e->len;
		}
		d->head++;
	}
	is_empty = d->head == d->safe;
	pthread_mutex_unlock(&d->lock);
	return is_empty;
}

void disk_trim(struct disk *d, uint64_t offset)
{
	(void)trim(d, offset);
}

void disk_ack(struct disk *d, uint64_t offset)
{
	if (trim(d, offset))
		disk_forget_cached(d);
}

void disk_forget_cached(struct disk *d)
{
	for (struct cached *c = d->cached; c < d->cached + N_CACHED; c++)
		block_bytes_fini(&c->block);
	free(d->read_bytes);
	d->read_bytes = NULL;
	d->read_size = 0;
}

uint64_t disk_bytes(struct disk *d)
{
	uint64_t n;

	pthread_mutex_lock(&d->lock);
	n = d->bytes;
	pthread_mutex_unlock(&d->lock);
	return n;
}

uint64_t disk_lost(struct disk *d)
{
	return atomic_load(&d->lost);
}
