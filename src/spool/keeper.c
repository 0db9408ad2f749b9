/* The keeper: a spool's own thread, the only one that makes, names and removes its files and that
 * writes to its disk.
 *
 *	full, committed segments --put--> being written --commit--> on disk --> spares again
 *
 * It works while there are fewer spares than wanted: makes some while the budget lasts, and then
 * empties the oldest segments onto the disk. It holds the lock to look and to move, never while
 * it waits for a disk. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "spool/inside.h"

enum {
	FIRST_WANTED = 2,
	AHEAD_LEN = 4 << 20,           /* made ahead where segments are small … */
	MOST_AHEAD = 4,                /* … and at most so many */
	SPILL_SHARE = 4,               /* of memory that is kept free by the disk */
	COMMIT_NS = 10 * NANOS_PER_MS, /* between two commits */
	POLL_NS = NANOS_PER_MS,        /* while the disk works, or a claim is open that is needed */
	RETRY_NS = 500 * NANOS_PER_MS, /* after the disk refused */
	IDLE_NS = NANOS_PER_S,
	KEEP_NS = 2 * NANOS_PER_S,   /* that spares are kept once there are too many … */
	DROP_NS = 50 * NANOS_PER_MS, /* … and between two of them that go then */
};

/* Facts that are the keeper's alone. */
struct round {
	struct spool *spool;
	int64_t now, committed_at;
	int64_t spare_at, retry_at; /* not before: a new file in memory, the disk */
	int64_t drop_at; /* … a spare goes of which there are too many; 0: there are not */
	uint64_t calls;  /* that were heard when the round began */
	bool may_spill;  /* something can be put now, or comes off the disk's hands soon */
	bool is_waiting; /* for a commit of who fills, which rings no bell */
};

static int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NANOS_PER_S + now.tv_nsec;
}

/* ---- spares ---- */

/* How many should be there: for fewer, the oldest go to the disk. */
static unsigned wanted(const struct spool *s)
{
	uint64_t n = s->ceiling / SPILL_SHARE / s->size_wanted;

	return s->is_spilling && n > s->n_wanted ? (unsigned)n : s->n_wanted;
}

/* How many are made while memory has room: what is there already is there when no file can be made
 * any more, and a spool whose limit is small has all its memory at hand. */
static unsigned ahead(const struct spool *s)
{
	uint64_t n = AHEAD_LEN / s->size_wanted;
	unsigned least = wanted(s);

	n = n < MOST_AHEAD ? n : MOST_AHEAD;
	return n > least ? (unsigned)n : least;
}

bool keeper_is_behind(const struct spool *s)
{
	return s->n_spares < ahead(s);
}

void keeper_spare(struct spool *s, struct segment *g)
{
	segment_spare(g);
	g->is_busy = false;
	g->next = s->spares;
	s->spares = g;
	s->n_spares++;
	s->is_stuck = s->is_late = false;
	if (s->asked)
		pthread_cond_signal(&s->made);
}

/* The pinned one stays as it is until the reader has gone on. */
static void retire(struct spool *s, struct segment *g)
{
	s->size -= g->size;
	if (g == s->pinned)
		s->lent = g;
	else
		keeper_spare(s, g);
}

void keeper_trim(struct spool *s)
{
	uint64_t acked = atomic_load(&s->acked);
	struct segment *g;

	while ((g = s->first) && g != s->last && !g->is_busy && g->base + g->len <= acked) {
		s->first = g->next;
		retire(s, g);
	}
}

static bool has_spare_for(const struct spool *s, uint64_t len)
{
	for (const struct segment *g = s->spares; g; g = g->next) {
		if (g->size >= len)
			return true;
	}
	return false;
}

/* Who asked may have a spare already, and only not have taken it yet. */
static bool needs_spare(const struct spool *s)
{
	return s->n_spares < wanted(s) || (s->asked && !has_spare_for(s, s->asked));
}

