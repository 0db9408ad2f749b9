#include "trace/ifaces.h"

#include <stdlib.h>
#include <string.h>

static void entry_fini(struct iface_entry *e)
{
	free(e->name);
	free(e->comment);
	memset(e, 0, sizeof *e);
}

struct iface_entry *ifaces_next(struct ifaces *all)
{
	uint32_t n = ifaces_count(all);
	struct iface_entry **segment;
	struct iface_entry *e;

	if (n >= TRACE_MAX_IFACES)
		return NULL;
	segment = &all->segments[n / IFACES_SEGMENT];
	if (!*segment)
		*segment = calloc(IFACES_SEGMENT, sizeof **segment);
	if (!*segment)
		return NULL;
	e = &(*segment)[n % IFACES_SEGMENT];
	entry_fini(e); /* of an attempt that was never published */
	return e;
}

uint32_t ifaces_publish(struct ifaces *all)
{
	return atomic_fetch_add_explicit(&all->n, 1, memory_order_release);
}

void ifaces_fini(struct ifaces *all)
{
	for (uint32_t s = 0; s < IFACES_N_SEGMENTS && all->segments[s]; s++) {
		for (uint32_t i = 0; i < IFACES_SEGMENT; i++)
			entry_fini(&all->segments[s][i]);
		free(all->segments[s]);
		all->segments[s] = NULL;
	}
	atomic_store_explicit(&all->n, 0, memory_order_release);
}
