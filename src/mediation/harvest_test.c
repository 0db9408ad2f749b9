/* Parcels of any records: what is kept, counted and refused is what judging each by itself says. */
#include "mediation/harvest.h"

#include <stdio.h>
#include <unistd.h>

#include "base/scratch.h"
#include "base/tap.h"
#include "etsi/decode.h"
#include "mediation/sample.h"

enum {
	N_LIIDS = 8,     /* that are in the orders … */
	N_STRANGERS = 2, /* … and are not */
	N_CINS = 3,
	N_RECORDS = 3000,
	RECORD_MAX = 512,
	PARCEL_MAX = N_RECORDS * RECORD_MAX,
	N_PARCELS = 12,
	PATH_LEN = 64,
};

static char top[] = "/tmp/weir-harvest-XXXXXX";
static uint8_t parcel[PARCEL_MAX], kept[N_PARCELS * PARCEL_MAX];
static size_t parcel_len, kept_len;
static struct line_counts expected;
static struct ledger_book *book; /* as it should be */
static struct scope scope;
static struct agency police = {.id = (char[]){"police"}};
static const struct nanos now = {(SAMPLE_START + INT64_C(1000)) * NANOS_PER_S};
static uint64_t state = 1;

static uint32_t draw(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33) % n;
}

static const char *path_of(const char *name)
{
	static char path[PATH_LEN];

	snprintf(path, sizeof path, "%s/%s", top, name);
	return path;
}

/* One that may be cut short, out of time, of nobody's, or of another form. */
static size_t encode(uint8_t *octets, uint32_t seq)
{
	static const uint8_t packet[200] = {0x45};
	uint32_t len = 20 + draw(180), i = draw(N_LIIDS + N_STRANGERS);
	char liid[8];
	struct etsi_stream s = {.liid = liid,
				.authorization_country = "XX",
				.operator_id = "EXAMPLE",
				.network_element = draw(2) ? "e1" : NULL,
				.time_form =
					draw(20) ? ETSI_TIME_MICROSECONDS : ETSI_TIME_GENERALIZED,
				.cin = draw(N_CINS)};
	struct ipcc cc = {.bytes = packet,
			  .len = len,
			  .original_len = draw(20) ? 0 : len + 5,
			  .seq = seq + draw(3),
			  .direction = (enum etsi_direction)draw(2),
			  .time = sample_at(SAMPLE_START + (draw(10) ? draw(3600) : draw(5000)) -
					    (draw(20) ? 0 : 100.5))};
	struct wr w = wr_of(octets, RECORD_MAX);
	struct etsi_header h;

	snprintf(liid, sizeof liid, "L%u", i);
	if (etsi_header_init(&h, &s, NULL))
		abort();
	ipcc_encode(&h, &cc, &w);
	return w.len;
}

/* Counts it as a record by itself is counted. */
static void count(const struct etsi_record *record, enum refusal refusal)
{
	const struct tally_place place = {"police", true};
	int64_t ns = record->has_time ? record->time.ns : now.ns;
	struct ledger_key key;
	struct ledger_row *row;

	tally_key(&key, &place, record);
	row = ledger_book_row(book, &key);
	ledger_count(row, LEDGER_RECEIVED, 1);
	ledger_row_see(row, record->seq, ns);
	if (refusal != REFUSAL_NONE) {
		ledger_tally_add(row, LEDGER_MALFORMED + (enum ledger_reason)refusal, 1, ns);
		return;
	}
	ledger_count(row, LEDGER_KEPT, 1);
	ledger_count(row, LEDGER_SENT, 1);
	ledger_count(row, LEDGER_ACKNOWLEDGED, 1);
}

/* What should become of it. */
static void expect(const uint8_t *pdu, size_t len)
{
	const struct scope_place place = {&police, INTERFACE_HI3, now};
	enum refusal refusal = REFUSAL_MALFORMED;
	struct etsi_record record;

	expected.n_received++;
	if (!etsi_record_read(pdu, len, &record, NULL)) {
		refusal = scope_check(&scope, &place, &record);
		count(&record, refusal);
	}
	if (refusal != REFUSAL_NONE) {
		expected.n_refused[refusal]++;
		return;
	}
	expected.n_spooled++;
	memcpy(kept + kept_len, pdu, len);
	kept_len += len;
}

/* Records in runs or in turns, some with an octet that is wrong where it does no harm to the
 * outer length. */
static void make_parcel(uint32_t first)
{
	parcel_len = 0;
	for (uint32_t i = 0; i < N_RECORDS; i++) {
		uint8_t *at = parcel + parcel_len;
		uint64_t before = state;
		uint32_t n = draw(4) ? 1 : draw(20);
		size_t len;

		for (uint32_t k = 0; k < n && i < N_RECORDS; k++, i++) {
			if (draw(2))
				state = before; /* much the same once more */
			at = parcel + parcel_len;
			len = encode(at, first + i);
			if (!draw(15))
				at[4 + draw((uint32_t)len - 4)] ^= (uint8_t)(1 + draw(255));
			expect(at, len);
			parcel_len += len;
		}
	}
}

