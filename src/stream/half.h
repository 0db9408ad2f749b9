/* One direction of a TCP connection: its octets in order, out of segments in any.
 *
 *	given ──────────► next        chunks: what came early, sorted, apart from one another
 *	═══════════════════│░░░░░░░░░│███████│░░░│███│
 *	                     a hole
 *
 * What was given stays as it is: a segment that brings other octets for it is passed over (RFC 9293
 * 3.10.7.4: what is outside of the window is trimmed). Of what waits, the first to come counts. */
#ifndef STREAM_HALF_H
#define STREAM_HALF_H

#include "base/list.h"
#include "base/nanos.h"

enum {
	HALF_MAX_CHUNKS = 256, /* that wait, of one direction */
	HALF_CHUNK_COST = 64,  /* octets that each counts for beside its own */
	HALF_WINDOW = 4 << 20, /* octets that a segment may be ahead before it is strange */
};

struct half_chunk;

struct half {
	struct half_chunk *chunks; /* sorted; none begins at next or before */
	struct list in_holes;      /* among those with chunks, by the age of their hole */
	struct nanos hole_since;
	uint64_t offset;   /* in the stream: octets given or lost so far */
	uint32_t next;     /* sequence number that is expected */
	uint32_t strange;  /* where the strange segment seen last would go on */
	uint32_t fin;      /* sequence number behind the last octet */
	uint32_t n_chunks; /* that wait */
	uint32_t cost;     /* of them */
	uint8_t side;      /* of its connection */
	bool is_begun;     /* next is known */
	bool has_strange;
	bool has_fin;
	bool is_over; /* the FIN was reached, or the connection ended */
};

/* Octets in order: lost ones are missing right before them. */
typedef void (*half_give_fn)(void *arg, uint64_t lost, const uint8_t *bytes, size_t len);

struct half_sink {
	half_give_fn give;
	void *arg;
};

/* What became of a segment. */
enum half_result { HALF_GIVEN, HALF_HELD, HALF_OLD, HALF_STRANGE, HALF_NO_MEMORY };

void half_init(struct half *h, uint8_t side);
void half_fini(struct half *h);

/* Where the stream begins, as its SYN says. */
void half_begin(struct half *h, uint32_t seq);
/* It ends before this sequence number. */
void half_end(struct half *h, uint32_t seq);

/* Takes a segment's octets: gives those that are next, holds those that are early. A segment
 * ahead by more than HALF_WINDOW is strange: passed over, unless it goes on where the strange one
 * before it ended; then what lies between is lost. */
enum half_result half_take(struct half *h, uint32_t seq, const uint8_t *bytes, size_t len,
			   const struct half_sink *sink);

/* Takes the hole before the first chunk for lost, and gives what follows; octets lost. */
uint64_t half_skip(struct half *h, const struct half_sink *sink);

/* Whether the receiver has acknowledged octets of the first chunk, and so has what lies before. */
bool half_is_acknowledged(const struct half *h, uint32_t ack);

#endif
