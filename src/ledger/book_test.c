#include "ledger/book.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/tap.h"

static char path[] = "/tmp/weir-ledger-XXXXXX";
static struct why why;

static void bail(const char *text)
{
	printf("Bail out! %s\n", text);
	exit(1);
}

static struct ledger_key key_of(const char *liid, uint32_t cin, enum ledger_kind kind)
{
	struct ledger_key key;

	ledger_key_set(&key, "police", liid, strlen(liid));
	ledger_key_set_element(&key, "ne1", 3);
	key.cin = cin;
	key.kind = (uint8_t)kind;
	return key;
}

static struct ledger_book *open_book(uint32_t max_rows)
{
	struct ledger_book *b;

	why_clear(&why);
	if (ledger_book_open(&b, path, max_rows, &why))
		bail(why.text);
	return b;
}

static void spool(struct ledger_row *row, uint32_t from, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		ledger_count(row, LEDGER_MATCHED, 1);
		ledger_row_spooled(row, from + k, 1000 + from + k);
	}
}

static void test_rows(void)
{
	struct ledger_book *b = open_book(100);
	struct ledger_key key = key_of("L1", 7, LEDGER_CC), other = key_of("L1", 7, LEDGER_IRI);
	uint64_t id = ledger_book_id(b);
	struct ledger_row *row = ledger_book_row(b, &key);

	spool(row, 0, 10);
	ledger_tally_add(row, LEDGER_EARLY, 2, 500);
	ok(ledger_book_row(b, &key) == row, "a key has one row");
	ok(ledger_book_row(b, &other) != row, "another kind is another row");
	ok(!strcmp(row->key.warrant, "police/L1"), "a row tells its warrant");
	ledger_book_close(&b);
	b = open_book(100);
	row = ledger_book_find(b, &key);
	ok(row && row->counts[LEDGER_SPOOLED] == 10 && row->tallies[LEDGER_EARLY].n == 2 &&
		   row->last_seq == 9 && row->first_ns == 1000 && row->last_ns == 1009,
	   "rows are there again");
	ok(ledger_book_id(b) == id, "and it is the same book");
	ledger_book_close(&b);
}

/* All rows, though not all in one go: capture threads wait for each. */
static void test_sums(void)
{
	enum { N = 3000 };
	struct ledger_sums sums = {.slot = 0};
	struct ledger_book *b;
	int n_goes = 1;

	unlink(path);
	b = open_book(2 * N);
	ledger_book_tidy(b, N);
	for (uint32_t cin = 0; cin < N; cin++) {
		struct ledger_key key = key_of("SUMS", cin, LEDGER_CC);

		ledger_tally_add(ledger_book_row(b, &key), LEDGER_EARLY, 2, 500);
		ledger_tally_add(ledger_book_row(b, &key), LEDGER_FULL, 1, 500);
	}
	while (ledger_book_add_up(b, &sums))
		n_goes++;
	ok(sums.n[LEDGER_EARLY] == 2 * N && sums.n[LEDGER_FULL] == N && n_goes >= 3,
	   "what was refused or lost is added up, in %d goes", n_goes);
	ok(!ledger_book_add_up(b, &sums) && sums.n[LEDGER_FULL] == N, "and no row twice");
	ledger_book_close(&b);
	unlink(path);
}

static void test_drafts(void)
{
	struct ledger_key key = key_of("L2", 1, LEDGER_CC);
	struct ledger_mark mark = {11, 1, 400}, left;
	struct ledger_book *b = open_book(100);
	struct ledger_row *draft = ledger_draft_row(b, &key);

	ledger_count(draft, LEDGER_RECEIVED, 4);
	ok(ledger_draft_row(b, &key) == draft, "a row is drafted once");
	ok(!ledger_book_find(b, &key)->counts[LEDGER_RECEIVED], "a draft is not yet counted");
	ledger_draft_drop(b);
	ok(ledger_draft_row(b, &key)->counts[LEDGER_RECEIVED] == 0, "what is dropped never was");
	ledger_count(ledger_draft_row(b, &key), LEDGER_RECEIVED, 5);
	ledger_draft_seal(b, &mark);
	ledger_book_close(&b); /* as if it had been killed */
	b = open_book(100);
	ok(ledger_draft_is_left(b, &left) && left.owner == 11 && left.offset == 400,
	   "a sealed draft is found by the next process");
	ledger_draft_apply(b);
	ledger_draft_apply(b);
	left.offset = 0;
	ok(ledger_book_find(b, &key)->counts[LEDGER_RECEIVED] == 5, "and counts once");
	ok(ledger_mark_get(b, &left) && left.offset == 400, "its mark moved with it");
	ok(!ledger_draft_is_left(b, &left), "nothing is left of it");
	ledger_count(ledger_draft_row(b, &key), LEDGER_RECEIVED, 5);
	ledger_book_close(&b);
	b = open_book(100);
	ok(!ledger_draft_is_left(b, &left) &&
		   ledger_book_find(b, &key)->counts[LEDGER_RECEIVED] == 5,
	   "a draft that was not sealed is forgotten");
	for (uint32_t k = 0; k < LEDGER_MAX_DRAFT && k < 90; k++) {
		struct ledger_key more = key_of("L3", k, LEDGER_CC);

		(void)ledger_draft_row(b, &more);
	}
	ledger_draft_drop(b);
	ledger_book_close(&b);
}

