/* Inside collection only: what was sent of a box, in parcels, and how many records of whom each of
 * them held. It is counted when a parcel goes out and lies near the processor, for when it is
 * acknowledged it does no longer. What is not known here is still in the spool. */
#ifndef COLLECTION_PARCEL_H
#define COLLECTION_PARCEL_H

#include "base/rd.h"
#include "collection/docket.h"
#include "tally/tally.h"

enum { PARCEL_KEYS = 4 }; /* a parcel of more is not known */

struct parcel {
	uint64_t from, to; /* offsets in the stream */
	unsigned n_keys;
	struct {
		struct ledger_key key;
		uint64_t n; /* records */
	} of[PARCEL_KEYS];
};

/* Zeros at first. */
struct parcels {
	struct parcel *ring; /* n of them, from first on, in the order of the stream */
	uint32_t first, n, size;
	struct tally_sight sight;
	uint64_t end;      /* of what was sent last … */
	struct nanos last; /* … and the time of its last record; 0: it is not known */
};

/* The time of a record; 0: it has none. */
struct nanos parcel_time(const uint8_t *pdu, size_t len);

void parcels_fini(struct parcels *p);

/* These whole records were sent, which lie at this offset. Where they were sent before, what was
 * known of them and all behind them is forgotten. told: what is known of reservations; NULL, or
 * not of all of these records: they are read. */
void parcels_add(struct parcels *p, const struct tally_place *place, uint64_t offset,
		 const struct rd *records, struct dockets *told);

/* The parcel that begins at `from` and ends at or before `to`; NULL: it is not known. Those that
 * begin before are forgotten. Good until the next call. */
const struct parcel *parcels_find(struct parcels *p, uint64_t from, uint64_t to);

#endif
