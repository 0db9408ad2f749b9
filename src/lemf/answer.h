/* What a receiver answers to the session PDUs of a handover (TS 102 232-1 clauses 6.3.4 to 6.3.6):
 * a keep-alive gets its response, an option request is accepted, an acknowledgement request is
 * acknowledged; each with the number of the question. Everything else gets no answer. */
#ifndef LEMF_ANSWER_H
#define LEMF_ANSWER_H

#include "base/wr.h"
#include "etsi/record.h"

/* Appends the answer to w, if there is one: 1, 0 where none is due, ERR_BAD where its header
 * cannot be said back, ERR_FULL. added: to the number, by one who answers wrongly on purpose. */
MUST_CHECK int lemf_answer(const struct etsi_record *question, struct nanos now, uint32_t added,
			   struct wr *w);

#endif
