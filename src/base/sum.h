/* crc32c (Castagnoli), as iSCSI, ext4 and RFC 9260 appendix A have it: against torn and rotten
 * bytes, not against forgers. By the processor's own instruction where it has one. */
#ifndef BASE_SUM_H
#define BASE_SUM_H

#include <stddef.h>
#include <stdint.h>

/* The sum of all bytes so far; begin with 0. */
uint32_t sum_add(uint32_t sum, const void *bytes, size_t len);

/* The same without the processor's help. */
uint32_t sum_add_portable(uint32_t sum, const void *bytes, size_t len);

#endif
