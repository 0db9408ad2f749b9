/* The frames of a link: u32 length of what follows, u8 type, body; integers in network order.
 *
 *	1 hello        JSON: {"role", "name", "version", "software"}, the first frame of each end
 *	2 message      JSON: one object with the key "type"
 *	3 records      u32 channel, u64 offset in the channel's stream, whole PS-PDUs
 *	4 acknowledge  u32 channel, u64 offset up to which the stream has arrived
 *	5 ping, 6 pong nothing
 *	7 refusal      JSON: {"reason"}, the last frame of one that refuses the other
 *	8 part         of a message that is longer than a frame: its next octets, before the
 *	               message frame with its last ones */
#ifndef LINK_FRAME_H
#define LINK_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/why.h"
#include "base/wr.h"

enum {
	LINK_VERSION = 1,
	LINK_LENGTH_LEN = 4,
	LINK_TYPE_LEN = 1,
	LINK_MARK_LEN = 12,         /* channel and offset */
	LINK_MAX_LENGTH = 16 << 20, /* what the length may say */
	LINK_MAX_HELLO = 4 << 10,   /* of a hello or a refusal: strangers may send those */
	LINK_MAX_RECORDS = LINK_MAX_LENGTH - LINK_TYPE_LEN - LINK_MARK_LEN,
	LINK_MAX_MESSAGE = LINK_MAX_LENGTH - LINK_TYPE_LEN,
	LINK_MAX_PART = 1 << 20,
};

#define LINK_FRAMES(X)                                                                             \
	X(1, HELLO, "hello")                                                                       \
	X(2, MESSAGE, "message")                                                                   \
	X(3, RECORDS, "records")                                                                   \
	X(4, ACKNOWLEDGE, "acknowledge")                                                           \
	X(5, PING, "ping")                                                                         \
	X(6, PONG, "pong")                                                                         \
	X(7, REFUSAL, "refusal")                                                                   \
	X(8, PART, "part")

enum link_type {
#define X(value, name, text) LINK_##name = value,
	LINK_FRAMES(X)
#undef X
};

const char *link_type_text(enum link_type type);

struct link_frame {
	enum link_type type;
	uint32_t channel; /* of RECORDS and ACKNOWLEDGE */
	uint64_t offset;
	const uint8_t *body; /* what follows; borrows the bytes that were read */
	size_t len;
};

/* Reads the frame at the front of the bytes: its size, with its length, as a positive number;
 * ERR_AGAIN: more bytes are needed; ERR_BAD with the reason: no frame of a link, or longer than
 * its type may be. */
MUST_CHECK ssize_t link_frame_read(const uint8_t *bytes, size_t len, struct link_frame *out,
				   struct why *why);

/* How many bytes the frame at the front needs in all, as far as its first bytes tell; never less
 * than LINK_LENGTH_LEN + LINK_TYPE_LEN, never more than a frame may have. */
size_t link_frame_need(const uint8_t *bytes, size_t len);

/* Writes a frame; false (and w is not ok) where its body is too long or w is full. */
bool link_frame_write(const struct link_frame *frame, struct wr *w);

/* The same, with the first n (at most len) octets of its body only: the rest must follow. */
bool link_frame_begin(const struct link_frame *frame, size_t n, struct wr *w);

#endif
