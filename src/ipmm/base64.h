/* Octets in base64 (RFC 2045 6.8), of which the first ones are kept and the others masked.
 *
 *	octets   | 0        | 1        | 2        |
 *	letters  | 0      | 1      | 2      | 3      |      six bits each: where the octets that
 *	                                                    are kept end in a letter, its other
 *	                                                    bits go */
#ifndef IPMM_BASE64_H
#define IPMM_BASE64_H

#include "base/wr.h"
#include "sip/text.h"

/* The octets that the letters stand for: their number, or 0 where they are no base64, stand for
 * nothing, or for more than size. Line ends are stepped over. */
size_t ipmm_base64_decode(struct sip_text letters, uint8_t *out, size_t size);

/* Writes letters that ipmm_base64_decode has read, those behind the first n_kept octets masked by
 * the letter mask. As many octets as there were; true where one of them differs. */
bool ipmm_base64_mask(struct wr *w, struct sip_text letters, size_t n_kept, char mask);

#endif
