#include "spool/spool.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "spool/inside.h"

enum {
	DEFAULT_SEGMENT = 2 << 20, /* with its head: a large page */
	DEFAULT_LIMIT = 1 << 30,
	DEFAULT_PATIENCE = 15 * NANOS_PER_MS,
	ROOM_PATIENCE_S = 2,
	SHARE_OF_LIMIT = 4, /* at least so many segments fit in the limit */
	MOST_SPARES = 16,
	FIRST_CLAIMS = 64,
	MAX_CLAIM = 1 << 30,
};

#define DEFAULT_DISK_LIMIT (UINT64_C(16) << 30)

/* ---- opening ---- */

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The numbers of all segments in the folder, in order. */
static int list_numbers(const struct spool *s, uint64_t **out, size_t *n, struct why *why)
{
	int fd = openat(s->place.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	uint64_t number, *more;
	int rc = 0;

	*out = NULL;
	*n = 0;
	if (!folder) {
		if (fd >= 0)
			close(fd);
		return why_set(why, err_of_errno(errno), "cannot be read: %s", strerror(errno));
	}
	while (!rc && (entry = readdir(folder))) {
		if (segment_number_of(entry->d_name, &number))
			continue;
		more = reallocarray(*out, *n + 1, sizeof *more);
		if (!more) {
			rc = ERR_NOMEM;
			break;
		}
		*out = more;
		more[(*n)++] = number;
	}
	closedir(folder);
	if (*n)
		qsort(*out, *n, sizeof **out, compare_numbers);
	return rc;
}

/* All before it is acknowledged or on disk. */
static uint64_t memory_from(const struct spool *s)
{
	uint64_t acked = atomic_load(&s->acked), disk_end = atomic_load(s->state.disk_end);

	return acked > disk_end ? acked : disk_end;
}

/* Whether it holds bytes that are needed; its len is then how many are committed. */
static bool is_needed(const struct spool *s, struct segment *g)
{
	uint64_t end = atomic_load(&s->end);

	if (g->base >= end || g->base < atomic_load(s->state.disk_end))
		return false;
	if (!g->len || g->base + g->len > end)
		g->len = end - g->base;
	return g->base + g->len > memory_from(s);
}

/* Into the list, by its base. */
static void put_sorted(struct spool *s, struct segment *g)
{
	struct segment **place = &s->first;

	while (*place && (*place)->base < g->base)
		place = &(*place)->next;
	g->next = *place;
	*place = g;
	s->size += g->size;
	if (!g->next)
		s->last = g;
}

/* Those that are needed must lie without a gap from what is acknowledged to the end. */
static int check_segments(const struct spool *s, struct why *why)
{
	uint64_t at = memory_from(s), end = atomic_load(&s->end);

	for (const struct segment *g = s->first; g; g = g->next) {
		if (g->len > g->size || (g == s->first ? g->base > at : g->base != at))
			break;
		at = g->base + g->len;
	}
	if (at >= end)
		return 0;
	why_place(why, s->path);
	return why_set(why, ERR_BAD,
		       "bytes of the stream from %llu on are not there: a file is "
		       "missing",
		       (unsigned long long)at);
}

/* Files that hold nothing that is needed are spares. */
static int adopt_segments(struct spool *s, const uint64_t *numbers, size_t n, struct why *why)
{
	struct segment *g;
	int rc = 0;

	for (size_t i = 0; !rc && i < n; i++) {
		rc = segment_open(&g, &s->place, numbers[i], why);
		if (rc)
			break;
		s->next_number = numbers[i] + 1;
		s->total += g->size;
		if (is_needed(s, g))
			put_sorted(s, g);
		else
			keeper_spare(s, g);
	}
	return rc ? rc : check_segments(s, why);
}

static int open_folder(struct spool *s, const char *dir, struct why *why)
{
	if (mkdir(dir, S_IRWXU) && errno != EEXIST)
		return why_set(why, err_of_errno(errno), "cannot be made: %s", strerror(errno));
	s->place.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->place.dir < 0)
		return why_set(why, err_of_errno(errno), "cannot be opened: %s", strerror(errno));
	if (flock(s->place.dir, LOCK_EX | LOCK_NB))
		return why_set(why, ERR_ACCESS, "%s",
			       errno == EWOULDBLOCK ? "is in use by another process"
						    : strerror(errno));
	return 0;
}

