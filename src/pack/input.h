/* An input: the bytes of a file, a pipe or standard input as they lie there, with a first look
 * at them that consumes nothing. */
#ifndef PACK_INPUT_H
#define PACK_INPUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"

enum { INPUT_PEEK = 4096 };

struct input {
	int fd;
	int stop_fd;   /* readable from input_stop on */
	int ender;     /* whoever opened it: readable where it shall end; -1: none */
	bool is_plain; /* a regular file: pieces may be read at any offset, by many threads */
	uint64_t base; /* plain: where it begins in the file (standard input may stand anywhere) */
	uint64_t size; /* plain: bytes from there to the end, at opening; else 0 */
	_Atomic bool is_stopped;
	_Atomic uint64_t n_read; /* consumed by input_read */
	struct why why;          /* after ERR_IO: the reason */
	size_t n_peeked;         /* bytes of peek that are filled … */
	size_t n_taken;          /* … and consumed */
	uint8_t peek[INPUT_PEEK];
};

/* Opens path ("-": standard input, whose descriptor stays open). A named pipe waits for its
 * writer. ender is borrowed until input_close: once it is readable every wait ends with
 * ERR_STOPPED, that of input_peek too, which nobody can reach by input_stop yet. -1: none. */
MUST_CHECK int input_open(struct input *in, const char *path, int ender, struct why *why);
void input_close(struct input *in);

/* Shows what is there at the start: more of it by each call, up to INPUT_PEEK, waiting for it as
 * long as it takes. 0, or ERR_END when there is no more to show. A signal or the ender ends the
 * wait with ERR_STOPPED. */
MUST_CHECK int input_peek(struct input *in);

/* Reads what is there, up to size bytes; waits up to wait for the first one (negative: for ever).
 * 0 with *got > 0; ERR_END; ERR_AGAIN after the wait; ERR_STOPPED; or ERR_IO. One reader at a
 * time. */
MUST_CHECK int input_read(struct input *in, void *to, size_t size, struct nanos wait, size_t *got);

/* Plain inputs: fills to from offset (counted from base). Returns how much came, less than size
 * only at the end or where *errnum is set (else 0). Any thread. */
size_t input_pread(const struct input *in, void *to, size_t size, uint64_t offset, int *errnum);

/* Whether a read would not wait now. */
bool input_is_ready(struct input *in);

/* Every waiting and coming input_read returns ERR_STOPPED. Safe in a signal handler. */
void input_stop(struct input *in);

#endif
