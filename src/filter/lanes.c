#include "filter/lanes.h"

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	LANES_MAX_STEPS = 128,
	WORD = LANES_MIN_LEN, /* a lane loads so many bytes, whichever of them it wants */
};

#if defined(__x86_64__)

#include <immintrin.h>

#define LANES_TARGET __attribute__((target("avx512f,avx512bw")))

enum kind { LOAD, LOAD_X, LOAD_X_FROM, AND, JUMP, EQUAL, ABOVE, AT_LEAST, ANY_BIT, RETURN };

struct lane_step {
	uint8_t kind;
	uint8_t size; /* bytes of a load */
	uint16_t jt;
	uint16_t jf;
	uint32_t k;
};

struct lanes {
	uint32_t n;
	struct lane_step steps[];
};

static const struct {
	uint16_t code;
	uint8_t kind;
	uint8_t size;
} known[] = {
	{BPF_LD | BPF_W | BPF_ABS, LOAD, 4},
	{BPF_LD | BPF_H | BPF_ABS, LOAD, 2},
	{BPF_LD | BPF_B | BPF_ABS, LOAD, 1},
	{BPF_LD | BPF_W | BPF_IND, LOAD_X, 4},
	{BPF_LD | BPF_H | BPF_IND, LOAD_X, 2},
	{BPF_LD | BPF_B | BPF_IND, LOAD_X, 1},
	{BPF_LDX | BPF_B | BPF_MSH, LOAD_X_FROM, 1},
	{BPF_ALU | BPF_AND | BPF_K, AND, 0},
	{BPF_JMP | BPF_JA, JUMP, 0},
	{BPF_JMP | BPF_JEQ | BPF_K, EQUAL, 0},
	{BPF_JMP | BPF_JGT | BPF_K, ABOVE, 0},
	{BPF_JMP | BPF_JGE | BPF_K, AT_LEAST, 0},
	{BPF_JMP | BPF_JSET | BPF_K, ANY_BIT, 0},
	{BPF_RET | BPF_K, RETURN, 0},
};

enum { N_KNOWN = sizeof known / sizeof known[0] };

static bool set_step(struct lane_step *s, const struct bpf_insn *from, uint32_t i, uint32_t n)
{
	uint64_t by = from->code == (BPF_JMP | BPF_JA) ? from->k : 0;
	uint64_t jt = i + 1 + (by ? by : from->jt);
	uint64_t jf = i + 1 + (by ? by : from->jf);
	bool is_known = false;

	for (int k = 0; k < N_KNOWN; k++)
		if (known[k].code == from->code) {
			*s = (struct lane_step){known[k].kind, known[k].size, 0, 0, from->k};
			is_known = true;
		}
	if (!is_known || (s->kind >= JUMP && s->kind < RETURN && (jt >= n || jf >= n)))
		return false;
	s->jt = (uint16_t)jt;
	s->jf = (uint16_t)jf;
	return true;
}

int lanes_new(struct lanes **out, const struct bpf_insn *insns, size_t n)
{
	struct lanes *l;
	bool is_fit = true;

	*out = NULL;
	if (n == 0 || n > LANES_MAX_STEPS || !__builtin_cpu_supports("avx512f") ||
	    !__builtin_cpu_supports("avx512bw"))
		return ERR_UNSUPPORTED;
	l = malloc(sizeof *l + n * sizeof l->steps[0]);
	if (!l)
		return ERR_NOMEM;
	l->n = (uint32_t)n;
	for (uint32_t i = 0; i < n && is_fit; i++)
		is_fit = set_step(&l->steps[i], &insns[i], i, l->n);
	if (!is_fit)
		lanes_free(&l);
	*out = l;
	return l ? 0 : ERR_UNSUPPORTED;
}

void lanes_free(struct lanes **l)
{
	free(*l);
	*l = NULL;
}

/* Sixteen packets: where their bytes begin, eight a vector, and how many there are. */
struct packets {
	__m512i low;
	__m512i high;
	__m512i len;
};

/* Words are in the byte order of the network. */
LANES_TARGET static inline __m512i turn_words(__m512i v)
{
	const __m512i order = _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);

	return _mm512_shuffle_epi8(v, order);
}

/* size bytes from `at` on, of the lanes in m, which all have them. A whole word is loaded, and
 * lies within the packet: near its end it begins as much earlier as it must. */
