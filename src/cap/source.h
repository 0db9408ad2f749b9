/* A source: where frames come from. Files and live interfaces alike, behind one small table.
 *
 * A source has 1..n queues, one a thread. A queue hands out blocks (a piece of the file, a block
 * of the kernel's ring); a block hands out its frames in batches of up to 64. The memory of a
 * block goes back when its last reference does, in any order, so that a held frame pins only its
 * own block.
 *
 *	source --> queue 0 --> block 0 --> frames     block numbers run over all queues of a file,
 *	      \--> queue 1 --> block 1 --> frames     in file order; of a live source, a queue each
 */
#ifndef CAP_SOURCE_H
#define CAP_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/frame.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"
#include "trace/reader.h"

enum { SOURCE_BATCH = 64, SOURCE_MAX_QUEUES = 64 };

struct source;
struct filter;

struct source_options {
	int n_queues;        /* wanted; the source has fewer where they would find nothing. 0: 1 */
	uint32_t block_size; /* bytes; 0: the source's default (files and rings 256 KiB) */
	uint32_t n_blocks;   /* a ring's blocks a queue, a file's blocks at most; 0: default */
	uint32_t snap_len;   /* live: bytes kept of each packet; 0: all */
	const char *filter;  /* live: pushed into the kernel, in libpcap's syntax; NULL: none */
	bool no_promisc;     /* live: do not ask for promiscuous mode */
	bool hardware_time;  /* live: the interface's own time stamps */
	struct nanos wait;   /* live and pipes: how long source_block waits; 0: 100 ms */
	struct nanos delay;  /* live: how long packets wait for their block to fill; 0: 8 ms */
	bool wants_meta;     /* deliver meta frames too */
	int (*enter)(void);  /* first in each thread that it starts (for what is compressed) */
	bool is_attended;    /* live: source_block opens no socket; source_attend does */
	const int *ender;    /* pipes: a descriptor, readable where waits shall end; NULL: none */
};

/* Counts of a source or of one queue; they add up: received = delivered + filtered + errors +
 * in_flight, and seen by the interface = received + dropped. */
struct source_stats {
	uint64_t received;  /* packets that reached us */
	uint64_t delivered; /* … handed out in blocks that came back */
	uint64_t filtered;  /* … refused by the filter */
	uint64_t errors;    /* … that could not be read */
	uint64_t in_flight; /* … handed out and not given back yet */
	uint64_t dropped;   /* packets that the kernel, or the capturer of a file, says it lost */
	uint64_t bytes;     /* captured bytes of the received packets */
	uint64_t offset;    /* bytes read of the file as it lies on disk (for progress) */
	uint64_t size;      /* its size there; 0 where it is not known */
	uint64_t returns;   /* live: times that the interface was gone and came back */
};

/* Opens URI "[format:]path", "-" (standard input) or "int:IFACE". The format is found by magic,
 * compression too. options may be NULL. On failure *out is NULL and *why says why. A pipe is waited
 * for until its first bytes tell the format, or options.ender or a signal ends it (ERR_STOPPED). */
MUST_CHECK int source_open(struct source **out, const char *uri,
			   const struct source_options *options, struct why *why);

/* Stops it: blocks must all be back. Sets NULL, accepts NULL. */
void source_close(struct source **s);

int source_n_queues(const struct source *s);
bool source_is_live(const struct source *s);
enum trace_format source_format(const struct source *s); /* TRACE_UNKNOWN for live */
const char *source_uri(const struct source *s);

/* Next block of queue q, called by one thread a queue. 0 and *out; or ERR_AGAIN when nothing came
 * within options.wait; ERR_END when nothing ever will; else an error, of which source_why tells.
 * After an error or ERR_END the queue stays there. All that precedes damage is delivered first. */
MUST_CHECK int source_block(struct source *s, int q, struct weir_block **out);
const struct why *source_why(const struct source *s);

/* Of a source that is attended (options): looks whether an interface that went away is back, and
 * opens it again for those who read. Now and then, from a thread that may open sockets. */
void source_attend(struct source *s);

/* Ends a live source in good order: no more packets are let in, and those that came are still read;
 * then source_block returns ERR_STOPPED, within seconds. A capture is stopped. Any thread. */
void source_finish(struct source *s);

/* Makes every waiting and coming source_block return ERR_STOPPED. Safe from any thread and from
 * a signal handler. */
void source_stop(struct source *s);

/* Next up to 64 frames of the block: *frames points into the block and is good until the next
 * call or the block's end. Returns their number, 0 at the end. */
int block_batch(struct weir_block *b, struct weir_frame **frames);

/* Whether the frames of a block stay where they are until its last reference is gone, and not
 * only until the next call of block_batch. */
bool source_keeps_frames(const struct source *s);

/* Its number: 0.. in the order of the data (a live source: of its queue). */
uint64_t block_number(const struct weir_block *b);

/* One more reference; one less (sets NULL; the last gives the memory back to its source).
 * Any thread. source_block's caller owns one. */
struct weir_block *block_get(struct weir_block *b);
void block_put(struct weir_block **b);

/* Copies *f and takes a reference on its block, so that bytes and record stay good until
 * frame_drop. The frame's fields other than its bytes are the caller's copy. */
void frame_hold(struct weir_frame *held, const struct weir_frame *f);
void frame_drop(struct weir_frame *held);

/* Whether holding this frame too leaves the source the blocks that it needs to go on: true while
 * its block is pinned already, or less than half of all blocks are. Threads that ask at once may
 * each be told so. */
bool frame_may_be_held(const struct weir_frame *f);

const struct weir_iface *source_iface(const struct source *s, uint32_t i);
struct source_stats source_stats(const struct source *s);
struct source_stats source_queue_stats(const struct source *s, int q);

#endif
