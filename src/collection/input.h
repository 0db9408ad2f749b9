/* Inside collection only: an input, on a thread of its own that opens a source, runs an engine over
 * it, and opens an interface again when it was lost. */
#ifndef COLLECTION_INPUT_H
#define COLLECTION_INPUT_H

#include <stdatomic.h>

#include "collection/collection.h"
#include "intercept/intercept.h"

struct inputs;

struct inputs_options {
	const struct collection_settings *settings; /* outlive them */
	struct intercept *intercept;
};

/* Starts a thread for each input. */
MUST_CHECK int inputs_new(struct inputs **out, const struct inputs_options *options,
			  struct why *why);

/* Ends them, and waits until they have. Sets NULL. */
void inputs_free(struct inputs **inputs);

/* As a value. */
void inputs_status(const struct inputs *inputs, struct json *j);

#endif