static bool has_many(const struct spool *s)
{
	return s->n_spares > 4 * wanted(s);
}

/* What a load that comes and goes needs again is kept: new pages cost more than their use. */
static bool may_drop(struct round *r)
{
	int64_t due = r->drop_at;

	if (!has_many(r->spool))
		r->drop_at = 0;
	else if (!due || r->now >= due)
		r->drop_at = r->now + (due ? DROP_NS : KEEP_NS);
	return r->drop_at && due && r->now >= due;
}

/* Takes a spare out that is too small for what is wanted; or any, where there are too many. */
static struct segment *take_useless(struct spool *s, bool is_many)
{
	uint64_t wanted = s->asked ? s->asked : s->size_wanted, held = s->total;
	bool is_short = s->total + wanted > s->ceiling;

	for (const struct segment *g = s->spares; g; g = g->next)
		held -= g->size;
	is_short &= held + wanted <= s->ceiling; /* or else it would not help */

	for (struct segment **place = &s->spares; *place; place = &(*place)->next) {
		struct segment *g = *place;

		if (!is_many && !(is_short && g->size < wanted))
			continue;
		*place = g->next;
		s->n_spares--;
		s->total -= g->size;
		return g;
	}
	return NULL;
}

static bool drop_useless(struct round *r)
{
	struct spool *s = r->spool;
	struct segment *g = take_useless(s, may_drop(r));

	if (!g)
		return false;
	pthread_mutex_unlock(&s->lock);
	segment_remove(&g, &s->place);
	pthread_mutex_lock(&s->lock);
	return true;
}

static bool make_spare(struct round *r)
{
	struct spool *s = r->spool;
	uint64_t size = s->asked > s->size_wanted ? s->asked : s->size_wanted;
	uint64_t number = s->next_number;
	struct why why = {.offset = -1};
	struct segment *g;
	int rc;

	size = (size + SPOOL_PAGE - 1) / SPOOL_PAGE * SPOOL_PAGE;
	if (!(keeper_is_behind(s) || needs_spare(s)) || s->total + size > s->limit ||
	    r->now < r->spare_at)
		return false;
	s->next_number++;
	s->total += size;
	pthread_mutex_unlock(&s->lock);
	rc = segment_new(&g, &s->place, number, size, &why);
	pthread_mutex_lock(&s->lock);
	if (!rc) {
		if (s->total > s->ceiling)
			s->ceiling = s->limit;
		keeper_spare(s, g);
		return true;
	}
	s->total -= size;
	if (rc == ERR_FULL) {
		s->ceiling = s->total;
		pthread_cond_signal(&s->made); /* there is no reason to be so patient any more */
	}
	s->stuck = why;
	why_set(&s->stuck, rc, "%s", err_text(rc));
	r->spare_at = r->now + RETRY_NS;
	return false;
}

/* ---- onto the disk ---- */

/* Bytes that could still be reserved without the disk's help. */
static uint64_t room_left(const struct spool *s)
{
	uint64_t room = s->total < s->ceiling ? s->ceiling - s->total : 0;

	for (const struct segment *g = s->spares; g; g = g->next)
		room += g->size;
	return room;
}

/* From a quarter of memory that is left, until nothing is on the disk any more: a disk that stands
 * still for a while, as disks do, then costs nothing. */
static void look_at_room(struct spool *s)
{
	if (room_left(s) < s->ceiling / SPILL_SHARE)
		s->is_spilling = true;
	else if (!disk_bytes(s->disk) && !disk_has_uncommitted(s->disk))
		s->is_spilling = false;
}

/* The oldest that is full, committed and not on its way yet. */
static struct segment *oldest(const struct spool *s, bool *is_open)
{
	uint64_t tail = disk_tail(s->disk), end = atomic_load(&s->end);
	struct segment *g = s->first;

	while (g && g != s->last && g->base < tail)
		g = g->next;
	*is_open = g && g != s->last && g->base + g->len > end;
	return g && g != s->last && !*is_open ? g : NULL;
}

