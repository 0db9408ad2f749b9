#include "lemf/number.h"

#include <string.h>

static void forget_first_gap(struct lemf_numbers *n)
{
	n->n_forgotten += (uint64_t)(n->gaps[0].last - n->gaps[0].first) + 1;
	memmove(&n->gaps[0], &n->gaps[1], sizeof n->gaps[0] * (size_t)(n->n_gaps - 1));
	n->n_gaps--;
}

static void add_gap(struct lemf_numbers *n, uint32_t first, uint32_t last)
{
	if (n->n_gaps == LEMF_MAX_GAPS)
		forget_first_gap(n);
	n->gaps[n->n_gaps].first = first;
	n->gaps[n->n_gaps++].last = last;
}

static void remove_gap(struct lemf_numbers *n, int i)
{
	memmove(&n->gaps[i], &n->gaps[i + 1], sizeof n->gaps[0] * (size_t)(n->n_gaps - i - 1));
	n->n_gaps--;
}

/* Whether seq was missing; if so it is no longer. */
static bool fill_gap(struct lemf_numbers *n, uint32_t seq)
{
	for (int i = 0; i < n->n_gaps; i++) {
		uint32_t first = n->gaps[i].first, last = n->gaps[i].last;

		if (seq < first || seq > last)
			continue;
		n->n_missing--;
		if (first == last) {
			remove_gap(n, i);
		} else if (seq == first) {
			n->gaps[i].first++;
		} else if (seq == last) {
			n->gaps[i].last--;
		} else {
			/* in two: where there is no room the part before it is forgotten */
			n->gaps[i].first = seq + 1;
			if (n->n_gaps < LEMF_MAX_GAPS) {
				memmove(&n->gaps[i + 1], &n->gaps[i],
					sizeof n->gaps[0] * (size_t)(n->n_gaps - i));
				n->n_gaps++;
				n->gaps[i].first = first;
				n->gaps[i].last = seq - 1;
			} else {
				n->n_forgotten += seq - first;
			}
		}
		return true;
	}
	return false;
}

static void remember(struct lemf_numbers *n, uint32_t seq, uint64_t hash)
{
	n->recent[seq % LEMF_RECENT].seq = seq;
	n->recent[seq % LEMF_RECENT].hash = hash;
}

static enum lemf_place behind(struct lemf_numbers *n, uint32_t seq, uint64_t hash, uint32_t conn)
{
	uint64_t had = n->recent[seq % LEMF_RECENT].hash;

	if (fill_gap(n, seq)) {
		remember(n, seq, hash);
		return LEMF_IS_LATE;
	}
	if (had && n->recent[seq % LEMF_RECENT].seq == seq && had != hash)
		return LEMF_IS_REUSED;
	return conn == n->conn ? LEMF_IS_TWICE : LEMF_IS_REPLAYED;
}

enum lemf_place lemf_number_take(struct lemf_numbers *n, uint32_t seq, uint64_t hash, uint32_t conn,
				 uint64_t *n_gap)
{
	enum lemf_place place = LEMF_IS_NEXT;

	*n_gap = 0;
	if (n->has_begun && seq < n->next)
		return behind(n, seq, hash, conn);
	if (seq > n->next) {
		*n_gap = seq - n->next;
		n->n_missing += *n_gap;
		place = n->has_begun ? LEMF_IS_AFTER_GAP : LEMF_IS_FIRST_LATE;
		add_gap(n, n->next, seq - 1);
	}
	n->has_begun = true;
	n->next = seq + 1; /* after 2^32 - 1 comes 0 */
	n->conn = conn;
	remember(n, seq, hash);
	return place;
}

void lemf_number_restart(struct lemf_numbers *n)
{
	uint64_t missing = n->n_missing;

	*n = (struct lemf_numbers){.n_missing = missing, .n_forgotten = missing};
}
