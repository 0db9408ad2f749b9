#include "handover/ends.h"

#include <stdlib.h>
#include <string.h>

#include "etsi/decode.h"

enum {
	FIRST_SIZE = 1024,
	LARGE_SIZE = 1 << 18, /* of a backlog: given back when it is over */
	LOOK_AHEAD = 256,     /* records that are read at once */
};

/* Records one behind the other that are of one and the same. */
struct run {
	uint64_t until; /* as e->first_record counts */
	void *whose;
};

/* A ring of ends, and one of runs of them:
 *
 *	first_record        until             until                 until
 *	| e | e | e | e | e | e | e | e | e | e | e | e | e | e | e |
 *	|      whose        |     whose       |    whose            |              */
struct ends {
	struct spool *spool;
	uint64_t from;         /* where the first begins */
	uint64_t first_record; /* how many were there before it */
	/* The lower halves of ends: all lie within 4 GiB behind `from`. size (a power of two), of
	 * which n from first on. */
	uint32_t *ring;
	uint32_t size, first, n;
	struct run *runs; /* in the same way */
	uint32_t run_size, first_run, n_runs;
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

static void give_back(struct ends *e)
{
	free(e->ring);
	free(e->runs);
	e->ring = NULL;
	e->runs = NULL;
	e->size = e->first = e->run_size = e->first_run = 0;
}

void ends_free(struct ends **ends)
{
	if (*ends)
		give_back(*ends);
	free(*ends);
	*ends = NULL;
}

/* ---- where they end ---- */

/* Octets from the first record's beginning to the end of this one. */
static uint32_t span_at(const struct ends *e, uint32_t i)
{
	return e->ring[(e->first + i) & (e->size - 1)] - (uint32_t)e->from;
}

static uint64_t end_at(const struct ends *e, uint32_t i)
{
	return e->from + span_at(e, i);
}

static uint64_t start_of(const struct ends *e, uint32_t i)
{
	return i ? end_at(e, i - 1) : e->from;
}

static uint64_t to(const struct ends *e)
{
	return start_of(e, e->n);
}

/* How many of the records end at or before limit. */
static uint32_t count_to(const struct ends *e, uint64_t limit)
{
	uint32_t low = 0, high = e->n, mid, span;

	if (limit >= to(e))
		return e->n;
	if (limit <= e->from)
		return 0;
	span = (uint32_t)(limit - e->from);
	while (low < high) {
		mid = (low + high) / 2;
		if (span_at(e, mid) <= span)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The place of the record at offset; false: none begins there. */
static bool find(const struct ends *e, uint64_t offset, uint32_t *i)
{
	if (offset < e->from || offset >= to(e))
		return false;
	*i = count_to(e, offset);
	return start_of(e, *i) == offset;
}

/* Twice the room of a ring of n items of this size, in a new array; NULL: it may not be, or there
 * is no memory. */
static void *larger(const void *ring, uint32_t *size, uint32_t *first, uint32_t most, size_t item)
{
	uint32_t more = *size ? 2 * *size : FIRST_SIZE, tail = *size - *first;
	uint8_t *to = more > most ? NULL : reallocarray(NULL, more, item);

	if (!to)
		return NULL;
	if (*size) {
		memcpy(to, (const uint8_t *)ring + *first * item, tail * item);
		memcpy(to + tail * item, ring, *first * item);
	}
	*size = more;
	*first = 0;
	return to;
}

/* Whether there is room for one more. */
static bool grow(struct ends *e)
{
	uint32_t *ring;

	if (e->n < e->size)
		return true;
	ring = larger(e->ring, &e->size, &e->first, ENDS_MAX, sizeof *ring);
	if (!ring)
		return false;
	free(e->ring);
	e->ring = ring;
	return true;
}

/* ---- whose they are ---- */

static struct run *run_at(const struct ends *e, uint32_t k)
{
	return &e->runs[(e->first_run + k) & (e->run_size - 1)];
}

static bool grow_runs(struct ends *e)
{
	struct run *runs;

	if (e->n_runs < e->run_size)
		return true;
	runs = larger(e->runs, &e->run_size, &e->first_run, ENDS_RUNS_MAX, sizeof *runs);
	if (!runs)
		return false;
	free(e->runs);
	e->runs = runs;
	return true;
}

/* Counts one more at the end. */
static bool add_whose(struct ends *e, void *whose)
{
	struct run *last = e->n_runs ? run_at(e, e->n_runs - 1) : NULL;

	if (last && last->whose == whose) {
		last->until++;
		return true;
	}
	if (!grow_runs(e))
		return false;
	*run_at(e, e->n_runs++) = (struct run){e->first_record + e->n + 1, whose};
	return true;
}

/* The run of this record. */
static uint32_t run_of(const struct ends *e, uint64_t record)
{
	uint32_t low = 0, high = e->n_runs - 1, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (run_at(e, mid)->until <= record)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Moves the runs of the shorter side: who tells comes from the front or from the back. */
static void insert_run(struct ends *e, uint32_t k, const struct run *run)
{
	if (k < e->n_runs / 2) {
		e->first_run = (e->first_run - 1) & (e->run_size - 1);
		for (uint32_t i = 0; i < k; i++)
			*run_at(e, i) = *run_at(e, i + 1);
	} else {
		for (uint32_t i = e->n_runs; i > k; i--)
			*run_at(e, i) = *run_at(e, i - 1);
	}
	e->n_runs++;
	*run_at(e, k) = *run;
}

static void remove_run(struct ends *e, uint32_t k)
{
	if (k < e->n_runs / 2) {
		for (uint32_t i = k; i > 0; i--)
			*run_at(e, i) = *run_at(e, i - 1);
		e->first_run = (e->first_run + 1) & (e->run_size - 1);
	} else {
		for (uint32_t i = k; i + 1 < e->n_runs; i++)
			*run_at(e, i) = *run_at(e, i + 1);
	}
	e->n_runs--;
}

/* Has a run end before this record. */
static bool split(struct ends *e, uint64_t record)
{
	uint32_t k;

	if (record == e->first_record || record == e->first_record + e->n)
		return true;
	k = run_of(e, record);
	if (k && run_at(e, k - 1)->until == record)
		return true;
	if (!grow_runs(e))
		return false;
	insert_run(e, k, &(struct run){record, run_at(e, k)->whose});
	return true;
}

/* Makes one of two runs, where they are of one. */
static void join(struct ends *e, uint32_t k)
{
	if (k + 1 < e->n_runs && run_at(e, k)->whose == run_at(e, k + 1)->whose)
		remove_run(e, k);
}

/* Only the first n are still there. */
static void cut(struct ends *e, uint32_t n)
{
	e->n = n;
	while (e->n_runs > 1 && run_at(e, e->n_runs - 2)->until >= e->first_record + n)
		e->n_runs--;
	if (!n)
		e->n_runs = 0;
	else
		run_at(e, e->n_runs - 1)->until = e->first_record + n;
}

static bool push(struct ends *e, uint64_t end, void *whose)
{
	if (end - e->from > UINT32_MAX || !grow(e) || !add_whose(e, whose))
		return false;
	e->ring[(e->first + e->n) & (e->size - 1)] = (uint32_t)end;
	e->n++;
	return true;
}

/* ---- what is not there ---- */

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

/* ---- */

void ends_add(struct ends *e, uint64_t offset, uint64_t end, void *whose)
{
	if (offset == to(e))
		(void)push(e, end, whose);
}

void ends_undo(struct ends *e, uint64_t offset)
{
	if (offset >= e->from)
		cut(e, count_to(e, offset));
}

uint64_t ends_next(struct ends *e, uint64_t offset)
{
	uint32_t i;

	return cover(e, offset, &i) ? end_at(e, i) : read_end(e, offset);
}

uint64_t ends_last(struct ends *e, uint64_t offset, uint64_t limit, uint64_t *n)
{
	uint64_t end = offset, next;
	uint32_t i, stop;

	*n = 0;
	while (end < limit) {
		if (cover(e, end, &i)) {
			stop = count_to(e, limit);
			next = stop > i ? end_at(e, stop - 1) : 0;
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
	const struct run *run;
	uint32_t i, stop;

	*out = (struct ends_run){0};
	if (offset >= limit)
		return false;
	if (!cover(e, offset, &i)) {
		out->n = 1;
		out->end = read_end(e, offset);
		return out->end && out->end <= limit;
	}
	stop = count_to(e, limit);
	if (stop == i)
		return false;
	run = run_at(e, run_of(e, e->first_record + i));
	if (!run->whose)
		stop = i + 1;
	else if (stop > run->until - e->first_record)
		stop = (uint32_t)(run->until - e->first_record);
	out->whose = run->whose;
	out->n = stop - i;
	out->end = end_at(e, stop - 1);
	return true;
}

void ends_tell(struct ends *e, uint64_t offset, void *whose)
{
	uint64_t record;
	uint32_t i, k;

	if (!find(e, offset, &i))
		return;
	record = e->first_record + i;
	if (!split(e, record) || !split(e, record + 1))
		return;
	k = run_of(e, record);
	run_at(e, k)->whose = whose;
	join(e, k);
	if (k)
		join(e, k - 1);
}

void ends_forget(struct ends *e)
{
	if (e->n_runs)
		*run_at(e, 0) = (struct run){e->first_record + e->n, NULL};
	e->n_runs = e->n_runs > 0;
}

void ends_drop(struct ends *e, uint64_t offset)
{
	uint32_t n = count_to(e, offset);

	if (n) {
		e->from = start_of(e, n);
		e->first = (e->first + n) & (e->size - 1);
		e->first_record += n;
		e->n -= n;
	}
	while (e->n_runs && run_at(e, 0)->until <= e->first_record) {
		e->first_run = (e->first_run + 1) & (e->run_size - 1);
		e->n_runs--;
	}
	if (!e->n && offset > e->from)
		e->from = offset;
	if (!e->n && e->size > LARGE_SIZE)
		give_back(e);
}
