/* Inside collection only: an input, on a thread of its own that opens a source, runs an engine over
 * it, and opens an interface again when it was lost. */
#ifndef COLLECTION_INPUT_H
#define COLLECTION_INPUT_H

#include <stdatomic.h>

#include "collection/collection.h"
#include "collection/pulse.h"
#include "intercept/intercept.h"

struct inputs;

struct inputs_options {
	const struct collection_settings *settings; /* outlive them */
	struct intercept *intercept;
	struct pulse *pulse;
};

/* Starts a thread for each input. */
MUST_CHECK int inputs_new(struct inputs **out, const struct inputs_options *options,
			  struct why *why);

/* Notes how far each has come. Of the loop's thread, now and then. */
void inputs_beat(struct inputs *inputs);

/* From when to when an interface was not captured, before it was opened. */
struct input_gap {
	const char *uri; /* the settings' */
	struct nanos from, until;
	/* The clock was set back meanwhile, nobody knows how far: from is what it says now, until
	 * what it said last. */
	bool is_unknown;
};

/* The next gap that was not given yet. Of the loop's thread. */
bool inputs_next_gap(struct inputs *inputs, struct input_gap *out);

/* Ends them, and waits until they have. Sets NULL. */
void inputs_free(struct inputs **inputs);

/* The i-th, as the ledger needs it; false: there are fewer. Of the loop's thread. */
struct input_look {
	const char *uri;
	uint64_t n_dropped; /* by the kernel, since the beginning */
	uint64_t n_card;    /* by the network card or its driver, since then */
	uint64_t n_returns; /* times that its interface was gone and came back */
	bool is_down;       /* an interface that is not there now, or has no carrier */
};
bool inputs_look(struct inputs *inputs, size_t i, struct input_look *out);

/* As a value. */
void inputs_status(struct inputs *inputs, struct json *j);

#endif
