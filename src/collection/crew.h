/* An engine whose workers are in the parsers' jail (jail/jail.h), and the thread outside that does
 * for them what they may not. */
#ifndef COLLECTION_CREW_H
#define COLLECTION_CREW_H

#include "engine/engine.h"
#include "intercept/intercept.h"

/* intercept_callbacks, of workers that confine themselves before they see a packet. Filled by the
 * first call; any thread. */
const struct engine_callbacks *crew_callbacks(void);

/* engine_run, on a thread of its own: the caller's can open sources again. Meanwhile the caller
 * attends to the source. */
MUST_CHECK int crew_run(struct engine *engine, struct source *source);

#endif
