/* What was delivered, and lies in segments that nobody uses: zeros over it. */
#include <string.h>

#include "spool/inside.h"

enum { CHUNK = 64 << 10 }; /* bytes for which the lock is held */

/* Everything is acknowledged and has been so for a while: the segment that is written to becomes
 * a spare, too, and the stream goes on in another. */
static void retire_last(struct spool *s)
{
	struct segment *g = s->first;

	if (s->quiet_end != s->reserved) {
		s->quiet_end = s->reserved;
		s->n_quiet = 0;
		return;
	}
	if (++s->n_quiet < SPOOL_QUIET_LOOKS || !g || g != s->last || g->is_busy ||
	    g == s->pinned || atomic_load(&s->acked) != s->reserved)
		return;
	s->first = s->last = NULL;
	s->size -= g->size;
	keeper_spare(s, g);
	g->n_looks = SPOOL_QUIET_LOOKS;
}

static struct segment *find_dirty(const struct spool *s)
{
	struct segment *g = s->spares;

	while (g && !(g->is_dirty && g->n_looks >= SPOOL_QUIET_LOOKS))
		g = g->next;
	return g;
}

/* Under the lock, and so as little at once that who reserves need not notice. */
static size_t scour_some(struct segment *g)
{
	uint64_t n = g->size - g->scoured < CHUNK ? g->size - g->scoured : CHUNK;

	memset(g->map + SPOOL_PAGE + g->scoured, 0, (size_t)n);
	g->scoured += n;
	g->is_dirty = g->scoured < g->size;
	return (size_t)n;
}

size_t spool_scour(struct spool *s, size_t most)
{
	struct segment *g;
	size_t done = 0;

	pthread_mutex_lock(&s->lock);
	retire_last(s);
	for (g = s->spares; g; g = g->next)
		g->n_looks += g->n_looks < SPOOL_QUIET_LOOKS;
	while (done < most && (g = find_dirty(s))) {
		done += scour_some(g);
		pthread_mutex_unlock(&s->lock);
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return done;
}
