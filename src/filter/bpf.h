/* Runs classic BPF programs: the machine that libpcap compiles filters for.
 *
 * A program is decoded once, into instructions that hold the address of their code; a load and
 * the comparison that follows it are one. Semantics are those of libpcap's own interpreter: a load
 * beyond the captured bytes, or a division by zero, refuses the packet. */
#ifndef FILTER_BPF_H
#define FILTER_BPF_H

#include <stddef.h>
#include <stdint.h>

#include <weir/frame.h>

#include "base/err.h"

struct bpf_insn; /* libpcap's: code, jt, jf, k */
struct bpf;

/* Decodes and checks n instructions: known codes, jumps inside, memory inside, a
 * return at the end. ERR_BAD otherwise. An unconditional jump may lead backward, as libpcap's
 * "protochain" does; a program that loops too often refuses the packet. */
MUST_CHECK int bpf_new(struct bpf **out, const struct bpf_insn *insns, size_t n);
void bpf_free(struct bpf **b);

/* What the program returns for a packet: 0 refuses it. */
uint32_t bpf_run(const struct bpf *b, const uint8_t *bytes, uint32_t len, uint32_t wire_len);

enum { BPF_MANY = 64 };

/* For n <= BPF_MANY frames at once: bit i is set where it does not return 0 for frame i. */
uint64_t bpf_run_many(const struct bpf *b, const struct weir_frame *frames, int n);

#endif
