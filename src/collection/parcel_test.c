#include "collection/parcel.h"

#include <string.h>

#include "base/tap.h"
#include "etsi/ipcc.h"

enum { N_SESSIONS = PARCEL_KEYS + 1 };

static const uint8_t packet[21] = {0x45, 0, 0, 21, [8] = 64, 59, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2};
static const struct tally_place place = {"police", true};

/* A record of this session behind the others. */
static void put(struct wr *w, uint32_t cin)
{
	const struct etsi_stream stream = {
		.liid = "L1", .operator_id = "op-1", .network_element = "col-1", .cin = cin};
	struct ipcc cc = {.bytes = packet, .len = sizeof packet, .time = {1700000000123456000}};
	struct etsi_header h;

	if (etsi_header_init(&h, &stream, NULL) == 0)
		ipcc_encode(&h, &cc, w);
}

static void add(struct parcels *p, uint64_t offset, const struct wr *w)
{
	const struct rd records = rd_of(w->bytes, w->len);

	parcels_add(p, &place, offset, &records, NULL);
}

static void test_counts(struct parcels *p, struct wr *w)
{
	const struct parcel *parcel;

	for (int i = 0; i < 9; i++)
		put(w, i % 3 ? 7 : 8);
	add(p, 1000, w);
	ok(p->end == 1000 + w->len && p->last.ns == 1700000000123456000,
	   "where the last record ends, and its time");
	parcel = parcels_find(p, 1000, 1000 + w->len);
	ok(parcel && parcel->n_keys == 2 && parcel->of[0].n == 3 && parcel->of[1].n == 6 &&
		   parcel->of[0].key.cin == 8 && parcel->of[1].key.cin == 7 &&
		   !strcmp(parcel->of[0].key.warrant, "police/L1"),
	   "a parcel says how many records of whom it holds");
	ok(!parcels_find(p, 1000, 999 + w->len), "not where only a part of it is meant");
	ok(!parcels_find(p, 999, 5000), "nor from elsewhere on");
}

/* What was told of two reservations is counted; where nothing was told they are read. */
static void test_told(struct parcels *p, struct wr *w)
{
	struct ledger_key key = {.warrant = "police/told", .cin = 5};
	struct outbox_docket d = {.from = 2000, .n_shares = 1, .shares = {{&key, 4}}};
	const struct parcel *parcel;
	struct dockets told;
	struct rd records;
	size_t one;

	dockets_init(&told);
	wr_reset(w);
	put(w, 1);
	one = w->len;
	put(w, 2);
	records = rd_of(w->bytes, w->len);
	d.last = 2000, d.to = 2000 + one;
	dockets_add(&told, &d);
	d.from = d.last = d.to, d.to = 2000 + w->len;
	dockets_add(&told, &d);
	p->last.ns = 0;
	parcels_add(p, &place, 2000, &records, &told);
	parcel = parcels_find(p, 2000, 2000 + w->len);
	ok(parcel && parcel->n_keys == 1 && parcel->of[0].n == 8 && parcel->of[0].key.cin == 5,
	   "it is counted as it was told");
	ok(p->last.ns == 1700000000123456000, "the last record's time is read");
	d.from = d.last = 2000, d.to = 2000 + one;
	dockets_add(&told, &d);
	parcels_add(p, &place, 2000, &records, &told);
	parcel = parcels_find(p, 2000, 2000 + w->len);
	ok(parcel && parcel->n_keys == 2 && parcel->of[0].n == 1 && parcel->of[1].key.cin == 2,
	   "where not all of it was told it is read");
	dockets_fini(&told);
}

static void test_unknown(struct parcels *p, struct wr *w)
{
	wr_reset(w);
	for (uint32_t i = 0; i < N_SESSIONS; i++)
		put(w, i);
	add(p, 5000, w);
	ok(!parcels_find(p, 5000, 5000 + w->len), "one of too many sessions is not known");
	wr_reset(w);
	put(w, 1);
	w->len--;
	add(p, 5000, w);
	ok(!parcels_find(p, 5000, 5000 + w->len), "nor one whose last record is cut");
}

static void test_order(struct parcels *p, struct wr *w)
{
	uint64_t at = 10000;
	bool are_there = true;

	wr_reset(w);
	put(w, 1);
	for (int i = 0; i < 100; i++)
		add(p, at + (uint64_t)i * w->len, w);
	for (int i = 0; i < 50; i++, at += w->len)
		are_there &= parcels_find(p, at, UINT64_MAX) != NULL;
	ok(are_there, "parcels come in their order");
	ok(parcels_find(p, at, UINT64_MAX) && !parcels_find(p, at - w->len, UINT64_MAX) &&
		   parcels_find(p, at, UINT64_MAX),
	   "those before are looked for in vain, and take nothing along");
	add(p, at + 10 * w->len, w);
	ok(parcels_find(p, at + 10 * w->len, UINT64_MAX) &&
		   !parcels_find(p, at + 11 * w->len, UINT64_MAX),
	   "what is sent again stands for all behind it");
	at += 11 * w->len;
	for (int i = 0; i < 100000; i++)
		add(p, at + (uint64_t)i * w->len, w);
	ok(p->size <= 1024 && parcels_find(p, at, UINT64_MAX) &&
		   !parcels_find(p, at + 99999 * w->len, UINT64_MAX),
	   "their number has a bound");
}

int main(void)
{
	struct parcels p = {.ring = NULL};
	struct wr w = wr_init(1 << 16);

	ok(!parcels_find(&p, 0, UINT64_MAX), "nothing was sent");
	test_counts(&p, &w);
	test_told(&p, &w);
	test_unknown(&p, &w);
	test_order(&p, &w);
	parcels_fini(&p);
	wr_fini(&w);
	return tap_end();
}
