/* A spool: a log of bytes for one destination, in a directory of its own, until acknowledged.
 *
 *	acked            committed end        reserved end
 *	  |  to be read       |  being filled      |
 *	  [ segment ][ segment        ][ segment        ]     each a file, mapped into memory
 *
 * One thread at a time reserves, any threads fill and commit, in any order; one reads and
 * acknowledges. The reader sees the committed prefix only. Offsets count the bytes of the stream
 * from its very beginning, through all restarts; a reservation lies contiguous in one segment.
 *
 * What is committed outlives the process, however it ends (kill -9): a commit is a store into
 * memory that the kernel keeps. What was reserved but not committed is cut off at the next open.
 * It does not outlive the machine, unless the directory's file system had it written by then. */
#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"

struct spool;

enum {
	SPOOL_USER_MAX = 16000,      /* bytes of the user area */
	SPOOL_SEGMENT_MIN = 64 << 10 /* bytes */
};

struct spool_options {
	uint64_t segment_size; /* bytes of a file; 0: 16 MiB, but at most a quarter of limit. A
				    longer reservation gets a file of its own length */
	uint64_t limit;        /* bytes of all files together; 0: 1 GiB */
};

/* Reserved bytes, to be filled. */
struct spool_claim {
	uint8_t *bytes;
	size_t len;
	uint64_t offset; /* in the stream */
	uint64_t ticket; /* the spool's own */
};

/* Opens the spool in dir, which is made (0700, files 0600) where it is not there; its parent must
 * be. What was committed is there again. Refused with the file's name and the offset in it: a file
 * that is torn, of another spool or version; bytes that are missing; a directory that another
 * process has open (ERR_ACCESS). options may be NULL. */
MUST_CHECK int spool_open(struct spool **out, const char *dir, const struct spool_options *options,
			  struct why *why);

/* No thread may still use it. What is reserved and not committed is lost. Sets NULL. */
void spool_close(struct spool **s);

/* A number of this stream, drawn at random when it began: who remembers an offset remembers this
 * beside it, since a spool that was lost and made again starts at 0. */
uint64_t spool_id(const struct spool *s);

/* Reserves the next len (> 0) bytes. One thread at a time, in the order of the stream. ERR_FULL
 * where the limit is reached or the disk is full, ERR_IO, ERR_ACCESS, ERR_NOMEM: nothing is
 * reserved then, and it may be tried again. Allocates a file now and then, no memory. */
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

/* How many bytes its files take now, and may take. Any thread. */
uint64_t spool_size(struct spool *s);
uint64_t spool_limit(const struct spool *s);

/* The committed bytes from offset on that lie in one piece: how many, and *bytes is good until
 * they are acknowledged; 0 where offset is the end, beyond it, or before what is acknowledged and
 * gone. The pieces of one spool end where reservations ended, never within one. The reader's. */
size_t spool_peek(struct spool *s, uint64_t offset, const uint8_t **bytes);

/* Everything before offset may go; beyond the end, or behind an earlier one, it is ignored. The
 * reader's. Files go when all of their bytes are acknowledged. */
void spool_ack(struct spool *s, uint64_t offset);

/* A descriptor (eventfd) that is readable once the end has moved since the last spool_hush; hush
 * first, then look at the end. The spool's; do not close it. */
int spool_bell(const struct spool *s);
void spool_hush(struct spool *s);

#endif
