#include "ledger/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/tap.h"
#include "ledger/news.h"
#include "ledger/sample.h"

static void test_round_trip(void)
{
	struct ledger_row row = sample_row(7, LEDGER_CC, 10), again;
	struct wr w = wr_init(1 << 20);
	struct json j = json_of(&w);
	struct ledger_entry entry;
	struct why why;
	bool is_refused = true;

	why_clear(&why);
	for (int k = 0; k < LEDGER_N_COLUMNS; k++)
		row.counts[k] = (uint64_t)k + 1;
	for (int k = 0; k < LEDGER_N_REASONS; k++)
		ledger_tally_add(&row, (enum ledger_reason)k, (uint64_t)k + 1, 1000 + k);
	row.is_closed = 1;
	ok(!ledger_row_print(&row, &j) && w.ok, "a row prints");
	ok(!conf_parse_json(&ledger_entry_record, (const char *)w.bytes, w.len, &entry, &why),
	   "and reads back: %s", why.text);
	ledger_entry_row(&entry, &again);
	again.next = row.next;
	ok(!memcmp(&row, &again, sizeof row), "as the same row");
	conf_fini(&ledger_entry_record, &entry);
	for (size_t len = 0; len < w.len && is_refused; len++)
		is_refused = conf_parse_json(&ledger_entry_record, (const char *)w.bytes, len,
					     &entry, &why) < 0;
	ok(is_refused, "each cut of it is refused");
	wr_fini(&w);
}

static bool is_news(const char *text)
{
	struct ledger_news news;
	struct why why;
	int rc;

	why_clear(&why);
	rc = conf_parse_json(&ledger_news_record, text, strlen(text), &news, &why);
	conf_fini(&ledger_news_record, &news);
	return rc == 0;
}

#define NEWS "{\"type\":\"ledger\",\"book\":\"0123456789abcdef\","

static void test_strictness(void)
{
	ok(is_news(NEWS "\"rows\":[{\"warrant\":\"a/b\",\"kind\":\"cc\",\"matched\":5}]}"),
	   "a message with a row is read");
	ok(!is_news(NEWS "\"rows\":[{\"warrant\":\"a/b\",\"kind\":\"cc\",\"matched\":-5}]}"),
	   "a negative count is refused");
	ok(!is_news(NEWS "\"rows\":[{\"warrant\":\"a/b\",\"kind\":\"xx\"}]}"),
	   "a kind that is not known is refused");
	ok(!is_news(NEWS "\"rows\":[{\"warrant\":\"a/b\",\"kind\":\"cc\",\"more\":1}]}"),
	   "a column that is not known is refused");
	ok(!is_news(NEWS "\"rows\":[{\"kind\":\"cc\",\"losses\":[{\"reason\":\"full\"}]}]}"),
	   "a loss without its number is refused");
}

/* Counts the rows of a message, and those that are gone. */
struct told {
	size_t n_rows, n_gone, n_gaps, n_messages;
	bool has_begun, has_ended;
};

static struct told tell(struct ledger_teller *t)
{
	struct told told = {0};
	struct ledger_news news;
	struct why why;

	for (;;) {
		struct wr w = wr_init(16 << 20);
		int rc = ledger_teller_next(t, &w);

		why_clear(&why);
		if (rc == 1 &&
		    conf_parse_json(&ledger_news_record, (const char *)w.bytes, w.len, &news, &why))
			ok(false, "a message is read: %s", why.text);
		wr_fini(&w);
		if (rc != 1)
			return told;
		ledger_teller_sent(t);
		told.n_rows += news.rows.n;
		told.n_gone += news.gone.n;
		told.n_gaps += news.gaps.n;
		told.n_messages++;
		told.has_begun |= news.begin;
		told.has_ended |= news.end;
		conf_fini(&ledger_news_record, &news);
	}
}

static void count_one(struct ledger_book *b, uint32_t cin)
{
	struct ledger_key key = sample_row(cin, LEDGER_CC, 1).key;

	ledger_count(ledger_book_row(b, &key), LEDGER_MATCHED, 1);
}

