#include "lemf/number.h"

#include <string.h>

__extension__ typedef unsigned __int128 product;

enum { WORD = sizeof(uint64_t), PAIR = 2 * WORD, STEP = 4 * PAIR };

/* The two halves of a product of 128 bits, one on the other. A factor must not become 0 but by
 * chance: then all that was before is forgotten. */
static inline uint64_t mix(uint64_t h, const uint8_t *bytes, uint64_t odd)
{
	uint64_t words[2];
	product p;

	memcpy(words, bytes, sizeof words);
	p = (product)(h ^ words[0]) * (odd ^ words[1]);
	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* Four sums at a time, since each waits for its own multiplication only. */
uint64_t lemf_number_hash(const uint8_t *bytes, size_t len)
{
	const uint64_t p = 0x9e3779b97f4a7c15u, q = 0xbf58476d1ce4e5b9u, r = 0x94d049bb133111ebu,
		       s = 0xd6e8feb86659fd93u;
	uint64_t a = p ^ len, b = q, c = r, d = s;
	uint8_t rest[PAIR] = {0};

	for (; len >= STEP; bytes += STEP, len -= STEP) {
		a = mix(a, bytes, p);
		b = mix(b, bytes + PAIR, q);
		c = mix(c, bytes + 2 * (size_t)PAIR, r);
		d = mix(d, bytes + 3 * (size_t)PAIR, s);
	}
	for (; len >= PAIR; bytes += PAIR, len -= PAIR)
		a = mix(a, bytes, p);
	if (len)
		memcpy(rest, bytes, len);
	a = mix(a, rest, q);
	a = mix(a, (const uint8_t *)(uint64_t[2]){b, c}, p);
	a = mix(a, (const uint8_t *)(uint64_t[2]){d, p}, q);
	return a ? a : 1;
}

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
