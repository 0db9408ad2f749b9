/* The interfaces of one file. It only grows, and nothing in it ever moves, so that other threads
 * read the interfaces of frames that they were given without a lock. */
#ifndef TRACE_IFACES_H
#define TRACE_IFACES_H

#include <stdatomic.h>

#include "trace/reader.h"

enum { IFACES_SEGMENT = 64, IFACES_N_SEGMENTS = TRACE_MAX_IFACES / IFACES_SEGMENT };

/* How the times of an interface become nanoseconds: ns = ticks * mul / div + offset, or, where
 * shift is not 0, ticks in units of 2^-shift seconds. */
struct iface_clock {
	int64_t offset_ns;
	uint64_t mul;
	uint64_t div;
	uint8_t shift;
};

struct iface_entry {
	struct weir_iface seen; /* what others see */
	struct iface_clock clock;
	char *name; /* owned; seen points to them */
	char *comment;
};

struct ifaces {
	struct iface_entry *segments[IFACES_N_SEGMENTS];
	_Atomic uint32_t n;
};

/* A new entry, all zero, which is not seen by others until ifaces_publish; NULL when there are
 * TRACE_MAX_IFACES already or memory is out. */
struct iface_entry *ifaces_next(struct ifaces *all);

/* Counts the entry of the last ifaces_next in; returns its index. */
uint32_t ifaces_publish(struct ifaces *all);

void ifaces_fini(struct ifaces *all);

static inline uint32_t ifaces_count(const struct ifaces *all)
{
	return atomic_load_explicit(&all->n, memory_order_acquire);
}

static inline struct iface_entry *ifaces_at(const struct ifaces *all, uint32_t i)
{
	return i < ifaces_count(all) ? &all->segments[i / IFACES_SEGMENT][i % IFACES_SEGMENT]
				     : NULL;
}

#endif
