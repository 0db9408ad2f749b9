#include "spool/block.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/rd.h"
#include "base/sum.h"
#include "base/wr.h"
#include "seal/vault.h"

enum {
	KEY_LEN = 8 + VAULT_TAG_LEN,
	RUN_LEN = 8,
	SUM_AT = 40,      /* what is before it is bound to each key's bytes */
	HEAD_SUM_AT = 60, /* of what is before it */
	FIRST_ROOM = 64,
	FETCH_STEP = 64,
	FETCH_MOST = 4096,
	NONE = -1,
};

#define BLOCK_MAGIC UINT64_C(0x57454952424c4f31) /* "WEIRBLO1" */

/* ---- heads ---- */

uint64_t block_room(const struct block_head *head)
{
	return ((uint64_t)BLOCK_HEAD_LEN + head->gap + head->stored + BLOCK_ALIGN - 1) /
	       BLOCK_ALIGN * BLOCK_ALIGN;
}

static uint64_t stored_len(uint64_t len, uint64_t n_keys, uint64_t n_runs)
{
	return n_keys * KEY_LEN + n_runs * RUN_LEN + len;
}

/* All but the head's own sum. Not inlined: gcc 12 would see a buffer of no size. */
__attribute__((noinline)) static void fields_write(const struct block_head *head, struct wr *w)
{
	wr_u64(w, BLOCK_MAGIC);
	wr_u64(w, head->stream);
	wr_u64(w, head->base);
	wr_u32(w, head->len);
	wr_u32(w, head->stored);
	wr_u32(w, head->n_keys);
	wr_u32(w, head->n_runs);
	wr_u32(w, head->sum);
	wr_u32(w, head->salt);
	wr_u32(w, head->gap);
	wr_u64(w, 0);
}

static void head_write(const struct block_head *head, uint8_t out[BLOCK_HEAD_LEN])
{
	struct wr w = wr_of(out, BLOCK_HEAD_LEN);

	fields_write(head, &w);
	wr_u32(&w, sum_add(0, out, HEAD_SUM_AT));
}

int block_head_read(struct block_head *head, const uint8_t bytes[BLOCK_HEAD_LEN], struct why *why)
{
	struct rd r = rd_of(bytes, BLOCK_HEAD_LEN);
	uint64_t magic = rd_u64(&r), spare;

	*head = (struct block_head){.stream = rd_u64(&r), .base = rd_u64(&r)};
	head->len = rd_u32(&r);
	head->stored = rd_u32(&r);
	head->n_keys = rd_u32(&r);
	head->n_runs = rd_u32(&r);
	head->sum = rd_u32(&r);
	head->salt = rd_u32(&r);
	head->gap = rd_u32(&r);
	spare = rd_u64(&r);
	if (magic != BLOCK_MAGIC)
		return why_set(why, ERR_BAD, "no block begins there");
	if (rd_u32(&r) != sum_add(0, bytes, HEAD_SUM_AT))
		return why_set(why, ERR_BAD, "a block's head is damaged");
	if (!head->len || head->len > BLOCK_MOST || head->n_runs > head->len ||
	    head->n_keys > head->n_runs || (head->n_runs && !head->n_keys) ||
	    head->base + head->len < head->base || spare ||
	    (head->gap && (head->gap != BLOCK_GAP || head->n_keys)) ||
	    head->stored != stored_len(head->len, head->n_keys, head->n_runs))
		return why_set(why, ERR_BAD, "a block's head contradicts itself");
	return 0;
}

/* ---- planning ---- */

static bool grow(void **items, uint32_t *room, uint32_t n, size_t size)
{
	uint32_t more = *room ? 2 * *room : FIRST_ROOM;
	void *moved;

	if (n < *room)
		return true;
	moved = reallocarray(*items, more, size);
	if (!moved)
		return false;
	*items = moved;
	*room = more;
	return true;
}

