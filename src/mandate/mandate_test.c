#include "mandate/mandate.h"

#include <stdlib.h>

#include "base/tap.h"

enum { N = 300 };

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Sessions whose hashes are the same, or lie side by side, have CINs of their own. */
static void cins_are_apart(void)
{
	struct mandate *m = NULL;
	uint32_t cins[N], again;
	bool are_apart = true;

	ok(!mandate_new(&m, "police/L1", 0), "a mandate");
	for (size_t i = 0; i < N; i++)
		if (mandate_take_cin(m, i < N / 2 ? 7 : i, &cins[i]))
			cins[i] = 0;
	qsort(cins, N, sizeof *cins, by_value);
	for (size_t i = 1; i < N; i++)
		are_apart = are_apart && cins[i] != cins[i - 1];
	ok(are_apart, "no CIN is given to two sessions");
	ok(!mandate_note_cin(m, cins[5]), "one that was taken may be noted again");
	ok(!mandate_take_cin(m, cins[5], &again), "another one");
	ok(!bsearch(&again, cins, N, sizeof *cins, by_value), "is not among them");
	mandate_free(&m);
	ok(!m, "and is freed");
}

static void its_time(void)
{
	struct mandate *m = NULL;

	ok(!mandate_new(&m, "police/L1", 0), "a mandate");
	m->start_ns = 100;
	m->end_ns = 200;
	ok(!mandate_covers(m, 99), "before its start it has nothing");
	ok(mandate_covers(m, 100) && mandate_covers(m, 199), "it has its start, and until");
	ok(!mandate_covers(m, 200), "its end, but not that");
	mandate_free(&m);
}

int main(void)
{
	cins_are_apart();
	its_time();
	return tap_end();
}
