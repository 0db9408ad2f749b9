/* What a folder of spools lies on: it decides what a new segment costs. In a tmpfs that gives large
 * pages (mount option huge=within_size) it is a third of what it is in one that does not. */
#ifndef SPOOL_GROUND_H
#define SPOOL_GROUND_H

#include <stdint.h>

#include "base/json.h"

enum spool_pages { SPOOL_PAGES_NONE, SPOOL_PAGES_SMALL, SPOOL_PAGES_LARGE, SPOOL_N_PAGES };

struct spool_ground {
	const char *folder;     /* borrowed */
	enum spool_pages pages; /* NONE: it is not in memory */
	uint64_t size;          /* bytes that its file system can hold; 0: not known, or no end */
};

/* Looks, and says in the log what it sees; with a warning where there is less room than limit, the
 * bytes that each of its spools may take. The folder is there. */
struct spool_ground spool_ground_look(const char *folder, uint64_t limit);

/* As member "memory" of the object that is open. */
void spool_ground_print(const struct spool_ground *ground, struct json *json);

#endif
