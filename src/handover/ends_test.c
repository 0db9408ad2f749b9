/* The index says what the octets say, whatever is asked in which order. */
#include "handover/ends.h"

#include <stdlib.h>
#include <string.h>

#include "base/scratch.h"
#include "base/tap.h"
#include "etsi/decode.h"

enum { RECORD_MAX = 3000, N_RECORDS = 3000, N_ROWS = 5 };

static char top[] = "/tmp/weir-ends-XXXXXX";
static int rows[N_ROWS];
static uint64_t ends_of[N_RECORDS + 1]; /* as they were written; the first at 0 */

static struct spool *open_spool(const char *name)
{
	static const struct spool_options options = {.segment_size = 1 << 20, .limit = 16 << 20};
	char path[sizeof top + 32];
	struct spool *spool;
	struct why why;

	snprintf(path, sizeof path, "%s/%s", top, name);
	why_clear(&why);
	if (spool_open(&spool, path, &options, &why)) {
		printf("Bail out! %s: %s\n", why.place, why.text);
		exit(1);
	}
	return spool;
}

/* A SEQUENCE of len octets in all, at least 260. */
static void put_record(uint8_t *to, size_t len)
{
	memset(to, 0, len);
	to[0] = 0x30;
	to[1] = 0x82;
	to[2] = (uint8_t)((len - 4) >> 8);
	to[3] = (uint8_t)(len - 4);
}

static size_t len_of(int i)
{
	return 260 + (size_t)(i * 37 % 1000);
}

static void *row_of(int i)
{
	return &rows[i / 7 % N_ROWS];
}

/* Record i into the spool; into the index too, where there is one. */
static void append(struct spool *spool, struct ends *e, int i)
{
	uint8_t octets[RECORD_MAX];
	uint64_t offset = spool_end(spool), len = len_of(i);

	put_record(octets, len);
	if (e)
		ends_add(e, offset, offset + len, row_of(i));
	if (spool_append(spool, octets, len)) {
		printf("Bail out! the spool is full\n");
		exit(1);
	}
	ends_of[i + 1] = offset + len;
}

/* Whether the index says of each record from first on where it ends, and how many lie before each
 * limit. */
static bool is_right(struct ends *e, int first, int n)
{
	bool is = true;
	uint64_t many;

	for (int i = first; i < n; i++)
		is &= ends_next(e, ends_of[i]) == ends_of[i + 1];
	is &= ends_next(e, ends_of[n]) == 0;
	for (int i = first; i < n; i += 11) {
		for (int k = i; k < n; k += 101) {
			is &= ends_last(e, ends_of[i], ends_of[k], &many) == ends_of[k] &&
			      many == (uint64_t)(k - i);
			is &= ends_last(e, ends_of[i], ends_of[k] + 1, &many) == ends_of[k] &&
			      many == (uint64_t)(k - i);
		}
	}
	return is;
}

/* Whether runs of owners are as they were written; of those before `known`, nobody's. */
static bool has_runs(struct ends *e, int known, int n)
{
	struct ends_run run;
	bool is = true;
	int i = 0;

	while (i < n && ends_run(e, ends_of[i], ends_of[n], &run)) {
		void *whose = i < known ? NULL : row_of(i);

		is &= run.whose == whose && run.n && (whose || run.n == 1) &&
		      run.end == ends_of[i + (int)run.n];
		for (int k = i; k < i + (int)run.n; k++)
			is &= k < known ? !whose : row_of(k) == whose;
		is &= !whose || i + (int)run.n == n || row_of(i + (int)run.n) != whose;
		i += (int)run.n;
	}
	return is && i == n;
}

static void test_written(void)
{
	struct spool *spool = open_spool("written");
	struct ends_run run;
	struct ends *e;
	uint64_t n;

	if (ends_new(&e, spool))
		exit(1);
	ok(!ends_next(e, 0) && !ends_run(e, 0, 100, &run), "in an empty spool no record ends");
	for (int i = 0; i < 1000; i++)
		append(spool, e, i);
	ok(is_right(e, 0, 1000), "records that were added end where they end");
	ok(has_runs(e, 0, 1000), "and are whose they are");
	ok(ends_run(e, 0, ends_of[3], &run) && run.n == 3 && run.end == ends_of[3],
	   "a run ends at the limit");
	ok(!ends_run(e, 0, ends_of[1] - 1, &run), "no run is shorter than its first record");
	ok(!ends_next(e, ends_of[1] + 1) && ends_last(e, ends_of[1] + 1, ends_of[9], &n) && !n,
	   "between two ends no record begins");
	ends_forget(e);
	ok(has_runs(e, 1000, 1000), "forgotten, they are nobody's");
	for (int i = 0; i < 1000; i++)
		ends_tell(e, ends_of[i], row_of(i));
	ok(has_runs(e, 0, 1000), "told, they are again");
	ends_add(e, ends_of[1000], ends_of[1000] + 300, row_of(0));
	ends_undo(e, ends_of[1000]);
	append(spool, e, 1000);
	ok(is_right(e, 0, 1001) && has_runs(e, 0, 1001), "what was not committed is taken back");
	ends_add(e, ends_of[1001] + 300, ends_of[1001] + 600, row_of(0));
	ok(is_right(e, 0, 1001), "what does not follow is not added");
	ends_free(&e);
	ok(!e, "freed, it is gone");
	spool_close(&spool);
}

