/* Inside spool only: the file "state" of a spool, mapped: who the stream is, its end, what is
 * acknowledged, and the user area. A spool with a disk keeps a second one there, which its keeper
 * brings up to date now and then: for the day on which the memory is lost with the machine.
 *
 *	0 head | 1024 acked | 1032 disk end | 4096 slot 0 | 20480 slot 1
 *
 * End and user area stand in the older of two slots when they change, and count once its
 * generation and hash are written: whenever the process dies, one slot is whole. Numbers are in
 * the machine's own byte order, which the head names. */
#ifndef SPOOL_STATE_H
#define SPOOL_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"
#include "spool/spool.h"

enum {
	SPOOL_VERSION = 2,
	SPOOL_PAGE = 4096,
	STATE_SLOT_LEN = 4 * SPOOL_PAGE,
	STATE_LEN = SPOOL_PAGE + 2 * STATE_SLOT_LEN,
	STATE_ACKED_AT = 1024,
	STATE_DISK_END_AT = STATE_ACKED_AT + 8,
};

#define SPOOL_MAGIC UINT64_C(0x314c4f4f50534957) /* "WISPOOL1" where bytes are little-endian */

/* What every file of a spool begins with. */
struct spool_head {
	uint64_t magic;
	uint32_t version;
	uint32_t order;    /* 0x01020304 */
	uint64_t id;       /* of the stream */
	uint64_t base;     /* a segment's first byte in the stream; none: UINT64_MAX */
	uint64_t size;     /* bytes of stream that fit; the state file: 0 */
	uint64_t form;     /* 0: bytes as they are */
	uint64_t spare[8]; /* 0 */
	uint64_t hash;     /* of all before it */
};

struct spool_slot {
	_Atomic uint64_t generation;
	uint64_t end;
	uint64_t user_len;
	uint64_t user_hash;
	uint64_t hash; /* of the four before it */
	uint8_t user[SPOOL_USER_MAX];
};

struct spool_state {
	int fd; /* -1: none */
	uint8_t *map;
	struct spool_slot *slots[2];
	_Atomic uint64_t *acked;
	_Atomic uint64_t *disk_end; /* all before it is on disk, or acknowledged */
	uint64_t id;
	uint64_t generation; /* of the slot that counts */
	int now;             /* which that is */
	bool is_old[2];      /* a slot's user area is not the current one */
	bool is_new;         /* there was none */
};

uint64_t spool_hash(const void *bytes, size_t len);
void spool_head_fill(struct spool_head *head, uint64_t id, uint64_t base, uint64_t size);

/* 0 or ERR_BAD with the reason and its offset in the file. id 0: any. */
MUST_CHECK int spool_head_check(const struct spool_head *head, uint64_t id, struct why *why);

/* What a state that is made begins with. */
struct state_start {
	uint64_t id; /* 0: drawn; one that is there may have any */
	uint64_t acked, disk_end, end;
	const void *user;
	size_t user_len;
};

/* Opens dir's state, of start's stream, or makes one; dir is an open folder, path its name for
 * messages. */
MUST_CHECK int state_open(struct spool_state *state, int dir, const char *path,
			  const struct state_start *start, struct why *why);
void state_close(struct spool_state *state);

/* Whether dir has a state; takes it away. */
bool state_is_there(int dir);
void state_remove(int dir);

/* Replaces end and, where user is not NULL, the user area, in one step. One thread at a time. */
void state_write(struct spool_state *state, uint64_t end, const void *user, size_t user_len);

uint64_t state_end(const struct spool_state *state);

/* The user area; *user is good until the next write. */
size_t state_user(const struct spool_state *state, const void **user);

/* Has the kernel write it to the disk: 0 or an errno. */
int state_sync(struct spool_state *state);

#endif
