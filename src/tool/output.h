/* Where a tool's packets go: records in a format, on their way to a file or to standard output. */
#ifndef TOOL_OUTPUT_H
#define TOOL_OUTPUT_H

#include <weir/frame.h>

#include "base/err.h"
#include "base/why.h"
#include "pack/sink.h"
#include "tool/option.h"
#include "trace/writer.h"

struct output_options {
	struct trace_writer_options records;
	struct sink_options bytes;
};

struct output;

/* Options as the settings and the path's suffix give them: format by -w, else by suffix, else
 * the first source's, else pcapng. */
MUST_CHECK int output_options_of(struct output_options *out, const struct settings *set,
				 const char *path, enum trace_format source, struct why *why);

/* An output that is not open yet; output_next opens its first file. */
MUST_CHECK int output_new(struct output **out, const struct output_options *options,
			  struct why *why);

/* Finishes the file that is open, if there is one, and begins path ("-": standard output). A
 * file keeps a name of its own until it is finished, and is then renamed to path; devices and
 * pipes are written to as they are. */
MUST_CHECK int output_next(struct output *o, const char *path, struct why *why);

/* The frames that follow come from a source of this format: their interfaces are others. */
void output_source(struct output *o, enum trace_format format);

/* Before the first output_next, records are kept for that file (some megabytes at most). A reason
 * has no place where it is the frame that the format cannot hold. */
MUST_CHECK int output_frame(struct output *o, const struct weir_frame *frame,
			    const struct weir_iface *iface, struct why *why);

/* Hands everything on to the file, at once. */
MUST_CHECK int output_flush(struct output *o, struct why *why);

/* Moves the records that wait into *w, which is empty, and takes their place in the file, so that
 * output_fill can write them while others go on. The place, or -1 where the file has none to
 * give: then nothing is moved. */
int64_t output_detach(struct output *o, struct wr *w);
MUST_CHECK int output_fill(const struct output *o, int64_t place, const struct wr *w,
			   struct why *why);

/* Bytes of the open file so far, before compression. */
uint64_t output_n_bytes(const struct output *o);

/* Finishes the file that is open. link: what a file without packets names. */
MUST_CHECK int output_finish(struct output *o, uint32_t link, struct why *why);

/* Drops what is not finished. Sets NULL, accepts NULL. */
void output_free(struct output **o);

/* Says the reason on stderr; the exit status: 2 for a request that makes no sense, else 1. */
int output_fail(const char *tool, int rc, const struct why *why);

/* Whether the path is this very file. */
bool output_is_same(const char *path, const char *input);

#endif
