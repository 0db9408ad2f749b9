/* Sources: capture files, pipes and live interfaces, read frame by frame.
 *
 *	struct weir_why why;
 *	struct weir_source *source;
 *	const struct weir_frame *frame;
 *	int rc = weir_open(&source, "trace.pcapng.zst", NULL, &why);
 *
 *	while (rc == 0 && (rc = weir_next(source, &frame)) == 0)
 *		n_bytes += frame->wire_len;
 *	weir_close(&source);
 *
 * A source is used by one thread at a time, but for weir_stop and weir_source_stats. */
#ifndef WEIR_SOURCE_H
#define WEIR_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/error.h>
#include <weir/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_source;

enum weir_format {
	WEIR_FORMAT_UNKNOWN, /* live; or: to be found out */
	WEIR_FORMAT_PCAP,
	WEIR_FORMAT_PCAPNG,
	WEIR_FORMAT_ERF,
	WEIR_FORMAT_SNOOP, /* from here on: to be read only */
	WEIR_FORMAT_IPTRACE,
	WEIR_FORMAT_NETMON,
	WEIR_FORMAT_SNIFFER,
	WEIR_FORMAT_NETXRAY,
};

/* All zero: the defaults. */
struct weir_source_options {
	int n_queues;        /* queues to read side by side, for an engine; 0: 1 */
	uint32_t block_size; /* bytes read at once; 0: 256 KiB */
	uint32_t n_blocks;   /* blocks in memory at most (live: a queue's ring); 0: the default */
	uint32_t snap_len;   /* live: bytes kept of each packet; 0: all */
	const char *filter;  /* live: pushed into the kernel, in libpcap's syntax; NULL: none */
	bool no_promisc;     /* live: do not ask for promiscuous mode */
	bool hardware_time;  /* live: the interface's own time stamps */
	bool wants_meta;     /* frames of kind WEIR_FRAME_META too (weir_writer can keep them) */
	int64_t wait_ns;     /* live and pipes: how long weir_next waits before it returns
			      * WEIR_ERR_AGAIN; 0: as long as it takes */
	uint64_t reserved[8];
};

/* Counts of packets. received = delivered + filtered + errors + in_flight; the interface saw
 * received + dropped. in_flight is 0 once all blocks are back (at the end, nothing held). */
struct weir_source_stats {
	uint64_t received;  /* packets that reached us */
	uint64_t delivered; /* … and were given back by the program */
	uint64_t filtered;  /* … and were refused by the filter */
	uint64_t errors;    /* … and could not be read */
	uint64_t in_flight; /* … and are in the program's hands, or on the way there */
	uint64_t dropped;   /* packets that the kernel, or the capturer of a file, says it lost */
	uint64_t bytes;     /* captured bytes of the received packets */
	uint64_t offset;    /* bytes of the file read so far, as it lies on disk */
	uint64_t size;      /* bytes of the file there; 0: not known */
	uint64_t returns;   /* live: times that the interface was gone and came back */
	uint64_t reserved[6];
};

/* Opens "[pcap:|pcapng:|erf:]PATH", "-" (standard input) or "int:IFACE". Format and compression
 * (gzip, bzip2, xz, zstd, lz4) are found by the first bytes. options may be NULL; it is not kept.
 * 0 and *out, to be closed by the caller; or an error, *out NULL, and *why (if not NULL). */
WEIR_API WEIR_MUST_CHECK int weir_open(struct weir_source **out, const char *uri,
				       const struct weir_source_options *options,
				       struct weir_why *why);

/* Closes and frees; sets NULL, accepts NULL. Every held frame must have been released before. */
WEIR_API void weir_close(struct weir_source **source);

/* The next frame: 0 and *frame, which the source owns and which is good until the next call of
 * weir_next, weir_next_batch or weir_close. WEIR_ERR_END at the end; WEIR_ERR_AGAIN when nothing
 * came within options.wait_ns; WEIR_ERR_STOPPED after weir_stop; else another error, of which
 * weir_source_why tells. What precedes damage is delivered first. */
WEIR_API WEIR_MUST_CHECK int weir_next(struct weir_source *source, const struct weir_frame **frame);

/* The same for up to 64 frames at once: returns how many *frames holds (1 or more), or a negative
 * error as weir_next does. They are good as long as a frame of weir_next is. */
WEIR_API WEIR_MUST_CHECK int weir_next_batch(struct weir_source *source,
					     const struct weir_frame **frames);

/* Makes every waiting and coming read return WEIR_ERR_STOPPED. Any thread, and signal handlers. */
WEIR_API void weir_stop(struct weir_source *source);

/* Keeps *frame beyond the next read: *held is the caller's copy of the description, and its bytes
 * stay good, in their block, until weir_release. WEIR_ERR_FULL when half of the source's blocks
 * are pinned by held frames already: then copy the bytes, or let go. */
WEIR_API WEIR_MUST_CHECK int weir_hold(struct weir_frame *held, const struct weir_frame *frame);

/* Gives a held frame's block back; any thread, any order. held->bytes is NULL then. */
WEIR_API void weir_release(struct weir_frame *held);

/* Why the source failed: owned by it, good until weir_close; text is empty while it has not. */
WEIR_API const struct weir_why *weir_source_why(struct weir_source *source);

/* Facts. Strings are owned by the source, and good until weir_close. */
WEIR_API const char *weir_source_uri(const struct weir_source *source);
/* Whether packets come from a live interface. */
WEIR_API bool weir_source_is_live(const struct weir_source *source);
/* The file's format; WEIR_FORMAT_UNKNOWN for a live source. */
WEIR_API enum weir_format weir_source_format(const struct weir_source *source);
/* Queues that it has: as many as were asked for, or fewer. */
WEIR_API int weir_source_n_queues(const struct weir_source *source);
/* The interface that frame->iface names: owned by the source, good until weir_close; NULL where
 * there is none of that index. Indices of frames that were delivered are good. */
WEIR_API const struct weir_iface *weir_source_iface(const struct weir_source *source,
						    uint32_t index);
/* Fills *stats. Any thread, any time. */
WEIR_API void weir_source_stats(const struct weir_source *source, struct weir_source_stats *stats);

/* "pcap", "pcapng", "erf"; "unknown". Static. */
WEIR_API const char *weir_format_name(enum weir_format format);

#ifdef __cplusplus
}
#endif
#endif
