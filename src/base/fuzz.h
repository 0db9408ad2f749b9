/* One fuzz target a parser: x_fuzz.c defines the first of these functions. Linked with libFuzzer it
 * fuzzes; base/replay.c replays the corpus as an ordinary test, in the same program where there is
 * one. */
#ifndef BASE_FUZZ_H
#define BASE_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#endif
