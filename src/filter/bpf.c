/* Each instruction becomes a step with the address of the function that does it; that function
 * ends by calling the next step's, with the two registers as arguments. Compilers make jumps of
 * such calls, so there is no loop, no table and no register kept in memory:
 *
 *	ldh [12]  ->  jeq 0x800  ->  ldb [23]  ->  jeq 6  ->  ret 262144
 *
 * Pairs that compilers of filters write all the time (a load and a comparison) are one step. The
 * second of the pair keeps a step of its own, for jumps that lead to it.
 *
 * Jumps back (libpcap makes them for "protochain" only) return to bpf_run, which counts them and
 * goes on from there: so the depth of calls is bounded by the program's length, even where a
 * compiler makes calls of calls. */
#include "filter/bpf.h"

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "filter/lanes.h"

enum {
	BPF_MAX_INSNS = 65536,
	BPF_MAX_LOOPS = 65536, /* jumps back: more than a packet can hold headers */
};

#define BPF_INLINE static inline __attribute__((always_inline))

struct step;

struct run {
	const uint8_t *bytes;
	uint32_t len;
	uint32_t wire_len;
	const struct step *back; /* set by a jump back: where to */
	uint32_t a;
	uint32_t x;
	uint32_t memory[BPF_MEMWORDS];
};

typedef uint32_t (*step_fn)(const struct step *s, struct run *r, uint32_t a, uint32_t x);

struct step {
	step_fn go;
	const struct step *jt; /* the next step, where a comparison holds */
	const struct step *jf;
	uint32_t at;  /* offset of a load */
	uint32_t end; /* … without X: where it ends */
	uint32_t k;   /* a constant to compare or to calculate with */
	uint32_t mask;
	uint16_t code;
};

struct bpf {
	uint32_t n;
	bool has_memory;
	struct lanes *lanes; /* the same for many packets at once; NULL: cannot be had */
	struct step steps[];
};

BPF_INLINE uint32_t next(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	s++;
	return s->go(s, r, a, x);
}

BPF_INLINE uint32_t jump(const struct step *s, struct run *r, uint32_t a, uint32_t x, bool is_true)
{
	s = is_true ? s->jt : s->jf;
	return s->go(s, r, a, x);
}

BPF_INLINE uint32_t take(const uint8_t *at, unsigned size)
{
	uint32_t word;
	uint16_t half;

	if (size == 1)
		return *at;
	if (size == 2) {
		memcpy(&half, at, 2);
		return __builtin_bswap16(half);
	}
	memcpy(&word, at, 4);
	return __builtin_bswap32(word);
}

/* size bytes at the step's offset; false where they are not all there. */
BPF_INLINE bool load(const struct step *s, const struct run *r, unsigned size, uint32_t *a)
{
	if (s->end > r->len)
		return false;
	*a = take(r->bytes + s->at, size);
	return true;
}

/* The same from x on. */
BPF_INLINE bool load_x(const struct step *s, const struct run *r, uint32_t x, unsigned size,
		       uint32_t *a)
{
	uint64_t at = (uint64_t)x + s->at;

	if (at + size > r->len)
		return false;
	*a = take(r->bytes + at, size);
	return true;
}

static uint32_t go_ret_k(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	(void)r;
	(void)a;
	(void)x;
	return s->k;
}

static uint32_t go_ret_a(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	(void)s;
	(void)r;
	(void)x;
	return a;
}

/* A load that does not fit ends the program: the packet is refused. */
static uint32_t go_ldw(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return load(s, r, 4, &a) ? next(s, r, a, x) : 0;
}

static uint32_t go_ldw_x(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return load_x(s, r, x, 4, &a) ? next(s, r, a, x) : 0;
}

static uint32_t go_ldw_jeq(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return load(s, r, 4, &a) ? jump(s, r, a, x, a == s->k) : 0;
}

