/* What a record of a call or a message says (TS 102 232-5), for people: of an IRI who signalled
 * what to whom, from where, and which media they agreed on; of a CC what packet of media it
 * holds. */
#ifndef SHOW_CALL_H
#define SHOW_CALL_H

#include "etsi/record.h"
#include "show/form.h"

/* Whether it is an iPMMIRI or an iPMMCC. */
bool show_is_call(const struct etsi_record *r);

/* Its first part: lines, each with its line feed; or one JSON object. Bounded whatever is in it. */
void show_call(struct form *f, const struct etsi_record *r);

#endif
