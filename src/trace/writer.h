/* Writes capture formats into a byte writer: no file, no thread, no clock. */
#ifndef TRACE_WRITER_H
#define TRACE_WRITER_H

#include <stdbool.h>

#include <weir/frame.h>

#include "base/err.h"
#include "base/why.h"
#include "base/wr.h"
#include "trace/reader.h"

struct trace_writer;

struct trace_writer_options {
	enum trace_format format;
	enum trace_format
		from; /* the source's: PCAPNG to PCAPNG keeps records and options as they are */
	uint32_t snap_len;  /* keep at most this of each packet; 0: all */
	bool is_micro;      /* pcap: times in µs; else ns */
	bool is_big_endian; /* byte order of pcap and pcapng; ERF has its own */
};

MUST_CHECK int trace_writer_new(struct trace_writer **out,
				const struct trace_writer_options *options);
void trace_writer_free(struct trace_writer **t);

/* Appends the frame's record, and before it whatever the format needs (file header, interface
 * description). iface describes frame->iface; borrowed during the call. Meta frames are kept
 * where from and to are both PCAPNG, else left out.
 * ERR_UNSUPPORTED with a reason where the format cannot hold it: a second link type in pcap, a
 * link type that ERF has no record type for. Nothing is written then. */
MUST_CHECK int trace_writer_frame(struct trace_writer *t, struct wr *w,
				  const struct weir_frame *frame, const struct weir_iface *iface,
				  struct why *why);

/* What a file without any packet still needs (its header); call once before closing.
 * link: the link type to name in it. */
MUST_CHECK int trace_writer_end(struct trace_writer *t, struct wr *w, uint32_t link);

/* Starts a new file with the same options: the next frame writes the headers again. */
void trace_writer_restart(struct trace_writer *t);

#endif
