/* A block, as a disk may give it back: what is read lies within it, and a plain one is written
 * again octet for octet. As it is, and with lengths and sums mended, so that what lies behind them
 * is reached. */
#include <stdlib.h>
#include <string.h>

#include "base/fuzz.h"
#include "base/sum.h"
#include "base/wr.h"
#include "spool/block.h"
#include "spool/state.h"

enum { KEY_LEN = 24, RUN_LEN = 8, MOST = 8192, MOST_KEYS = 15, MOST_RUNS = 63 };

static void check(const struct block_head *head, const struct block_bytes *b)
{
	uint64_t at = 0;

	for (size_t i = 0; i < b->n_holes; i++) {
		if (b->holes[i].at < at || (uint64_t)b->holes[i].at + b->holes[i].len > head->len)
			abort();
		at = b->holes[i].at;
	}
}

static void write_again(const struct block_head *head, const struct block_bytes *b,
			const uint8_t *bytes)
{
	struct block_plan plan = {0};
	struct block_seal none = {0};
	uint8_t *out = malloc(block_room(head));

	if (out && (block_plan(&plan, &none, b->bytes, head->len) ||
		    block_write(&plan, &none, head->stream, head->base, out)))
		abort();
	if (out && !head->salt && memcmp(out, bytes, BLOCK_HEAD_LEN + (size_t)head->stored) != 0)
		abort();
	block_plan_fini(&plan);
	free(out);
}

/* The same where head and bytes are written apart. */
static void write_apart(const struct block_head *head, const struct block_bytes *b,
			const uint8_t *bytes)
{
	struct block_plan plan = {0};
	struct block_seal none = {0};
	uint8_t out[BLOCK_ALIGN];

	if (block_plan(&plan, &none, b->bytes, head->len))
		abort();
	block_write_head(&plan, head->stream, head->base, out);
	if (!head->salt && memcmp(out, bytes, BLOCK_HEAD_LEN) != 0)
		abort();
	block_plan_fini(&plan);
}

static void read_block(const uint8_t *bytes, size_t len)
{
	struct block_head head;
	struct block_bytes b;
	struct rd r = rd_of(bytes, len);

	if (len < BLOCK_HEAD_LEN || block_head_read(&head, bytes, NULL))
		return;
	rd_skip(&r, BLOCK_HEAD_LEN);
	if (block_read(&head, r, NULL, &b, NULL))
		return;
	check(&head, &b);
	if (head.gap)
		write_apart(&head, &b, bytes);
	else if (!head.n_keys)
		write_again(&head, &b, bytes);
	block_bytes_fini(&b);
}

/* The same with a head that fits what follows it: the input's numbers, made small. */
static void read_mended(const uint8_t *bytes, size_t len)
{
	uint8_t mended[BLOCK_HEAD_LEN + MOST] = {0};
	struct rd r = rd_of(bytes, len);
	struct wr head = wr_of(mended, BLOCK_HEAD_LEN);
	uint64_t stream, base;
	uint32_t n_keys, n_runs, n, stored, gap;

	rd_skip(&r, 8);
	stream = rd_u64(&r);
	base = rd_u64(&r);
	n = rd_u32(&r) % (MOST / 4) + 1;
	rd_skip(&r, 4);
	n_keys = rd_u32(&r) % (MOST_KEYS + 1);
	n_runs = rd_u32(&r) % (MOST_RUNS + 1);
	stored = n + n_keys * KEY_LEN + n_runs * RUN_LEN;
	rd_skip(&r, 8);
	gap = rd_u32(&r) % 2 && !n_keys ? BLOCK_GAP : 0;
	if (!r.ok || len < BLOCK_HEAD_LEN)
		return;
	len -= BLOCK_HEAD_LEN;
	memcpy(mended + BLOCK_HEAD_LEN + gap, bytes + BLOCK_HEAD_LEN, len < stored ? len : stored);
	wr_bytes(&head, "WEIRBLO1", 8);
	wr_u64(&head, stream);
	wr_u64(&head, base);
	wr_u32(&head, n);
	wr_u32(&head, stored);
	wr_u32(&head, n_keys);
	wr_u32(&head, n_runs);
	wr_u32(&head, sum_add(0, mended + BLOCK_HEAD_LEN + gap, stored));
	wr_u32(&head, 0);
	wr_u32(&head, gap);
	head.len = BLOCK_HEAD_LEN - 4;
	wr_u32(&head, sum_add(0, mended, BLOCK_HEAD_LEN - 4));
	read_block(mended, BLOCK_HEAD_LEN + gap + stored);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct spool_head file;

	if (len >= sizeof file) {
		memcpy(&file, bytes, sizeof file);
		(void)!spool_head_check(&file, 0, NULL);
	}
	read_block(bytes, len);
	read_mended(bytes, len);
	return 0;
}
