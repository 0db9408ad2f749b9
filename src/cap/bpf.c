#include "cap/bpf.h"

#include <sys/types.h>

#include <pcap/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Only "protochain" jumps backward, once a header; so many times is more than a packet can hold. */
enum { BPF_MAX_INSNS = 65536, BPF_MAX_LOOPS = 65536 };

/* Every instruction that runs: name and the code it comes from. Those of the second list are a
 * load and a comparison in one; they come from pairs. */
#define BPF_OPS(X)                                                                                 \
	X(LD_W_ABS, BPF_LD | BPF_W | BPF_ABS)                                                      \
	X(LD_H_ABS, BPF_LD | BPF_H | BPF_ABS)                                                      \
	X(LD_B_ABS, BPF_LD | BPF_B | BPF_ABS)                                                      \
	X(LD_W_IND, BPF_LD | BPF_W | BPF_IND)                                                      \
	X(LD_H_IND, BPF_LD | BPF_H | BPF_IND)                                                      \
	X(LD_B_IND, BPF_LD | BPF_B | BPF_IND)                                                      \
	X(LD_LEN, BPF_LD | BPF_W | BPF_LEN)                                                        \
	X(LD_IMM, BPF_LD | BPF_IMM)                                                                \
	X(LD_MEM, BPF_LD | BPF_MEM)                                                                \
	X(LDX_LEN, BPF_LDX | BPF_W | BPF_LEN)                                                      \
	X(LDX_MSH, BPF_LDX | BPF_MSH | BPF_B)                                                      \
	X(LDX_IMM, BPF_LDX | BPF_IMM)                                                              \
	X(LDX_MEM, BPF_LDX | BPF_MEM)                                                              \
	X(ST, BPF_ST)                                                                              \
	X(STX, BPF_STX)                                                                            \
	X(JA, BPF_JMP | BPF_JA)                                                                    \
	X(JGT_K, BPF_JMP | BPF_JGT | BPF_K)                                                        \
	X(JGE_K, BPF_JMP | BPF_JGE | BPF_K)                                                        \
	X(JEQ_K, BPF_JMP | BPF_JEQ | BPF_K)                                                        \
	X(JSET_K, BPF_JMP | BPF_JSET | BPF_K)                                                      \
	X(JGT_X, BPF_JMP | BPF_JGT | BPF_X)                                                        \
	X(JGE_X, BPF_JMP | BPF_JGE | BPF_X)                                                        \
	X(JEQ_X, BPF_JMP | BPF_JEQ | BPF_X)                                                        \
	X(JSET_X, BPF_JMP | BPF_JSET | BPF_X)                                                      \
	X(ADD_X, BPF_ALU | BPF_ADD | BPF_X)                                                        \
	X(SUB_X, BPF_ALU | BPF_SUB | BPF_X)                                                        \
	X(MUL_X, BPF_ALU | BPF_MUL | BPF_X)                                                        \
	X(DIV_X, BPF_ALU | BPF_DIV | BPF_X)                                                        \
	X(MOD_X, BPF_ALU | BPF_MOD | BPF_X)                                                        \
	X(AND_X, BPF_ALU | BPF_AND | BPF_X)                                                        \
	X(OR_X, BPF_ALU | BPF_OR | BPF_X)                                                          \
	X(XOR_X, BPF_ALU | BPF_XOR | BPF_X)                                                        \
	X(LSH_X, BPF_ALU | BPF_LSH | BPF_X)                                                        \
	X(RSH_X, BPF_ALU | BPF_RSH | BPF_X)                                                        \
	X(ADD_K, BPF_ALU | BPF_ADD | BPF_K)                                                        \
	X(SUB_K, BPF_ALU | BPF_SUB | BPF_K)                                                        \
	X(MUL_K, BPF_ALU | BPF_MUL | BPF_K)                                                        \
	X(DIV_K, BPF_ALU | BPF_DIV | BPF_K)                                                        \
	X(MOD_K, BPF_ALU | BPF_MOD | BPF_K)                                                        \
	X(AND_K, BPF_ALU | BPF_AND | BPF_K)                                                        \
	X(OR_K, BPF_ALU | BPF_OR | BPF_K)                                                          \
	X(XOR_K, BPF_ALU | BPF_XOR | BPF_K)                                                        \
	X(LSH_K, BPF_ALU | BPF_LSH | BPF_K)                                                        \
	X(RSH_K, BPF_ALU | BPF_RSH | BPF_K)                                                        \
	X(NEG, BPF_ALU | BPF_NEG)                                                                  \
	X(TAX, BPF_MISC | BPF_TAX)                                                                 \
	X(TXA, BPF_MISC | BPF_TXA)                                                                 \
	X(RET_K, BPF_RET | BPF_K)                                                                  \
	X(RET_A, BPF_RET | BPF_A)

