/* A spool: a log of bytes for one destination, in a directory of its own, until acknowledged.
 *
 *	acked        disk end            committed end        reserved end
 *	  | block | block | [ segment ][ segment ][ segment      ]
 *	  on disk, oldest    in memory, each a mapped file        spare segments, made beforehand
 *
 * One thread at a time reserves, any threads fill and commit, in any order; one reads and
 * acknowledges. The reader sees the committed prefix only. Offsets count the bytes of the stream
 * from its very beginning, through all restarts; a reservation lies contiguous in one segment.
 *
 * The directory is meant for memory (tmpfs). Where a second one is given, on a disk, the oldest
 * full segments move there before the budget of memory is spent, sealed where there are keys; who
 * reads does not see a difference. A thread of the spool, its keeper, makes and takes away files
 * and writes to the disk: who reserves, fills or commits makes no system call but a futex's.
 *
 * What is committed outlives the process, however it ends (kill -9): a commit is a store into
 * memory that the kernel keeps. What was reserved but not committed is cut off at the next open.
 * What is on disk outlives the machine; what is in memory does so only where the directory's file
 * system had it written by then. */
#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"

struct spool;
struct spool_device; /* spool/device.h */
struct vault;        /* seal/vault.h */

enum {
	SPOOL_USER_MAX = 16000,       /* bytes of the user area */
	SPOOL_SEGMENT_MIN = 64 << 10, /* bytes */
	SPOOL_QUIET_LOOKS = 10,
};

/* Tells whose the record is that these bytes begin with: its length, and in *name, of *name_len
 * (at most 255) bytes, by which key it is sealed. 0: they begin none; they are then sealed
 * together by the key that has no name. The keeper's thread calls it. */
typedef size_t (*spool_owner_fn)(const uint8_t *bytes, size_t len, const uint8_t **name,
				 size_t *name_len);

struct spool_options {
	uint64_t segment_size; /* bytes of a segment; 0: with its head 2 MiB, a large page, but at
				    most a quarter of limit. A longer reservation gets a segment of
				    its own length */
	uint64_t limit;        /* bytes of all segments in memory; 0: 1 GiB */
	const char *disk;      /* folder for what finds no room in memory; NULL: none */
	uint64_t disk_limit;   /* bytes of all files there; 0: 16 GiB */
	struct vault *vault;   /* keys that seal what is on disk; NULL: it lies there as it is */
	spool_owner_fn owner;  /* … by whose key; NULL: all by the one without a name */
	struct nanos patience; /* the longest wait of spool_reserve for the keeper where memory has
				  no room; 0: 15 ms. Where it has, at least 2 s */
	const struct spool_device *device; /* how a disk is written; NULL: as it does best */
};

/* Reserved bytes, to be filled. */
struct spool_claim {
	uint8_t *bytes;
	size_t len;
	uint64_t offset; /* in the stream */
	uint64_t ticket; /* the spool's own */
};

/* Opens the spool in dir, which is made (0700, files 0600) where it is not there, as the folder on
 * disk is; their parents must be. What was committed is there again. Refused with the file's name
 * and the offset in it: a file that is torn, of another spool or version; bytes that are missing;
 * a directory that another process has open (ERR_ACCESS). A block on disk that is damaged becomes
 * a hole, which is logged with file and offset. Memory that was lost with the machine leaves a
 * hole behind what the disk has. options may be NULL. Starts the keeper's thread. */
MUST_CHECK int spool_open(struct spool **out, const char *dir, const struct spool_options *options,
			  struct why *why);

/* No thread may still use it. What is reserved and not committed is lost. Sets NULL. */
void spool_close(struct spool **s);

/* A number of this stream, drawn at random when it began: who remembers an offset remembers this
 * beside it, since a spool that was lost and made again starts at 0. */
uint64_t spool_id(const struct spool *s);

/* Reserves the next len (> 0) bytes. One thread at a time, in the order of the stream. ERR_FULL
 * where both budgets are spent, or the keeper was not ready within the patience; ERR_NOMEM:
 * nothing is reserved then, and it may be tried again. Opens no file. */