static void choose_sizes(struct spool *s, const struct spool_options *options)
{
	uint64_t most;

	s->limit = options->limit ? options->limit : DEFAULT_LIMIT;
	s->ceiling = s->limit;
	most = s->limit / SHARE_OF_LIMIT;
	s->segment_size =
		options->segment_size ? options->segment_size : DEFAULT_SEGMENT - SPOOL_PAGE;
	if (s->segment_size > most)
		s->segment_size = most;
	if (s->segment_size < SPOOL_SEGMENT_MIN)
		s->segment_size = SPOOL_SEGMENT_MIN;
	s->size_wanted = s->segment_size;
	s->patience = options->patience.ns ? options->patience : (struct nanos){DEFAULT_PATIENCE};
	if (options->disk)
		s->disk_limit = options->disk_limit ? options->disk_limit : DEFAULT_DISK_LIMIT;
}

/* The memory is gone, and what went to disk before is there. What was behind it is lost: how much
 * is not known, but no more than fits in memory; so the stream goes on behind all of that. */
static int start_from_disk(struct spool *s, struct state_start *start, struct why *why)
{
	struct spool_state *noted;
	int rc = disk_recall(s->disk, 0, &noted, why);

	if (rc)
		return rc;
	start->acked = atomic_load(noted->acked);
	start->disk_end = atomic_load(noted->disk_end);
	rc = disk_take(s->disk, &start->acked, &start->disk_end, true, why);
	if (rc || start->acked == start->disk_end) {
		*start = (struct state_start){.user = ""};
		if (!rc)
			disk_wipe(s->disk);
		return rc;
	}
	start->id = noted->id;
	start->user_len = state_user(noted, &start->user);
	start->end = start->disk_end + 2 * s->limit;
	log_error("%s: its memory is lost, and with it what lay there; octets %llu to %llu are on "
		  "disk",
		  s->path, (unsigned long long)start->acked, (unsigned long long)start->disk_end);
	rc = disk_add_hole(s->disk, start->end);
	start->disk_end = start->end;
	return rc;
}

static int take_disk(struct spool *s, struct why *why)
{
	uint64_t acked = atomic_load(s->state.acked), end = atomic_load(s->state.disk_end);
	struct spool_state *noted;
	int rc;

	if (acked < end && (!s->disk || !disk_remembers(s->disk))) {
		why_place(why, s->path);
		return why_set(why, ERR_BAD, "octets %llu to %llu of the stream lie on a disk, %s",
			       (unsigned long long)acked, (unsigned long long)end,
			       s->disk ? "and the folder there is empty: is it mounted?"
				       : "and no folder there is configured");
	}
	if (!s->disk)
		return 0;
	rc = disk_recall(s->disk, s->place.id, &noted, why);
	return rc ? rc : disk_take(s->disk, &acked, &end, false, why);
}

static int open_state(struct spool *s, const struct spool_options *options, struct why *why)
{
	const struct disk_options disk = {options->disk,
					  options->disk_limit,
					  {options->vault, options->owner},
					  options->device};
	struct state_start start = {.user = ""};
	bool is_new = !state_is_there(s->place.dir), is_lost = false;
	int rc = 0;

	if (options->disk)
		rc = disk_open(&s->disk, &disk, why);
	if (!rc && s->disk && is_new && disk_remembers(s->disk)) {
		rc = start_from_disk(s, &start, why);
		is_lost = s->stats.is_memory_lost = start.id != 0;
	}
	if (!rc)
		rc = state_open(&s->state, s->place.dir, s->path,
				is_new ? &start : &(struct state_start){0}, why);
	if (rc)
		return rc;
	s->place.id = s->state.id;
	return is_lost ? 0 : take_disk(s, why);
}

