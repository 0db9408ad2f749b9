/* What an agency says on the connection on which it receives: PS-PDUs with TRI payloads, answers
 * to what delivery.h asks. From anyone: bounded, and refused where it is anything else. */
#ifndef HANDOVER_ANSWER_H
#define HANDOVER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"

enum { ANSWER_MAX = 4096 }; /* octets of one; a longer one is refused */

struct answer {
	uint8_t kind; /* enum etsi_tri_kind, or the tag of one that is not known */
	uint32_t number;
	bool is_accepted; /* an option response: PDU acknowledgement is accepted */
};

/* Octets that came, up to the end of the last whole PDU taken. */
struct answers {
	size_t len;
	uint8_t octets[ANSWER_MAX];
};

/* Forgets all: a new connection. */
void answers_init(struct answers *a);

/* Where the next octets go, and how many; then says how many came. */
uint8_t *answers_room(struct answers *a, size_t *size);
void answers_came(struct answers *a, size_t n);

/* The next one: 0; ERR_AGAIN where none is whole; ERR_BAD with the reason: this is no agency's
 * end of a handover, or it is longer than ANSWER_MAX. Nothing more can be read after that. */
MUST_CHECK int answers_next(struct answers *a, struct answer *out, struct why *why);

#endif
