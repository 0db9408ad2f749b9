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
#include <unistd.h>

#include "spool/segment.h"
#include "spool/state.h"

enum {
	DEFAULT_SEGMENT = 16 << 20,
	DEFAULT_LIMIT = 1 << 30,
	SHARE_OF_LIMIT = 4, /* at least so many segments fit in the limit */
	FIRST_CLAIMS = 64,
	MAX_CLAIM = 1 << 30,
};

/* A reservation that is not part of the committed prefix yet. */
struct open_claim {
	uint64_t end; /* offset behind it */
	bool is_committed;
};

struct spool {
	struct segment_place place;
	char *path;
	uint64_t segment_size;
	uint64_t limit;
	int bell;
	_Atomic bool is_rung;
	_Atomic uint64_t end;   /* committed */
	_Atomic uint64_t acked; /* as in the state file */
	struct why why;         /* the reserver's */

	pthread_mutex_t lock; /* all that follows */
	struct spool_state state;
	uint64_t reserved;      /* end of what is reserved */
	uint64_t size;          /* bytes of all segments */
	struct segment *first;  /* by offset */
	struct segment *last;   /* that is reserved from */
	struct segment *unused; /* one that holds nothing any more; or NULL */
	/* Claims by ticket modulo n_claims (a power of two), from tail to head. */
	struct open_claim *claims;
	uint64_t n_claims, claims_tail, claims_head;
};

/* ---- opening ---- */

