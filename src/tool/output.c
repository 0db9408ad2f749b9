#include "tool/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/capture.h"

enum { OUTPUT_CHUNK = 1024 * 1024, OUTPUT_LIMIT = TRACE_MAX_RECORD + 8 * 1048576 };

struct output {
	struct output_options options;
	struct trace_writer *writer;
	struct sink *sink; /* NULL: no file is open */
	struct wr w;       /* records that are not handed on yet */
	char *path;        /* what the file will be called */
	char *unfinished;  /* what it is called until then; NULL: the same */
	bool is_later;     /* a file was begun before: its records are not for the next one */
};

int output_options_of(struct output_options *out, const struct settings *set, const char *path,
		      enum trace_format source, struct why *why)
{
	enum trace_format format =
		set->write ? trace_format_of_name(set->write) : trace_format_of_path(path);

	if (format == TRACE_UNKNOWN)
		format = trace_format_is_writable(source) ? source : TRACE_PCAPNG;
	if (!trace_format_is_writable(format)) {
		why_place(why, path);
		return why_set(why, ERR_USAGE, "%s can be read, but not written",
			       trace_format_name(format));
	}
	*out = (struct output_options){
		.records = {.format = format,
			    .from = source,
			    .snap_len = set->snap > UINT32_MAX ? 0 : (uint32_t)set->snap,
			    .is_micro = set->micro,
			    .is_big_endian = set->big_endian},
		.bytes = {.codec = sink_codec_of_path(path)},
	};
	if (set->compress.is_given) {
		out->bytes.codec = set->compress.codec;
		out->bytes.level = set->compress.level;
	}
	return 0;
}

int output_new(struct output **out, const struct output_options *options, struct why *why)
{
	struct output *o = calloc(1, sizeof *o);
	int rc = o ? trace_writer_new(&o->writer, &options->records) : ERR_NOMEM;

	if (!rc) {
		o->options = *options;
		o->w = wr_init(OUTPUT_LIMIT);
	} else {
		output_free(&o);
	}
	*out = o;
	return rc ? why_set(why, rc, "%s", err_text(rc)) : 0;
}

static void forget_file(struct output *o)
{
	free(o->path);
	free(o->unfinished);
	o->path = o->unfinished = NULL;
}

void output_free(struct output **o)
{
	if (!*o)
		return;
	if ((*o)->sink && sink_close(&(*o)->sink, NULL) < 0)
		(*o)->sink = NULL;
	if ((*o)->unfinished)
		unlink((*o)->unfinished);
	forget_file(*o);
	trace_writer_free(&(*o)->writer);
	wr_fini(&(*o)->w);
	free(*o);
	*o = NULL;
}

/* A regular file, or none yet: it can be written under another name first. */
static bool may_rename(const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return false;
	return lstat(path, &st) != 0 ? errno == ENOENT : S_ISREG(st.st_mode);
}

int output_next(struct output *o, const char *path, struct why *why)
{
	int rc = output_finish(o, 0, why);

	if (rc < 0)
		return rc;
	if (o->is_later)
		trace_writer_restart(o->writer);
	o->is_later = true;
	o->path = strdup(path);
	if (!o->path)
		return why_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (may_rename(path) && asprintf(&o->unfinished, "%s.part", path) < 0) {
		o->unfinished = NULL;
		return why_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	rc = sink_open(&o->sink, o->unfinished ? o->unfinished : path, &o->options.bytes, why);
	if (rc < 0)
		why_place(why, path);
	return rc;
}

void output_source(struct output *o, enum trace_format format)
{
	trace_writer_source(o->writer, format);
}

static int hand_on(struct output *o, struct why *why)
{
	int rc = o->w.len ? sink_write(o->sink, o->w.bytes, o->w.len, why) : 0;

	wr_reset(&o->w);
	if (rc < 0)
		why_place(why, o->path);
	return rc;
}

int output_flush(struct output *o, struct why *why)
{
	int rc = hand_on(o, why);

	if (!rc)
		rc = sink_flush(o->sink, why);
	if (rc < 0)
		why_place(why, o->path);
	return rc;
}

int output_frame(struct output *o, const struct weir_frame *frame, const struct weir_iface *iface,
		 struct why *why)
{
	int rc = trace_writer_frame(o->writer, &o->w, frame, iface, why);

	return rc < 0 || o->w.len < OUTPUT_CHUNK || !o->sink ? rc : hand_on(o, why);
}

int64_t output_detach(struct output *o, struct wr *w)
{
	int64_t place = o->sink && o->w.len ? sink_reserve(o->sink, o->w.len) : -1;
	struct wr empty = *w;

	if (place < 0)
		return -1;
	*w = o->w;
	o->w = empty.is_owned ? empty : wr_init(OUTPUT_LIMIT);
	return place;
}

int output_fill(const struct output *o, int64_t place, const struct wr *w, struct why *why)
{
	int rc = sink_fill(o->sink, place, w->bytes, w->len, why);

	if (rc < 0)
		why_place(why, o->path);
	return rc;
}

uint64_t output_n_bytes(const struct output *o)
{
	return o->sink ? sink_n_bytes(o->sink) + o->w.len : 0;
}

int output_finish(struct output *o, uint32_t link, struct why *why)
{
	int rc;

	if (!o->sink)
		return 0;
	rc = trace_writer_end(o->writer, &o->w, link);
	if (rc < 0)
		why_set(why, rc, "%s", err_text(rc));
	else
		rc = hand_on(o, why);
	if (rc == 0)
		rc = sink_close(&o->sink, why);
	if (rc == 0 && o->unfinished && rename(o->unfinished, o->path) != 0)
		rc = why_set(why, err_of_errno(errno), "cannot rename %s to it: %s", o->unfinished,
			     strerror(errno));
	if (rc < 0) {
		why_place(why, o->path);
		return rc;
	}
	forget_file(o);
	return 0;
}

bool output_is_same(const char *path, const char *input)
{
	struct stat a, b;

	return stat(path, &a) == 0 && stat(input, &b) == 0 && S_ISREG(a.st_mode) &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int output_fail(const char *tool, int rc, const struct why *why)
{
	(void)capture_fail(tool, why);
	return rc == ERR_USAGE ? 2 : 1;
}