/* Where the key stands among the block's; UINT32_MAX: no memory. */
static uint32_t key_of(struct block_plan *p, uint64_t number)
{
	uint32_t *place = &p->table[number / 2 % BLOCK_TABLE_LEN];
	uint32_t k = *place;

	while (k != UINT32_MAX && p->keys[k].number != number)
		k = p->keys[k].chain;
	if (k != UINT32_MAX)
		return k;
	if (!grow((void **)&p->keys, &p->keys_room, p->head.n_keys, sizeof *p->keys))
		return UINT32_MAX;
	k = p->head.n_keys++;
	p->keys[k] = (struct block_key){number, UINT32_MAX, UINT32_MAX, *place};
	*place = k;
	return k;
}

static int add_run(struct block_plan *p, uint64_t number, uint32_t len)
{
	uint32_t n = p->head.n_runs, k, at;
	struct block_run *before = n ? &p->runs[n - 1] : NULL;
	struct block_key *key;

	if (before && p->keys[before->key].number == number) {
		before->len += len;
		return 0;
	}
	at = before ? before->at + before->len : 0; /* the runs may move now */
	k = key_of(p, number);
	if (k == UINT32_MAX || !grow((void **)&p->runs, &p->runs_room, n, sizeof *p->runs))
		return ERR_NOMEM;
	key = &p->keys[k];
	p->runs[n] = (struct block_run){len, k, at, UINT32_MAX};
	if (key->last != UINT32_MAX)
		p->runs[key->last].next = n;
	else
		key->first = n;
	key->last = n;
	p->head.n_runs++;
	return 0;
}

/* The key of each record; neighbours mostly have the same. */
static int find_runs(struct block_plan *p, const struct block_seal *seal)
{
	const uint8_t *name, *before = NULL;
	size_t at = 0, len = p->head.len, n, name_len, before_len = 0;
	uint64_t number = 0;
	int rc = 0;

	for (; at < len && !rc; at += n) {
		n = seal->owner ? seal->owner(p->bytes + at, len - at, &name, &name_len) : 0;
		if (!n || n > len - at) {
			n = len - at;
			name = (const uint8_t *)"";
			name_len = 0;
		}
		if (!before || before_len != name_len || memcmp(before, name, name_len) != 0)
			rc = vault_key(seal->vault, name, name_len, &number);
		before = name;
		before_len = name_len;
		if (!rc)
			rc = add_run(p, number, (uint32_t)n);
	}
	return rc;
}

int block_plan(struct block_plan *p, const struct block_seal *seal, const uint8_t *bytes,
	       size_t len)
{
	int rc = 0;

	p->head = (struct block_head){.len = (uint32_t)len};
	p->bytes = bytes;
	memset(p->table, NONE, sizeof p->table);
	if (seal->vault)
		rc = find_runs(p, seal);
	p->head.stored = (uint32_t)stored_len(len, p->head.n_keys, p->head.n_runs);
	return rc;
}

void block_plan_fini(struct block_plan *p)
{
	free(p->runs);
	free(p->keys);
	p->runs = NULL;
	p->keys = NULL;
	p->runs_room = p->keys_room = 0;
}

/* ---- writing ---- */

/* Runs of a key lie apart, where the processor does not look ahead by itself. */
static void fetch_run(const struct block_plan *p, uint32_t i)
{
	size_t n = i == UINT32_MAX ? 0 : p->runs[i].len < FETCH_MOST ? p->runs[i].len : FETCH_MOST;

	for (size_t at = 0; at < n; at += FETCH_STEP)
		__builtin_prefetch(p->bytes + p->runs[i].at + at);
}

static int seal_key(const struct block_plan *p, const struct block_seal *seal, uint32_t k,
		    uint8_t *out)
{
	const struct vault_use use = {p->keys[k].number, p->head.stream, p->head.base, p->head.salt,
				      true};
	const uint8_t *runs = out + BLOCK_HEAD_LEN + (size_t)p->head.n_keys * KEY_LEN;
	uint8_t *bytes = out + BLOCK_HEAD_LEN + (p->head.stored - p->head.len);
	struct vault_cipher *cipher;
	size_t at;
	int rc = vault_begin(&cipher, seal->vault, &use);

	if (!rc)
		rc = vault_bind(cipher, out, SUM_AT);
	if (!rc)
		rc = vault_bind(cipher, runs, (size_t)p->head.n_runs * RUN_LEN);
	for (uint32_t i = p->keys[k].first; !rc && i != UINT32_MAX; i = p->runs[i].next) {
		at = p->runs[i].at;
		fetch_run(p, p->runs[i].next);
		rc = vault_add(cipher, p->bytes + at, p->runs[i].len, bytes + at);
	}
	if (!rc)
		rc = vault_end(&cipher, out + BLOCK_HEAD_LEN + (size_t)k * KEY_LEN + 8);
	vault_drop(&cipher);
	return rc;
}

