/* Inside collection only: how far each spool was filled, as the state's file begins with it.
 *
 *	"WEIRCOLL" version:32 n:32 { agency:text interface:8 stream:64 offset:64 }
 *
 * Numbers are big-endian; a text is its length in 16 bits and its octets. */
#ifndef COLLECTION_ENDS_H
#define COLLECTION_ENDS_H

#include <stdint.h>

#include "base/err.h"
#include "base/rd.h"
#include "base/why.h"
#include "base/wr.h"

struct spool_end {
	struct rd agency; /* its octets, borrowed */
	unsigned interface;
	uint64_t stream; /* the spool's number */
	uint64_t offset;
};

/* The head, for n ends that ends_put appends. */
void ends_open(struct wr *w, uint32_t n);
void ends_put(struct wr *w, const struct spool_end *end);

/* Reads the head: *n ends follow, each read by ends_take, which is false where it is cut. */
MUST_CHECK int ends_begin(struct rd *r, uint32_t *n, struct why *why);
bool ends_take(struct rd *r, struct spool_end *end);

#endif