static void test_news(const char *path)
{
	enum { ROWS = LEDGER_NEWS_ROWS + 100 };
	struct ledger_teller *t;
	struct ledger_book *b;
	struct told told;
	struct why why;

	why_clear(&why);
	if (ledger_book_open(&b, path, 1000, &why) || ledger_teller_new(&t, b)) {
		ok(false, "a book and its teller: %s", why.text);
		return;
	}
	told = tell(t);
	ok(told.has_begun && told.has_ended && !told.n_rows, "an empty book is told as such");
	for (uint32_t k = 0; k < ROWS; k++)
		count_one(b, k);
	told = tell(t);
	ok(told.n_rows == ROWS && told.n_messages > 1 && !told.has_begun,
	   "rows that are new are told, in messages of bounded length");
	told = tell(t);
	ok(!told.n_messages, "then there is nothing to tell");
	count_one(b, 5);
	told = tell(t);
	ok(told.n_rows == 1, "a row that changed is told");
	ledger_gap_add(b, &(struct ledger_gap){"int:e", LEDGER_KERNEL, 0, 1, 2, 3});
	told = tell(t);
	ok(told.n_gaps == 1 && !told.n_rows, "so is a gap");
	for (uint32_t k = 0; k < ROWS; k++) {
		struct ledger_key key = sample_row(k, LEDGER_CC, 1).key;

		ledger_book_close_row(ledger_book_row(b, &key));
	}
	(void)tell(t);
	ledger_book_tidy(b, 600);
	told = tell(t);
	ok(told.n_gone >= 100 && told.n_rows == 1, "rows that were folded are gone, in one sum");
	ledger_teller_again(t);
	told = tell(t);
	ok(told.has_begun && told.has_ended && told.n_gaps >= 1 && !told.n_gone &&
		   told.n_rows < ROWS,
	   "a new listener is told the whole");
	ledger_teller_free(&t);
	ledger_book_close(&b);
}

enum { REMARKS = 5000 };

static int note(void *arg, const char *text)
{
	char *all = arg;
	size_t len = strlen(all);

	snprintf(all + len, REMARKS - len, "%s\n", text);
	return 0;
}

static struct ledger_verdict verdict_of(const struct ledger_row *rows, size_t n, char *remarks)
{
	struct ledger_page page = sample_page(rows, n);
	struct ledger_verdict v;

	*remarks = '\0';
	if (ledger_check(&page, &v, note, remarks))
		v.closes = v.is_complete = false;
	conf_fini(&ledger_page_record, &page);
	return v;
}

/* Each column that is one too many or too few is noticed. */
static void test_check(void)
{
	struct ledger_row rows[2] = {sample_row(7, LEDGER_CC, 10), sample_row(7, LEDGER_IRI, 3)};
	char remarks[REMARKS];
	struct ledger_verdict v = verdict_of(rows, 2, remarks);

	ok(v.closes && v.is_complete && !*remarks, "a page whose sums close is complete");
	for (int k = 0; k < LEDGER_N_COLUMNS; k++) {
		struct ledger_row wrong[2] = {rows[0], rows[1]};

		wrong[0].counts[k]++;
		v = verdict_of(wrong, 2, remarks);
		ok(k == LEDGER_SENT_AGAIN ? v.is_complete : !v.is_complete,
		   "one more in column %d is noticed: %.60s", k, remarks);
		wrong[0].counts[k] -= k == LEDGER_SENT_AGAIN ? 1 : 2;
		v = verdict_of(wrong, 2, remarks);
		ok(k == LEDGER_SENT_AGAIN || k == LEDGER_HANDED || !v.is_complete,
		   "so is one less, unless its acknowledgement is on its way: %.60s", remarks);
	}
	rows[0].counts[LEDGER_SPOOLED] = rows[0].counts[LEDGER_HANDED] = 8;
	for (int k = LEDGER_RECEIVED; k < LEDGER_N_COLUMNS; k++)
		rows[0].counts[k] = k == LEDGER_SENT_AGAIN ? 0 : 8;
	v = verdict_of(rows, 2, remarks);
	ok(!v.closes && strstr(remarks, "8 in the collector's outbox"), "the stage is named");
	ledger_tally_add(&rows[0], LEDGER_FULL, 2, 1500000000);
	v = verdict_of(rows, 2, remarks);
	ok(v.closes && !v.is_complete && v.n_lost == 2 && strstr(remarks, "no room left"),
	   "what is lost for a reason closes, and is said");
	rows[0].counts[LEDGER_MATCHED] += 4;
	ledger_tally_add(&rows[0], LEDGER_EARLY, 4, 900000000);
	v = verdict_of(rows, 2, remarks);
	ok(v.closes && v.n_lost == 2 && !v.n_refused, "what is refused is not lost");
	rows[1].counts[LEDGER_ACKNOWLEDGED]--;
	v = verdict_of(rows, 2, remarks);
	ok(v.closes && v.n_held == 1 && strstr(remarks, "wait at the mediator"),
	   "what waits is said");
	rows[1] = sample_row(7, LEDGER_IRI, 3);
	rows[1].last_ns = 1700000000000000000 - 5;
	rows[1].counts[LEDGER_RECEIVED]--, rows[1].counts[LEDGER_KEPT]--;
	rows[1].counts[LEDGER_SENT]--, rows[1].counts[LEDGER_ACKNOWLEDGED]--;
	v = verdict_of(rows, 2, remarks);
	ok(v.closes && !v.is_complete && strstr(remarks, "different moments"),
	   "of a row that grows, who told later is not wrong");
	rows[1] = sample_row(7, LEDGER_IRI, 3);
	rows[1].last_seq = UINT64_C(0x100000001);
	v = verdict_of(rows, 2, remarks);
	ok(!v.closes && strstr(remarks, "0 to 4294967297"), "numbers that are missing are noticed");
	rows[1].n_turns = 1;
	v = verdict_of(rows, 2, remarks);
	ok(v.closes && strstr(remarks, "began again at 0, 1 times"),
	   "but not where they began again, which is said: %s", remarks);
}

