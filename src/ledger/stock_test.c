#include "ledger/stock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/tap.h"

static char path[] = "/tmp/weir-stock-XXXXXX";

static const struct ledger_stock_rule rule = {
	LEDGER_SPOOLED, LEDGER_HANDED, LEDGER_DAMAGED, {100, 700}};
static struct ledger_losses losses;

static struct ledger_key key_of(const char *agency, const char *liid, enum ledger_kind kind)
{
	struct ledger_key key;

	ledger_key_set(&key, agency, liid, strlen(liid));
	key.kind = (uint8_t)kind;
	return key;
}

static uint64_t lost_of(struct ledger_book *b, const struct ledger_key *key)
{
	return ledger_book_row(b, key)->tallies[LEDGER_DAMAGED].n;
}

/* As many records of a row come in. */
static void put(struct ledger_book *b, const struct ledger_key *key, uint64_t n)
{
	ledger_count(ledger_book_row(b, key), LEDGER_SPOOLED, n);
}

/* One goes out, which ends there in its spool. */
static void hand(struct ledger_book *b, struct ledger_stock *s, const struct ledger_key *key,
		 uint64_t end)
{
	ledger_count(ledger_book_row(b, key), LEDGER_HANDED, 1);
	ledger_stock_strike(s, 1, end, key);
}

static bool is_between(struct ledger_book *b, const struct ledger_key *key, int64_t first,
		       int64_t last)
{
	const struct ledger_tally *t = &ledger_book_row(b, key)->tallies[LEDGER_DAMAGED];

	return t->first_ns == first && t->last_ns == last;
}

static bool is_loss(size_t i, const char *warrant, uint64_t n, int64_t from)
{
	const struct ledger_lost *l = &losses.items[i];

	return !strcmp(l->warrant, warrant) && l->n == n && l->when.from_ns == from &&
	       l->when.to_ns == 700;
}

static void test_stock(struct ledger_book *b)
{
	const struct ledger_key one = key_of("police", "L1", LEDGER_CC),
				two = key_of("police", "L2", LEDGER_CC),
				checks = key_of("police", "L1", LEDGER_CHECKS),
				other = key_of("police2", "L1", LEDGER_CC);
	struct ledger_stock *s = NULL;

	put(b, &one, 5);
	ledger_row_see(ledger_book_row(b, &one), 0, 300);
	ledger_row_see(ledger_book_row(b, &one), 4, 900);
	put(b, &two, 3);
	put(b, &checks, 1);
	put(b, &other, 4);
	hand(b, NULL, &one, 100);
	/* octets 100 to 400 are a hole: three of one, one of two; the rest is behind it */
	ok(!ledger_stock_take(&s, b, "police", &rule, (uint64_t[]){50, 800}), "stock is taken");
	ok(ledger_stock_covers(s, 1, 400) && !ledger_stock_covers(s, 1, 801) &&
		   !ledger_stock_covers(NULL, 1, 1),
	   "of holes up to the spool's end then");
	put(b, &one, 2);
	hand(b, s, &one, 500);
	hand(b, s, &two, 600);
	hand(b, s, &two, 800);
	hand(b, s, &one, 900);
	ledger_stock_reached(&s, 1, 799, &losses);
	ledger_stock_reached(&s, 1, 900, &losses);
	ok(s && !lost_of(b, &one), "nothing is lost before all spools have come so far");
	ledger_stock_strike(s, 0, 50, &checks);
	ledger_count(ledger_book_row(b, &checks), LEDGER_HANDED, 1);
	ledger_stock_reached(&s, 0, 50, &losses);
	ok(!s && lost_of(b, &one) == 3 && lost_of(b, &two) == 1 && !lost_of(b, &checks),
	   "what did not go out is lost, of each row");
	ok(is_between(b, &one, 300, 700), "between the hole's times and the row's own");
	ok(is_between(b, &two, 100, 700), "or, where it has none, between the hole's");
	ok(losses.n == 2 && is_loss(0, "police/L1", 3, 300) && is_loss(1, "police/L2", 1, 100),
	   "and it is said of each warrant how many, and from when on");
	ledger_losses_fini(&losses);
	ok(!lost_of(b, &other), "other agencies lose nothing");
}

static void test_again(struct ledger_book *b)
{
	const struct ledger_key key = key_of("police", "L9", LEDGER_IRI);
	struct ledger_stock *s = NULL;

	put(b, &key, 4);
	(void)!ledger_stock_take(&s, b, "police", &rule, (uint64_t[]){0, 400});
	hand(b, s, &key, 100);
	ok(!ledger_stock_take(&s, b, "police", &rule, (uint64_t[]){0, 400}), "it is taken again");
	hand(b, s, &key, 400);
	ledger_stock_reached(&s, 0, 0, &losses);
	ledger_stock_reached(&s, 1, 400, &losses);
	ok(lost_of(b, &key) == 2, "and comes to the same result");
	(void)!ledger_stock_take(&s, b, "police", &rule, (uint64_t[]){0, 400});
	ledger_stock_reached(&s, 0, 0, &losses);
	ledger_stock_reached(&s, 1, 400, &losses);
	ok(lost_of(b, &key) == 2, "what is lost is lost once");
	ledger_losses_fini(&losses);
	put(b, &key, 3);
	(void)!ledger_stock_take(&s, b, "police", &rule, (uint64_t[]){0, 900});
	ledger_stock_widen(s, &(struct ledger_stretch){0, 500});
	(void)!ledger_stock_take(&s, b, "police",
				 &(struct ledger_stock_rule){
					 LEDGER_SPOOLED, LEDGER_HANDED, LEDGER_DAMAGED, {800, 950}},
				 (uint64_t[]){0, 900});
	ledger_stock_reached(&s, 0, 0, &losses);
	ledger_stock_reached(&s, 1, 900, &losses);
	ok(losses.n == 1 && losses.items[0].n == 3 && losses.items[0].when.from_ns == 950 &&
		   losses.items[0].when.to_ns == 950,
	   "of several holes the first's beginning and the last's end; one that nobody knows is "
	   "not made up");
	ledger_losses_fini(&losses);
	ledger_stock_free(&s);
}

int main(void)
{
	struct ledger_book *b;
	struct why why = {0};
	int fd = mkstemp(path);

	if (fd < 0 || close(fd) || ledger_book_open(&b, path, 100, &why)) {
		printf("Bail out! %s\n", why.text);
		return 1;
	}
	test_stock(b);
	test_again(b);
	ledger_book_close(&b);
	unlink(path);
	return tap_end();
}
