/* A keyed hash (SipHash-1-3), so that nobody outside can make his packets collide. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t keyed_hash(uint64_t seed, const void *bytes, size_t len);

#endif
