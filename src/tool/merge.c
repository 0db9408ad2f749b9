/* weir merge: many captures into one, in the order of time.
 *
 * Each capture has one small block in memory. A heap keeps the captures by the time of their next
 * packet, so that memory does not grow with the captures' length. Captures are taken to be in
 * order themselves; one that is not keeps its own order.
 *
 *	heap    [capture 2: 10.1 s]  [capture 0: 10.3 s]  [capture 1: 11.0 s]  …
 *	           next packet out; then its capture sinks to where its following one belongs */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tool/capture.h"
#include "tool/output.h"
#include "tool/pick.h"
#include "tool/progress.h"
#include "tool/tools.h"

enum { MERGE_BLOCK = 64 * 1024, MERGE_WAIT_MS = 50, MERGE_SPARE_FILES = 64 };

/* One capture. */
struct input {
	struct source *source;
	const char *uri;
	int index;
	struct weir_block *block;
	struct weir_frame *frames; /* of block; the next one is frames[at] */
	uint64_t mask;             /* of frames: those that are taken */
	int at;
	int n;
	uint32_t *ifaces; /* of the output, by the source's, from 1; 0: none yet */
	uint32_t n_ifaces;
};

struct merge {
	const struct settings *set;
	const char *path;
	struct pick pick;
	struct output *output;
	struct input *inputs;
	struct source **sources; /* the inputs', for who shows how far they are */
	int n_inputs;
	int *heap; /* indexes of inputs that have a packet */
	int n_heap;
	uint32_t n_ifaces;
	uint32_t link;
	int status; /* 1: an input's trouble was said */
	struct why *why;
};

static int64_t time_of(const struct merge *m, int i)
{
	const struct input *in = &m->inputs[i];

	return in->frames[in->at].time_ns;
}

/* Equal times come out in the order of the inputs. */
static bool is_before(const struct merge *m, int a, int b)
{
	int64_t at_a = time_of(m, a), at_b = time_of(m, b);

	return at_a < at_b || (at_a == at_b && a < b);
}

static void sink_down(struct merge *m, int at)
{
	for (;;) {
		int least = at, child = 2 * at + 1, i;

		for (i = child; i < child + 2 && i < m->n_heap; i++)
			if (is_before(m, m->heap[i], m->heap[least]))
				least = i;
		if (least == at)
			return;
		i = m->heap[at];
		m->heap[at] = m->heap[least];
		m->heap[least] = i;
		at = least;
	}
}

/* Says why the input ends early; the others go on. */
static void give_up(struct merge *m, struct input *in, const struct why *reason)
{
	struct why why = *reason;

	why_place(&why, in->uri);
	m->status = capture_fail("merge", &why);
}

/* The next block; while a pipe has none, what was written goes on. */
static int next_block(struct merge *m, struct input *in)
{
	int rc = source_block(in->source, 0, &in->block);

	while (rc == ERR_AGAIN && !capture_is_stopped()) {
		if (m->output && output_flush(m->output, m->why) < 0)
			return ERR_IO;
		rc = source_block(in->source, 0, &in->block);
	}
	return rc == ERR_AGAIN ? ERR_STOPPED : rc;
}

/* Moves to the input's next packet: 0, or ERR_END when there is none; the input's own trouble is
 * said and ends it. Other errors are the output's. */
static int advance(struct merge *m, struct input *in)
{
	int rc;

	in->mask &= in->mask - 1;
	while (!in->mask) {
		in->n = in->block ? block_batch(in->block, &in->frames) : 0;
		if (in->n > 0) {
			in->mask = pick_mask(&m->pick, in->frames, in->n);
			continue;
		}
		block_put(&in->block);
		rc = next_block(m, in);
		if (rc < 0 && m->why->text[0])
			return rc;
		if (rc < 0 && rc != ERR_END && rc != ERR_STOPPED)
			give_up(m, in, source_why(in->source));
		if (rc < 0)
			return ERR_END;
	}
	in->at = __builtin_ctzll(in->mask);
	return 0;
}