#define BPF_PAIRS(X)                                                                               \
	X(LD_W_ABS_JEQ) X(LD_H_ABS_JEQ) X(LD_B_ABS_JEQ) X(LD_H_ABS_JSET) X(LD_H_IND_JEQ)

enum op {
#define X(name, code) OP_##name,
	BPF_OPS(X)
#undef X
#define X(name) OP_##name,
		BPF_PAIRS(X)
#undef X
			OP_N
};

/* 32 bytes, so that a program of a usual filter stays in a few cache lines. */
struct step {
	const void *run; /* address of its code in bpf_run */
	uint32_t k;
	uint32_t end;     /* of an absolute load: k + its size; no load can be where it overflows */
	uint32_t value;   /* a pair's: what is compared with */
	uint32_t jump[2]; /* bytes ahead where false, where true */
};

struct bpf {
	size_t n;
	bool has_memory; /* it uses the scratch memory, which starts as zero */
	struct step steps[];
};

/* With b NULL it tells the addresses of its code instead; only it can name them. */
static uint32_t run(const struct bpf *b, const uint8_t *p, uint32_t len, uint32_t wire_len,
		    const void *const **codes);

static bool is_code(enum op op, uint16_t code)
{
	static const uint16_t of[] = {
#define X(name, code) code,
		BPF_OPS(X)
#undef X
	};

	return of[op] == code;
}

static enum op op_of(uint16_t code)
{
	for (enum op op = 0; op <= OP_RET_A; op++) {
		if (is_code(op, code))
			return op;
	}
	return OP_N;
}

static uint32_t load_size(enum op op)
{
	return op == OP_LD_W_ABS || op == OP_LD_W_IND   ? 4
	       : op == OP_LD_H_ABS || op == OP_LD_H_IND ? 2
							: 1;
}

static bool is_jump(uint16_t code)
{
	return BPF_CLASS(code) == BPF_JMP;
}

static bool is_memory(enum op op)
{
	return op == OP_LD_MEM || op == OP_LDX_MEM || op == OP_ST || op == OP_STX;
}

/* Whether instruction i is one that can run: known, and inside its bounds. */
static bool is_sound(const struct bpf_insn *insns, size_t n, size_t i, enum op op)
{
	const struct bpf_insn *in = &insns[i];

	if (op == OP_N || (is_memory(op) && in->k >= BPF_MEMWORDS))
		return false;
	if ((op == OP_DIV_K || op == OP_MOD_K) && in->k == 0)
		return false;
	if (op == OP_JA)
		return i + 1 + (size_t)(int32_t)in->k < n;
	if (is_jump(in->code))
		return in->jt < n - i - 1 && in->jf < n - i - 1;
	return BPF_CLASS(in->code) == BPF_RET || i + 1 < n;
}

/* The pair that a load and the comparison after it make, or OP_N. The second of the two stays
 * where it is, for jumps that lead to it. */
static enum op pair_of(enum op load, uint16_t next)
{
	static const struct {
		enum op load;
		uint16_t next;
		enum op pair;
	} pairs[] = {
		{OP_LD_W_ABS, BPF_JMP | BPF_JEQ | BPF_K, OP_LD_W_ABS_JEQ},
		{OP_LD_H_ABS, BPF_JMP | BPF_JEQ | BPF_K, OP_LD_H_ABS_JEQ},
		{OP_LD_B_ABS, BPF_JMP | BPF_JEQ | BPF_K, OP_LD_B_ABS_JEQ},
		{OP_LD_H_ABS, BPF_JMP | BPF_JSET | BPF_K, OP_LD_H_ABS_JSET},
		{OP_LD_H_IND, BPF_JMP | BPF_JEQ | BPF_K, OP_LD_H_IND_JEQ},
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		if (pairs[i].load == load && pairs[i].next == next)
			return pairs[i].pair;
	}
	return OP_N;
}

