/* A BPF program run for sixteen packets at once, a lane of a vector each.
 *
 * Programs jump forward only, so one pass over the instructions is enough: each has a mask of the
 * lanes that stand at it, and hands them on to the next, or to its two targets. No packet is
 * guessed about: where one goes left and its neighbour right, both masks have a bit. */
#ifndef FILTER_LANES_H
#define FILTER_LANES_H

#include <stddef.h>
#include <stdint.h>

#include <weir/frame.h>

#include "base/err.h"

struct bpf_insn; /* libpcap's: code, jt, jf, k */
struct lanes;

enum { LANES = 16, LANES_MIN_LEN = 4 };

/* Of a program that bpf_new has taken. ERR_UNSUPPORTED, with *out NULL, where the processor has no
 * such vectors (AVX-512), or the program is long, jumps back, or calculates more than masks. */
MUST_CHECK int lanes_new(struct lanes **out, const struct bpf_insn *insns, size_t n);
void lanes_free(struct lanes **l);

/* For n <= LANES frames, of LANES_MIN_LEN bytes or more each: bit i is set where the program
 * accepts frame i. Shorter ones are refused, whatever the program would say. */
uint32_t lanes_run(const struct lanes *l, const struct weir_frame *frames, int n);

#endif