static int open_files(struct spool *s, const struct spool_options *options, struct why *why)
{
	uint64_t *numbers = NULL;
	size_t n = 0;
	int rc = open_folder(s, s->path, why);

	if (!rc)
		rc = open_state(s, options, why);
	if (!rc) {
		atomic_store(&s->end, state_end(&s->state));
		atomic_store(&s->acked, atomic_load(s->state.acked));
		s->reserved = atomic_load(&s->end);
		rc = list_numbers(s, &numbers, &n, why);
	}
	if (!rc)
		rc = adopt_segments(s, numbers, n, why);
	free(numbers);
	return rc ? rc : keeper_start(s, why);
}

static int init(struct spool *s, const char *dir, const struct spool_options *options,
		struct why *why)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->work, &monotonic);
	pthread_cond_init(&s->made, &monotonic);
	pthread_condattr_destroy(&monotonic);
	s->place.dir = -1;
	s->state.fd = -1;
	s->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->n_claims = FIRST_CLAIMS;
	s->claims = calloc(s->n_claims, sizeof *s->claims);
	s->path = strdup(dir);
	s->place.path = s->path;
	choose_sizes(s, options);
	if (s->bell < 0)
		return why_set(why, err_of_errno(errno), "no descriptor: %s", strerror(errno));
	return s->claims && s->path ? 0 : ERR_NOMEM;
}

int spool_open(struct spool **out, const char *dir, const struct spool_options *options,
	       struct why *why)
{
	static const struct spool_options none;
	struct spool *s = calloc(1, sizeof *s);
	int rc = s ? 0 : ERR_NOMEM;

	*out = NULL;
	if (rc)
		return rc;
	options = options ? options : &none;
	rc = init(s, dir, options, why);
	if (!rc)
		rc = open_files(s, options, why);
	if (rc) {
		why_set(why, rc, "%s", err_text(rc));
		why_place(why, dir);
		spool_close(&s);
	}
	*out = s;
	return rc;
}

static void free_segments(struct spool *s)
{
	struct segment *g;

	while ((g = s->first)) {
		s->first = g->next;
		segment_free(&g);
	}
	while ((g = s->spares)) {
		s->spares = g->next;
		segment_remove(&g, &s->place);
	}
	if (s->lent)
		segment_remove(&s->lent, &s->place);
}

void spool_close(struct spool **spool)
{
	struct spool *s = *spool;

	*spool = NULL;
	if (!s)
		return;
	keeper_stop(s);
	disk_close(&s->disk); /* which waits for what is being written from segments */
	free_segments(s);
	state_close(&s->state);
	if (s->place.dir >= 0)
		close(s->place.dir);
	if (s->bell >= 0)
		close(s->bell);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->work);
	pthread_cond_destroy(&s->made);
	free(s->claims);
	free(s->path);
	free(s);
}

uint64_t spool_id(const struct spool *s)
{
	return s->place.id;
}

/* ---- reserving ---- */

static void call_keeper(struct spool *s)
{
	s->n_calls++;
	pthread_cond_signal(&s->work);
}

/* The first spare that is long enough; NULL: none. */
static struct segment *take_spare(struct spool *s, uint64_t len)
{
	for (struct segment **place = &s->spares; *place; place = &(*place)->next) {
		struct segment *g = *place;

		if (g->size < len)
			continue;
		*place = g->next;
		s->n_spares--;
		g->next = NULL;
		return g;
	}
	return NULL;
}

/* Segments grow with what is reserved, and spares with how fast they are needed. */
static void want_more(struct spool *s, uint64_t len, bool is_short)
{
	uint64_t most = s->limit / SHARE_OF_LIMIT, n;

	if (2 * len > s->size_wanted)
		s->size_wanted = 2 * len < most          ? 2 * len
				 : most > s->size_wanted ? most
							 : s->size_wanted;
	n = most / s->size_wanted;
	if (is_short && 2 * (uint64_t)s->n_wanted <= n && s->n_wanted < MOST_SPARES)
		s->n_wanted *= 2;
}

static struct timespec after(struct timespec at, struct nanos span)
{
	int64_t ns = at.tv_nsec + span.ns;

