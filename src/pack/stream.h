/* A stream: the bytes inside a compressed input, undone by a thread of its own, some way ahead
 * of whoever reads them. */
#ifndef PACK_STREAM_H
#define PACK_STREAM_H

#include "pack/codec.h"
#include "pack/input.h"

struct stream;

/* Starts on an open input, which it borrows until stream_free. enter is the first that the thread
 * calls, before it reads; what it fails with the reader gets. NULL: nothing is called. */
MUST_CHECK int stream_new(struct stream **out, struct input *in, const struct codec *codec,
			  int (*enter)(void));

/* Ends the thread (the input is stopped) and forgets what was not read. Sets NULL. */
void stream_free(struct stream **s);

/* As input_peek: shows what is there at the start, and more at each call. Until the first read. */
MUST_CHECK int stream_peek(struct stream *s, uint8_t *to, size_t size, size_t *len);

/* As input_read. Damage is reported after all that precedes it; stream_why has the reason. One
 * reader at a time. */
MUST_CHECK int stream_read(struct stream *s, void *to, size_t size, struct nanos wait, size_t *got);

/* Whether stream_read would give so many bytes, or the end, at once. Only for the reader. */
bool stream_is_ready(struct stream *s, size_t size);

const struct why *stream_why(const struct stream *s);

#endif