static void write_tables(const struct block_plan *p, uint8_t *out)
{
	size_t len = p->head.stored - p->head.len;
	struct wr w = wr_of(out + BLOCK_HEAD_LEN, len);

	for (uint32_t k = 0; k < p->head.n_keys; k++) {
		wr_u64(&w, p->keys[k].number);
		wr_fill(&w, 0, VAULT_TAG_LEN);
	}
	for (uint32_t i = 0; i < p->head.n_runs; i++) {
		wr_u32(&w, p->runs[i].len);
		wr_u32(&w, p->runs[i].key);
	}
}

int block_write(struct block_plan *p, const struct block_seal *seal, uint64_t stream, uint64_t base,
		uint8_t *out)
{
	size_t used = BLOCK_HEAD_LEN + (size_t)p->head.stored;
	int rc = 0;

	p->head.stream = stream;
	p->head.base = base;
	if (p->head.n_keys &&
	    getrandom(&p->head.salt, sizeof p->head.salt, 0) != sizeof p->head.salt)
		return ERR_IO;
	head_write(&p->head, out);
	write_tables(p, out);
	if (!p->head.n_keys)
		memcpy(out + BLOCK_HEAD_LEN, p->bytes, p->head.len);
	for (uint32_t k = 0; k < p->head.n_keys && !rc; k++)
		rc = seal_key(p, seal, k, out);
	p->head.sum = sum_add(0, out + BLOCK_HEAD_LEN, p->head.stored);
	head_write(&p->head, out);
	memset(out + used, 0, block_room(&p->head) - used);
	return rc;
}

void block_write_head(struct block_plan *p, uint64_t stream, uint64_t base,
		      uint8_t out[BLOCK_ALIGN])
{
	p->head.stream = stream;
	p->head.base = base;
	p->head.gap = BLOCK_GAP;
	p->head.sum = sum_add(0, p->bytes, p->head.len);
	head_write(&p->head, out);
	memset(out + BLOCK_HEAD_LEN, 0, BLOCK_GAP);
}

/* ---- reading ---- */

/* A block's tables, as they lie there. */
struct tables {
	const struct block_head *head;
	struct rd keys, runs;
	const uint8_t *bytes;
	struct block_run *list;
	uint32_t *firsts; /* of each key */
};

static int read_runs(struct tables *t, struct why *why)
{
	uint64_t at = 0;
	struct rd r = t->runs;
	uint32_t *lasts = calloc(t->head->n_keys, sizeof *lasts);

	t->list = calloc(t->head->n_runs, sizeof *t->list);
	t->firsts = calloc(t->head->n_keys, sizeof *t->firsts);
	if (!lasts || !t->list || !t->firsts) {
		free(lasts);
		return ERR_NOMEM;
	}
	memset(t->firsts, NONE, t->head->n_keys * sizeof *t->firsts);
	for (uint32_t i = 0; i < t->head->n_runs && at <= t->head->len; i++) {
		uint32_t len = rd_u32(&r), k = rd_u32(&r);

		if (k >= t->head->n_keys) {
			at = UINT64_MAX;
			break;
		}
		t->list[i] = (struct block_run){len, k, (uint32_t)at, UINT32_MAX};
		if (t->firsts[k] == UINT32_MAX)
			t->firsts[k] = i;
		else
			t->list[lasts[k]].next = i;
		lasts[k] = i;
		at += len;
	}
	free(lasts);
	return at == t->head->len ? 0 : why_set(why, ERR_BAD, "a block's runs do not fit it");
}

static int add_hole(struct block_bytes *out, uint32_t at, uint32_t len)
{
	struct block_hole *more = reallocarray(out->holes, out->n_holes + 1, sizeof *more);

	if (!more)
		return ERR_NOMEM;
	out->holes = more;
	more[out->n_holes++] = (struct block_hole){at, len};
	return 0;
}

