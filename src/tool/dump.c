/* weir dump: packets in words, each layer a line.
 *
 *	batch   each worker decodes and writes its block's packets into a buffer of its own
 *	turn    in the order of the data, the buffers are numbered and go out
 *
 * so that the output is the same for any number of workers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/decode.h"
#include "tool/capture.h"
#include "show/packet.h"
#include "tool/filters.h"
#include "tool/tools.h"

enum { RECORDS_FIRST = 1024 };

/* A buffer never grows beyond this: a block of a source is much smaller in words. */
#define SHOW_MAX_TEXT ((size_t)1 << 30)

/* A packet that is shown: where its words end, and its place among the block's packets. */
struct record {
	size_t end;
	uint64_t place;
};

/* What a worker makes of a block. */
struct local {
	struct wr words;
	struct form form;
	struct record *records;
	size_t n;
	size_t room;
	uint64_t n_seen; /* packets of the block, shown or not */
};

struct dump {
	const struct settings *set;
	struct show_style style;
	struct filters filters;
	struct source *source;
	struct wr out; /* what a turn writes */
	uint64_t n_seen;
	uint64_t n_shown;
	int broken; /* errno of a write that failed */
};

static int start(struct worker *w)
{
	const struct dump *d = engine_arg(w);
	struct local *local = calloc(1, sizeof *local);

	engine_set_local(w, local);
	if (!local)
		return ERR_NOMEM;
	local->words = wr_init(SHOW_MAX_TEXT);
	form_init(&local->form, &local->words, d->set->json);
	return 0;
}

static int stop(struct worker *w)
{
	struct local *local = engine_local(w);

	if (local) {
		wr_fini(&local->words);
		free(local->records);
	}
	free(local);
	return 0;
}

static int add_record(struct local *local)
{
	if (local->n == local->room) {
		size_t room = local->room ? 2 * local->room : RECORDS_FIRST;
		struct record *records = realloc(local->records, room * sizeof *records);

		if (!records)
			return ERR_NOMEM;
		local->records = records;
		local->room = room;
	}
	local->records[local->n++] = (struct record){local->words.len, local->n_seen};
	return local->words.ok ? 0 : ERR_FULL;
}

static int batch(struct worker *w, struct weir_frame *frames, int n)
{
	const struct dump *d = engine_arg(w);
	struct local *local = engine_local(w);
	struct weir_packet p;
	int rc = 0;

	for (int i = 0; i < n && rc == 0; i++) {
		local->n_seen++;
		if (!filters_match(&d->filters, &frames[i]))
			continue;
		net_decode(&p, &frames[i]);
		show_packet(&local->form, &d->style, &p,
			    d->source ? source_iface(d->source, frames[i].iface) : NULL);
		rc = add_record(local);
	}
	return rc;
}

static int write_out(struct dump *d)
{
	struct wr *out = &d->out;

	if (!out->ok)
		return ERR_NOMEM;
	if (fwrite(out->bytes, 1, out->len, stdout) == out->len && fflush(stdout) == 0)
		return 0;
	d->broken = errno;
	return ERR_IO;
}

/* The number that a packet's words begin with. */
static void put_number(struct form *f, bool is_json, uint64_t number)
{
	if (is_json)
		form_put(f, "{\"number\":");
	form_put_u64(f, number);
}

static int turn(struct worker *w, uint64_t block)
{
	struct dump *d = engine_arg(w);
	struct local *local = engine_local(w);
	uint64_t most = d->set->count ? d->set->count : UINT64_MAX;
	struct form f;
	size_t from = 0;
	int rc = 0;

	(void)block;
	form_init(&f, &d->out, false);
	wr_reset(&d->out);
	for (size_t i = 0; i < local->n && d->n_shown < most; i++) {
		const struct record *record = &local->records[i];

		put_number(&f, d->set->json, d->n_seen + record->place);
		wr_bytes(&d->out, &local->words.bytes[from], record->end - from);
		from = record->end;
		d->n_shown++;
	}
	d->n_seen += local->n_seen;
	wr_reset(&local->words);
	local->n = 0;
	local->n_seen = 0;
	if (d->out.len || !d->out.ok)
		rc = write_out(d);
	if (rc == 0 && d->n_shown == most)
		engine_stop(engine_of(w));
	return rc;
}

static void opened(void *arg, struct source *source)
{
	struct dump *d = arg;

	d->source = source;
	d->n_seen = 0;
}

static bool is_over(const struct dump *d)
{
	return capture_is_stopped() || d->broken || (d->set->count && d->n_shown >= d->set->count);
}

static int run_all(struct dump *d, int n, char **operands)
{
	static const struct engine_callbacks callbacks = {
		.start = start, .batch = batch, .turn = turn, .stop = stop};
	struct capture capture = {.set = d->set,
				  .callbacks = &callbacks,
				  .arg = d,
				  .is_filtered = true,
				  .opened = opened};
	struct why why;
	int status = 0;

	for (int i = 0; i < n && !is_over(d); i++) {
		int rc;

		why_clear(&why);
		rc = capture_run(&capture, operands[i], NULL, &why);
		d->source = NULL;
		if (rc < 0 && rc != ERR_STOPPED && !d->broken)
			status = capture_fail("dump", &why);
	}
	if (d->broken && d->broken != EPIPE)
		fprintf(stderr, "weir dump: standard output: %s\n", strerror(d->broken));
	return d->broken ? 1 : status;
}

static int run(const struct settings *set, int n, char **operands)
{
	struct dump d = {
		.set = set,
		.style = {.is_brief = set->brief, .has_hex = set->hex, .max_hex = set->hex_bytes},
		.out = wr_init(SHOW_MAX_TEXT)};
	struct why why;
	int status;

	why_clear(&why);
	if (filters_init(&d.filters, set, &why) < 0)
		return capture_fail("dump", &why);
	status = run_all(&d, n, operands);
	filters_fini(&d.filters);
	wr_fini(&d.out);
	return status;
}

static const enum option options[] = {
	OPTION_filter,        OPTION_count, OPTION_brief,      OPTION_hex,
	OPTION_hex_bytes,     OPTION_json,  OPTION_threads,    OPTION_quiet,
	OPTION_no_promisc,    OPTION_snap,  OPTION_block_size, OPTION_blocks,
	OPTION_hardware_time, OPTION_N,
};

const struct tool dump_tool = {
	.name = "dump",
	.doc = "packets in words, each layer a line",
	.operands = "CAPTURE...",
	.min_operands = 1,
	.max_operands = -1,
	.options = options,
	.run = run,
	.details =
		"A capture is a file (pcap, pcapng, ERF and others, see weir(1)), - for standard\n"
		"input, or int:IFACE for a live interface (Ctrl-C ends it). With several -f a\n"
		"packet is shown when any matches; its number counts all packets of its capture.\n"
		"What is inside a tunnel is indented. Names are never looked up; what comes from\n"
		"the network is escaped.\n",
};
