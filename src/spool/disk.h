/* Inside spool only: the part of a stream that lies on a disk, oldest first: blocks behind one
 * another in files of one size, which are allocated beforehand and used again.
 *
 *	00000007.disk            00000008.disk
 *	[head|block|block|block] [head|block|block|...........]
 *	       ^acked                      ^disk end   ^being written
 *
 * One thread writes (the keeper), one reads and acknowledges (the reader); the two share the list
 * of blocks under a lock of its own. */
#ifndef SPOOL_DISK_H
#define SPOOL_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"
#include "spool/block.h"
#include "spool/device.h"
#include "spool/state.h"

struct disk;

struct disk_options {
	const char *path;
	uint64_t limit; /* bytes of all files */
	struct block_seal seal;
	const struct spool_device *device;
};

/* Opens the folder, which is made where it is not there. */
MUST_CHECK int disk_open(struct disk **out, const struct disk_options *options, struct why *why);
void disk_close(struct disk **disk);

/* What the folder's own state remembers: false where it has none. */
bool disk_remembers(struct disk *disk);

/* The state of the folder, opened for this stream (0: whichever it is of). */
MUST_CHECK int disk_recall(struct disk *disk, uint64_t stream, struct spool_state **state,
			   struct why *why);

/* Forgets the state: what is in the folder is of no stream any more. */
void disk_wipe(struct disk *disk);

/* Takes the blocks from *acked to *end. What is damaged becomes a hole; what is missing is refused.
 * is_lost: the memory is lost, and both may have moved on since they were noted: all blocks that
 * are whole are taken, and both say where those lie. */
MUST_CHECK int disk_take(struct disk *disk, uint64_t *acked, uint64_t *end, bool is_lost,
			 struct why *why);

/* A stretch behind the last block that is nowhere. */
MUST_CHECK int disk_add_hole(struct disk *disk, uint64_t end);

/* ---- the keeper ---- */

/* Whether the next block may begin. */
bool disk_may_put(const struct disk *disk);

/* Takes a block, to be written when the device has room. Its bytes lie aligned, and zeros follow
 * them up to a multiple of BLOCK_ALIGN; all stay as they are until they are safe, or it failed:
 * what is not sealed is written from there.
 * ERR_FULL: the limit is reached or the disk is full; else it refuses. The reason is in *why. */
MUST_CHECK int disk_put(struct disk *disk, uint64_t base, const uint8_t *bytes, size_t len,
			struct why *why);

/* Goes on with what is under way, waits for at most so long. 0, or an error of which the reason is
 * in *why: then nothing is under way any more, and what is not safe must be put again. */
MUST_CHECK int disk_work(struct disk *disk, struct nanos wait, struct why *why);

/* Begins a commit of what is written, unless one is under way. */
void disk_commit(struct disk *disk);

/* Whether the oldest that is not committed lies in a file that is full: it waits for no more. */
bool disk_has_turned(const struct disk *disk);

bool disk_is_busy(const struct disk *disk);
bool disk_has_uncommitted(const struct disk *disk);

/* All before it is safe on disk. */
uint64_t disk_safe(const struct disk *disk);

/* Where the blocks end that are being written or are not committed yet. */
uint64_t disk_tail(const struct disk *disk);

/* Gives back files that hold nothing any more, keeps one. */
void disk_tidy(struct disk *disk);

/* Looks at the spool's state, which must not change meanwhile; whether it should be noted in the
 * folder's own, once a second at most unless it is the last time. disk_note then does so, and takes
 * its time. */
bool disk_should_note(struct disk *disk, const struct spool_state *state, bool is_last);
void disk_note(struct disk *disk);

/* ---- the reader ---- */

/* As spool_peek and spool_hole; offset lies before disk_safe. */
size_t disk_peek(struct disk *disk, uint64_t offset, const uint8_t **bytes);
uint64_t disk_hole(struct disk *disk, uint64_t offset);

void disk_ack(struct disk *disk, uint64_t offset);

/* The same, by the keeper: what the reader was given stays as it is. */
void disk_trim(struct disk *disk, uint64_t offset);

/* Any thread. */
uint64_t disk_bytes(struct disk *disk); /* of the stream */
uint64_t disk_lost(struct disk *disk);  /* in holes that were come upon */

#endif
