/* Mandates in time: they start when the stream or the clock reaches their start, and end. */
#include <stdlib.h>

#include "intercept/count.h"

int term_begin(struct intercept *i, struct session *s, int64_t ns)
{
	if (s->state != SESSION_IDLE)
		return 0;
	s->state = SESSION_BEGUN;
	s->mandate->counts.sessions++;
	return tell_static(i, s, IPIRI_START_ACTIVE, ns);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A warrant that was over before the stream's first packet does not begin. */
static int start(struct intercept *i, struct mandate *m, bool *needs_scan)
{
	int rc = 0;

	m->is_started = true;
	m->from_ns = later(later(m->start_ns, m->known_ns), i->first_ns);
	if (m->end_ns <= i->first_ns || m->end_ns <= m->from_ns)
		return 0;
	for (struct session *s = m->statics; s && !rc; s = s->next)
		rc = term_begin(i, s, m->from_ns);
	*needs_scan |= m->n_identities > 0;
	m->has_news = false;
	return rc;
}

int term_advance(struct intercept *i, int64_t latest_ns)
{
	if (latest_ns <= i->latest_ns)
		return 0;
	i->latest_ns = latest_ns;
	return i->next_start < i->n_by_start ? term_start(i) : 0;
}

int term_start(struct intercept *i)
{
	size_t first = i->next_start;
	bool needs_scan = false;
	int rc = 0;

	while (!rc && i->next_start < i->n_by_start) {
		struct mandate *m = i->by_start[i->next_start];

		if (m->start_ns > i->latest_ns)
			break;
		i->next_start++;
		rc = start(i, m, &needs_scan);
	}
	if (!rc && needs_scan)
		rc = subscriber_scan(i);
	for (size_t k = first; k < i->next_start && !rc; k++)
		rc = vigil_begin(i, i->by_start[k]);
	return rc;
}

/* Warrants that have started name others than before. */
int term_refresh(struct intercept *i, int64_t now_ns)
{
	bool needs_scan = false;
	int rc = 0;

	for (size_t k = 0; k < i->n_ordered && !rc; k++) {
		struct mandate *m = i->ordered[k];

		if (!m->is_started || m->is_over || !mandate_covers(m, now_ns))
			continue;
		for (struct session *s = m->statics; s && !rc; s = s->next)
			rc = term_begin(i, s, now_ns);
		needs_scan |= m->has_news;
		m->has_news = false;
	}
	return !rc && needs_scan ? subscriber_scan(i) : rc;
}

int term_end(struct intercept *i, struct mandate *m, int64_t ns)
{
	int64_t end_ns = m->end_ns < ns ? m->end_ns : ns;
	int rc = 0;

	for (struct session *s = m->statics; s; s = s->next) {
		int failed = 0;

		if (s->state == SESSION_BEGUN) {
			s->state = SESSION_IDLE;
			failed = tell_static(i, s, IPIRI_END_ACTIVE, end_ns);
			failed = failed ? failed : check_end(i, s, end_ns);
		}
		count_close(s);
		rc = rc ? rc : failed;
	}
	return rc ? rc : subscriber_end(i, m, true, end_ns);
}

int term_close(struct intercept *i, int64_t now_ns)
{
	int rc = 0;

	while (!rc && i->next_end < i->n_by_end) {
		struct mandate *m = i->by_end[i->next_end];

		if (m->end_ns > now_ns - term_grace(i))
			break;
		i->next_end++;
		m->is_over = true;
		rc = term_end(i, m, m->end_ns);
	}
	return rc;
}

static int start_order(const void *a, const void *b)
{
	const struct mandate *x = *(const struct mandate *const *)a;
	const struct mandate *y = *(const struct mandate *const *)b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return x->slot < y->slot ? -1 : x->slot > y->slot;
}

static int end_order(const void *a, const void *b)
{
	const struct mandate *x = *(const struct mandate *const *)a;
	const struct mandate *y = *(const struct mandate *const *)b;

	if (x->end_ns != y->end_ns)
		return x->end_ns < y->end_ns ? -1 : 1;
	return x->slot < y->slot ? -1 : x->slot > y->slot;
}

/* The ordered mandates that have not started, and those that are not over, by time. */
int term_sort(struct intercept *i)
{
	struct mandate **by_start = calloc(i->n_ordered + 1, sizeof(struct mandate *));
	struct mandate **by_end = calloc(i->n_ordered + 1, sizeof(struct mandate *));

	if (!by_start || !by_end) {
		free(by_start);
		free(by_end);
		return ERR_NOMEM;
	}
	free(i->by_start);
	free(i->by_end);
	i->by_start = by_start;
	i->by_end = by_end;
	i->n_by_start = i->n_by_end = i->next_start = i->next_end = 0;
	for (size_t k = 0; k < i->n_ordered; k++) {
		struct mandate *m = i->ordered[k];

		if (!m->is_started)
			by_start[i->n_by_start++] = m;
		if (!m->is_over)
			by_end[i->n_by_end++] = m;
	}
	qsort(by_start, i->n_by_start, sizeof *by_start, start_order);
	qsort(by_end, i->n_by_end, sizeof *by_end, end_order);
	return 0;
}