static void test_steps(void)
{
	struct ledger_key key = key_of("L2", 3, LEDGER_CC);
	struct ledger_book *b = open_book(100);
	struct ledger_mark *mark = ledger_mark_at(b, &(struct ledger_mark){12, 1, 100});

	ok(mark && mark->offset == 100, "a mark is made where it is not there");
	ok(ledger_mark_at(b, &(struct ledger_mark){12, 1, 7}) == mark && mark->offset == 100,
	   "and found again");
	ledger_step(b,
		    &(struct ledger_stride){mark, 180, ledger_book_row(b, &key), LEDGER_SENT, 1});
	ledger_step(b,
		    &(struct ledger_stride){mark, 260, ledger_book_row(b, &key), LEDGER_SENT, 3});
	ledger_book_close(&b);
	b = open_book(100);
	mark = ledger_mark_at(b, &(struct ledger_mark){12, 1, 0});
	ok(mark->offset == 260 && ledger_book_find(b, &key)->counts[LEDGER_SENT] == 4,
	   "each step counts its records and moves the mark");
	ledger_book_close(&b);
}

static void test_recovery(void)
{
	struct ledger_key key = key_of("L4", 1, LEDGER_CC), fresh = key_of("L4", 2, LEDGER_CC);
	struct ledger_key late = key_of("L4", 3, LEDGER_CC);
	struct ledger_book *b = open_book(200);
	struct ledger_row *row = ledger_book_row(b, &key);

	spool(row, 0, 10);
	ledger_book_settle(b);
	spool(row, 10, 10); /* of which five are whole when it is killed */
	spool(ledger_book_row(b, &fresh), 0, 3);
	ledger_book_close(&b);
	b = open_book(200);
	for (uint32_t seq = 8; seq < 15; seq++)
		ledger_book_recall(b, &key, seq, 1000 + seq);
	ledger_book_recall(b, &late, 0, 5000);
	ledger_book_recover(b, 7777);
	row = ledger_book_find(b, &key);
	ok(row->counts[LEDGER_SPOOLED] == 15 && row->tallies[LEDGER_KILLED].n == 5 &&
		   row->tallies[LEDGER_KILLED].first_ns == 7777,
	   "what was in hand when it was killed is counted as lost");
	ok(row->counts[LEDGER_MATCHED] == 20 && row->counts[LEDGER_ENCODED] == 20 &&
		   row->next == 15,
	   "and its numbers are free again");
	row = ledger_book_find(b, &fresh);
	ok(!row->counts[LEDGER_SPOOLED] && row->tallies[LEDGER_KILLED].n == 3,
	   "also of a session that was new");
	row = ledger_book_find(b, &late);
	ok(row->counts[LEDGER_SPOOLED] == 1 && row->counts[LEDGER_MATCHED] == 1,
	   "what the spool has and nobody counted is counted");
	ledger_book_close(&b);
}

/* n records from this number on find no room. */
static void lose(struct ledger_row *row, uint32_t first, uint32_t n)
{
	for (uint32_t seq = first; seq < first + n; seq++) {
		ledger_row_see(row, seq, 1000 + seq);
		row->counts[LEDGER_MATCHED]++;
		row->counts[LEDGER_ENCODED]++;
		ledger_tally_add(row, LEDGER_FULL, 1, 1000 + seq);
	}
}

/* Records that found no room have numbers too: none of them was ever in the spool. */
static void test_recovery_of_a_full_one(void)
{
	struct ledger_key key = key_of("L5", 1, LEDGER_CC);
	struct ledger_book *b = open_book(200);
	struct ledger_row *row = ledger_book_row(b, &key);

	spool(row, 0, 10);
	ledger_book_settle(b);
	spool(row, 10, 4); /* of which two are whole when it is killed */
	lose(row, 14, 16);
	ledger_book_close(&b);
	b = open_book(200);
	ledger_book_recall(b, &key, 10, 1010);
	ledger_book_recall(b, &key, 11, 1011);
	ledger_book_recover(b, 7777);
	row = ledger_book_find(b, &key);
	ok(row->counts[LEDGER_SPOOLED] == 12 && row->tallies[LEDGER_KILLED].n == 2 &&
		   row->tallies[LEDGER_FULL].n == 16,
	   "what found no room is not lost once more by a kill");
	ok(row->next == 12 && row->n_again == 18 && row->counts[LEDGER_ENCODED] == 30,
	   "the numbers of both are given again");
	ledger_book_close(&b);
}

