/* One fuzz target a parser: x_fuzz.c defines this function. Linked with libFuzzer it fuzzes;
 * linked with base/replay.c it replays the corpus as an ordinary test. */
#ifndef BASE_FUZZ_H
#define BASE_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#endif