	return (struct timespec){at.tv_sec + ns / NANOS_PER_S, ns % NANOS_PER_S};
}

/* Whether a segment for so much may be made without anything going first. */
static bool has_room(const struct spool *s, uint64_t len)
{
	return s->total + (len > s->size_wanted ? len : s->size_wanted) <= s->ceiling;
}

/* While memory has room nothing is lost by waiting: the keeper only has no processor just now. */
static struct nanos patience_of(const struct spool *s, uint64_t len)
{
	struct nanos span = nanos_from_s(ROOM_PATIENCE_S);

	return has_room(s, len) && s->patience.ns < span.ns ? span : s->patience;
}

/* Why there is none, where the keeper did not answer in time. */
static void say_late(struct spool *s, uint64_t len)
{
	if (s->disk)
		why_set(&s->why, ERR_FULL, "its disk is slower than what comes");
	else if (!has_room(s, len))
		why_set(&s->why, ERR_FULL, SPOOL_LIMIT_TEXT, (unsigned long long)s->limit);
	else
		why_set(&s->why, ERR_FULL, "no memory was made ready in time");
}

/* Until the keeper has made one, or says that it can make none, or it has taken too long: then the
 * next one does not wait at all. */
static struct segment *wait_for_spare(struct spool *s, uint64_t len)
{
	struct timespec from, until;
	struct segment *g = NULL;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &from);
	if (!(s->is_stuck && len >= s->stuck_len) && !s->is_late) {
		s->stats.n_waits++;
		s->asked = len;
		call_keeper(s);
		s->is_stuck = false;
		while (!(g = take_spare(s, len)) && !s->is_stuck && rc != ETIMEDOUT) {
			until = after(from, patience_of(s, len));
			rc = pthread_cond_timedwait(&s->made, &s->lock, &until);
		}
		s->asked = 0;
		s->is_late = !g && !s->is_stuck;
	}
	if (g)
		return g;
	if (s->is_stuck && *s->stuck.text)
		s->why = s->stuck;
	else
		say_late(s, len);
	why_place(&s->why, s->path);
	return NULL;
}

/* A segment for the next len bytes behind the last one. */
static int add_segment(struct spool *s, size_t len)
{
	struct segment *g = take_spare(s, len);
	bool has_waited = !g;

	if (!g)
		g = wait_for_spare(s, len);
	/* before somebody has to wait: the keeper shares processors with who fills */
	want_more(s, len, has_waited || 2 * s->n_spares < s->n_wanted);
	if (!g)
		return ERR_FULL;
	if (s->last)
		segment_seal(s->last);
	segment_begin(g, s->place.id, s->reserved);
	if (s->last)
		s->last->next = g;
	else
		s->first = g;
	s->last = g;
	s->size += g->size;
	keeper_trim(s); /* what was last may be acknowledged */
	if (keeper_is_behind(s))
		call_keeper(s);
	return 0;
}

static int grow_claims(struct spool *s)
{
	uint64_t n = s->n_claims * 2;
	struct open_claim *claims;

	if (s->claims_head - s->claims_tail < s->n_claims)
		return 0;
	claims = calloc(n, sizeof *claims);
	if (!claims)
		return ERR_NOMEM;
	for (uint64_t t = s->claims_tail; t != s->claims_head; t++)
		claims[t & (n - 1)] = s->claims[t & (s->n_claims - 1)];
	free(s->claims);
	s->claims = claims;
	s->n_claims = n;
	return 0;
}

static int reserve_locked(struct spool *s, size_t len, struct spool_claim *claim)
{
	struct segment *g = s->last;
	int rc = grow_claims(s);

	why_clear(&s->why);
	if (rc)
		return why_set(&s->why, rc, "%s", err_text(rc));
	if (!g || g->size - g->len < len) {
		rc = add_segment(s, len);
		if (rc)
			return rc;
		g = s->last;
	}
	*claim = (struct spool_claim){.bytes = g->map + SPOOL_PAGE + g->len,
				      .len = len,
				      .offset = s->reserved,
				      .ticket = s->claims_head++};
	segment_reserve(g, len);
	s->reserved += len;
	s->claims[claim->ticket & (s->n_claims - 1)] = (struct open_claim){.end = s->reserved};
	return 0;
}

