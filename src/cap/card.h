/* The counters of a network card and its driver, as the kernel has them: what never came as far as
 * a ring. Asked of rtnetlink, so that no file is opened.
 *
 *	card_open(&fd) ... card_look(fd, "eth1", &card), now and then ... close(fd)
 *
 * Counters of the kernel begin with the card; those here with the first look. One that is smaller
 * than before (another card of that name) begins anew. */
#ifndef CAP_CARD_H
#define CAP_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Constant; key in status and metrics; of rtnl_link_stats64; whether it counts packets that were
 * lost (else events, of which others count the packets, if at all); what it means. */
#define CARD_COUNTERS(X)                                                                           \
	X(DROPPED, "dropped", rx_dropped, true,                                                    \
	  "received, and dropped by the driver or the kernel for want of room or another reason")  \
	X(MISSED, "missed", rx_missed_errors, true, "missed by the host: the card had no room")    \
	X(ERRORS, "errors", rx_errors, true, "damaged: checksum, length, framing and others")      \
	X(FIFO, "fifo", rx_fifo_errors, false, "times that the receiving queue ran over")          \
	X(OVER, "over", rx_over_errors, false, "times that the receiver ran over")

enum card_counter {
#define X(name, key, member, is_loss, doc) CARD_##name,
	CARD_COUNTERS(X)
#undef X
		CARD_N_COUNTERS
};

struct card_facts {
	const char *key;
	const char *doc;
	bool is_loss;
};

/* By enum card_counter. */
extern const struct card_facts card_counters[CARD_N_COUNTERS];

/* All zero at first. */
struct card {
	bool is_known; /* it was seen */
	bool is_there; /* at the last look it was there, up, and had a carrier */
	uint64_t last[CARD_N_COUNTERS];
	uint64_t n[CARD_N_COUNTERS]; /* since the first look */
};

/* A socket for card_look: *fd, to be closed; -1 where it fails. */
MUST_CHECK int card_open(int *fd);

/* ERR_ABSENT: there is no such interface now; what was counted stays. */
MUST_CHECK int card_look(int fd, const char *name, struct card *card);

/* Packets that were lost, of all counters. */
uint64_t card_n_lost(const struct card *card);

/* For tests: takes the kernel's answer. ERR_ABSENT, ERR_BAD. */
MUST_CHECK int card_take(struct card *card, const uint8_t *answer, size_t len);

#endif
