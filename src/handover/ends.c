#include "handover/ends.h"

#include <stdlib.h>
#include <string.h>

#include "etsi/decode.h"

enum {
	FIRST_SIZE = 1024,
	LARGE_SIZE = 1 << 16, /* of a backlog: given back when it is over */
	LOOK_AHEAD = 256,     /* records that are read at once */
};

struct entry {
	uint64_t end;
	void *whose;
};

struct ends {
	struct spool *spool;
	struct entry *ring; /* size entries, a power of two; n from first on */
	uint32_t size, first, n;
	uint64_t from; /* where the first begins */
};

int ends_new(struct ends **out, struct spool *spool)
{
	struct ends *e = calloc(1, sizeof *e);

	*out = e;
	if (!e)
		return ERR_NOMEM;
	e->spool = spool;
	e->from = spool_acked(spool);
	return 0;
}

void ends_free(struct ends **ends)
{
	if (*ends)
		free((*ends)->ring);
	free(*ends);
	*ends = NULL;
}

static struct entry *at(const struct ends *e, uint32_t i)
{
	return &e->ring[(e->first + i) & (e->size - 1)];
}

static uint64_t start_of(const struct ends *e, uint32_t i)
{
	return i ? at(e, i - 1)->end : e->from;
}

static uint64_t to(const struct ends *e)
{
	return start_of(e, e->n);
}

/* Whether there is room for one more. */
static bool grow(struct ends *e)
{
	uint32_t size = e->size ? 2 * e->size : FIRST_SIZE;
	struct entry *ring;

	if (e->n < e->size)
		return true;
	ring = size > ENDS_MAX ? NULL : calloc(size, sizeof *ring);
	if (!ring)
		return false;
	for (uint32_t i = 0; i < e->n; i++)
		ring[i] = *at(e, i);
	free(e->ring);
	e->ring = ring;
	e->size = size;
	e->first = 0;
	return true;
}

static bool push(struct ends *e, uint64_t end, void *whose)
{
	if (!grow(e))
		return false;
	*at(e, e->n) = (struct entry){end, whose};
	e->n++;
	return true;
}

/* How many of the entries end at or before limit. */
static uint32_t count_to(const struct ends *e, uint64_t limit)
{
	uint32_t low = 0, high = e->n, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (at(e, mid)->end <= limit)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The entry of the record at offset; false: it is in none. */
static bool find(const struct ends *e, uint64_t offset, uint32_t *i)
{
	if (offset < e->from || offset >= to(e))
		return false;
	*i = count_to(e, offset);
	return start_of(e, *i) == offset;
}

/* The end of the record at offset, from its octets. */
static uint64_t read_end(struct ends *e, uint64_t offset)
{
	const uint8_t *bytes;
	size_t here = spool_peek(e->spool, offset, &bytes), len;

	if (!here || etsi_pdu_len(bytes, here, &len, NULL) || len > here)
		return 0;
	return offset + len;
}

/* Reads on where the index ends; false: there is no record, or no room. */
static bool look_ahead(struct ends *e)
{
	const uint8_t *bytes;
	uint64_t end = to(e);
	size_t here = spool_peek(e->spool, end, &bytes), len, done = 0;
	uint32_t n = 0;

	while (n < LOOK_AHEAD && done < here &&
	       !etsi_pdu_len(bytes + done, here - done, &len, NULL) && len <= here - done &&
	       push(e, end + done + len, NULL)) {
		done += len;
		n++;
	}
	return n > 0;
}

/* Has the record at offset in the index where that can be. */
static bool cover(struct ends *e, uint64_t offset, uint32_t *i)
{
	if (!e->n)
		e->from = offset;
	while (offset >= to(e) && look_ahead(e))
		;
	return find(e, offset, i);
}

void ends_add(struct ends *e, uint64_t offset, uint64_t end, void *whose)
{
	if (offset == to(e))
		(void)push(e, end, whose);
}

void ends_undo(struct ends *e, uint64_t offset)
{
	if (offset >= e->from)
		e->n = count_to(e, offset);
}

uint64_t ends_next(struct ends *e, uint64_t offset)
{
	uint32_t i;

	return cover(e, offset, &i) ? at(e, i)->end : read_end(e, offset);
}

uint64_t ends_last(struct ends *e, uint64_t offset, uint64_t limit, uint64_t *n)
{
	uint64_t end = offset, next;
	uint32_t i, stop;

	*n = 0;
	while (end < limit) {
		if (cover(e, end, &i)) {
			stop = count_to(e, limit);
			next = stop > i ? at(e, stop - 1)->end : 0;
			*n += stop > i ? stop - i : 0;
		} else {
			next = read_end(e, end);
			next = next <= limit ? next : 0;
			*n += next != 0;
		}
		if (!next)
			break;
		end = next;
	}
	return end;
}

bool ends_run(struct ends *e, uint64_t offset, uint64_t limit, struct ends_run *out)
{
	uint32_t i, first, stop;

	*out = (struct ends_run){0};
	if (offset >= limit)
		return false;
	if (!cover(e, offset, &i)) {
		out->n = 1;
		out->end = read_end(e, offset);
		return out->end && out->end <= limit;
	}
	first = i;
	stop = count_to(e, limit);
	if (stop == i)
		return false;
	out->whose = at(e, i)->whose;
	do
		i++;
	while (i < stop && out->whose && at(e, i)->whose == out->whose);
	out->n = i - first;
	out->end = at(e, i - 1)->end;
	return true;
}

void ends_tell(struct ends *e, uint64_t offset, void *whose)
{
	uint32_t i;

	if (find(e, offset, &i))
		at(e, i)->whose = whose;
}

void ends_forget(struct ends *e)
{
	for (uint32_t i = 0; i < e->n; i++)
		at(e, i)->whose = NULL;
}

void ends_drop(struct ends *e, uint64_t offset)
{
	uint32_t n = count_to(e, offset);

	if (n) {
		e->from = start_of(e, n);
		e->first = (e->first + n) & (e->size - 1);
		e->n -= n;
	}
	if (!e->n && offset > e->from)
		e->from = offset;
	if (!e->n && e->size > LARGE_SIZE) {
		free(e->ring);
		e->ring = NULL;
		e->size = e->first = 0;
	}
}
