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
	enum trace_format from; /* the source's, where all frames come from files of one format: its
				     own records are kept as they are */
	uint32_t snap_len;      /* keep at most this of each packet; 0: all */
	bool is_micro;          /* pcap: times in µs; else ns */
	bool is_big_endian;     /* byte order of pcap and pcapng; ERF has its own */
	bool is_altered;        /* packets are left out or changed: what asks not to be copied then
				     (custom blocks of pcapng) is left out */
};

MUST_CHECK int trace_writer_new(struct trace_writer **out,
				const struct trace_writer_options *options);
void trace_writer_free(struct trace_writer **t);

/* Appends the frame's record, and before it whatever the format needs (file header, interface
 * description). iface describes frame->iface; borrowed during the call, NULL where nothing is
 * known. w must hold the record whole; nothing is written before w->len.
 *
 * Kept: bytes, both lengths, time, and
 *   pcapng     interface (name, comment, snap length, resolution of µs or ns), direction, losses,
 *              what is known of checksums; not: that the link reported an error
 *   ERF        losses up to 65,535, that the link reported an error; direction as port 0 (out) or
 *              1 (in), else the interface's number modulo 4; times to 2^-32 s, so that ns come
 *              back. Lengths are 16 bits. A wire length below the captured one is raised to it.
 *              Records are padded to 8, but not after a packet that was cut, since padding could
 *              not be told from it.
 *   pcap       nothing more. Times in µs are cut, not rounded.
 * A time that is not known is written as 0.
 * PCAPNG from PCAPNG: every block goes out as it came in (unknown ones, options, secrets, names;
 * sections in their own byte order), but a section's length becomes unknown, and with snap_len
 * packets and their interfaces' snap lengths are cut. This needs the meta frames. ERF from ERF:
 * the same for records. Else meta frames are left out; and so are, in pcap, ERF's records of
 * provenance.
 *
 * ERR_UNSUPPORTED with a reason where the format cannot hold it: a second link type in pcap, a
 * link type that ERF has no record type for, a time before 1970. Nothing is written then. */
MUST_CHECK int trace_writer_frame(struct trace_writer *t, struct wr *w,
				  const struct weir_frame *frame, const struct weir_iface *iface,
				  struct why *why);

/* What a file without any packet still needs (its header); call once before closing.
 * link: the link type to name in it. */
MUST_CHECK int trace_writer_end(struct trace_writer *t, struct wr *w, uint32_t link);

/* The frames that follow come from another source, whose own interfaces count from 0 again: in
 * pcapng they get a section of their own. from as in the options; PCAP only where it is the first
 * source. */
void trace_writer_source(struct trace_writer *t, enum trace_format from);

/* Starts a new file with the same options: the next frame writes the headers again (PCAPNG from
 * PCAPNG: those of the section that we are in, with all its interfaces so far). */
void trace_writer_restart(struct trace_writer *t);

#endif
