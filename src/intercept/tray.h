/* Inside intercept only: what one worker holds of the block in hand. */
#ifndef INTERCEPT_TRAY_H
#define INTERCEPT_TRAY_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/packet.h>

#include "base/err.h"
#include "base/wr.h"
#include "watch/watch.h"

enum { TRAY_NONE = UINT32_MAX };

/* An IP packet that somebody gets: one layer of a frame. */
struct piece {
	const uint8_t *bytes;
	uint32_t len;       /* bytes that are here */
	uint32_t claim_len; /* bytes that its header claims; IPCC_LEN_UNKNOWN: it claims none */
	int64_t time_ns;
	int64_t latest_ns; /* of all frames of the block up to this one */
	bool has_time;
};

/* A piece for one session; from its turn on, a record. */
struct pending {
	uint32_t piece;
	uint32_t session;
	uint32_t seq;
	uint32_t next; /* of the same agency; TRAY_NONE: the last */
	uint8_t direction;
};

/* The block's records for one agency. */
struct run {
	uint32_t agency;
	uint32_t first;
	uint32_t last;
	uint64_t len;
	uint64_t offset;
};

/* A fragment whose datagram may be a tunnel's: what lies in it is found when it is whole. */
struct fragment {
	struct weir_frame frame; /* its bytes are the block's */
	uint32_t hits_from;      /* pending records [hits_from, before) are the same frame's */
	uint32_t before;         /* it comes before this pending record, in the order of the data */
	bool has_time;
	int64_t latest_ns; /* as a piece's */
};

struct tray {
	struct watch_hits hits;
	struct fragment *fragments;
	size_t n_fragments;
	size_t fragments_size;
	uint8_t **owned; /* datagrams put together, until the block is done */
	size_t n_owned;
	size_t owned_size;
	struct piece *pieces;
	size_t n_pieces;
	size_t pieces_size;
	struct pending *pending;
	size_t n_pending;
	size_t pending_size;
	struct run *runs; /* as many as agencies */
	uint32_t n_runs;
	uint32_t *run_of; /* agency -> its run; TRAY_NONE: none in this block */
	struct wr w;      /* encoded, on its way to a file */
	uint64_t n_packets;
	int64_t first_ns; /* of the block's frames */
	int64_t latest_ns;
	bool has_time;
	uint32_t n_agencies;
};

MUST_CHECK int tray_new(struct tray **out, const struct watch *watch, uint32_t n_agencies);
void tray_free(struct tray **tray);

/* Forgets the block. */
void tray_clear(struct tray *tray);

/* Decodes frames, finds who gets them, and notes that. */
MUST_CHECK int tray_take(struct tray *tray, const struct watch *watch, struct weir_frame *frames,
			 int n);

/* Finds who gets what lies in a datagram that was put together from fragments; it becomes the
 * tray's. Its outermost layer had its hits as fragments, and so had the sessions of the pending
 * records that came with the fragment (NULL: unknown). Appends pending records. */
struct net_whole;
MUST_CHECK int tray_take_whole(struct tray *tray, const struct watch *watch,
			       struct net_whole *whole, const struct fragment *fragment);

/* Puts a pending record of len bytes at the end of its agency's run. */
void tray_put(struct tray *tray, uint32_t i, uint32_t agency, size_t len);

#endif