MUST_CHECK int spool_reserve(struct spool *s, size_t len, struct spool_claim *claim);

/* The reason of the last spool_reserve or spool_append that failed; the reserver's to read. */
const struct why *spool_why(const struct spool *s);

/* The claim's bytes are filled. Any thread, any order; once for each claim. The end moves when
 * all claims before it are committed too. */
void spool_commit(struct spool *s, const struct spool_claim *claim);

/* Reserves, copies and commits. */
MUST_CHECK int spool_append(struct spool *s, const void *bytes, size_t len);

/* The user area: up to SPOOL_USER_MAX bytes that change together with the committed end: after a
 * kill, both are old or both are new. spool_commit_with commits the claim and replaces the area
 * in one step; only where no other claim is open (a spool of one thread). spool_set_user replaces
 * the area alone. */
void spool_commit_with(struct spool *s, const struct spool_claim *claim, const void *user,
		       size_t user_len);
void spool_set_user(struct spool *s, const void *user, size_t user_len);

/* The area as it is now: its length; *user is good until the next commit. */
size_t spool_user(const struct spool *s, const void **user);

/* Where the committed bytes end, and up to where they are acknowledged. Any thread. */
uint64_t spool_end(const struct spool *s);
uint64_t spool_acked(const struct spool *s);

/* Where the reserved bytes end; what of them is not committed yet will be, or is cut off at the
 * next open. Any thread. */
uint64_t spool_reserved(struct spool *s);

/* How many bytes of the stream its files hold now, and may hold. Any thread. */
uint64_t spool_size(struct spool *s);
uint64_t spool_limit(const struct spool *s);

/* The committed bytes from offset on that lie in one piece: how many, and *bytes is good until
 * the next spool_peek or spool_ack; 0 where offset is the end, beyond it, before what is
 * acknowledged and gone, or in a hole. The pieces of one spool end where reservations ended, never
 * within one. The reader's. Reads from the disk where the bytes are there. */
size_t spool_peek(struct spool *s, uint64_t offset, const uint8_t **bytes);

/* As spool_peek, but the piece ends with the last reservation that ends within `most` bytes, where
 * that is known (not of what is on disk, or was there before the spool was opened). */
size_t spool_peek_most(struct spool *s, uint64_t offset, size_t most, const uint8_t **bytes);

/* Where bytes can be read again that lie at or behind offset: offset itself unless it lies in a
 * hole, a stretch that cannot be read any more: its key was destroyed, it is damaged on disk, or it
 * was in memory that was lost. The reader's; it logged the hole when it came upon it. */
uint64_t spool_hole(struct spool *s, uint64_t offset);

/* Everything before offset may go; beyond the end, or behind an earlier one, it is ignored. The
 * reader's. Files go when all of their bytes are acknowledged. */
void spool_ack(struct spool *s, uint64_t offset);

/* What is acknowledged does not stay in memory for ever: segments that were not used since
 * SPOOL_QUIET_LOOKS such calls are overwritten with zeros, at most about so many bytes each time.
 * Gives how many they were. The reader's, every second or so. */
size_t spool_scour(struct spool *s, size_t most);

/* A descriptor (eventfd) that is readable once the end has moved since the last spool_hush; hush
 * first, then look at the end. The spool's; do not close it. */
int spool_bell(const struct spool *s);
void spool_hush(struct spool *s);

/* What a spool tells of itself. */
struct spool_stats {
	uint64_t memory, disk; /* bytes of the stream that are there now */
	uint64_t ready;        /* bytes that can be reserved without the keeper */
	uint64_t spilled;      /* bytes that went to disk since it was opened */
	uint64_t lost;         /* bytes in holes that the reader came upon */
	uint64_t n_refused;    /* reservations that found no room */
	uint64_t n_waits;      /* reservations that waited for the keeper */
	struct nanos worst;    /* the longest that spool_reserve took */
	bool is_on_disk;       /* something is there now */
	bool is_memory_lost;   /* when it was opened its memory was gone, and its disk was not */
	bool is_disk_refusing; /* the last write or new file failed: full, read-only, broken */
};

/* Any thread. */
struct spool_stats spool_stats(struct spool *s);

#endif