static void tell_refusal(struct spool *s, int rc, const struct why *why)
{
	char text[WHY_TEXT_LEN + WHY_PLACE_LEN];

	if (!s->stats.is_disk_refusing || strcmp(s->disk_why.text, why->text) != 0) {
		why_print(why, text, sizeof text);
		log_error("%s: nothing goes to the disk: %s", s->path, *text ? text : err_text(rc));
	}
	s->disk_why = *why;
	why_set(&s->disk_why, rc, "%s", err_text(rc));
	s->stats.is_disk_refusing = true;
}

/* After a failure what is not safe is in memory only, as before. */
static void disk_failed(struct round *r, int rc, const struct why *why)
{
	struct spool *s = r->spool;
	uint64_t tail = disk_tail(s->disk);

	tell_refusal(s, rc, why);
	for (struct segment *g = s->first; g; g = g->next) {
		if (g->base >= tail)
			g->is_busy = false;
	}
	r->retry_at = r->now + RETRY_NS;
	r->may_spill = false; /* who waits for room learns that none comes for now */
	keeper_trim(s);
}

static bool put_next(struct round *r)
{
	struct spool *s = r->spool;
	struct segment *g;
	struct why why = {.offset = -1};
	int rc;

	r->may_spill = false;
	r->is_waiting = false;
	look_at_room(s);
	if (!needs_spare(s))
		return false;
	g = oldest(s, &r->is_waiting);
	r->may_spill =
		r->is_waiting || disk_has_uncommitted(s->disk) || (g && r->now >= r->retry_at);
	if (!g || r->now < r->retry_at || !disk_may_put(s->disk))
		return false;
	g->is_busy = true;
	pthread_mutex_unlock(&s->lock);
	segment_fill_page(g);
	rc = disk_put(s->disk, g->base, g->map + SPOOL_PAGE, (size_t)g->len, &why);
	pthread_mutex_lock(&s->lock);
	if (rc) {
		g->is_busy = false;
		disk_failed(r, rc, &why);
	}
	return !rc;
}

/* First where it outlives us, then the memory goes. */
static bool publish(struct round *r)
{
	struct spool *s = r->spool;
	uint64_t safe = disk_safe(s->disk);
	struct segment *g;
	bool has_moved = false;

	if (safe > atomic_load(s->state.disk_end)) {
		s->stats.spilled += safe - atomic_load(s->state.disk_end);
		atomic_store(s->state.disk_end, safe);
	}
	while ((g = s->first) && g->is_busy && g->base < safe) {
		s->first = g->next;
		retire(s, g);
		has_moved = true;
	}
	if (has_moved && r->now >= r->retry_at)
		s->stats.is_disk_refusing = false;
	if (has_moved)
		disk_trim(s->disk, atomic_load(&s->acked));
	return has_moved;
}

static bool work_disk(struct round *r, int64_t wait)
{
	struct spool *s = r->spool;
	struct why why = {.offset = -1};
	int rc;

	pthread_mutex_unlock(&s->lock);
	rc = disk_work(s->disk, (struct nanos){wait}, &why);
	pthread_mutex_lock(&s->lock);
	if (rc)
		disk_failed(r, rc, &why);
	r->now = clock_ns();
	return publish(r);
}

/* A commit is due when its time has come, or when nothing else could be done meanwhile. */
static void commit_due(struct round *r, bool did)
{
	struct spool *s = r->spool;

	if (!disk_has_uncommitted(s->disk))
		return;
	if (r->now - r->committed_at < COMMIT_NS && !disk_has_turned(s->disk) &&
	    (did || disk_is_busy(s->disk)))
		return;
	r->committed_at = r->now;
	/* where there is no ring it takes as long as the disk does */
	pthread_mutex_unlock(&s->lock);
	disk_commit(s->disk);
	pthread_mutex_lock(&s->lock);
}