int spool_reserve(struct spool *s, size_t len, struct spool_claim *claim)
{
	struct timespec from, to;
	int64_t took;
	int rc;

	assert(len && len <= MAX_CLAIM);
	clock_gettime(CLOCK_MONOTONIC, &from);
	pthread_mutex_lock(&s->lock);
	rc = reserve_locked(s, len, claim);
	s->stats.n_refused += rc != 0;
	clock_gettime(CLOCK_MONOTONIC, &to);
	took = (int64_t)(to.tv_sec - from.tv_sec) * NANOS_PER_S + to.tv_nsec - from.tv_nsec;
	if (took > s->stats.worst.ns)
		s->stats.worst.ns = took;
	pthread_mutex_unlock(&s->lock);
	return rc;
}

const struct why *spool_why(const struct spool *s)
{
	return &s->why;
}

/* ---- committing ---- */

static void ring_bell(struct spool *s)
{
	uint64_t one = 1;

	if (!atomic_exchange(&s->is_rung, true))
		(void)!write(s->bell, &one, sizeof one);
}

/* Marks the claim; *end moves over all claims that are committed without a gap. */
static bool commit_locked(struct spool *s, const struct spool_claim *claim, uint64_t *end)
{
	struct open_claim *c = &s->claims[claim->ticket & (s->n_claims - 1)];

	assert(claim->ticket - s->claims_tail < s->claims_head - s->claims_tail);
	assert(!c->is_committed && c->end == claim->offset + claim->len);
	*end = atomic_load(&s->end);
	c->is_committed = true;
	while (s->claims_tail != s->claims_head) {
		c = &s->claims[s->claims_tail & (s->n_claims - 1)];
		if (!c->is_committed)
			break;
		*end = c->end;
		s->claims_tail++;
	}
	return *end != atomic_load(&s->end);
}

/* First where it outlives us, then where the reader sees it: what is sent is never forgotten. */
static void publish(struct spool *s, uint64_t end, const void *user, size_t user_len)
{
	state_write(&s->state, end, user, user_len);
	atomic_store(&s->end, end);
}

void spool_commit(struct spool *s, const struct spool_claim *claim)
{
	uint64_t end = 0;
	bool has_moved;

	pthread_mutex_lock(&s->lock);
	has_moved = commit_locked(s, claim, &end);
	if (has_moved)
		publish(s, end, NULL, 0);
	pthread_mutex_unlock(&s->lock);
	if (has_moved)
		ring_bell(s);
}

void spool_commit_with(struct spool *s, const struct spool_claim *claim, const void *user,
		       size_t user_len)
{
	uint64_t end = 0;

	assert(user_len <= SPOOL_USER_MAX);
	pthread_mutex_lock(&s->lock);
	assert(s->claims_head - s->claims_tail == 1);
	(void)commit_locked(s, claim, &end);
	publish(s, end, user, user_len);
	pthread_mutex_unlock(&s->lock);
	ring_bell(s);
}

void spool_set_user(struct spool *s, const void *user, size_t user_len)
{
	assert(user_len <= SPOOL_USER_MAX);
	pthread_mutex_lock(&s->lock);
	state_write(&s->state, atomic_load(&s->end), user, user_len);
	pthread_mutex_unlock(&s->lock);
}

size_t spool_user(const struct spool *s, const void **user)
{
	return state_user(&s->state, user);
}

int spool_append(struct spool *s, const void *bytes, size_t len)
{
	struct spool_claim claim;
	int rc = spool_reserve(s, len, &claim);

	if (rc)
		return rc;
	memcpy(claim.bytes, bytes, len);
	spool_commit(s, &claim);
	return 0;
}

/* ---- reading ---- */

uint64_t spool_end(const struct spool *s)
{
	return atomic_load(&s->end);
}

uint64_t spool_reserved(struct spool *s)
{
	uint64_t end;

	pthread_mutex_lock(&s->lock);
	end = s->reserved;
	pthread_mutex_unlock(&s->lock);
	return end;
}

