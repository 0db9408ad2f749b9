/* weir stats: packets and bytes, in all and by filter.
 *
 * Each worker counts for itself; the counts are added at the end, so that no worker ever waits. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "tool/capture.h"
#include "tool/filters.h"
#include "tool/tools.h"
#include "trace/wire.h"

struct counts {
	uint64_t packets;
	uint64_t bytes;    /* on the wire */
	uint64_t captured; /* bytes */
};

struct totals {
	struct counts all;
	struct counts by[FILTERS_MAX];
	int64_t first_ns; /* INT64_MAX: no packet with a time */
	int64_t last_ns;
	uint64_t lost; /* that the capturer of the file says it lost */
};

struct stats {
	struct filters filters;
	pthread_mutex_t lock; /* guards total while workers end */
	struct totals total;
	struct source_stats source;
};

static void count(struct counts *c, const struct weir_frame *f)
{
	c->packets++;
	c->bytes += trace_wire_len(f);
	c->captured += f->cap_len;
}

static void add(struct counts *to, const struct counts *from)
{
	to->packets += from->packets;
	to->bytes += from->bytes;
	to->captured += from->captured;
}

static int start(struct worker *w)
{
	struct totals *local = calloc(1, sizeof *local);

	if (!local)
		return ERR_NOMEM;
	local->first_ns = INT64_MAX;
	local->last_ns = INT64_MIN;
	engine_set_local(w, local);
	return 0;
}

enum { LINK_ETHERNET = 1, FCS_LEN = 4 };

/* Ethernet in ERF: its check sequence was on the wire. */
static inline bool is_erf_ethernet(const struct weir_frame *f)
{
	return f->flags == WEIR_FRAME_APART && f->link == LINK_ETHERNET;
}

/* What every packet costs: sums stay in registers until the batch is done. more: bytes that a usual
 * frame had on the wire beside wire_len; 0, or FCS_LEN where Ethernet in ERF is the usual. */
static inline __attribute__((always_inline)) void
count_frames(struct totals *t, const struct weir_frame *frames, int n, uint32_t more)
{
	const uint8_t unusual = WEIR_FRAME_APART | WEIR_FRAME_NO_TIME;
	struct counts sum = {.packets = (uint64_t)n, .bytes = (uint64_t)n * more};
	int64_t first = t->first_ns;
	int64_t last = t->last_ns;
	uint64_t lost = 0;

	for (const struct weir_frame *f = frames, *end = frames + n; f < end; f++) {
		sum.bytes += f->wire_len;
		sum.captured += f->cap_len;
		lost += f->lost;
		if (__builtin_expect(more ? !is_erf_ethernet(f) : f->flags & unusual, 0)) {
			sum.bytes += (uint64_t)trace_wire_len(f) - f->wire_len - more;
			if (f->flags & WEIR_FRAME_NO_TIME)
				continue;
		}
		first = f->time_ns < first ? f->time_ns : first;
		last = f->time_ns > last ? f->time_ns : last;
	}
	add(&t->all, &sum);
	t->lost += lost;
	t->first_ns = first;
	t->last_ns = last;
}

static void count_batch(struct totals *t, const struct weir_frame *frames, int n)
{
	if (is_erf_ethernet(frames))
		count_frames(t, frames, n, FCS_LEN);
	else
		count_frames(t, frames, n, 0);
}

static int batch(struct worker *w, struct weir_frame *frames, int n)
{
	const struct stats *s = engine_arg(w);
	struct totals *t = engine_local(w);

	count_batch(t, frames, n);
	for (int k = 0; k < s->filters.n; k++) {
		uint64_t left = filter_match_many(s->filters.at[k], frames, n);

		for (; left; left &= left - 1)
			count(&t->by[k], &frames[__builtin_ctzll(left)]);
	}
	return 0;
}

static int stop(struct worker *w)
{
	struct stats *s = engine_arg(w);
	struct totals *t = engine_local(w);

	if (!t)
		return 0;
	pthread_mutex_lock(&s->lock);
	add(&s->total.all, &t->all);
	for (int k = 0; k < s->filters.n; k++)
		add(&s->total.by[k], &t->by[k]);
	s->total.lost += t->lost;
	if (t->first_ns < s->total.first_ns)
		s->total.first_ns = t->first_ns;
	if (t->last_ns > s->total.last_ns)
		s->total.last_ns = t->last_ns;
	pthread_mutex_unlock(&s->lock);
	free(t);
	return 0;
}

static double seconds(const struct totals *t)
{
	return t->first_ns > t->last_ns ? 0 : ((double)t->last_ns - (double)t->first_ns) / 1e9;
}

