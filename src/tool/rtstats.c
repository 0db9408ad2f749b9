/* weir rtstats: packets and bytes per interval of the packets' own time, or per so many packets.
 *
 *	batch   each worker counts its block's packets into runs: (interval, counts)
 *	turn    in the order of the data, the runs are added to the open intervals
 *
 * so that the result is the same for any number of workers. Some intervals stay open behind the
 * newest one, for packets that are a little late; what is later still counts in the oldest open
 * one, and how many did is said at the end. */
#include "tool/rtstats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/capture.h"
#include "tool/filters.h"
#include "tool/output.h"
#include "tool/tools.h"
#include "trace/wire.h"

enum { OPEN_FILE = 16, OPEN_LIVE = 1, RUN_MIN = 64 };

/* A stretch of consecutive packets of one interval; counts of all and of each filter follow
 * each other in struct local's counts. */
struct local {
	int64_t *intervals;
	struct rtstats_count *counts; /* n_columns a run */
	size_t n;
	size_t room;
};

struct rtstats {
	const struct settings *set;
	struct filters filters;
	struct rtstats_printer *printer;
	int n_columns; /* 1 + filters */
	int n_open;    /* intervals kept open behind the newest */
	bool has_begun;
	int64_t first; /* oldest open interval */
	int64_t newest;
	struct rtstats_count open[OPEN_FILE + 1][1 + FILTERS_MAX]; /* by interval modulo */
	uint64_t n_late;
	uint64_t n_seen; /* count mode */
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int start(struct worker *w)
{
	struct local *local = calloc(1, sizeof *local);

	engine_set_local(w, local);
	return local ? 0 : ERR_NOMEM;
}

static int stop(struct worker *w)
{
	struct local *local = engine_local(w);

	if (local) {
		free(local->intervals);
		free(local->counts);
	}
	free(local);
	return 0;
}

static bool grow(struct local *local, int n_columns)
{
	size_t room = local->room ? 2 * local->room : RUN_MIN;
	int64_t *intervals = realloc(local->intervals, room * sizeof *intervals);
	struct rtstats_count *counts;

	if (!intervals)
		return false;
	local->intervals = intervals;
	counts = realloc(local->counts, room * (size_t)n_columns * sizeof *counts);
	if (!counts)
		return false;
	local->counts = counts;
	local->room = room;
	return true;
}

/* The counts to which a packet of this interval belongs: the last run's, or a new run's. */
static struct rtstats_count *run_of(struct local *local, int n_columns, int64_t interval)
{
	struct rtstats_count *counts;

