/* A writer: trace's records through cap's sink. */
#include "lib/same.h"

#include <stdlib.h>

#include "base/wr.h"
#include "pack/sink.h"
#include "cap/source.h"
#include "trace/writer.h"

LIB_SAME(WEIR_CODEC_NONE, SINK_NONE + 1);
LIB_SAME(WEIR_CODEC_GZIP, SINK_GZIP + 1);
LIB_SAME(WEIR_CODEC_BZIP2, SINK_BZIP2 + 1);
LIB_SAME(WEIR_CODEC_XZ, SINK_XZ + 1);
LIB_SAME(WEIR_CODEC_ZSTD, SINK_ZSTD + 1);
LIB_SAME(WEIR_CODEC_LZ4, SINK_LZ4 + 1);

enum { LINK_ETHERNET = 1, GATHERED = 128 * 1024 };

struct weir_writer {
	const struct source *from;
	struct trace_writer *trace;
	struct sink *sink;
	struct wr bytes; /* records that are not handed to the sink yet */
	bool is_prompt;
	uint64_t n_gathered;
};

/* "x.pcapng.zst" says both; what is not said comes from the source, or is pcap. */
static enum trace_format choose_format(const struct weir_writer_options *o, const char *path,
				       const struct source *from)
{
	enum trace_format format = (enum trace_format)o->format;

	if (format == TRACE_UNKNOWN)
		format = trace_format_of_path(path);
	if (format == TRACE_UNKNOWN && trace_format_is_writable(source_format(from)))
		format = source_format(from);
	return format == TRACE_UNKNOWN ? TRACE_PCAP : format;
}

static int open_trace(struct weir_writer *w, const char *path, const struct weir_writer_options *o)
{
	struct trace_writer_options own = {
		.format = choose_format(o, path, w->from),
		.from = source_format(w->from),
		.snap_len = o->snap_len,
		.is_micro = o->is_micro,
		.is_altered = o->is_altered,
	};

	return trace_writer_new(&w->trace, &own);
}

static int open_sink(struct weir_writer *w, const char *path, const struct weir_writer_options *o,
		     struct why *why)
{
	struct sink_options own = {
		.codec = o->codec == WEIR_CODEC_BY_NAME ? sink_codec_of_path(path)
							: (enum sink_codec)(o->codec - 1),
		.level = o->level,
		.n_threads = o->n_threads,
		.is_prompt = o->is_prompt,
	};

	return sink_open(&w->sink, path, &own, why);
}

static int open_writer(struct weir_writer *w, const char *path, const struct weir_writer_options *o,
		       struct why *why)
{
	int rc;

	if (!path || (unsigned)o->codec > WEIR_CODEC_LZ4 ||
	    (unsigned)o->format > WEIR_FORMAT_NETXRAY || o->level < 0 || o->n_threads < 0)
		return why_set(why, ERR_USAGE, "no path, or an option out of its range");
	if (!lib_is_zero(o->reserved, sizeof o->reserved / sizeof *o->reserved))
		return why_set(why, ERR_UNSUPPORTED, "an option that this library does not know");
	w->is_prompt = o->is_prompt;
	w->bytes = wr_init(TRACE_MAX_RECORD + 2 * GATHERED);
	rc = open_trace(w, path, o);
	return rc < 0 ? rc : open_sink(w, path, o, why);
}

static void free_writer(struct weir_writer **writer)
{
	struct weir_writer *w = *writer;

	if (w) {
		trace_writer_free(&w->trace);
		wr_fini(&w->bytes);
	}
	free(w);
	*writer = NULL;
}

int weir_writer_open(struct weir_writer **out, const char *path, const struct weir_source *from,
		     const struct weir_writer_options *options, struct weir_why *why)
{
	static const struct weir_writer_options defaults;
	struct weir_writer *w = calloc(1, sizeof *w);
	struct why own;
	int rc = ERR_NOMEM;

	why_clear(&own);
	if (w) {
		w->from = lib_source_of(from);
		rc = open_writer(w, path, options ? options : &defaults, &own);
	}
	if (rc < 0) {
		why_set(&own, rc, "%s", err_text(rc));
		lib_why(why, &own);
		free_writer(&w);
	}
	*out = w;
	return rc;
}

static int hand_on(struct weir_writer *w, struct why *why)
{
	int rc = w->bytes.len ? sink_write(w->sink, w->bytes.bytes, w->bytes.len, why) : 0;

	wr_reset(&w->bytes);
	return rc;
}

int weir_write(struct weir_writer *w, const struct weir_frame *frame, struct weir_why *why)
{
	const struct weir_iface *iface = source_iface(w->from, frame->iface);
	size_t before = w->bytes.len;
	struct why own;
	int rc;

	why_clear(&own);
	rc = trace_writer_frame(w->trace, &w->bytes, frame, iface, &own);
	if (rc == 0 && !w->bytes.ok)
		rc = ERR_NOMEM;
	if (rc < 0) {
		w->bytes.len = before;
		w->bytes.ok = true;
	} else {
		w->n_gathered += w->bytes.len - before;
		if (w->is_prompt || w->bytes.len >= GATHERED)
			rc = hand_on(w, &own);
	}
	if (rc < 0) {
		why_set(&own, rc, "%s", err_text(rc));
		lib_why(why, &own);
	}
	return rc;
}

int weir_writer_flush(struct weir_writer *w, struct weir_why *why)
{
	struct why own;
	int rc;

	why_clear(&own);
	rc = hand_on(w, &own);
	if (rc == 0)
		rc = sink_flush(w->sink, &own);
	if (rc < 0)
		lib_why(why, &own);
	return rc;
}

uint64_t weir_writer_n_bytes(const struct weir_writer *w)
{
	return w->n_gathered;
}

/* What a file without packets still needs, and what is gathered. */
static int finish(struct weir_writer *w, struct why *why)
{
	const struct weir_iface *iface = source_iface(w->from, 0);
	size_t before = w->bytes.len;
	int rc = trace_writer_end(w->trace, &w->bytes, iface ? iface->link : LINK_ETHERNET);

	if (rc == 0 && !w->bytes.ok)
		rc = ERR_NOMEM;
	w->n_gathered += w->bytes.len - before;
	return rc < 0 ? rc : hand_on(w, why);
}

int weir_writer_close(struct weir_writer **writer, struct weir_why *why)
{
	struct weir_writer *w = *writer;
	struct why own;
	int rc, rc_close;

	if (!w)
		return 0;
	why_clear(&own);
	rc = finish(w, &own);
	rc_close = sink_close(&w->sink, &own);
	rc = rc < 0 ? rc : rc_close;
	if (rc < 0) {
		why_set(&own, rc, "%s", err_text(rc));
		lib_why(why, &own);
	}
	free_writer(writer);
	return rc;
}