static uint32_t go_ldh(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return load(s, r, 2, &a) ? next(s, r, a, x) : 0;
}

static uint32_t go_ldh_x(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return load_x(s, r, x, 2, &a) ? next(s, r, a, x) : 0;
}

static uint32_t go_ldh_jeq(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return load(s, r, 2, &a) ? jump(s, r, a, x, a == s->k) : 0;
}

static uint32_t go_ldh_x_jeq(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return load_x(s, r, x, 2, &a) ? jump(s, r, a, x, a == s->k) : 0;
}

static uint32_t go_ldb(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return load(s, r, 1, &a) ? next(s, r, a, x) : 0;
}

static uint32_t go_ldb_x(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return load_x(s, r, x, 1, &a) ? next(s, r, a, x) : 0;
}

static uint32_t go_ldb_jeq(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return load(s, r, 1, &a) ? jump(s, r, a, x, a == s->k) : 0;
}

static uint32_t go_ldb_x_jeq(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return load_x(s, r, x, 1, &a) ? jump(s, r, a, x, a == s->k) : 0;
}

/* A fragment's offset, as a rule. */
static uint32_t go_ldh_jset(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return load(s, r, 2, &a) ? jump(s, r, a, x, (a & s->k) != 0) : 0;
}

/* A network, as a rule. */
static uint32_t go_ldw_and_jeq(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	if (!load(s, r, 4, &a))
		return 0;
	a &= s->mask;
	return jump(s, r, a, x, a == s->k);
}

static uint32_t go_ldx_msh(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return load(s, r, 1, &x) ? next(s, r, a, (x & 0xf) << 2) : 0;
}

static uint32_t go_ld_imm(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	(void)a;
	return next(s, r, s->k, x);
}

static uint32_t go_ld_len(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	(void)a;
	return next(s, r, r->wire_len, x);
}

static uint32_t go_ld_mem(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	(void)a;
	return next(s, r, r->memory[s->k], x);
}

static uint32_t go_ldx_imm(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	(void)x;
	return next(s, r, a, s->k);
}

static uint32_t go_ldx_len(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	(void)x;
	return next(s, r, a, r->wire_len);
}

static uint32_t go_ldx_mem(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	(void)x;
	return next(s, r, a, r->memory[s->k]);
}

static uint32_t go_st(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	r->memory[s->k] = a;
	return next(s, r, a, x);
}

static uint32_t go_stx(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	r->memory[s->k] = x;
	return next(s, r, a, x);
}

static uint32_t go_tax(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	(void)x;
	return next(s, r, a, a);
}

static uint32_t go_txa(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	(void)a;
	return next(s, r, x, x);
}

static uint32_t go_and_k(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return next(s, r, a & s->k, x);
}

/* The rarer calculations. */
BPF_INLINE bool calculate(uint16_t code, uint32_t *a, uint32_t by)
{
	switch (BPF_OP(code)) {
	case BPF_ADD:
		*a += by;
		break;
	case BPF_SUB:
		*a -= by;
		break;
	case BPF_MUL:
		*a *= by;
		break;
	case BPF_DIV:
	case BPF_MOD:
		if (!by)
			return false;
		*a = BPF_OP(code) == BPF_DIV ? *a / by : *a % by;
		break;
	case BPF_AND:
		*a &= by;
		break;
	case BPF_OR:
		*a |= by;
		break;
	case BPF_XOR:
		*a ^= by;
		break;
	case BPF_LSH:
		*a = by < 32 ? *a << by : 0;
		break;
	case BPF_RSH:
		*a = by < 32 ? *a >> by : 0;
		break;
	case BPF_NEG:
		*a = 0U - *a;
		break;
	}
	return true;
}

static uint32_t go_alu_k(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return calculate(s->code, &a, s->k) ? next(s, r, a, x) : 0;
}

static uint32_t go_alu_x(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return calculate(s->code, &a, x) ? next(s, r, a, x) : 0;
}