/* The output's number for the input's interface. */
static int find_iface(struct merge *m, struct input *in, uint32_t index, uint32_t *out)
{
	if (index >= in->n_ifaces) {
		uint32_t n = index + 8;
		uint32_t *grown = realloc(in->ifaces, n * sizeof *grown);

		if (!grown)
			return why_set(m->why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		memset(grown + in->n_ifaces, 0, (n - in->n_ifaces) * sizeof *grown);
		in->ifaces = grown;
		in->n_ifaces = n;
	}
	if (in->ifaces[index] == 0)
		in->ifaces[index] = ++m->n_ifaces;
	*out = in->ifaces[index] - 1;
	return 0;
}

static int write_next(struct merge *m, struct input *in)
{
	struct weir_frame f = in->frames[in->at];
	const struct weir_iface *iface = source_iface(in->source, f.iface);
	int rc = find_iface(m, in, f.iface, &f.iface);

	m->link = f.link;
	if (!rc && pick_places(&m->pick, &f, 1, 1))
		rc = output_frame(m->output, &f, iface, m->why);
	if (rc < 0)
		why_place(m->why, in->uri);
	return rc;
}

static int run_heap(struct merge *m)
{
	int rc = 0;

	while (m->n_heap > 0 && !rc && !pick_is_over(&m->pick) && !capture_is_stopped()) {
		struct input *in = &m->inputs[m->heap[0]];

		rc = write_next(m, in);
		if (!rc)
			rc = advance(m, in);
		if (rc == ERR_END) {
			m->heap[0] = m->heap[--m->n_heap];
			rc = 0;
		}
		sink_down(m, 0);
	}
	return rc;
}

/* One descriptor an input may be more than the soft limit allows. */
static void allow_files(int n)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (limit.rlim_cur < (rlim_t)n + MERGE_SPARE_FILES) {
		limit.rlim_cur = (rlim_t)n + MERGE_SPARE_FILES;
		if (limit.rlim_cur > limit.rlim_max)
			limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void open_input(struct merge *m, struct input *in, const char *uri)
{
	struct source_options options = capture_options(m->set);
	struct why why;

	why_clear(&why);
	in->uri = uri;
	options.n_queues = 1;
	options.wait = (struct nanos){MERGE_WAIT_MS * (int64_t)NANOS_PER_MS};
	if (!options.block_size)
		options.block_size = MERGE_BLOCK;
	if (!options.n_blocks)
		options.n_blocks = 2;
	if (source_open(&in->source, uri, &options, &why) < 0) {
		in->source = NULL;
		give_up(m, in, &why);
	}
	m->sources[in->index] = in->source;
}

/* Opens all, and puts those that have a packet into the heap. */
static int fill_heap(struct merge *m, char *const *uris)
{
	int rc = 0;

	for (int i = 0; i < m->n_inputs; i++)
		open_input(m, &m->inputs[i], uris[i]);
	for (int i = 0; i < m->n_inputs && !rc; i++) {
		if (!m->inputs[i].source)
			continue;
		rc = advance(m, &m->inputs[i]);
		if (rc == 0)
			m->heap[m->n_heap++] = i;
		else if (rc == ERR_END)
			rc = 0;
	}
	for (int i = m->n_heap / 2; i >= 0; i--)
		sink_down(m, i);
	return rc;
}

/* The first input's format where no other is asked for, unless that is pcap and the link types
 * are many. */
static int open_output(struct merge *m)
{
	struct output_options options;
	enum trace_format first = TRACE_UNKNOWN;
	bool is_mixed = false, is_micro = m->n_heap > 0;
	int rc;

	for (int i = 0; i < m->n_heap; i++) {
		const struct input *in = &m->inputs[m->heap[i]];
		const struct input *other = &m->inputs[m->heap[0]];
		const struct weir_frame *f = &in->frames[in->at];
		const struct weir_iface *iface = source_iface(in->source, f->iface);

		is_mixed |= f->link != other->frames[other->at].link;
		is_micro &= source_format(in->source) == TRACE_PCAP && iface && iface->digits == 6;
		if (first == TRACE_UNKNOWN)
			first = source_format(in->source);
	}
	rc = output_options_of(&options, m->set, m->path, is_mixed ? TRACE_PCAPNG : first, m->why);
	if (rc < 0)
		return rc;
	options.records.from = TRACE_UNKNOWN;
	options.records.is_micro |= is_micro;
	rc = output_new(&m->output, &options, m->why);
	return rc < 0 ? rc : output_next(m->output, m->path, m->why);
}

/* All that is read and written. */
static int merge_inputs(struct merge *m, char *const *uris)
{
	struct progress *progress;
	int rc = fill_heap(m, uris);

	if (!rc)
		rc = open_output(m);
	progress = m->set->quiet ? NULL : progress_new(m->sources, m->n_inputs);
	if (!rc)
		rc = run_heap(m);
	progress_free(&progress);
	return rc;
}

static int merge(struct merge *m, char *const *uris)
{
	int rc = pick_init(&m->pick, m->set, m->why);

	for (int i = 0; i < m->n_inputs && !rc; i++) {
		m->inputs[i].index = i;
		if (output_is_same(m->path, uris[i]))
			rc = why_set(m->why, ERR_USAGE, "%s is an input and the output", uris[i]);
	}
	if (rc < 0)
		return rc;
	allow_files(m->n_inputs);
	rc = merge_inputs(m, uris);
	if (m->output) {
		int finished = output_finish(m->output, m->link, rc < 0 ? NULL : m->why);

		rc = rc < 0 ? rc : finished;
	}
	return rc;
}

static void merge_fini(struct merge *m)
{
	for (int i = 0; i < m->n_inputs; i++) {
		block_put(&m->inputs[i].block);
		source_close(&m->inputs[i].source);
		free(m->inputs[i].ifaces);
	}
	output_free(&m->output);
	pick_fini(&m->pick);
	free(m->inputs);
	free(m->sources);
	free(m->heap);
}

static int run(const struct settings *set, int n, char **operands)
{
	struct merge m = {.set = set, .path = operands[n - 1], .n_inputs = n - 1};
	struct why why;
	int rc = ERR_NOMEM;

	why_clear(&why);
	m.why = &why;
	m.inputs = calloc((size_t)n, sizeof *m.inputs);
	m.heap = calloc((size_t)n, sizeof *m.heap);
	m.sources = calloc((size_t)n, sizeof *m.sources);
	if (m.inputs && m.heap && m.sources)
		rc = merge(&m, operands);
	else
		m.n_inputs = 0;
	merge_fini(&m);
	if (rc < 0)
		why_set(&why, rc, "%s", err_text(rc));
	return rc < 0 ? output_fail("merge", rc, &why) : m.status;
}

static const enum option options[] = {
	OPTION_filter, OPTION_write,      OPTION_compress,  OPTION_snap,  OPTION_from,
	OPTION_to,     OPTION_packets,    OPTION_direction, OPTION_micro, OPTION_big_endian,
	OPTION_quiet,  OPTION_block_size, OPTION_N,
};

const struct tool merge_tool = {
	.name = "merge",
	.doc = "many captures into one, in the order of time",
	.operands = "CAPTURE... OUTPUT",
	.min_operands = 2,
	.max_operands = -1,
	.options = options,
	.run = run,
	.details = "Packets of the same time come in the order of the captures. Each capture is "
		   "taken to\n"
		   "be in order itself. The output has the first capture's format unless its "
		   "suffix or -w\n"
		   "says otherwise; captures of different link types need pcapng.\n",
};
