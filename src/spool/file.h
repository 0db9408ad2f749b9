/* Inside spool only: a file of the disk's folder. */
#ifndef SPOOL_FILE_H
#define SPOOL_FILE_H

#include <pthread.h>

#include "spool/device.h"
#include "spool/state.h"

enum { FILE_NAME_LEN = 40 };

struct file {
	struct file *next; /* of the same list, by number */
	uint64_t number;
	uint64_t size; /* bytes behind its head */
	uint64_t used; /* where the next block begins, from the file's beginning */
	uint64_t n_blocks;
	int fd;
	bool is_direct; /* without the kernel's cache */
};

struct file_place {
	int dir;
	const char *path;
	uint64_t stream;
	struct device *device;
};

void file_name(uint64_t number, char out[FILE_NAME_LEN]);
int file_number_of(const char *name, uint64_t *number);

/* The file's name for a reason or the log. */
void file_say(const struct file_place *place, uint64_t number, char *out, size_t size);

MUST_CHECK int file_new(struct file **out, const struct file_place *place, uint64_t number,
			uint64_t size, struct why *why);
MUST_CHECK int file_open(struct file **out, const struct file_place *place, uint64_t number,
			 struct why *why);

/* Gives one that holds nothing any more the number of the next. */
MUST_CHECK int file_again(struct file *f, const struct file_place *place, uint64_t number,
			  struct why *why);

/* A file that is made beside its owner's work, by a thread of its own. Zeroed, none is. */
struct file_maker {
	pthread_t thread;
	bool is_making;
	const struct file_place *place;
	struct file *file;
	bool is_again;
	uint64_t number, size;
	int rc;
};

/* Begins to make one: `again`, which is the maker's now, or a new one where it is NULL. ERR_NOMEM
 * or the like: no thread could be begun, nothing has changed. */
MUST_CHECK int file_make(struct file_maker *maker, const struct file_place *place,
			 struct file *again, uint64_t number, uint64_t size);
bool file_is_making(const struct file_maker *maker);

/* Waits for it: 0, or why not; *out is the file, or NULL where none was made or asked for. */
int file_made(struct file_maker *maker, struct file **out);

/* len bytes from at on, both multiples of BLOCK_ALIGN, to bytes that are aligned so: 0 or an errno;
 * EIO where there are fewer. */
int file_read(const struct file *f, uint64_t at, void *bytes, size_t len);

/* Closes it; it stays, or goes too. Sets NULL. */
void file_free(struct file **f);
void file_remove(struct file **f, const struct file_place *place);

#endif