static uint32_t go_jump(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return jump(s, r, a, x, true);
}

static uint32_t go_jump_back(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	r->back = s->jt;
	r->a = a;
	r->x = x;
	return 0;
}

static uint32_t go_jeq_k(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return jump(s, r, a, x, a == s->k);
}

static uint32_t go_jgt_k(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return jump(s, r, a, x, a > s->k);
}

static uint32_t go_jge_k(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return jump(s, r, a, x, a >= s->k);
}

static uint32_t go_jset_k(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return jump(s, r, a, x, (a & s->k) != 0);
}

static uint32_t go_jeq_x(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return jump(s, r, a, x, a == x);
}

static uint32_t go_jgt_x(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return jump(s, r, a, x, a > x);
}

static uint32_t go_jge_x(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return jump(s, r, a, x, a >= x);
}

static uint32_t go_jset_x(const struct step *s, struct run *r, uint32_t a, uint32_t x)
{
	return jump(s, r, a, x, (a & x) != 0);
}

/* Every instruction there is. */
static const struct {
	uint16_t code;
	step_fn go;
} known[] = {
	{BPF_RET | BPF_K, go_ret_k},
	{BPF_RET | BPF_A, go_ret_a},
	{BPF_LD | BPF_W | BPF_ABS, go_ldw},
	{BPF_LD | BPF_H | BPF_ABS, go_ldh},
	{BPF_LD | BPF_B | BPF_ABS, go_ldb},
	{BPF_LD | BPF_W | BPF_IND, go_ldw_x},
	{BPF_LD | BPF_H | BPF_IND, go_ldh_x},
	{BPF_LD | BPF_B | BPF_IND, go_ldb_x},
	{BPF_LD | BPF_IMM, go_ld_imm},
	{BPF_LD | BPF_W | BPF_LEN, go_ld_len},
	{BPF_LD | BPF_MEM, go_ld_mem},
	{BPF_LDX | BPF_B | BPF_MSH, go_ldx_msh},
	{BPF_LDX | BPF_IMM, go_ldx_imm},
	{BPF_LDX | BPF_W | BPF_LEN, go_ldx_len},
	{BPF_LDX | BPF_MEM, go_ldx_mem},
	{BPF_ST, go_st},
	{BPF_STX, go_stx},
	{BPF_MISC | BPF_TAX, go_tax},
	{BPF_MISC | BPF_TXA, go_txa},
	{BPF_ALU | BPF_ADD | BPF_K, go_alu_k},
	{BPF_ALU | BPF_SUB | BPF_K, go_alu_k},
	{BPF_ALU | BPF_MUL | BPF_K, go_alu_k},
	{BPF_ALU | BPF_DIV | BPF_K, go_alu_k},
	{BPF_ALU | BPF_MOD | BPF_K, go_alu_k},
	{BPF_ALU | BPF_AND | BPF_K, go_and_k},
	{BPF_ALU | BPF_OR | BPF_K, go_alu_k},
	{BPF_ALU | BPF_XOR | BPF_K, go_alu_k},
	{BPF_ALU | BPF_LSH | BPF_K, go_alu_k},
	{BPF_ALU | BPF_RSH | BPF_K, go_alu_k},
	{BPF_ALU | BPF_NEG, go_alu_k},
	{BPF_ALU | BPF_ADD | BPF_X, go_alu_x},
	{BPF_ALU | BPF_SUB | BPF_X, go_alu_x},
	{BPF_ALU | BPF_MUL | BPF_X, go_alu_x},
	{BPF_ALU | BPF_DIV | BPF_X, go_alu_x},
	{BPF_ALU | BPF_MOD | BPF_X, go_alu_x},
	{BPF_ALU | BPF_AND | BPF_X, go_alu_x},
	{BPF_ALU | BPF_OR | BPF_X, go_alu_x},
	{BPF_ALU | BPF_XOR | BPF_X, go_alu_x},
	{BPF_ALU | BPF_LSH | BPF_X, go_alu_x},
	{BPF_ALU | BPF_RSH | BPF_X, go_alu_x},
	{BPF_JMP | BPF_JA, go_jump},
	{BPF_JMP | BPF_JEQ | BPF_K, go_jeq_k},
	{BPF_JMP | BPF_JGT | BPF_K, go_jgt_k},
	{BPF_JMP | BPF_JGE | BPF_K, go_jge_k},
	{BPF_JMP | BPF_JSET | BPF_K, go_jset_k},
	{BPF_JMP | BPF_JEQ | BPF_X, go_jeq_x},
	{BPF_JMP | BPF_JGT | BPF_X, go_jgt_x},
	{BPF_JMP | BPF_JGE | BPF_X, go_jge_x},
	{BPF_JMP | BPF_JSET | BPF_X, go_jset_x},
};

