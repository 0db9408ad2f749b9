/* One AF_PACKET socket and its TPACKET_V3 ring: blocks that the kernel fills and we read in
 * place.
 *
 *	slot:  0   1   2   3   4   5   6   7
 *	      [K] [K] [u] [r] [u] [U] [U] [K]      K the kernel's   U filled, not read yet
 *	                           ^next  ^kernel  r being read     u held by somebody
 *
 * A slot goes back to the kernel when the last reference to its block does, in any order. The
 * kernel goes round in order and stops (and counts drops) at a slot that is not its own, and so
 * do we: nothing that is held is ever overwritten. */
#ifndef CAP_LIVE_RING_H
#define CAP_LIVE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"
#include "cap/backend.h"
#include "cap/live_link.h"

enum { LIVE_FRESH_GROUP = 65536 }; /* not one of the kernel's 16-bit fanout groups */

/* Counts of a queue; rings come and go with the interface, these stay. Any thread. */
struct live_counts {
	_Atomic uint64_t received; /* packets in blocks handed out */
	_Atomic uint64_t returned; /* … in blocks that came back */
	_Atomic uint64_t filtered;
	_Atomic uint64_t dropped;
	_Atomic uint64_t bytes;
	_Atomic uint32_t unsaid; /* dropped, and no frame has told of it yet: one will that is */
	_Atomic int64_t unsaid_from; /* … of after this time */
	_Atomic int n_rings;         /* that exist: the one in use and those with blocks held */
	_Atomic bool is_starving;    /* the reader waits for a slot to come back … */
	int wake;                    /* … and is woken by this eventfd */
};

/* Wakes the queue's reader. Async-signal-safe. */
void live_counts_wake(const struct live_counts *c);

struct live_view;

struct live_slot {
	_Atomic bool is_held;
};

struct live_ring {
	struct live_counts *counts;
	struct source *source;
	uint8_t *map;
	int fd;
	int queue;
	uint32_t block_size;
	uint32_t n_blocks;
	uint32_t next;     /* slot */
	uint32_t snap_len; /* 0: all */
	uint32_t iface;
	uint32_t own_index; /* of the loopback interface, whose packets come twice; else 0 */
	uint16_t link;
	bool is_cooked;
	_Atomic uint32_t n_refs; /* the queue's and one a view */
	struct live_slot *slots;
	struct live_view *views;
	uint32_t n_views;                         /* ever used */
	struct live_view *free_views;             /* the reader's */
	struct live_view *_Atomic returned_views; /* pushed by any thread */
};

struct live_ring_options {
	const struct live_link *link;
	const struct source_options *source;
	uint32_t block_size;
	uint32_t n_blocks;
	uint32_t iface;
	uint32_t loopback_index;
	int *group; /* NULL: alone; else the fanout group to join: LIVE_FRESH_GROUP makes one */
};

/* Opens the socket with its ring, bound and in its group, but deaf until live_ring_hear. */
MUST_CHECK int live_ring_new(struct live_ring **out, const struct live_ring_options *options,
			     struct live_counts *counts, struct why *why);

/* Lets packets in: those that the filter accepts. */
MUST_CHECK int live_ring_hear(struct live_ring *r, const struct live_link *link, struct why *why);

/* Lets no more packets in; what came is still to be read. Any thread that owns a reference. */
void live_ring_deafen(const struct live_ring *r);

/* Gives up one reference; the last one closes. */
void live_ring_drop(struct live_ring **r);

/* Next filled block in the ring's order: 0; or ERR_AGAIN. The reader's thread only. */
MUST_CHECK int live_ring_block(struct live_ring *r, struct weir_block **out);

/* Whether the next slot's block is out, so that only its return can help. */
bool live_ring_is_starved(const struct live_ring *r);

/* Whether polling the socket would return at once without a block to read: the kernel looks at
 * the slot before its own, which may be ours still. */
bool live_ring_is_ahead(const struct live_ring *r);

/* False once the interface is gone for good: one of the same name is another. */
bool live_ring_is_bound(const struct live_ring *r);

/* Adds what the kernel dropped since the last call to the counts. Any thread that owns a
 * reference. */
void live_ring_count_drops(const struct live_ring *r);

#endif
