/* A source in memory, for the engine's tests: as many packets as are wanted, numbered, with every
 * delay and failure that a real one may have. */
#ifndef ENGINE_FAKE_SOURCE_H
#define ENGINE_FAKE_SOURCE_H

#include "cap/source.h"

struct fake_options {
	int n_queues; /* 0: 1 */
	bool is_live;
	bool is_lopsided; /* live: all packets come on queue 0 */
	uint64_t n_packets;
	uint32_t per_block; /* packets a block; 0: 100 */
	uint32_t n_blocks;  /* out at once; 0: 64 */
	uint32_t n_flows;   /* that the packets belong to; 0: 1 */
	int64_t first_ns;
	int64_t step_ns;   /* from one packet to the next */
	uint32_t delay_us; /* source_block takes up to so long, at random */
	bool is_moody;     /* source_block says ERR_AGAIN now and then */
	int end;           /* what comes after the last packet; 0: ERR_END */
};

/* What each packet's bytes are. When a block is back they are overwritten. */
struct fake_packet {
	uint64_t number; /* 0.. over all queues of a file; of a live source, in its queue */
	uint32_t flow;
	uint32_t check; /* fake_check */
};

MUST_CHECK int fake_source_new(struct source **out, const struct fake_options *options);

/* The packet of a frame, as it is there. */
struct fake_packet fake_packet_of(const struct weir_frame *frame);
bool fake_packet_is_whole(const struct weir_frame *frame);

uint32_t fake_flow(uint64_t number, uint32_t n_flows);
uint32_t fake_hash(const struct weir_frame *frame); /* by flow */
uint32_t fake_blocks_out(const struct source *s);
uint32_t fake_blocks_most(const struct source *s); /* that were ever out at once */

/* Sleeps for up to so many µs, at random. */
void fake_delay(uint32_t most_us);

#endif
