/* Parcels of any records: what is kept, counted and refused is what judging each by itself says. */
#include "mediation/harvest.h"

#include <stdio.h>
#include <sys/stat.h>
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
	struct line_progress progress;
	uint64_t start = 0;
	uint32_t n, n_wrong;
	struct why why;
	int n_refused = 0;

	take_orders(warrants);
	open_line(l, lines);
	for (uint32_t i = 0; i < N_PARCELS; i++) {
		make_parcel(i * N_RECORDS);
		n_refused += line_take(l,
				       &(struct line_parcel){INTERFACE_HI3, "c1", 7, start, parcel,
							     parcel_len, false, UINT64_MAX},
				       &rules, &progress, &why) != 0;
		start += parcel_len;
		n_refused += progress.offset != start;
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

/* ---- records in doubt ---- */

enum { N_HELD = 40 };

static size_t encode_plain(uint8_t *octets, const char *liid, uint32_t seq, int64_t at_s)
{
	static const uint8_t packet[100] = {0x45};
	struct etsi_stream s = {.liid = liid,
				.authorization_country = "XX",
				.operator_id = "EXAMPLE",
				.time_form = ETSI_TIME_MICROSECONDS,
				.cin = 1};
	struct ipcc cc = {.bytes = packet,
			  .len = sizeof packet,
			  .seq = seq,
			  .time = {(SAMPLE_START + at_s) * NANOS_PER_S}};
	struct wr w = wr_of(octets, RECORD_MAX);
	struct etsi_header h;

	if (etsi_header_init(&h, &s, NULL))
		abort();
	ipcc_encode(&h, &cc, &w);
	return w.len;
}

/* Records of L0 and, from half of it on, of the other in turns. Where that begins. */
static size_t make_mixed(const char *other, int64_t other_at_s)
{
	size_t half = 0;

	parcel_len = 0;
	for (uint32_t i = 0; i < N_HELD; i++) {
		bool is_other = i >= N_HELD / 2 && i % 2 == 0;

		if (i == N_HELD / 2)
			half = parcel_len;
		parcel_len += encode_plain(parcel + parcel_len, is_other ? other : "L0", i,
					   is_other ? other_at_s : 1);
	}
	return half;
}

static void give_scope(struct warrant *w, size_t n)
{
	struct orders orders = {.warrants = {w, n}};

	if (scope_update(&scope, &orders, now))
		abort();
}

/* What of a stream was taken, and what of it the ledger has. */
struct account {
	uint64_t received, kept, refused;
};

static struct account count_all(struct line *l)
{
	struct account sum = {0};

	for (uint32_t i = 0; i < ledger_book_n_slots(l->ledger); i++) {
		const struct ledger_row *row = ledger_book_slot(l->ledger, i);

		if (!row)
			continue;
		sum.received += row->counts[LEDGER_RECEIVED];
		sum.kept += row->counts[LEDGER_KEPT];
		for (int r = 0; r < N_REFUSALS; r++)
			sum.refused += row->tallies[LEDGER_MALFORMED + r].n;
	}
	return sum;
}

/* A parcel of which the orders do not cover the other's records: it waits from the first of them
 * on, and is taken whole by orders that do. */
static void hold_and_take(const char *name, const char *other, int64_t other_at_s,
			  struct warrant early[2], struct warrant late[2])
{
	const struct line_rules rules = {&scope, &police, now};
	size_t half = make_mixed(other, other_at_s), n_early = early[1].liid ? 2 : 1;
	struct line_parcel p = {INTERFACE_HI3, "c1", 9, 0, parcel, parcel_len, false, 0};
	struct line_progress progress, again;
	struct line lines[2];
	struct line *l = &lines[INTERFACE_HI3];
	struct account counted;
	struct why why;
	int rc;

	scope_init(&scope);
	give_scope(early, n_early);
	open_line(l, lines);
	rc = line_take(l, &p, &rules, &progress, &why);
	counted = count_all(l);
	ok(rc == ERR_AGAIN && progress.offset == half && !strcmp(progress.held, other),
	   "%s: what is before it is taken, and the rest waits", name);
	ok(counted.received == N_HELD / 2 && counted.kept == N_HELD / 2 && !counted.refused &&
		   l->counts.n_received == N_HELD / 2,
	   "nothing of the rest is counted");
	ok(line_take(l, &p, &rules, &again, &why) == ERR_AGAIN && again.offset == half &&
		   spool_end(l->spool) == half,
	   "as often as it comes again");
	give_scope(late, 2);
	ok(!line_take(l, &p, &rules, &progress, &why) && progress.offset == parcel_len &&
		   spool_end(l->spool) == parcel_len,
	   "orders that cover it let it through, once");
	counted = count_all(l);
	ok(counted.received == N_HELD && counted.kept == N_HELD && !counted.refused,
	   "and it is counted once");
	ok(spool_peek(l->spool, 0, &p.bytes) == parcel_len && !memcmp(p.bytes, parcel, parcel_len),
	   "in its order");
	line_close(l);
	ledger_book_close(&l->ledger);
	ledger_book_close(&book);
	scratch_remove(top);
	scope_fini(&scope);
	if (mkdir(top, S_IRWXU))
		abort();
}

static void test_doubt(void)
{
	struct warrant known[2] = {sample_warrant("police", "L0")};
	struct warrant both[2] = {sample_warrant("police", "L0"), sample_warrant("police", "L1")};
	struct warrant iri[2] = {sample_warrant("police", "L0"), sample_warrant("police", "L1")};
	struct warrant brief[2] = {sample_warrant("police", "L0"), sample_warrant("police", "L1")};

	iri[1].deliver = WARRANT_IRI_ONLY;
	brief[1].end.ns = brief[1].start.ns + 2 * (int64_t)NANOS_PER_S;
	hold_and_take("a warrant that is not known", "L1", 1, known, both);
	hold_and_take("one without content", "L1", 1, iri, both);
	hold_and_take("one with an earlier end", "L1", 3, brief, both);
	sample_free(known, 1);
	sample_free(both, 2);
	sample_free(iri, 2);
	sample_free(brief, 2);
}

/* Once it is said that there are no other orders, up to an offset. */
static void test_sure(void)
{
	struct warrant known[1] = {sample_warrant("police", "L0")};
	const struct line_rules rules = {&scope, &police, now};
	size_t half = make_mixed("L1", 1), len;
	struct line_parcel p = {INTERFACE_HI3, "c1", 9, 0, parcel, parcel_len, false, 0};
	struct line_progress progress;
	struct line lines[2];
	struct line *l = &lines[INTERFACE_HI3];
	struct account counted;
	struct why why;

	scope_init(&scope);
	give_scope(known, 1);
	open_line(l, lines);
	len = encode_plain(parcel + parcel_len, "L1", N_HELD, 1);
	p.sure = half + 1;
	ok(line_take(l, &p, &rules, &progress, &why) == ERR_AGAIN && progress.offset > half,
	   "what lies before is refused, and the next waits");
	p.sure = parcel_len;
	p.len = parcel_len + len;
	ok(line_take(l, &p, &rules, &progress, &why) == ERR_AGAIN && progress.offset == parcel_len,
	   "up to the offset that is sure");
	counted = count_all(l);
	ok(counted.received == N_HELD && counted.refused == N_HELD / 4 &&
		   l->counts.n_refused[REFUSAL_UNKNOWN_LIID] == N_HELD / 4,
	   "each is counted, once, with its reason");
	p.sure = UINT64_MAX;
	ok(!line_take(l, &p, &rules, &progress, &why) && progress.offset == parcel_len + len,
	   "where nothing waits, all is");
	line_close(l);
	ledger_book_close(&l->ledger);
	ledger_book_close(&book);
	sample_free(known, 1);
	scope_fini(&scope);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	test_parcels();
	scratch_remove(top);
	if (mkdir(top, S_IRWXU))
		return 1;
	test_doubt();
	test_sure();
	scratch_remove(top);
	return tap_end();
}