/* No file can be written: neither the state of sessions nor a record. The next process goes on
 * from the state before. */
static void test_recovery_from_an_older_state(void)
{
	struct ledger_key key = key_of("L6", 1, LEDGER_CC), fresh = key_of("L6", 2, LEDGER_CC);
	struct ledger_book *b = open_book(200);
	struct ledger_row *row = ledger_book_row(b, &key);

	spool(row, 0, 10);
	ledger_book_settle(b);
	spool(row, 10, 5);
	lose(row, 15, 40);
	lose(ledger_book_row(b, &fresh), 0, 7);
	ledger_book_settle(b);
	ledger_book_unsettle(b);
	lose(row, 55, 2);
	ledger_book_close(&b);
	b = open_book(200);
	for (uint32_t seq = 10; seq < 15; seq++)
		ledger_book_recall(b, &key, seq, 1000 + seq);
	ledger_book_recover(b, 7777);
	row = ledger_book_find(b, &key);
	ok(row->next == 15 && row->n_again == 42 && row->counts[LEDGER_SPOOLED] == 15 &&
		   !row->tallies[LEDGER_KILLED].n,
	   "a state that was not saved settles nothing: %llu numbers are given again",
	   (unsigned long long)row->n_again);
	row = ledger_book_find(b, &fresh);
	ok(row->next == 0 && row->n_again == 7, "also those of a session that it never knew");
	ledger_book_close(&b);
}

/* The sum of a column over all rows. */
static uint64_t total(struct ledger_book *b, enum ledger_column column)
{
	uint64_t n = 0;

	for (uint32_t k = 0; k < ledger_book_n_slots(b); k++)
		if (ledger_book_slot(b, k))
			n += ledger_book_slot(b, k)->counts[column];
	return n;
}

/* Numbers that begin again at 0: 2^32 of them are used up, or others begin again with them. */
static void test_turns(void)
{
	struct ledger_book *b = open_book(100);
	struct ledger_key cc = key_of("L4", 9, LEDGER_CC), iri = key_of("L4", 9, LEDGER_IRI);
	struct ledger_row *row = ledger_book_row(b, &cc);
	const uint64_t turn = UINT64_C(1) << 32;

	ok(ledger_seq(5, 3) == 3 && ledger_seq(turn - 1, UINT32_MAX) == turn - 1 &&
		   ledger_seq(turn, 0) == turn && ledger_seq(turn, UINT32_MAX) == turn - 1 &&
		   ledger_seq(3 * turn + 7, 2) == 3 * turn + 2 &&
		   ledger_seq(3 * turn + 7, UINT32_MAX) == 3 * turn - 1,
	   "a number is the one nearest to those before");
	row->first_seq = row->last_seq = UINT32_MAX - 10; /* as if so many had gone before */
	row->next = UINT32_MAX - 9;
	spool(row, UINT32_MAX - 9, 10);
	ledger_book_settle(b);
	ledger_row_turn(row);
	spool(row, 0, 5);
	ok(row->last_seq == turn + 4 && row->next == turn + 5 && row->n_turns == 1,
	   "behind 2^32 - 1 they go on: %llu", (unsigned long long)row->last_seq);
	row = ledger_book_row(b, &iri);
	spool(row, 0, 3);
	ledger_row_turn(row);
	spool(row, 0, 2);
	ok(row->first_seq == 0 && row->last_seq == turn + 1 && row->n_turns == 1,
	   "those of events begin again with them, though few were used");
	ledger_book_close(&b);
	b = open_book(100);
	for (uint32_t seq = 0; seq < 4; seq++)
		ledger_book_recall(b, &cc, seq, 5000);
	ledger_book_recover(b, 6000);
	row = ledger_book_find(b, &cc);
	ok(row->next == turn + 4 && row->tallies[LEDGER_KILLED].n == 1,
	   "what the spool has of them is found again, and what it has not is lost");
	ledger_book_close(&b);
}

