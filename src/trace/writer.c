#include "trace/writer.h"

#include <stdlib.h>

#include "trace/erf.h"
#include "trace/write.h"

int trace_writer_new(struct trace_writer **out, const struct trace_writer_options *options)
{
	*out = NULL;
	if (options->format == TRACE_UNKNOWN)
		return ERR_UNKNOWN;
	if (!trace_format_is_writable(options->format))
		return ERR_UNSUPPORTED;
	*out = calloc(1, sizeof **out);
	if (!*out)
		return ERR_NOMEM;
	(*out)->options = *options;
	return 0;
}

void trace_writer_free(struct trace_writer **t)
{
	if (!*t)
		return;
	pcapng_output_fini(&(*t)->pcapng);
	free(*t);
	*t = NULL;
}

/* Whether the frame's record goes out as it came in. */
static bool is_raw(const struct trace_writer *t, const struct weir_frame *f)
{
	return t->options.from == t->options.format && f->record &&
	       (t->options.format == TRACE_PCAPNG || t->options.format == TRACE_ERF);
}

/* Whether the format has no place for it. ERF's records of provenance come between packets of
 * other link types, of which pcap can hold one: they are no traffic and are left out, unless they
 * come from pcap. */
static bool is_left_out(const struct trace_writer *t, const struct weir_frame *f)
{
	if (f->kind == WEIR_FRAME_META)
		return !is_raw(t, f);
	return t->options.format == TRACE_PCAP && t->options.from != TRACE_PCAP &&
	       erf_is_provenance(f);
}

static int write_frame(struct trace_writer *t, struct outgoing *o)
{
	if (is_left_out(t, o->frame))
		return 0;
	switch (t->options.format) {
	case TRACE_PCAP:
		return pcap_write_frame(t, o);
	case TRACE_PCAPNG:
		return is_raw(t, o->frame) ? pcapng_write_raw(t, o) : pcapng_write_frame(t, o);
	case TRACE_ERF:
		return erf_write_frame(t, o);
	default:
		break; /* trace_writer_new has refused it */
	}
	return ERR_UNKNOWN;
}

int trace_writer_frame(struct trace_writer *t, struct wr *w, const struct weir_frame *frame,
		       const struct weir_iface *iface, struct why *why)
{
	uint32_t snap_len = t->options.snap_len;
	struct outgoing o = {w, frame, iface, why, frame->cap_len};
	size_t start = w->len;
	bool had_header = t->has_header;
	uint32_t n_ifaces = t->pcapng.n_ifaces;
	int rc;

	if (snap_len > 0 && snap_len < o.cap_len)
		o.cap_len = snap_len;
	rc = write_frame(t, &o);
	if (!rc && w->ok)
		return 0;
	if (!rc)
		rc = why_set(why, ERR_FULL, "no room left for a record");
	w->len = start;
	t->has_header = had_header;
	if (t->pcapng.n_ifaces > n_ifaces)
		t->pcapng.numbers[frame->iface] = 0;
	t->pcapng.n_ifaces = n_ifaces;
	return rc;
}

int trace_writer_end(struct trace_writer *t, struct wr *w, uint32_t link)
{
	struct outgoing o = {.w = w};
	int rc = 0;

	if (t->has_header)
		return 0;
	if (t->options.format == TRACE_PCAP)
		rc = pcap_write_header(t, &o, link);
	if (t->options.format == TRACE_PCAPNG)
		rc = pcapng_write_header(t, w);
	return rc ? rc : w->ok ? 0 : ERR_FULL;
}

static void forget_ifaces(struct trace_writer *t)
{
	if (t->pcapng.numbers)
		memset(t->pcapng.numbers, 0, t->pcapng.n_numbers * sizeof *t->pcapng.numbers);
	t->pcapng.n_ifaces = 0;
}

void trace_writer_source(struct trace_writer *t, enum trace_format from)
{
	t->options.from = from;
	t->pcapng.is_raw = false;
	if (t->options.format == TRACE_PCAPNG)
		t->has_header = false;
	forget_ifaces(t);
}

void trace_writer_restart(struct trace_writer *t)
{
	t->has_header = false;
	forget_ifaces(t);
}
