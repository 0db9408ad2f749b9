/* weir convert: captures from one format, compression or selection into another. */
#include <stdlib.h>
#include <string.h>

#include "tool/capture.h"
#include "tool/copy.h"
#include "tool/output.h"
#include "tool/tools.h"

struct convert {
	const struct settings *set;
	const char *path;
	struct output
		*output; /* open with the first frame: only then are the source's times known */
	struct source *source;
	enum trace_format format; /* the source's */
	bool is_opened;           /* there was a source */
	bool is_prompt;
	bool is_only;    /* there is one input */
	bool is_altered; /* not every packet goes out as it came in */
	bool is_micro;
};

static int open_output(struct convert *c, struct why *why)
{
	struct output_options options;
	int rc = output_options_of(&options, c->set, c->path, c->format, why);

	if (rc < 0)
		return rc;
	options.records.is_altered = c->is_altered;
	options.records.is_micro |= c->is_micro;
	if (!c->is_only && c->format == TRACE_PCAP)
		options.records.from = TRACE_UNKNOWN;
	options.bytes.is_prompt = c->is_prompt;
	rc = output_new(&c->output, &options, why);
	return rc < 0 ? rc : output_next(c->output, c->path, why);
}

static int opened(void *arg, struct source *source, bool is_prompt, struct why *why)
{
	struct convert *c = arg;

	(void)why;
	c->source = source;
	c->format = source_format(source);
	c->is_prompt = is_prompt;
	c->is_opened = true;
	if (c->output)
		output_source(c->output, c->format == TRACE_PCAP ? TRACE_UNKNOWN : c->format);
	return 0;
}

static int frame(void *arg, const struct weir_frame *f, struct why *why)
{
	struct convert *c = arg;
	const struct weir_iface *iface = source_iface(c->source, f->iface);
	int rc = 0;

	if (!c->output) {
		/* a copy of pcap in µs is the same file */
		c->is_micro = c->is_only && c->format == TRACE_PCAP && iface && iface->digits == 6;
		rc = open_output(c, why);
	}
	return rc < 0 ? rc : output_frame(c->output, f, iface, why);
}

static int64_t detach(void *arg, struct wr *w)
{
	struct convert *c = arg;

	return c->output ? output_detach(c->output, w) : -1;
}

static int fill(void *arg, int64_t place, const struct wr *w, struct why *why)
{
	const struct convert *c = arg;

	return output_fill(c->output, place, w, why);
}

static int pause_output(void *arg, struct why *why)
{
	struct convert *c = arg;

	return c->output ? output_flush(c->output, why) : 0;
}

static int check_inputs(const char *path, char *const *inputs, int n, struct why *why)
{
	for (int i = 0; i < n; i++) {
		if (output_is_same(path, inputs[i]))
			return why_set(why, ERR_USAGE, "%s is an input and the output", path);
	}
	return 0;
}

static int convert(struct convert *c, char *const *inputs, int n, struct why *why)
{
	struct pick pick;
	struct copy copy = {.set = c->set,
			    .pick = &pick,
			    .wants_meta = true,
			    .arg = c,
			    .opened = opened,
			    .frame = frame,
			    .detach = detach,
			    .fill = fill,
			    .pause = pause_output};
	int status = check_inputs(c->path, inputs, n, why);
	int rc;

	if (status < 0)
		return status;
	status = pick_init(&pick, c->set, why);
	if (status == 0) {
		c->is_altered = !pick_is_all(&pick) || c->set->snap;
		status = copy_run(&copy, "convert", inputs, n, why);
	}
	pick_fini(&pick);
	if (status >= 0 && !c->output && c->is_opened) {
		rc = open_output(c, why);
		status = rc < 0 ? rc : status;
	}
	if (c->output) {
		rc = output_finish(c->output, copy.link, why);
		status = rc < 0 && status >= 0 ? rc : status;
	}
	return status;
}

static int run(const struct settings *set, int n, char **operands)
{
	struct convert c = {.set = set, .path = operands[n - 1], .is_only = n == 2};
	struct why why;
	int status;

	why_clear(&why);
	status = convert(&c, operands, n - 1, &why);
	output_free(&c.output);
	return status < 0 ? output_fail("convert", status, &why) : status;
}

static const enum option options[] = {
	OPTION_filter,     OPTION_write,      OPTION_compress, OPTION_snap,
	OPTION_from,       OPTION_to,         OPTION_packets,  OPTION_direction,
	OPTION_micro,      OPTION_big_endian, OPTION_threads,  OPTION_quiet,
	OPTION_no_promisc, OPTION_block_size, OPTION_blocks,   OPTION_hardware_time,
	OPTION_N,
};

const struct tool convert_tool = {
	.name = "convert",
	.doc = "captures from one format, compression or selection into another",
	.operands = "CAPTURE... OUTPUT",
	.min_operands = 2,
	.max_operands = -1,
	.options = options,
	.run = run,
	.details =
		"Several captures are written one after another (weir merge puts them in the "
		"order\n"
		"of time). - is standard input or output. pcapng to pcapng keeps every block and\n"
		"option. A capture that ends inside a packet is written up to there; the exit\n"
		"status then is 1.\n",
};
