/* A block, as a disk may give it back: what is read lies within it, and a plain one is written
 * again octet for octet. */
#include <stdlib.h>
#include <string.h>

#include "base/fuzz.h"
#include "spool/block.h"
#include "spool/state.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct block_head head;
	struct block_bytes b;
	struct spool_head file;
	struct rd r = rd_of(bytes, len);

	if (len >= sizeof file) {
		memcpy(&file, bytes, sizeof file);
		(void)!spool_head_check(&file, 0, NULL);
	}
	if (len < BLOCK_HEAD_LEN || block_head_read(&head, bytes, NULL))
		return 0;
	rd_skip(&r, BLOCK_HEAD_LEN);
	if (block_read(&head, r, NULL, &b, NULL))
		return 0;
	check(&head, &b);
	if (!head.n_keys)
		write_again(&head, &b, bytes);
	block_bytes_fini(&b);
	return 0;
}