/* What a collector made and the mediator did not deliver: the agency does not have everything. */
static void test_refused_check(void)
{
	static const enum ledger_reason reasons[] = {LEDGER_UNKNOWN_LIID, LEDGER_OUT_OF_TIME,
						     LEDGER_KIND, LEDGER_INTERFACE};
	struct ledger_row row;
	struct ledger_verdict v;
	char remarks[REMARKS], text[LEDGER_REMARK_LEN];

	for (size_t k = 0; k < sizeof reasons / sizeof *reasons; k++) {
		row = sample_row(7, LEDGER_CC, 10);
		row.counts[LEDGER_RECEIVED] = row.counts[LEDGER_HANDED] = 10;
		row.counts[LEDGER_KEPT] = row.counts[LEDGER_SENT] = 7;
		row.counts[LEDGER_ACKNOWLEDGED] = 7;
		ledger_tally_add(&row, reasons[k], 3, 1);
		v = verdict_of(&row, 1, remarks);
		ledger_verdict_print(&v, text, sizeof text);
		ok(v.closes && !v.is_complete && v.n_refused == 3 && !v.n_lost &&
			   strstr(text, "3 refused by the mediator"),
		   "a page is not complete where the mediator refused records: %s: %s", remarks,
		   text);
	}
	row.tallies[LEDGER_NO_CAPTURE] = row.tallies[LEDGER_INTERFACE];
	row.tallies[LEDGER_INTERFACE].n = 0;
	v = verdict_of(&row, 1, remarks);
	ok(v.is_complete, "it is where the agency wants none of that kind: %s", remarks);
}

/* 300 waited at the mediator when its spool went; the collector had 40 of them still. */
static void test_gone_check(void)
{
	struct ledger_row row = sample_row(7, LEDGER_CC, 1000);
	struct ledger_page page;
	struct ledger_verdict v;
	char remarks[REMARKS] = "";

	row.counts[LEDGER_RECEIVED] = row.counts[LEDGER_KEPT] = 1040;
	row.counts[LEDGER_SENT] = row.counts[LEDGER_ACKNOWLEDGED] = 740;
	ledger_tally_add(&row, LEDGER_GONE, 300, 1);
	page = sample_page(&row, 1);
	page.gaps.items = calloc(1, sizeof *page.gaps.items);
	page.gaps.items[0] = (struct ledger_hole){
		.input = strdup("spool"), .collector = strdup("m1"), .reason = LEDGER_GONE};
	page.gaps.n = 1;
	ok(!ledger_check(&page, &v, note, remarks) && v.closes && v.n_lost == 260 && !v.n_held &&
		   !v.n_gaps &&
		   strstr(remarks, "at most 260 lost at the mediator: its spool is gone") &&
		   strstr(remarks, "the spool of m1 was lost between"),
	   "a spool that is gone took with it what nobody had elsewhere: %s", remarks);
	conf_fini(&ledger_page_record, &page);
	row = sample_row(7, LEDGER_CC, 1000);
	row.counts[LEDGER_HANDED] = row.counts[LEDGER_RECEIVED] = row.counts[LEDGER_KEPT] = 900;
	row.counts[LEDGER_SENT] = row.counts[LEDGER_ACKNOWLEDGED] = 900;
	ledger_tally_add(&row, LEDGER_VANISHED, 100, 1);
	v = verdict_of(&row, 1, remarks);
	ok(v.closes && v.n_lost == 100 && !v.n_held &&
		   strstr(remarks, "at the collector: its spool is gone"),
	   "so did one of a collector: %s", remarks);
}

static void test_folded_check(void)
{
	struct ledger_row rows[2] = {sample_row(7, LEDGER_CC, 10), sample_row(0, LEDGER_CC, 5)};
	char remarks[REMARKS];
	struct ledger_verdict v;

	/* the collector has folded a session that the mediator has not */
	rows[1].key.span = LEDGER_SPAN_FOLDED;
	rows[1].n_folded = 1;
	for (int k = LEDGER_RECEIVED; k < LEDGER_N_COLUMNS; k++) {
		rows[0].counts[k] += k == LEDGER_SENT_AGAIN ? 0 : 5;
		rows[1].counts[k] = 0;
	}
	v = verdict_of(rows, 2, remarks);
	ok(v.closes && v.is_complete, "where rows were folded the sums are compared: %s", remarks);
}

int main(void)
{
	char path[] = "/tmp/weir-news-XXXXXX";
	int fd = mkstemp(path);

	if (fd >= 0)
		close(fd);
	test_round_trip();
	test_strictness();
	test_news(path);
	test_check();
	test_refused_check();
	test_gone_check();
	test_folded_check();
	unlink(path);
	return tap_end();
}