static void test_read(void)
{
	struct spool *spool = open_spool("read");
	struct ends *e;

	for (int i = 0; i < 1000; i++)
		append(spool, NULL, i);
	if (ends_new(&e, spool))
		exit(1);
	ok(is_right(e, 0, 1000) && has_runs(e, 1000, 1000), "what was there is read, nobody's");
	for (int i = 1000; i < 2000; i++)
		append(spool, e, i);
	ok(is_right(e, 0, 2000) && has_runs(e, 1000, 2000), "what comes is added behind it");
	for (int i = 2000; i < 2500; i++)
		append(spool, i == 2000 ? NULL : e, i);
	ok(is_right(e, 0, 2500), "what came past it is read, and what follows");
	for (int i = 0; i <= 2500; i += 250) {
		spool_ack(spool, ends_of[i]);
		ends_drop(e, ends_of[i]);
		ok(is_right(e, i, 2500), "acknowledged up to record %d, the rest is as it was", i);
	}
	for (int i = 2500; i < N_RECORDS; i++)
		append(spool, e, i);
	ok(is_right(e, 2500, N_RECORDS), "drained, it goes on");
	ends_free(&e);
	spool_close(&spool);
}

/* What is read by one who begins behind the others, and what is no record. */
static void test_odd(void)
{
	struct spool *spool = open_spool("odd");
	struct ends_run run;
	struct ends *e;
	uint64_t n;

	for (int i = 0; i < 800; i++)
		append(spool, NULL, i);
	if (ends_new(&e, spool))
		exit(1);
	ok(ends_next(e, ends_of[500]) == ends_of[501], "one may begin in the middle");
	ok(ends_next(e, ends_of[10]) == ends_of[11] &&
		   ends_last(e, ends_of[10], ends_of[700], &n) == ends_of[700] && n == 690,
	   "and ask for what is before");
	ok(ends_run(e, ends_of[10], ends_of[700], &run) && run.n == 1 && !run.whose,
	   "one at a time, nobody's");
	if (spool_append(spool, "no record at all", 16))
		exit(1);
	ok(!ends_next(e, ends_of[800]) &&
		   ends_last(e, ends_of[790], UINT64_MAX, &n) == ends_of[800] && n == 10,
	   "what is no record has no end, and nothing behind it");
	ends_free(&e);
	spool_close(&spool);
}

static void test_full(void)
{
	struct spool *spool = open_spool("full");
	struct ends *e;
	uint64_t n;

	if (ends_new(&e, spool))
		exit(1);
	for (uint64_t i = 0; i < ENDS_MAX + 10; i++)
		ends_add(e, i, i + 1, &rows[0]);
	ok(ends_last(e, 0, UINT64_MAX, &n) == ENDS_MAX && n == ENDS_MAX,
	   "no more records are in it than may be");
	ends_drop(e, 5);
	for (uint64_t i = ENDS_MAX; i < ENDS_MAX + 10; i++)
		ends_add(e, i, i + 1, &rows[0]);
	ok(ends_last(e, 5, UINT64_MAX, &n) == ENDS_MAX + 5 && n == ENDS_MAX,
	   "where there is room again it goes on");
	ends_free(&e);
	spool_close(&spool);
}

/* ---- beside a plain list ---- */

enum { MODEL_MAX = 4000, N_STEPS = 40000 };

struct model {
	uint64_t ends[MODEL_MAX + 1]; /* the first is where the first record begins */
	void *whose[MODEL_MAX];
	int n;
};

static unsigned draw(unsigned n)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % n;
}

static void *draw_row(void)
{
	unsigned i = draw(N_ROWS + 1);

	return i < N_ROWS ? &rows[i] : NULL;
}

