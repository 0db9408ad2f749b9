/* Inside etsi only: what octets may be shown or sent as text. */
#ifndef ETSI_TEXT_H
#define ETSI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ETSI_TIME_TEXT_LEN = 24 }; /* YYYYMMDDHHMMSS.ffffffZ */

/* "YYYYMMDDHHMMSS[.f]Z" without trailing zeros in the fraction (X.690 clause 11.7); returns its
 * length, which is also what etsi_time_len says. */
size_t etsi_time_print(uint64_t seconds, uint32_t microseconds, char out[ETSI_TIME_TEXT_LEN]);
size_t etsi_time_len(uint32_t microseconds);

/* Whether all octets are well-formed UTF-8 (RFC 3629); *n_chars (may be NULL): characters. */
bool etsi_is_utf8(const void *bytes, size_t len, size_t *n_chars);

#endif