enum { N_KNOWN = sizeof known / sizeof known[0] };

/* Pairs that are one step. */
static const struct {
	step_fn first;
	step_fn second;
	step_fn both;
} pairs[] = {
	{go_ldw, go_jeq_k, go_ldw_jeq},     {go_ldh, go_jeq_k, go_ldh_jeq},
	{go_ldb, go_jeq_k, go_ldb_jeq},     {go_ldh_x, go_jeq_k, go_ldh_x_jeq},
	{go_ldb_x, go_jeq_k, go_ldb_x_jeq}, {go_ldh, go_jset_k, go_ldh_jset},
};

enum { N_PAIRS = sizeof pairs / sizeof pairs[0] };

/* Where the instruction leads to: within the program, and on; only JA leads back. */
static bool set_targets(struct bpf *b, const struct bpf_insn *from, uint32_t i)
{
	struct step *s = &b->steps[i];
	int64_t jt = (int64_t)i + 1 + from->jt;
	int64_t jf = (int64_t)i + 1 + from->jf;

	if (BPF_CLASS(from->code) == BPF_RET)
		return true;
	if (BPF_CLASS(from->code) != BPF_JMP)
		return i + 1 < b->n;
	if (BPF_OP(from->code) == BPF_JA)
		jt = jf = (int64_t)i + 1 + (int32_t)from->k;
	if (jt < 0 || jt >= b->n || jf < 0 || jf >= b->n)
		return false;
	s->jt = &b->steps[jt];
	s->jf = &b->steps[jf];
	if (jt <= i)
		s->go = go_jump_back;
	return true;
}

/* Bytes of a load from the packet. */
static uint32_t load_size(uint16_t code)
{
	return BPF_SIZE(code) == BPF_W ? 4 : BPF_SIZE(code) == BPF_H ? 2 : 1;
}

static bool is_memory(uint16_t code)
{
	uint16_t class = BPF_CLASS(code);
	bool is_load = class == BPF_LD || class == BPF_LDX;

	return (is_load && BPF_MODE(code) == BPF_MEM) || class == BPF_ST || class == BPF_STX;
}

static bool is_sound(const struct bpf_insn *from)
{
	uint16_t op = BPF_OP(from->code);

	if (is_memory(from->code))
		return from->k < BPF_MEMWORDS;
	if (BPF_CLASS(from->code) == BPF_ALU && BPF_SRC(from->code) == BPF_K &&
	    (op == BPF_DIV || op == BPF_MOD))
		return from->k != 0;
	return true;
}

static int set_step(struct bpf *b, const struct bpf_insn *from, uint32_t i)
{
	struct step *s = &b->steps[i];

	*s = (struct step){.at = from->k, .k = from->k, .code = from->code};
	if (__builtin_add_overflow(from->k, load_size(from->code), &s->end))
		s->end = UINT32_MAX; /* no packet is so long */
	b->has_memory = b->has_memory || is_memory(from->code);
	for (int k = 0; k < N_KNOWN; k++)
		if (known[k].code == from->code)
			s->go = known[k].go;
	return s->go && is_sound(from) && set_targets(b, from, i) ? 0 : ERR_BAD;
}

