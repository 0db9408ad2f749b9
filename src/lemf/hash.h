/* Numbers that stand for octets. Not a defence, and not the same on every machine: they tell
 * records apart within one process, no more. */
#ifndef LEMF_HASH_H
#define LEMF_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEMF_HASH_ROUNDS_MIN = 64 };

/* Never 0. */
uint64_t lemf_hash(const uint8_t *bytes, size_t len);

/* The two ways to it. Rounds of AES, where the processor has them, take half the time; they want
 * LEMF_HASH_ROUNDS_MIN octets at least. */
bool lemf_hash_has_rounds(void);
uint64_t lemf_hash_by_rounds(const uint8_t *bytes, size_t len);
uint64_t lemf_hash_by_products(const uint8_t *bytes, size_t len);

#endif