static void test_folding(void)
{
	enum { MAX = 64, SESSIONS = 500 };
	struct ledger_key key, sum;
	struct ledger_book *b;

	bool has_folded = false;

	unlink(path);
	b = open_book(MAX);
	ok(!ledger_book_tidy(b, 4), "where there is room, rows stay where they are");
	for (uint32_t k = 0; k < SESSIONS; k++) {
		struct ledger_row *row;

		key = key_of("L5", k, LEDGER_CC);
		has_folded |= ledger_book_tidy(b, 4);
		row = ledger_book_row(b, &key);
		spool(row, 0, 2);
		if (k % 10) {
			ledger_count(row, LEDGER_HANDED, 2);
			ledger_book_close_row(row);
		}
	}
	ok(has_folded, "who folds rows says so");
	ok(ledger_book_n_slots(b) <= MAX, "there are never more rows than allowed");
	ok(total(b, LEDGER_SPOOLED) == 2 * SESSIONS, "and no count is dropped");
	sum = key_of("L5", 0, LEDGER_CC);
	sum.span = LEDGER_SPAN_FOLDED;
	ok(ledger_book_find(b, &sum) && ledger_book_find(b, &sum)->n_folded > SESSIONS / 2,
	   "old rows are in their warrant's sum row");
	key = key_of("L5", 0, LEDGER_CC);
	ok(ledger_book_find(b, &key), "a row that is not final stays");
	key = key_of("L5", SESSIONS - 1, LEDGER_CC);
	ok(ledger_book_find(b, &key), "so does the newest");
	for (uint32_t k = 0; k < 2 * MAX; k++) {
		key = key_of("L6", k, LEDGER_IRI);
		ledger_count(ledger_book_row(b, &key), LEDGER_MATCHED, 1);
	}
	ok(total(b, LEDGER_MATCHED) == 2 * SESSIONS + 2 * MAX,
	   "what finds no slot is counted all the same");
	ledger_book_close(&b);
}

static size_t n_gaps(const struct ledger_book *b, uint64_t *n_packets)
{
	size_t n = 0;

	*n_packets = 0;
	for (uint32_t k = 0; k < LEDGER_MAX_GAPS; k++) {
		const struct ledger_gap *gap = ledger_gap_at(b, k);

		n += gap != NULL;
		*n_packets += gap ? gap->n_packets : 0;
	}
	return n;
}

static void test_gaps(void)
{
	struct ledger_book *b = open_book(64);
	struct ledger_gap gap = {"int:eth1", LEDGER_KERNEL, 0, 1000000000, 2000000000, 5};
	uint64_t n_packets;

	ledger_gap_add(b, &gap);
	gap.from_ns = gap.to_ns, gap.to_ns += 1000000000;
	ledger_gap_add(b, &gap);
	ok(n_gaps(b, &n_packets) == 1 && n_packets == 10, "a gap that goes on is one gap");
	gap.from_ns += INT64_C(100000000000), gap.to_ns = gap.from_ns + 1;
	ledger_gap_add(b, &gap);
	ok(n_gaps(b, &n_packets) == 2 && n_packets == 15, "a later one is another");
	for (int k = 0; k < 2 * LEDGER_MAX_GAPS; k++) {
		gap.from_ns += INT64_C(100000000000) + k, gap.to_ns = gap.from_ns + 1;
		ledger_gap_add(b, &gap);
	}
	ok(n_gaps(b, &n_packets) == LEDGER_MAX_GAPS && n_packets == 15 + 10 * LEDGER_MAX_GAPS,
	   "of too many the nearest become one, and no packet is dropped");
	ledger_book_live(b, 42);
	ledger_book_close(&b);
	b = open_book(64);
	ok(ledger_book_lived(b) == 42 && n_gaps(b, &n_packets) == LEDGER_MAX_GAPS,
	   "gaps and the last moment of life outlive the process");
	ledger_book_close(&b);
}

static void test_damage(void)
{
	char old[sizeof path + 4];
	struct ledger_book *b;
	int fd = open(path, O_RDWR | O_TRUNC);

	if (fd < 0 || write(fd, "what is this?", 13) != 13)
		bail("the file cannot be damaged");
	close(fd);
	snprintf(old, sizeof old, "%s.old", path);
	b = open_book(64);
	ok(b && strstr(why.text, "set aside") && !access(old, F_OK),
	   "what is no ledger is set aside, and said");
	ledger_book_close(&b);
	unlink(old);
	ok(ledger_book_open(&b, "/nowhere/at/all", 0, &why) < 0 && !b && *why.place,
	   "where it cannot be made, the reason names the file");
}

int main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		bail("no file in /tmp");
	close(fd);
	test_rows();
	test_sums();
	test_drafts();
	test_steps();
	test_recovery();
	test_recovery_of_a_full_one();
	test_recovery_from_an_older_state();
	test_turns();
	test_folding();
	test_gaps();
	test_damage();
	unlink(path);
	return tap_end();
}
