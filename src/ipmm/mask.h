/* SIP messages for a warrant without content: what one user wrote to another is taken out, what the
 * network needs to know stays (TS 102 232-5 clause 5.2.6).
 *
 *	MESSAGE tel:+6491234567 SIP/2.0           MESSAGE tel:+6491234567 SIP/2.0
 *	Content-Type: text/plain          ->      Content-Type: text/plain
 *	Content-Length: 14                        Content-Length: 14
 *
 *	meet me at six                            XXXXXXXXXXXXXX
 *
 * Octets are overwritten, never removed, so that every length in the message stays true. What stays
 * is named in mask.c's tables; a body that they do not name, or that is not what it says it is, is
 * masked whole. */
#ifndef IPMM_MASK_H
#define IPMM_MASK_H

#include "base/wr.h"
#include "sip/message.h"

/* Appends the message, m->whole.len octets, its content masked. m was read by sip_message_read,
 * which returned 0 or ERR_CUT. *out: whether an octet was masked; the record's form is then
 * IPMM_SIP_IRI_ONLY. ERR_FULL: w has no room, and is as it was but for w->ok. */
MUST_CHECK int ipmm_mask(const struct sip_message *m, struct wr *w, bool *out);

#endif