static int compare_bases(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The bases of all segments in the folder, in order. */
static int list_bases(const struct spool *s, uint64_t **out, size_t *n, struct why *why)
{
	int fd = openat(s->place.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	uint64_t base, *bases;
	int rc = 0;

	*out = NULL;
	*n = 0;
	if (!folder) {
		if (fd >= 0)
			close(fd);
		return why_set(why, err_of_errno(errno), "cannot be read: %s", strerror(errno));
	}
	while (!rc && (entry = readdir(folder))) {
		if (segment_base_of(entry->d_name, &base))
			continue;
		bases = reallocarray(*out, *n + 1, sizeof *bases);
		if (!bases) {
			rc = ERR_NOMEM;
			break;
		}
		*out = bases;
		bases[(*n)++] = base;
	}
	closedir(folder);
	if (*n)
		qsort(*out, *n, sizeof **out, compare_bases);
	return rc;
}

static void drop_file(const struct spool *s, uint64_t base)
{
	char name[SEGMENT_NAME_LEN];

	segment_name(base, name);
	unlinkat(s->place.dir, name, 0);
}

static void put_last(struct spool *s, struct segment *g)
{
	if (s->last)
		s->last->next = g;
	else
		s->first = g;
	s->last = g;
	s->size += g->size;
}

/* Takes the segment at base, which ends where the next one begins or, when it is the last one with
 * committed bytes, at the end. */
static int adopt_segment(struct spool *s, uint64_t base, uint64_t stop, struct why *why)
{
	struct segment *g;
	int rc = segment_open(&g, &s->place, base, why);

	if (rc)
		return rc;
	g->len = stop - base;
	if (g->len > g->size || (stop != atomic_load(&s->end) && !segment_is_sealed(g))) {
		segment_free(&g);
		why_place(why, s->path);
		return why_set(why, ERR_BAD,
			       "bytes of the stream before %llu are not there: a file is missing",
			       (unsigned long long)stop);
	}
	put_last(s, g);
	return 0;
}

/* Files before what is acknowledged have done their duty; those from the end on hold nothing that
 * was committed; those between must be whole and without a gap. */
static int adopt_segments(struct spool *s, const uint64_t *bases, size_t n, struct why *why)
{
	uint64_t acked = atomic_load(&s->acked), end = atomic_load(&s->end), stop;
	int rc = 0;

	for (size_t i = 0; !rc && i < n; i++) {
		stop = i + 1 < n && bases[i + 1] < end ? bases[i + 1] : end;
		if (bases[i] >= end || stop <= acked) {
			drop_file(s, bases[i]);
			continue;
		}
		if (!s->first && bases[i] > acked)
			break;
		rc = adopt_segment(s, bases[i], stop, why);
	}
	if (!rc && !s->first && acked < end) {
		why_place(why, s->path);
		rc = why_set(why, ERR_BAD,
			     "bytes from %llu on of the stream are not there: a file is missing",
			     (unsigned long long)acked);
	}
	return rc;
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

	s->limit = options && options->limit ? options->limit : DEFAULT_LIMIT;
	most = s->limit / SHARE_OF_LIMIT;
	s->segment_size =
		options && options->segment_size ? options->segment_size : DEFAULT_SEGMENT;
	if (s->segment_size > most)
		s->segment_size = most;
	if (s->segment_size < SPOOL_SEGMENT_MIN)
		s->segment_size = SPOOL_SEGMENT_MIN;
}

static int open_files(struct spool *s, const char *dir, struct why *why)
{
	uint64_t *bases = NULL;
	size_t n = 0;
	int rc = open_folder(s, dir, why);

	if (!rc)
		rc = state_open(&s->state, s->place.dir, dir, why);
	if (!rc) {
		s->place.id = s->state.id;
		atomic_store(&s->end, state_end(&s->state));
		atomic_store(&s->acked, atomic_load(s->state.acked));
		s->reserved = atomic_load(&s->end);
		rc = list_bases(s, &bases, &n, why);
	}
	if (!rc)
		rc = adopt_segments(s, bases, n, why);
	free(bases);
	return rc;
}

int spool_open(struct spool **out, const char *dir, const struct spool_options *options,
	       struct why *why)
{
	struct spool *s = calloc(1, sizeof *s);
	int rc = s ? 0 : ERR_NOMEM;

	*out = NULL;
	if (rc)
		return rc;
	pthread_mutex_init(&s->lock, NULL);
	s->place.dir = -1;
	s->state.fd = -1;
	s->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->n_claims = FIRST_CLAIMS;
	s->claims = calloc(s->n_claims, sizeof *s->claims);
	s->path = strdup(dir);
	s->place.path = s->path;
	choose_sizes(s, options);
	if (s->bell < 0)
		rc = why_set(why, err_of_errno(errno), "no descriptor: %s", strerror(errno));
	else if (!s->claims || !s->path)
		rc = ERR_NOMEM;
	if (!rc)
		rc = open_files(s, dir, why);
	if (rc) {
		why_set(why, rc, "%s", err_text(rc));
		why_place(why, dir);
		spool_close(&s);
	}
	*out = s;
	return rc;
}

void spool_close(struct spool **spool)
{
	struct spool *s = *spool;
	struct segment *g;

	*spool = NULL;
	if (!s)
		return;
	while ((g = s->first)) {
		s->first = g->next;
		segment_free(&g);
	}
	if (s->unused)
		segment_remove(&s->unused, &s->place);
	state_close(&s->state);
	if (s->place.dir >= 0)
		close(s->place.dir);
	if (s->bell >= 0)
		close(s->bell);
	pthread_mutex_destroy(&s->lock);
	free(s->claims);
	free(s->path);
	free(s);
}

uint64_t spool_id(const struct spool *s)
{
	return s->place.id;
}

/* ---- reserving ---- */

/* A segment for the next len bytes behind the last one. */
static int add_segment(struct spool *s, size_t len)
{
	uint64_t size = len > s->segment_size ? len : s->segment_size;
	struct segment *g = s->unused;
	int rc;

	size = (size + SPOOL_PAGE - 1) / SPOOL_PAGE * SPOOL_PAGE;
	if (s->size + size > s->limit)
		return why_set(&s->why, ERR_FULL, "%s: its limit of %llu bytes is reached", s->path,
			       (unsigned long long)s->limit);
	if (g && g->size == size) {
		rc = segment_move(g, &s->place, s->reserved, &s->why);
		if (!rc)
			s->unused = NULL;
	} else {
		if (g)
			segment_remove(&s->unused, &s->place);
		rc = segment_new(&g, &s->place, s->reserved, size, &s->why);
	}
	if (rc)
		return rc;
	if (s->last)
		segment_seal(s->last);
	put_last(s, g);
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
	g->len += len;
	s->reserved += len;
	s->claims[claim->ticket & (s->n_claims - 1)] = (struct open_claim){.end = s->reserved};
	return 0;
}

int spool_reserve(struct spool *s, size_t len, struct spool_claim *claim)
{
	int rc;

	assert(len && len <= MAX_CLAIM);
	pthread_mutex_lock(&s->lock);
	rc = reserve_locked(s, len, claim);
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
	const struct spool_slot *slot = s->state.slots[s->state.now];

	*user = slot->user;
	return slot->user_len;
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

uint64_t spool_acked(const struct spool *s)
{
	return atomic_load(&s->acked);
}

uint64_t spool_size(struct spool *s)
{
	uint64_t size;

	pthread_mutex_lock(&s->lock);
	size = s->size;
	pthread_mutex_unlock(&s->lock);
	return size;
}

uint64_t spool_limit(const struct spool *s)
{
	return s->limit;
}

size_t spool_peek(struct spool *s, uint64_t offset, const uint8_t **bytes)
{
	const struct segment *g;
	uint64_t end = atomic_load(&s->end), stop;
	size_t n = 0;

	*bytes = NULL;
	pthread_mutex_lock(&s->lock);
	for (g = s->first; g && offset - g->base >= g->len; g = g->next)
		if (offset < g->base)
			break;
	if (g && offset >= g->base && offset < end && offset - g->base < g->len) {
		stop = g->base + g->len < end ? g->base + g->len : end;
		*bytes = g->map + SPOOL_PAGE + (offset - g->base);
		n = (size_t)(stop - offset);
	}
	pthread_mutex_unlock(&s->lock);
	return n;
}

/* A segment that nobody reads any more is kept for its space; a second one goes. */
static void retire(struct spool *s, struct segment *g)
{
	g->next = NULL;
	s->size -= g->size;
	if (s->unused || g->size > s->segment_size + SPOOL_PAGE)
		segment_remove(&g, &s->place);
	else
		s->unused = g;
}

void spool_ack(struct spool *s, uint64_t offset)
{
	struct segment *g;

	if (offset > atomic_load(&s->end) || offset <= atomic_load(&s->acked))
		return;
	pthread_mutex_lock(&s->lock);
	atomic_store(s->state.acked, offset);
	atomic_store(&s->acked, offset);
	/* the last one is still reserved from */
	while ((g = s->first) != s->last && g->base + g->len <= offset) {
		s->first = g->next;
		retire(s, g);
	}
	pthread_mutex_unlock(&s->lock);
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