static uint32_t jump_of(int n_steps)
{
	return (uint32_t)n_steps * (uint32_t)sizeof(struct step);
}

static struct step step_of(const struct bpf_insn *in, size_t left, const void *const *codes)
{
	enum op op = op_of(in->code);
	enum op pair = left > 1 ? pair_of(op, in[1].code) : OP_N;
	uint32_t size = load_size(op);
	struct step s = {.run = codes[op], .k = in->k};

	s.end = in->k > UINT32_MAX - size ? UINT32_MAX : in->k + size;
	s.jump[0] = jump_of(in->jf + 1);
	s.jump[1] = jump_of(in->jt + 1);
	if (pair != OP_N) {
		s.run = codes[pair];
		s.value = in[1].k;
		s.jump[0] = jump_of(in[1].jf + 2);
		s.jump[1] = jump_of(in[1].jt + 2);
	}
	return s;
}

int bpf_new(struct bpf **out, const struct bpf_insn *insns, size_t n)
{
	const void *const *codes;
	struct bpf *b;

	*out = NULL;
	if (n == 0 || n > BPF_MAX_INSNS)
		return ERR_BAD;
	for (size_t i = 0; i < n; i++) {
		if (!is_sound(insns, n, i, op_of(insns[i].code)))
			return ERR_BAD;
	}
	b = calloc(1, sizeof *b + n * sizeof *b->steps);
	if (!b)
		return ERR_NOMEM;
	run(NULL, NULL, 0, 0, &codes);
	b->n = n;
	for (size_t i = 0; i < n; i++)
		b->has_memory |= is_memory(op_of(insns[i].code));
	for (size_t i = 0; i < n; i++)
		b->steps[i] = step_of(&insns[i], n - i, codes);
	*out = b;
	return 0;
}

void bpf_free(struct bpf **b)
{
	free(*b);
	*b = NULL;
}

static inline uint32_t load4(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, 4);
	return __builtin_bswap32(v);
}

static inline uint32_t load2(const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, 2);
	return __builtin_bswap16(v);
}

/* Shifting by 32 and more gives 0. */
static inline uint32_t shift_left(uint32_t a, uint32_t n)
{
	return n < 32 ? a << n : 0;
}

static inline uint32_t shift_right(uint32_t a, uint32_t n)
{
	return n < 32 ? a >> n : 0;
}

#define NEXT(n)                                                                                    \
	do {                                                                                       \
		s += (n);                                                                          \
		goto * s->run;                                                                     \
	} while (0)
#define LEAP(condition)                                                                            \
	do {                                                                                       \
		s = (const struct step *)(const void *)((const char *)s + s->jump[condition]);     \
		goto * s->run;                                                                     \
	} while (0)
#define ALU(name, expression)                                                                      \
	name:                                                                                      \
	a = (expression);                                                                          \
	NEXT(1);
#define JUMP(name, condition)                                                                      \
	name:                                                                                      \
	LEAP(condition);
#define LOAD_ABS(name, load)                                                                       \
	name:                                                                                      \
	if (len < s->end)                                                                          \
		return 0;                                                                          \
	a = load(p + s->k);                                                                        \
	NEXT(1);
#define LOAD_ABS_JUMP(name, load, condition)                                                       \
	name:                                                                                      \
	if (len < s->end)                                                                          \
		return 0;                                                                          \
	a = load(p + s->k);                                                                        \
	LEAP(condition);
#define LOAD_IND(name, load, size)                                                                 \
	name:                                                                                      \
	at = (uint64_t)x + s->k;                                                                   \
	if (at + (size) > len)                                                                     \
		return 0;                                                                          \
	a = load(p + at);                                                                          \
	NEXT(1);
#define load1(at) (*(at))

