/* A sink: where bytes go. A file or standard output, plain or compressed by threads of its own. */
#ifndef PACK_SINK_H
#define PACK_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"

/* name for -z, suffix, its own default level, highest level */
#define SINK_CODECS(X)                                                                             \
	X(NONE, "none", "", 0, 0)                                                                  \
	X(GZIP, "gzip", ".gz", 6, 9)                                                               \
	X(BZIP2, "bzip2", ".bz2", 9, 9)                                                            \
	X(XZ, "xz", ".xz", 6, 9)                                                                   \
	X(ZSTD, "zstd", ".zst", 3, 19)                                                             \
	X(LZ4, "lz4", ".lz4", 1, 12)

enum sink_codec {
#define X(name, text, suffix, level, most) SINK_##name,
	SINK_CODECS(X)
#undef X
		SINK_N_CODECS
};

struct sink;

struct sink_options {
	enum sink_codec codec;
	int level;      /* 0: the codec's default */
	int n_threads;  /* that compress; 0: as many as there are processors */
	bool is_prompt; /* hand every write on at once (pipes, live) instead of filling blocks */
};

/* Opens path for writing ("-": standard output); an existing file is replaced. */
MUST_CHECK int sink_open(struct sink **out, const char *path, const struct sink_options *options,
			 struct why *why);

/* Writes the bytes, in order. Blocks when the disk or the compressors are behind. */
MUST_CHECK int sink_write(struct sink *s, const void *bytes, size_t len, struct why *why);

/* Takes the place of the next len bytes, to be written by sink_fill before sink_close; what is
 * written meanwhile comes behind it. The place, or -1 where the sink has none to give: compressed,
 * prompt, no regular file, or failed. */
int64_t sink_reserve(struct sink *s, size_t len);

/* Writes bytes at a place that was reserved for them. Any thread. */
MUST_CHECK int sink_fill(const struct sink *s, int64_t place, const void *bytes, size_t len,
			 struct why *why);

/* Everything written so far is on its way to the file. */
MUST_CHECK int sink_flush(struct sink *s, struct why *why);

/* Finishes and closes: 0 only when every byte was accepted by the system. Sets NULL. */
MUST_CHECK int sink_close(struct sink **s, struct why *why);

uint64_t sink_n_bytes(const struct sink *s); /* given to sink_write so far */

/* "gzip", "gz" … or by the suffix of a path; SINK_N_CODECS and SINK_NONE where it is none. */
enum sink_codec sink_codec_of_name(const char *name);
enum sink_codec sink_codec_of_path(const char *path);

#endif
