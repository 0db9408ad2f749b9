/* Inside collection only: the file of what survives a restart: sessions and numbers, and how far
 * each spool was filled when they were so.
 *
 *	how far each spool was filled (ends.h)
 *	what intercept_save writes
 *
 * On start, records that lie in a spool behind its offset were made after the file: they bring the
 * numbers up to date, so that none is used twice, however the process ended. */
#ifndef COLLECTION_STATE_H
#define COLLECTION_STATE_H

#include "collection/delivery.h"

/* Saves to path, and lets the delivery give up what the file knows of. */
MUST_CHECK int state_save(const char *path, struct intercept *i, struct delivery *d,
			  struct why *why);

/* Takes over what is there, also where there is no file; *n_recalled records were made after it.
 * Before any input. */
MUST_CHECK int state_load(const char *path, struct intercept *i, struct delivery *d,
			  uint64_t *n_recalled, struct why *why);

#endif
