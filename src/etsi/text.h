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

enum { ETSI_READABLE_TIME_LEN = 64 };

/* A GeneralizedTime as RFC 3339 ("2026-01-01T00:00:00.5Z", "+13:00"): false where it is none, has
 * no seconds or no zone, or an overlong fraction. *is_der: it is in UTC, with a point and without
 * trailing zeros. */
bool etsi_time_readable(const uint8_t *bytes, size_t len, char out[ETSI_READABLE_TIME_LEN],
			bool *is_der);

/* The same for a UTCTime with seconds; years below 50 are of this century (X.509's rule). */
bool etsi_utc_time_readable(const uint8_t *bytes, size_t len, char out[ETSI_READABLE_TIME_LEN],
			    bool *is_der);

enum { ETSI_ADDRESS_TEXT_LEN = 46 };

/* An IPv4 address of 4 octets or an IPv6 one of 16 as text; false for any other number. */
bool etsi_address_print(const uint8_t *bytes, size_t len, char out[ETSI_ADDRESS_TEXT_LEN]);

/* Whether all octets are well-formed UTF-8 (RFC 3629); *n_chars (may be NULL): characters. */
bool etsi_is_utf8(const void *bytes, size_t len, size_t *n_chars);

#endif