static void print_row(const char *name, const struct counts *c, const struct counts *all)
{
	printf("%12" PRIu64 " %6.2f%% %16" PRIu64 " %6.2f%% %16" PRIu64 "  %s\n", c->packets,
	       all->packets ? 100.0 * (double)c->packets / (double)all->packets : 0.0, c->bytes,
	       all->bytes ? 100.0 * (double)c->bytes / (double)all->bytes : 0.0, c->captured, name);
}

static void print_text(const struct stats *s)
{
	const struct totals *t = &s->total;
	char first[NANOS_TEXT_LEN];
	char last[NANOS_TEXT_LEN];
	double span = seconds(t);

	printf("%12s %7s %16s %7s %16s  %s\n", "packets", "", "bytes", "", "captured", "filter");
	for (int k = 0; k < s->filters.n; k++)
		print_row(filter_text(s->filters.at[k]), &t->by[k], &t->all);
	print_row("(all)", &t->all, &t->all);
	if (t->first_ns <= t->last_ns) {
		nanos_print((struct nanos){t->first_ns}, 9, first);
		nanos_print((struct nanos){t->last_ns}, 9, last);
		printf("\nfirst %s\nlast  %s  (%.6f s)\n", first, last, span);
	}
	if (span > 0)
		printf("rate  %.1f packets/s, %.1f bit/s\n", (double)t->all.packets / span,
		       8.0 * (double)t->all.bytes / span);
	printf("source: received %" PRIu64 ", dropped %" PRIu64 ", filtered %" PRIu64
	       ", errors %" PRIu64 "\n",
	       s->source.received, s->source.dropped, s->source.filtered, s->source.errors);
}

static void json_counts(struct json *j, const struct counts *c)
{
	json_key(j, "packets");
	json_u64(j, c->packets);
	json_key(j, "bytes");
	json_u64(j, c->bytes);
	json_key(j, "captured");
	json_u64(j, c->captured);
}

static void json_source(struct json *j, const struct source_stats *s)
{
	json_key(j, "source");
	json_open(j, '{');
	json_key(j, "received");
	json_u64(j, s->received);
	json_key(j, "dropped");
	json_u64(j, s->dropped);
	json_key(j, "filtered");
	json_u64(j, s->filtered);
	json_key(j, "errors");
	json_u64(j, s->errors);
	json_close(j, '}');
}

static void print_json(const struct stats *s)
{
	const struct totals *t = &s->total;
	struct wr w = wr_init(1 << 20);
	struct json j = json_of(&w);

	json_open(&j, '{');
	json_counts(&j, &t->all);
	if (t->first_ns <= t->last_ns) {
		json_key(&j, "first");
		json_time(&j, (struct nanos){t->first_ns});
		json_key(&j, "last");
		json_time(&j, (struct nanos){t->last_ns});
	}
	json_key(&j, "filters");
	json_open(&j, '[');
	for (int k = 0; k < s->filters.n; k++) {
		json_open(&j, '{');
		json_key(&j, "filter");
		json_text(&j, filter_text(s->filters.at[k]));
		json_counts(&j, &t->by[k]);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_source(&j, &s->source);
	json_close(&j, '}');
	json_line(&j);
	fwrite(w.bytes, 1, w.len, stdout);
	wr_fini(&w);
}

static int run(const struct settings *set, int n, char **operands)
{
	static const struct engine_callbacks callbacks = {
		.start = start, .batch = batch, .stop = stop};
	struct stats s = {.lock = PTHREAD_MUTEX_INITIALIZER,
			  .total = {.first_ns = INT64_MAX, .last_ns = INT64_MIN}};
	struct capture capture = {.set = set, .callbacks = &callbacks, .arg = &s};
	struct why why;
	int status;

	why_clear(&why);
	if (filters_init(&s.filters, set, &why) < 0)
		return capture_fail("stats", &why);
	status = capture_run_all(&capture, "stats", n, operands, &s.source);
	if (set->json)
		print_json(&s);
	else
		print_text(&s);
	filters_fini(&s.filters);
	return capture_close_output("stats") ? 1 : status;
}

static const enum option options[] = {
	OPTION_filter,     OPTION_json,   OPTION_threads,       OPTION_quiet, OPTION_no_promisc,
	OPTION_block_size, OPTION_blocks, OPTION_hardware_time, OPTION_N,
};

const struct tool stats_tool = {
	.name = "stats",
	.doc = "packets and bytes, in all and by filter",
	.operands = "CAPTURE...",
	.min_operands = 1,
	.max_operands = -1,
	.options = options,
	.run = run,
	.details =
		"A capture is a file (pcap, pcapng, ERF and others, see weir(1)), - for standard\n"
		"input, or int:IFACE for a live interface (Ctrl-C ends it). With several -f the\n"
		"packets of each filter are counted apart; one packet may count for many.\n",
};
