#include "trace/reader.h"

#include <stdlib.h>

#include "trace/walk.h"

static walk_fn walk_of(enum trace_format format)
{
	switch (format) {
	case TRACE_PCAP:
		return pcap_walk_header;
	case TRACE_PCAPNG:
		return pcapng_walk;
	case TRACE_ERF:
		return erf_walk;
	case TRACE_SNOOP:
	case TRACE_IPTRACE:
	case TRACE_NETMON:
	case TRACE_SNIFFER:
	case TRACE_NETXRAY:
		return others_walk;
	case TRACE_UNKNOWN:
		break;
	}
	return NULL;
}

int trace_reader_new(struct trace_reader **out, enum trace_format format)
{
	walk_fn walk = walk_of(format);

	*out = NULL;
	if (!walk)
		return ERR_UNKNOWN;
	*out = calloc(1, sizeof **out);
	if (!*out)
		return ERR_NOMEM;
	(*out)->walk = walk;
	(*out)->format = format;
	why_clear(&(*out)->why);
	if (walk == others_walk)
		others_init(*out);
	return 0;
}

void trace_reader_free(struct trace_reader **r)
{
	if (!*r)
		return;
	ifaces_fini(&(*r)->ifaces);
	free(*r);
	*r = NULL;
}

int trace_reader_batch(struct trace_reader *r, struct rd *window, struct weir_frame *frames,
		       int max)
{
	struct walk w = {*window, frames, frames + max};
	int rc = r->walk(r, &w);
	int n = (int)(w.at - frames);
	size_t used = rd_left(window) - rd_left(&w.rd);

	*window = w.rd;
	r->offset += used;
	if (rc < 0 && rc != ERR_AGAIN)
		why_offset(&r->why, (int64_t)r->offset);
	return n > 0 || used > 0 ? n : rc;
}

size_t trace_reader_need(const struct trace_reader *r)
{
	return r->need;
}

const struct why *trace_reader_why(const struct trace_reader *r)
{
	return &r->why;
}

int trace_reader_end(struct trace_reader *r, size_t left)
{
	int rc = 0;

	if (left > 0)
		rc = why_set(&r->why, ERR_CUT,
			     "the data ends inside a record: %zu of its %s%zu bytes are there",
			     left, left < r->need ? "" : "more than ",
			     r->need > left ? r->need : left);
	else if (r->walk == others_walk)
		rc = analyser_end(&r->analyser, &r->why);
	else if (!r->has_header && r->format != TRACE_ERF)
		rc = why_set(&r->why, ERR_CUT, "the data ends before the file's header");
	if (rc < 0)
		why_offset(&r->why, (int64_t)r->offset);
	return rc;
}

uint64_t trace_reader_offset(const struct trace_reader *r)
{
	return r->offset;
}

const struct weir_iface *trace_reader_iface(const struct trace_reader *r, uint32_t i)
{
	const struct iface_entry *e = ifaces_at(&r->ifaces, i);

	return e ? &e->seen : NULL;
}

uint32_t trace_reader_n_ifaces(const struct trace_reader *r)
{
	return ifaces_count(&r->ifaces);
}
