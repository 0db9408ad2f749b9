#include "collection/docket.h"

#include <stdlib.h>

enum { FIRST_SIZE = 16, MOST = 1024 };

void dockets_init(struct dockets *d)
{
	*d = (struct dockets){.ring = NULL};
	pthread_mutex_init(&d->lock, NULL);
}

void dockets_fini(struct dockets *d)
{
	free(d->ring);
	d->ring = NULL;
	pthread_mutex_destroy(&d->lock);
}

static struct docket *docket_at(const struct dockets *d, uint32_t i)
{
	return &d->ring[(d->first + i) & (d->size - 1)];
}

static bool make_room(struct dockets *d)
{
	uint32_t size = d->size ? d->size * 2 : FIRST_SIZE;
	struct docket *ring;

	if (d->n < d->size)
		return true;
	ring = size <= MOST ? calloc(size, sizeof *ring) : NULL;
	if (!ring)
		return false;
	for (uint32_t i = 0; i < d->n; i++)
		ring[i] = *docket_at(d, i);
	free(d->ring);
	d->ring = ring;
	d->first = 0;
	d->size = size;
	return true;
}

void dockets_add(struct dockets *d, const struct outbox_docket *docket)
{
	struct docket *to;

	pthread_mutex_lock(&d->lock);
	if (make_room(d)) {
		to = docket_at(d, d->n++);
		to->from = docket->from;
		to->to = docket->to;
		to->last = docket->last;
		to->n_shares = docket->n_shares;
		for (unsigned k = 0; k < docket->n_shares; k++) {
			to->shares[k].whose = *docket->shares[k].whose;
			to->shares[k].n = docket->shares[k].n;
		}
	}
	pthread_mutex_unlock(&d->lock);
}

bool dockets_take(struct dockets *d, uint64_t from, uint64_t to, struct docket *out)
{
	bool is_known = false;

	pthread_mutex_lock(&d->lock);
	while (d->n && docket_at(d, 0)->from <= from && !is_known) {
		is_known = docket_at(d, 0)->from == from && docket_at(d, 0)->to <= to;
		if (is_known)
			*out = *docket_at(d, 0);
		d->first = (d->first + 1) & (d->size - 1);
		d->n--;
	}
	pthread_mutex_unlock(&d->lock);
	return is_known;
}
