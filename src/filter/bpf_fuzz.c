/* A program and packets from the same bytes: what bpf_new takes must run within its bounds, and to
 * the verdict of libpcap's interpreter; many packets at once as one by one. */
#include <sys/types.h>

#include <pcap/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/fuzz.h"
#include "base/rd.h"
#include "filter/bpf.h"

enum { FUZZ_MAX_INSNS = 64 };

/* Loops, which libpcap's does not bound, shifts by 32 and more, which C leaves open, and memory,
 * which libpcap's does not clear. */
static bool may_differ_at(const struct bpf_insn *in)
{
	bool is_shift =
		in->code == (BPF_ALU | BPF_LSH | BPF_K) || in->code == (BPF_ALU | BPF_RSH | BPF_K);

	if (in->code == (BPF_LD | BPF_MEM) || in->code == (BPF_LDX | BPF_MEM))
		return true;
	return (in->code == (BPF_JMP | BPF_JA) && in->k > FUZZ_MAX_INSNS) ||
	       (is_shift && in->k >= 32);
}

/* The bytes and all that is left of them when the first are taken away. */
static void hold_many_against_one(const struct bpf *b, const uint8_t *bytes, uint32_t len)
{
	struct weir_frame frames[BPF_MANY];
	uint64_t one_by_one = 0;

	for (uint32_t i = 0; i < BPF_MANY; i++) {
		uint32_t skip = i < len ? i : len;

		frames[i] = (struct weir_frame){
			.bytes = bytes + skip, .cap_len = len - skip, .wire_len = len};
		one_by_one |= (uint64_t)(bpf_run(b, bytes + skip, len - skip, len) != 0) << i;
	}
	if (bpf_run_many(b, frames, BPF_MANY) != one_by_one)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	size_t n = rd_u8(&r) % FUZZ_MAX_INSNS;
	struct bpf_insn insns[FUZZ_MAX_INSNS] = {0};
	struct bpf *b;
	bool may_differ = false;
	uint32_t left;

	for (size_t i = 0; i < n; i++) {
		insns[i].code = rd_u16(&r);
		insns[i].jt = rd_u8(&r);
		insns[i].jf = rd_u8(&r);
		insns[i].k = rd_u32(&r);
		may_differ |= may_differ_at(&insns[i]);
	}
	if (!r.ok || bpf_new(&b, insns, n) < 0)
		return 0;
	left = (uint32_t)rd_left(&r);
	if (may_differ)
		(void)bpf_run(b, r.at, left, left);
	else if (bpf_validate(insns, (int)n) &&
		 bpf_run(b, r.at, left, left) != bpf_filter(insns, r.at, left, left))
		abort();
	hold_many_against_one(b, r.at, left);
	bpf_free(&b);
	return 0;
}