/* can_wait: memory has just given a spare; the disk takes no more before it gives none. */
static bool spill(struct round *r, bool can_wait)
{
	bool did = !can_wait && put_next(r);

	if (disk_is_busy(r->spool->disk) || disk_has_uncommitted(r->spool->disk)) {
		did |= work_disk(r, 0);
		commit_due(r, did);
	}
	return publish(r) || did; /* a block may have become safe while the next was put */
}

/* ---- the thread ---- */

/* Whoever waits for room learns that none comes. */
static void find_stuck(struct round *r)
{
	struct spool *s = r->spool;
	uint64_t size = s->asked > s->size_wanted ? s->asked : s->size_wanted;

	if (!s->asked || has_spare_for(s, s->asked) || (s->disk && r->may_spill))
		return;
	if (s->total + size > s->limit || !*s->stuck.text) {
		why_clear(&s->stuck);
		if (s->disk && *s->disk_why.text && s->stats.is_disk_refusing)
			s->stuck = s->disk_why;
		else
			why_set(&s->stuck, ERR_FULL, SPOOL_LIMIT_TEXT,
				(unsigned long long)s->limit);
	}
	s->is_stuck = true;
	s->stuck_len = s->asked;
	s->asked = 0;
	pthread_cond_broadcast(&s->made);
}

static void wait_for_work(struct round *r)
{
	struct spool *s = r->spool;
	int64_t until = r->now + (r->is_waiting ? POLL_NS : IDLE_NS);
	struct timespec at;

	if (s->disk && disk_is_busy(s->disk)) {
		(void)work_disk(r, POLL_NS);
		return;
	}
	if (r->retry_at > r->now && r->retry_at < until)
		until = r->retry_at;
	if (r->spare_at > r->now && r->spare_at < until)
		until = r->spare_at;
	if (r->drop_at > r->now && r->drop_at < until)
		until = r->drop_at;
	at = (struct timespec){until / NANOS_PER_S, until % NANOS_PER_S};
	if (!s->is_stopping)
		pthread_cond_timedwait(&s->work, &s->lock, &at);
}

static void tidy(struct spool *s)
{
	bool is_due = disk_should_note(s->disk, &s->state, s->is_stopping);

	pthread_mutex_unlock(&s->lock);
	disk_tidy(s->disk);
	if (is_due)
		disk_note(s->disk);
	pthread_mutex_lock(&s->lock);
}

static void *keep(void *arg)
{
	struct spool *s = arg;
	struct round r = {.spool = s};

	pthread_mutex_lock(&s->lock);
	while (!s->is_stopping) {
		bool did, has_made;

		r.now = clock_ns();
		r.calls = s->n_calls;
		has_made = make_spare(&r);
		did = has_made || drop_useless(&r);
		if (s->disk)
			did |= spill(&r, has_made);
		if (did || r.calls != s->n_calls)
			continue;
		find_stuck(&r);
		if (s->disk)
			tidy(s);
		if (r.calls == s->n_calls)
			wait_for_work(&r);
	}
	if (s->disk)
		tidy(s);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* No signal is the keeper's: a file that would grow beyond the process' limit is an error to be
 * handled (EFBIG), not an end. */
int keeper_start(struct spool *s, struct why *why)
{
	struct round first = {.spool = s};
	sigset_t all, before;
	int rc;

	/* the first reservation may come before the thread has had its first turn */
	s->n_wanted = FIRST_WANTED;
	pthread_mutex_lock(&s->lock);
	while (make_spare(&first))
		;
	pthread_mutex_unlock(&s->lock);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&s->keeper, NULL, keep, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		return why_set(why, err_of_errno(rc), "no thread: %s", strerror(rc));
	s->has_keeper = true;
	return 0;
}

void keeper_stop(struct spool *s)
{
	if (!s->has_keeper)
		return;
	pthread_mutex_lock(&s->lock);
	s->is_stopping = true;
	s->n_calls++;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->keeper, NULL);
	s->has_keeper = false;
}
