/* Writing captures: pcap, pcapng or ERF, plain or compressed. A writer is used by one thread at a
 * time; it compresses by threads of its own. */
#ifndef WEIR_WRITER_H
#define WEIR_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/error.h>
#include <weir/frame.h>
#include <weir/source.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_writer;

enum weir_codec {
	WEIR_CODEC_BY_NAME, /* by the path's suffix: .gz, .bz2, .xz, .zst, .lz4; else none */
	WEIR_CODEC_NONE,
	WEIR_CODEC_GZIP,
	WEIR_CODEC_BZIP2,
	WEIR_CODEC_XZ,
	WEIR_CODEC_ZSTD,
	WEIR_CODEC_LZ4,
};

/* All zero: the defaults. */
struct weir_writer_options {
	enum weir_format format; /* UNKNOWN: by the path's suffix, else the source's, else pcap */
	enum weir_codec codec;
	int level;         /* of compression; 0: the codec's default */
	int n_threads;     /* that compress; 0: one a processor */
	uint32_t snap_len; /* bytes kept of each packet; 0: all */
	bool is_micro;     /* pcap: times in µs, not ns */
	bool is_prompt;    /* hand each write on at once (pipes), instead of filling blocks */
	bool is_altered;   /* packets are left out or changed: what a file asks not to copy then
			    * (some custom blocks of pcapng) is left out */
	uint64_t reserved[8];
};

/* Creates PATH ("-": standard output), replacing a file that is there. Frames will come from
 * `from`, which is borrowed until weir_writer_close and tells interfaces; written in that source's
 * own format, records, options and (with wants_meta) all other blocks are kept as they are.
 * options may be NULL, and is not kept. 0 and *out, to be closed by the caller; or an error. */
WEIR_API WEIR_MUST_CHECK int weir_writer_open(struct weir_writer **out, const char *path,
					      const struct weir_source *from,
					      const struct weir_writer_options *options,
					      struct weir_why *why);

/* Writes the frame, a frame of the writer's source. 0; WEIR_ERR_UNSUPPORTED, and nothing written,
 * where the format cannot hold it; else the output has failed. *why (if not NULL) tells. */
WEIR_API WEIR_MUST_CHECK int weir_write(struct weir_writer *writer, const struct weir_frame *frame,
					struct weir_why *why);

/* Everything written so far is on its way to the file. */
WEIR_API WEIR_MUST_CHECK int weir_writer_flush(struct weir_writer *writer, struct weir_why *why);

/* Bytes written so far, before compression. */
WEIR_API uint64_t weir_writer_n_bytes(const struct weir_writer *writer);

/* Finishes, closes and frees; sets NULL, accepts NULL. 0 only when the system has accepted every
 * byte: a program that ignores it does not know whether its file is whole. */
WEIR_API WEIR_MUST_CHECK int weir_writer_close(struct weir_writer **writer, struct weir_why *why);

#ifdef __cplusplus
}
#endif
#endif