static void model_add(struct model *m, struct ends *e, int n, bool is_mixed)
{
	void *whose = draw_row();

	for (int i = 0; i < n && m->n < MODEL_MAX; i++) {
		whose = is_mixed ? draw_row() : whose;
		m->ends[m->n + 1] = m->ends[m->n] + 100 + draw(1500);
		m->whose[m->n] = whose;
		ends_add(e, m->ends[m->n], m->ends[m->n + 1], whose);
		m->n++;
	}
}

static void model_drop(struct model *m, struct ends *e, int n)
{
	ends_drop(e, m->ends[n] + (n < m->n ? draw(100) : 0));
	m->n -= n;
	memmove(m->ends, m->ends + n, (size_t)(m->n + 1) * sizeof *m->ends);
	memmove(m->whose, m->whose + n, (size_t)m->n * sizeof *m->whose);
}

static void model_tell(struct model *m, struct ends *e, int from, int n)
{
	for (int i = from; i < from + n && i < m->n; i++) {
		m->whose[i] = draw(3) && i ? m->whose[i - 1] : draw_row();
		ends_tell(e, m->ends[i], m->whose[i]);
	}
}

static void model_step(struct model *m, struct ends *e)
{
	int some = m->n ? (int)draw((unsigned)m->n) : 0;

	switch (draw(12)) {
	case 0:
		model_drop(m, e, draw(3) ? some / 4 : some);
		break;
	case 1:
		if (!draw(100))
			model_drop(m, e, m->n);
		break;
	case 2:
		ends_undo(e, m->ends[m->n - some / 50]);
		m->n -= some / 50;
		break;
	case 3:
		if (draw(20))
			break;
		memset(m->whose, 0, sizeof m->whose);
		ends_forget(e);
		break;
	case 4:
	case 5:
	case 6:
		model_tell(m, e, some, 1 + (int)draw(40));
		break;
	default:
		model_add(m, e, 1 + (int)draw(60), draw(2));
	}
}

static bool model_is(const struct model *m, struct ends *e, int i, int limit)
{
	struct ends_run run;
	uint64_t n;
	int until = i + 1;

	while (m->whose[i] && until < limit && m->whose[until] == m->whose[i])
		until++;
	return ends_run(e, m->ends[i], m->ends[limit] + 1, &run) && run.end == m->ends[until] &&
	       run.n == (uint64_t)(until - i) && run.whose == m->whose[i] &&
	       ends_next(e, m->ends[i]) == m->ends[i + 1] &&
	       ends_last(e, m->ends[i], m->ends[limit] + 99, &n) == m->ends[limit] &&
	       n == (uint64_t)(limit - i);
}

static void test_model(void)
{
	static struct model m;
	struct spool *spool = open_spool("model");
	struct ends *e;
	bool is = true;

	if (ends_new(&e, spool))
		exit(1);
	for (int step = 0; step < N_STEPS && is; step++) {
		model_step(&m, e);
		for (int i = 0; i < 3 && m.n; i++) {
			int at = (int)draw((unsigned)m.n);

			is &= model_is(&m, e, at, at + 1 + (int)draw((unsigned)(m.n - at)));
		}
	}
	ok(is, "after any of %d steps it says what a plain list says", N_STEPS);
	ends_free(&e);
	spool_close(&spool);
}

/* The lower half of an offset does not tell all. */
static void test_far(void)
{
	const uint64_t far = (UINT64_C(5) << 32) - 700, half = UINT64_C(1) << 31;
	struct spool *spool = open_spool("far");
	struct ends *e;
	uint64_t n;

	if (ends_new(&e, spool))
		exit(1);
	ends_drop(e, far);
	ends_add(e, far, far + 1000, &rows[0]);
	ends_add(e, far + 1000, far + half, &rows[0]);
	ends_add(e, far + half, far + 2 * half - 1, &rows[1]);
	ends_add(e, far + 2 * half - 1, far + 2 * half, &rows[1]);
	ok(ends_next(e, far) == far + 1000 && ends_next(e, far + 1000) == far + half &&
		   ends_last(e, far, UINT64_MAX, &n) == far + 2 * half - 1 && n == 3,
	   "offsets have more than 32 bits, and all that is in it lies within 4 GiB");
	ends_drop(e, far + half);
	ends_add(e, far + 2 * half - 1, far + 2 * half, &rows[1]);
	ok(ends_last(e, far + half, UINT64_MAX, &n) == far + 2 * half && n == 2,
	   "when the first go there is room for others");
	ends_free(&e);
	spool_close(&spool);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	test_written();
	test_read();
	test_odd();
	test_full();
	test_model();
	test_far();
	scratch_remove(top);
	return tap_end();
}
