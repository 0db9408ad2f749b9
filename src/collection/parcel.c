#include "collection/parcel.h"

#include <stdlib.h>
#include <string.h>

#include "etsi/pdu.h"

enum { FIRST_SIZE = 16, MOST = 1024 };

void parcels_fini(struct parcels *p)
{
	free(p->ring);
	*p = (struct parcels){.ring = NULL};
}

static struct parcel *parcel_at(const struct parcels *p, uint32_t i)
{
	return &p->ring[(p->first + i) & (p->size - 1)];
}

static bool make_room(struct parcels *p)
{
	uint32_t size = p->size ? p->size * 2 : FIRST_SIZE;
	struct parcel *ring;

	if (p->n < p->size)
		return true;
	ring = size <= MOST ? calloc(size, sizeof *ring) : NULL;
	if (!ring)
		return false;
	for (uint32_t i = 0; i < p->n; i++)
		ring[i] = *parcel_at(p, i);
	free(p->ring);
	p->ring = ring;
	p->first = 0;
	p->size = size;
	return true;
}

/* n records more of this key, most of which come in a row. */
static bool count(struct parcel *parcel, unsigned *last, const struct ledger_key *key, uint64_t n)
{
	unsigned k = *last;

	if (k == parcel->n_keys || memcmp(&parcel->of[k].key, key, sizeof *key) != 0)
		for (k = 0; k < parcel->n_keys; k++)
			if (!memcmp(&parcel->of[k].key, key, sizeof *key))
				break;
	if (k == PARCEL_KEYS)
		return false;
	if (k == parcel->n_keys) {
		parcel->of[k].key = *key;
		parcel->of[k].n = 0;
		parcel->n_keys++;
	}
	parcel->of[k].n += n;
	*last = k;
	return true;
}

/* Takes the next one; NULL: none is whole. */
static const uint8_t *take_record(struct rd *r, size_t *len)
{
	if (!rd_left(r) || etsi_pdu_len(r->at, rd_left(r), len, NULL) || *len > rd_left(r))
		return NULL;
	return rd_take(r, *len);
}

struct nanos parcel_time(const uint8_t *pdu, size_t len)
{
	struct etsi_decoded facts = {0};

	etsi_pdu_facts(pdu, len, &facts);
	return facts.has_time ? facts.time : (struct nanos){0};
}

static bool count_all(struct parcels *p, struct parcel *parcel, const struct tally_place *place,
		      const struct rd *records)
{
	struct rd r = *records;
	const uint8_t *pdu, *last_pdu = NULL;
	size_t len = 0, last_len = 0;
	bool is_known = true;
	unsigned last = 0;

	while ((pdu = take_record(&r, &len))) {
		const struct tally_seen *seen;
		uint32_t seq;

		last_pdu = pdu, last_len = len;
		if (!is_known)
			continue;
		seen = tally_see(&p->sight, place, pdu, len, &seq);
		is_known = seen && count(parcel, &last, &seen->key, 1);
	}
	if (last_pdu)
		p->last = parcel_time(last_pdu, last_len);
	return is_known && !rd_left(&r);
}

/* As who reserved the bytes told; false where that is not known of all of them. */
static bool count_told(struct parcels *p, struct parcel *parcel, struct dockets *told,
		       const struct rd *records)
{
	struct rd r = *records;
	struct docket d;
	unsigned last = 0;

	for (uint64_t at = parcel->from; at < parcel->to; at = d.to) {
		if (!dockets_take(told, at, parcel->to, &d))
			return false;
		for (unsigned k = 0; k < d.n_shares; k++)
			if (!count(parcel, &last, &d.shares[k].whose, d.shares[k].n))
				return false;
	}
	rd_skip(&r, d.last - parcel->from);
	p->last = parcel_time(r.at, rd_left(&r));
	return true;
}

void parcels_add(struct parcels *p, const struct tally_place *place, uint64_t offset,
		 const struct rd *records, struct dockets *told)
{
	struct parcel *parcel;

	p->end = offset + rd_left(records);
	p->last.ns = 0;
	while (p->n && parcel_at(p, p->n - 1)->to > offset)
		p->n--;
	if (!make_room(p))
		return;
	parcel = parcel_at(p, p->n);
	parcel->from = offset;
	parcel->to = p->end;
	parcel->n_keys = 0;
	if (told && count_told(p, parcel, told, records)) {
		p->n++;
		return;
	}
	parcel->n_keys = 0;
	if (count_all(p, parcel, place, records))
		p->n++;
}

const struct parcel *parcels_find(struct parcels *p, uint64_t from, uint64_t to)
{
	const struct parcel *parcel;

	while (p->n && parcel_at(p, 0)->from < from) {
		p->first = (p->first + 1) & (p->size - 1);
		p->n--;
	}
	parcel = p->n ? parcel_at(p, 0) : NULL;
	return parcel && parcel->from == from && parcel->to <= to ? parcel : NULL;
}