/* A threaded interpreter is one function by its nature: each step jumps to the next one's code. */
static uint32_t run(const struct bpf *b, const uint8_t *p, uint32_t len, uint32_t wire_len,
		    const void *const **codes)
{
	static const void *const addresses[] = {
#define X(name, code) &&name,
		BPF_OPS(X)
#undef X
#define X(name) &&name,
			BPF_PAIRS(X)
#undef X
	};
	uint32_t memory[BPF_MEMWORDS];
	const struct step *s;
	uint32_t a = 0, x = 0, n_loops = 0;
	uint64_t at;

	if (!b) {
		*codes = addresses;
		return 0;
	}
	if (b->has_memory)
		memset(memory, 0, sizeof memory);
	s = b->steps;
	goto * s->run;
	LOAD_ABS(LD_W_ABS, load4)
	LOAD_ABS(LD_H_ABS, load2)
	LOAD_ABS(LD_B_ABS, load1)
	LOAD_IND(LD_W_IND, load4, 4)
	LOAD_IND(LD_H_IND, load2, 2)
	LOAD_IND(LD_B_IND, load1, 1)
	LOAD_ABS_JUMP(LD_W_ABS_JEQ, load4, a == s->value)
	LOAD_ABS_JUMP(LD_H_ABS_JEQ, load2, a == s->value)
	LOAD_ABS_JUMP(LD_B_ABS_JEQ, load1, a == s->value)
	LOAD_ABS_JUMP(LD_H_ABS_JSET, load2, (a & s->value) != 0)
LD_H_IND_JEQ:
	at = (uint64_t)x + s->k;
	if (at + 2 > len)
		return 0;
	a = load2(p + at);
	LEAP(a == s->value);
	ALU(LD_LEN, wire_len)
	ALU(LD_IMM, s->k)
	ALU(LD_MEM, memory[s->k])
LDX_LEN:
	x = wire_len;
	NEXT(1);
LDX_MSH:
	if (s->k >= len)
		return 0;
	x = (p[s->k] & 0xfu) << 2;
	NEXT(1);
LDX_IMM:
	x = s->k;
	NEXT(1);
LDX_MEM:
	x = memory[s->k];
	NEXT(1);
ST:
	memory[s->k] = a;
	NEXT(1);
STX:
	memory[s->k] = x;
	NEXT(1);
JA:
	if ((int32_t)s->k < 0 && ++n_loops > BPF_MAX_LOOPS)
		return 0;
	NEXT((int32_t)s->k + 1);
	JUMP(JGT_K, a > s->k)
	JUMP(JGE_K, a >= s->k)
	JUMP(JEQ_K, a == s->k)
	JUMP(JSET_K, (a & s->k) != 0)
	JUMP(JGT_X, a > x)
	JUMP(JGE_X, a >= x)
	JUMP(JEQ_X, a == x)
	JUMP(JSET_X, (a & x) != 0)
	ALU(ADD_X, a + x)
	ALU(SUB_X, a - x)
	ALU(MUL_X, a * x)
DIV_X:
	if (x == 0)
		return 0;
	a /= x;
	NEXT(1);
MOD_X:
	if (x == 0)
		return 0;
	a %= x;
	NEXT(1);
	ALU(AND_X, a & x)
	ALU(OR_X, a | x)
	ALU(XOR_X, a ^ x)
	ALU(LSH_X, shift_left(a, x))
	ALU(RSH_X, shift_right(a, x))
	ALU(ADD_K, a + s->k)
	ALU(SUB_K, a - s->k)
	ALU(MUL_K, a * s->k)
	ALU(DIV_K, a / s->k)
	ALU(MOD_K, a % s->k)
	ALU(AND_K, a & s->k)
	ALU(OR_K, a | s->k)
	ALU(XOR_K, a ^ s->k)
	ALU(LSH_K, shift_left(a, s->k))
	ALU(RSH_K, shift_right(a, s->k))
	ALU(NEG, 0u - a)
TAX:
	x = a;
	NEXT(1);
	ALU(TXA, x)
RET_K:
	return s->k;
RET_A:
	return a;
}

uint32_t bpf_run(const struct bpf *b, const uint8_t *bytes, uint32_t len, uint32_t wire_len)
{
	return run(b, bytes, len, wire_len, NULL);
}