static bool is_same_row(const struct ledger_row *a, const struct ledger_row *b)
{
	return a && b && a->first_seq == b->first_seq && a->last_seq == b->last_seq &&
	       a->next == b->next && a->first_ns == b->first_ns && a->last_ns == b->last_ns &&
	       !memcmp(a->counts, b->counts, sizeof a->counts) &&
	       !memcmp(a->tallies, b->tallies, sizeof a->tallies);
}

static uint32_t compare_books(struct ledger_book *is, uint32_t *n_wrong)
{
	uint32_t n = 0;

	*n_wrong = 0;
	for (uint32_t i = 0; i < ledger_book_n_slots(book); i++) {
		struct ledger_row *row = ledger_book_slot(book, i);

		if (!row || ledger_row_is_empty(row))
			continue;
		n++;
		*n_wrong += !is_same_row(row, ledger_book_find(is, &row->key));
	}
	return n;
}

static bool is_kept(struct line *l)
{
	const uint8_t *bytes;
	uint64_t at = 0;
	size_t n;

	while ((n = spool_peek(l->spool, at, &bytes))) {
		if (at + n > kept_len || memcmp(kept + at, bytes, n) != 0)
			return false;
		at += n;
	}
	return at == kept_len;
}

/* What was kept is sent and acknowledged, in pieces of any length. */
static void deliver(struct line *l)
{
	uint64_t n, sent = 0, had = 0, end = spool_end(l->spool);

	while (had < end) {
		uint64_t next = ends_last(l->ends, sent, sent + draw(50000), &n);

		line_sent(l, sent, next);
		sent = next;
		next = ends_last(l->ends, had, had + draw(50000) < sent ? had + draw(50000) : sent,
				 &n);
		if (next > sent)
			next = had;
		line_acknowledged(l, had, next);
		had = next;
		if (!draw(50))
			line_forget_rows(l);
	}
}

static void open_line(struct line *l, struct line *pair)
{
	static struct ledger_stock *stock;
	struct why why;

	why_clear(&why);
	*l = (struct line){
		.interface = INTERFACE_HI3, .agency = "police", .pair = pair, .stock = &stock};
	if (ledger_book_open(&l->ledger, path_of("is"), 1000, &why) ||
	    ledger_book_open(&book, path_of("should"), 1000, &why) ||
	    line_open(l, top, &(struct spool_options){.limit = 64 << 20}, &why)) {
		printf("Bail out! %s: %s\n", why.place, why.text);
		exit(1);
	}
}

static void take_orders(struct warrant w[N_LIIDS])
{
	struct orders orders = {.warrants = {w, N_LIIDS}};
	char liid[8];

	for (unsigned i = 0; i < N_LIIDS; i++) {
		snprintf(liid, sizeof liid, "L%u", i);
		w[i] = sample_warrant("police", liid);
	}
	w[3].deliver = WARRANT_IRI_ONLY;
	w[4].end.ns -= 1800 * (int64_t)NANOS_PER_S;
	scope_init(&scope);
	if (scope_update(&scope, &orders, now))
		abort();
}

static void test_parcels(void)
{
	const struct line_rules rules = {&scope, &police, now};
	struct warrant warrants[N_LIIDS];
	struct line lines[2];
	struct line *l = &lines[INTERFACE_HI3];
	uint64_t offset = 0, start = 0;
	uint32_t n, n_wrong;
	struct why why;
	int n_refused = 0;

	take_orders(warrants);
	open_line(l, lines);
	for (uint32_t i = 0; i < N_PARCELS; i++) {
		make_parcel(i * N_RECORDS);
		n_refused += line_take(l,
				       &(struct line_parcel){INTERFACE_HI3, "c1", 7, start, parcel,
							     parcel_len, false},
				       &rules, &offset, &why) != 0;
		start += parcel_len;
		n_refused += offset != start;
	}
	ok(!n_refused, "parcels of %u records are taken", N_RECORDS);
	ok(is_kept(l), "what may go is in the spool, and nothing else: %zu octets", kept_len);
	ok(!memcmp(&l->counts, &expected, sizeof expected),
	   "each refusal is counted by its reason");
	for (int i = 0; i < N_REFUSALS; i++)
		printf("# %s: %llu\n", refusal_text((enum refusal)i),
		       (unsigned long long)expected.n_refused[i]);
	deliver(l);
	n = compare_books(l->ledger, &n_wrong);
	ok(n > N_LIIDS * N_CINS && !n_wrong, "%u rows of the ledger are as they should be", n);
	ok(likeness_n(l->like) > N_LIIDS, "%zu streams were kept", likeness_n(l->like));
	line_close(l);
	ledger_book_close(&l->ledger);
	ledger_book_close(&book);
	sample_free(warrants, N_LIIDS);
	scope_fini(&scope);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	test_parcels();
	scratch_remove(top);
	return tap_end();
}