LANES_TARGET static inline __m512i take(const struct packets *p, __m512i at, __mmask16 m,
					uint32_t size)
{
	__m512i from = _mm512_min_epu32(at, _mm512_sub_epi32(p->len, _mm512_set1_epi32(WORD)));
	__m512i low = _mm512_add_epi64(p->low, _mm512_cvtepu32_epi64(_mm512_castsi512_si256(from)));
	__m512i high = _mm512_add_epi64(p->high,
					_mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(from, 1)));
	__m256i none = _mm256_setzero_si256();
	__m256i first = _mm512_mask_i64gather_epi32(none, (__mmask8)m, low, NULL, 1);
	__m256i second = _mm512_mask_i64gather_epi32(none, (__mmask8)(m >> 8), high, NULL, 1);
	__m512i word = _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
	__m512i later = _mm512_slli_epi32(_mm512_sub_epi32(at, from), 3);
	__m512i shift = _mm512_sub_epi32(_mm512_set1_epi32((int)(8 * (WORD - size))), later);

	word = _mm512_srlv_epi32(turn_words(word), shift);
	return size == WORD ? word : _mm512_and_si512(word, _mm512_set1_epi32((1 << 8 * size) - 1));
}

/* The lanes of m whose packet has size bytes from x + k on. */
LANES_TARGET static inline __mmask16 having(const struct packets *p, __m512i x, uint32_t k,
					    uint32_t size, __mmask16 m)
{
	uint32_t end;
	__m512i ends;

	if (__builtin_add_overflow(k, size, &end))
		return 0;
	ends = _mm512_set1_epi32((int)end);
	m = _mm512_mask_cmple_epu32_mask(m, ends, p->len);
	return _mm512_mask_cmple_epu32_mask(m, x, _mm512_sub_epi32(p->len, ends));
}

LANES_TARGET static inline __mmask16 compare(const struct lane_step *s, __m512i a, __mmask16 m)
{
	__m512i k = _mm512_set1_epi32((int)s->k);

	switch (s->kind) {
	case EQUAL:
		return _mm512_mask_cmpeq_epu32_mask(m, a, k);
	case ABOVE:
		return _mm512_mask_cmpgt_epu32_mask(m, a, k);
	case AT_LEAST:
		return _mm512_mask_cmpge_epu32_mask(m, a, k);
	case ANY_BIT:
		return _mm512_mask_test_epi32_mask(m, a, k);
	}
	return m; /* JUMP */
}

/* All lanes are those whose packets have a word at least. */
LANES_TARGET static uint32_t run(const struct lanes *l, const struct packets *p, __mmask16 all)
{
	__mmask16 at[LANES_MAX_STEPS + 1] = {all}; /* who stands at each step */
	__m512i zero = _mm512_setzero_si512();
	__m512i a = zero;
	__m512i x = zero;
	uint32_t accepted = 0;

	for (uint32_t i = 0; i < l->n; i++) {
		const struct lane_step *s = &l->steps[i];
		__mmask16 m = at[i];
		__m512i k = _mm512_set1_epi32((int)s->k);
		__m512i base = s->kind == LOAD_X ? x : zero;

		if (!m)
			continue;
		if (s->kind <= LOAD_X_FROM) { /* who has no such bytes is refused */
			__m512i v;

			m = having(p, base, s->k, s->size, m);
			v = take(p, _mm512_add_epi32(base, k), m, s->size);
			if (s->kind == LOAD_X_FROM)
				x = _mm512_mask_slli_epi32(
					x, m, _mm512_and_si512(v, _mm512_set1_epi32(0xf)), 2);
			else
				a = _mm512_mask_mov_epi32(a, m, v);
			at[i + 1] |= m;
		} else if (s->kind == AND) {
			a = _mm512_mask_and_epi32(a, m, a, k);
			at[i + 1] |= m;
		} else if (s->kind == RETURN) {
			accepted |= s->k ? m : 0;
		} else {
			__mmask16 holds = compare(s, a, m);

			at[s->jt] |= holds;
			at[s->jf] |= (__mmask16)(m & ~holds);
		}
	}
	return accepted;
}

LANES_TARGET uint32_t lanes_run(const struct lanes *l, const struct weir_frame *frames, int n)
{
	uint64_t at[LANES] = {0};
	uint32_t len[LANES] = {0};
	struct packets p;

	for (int i = 0; i < n; i++) {
		at[i] = (uint64_t)(uintptr_t)frames[i].bytes;
		len[i] = frames[i].cap_len;
	}
	p.low = _mm512_loadu_si512(&at[0]);
	p.high = _mm512_loadu_si512(&at[LANES / 2]);
	p.len = _mm512_loadu_si512(len);
	return run(l, &p, _mm512_cmpge_epu32_mask(p.len, _mm512_set1_epi32(WORD)));
}

#else

int lanes_new(struct lanes **out, const struct bpf_insn *insns, size_t n)
{
	(void)insns;
	(void)n;
	*out = NULL;
	return ERR_UNSUPPORTED;
}

void lanes_free(struct lanes **l)
{
	*l = NULL;
}

uint32_t lanes_run(const struct lanes *l, const struct weir_frame *frames, int n)
{
	(void)l;
	(void)frames;
	(void)n;
	return 0;
}

#endif