/* The bytes of a key that is gone; zeros stand for them. */
static int leave_out(const struct tables *t, uint32_t k, struct block_bytes *out)
{
	int rc = 0;

	for (uint32_t i = t->firsts[k]; !rc && i != UINT32_MAX; i = t->list[i].next) {
		memset(out->bytes + t->list[i].at, 0, t->list[i].len);
		rc = add_hole(out, t->list[i].at, t->list[i].len);
	}
	return rc;
}

/* Opens one key's runs. bound: what of the block's head was bound to them. */
static int open_key(const struct tables *t, struct vault *vault, uint32_t k, const uint8_t *bound,
		    struct block_bytes *out)
{
	struct rd r = t->keys;
	struct vault_use use = {
		.stream = t->head->stream, .offset = t->head->base, .salt = t->head->salt};
	struct vault_cipher *cipher = NULL;
	uint8_t tag[VAULT_TAG_LEN];
	const uint8_t *written;
	int rc;

	rd_skip(&r, (size_t)k * KEY_LEN);
	use.key = rd_u64(&r);
	written = rd_take(&r, sizeof tag);
	if (!written)
		return ERR_BAD;
	memcpy(tag, written, sizeof tag);
	rc = vault ? vault_begin(&cipher, vault, &use) : ERR_ABSENT;
	if (rc == ERR_ABSENT)
		return leave_out(t, k, out);
	if (!rc)
		rc = vault_bind(cipher, bound, SUM_AT);
	if (!rc)
		rc = vault_bind(cipher, t->runs.at, (size_t)t->head->n_runs * RUN_LEN);
	for (uint32_t i = t->firsts[k]; !rc && i != UINT32_MAX; i = t->list[i].next)
		rc = vault_add(cipher, t->bytes + t->list[i].at, t->list[i].len,
			       out->bytes + t->list[i].at);
	if (!rc)
		rc = vault_end(&cipher, tag);
	vault_drop(&cipher);
	return rc;
}

static int compare_holes(const void *a, const void *b)
{
	const struct block_hole *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static int open_keys(struct tables *t, struct vault *vault, struct block_bytes *out,
		     struct why *why)
{
	uint8_t bound[BLOCK_HEAD_LEN];
	int rc = read_runs(t, why);

	head_write(t->head, bound);
	for (uint32_t k = 0; k < t->head->n_keys && !rc; k++) {
		rc = open_key(t, vault, k, bound, out);
		if (rc == ERR_BAD)
			why_set(why, rc, "a block's bytes are not what was sealed");
	}
	if (out->n_holes)
		qsort(out->holes, out->n_holes, sizeof *out->holes, compare_holes);
	free(t->list);
	free(t->firsts);
	return rc;
}

int block_read(const struct block_head *head, struct rd stored, struct vault *vault,
	       struct block_bytes *out, struct why *why)
{
	struct tables t = {.head = head};
	const uint8_t *first;
	struct rd r;
	int rc = 0;

	*out = (struct block_bytes){0};
	rd_skip(&stored, head->gap);
	first = stored.at;
	if (rd_left(&stored) < head->stored)
		return why_set(why, ERR_BAD, "a block is cut");
	r = rd_sub(&stored, head->stored);
	t.keys = rd_sub(&r, (size_t)head->n_keys * KEY_LEN);
	t.runs = rd_sub(&r, (size_t)head->n_runs * RUN_LEN);
	t.bytes = rd_take(&r, head->len);
	if (!t.bytes)
		return why_set(why, ERR_BAD, "a block's head contradicts itself");
	if (sum_add(0, first, head->stored) != head->sum)
		return why_set(why, ERR_BAD, "a block is damaged: its sum does not fit");
	out->bytes = malloc(head->len);
	if (!out->bytes)
		return ERR_NOMEM;
	if (head->n_keys)
		rc = open_keys(&t, vault, out, why);
	else
		memcpy(out->bytes, t.bytes, head->len);
	if (rc)
		block_bytes_fini(out);
	return rc;
}

void block_bytes_fini(struct block_bytes *b)
{
	free(b->bytes);
	free(b->holes);
	*b = (struct block_bytes){0};
}