static void join_steps(struct bpf *b)
{
	struct step *s = b->steps;

	for (uint32_t i = 0; i + 1 < b->n; i++) {
		bool is_net = i + 2 < b->n && s[i].go == go_ldw && s[i + 1].go == go_and_k &&
			      s[i + 2].go == go_jeq_k;
		const struct step *last = &s[i + (is_net ? 2 : 1)];
		step_fn both = is_net ? go_ldw_and_jeq : NULL;

		for (int k = 0; k < N_PAIRS && !both; k++)
			if (s[i].go == pairs[k].first && s[i + 1].go == pairs[k].second)
				both = pairs[k].both;
		if (!both)
			continue;
		s[i].go = both;
		s[i].mask = s[i + 1].k;
		s[i].k = last->k;
		s[i].jt = last->jt;
		s[i].jf = last->jf;
	}
}

int bpf_new(struct bpf **out, const struct bpf_insn *insns, size_t n)
{
	struct bpf *b;
	int rc = 0;

	*out = NULL;
	if (n == 0 || n > BPF_MAX_INSNS)
		return ERR_BAD;
	b = calloc(1, sizeof *b + n * sizeof b->steps[0]);
	if (!b)
		return ERR_NOMEM;
	b->n = (uint32_t)n;
	for (uint32_t i = 0; i < n && !rc; i++)
		rc = set_step(b, &insns[i], i);
	if (!rc)
		rc = lanes_new(&b->lanes, insns, n);
	if (rc == ERR_UNSUPPORTED)
		rc = 0;
	if (rc)
		bpf_free(&b);
	else
		join_steps(b);
	*out = b;
	return rc;
}

void bpf_free(struct bpf **b)
{
	if (*b)
		lanes_free(&(*b)->lanes);
	free(*b);
	*b = NULL;
}

/* Again and again from where the program jumps back to. */
static __attribute__((noinline)) uint32_t run_loops(struct run *r)
{
	for (int n = 0; n < BPF_MAX_LOOPS; n++) {
		const struct step *from = r->back;
		uint32_t kept;

		r->back = NULL;
		kept = from->go(from, r, r->a, r->x);
		if (!r->back)
			return kept;
	}
	return 0;
}

uint32_t bpf_run(const struct bpf *b, const uint8_t *bytes, uint32_t len, uint32_t wire_len)
{
	struct run r;
	uint32_t kept;

	r.bytes = bytes;
	r.len = len;
	r.wire_len = wire_len;
	r.back = NULL;
	if (__builtin_expect(b->has_memory, false))
		memset(r.memory, 0, sizeof r.memory);
	kept = b->steps[0].go(b->steps, &r, 0, 0);
	return __builtin_expect(r.back != NULL, false) ? run_loops(&r) : kept;
}

static bool accepts(const struct bpf *b, const struct weir_frame *f)
{
	return bpf_run(b, f->bytes, f->cap_len, f->wire_len) != 0;
}

uint64_t bpf_run_many(const struct bpf *b, const struct weir_frame *frames, int n)
{
	uint64_t accepted = 0;

	for (int i = 0; i < n; i += b->lanes ? LANES : 1) {
		int n_here = n - i < LANES ? n - i : LANES;

		if (b->lanes)
			accepted |= (uint64_t)lanes_run(b->lanes, &frames[i], n_here) << i;
		else
			accepted |= (uint64_t)accepts(b, &frames[i]) << i;
	}
	for (int i = 0; b->lanes && i < n; i++) /* these have no lanes */
		if (__builtin_expect(frames[i].cap_len < LANES_MIN_LEN, false))
			accepted |= (uint64_t)accepts(b, &frames[i]) << i;
	return accepted;
}
