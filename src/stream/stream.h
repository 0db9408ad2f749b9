/* The octets that TCP connections carry, in order, as somebody sees them who listens on the way.
 *
 *	segments in any order,      pieces in the stream's order,
 *	twice, overlapping      ──► each octet once; where octets are      ──► on_piece
 *	or missing                  missing, the next piece says how many
 *
 * A hole is taken for lost when its octets have not come within gap_wait; when the receiver has
 * acknowledged them, so that nobody will send them again; or when too much waits behind it.
 *
 * A connection may be met midway: its first segment is where its stream begins. No clock is asked:
 * time is that of the segments, and of stream_tick. Memory is bounded; when there are too many
 * connections those go first that have carried nothing, then those that nobody keeps, and each
 * time the one that was silent for longest. */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include <weir/packet.h>

#include "base/err.h"
#include "base/nanos.h"
#include "net/ip.h"

enum { STREAM_FIN = 1, STREAM_SYN = 2, STREAM_RST = 4, STREAM_ACK = 16 };

/* A TCP segment; borrows the packet. */
struct stream_segment {
	struct net_ip src;
	struct net_ip dst;
	uint16_t src_port;
	uint16_t dst_port;
	uint8_t flags; /* STREAM_SYN and its like */
	uint32_t seq;
	uint32_t ack; /* with STREAM_ACK */
	struct nanos time;
	const uint8_t *bytes;
	size_t len;
};

/* The innermost segment of a packet; false where it has none that is whole enough. */
bool stream_segment_of(const struct weir_packet *p, struct stream_segment *out);

/* Octets in order, of one direction. All is borrowed until the call returns, but *mark and
 * *is_kept, which are the receiver's to set. */
struct stream_piece {
	uint64_t id; /* of the connection: never 0, never used twice */
	const struct net_ip *src;
	const struct net_ip *dst;
	uint16_t src_port;
	uint16_t dst_port;
	unsigned side;     /* 0 or 1: which of the connection's directions */
	struct nanos time; /* of what made it come */
	uint64_t offset;   /* of its first octet in the stream; lost ones count */
	uint64_t lost;     /* octets missing right before it; 0: none */
	const uint8_t *bytes;
	size_t len;
	void **mark;   /* the receiver's, one a direction; NULL at first */
	bool *is_kept; /* true: not to make room for connections that nobody keeps */
};

#define STREAM_CAUSES(X)                                                                           \
	X(FIN, "fin", "both sides have ended it")                                                  \
	X(RESET, "reset", "a side has reset it")                                                   \
	X(REPLACED, "replaced", "another connection began between the same ports")                 \
	X(IDLE, "idle", "it was silent for too long")                                              \
	X(EVICTED, "evicted", "there were too many")                                               \
	X(FREED, "freed", "the table was ended or freed")

enum stream_cause {
#define X(name, key, text) STREAM_BY_##name,
	STREAM_CAUSES(X)
#undef X
};

/* The connection with this id is gone; what its marks point to is the receiver's to free. */
typedef void (*stream_end_fn)(void *arg, uint64_t id, enum stream_cause cause, void *marks[2]);
typedef void (*stream_piece_fn)(void *arg, const struct stream_piece *piece);

struct stream_options {
	uint32_t max_streams;    /* connections; 0: 65,536 */
	uint32_t max_held;       /* octets that wait, of one direction; 0: 262,144 */
	uint64_t max_held_total; /* … of all; 0: 64 MiB */
	struct nanos gap_wait;   /* 0: 2 s */
	struct nanos idle_limit; /* 0: 2 h */
	uint64_t seed;           /* of the hash: something that strangers cannot guess */
	stream_piece_fn on_piece;
	stream_end_fn on_end; /* may be NULL */
	void *arg;
};

#define STREAM_COUNTS(X)                                                                           \
	X(SEGMENTS, "segments", "segments fed")                                                    \
	X(OCTETS, "octets", "octets given")                                                        \
	X(OLD, "old", "segments that brought nothing new")                                         \
	X(EARLY, "early", "segments that had to wait for those before them")                       \
	X(STRANGE, "strange", "segments passed over: far outside of any window")                   \
	X(GAPS, "gaps", "holes that were given up")                                                \
	X(LOST, "lost", "octets in them")                                                          \
	X(BAD_RESETS, "bad_resets", "resets passed over: outside of the window")                   \
	X(EVICTED, "evicted", "connections ended: there were too many")                            \
	X(NO_MEMORY, "no_memory", "segments refused: out of memory")

enum stream_count {
#define X(name, key, text) STREAM_COUNT_##name,
	STREAM_COUNTS(X)
#undef X
		STREAM_N_COUNTS
};

struct stream_table;

MUST_CHECK int stream_table_new(struct stream_table **out, const struct stream_options *options);
/* Gives what waits behind holes, and ends every connection; what was counted stays. */
void stream_table_end(struct stream_table *t);
/* The same, and frees the table. */
void stream_table_free(struct stream_table **t);

void stream_feed(struct stream_table *t, const struct stream_segment *segment);
/* Whether the segment's connection is in the table. */
bool stream_knows(const struct stream_table *t, const struct stream_segment *segment);
/* It is now this late: needed only where no segments come. */
void stream_tick(struct stream_table *t, struct nanos now);

uint64_t stream_count(const struct stream_table *t, enum stream_count which);
uint32_t stream_n_live(const struct stream_table *t);
const char *stream_count_key(enum stream_count which);
const char *stream_cause_text(enum stream_cause cause);

#endif
