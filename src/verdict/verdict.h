/* What orders say of an identity: how it is understood, and which targets it matches by which rule;
 * in words, or in JSON, one document a line. */
#ifndef VERDICT_VERDICT_H
#define VERDICT_VERDICT_H

#include "base/why.h"
#include "base/wr.h"
#include "warrant/orders.h"

struct verdict;

/* Of these orders, which are borrowed, as is the text that all goes to. */
MUST_CHECK int verdict_new(struct verdict **out, const struct orders *orders, bool is_json,
			   struct wr *text, struct why *why);
void verdict_free(struct verdict **verdict);

/* A URI, user@realm, a telephone number, a user's name. */
void verdict_word(struct verdict *v, const char *word);

/* Each field of a SIP message that names somebody. ERR_CUT, ERR_UNKNOWN, ERR_FULL with the reason
 * where the octets are no message. */
MUST_CHECK int verdict_message(struct verdict *v, const void *bytes, size_t len, struct why *why);

#endif
