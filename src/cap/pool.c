#include "cap/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { POOL_PAGE = 4096, POOL_NAP = 20 * NANOS_PER_MS };

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* Pages are taken from the system when they are first touched: the room for the worst case of
 * frames costs nothing as long as frames are not that small. */
static size_t piece_span(const struct pool *p)
{
	return POOL_PAGE + POOL_HEADROOM + round_up(p->piece_size, POOL_PAGE) +
	       (size_t)p->n_frames * sizeof(struct weir_frame);
}

static struct piece *piece_new(const struct pool *p)
{
	uint8_t *at = mmap(NULL, piece_span(p), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct piece *piece = (void *)at;

	if (at == MAP_FAILED)
		return NULL;
	piece->data = at + POOL_PAGE + POOL_HEADROOM;
	piece->frames = (void *)(piece->data + round_up(p->piece_size, POOL_PAGE));
	return piece;
}

void pool_init(struct pool *p, size_t piece_size, uint32_t n_most)
{
	pthread_condattr_t monotonic;

	*p = (struct pool){.piece_size = piece_size, .n_most = n_most};
	/* one that began in the carry, and what fits into the data */
	p->n_frames = (uint32_t)(piece_size / POOL_MIN_RECORD) + 2;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&p->back, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

void pool_fini(struct pool *p)
{
	assert(p->n_out == 0);
	while (p->free) {
		struct piece *piece = p->free;

		p->free = piece->next;
		munmap(piece, piece_span(p));
	}
	pthread_cond_destroy(&p->back);
	pthread_mutex_destroy(&p->lock);
}

/* Under the lock, until there is one. A stop may come from a signal handler, which can wake
 * nobody here: so the sleep is taken in naps. */
static int back_wait(struct pool *p, struct nanos wait, const _Atomic bool *is_stopped)
{
	while (!p->free && p->n_made == p->n_most) {
		int64_t nap = wait.ns < POOL_NAP ? wait.ns : POOL_NAP;
		struct timespec until;

		if (atomic_load(is_stopped))
			return ERR_STOPPED;
		if (nap <= 0)
			return ERR_AGAIN;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += nap;
		until.tv_sec += until.tv_nsec / NANOS_PER_S;
		until.tv_nsec %= NANOS_PER_S;
		if (pthread_cond_timedwait(&p->back, &p->lock, &until))
			wait.ns -= nap;
	}
	return 0;
}

int pool_take(struct pool *p, struct piece **out, struct nanos wait, const _Atomic bool *is_stopped)
{
	struct piece *piece = NULL;
	int rc;

	pthread_mutex_lock(&p->lock);
	rc = back_wait(p, wait, is_stopped);
	if (!rc && p->free) {
		piece = p->free;
		p->free = piece->next;
	} else if (!rc) {
		piece = piece_new(p);
		p->n_made += piece != NULL;
		rc = piece ? 0 : ERR_NOMEM;
	}
	p->n_out += piece != NULL;
	pthread_mutex_unlock(&p->lock);
	if (piece) {
		piece->got = 0;
		piece->n_found = piece->n_out = piece->n_delivered = 0;
	}
	*out = piece;
	return rc;
}

void pool_give(struct pool *p, struct piece *piece)
{
	free(piece->large);
	piece->large = NULL;
	pthread_mutex_lock(&p->lock);
	assert(p->n_out > 0);
	piece->next = p->free;
	p->free = piece;
	p->n_out--;
	pthread_cond_signal(&p->back);
	pthread_mutex_unlock(&p->lock);
}
