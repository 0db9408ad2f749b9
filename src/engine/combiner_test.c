#include "engine/combiner.h"

#include "base/tap.h"

static struct engine_result of(int worker, uint64_t key, int64_t number)
{
	return (struct engine_result){.worker = worker, .key = key, .number = number};
}

static void add(struct combiner *c, int worker, uint64_t key)
{
	struct engine_result r = of(worker, key, 0);

	if (combiner_add(c, &r) < 0)
		ok(false, "a result is taken");
}

/* What may be reported now, as a run of keys: "3 5 5"; up to 9 of them. */
static const char *ready(struct combiner *c)
{
	static char text[128];
	struct engine_result r;
	int n = 0;

	text[0] = 0;
	while (combiner_next(c, &r) && n < 100)
		n += snprintf(text + n, sizeof text - (size_t)n, "%s%lu/%d", n ? " " : "",
			      (unsigned long)r.key, r.worker);
	return text;
}

static bool is_ready(struct combiner *c, const char *want)
{
	const char *got = ready(c);
	bool is_same = true;

	for (size_t i = 0; is_same && (got[i] || want[i]); i++)
		is_same = got[i] == want[i];
	if (!is_same)
		printf("# got \"%s\", want \"%s\"\n", got, want);
	return is_same;
}

static void unordered_keeps_nothing_back(void)
{
	struct combiner *c;

	ok(combiner_new(&c, ENGINE_UNORDERED, 2) == 0, "a combiner for two");
	add(c, 0, 9);
	add(c, 1, 3);
	ok(is_ready(c, "9/0 3/1"), "unordered results leave as they came");
	add(c, 0, 4);
	ok(is_ready(c, "4/0"), "… again");
	combiner_free(&c);
	ok(!c, "freeing forgets");
}

static void ordered_merges_by_key(void)
{
	struct combiner *c;

	ok(combiner_new(&c, ENGINE_ORDERED, 2) == 0, "an ordered combiner");
	add(c, 0, 1);
	add(c, 0, 5);
	ok(is_ready(c, ""), "nothing leaves while the other may still publish less");
	add(c, 1, 3);
	ok(is_ready(c, "1/0"), "below both workers' last keys all may leave");
	add(c, 1, 5);
	ok(is_ready(c, "3/1"), "equal keys wait until no other equal can come");
	combiner_promise(c, 0, 6);
	combiner_promise(c, 1, 6);
	ok(is_ready(c, "5/0 5/1"), "… and leave by worker");
	add(c, 0, 2);
	ok(combiner_late(c) == 1, "a key below the promise is counted late");
	combiner_finish(c, 0);
	combiner_finish(c, 1);
	ok(is_ready(c, "6/0"), "… and raised to it, so that the order stands");
	combiner_free(&c);
}

static void idle_worker_stalls_nobody(void)
{
	struct combiner *c;

	ok(combiner_new(&c, ENGINE_ORDERED, 4) == 0, "an ordered combiner for four");
	add(c, 2, 10);
	add(c, 2, 20);
	add(c, 2, 30);
	for (int i = 0; i < 4; i++)
		combiner_promise(c, i, 20);
	ok(is_ready(c, "10/2"), "promises of the idle free what is older");
	ok(combiner_mark(c) == 20, "the watermark is the lowest promise");
	combiner_promise(c, 1, 5);
	ok(combiner_mark(c) == 20, "a promise is never taken back");
	for (int i = 0; i < 4; i++) {
		if (i != 2)
			combiner_finish(c, i);
	}
	ok(is_ready(c, "20/2"), "who has finished holds nobody up");
	combiner_finish(c, 2);
	ok(is_ready(c, "30/2") && combiner_mark(c) == UINT64_MAX, "at the end all leave");
	combiner_free(&c);
}

static void sorted_sorts(void)
{
	struct combiner *c;
	struct engine_result r;
	uint64_t last = 0, x = 1;
	bool is_sorted = true;
	int n = 0;

	ok(combiner_new(&c, ENGINE_SORTED, 3) == 0, "a sorting combiner");
	add(c, 0, 7);
	add(c, 0, 3);
	add(c, 1, 5);
	ok(is_ready(c, ""), "without promises nothing leaves before the end");
	for (int i = 0; i < 3; i++)
		combiner_promise(c, i, 6);
	ok(is_ready(c, "3/0 5/1") && combiner_len(c) == 1, "a promise frees memory");
	for (int i = 0; i < 5000; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		add(c, i % 3, 6 + (x >> 50));
	}
	for (int i = 0; i < 3; i++)
		combiner_finish(c, i);
	while (combiner_next(c, &r)) {
		is_sorted &= r.key >= last;
		last = r.key;
		n++;
	}
	ok(is_sorted && n == 5001, "5,001 results leave sorted");
	add(c, 0, 1);
	ok(combiner_drain(c, &r) && !combiner_drain(c, &r), "what is left can be drained");
	combiner_free(&c);
}

static void equal_keys_keep_their_order(void)
{
	struct combiner *c;
	struct engine_result r;
	bool is_kept = true;

	ok(combiner_new(&c, ENGINE_SORTED, 1) == 0, "one worker");
	for (int i = 0; i < 1000; i++) {
		r = of(0, 4, i);
		if (combiner_add(c, &r) < 0)
			ok(false, "a result is taken");
	}
	combiner_finish(c, 0);
	for (int i = 0; combiner_next(c, &r); i++)
		is_kept &= r.number == i;
	ok(is_kept, "1,000 results of one key leave in the order they came");
	combiner_free(&c);
}

int main(void)
{
	unordered_keeps_nothing_back();
	ordered_merges_by_key();
	idle_worker_stalls_nobody();
	sorted_sorts();
	equal_keys_keep_their_order();
	return tap_end();
}