	if (local->n && local->intervals[local->n - 1] == interval)
		return local->counts + (local->n - 1) * (size_t)n_columns;
	if (local->n == local->room && !grow(local, n_columns))
		return NULL;
	counts = local->counts + local->n * (size_t)n_columns;
	memset(counts, 0, (size_t)n_columns * sizeof *counts);
	local->intervals[local->n++] = interval;
	return counts;
}

static void count(struct rtstats_count *c, const struct weir_frame *f)
{
	c->packets++;
	c->bytes += trace_wire_len(f);
}

/* In count mode one worker runs, and the interval is the packet's place. A packet without a time
 * belongs to the interval of the one before it. */
static int64_t interval_of(struct rtstats *rt, const struct local *local,
			   const struct weir_frame *f)
{
	if (rt->set->count)
		return (int64_t)(rt->n_seen++ / rt->set->count);
	if (f->flags & WEIR_FRAME_NO_TIME)
		return local->n ? local->intervals[local->n - 1] : 0;
	return floor_div(f->time_ns, rt->set->interval.ns);
}

static int batch(struct worker *w, struct weir_frame *frames, int n)
{
	struct rtstats *rt = engine_arg(w);
	struct local *local = engine_local(w);

	for (int i = 0; i < n; i++) {
		struct rtstats_count *c =
			run_of(local, rt->n_columns, interval_of(rt, local, &frames[i]));

		if (!c)
			return ERR_NOMEM;
		count(c, &frames[i]);
		for (int k = 0; k < rt->filters.n; k++) {
			if (filter_match(rt->filters.at[k], &frames[i]))
				count(c + 1 + k, &frames[i]);
		}
	}
	return 0;
}

static int64_t slot(int64_t interval)
{
	return interval - floor_div(interval, OPEN_FILE + 1) * (OPEN_FILE + 1);
}

/* Prints the oldest open interval and closes it. */
static int close_first(struct rtstats *rt)
{
	struct rtstats_count *counts = rt->open[slot(rt->first)];
	int rc = rtstats_print_row(rt->printer, rt->first, counts);

	memset(counts, 0, sizeof rt->open[0]);
	rt->first++;
	return rc;
}

/* Opens `interval`, the newest so far; closes what falls out of the window behind it. */
static int open_upto(struct rtstats *rt, int64_t interval)
{
	int rc = 0;

	if (!rt->has_begun) {
		rt->has_begun = true;
		rt->first = interval;
	}
	rt->newest = interval;
	while (rc == 0 && rt->first < interval - rt->n_open) {
		if (rt->first + OPEN_FILE + 1 < interval - rt->n_open) {
			for (int i = 0; i <= OPEN_FILE && rc == 0; i++)
				rc = close_first(rt);
			if (rc == 0)
				rc = rtstats_print_gap(rt->printer, rt->first,
						       interval - rt->n_open);
			rt->first = interval - rt->n_open;
			return rc;
		}
		rc = close_first(rt);
	}
	return rc;
}

static int add_run(struct rtstats *rt, int64_t interval, const struct rtstats_count *counts)
{
	struct rtstats_count *to;
	int rc = 0;

	if (!rt->has_begun || interval > rt->newest)
		rc = open_upto(rt, interval);
	if (interval < rt->first) {
		rt->n_late += counts->packets;
		interval = rt->first;
	}
	to = rt->open[slot(interval)];
	for (int k = 0; k < rt->n_columns; k++) {
		to[k].packets += counts[k].packets;
		to[k].bytes += counts[k].bytes;
	}
	return rc;
}

static int turn(struct worker *w, uint64_t block)
{
	struct rtstats *rt = engine_arg(w);
	struct local *local = engine_local(w);
	int rc = 0;

	(void)block;
	for (size_t i = 0; i < local->n && rc == 0; i++)
		rc = add_run(rt, local->intervals[i], local->counts + i * (size_t)rt->n_columns);
	local->n = 0;
	return rc;
}

static int finish(struct rtstats *rt)
{
	int rc = 0;

	while (rt->has_begun && rt->first <= rt->newest && rc == 0)
		rc = close_first(rt);
	if (rc == 0)
		rc = rtstats_print_end(rt->printer);
	if (rt->n_late && !rt->set->quiet)
		fprintf(stderr,
			"weir rtstats: %" PRIu64 " packets were later than their interval stays "
			"open; they count in the oldest that was\n",
			rt->n_late);
	return rc;
}

static void opened(void *arg, struct source *source)
{
	struct rtstats *rt = arg;

	if (source_is_live(source))
		rt->n_open = OPEN_LIVE;
}

static int run_all(struct rtstats *rt, int n, char **operands)
{
	static const struct engine_callbacks callbacks = {
		.start = start, .batch = batch, .turn = turn, .stop = stop};
	struct capture capture = {.set = rt->set,
				  .callbacks = &callbacks,
				  .arg = rt,
				  .n_workers = rt->set->count ? 1 : 0,
				  .opened = opened};
	int status = capture_run_all(&capture, "rtstats", n, operands, NULL);

	if (finish(rt) < 0)
		status = 1;
	return status;
}

static int check(const struct settings *set, struct why *why)
{
	if (set->interval.ns <= 0)
		return why_set(why, ERR_USAGE, "an interval must be longer than nothing");
	if (set->count && set->is_given[OPTION_interval])
		return why_set(
			why, ERR_USAGE,
			"an interval has a length (-i) or a number of packets (-c), not both");
	return 0;
}

static int run(const struct settings *set, int n, char **operands)
{
	struct rtstats *rt = calloc(1, sizeof *rt);
	const char *form = set->json ? "json" : set->output;
	struct why why;
	int status = 1, rc;

	why_clear(&why);
	if (!rt)
		return 1;
	rt->set = set;
	rt->n_open = OPEN_FILE;
	rc = check(set, &why);
	if (rc == 0)
		rc = filters_init(&rt->filters, set, &why);
	if (rc < 0) {
		status = output_fail("rtstats", rc, &why);
		goto out;
	}
	rt->n_columns = 1 + rt->filters.n;
	if (rtstats_printer_new(&rt->printer, form, set, &rt->filters) == 0)
		status = run_all(rt, n, operands);
	if (capture_close_output("rtstats"))
		status = 1;
out:
	rtstats_printer_free(&rt->printer);
	filters_fini(&rt->filters);
	free(rt);
	return status;
}

static const enum option options[] = {
	OPTION_interval, OPTION_count,         OPTION_filter,  OPTION_output,     OPTION_json,
	OPTION_threads,  OPTION_quiet,         OPTION_max_gap, OPTION_no_promisc, OPTION_block_size,
	OPTION_blocks,   OPTION_hardware_time, OPTION_N,
};

const struct tool rtstats_tool = {
	.name = "rtstats",
	.doc = "packets and bytes per interval of time, or per so many packets",
	.operands = "CAPTURE...",
	.min_operands = 1,
	.max_operands = -1,
	.options = options,
	.run = run,
	.details =
		"Intervals are multiples of their length since 1970-01-01T00:00:00Z, in the "
		"packets'\n"
		"own time; empty ones are shown, but a row of more than --max-gap is shown as one\n"
		"line. With --count a row stands for so many packets. -o svg draws a plot.\n",
};
