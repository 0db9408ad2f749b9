/* Inside spool only: what the parts of disk.h share: disk.c, which opens, disk_write.c and
 * disk_read.c. */
#ifndef SPOOL_DISK_PARTS_H
#define SPOOL_DISK_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "spool/disk.h"
#include "spool/file.h"

enum { N_CACHED = 4, N_BUFFERS = DEVICE_DEPTH + 2 /* are made while others are written */ };

/* A block's place. */
struct entry {
	uint64_t base, len; /* in the stream */
	struct file *file;  /* NULL: a hole */
	uint64_t at, room;  /* in the file */
	uint32_t n_left;    /* pieces that are not written yet */
	uint32_t buffer;    /* … from which */
};

/* A block that was read. */
struct cached {
	uint64_t base, len;
	struct block_bytes block; /* no bytes: this place is free */
	uint64_t used;            /* when: a count */
};

struct buffer {
	uint8_t *bytes;          /* aligned, in the disk's memory for buffers */
	uint32_t n_left;         /* pieces of it that are not written yet */
	const uint8_t *bytes_at; /* of a block whose head alone is here: its bytes; or NULL */
};

struct disk {
	char *path;
	struct file_place place;
	uint64_t limit, file_size;
	struct block_seal seal;
	struct device *device;
	struct spool_state state;

	pthread_mutex_t lock; /* entries and bytes */
	/* Entries by number modulo n_entries (a power of two): head .. safe .. tail. */
	struct entry *entries;
	uint64_t n_entries, head, safe, tail;
	uint64_t bytes; /* from head to safe, without holes */
	_Atomic uint64_t safe_end, lost;

	/* the keeper's */
	struct file *first, *last;
	struct file *spare;             /* holds nothing; or NULL */
	struct file *next;              /* … and has the next number already; or NULL */
	struct file_maker maker;        /* … or is being made */
	const struct file *next_failed; /* the last one, for which no next one could be made */
	uint64_t total;                 /* bytes of all files */
	uint64_t next_number;
	struct block_plan plan;
	uint8_t *memory; /* of the buffers, in large pages where there are any */
	size_t buffer_size;
	struct buffer buffers[N_BUFFERS];
	uint64_t begun, begun_at; /* entry and place in it of the next piece to be written */
	uint64_t sync_mark;
	int n_writing, error;
	bool is_syncing;
	int64_t noted_at; /* ns of the monotonic clock */
	uint64_t noted_safe, noted_acked, noted_end;
	size_t noted_len;
	uint8_t noted_user[SPOOL_USER_MAX];

	/* the reader's */
	struct cached cached[N_CACHED];
	uint64_t n_used;
	uint8_t *read_bytes;
	size_t read_size;
};

static inline struct entry *disk_entry(const struct disk *d, uint64_t i)
{
	return &d->entries[i & (d->n_entries - 1)];
}

/* What of a block's bytes is stored behind its head. */
static inline struct rd behind_head(const uint8_t *bytes, uint64_t room)
{
	struct rd r = rd_of(bytes, room);

	rd_skip(&r, BLOCK_HEAD_LEN);
	return r;
}

MUST_CHECK int disk_push(struct disk *d, const struct entry *e);
void disk_forget_cached(struct disk *d);

/* Behind the last one. */
void disk_add_file(struct disk *d, struct file *f);

/* All entries up to this one are safe. */
void disk_set_safe(struct disk *d, uint64_t safe);

/* Room for size aligned bytes. */
MUST_CHECK int disk_grow(uint8_t **bytes, size_t *have, size_t size);

#endif
