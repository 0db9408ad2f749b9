#include "collection/docket.h"

#include "base/tap.h"

enum { MANY = 3000, LEN = 100 };

static void add(struct dockets *d, uint64_t i)
{
	const struct ledger_key key = {.cin = (uint32_t)i};
	const struct outbox_docket docket = {.from = i * LEN,
					     .to = (i + 1) * LEN,
					     .last = i * LEN + LEN / 2,
					     .n_shares = 1,
					     .shares = {{&key, i + 1}}};

	dockets_add(d, &docket);
}

static bool has(struct dockets *d, uint64_t i)
{
	struct docket found;

	return dockets_take(d, i * LEN, (i + 1) * LEN, &found) && found.from == i * LEN &&
	       found.to == (i + 1) * LEN && found.last == i * LEN + LEN / 2 &&
	       found.n_shares == 1 && found.shares[0].whose.cin == i && found.shares[0].n == i + 1;
}

int main(void)
{
	struct docket found;
	struct dockets d;
	int n_wrong = 0, n = 0;

	dockets_init(&d);
	ok(!dockets_take(&d, 0, LEN, &found), "nothing was told");
	for (uint64_t i = 0; i < 40; i++)
		add(&d, i);
	for (uint64_t i = 0; i < 30; i++)
		n_wrong += !has(&d, i);
	ok(!n_wrong, "what was told is known, in its order");
	ok(!has(&d, 29), "once");
	ok(has(&d, 33) && !has(&d, 32), "who goes on further behind forgets what is before");
	ok(!dockets_take(&d, 34 * LEN, 35 * LEN - 1, &found), "one that ends behind is not meant");
	ok(!dockets_take(&d, 35 * LEN - 1, 36 * LEN, &found), "nor one that begins elsewhere");
	ok(has(&d, 35) && has(&d, 36), "those behind them are known");
	for (uint64_t i = 40; i < MANY; i++)
		add(&d, i);
	for (uint64_t i = 37; i < MANY; i++)
		n += has(&d, i);
	ok(n >= 1000 && n <= 1100, "%d: nobody who waits for long costs more than some", n);
	add(&d, MANY);
	ok(has(&d, MANY), "and then they are told again");
	dockets_fini(&d);
	return tap_end();
}