uint64_t spool_acked(const struct spool *s)
{
	return atomic_load(&s->acked);
}

uint64_t spool_size(struct spool *s)
{
	uint64_t size;

	pthread_mutex_lock(&s->lock);
	size = s->size + (s->disk ? disk_bytes(s->disk) : 0);
	pthread_mutex_unlock(&s->lock);
	return size;
}

uint64_t spool_limit(const struct spool *s)
{
	return s->limit + s->disk_limit;
}

/* What the reader was given before is not looked at any more. */
static void unpin(struct spool *s)
{
	s->pinned = NULL;
	if (!s->lent)
		return;
	keeper_spare(s, s->lent);
	s->lent = NULL;
}

/* Up to where a piece goes that begins there in the segment. */
static uint64_t stop_of(const struct segment *g, uint64_t offset, uint64_t end, size_t most)
{
	uint64_t stop = g->base + g->len < end ? g->base + g->len : end, mark;

	if (stop - offset <= most)
		return stop;
	mark = g->base + segment_mark(g, offset - g->base, offset - g->base + most);
	return mark > offset ? mark : stop;
}

size_t spool_peek(struct spool *s, uint64_t offset, const uint8_t **bytes)
{
	return spool_peek_most(s, offset, SIZE_MAX, bytes);
}

size_t spool_peek_most(struct spool *s, uint64_t offset, size_t most, const uint8_t **bytes)
{
	const struct segment *g;
	uint64_t end = atomic_load(&s->end);
	bool is_on_disk;
	size_t n = 0;

	*bytes = NULL;
	pthread_mutex_lock(&s->lock);
	unpin(s);
	is_on_disk = s->disk && offset < end && offset < atomic_load(s->state.disk_end);
	for (g = is_on_disk ? NULL : s->first; g && offset - g->base >= g->len; g = g->next)
		if (offset < g->base)
			break;
	if (g && offset >= g->base && offset < end && offset - g->base < g->len) {
		*bytes = g->map + SPOOL_PAGE + (offset - g->base);
		n = (size_t)(stop_of(g, offset, end, most) - offset);
		s->pinned = g;
	}
	pthread_mutex_unlock(&s->lock);
	return is_on_disk ? disk_peek(s->disk, offset, bytes) : n;
}

uint64_t spool_hole(struct spool *s, uint64_t offset)
{
	uint64_t end, next;

	pthread_mutex_lock(&s->lock);
	end = atomic_load(s->state.disk_end);
	pthread_mutex_unlock(&s->lock);
	while (s->disk && offset < end && (next = disk_hole(s->disk, offset)) != offset)
		offset = next;
	return offset;
}

void spool_ack(struct spool *s, uint64_t offset)
{
	if (offset > atomic_load(&s->end) || offset <= atomic_load(&s->acked))
		return;
	pthread_mutex_lock(&s->lock);
	unpin(s);
	atomic_store(s->state.acked, offset);
	atomic_store(&s->acked, offset);
	keeper_trim(s);
	pthread_mutex_unlock(&s->lock);
	if (s->disk)
		disk_ack(s->disk, offset);
}

struct spool_stats spool_stats(struct spool *s)
{
	struct spool_stats stats;

	pthread_mutex_lock(&s->lock);
	stats = s->stats;
	stats.memory = s->reserved - memory_from(s);
	stats.ready = s->last ? s->last->size - s->last->len : 0;
	for (const struct segment *g = s->spares; g; g = g->next)
		stats.ready += g->size;
	if (s->disk) {
		stats.disk = disk_bytes(s->disk);
		stats.lost = disk_lost(s->disk);
		stats.is_on_disk = stats.disk != 0;
	}
	pthread_mutex_unlock(&s->lock);
	return stats;
}

int spool_bell(const struct spool *s)
{
	return s->bell;
}

void spool_hush(struct spool *s)
{
	uint64_t n;

	(void)!read(s->bell, &n, sizeof n);
	atomic_store(&s->is_rung, false);
}
