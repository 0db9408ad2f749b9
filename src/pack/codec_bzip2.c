/* bzip2, by libbz2. */
#include "pack/codec.h"

#include <bzlib.h>
#include <stdlib.h>

enum {
	BZIP2_UNIT = 100000,           /* of the level: the format's own block size */
	BZIP2_BLOCK_MARGIN = 20000,    /* a block may grow a little before it is sorted */
	BZIP2_MEMORY = 8 * BZIP2_UNIT, /* a level, and 400 kB for all */
	BZIP2_MEMORY_BASE = 400000,
};

struct bunzip {
	bz_stream stream;
	bool is_open;
};

static bool bzip2_probe(const uint8_t *bytes, size_t len)
{
	return len >= 5 && bytes[0] == 'B' && bytes[1] == 'Z' && bytes[2] == 'h' &&
	       bytes[3] >= '1' && bytes[3] <= '9' && (bytes[4] == 0x31 || bytes[4] == 0x17);
}

static int bzip2_decoder_new(void **out)
{
	*out = calloc(1, sizeof(struct bunzip));
	return *out ? 0 : ERR_NOMEM;
}

static unsigned clamp(size_t len)
{
	return len < 1U << 30 ? (unsigned)len : 1U << 30;
}

static int bzip2_decode(void *decoder, struct codec_step *step, struct why *why)
{
	struct bunzip *b = decoder;
	unsigned in_len = clamp(step->in_len);
	unsigned out_len = clamp(step->out_len);
	int rc;

	if (!b->is_open) {
		b->stream = (bz_stream){0};
		if (BZ2_bzDecompressInit(&b->stream, 0, 0) != BZ_OK)
			return ERR_NOMEM;
		b->is_open = true;
	}
	b->stream.next_in = (char *)(uintptr_t)step->in;
	b->stream.avail_in = in_len;
	b->stream.next_out = (char *)step->out;
	b->stream.avail_out = out_len;
	rc = BZ2_bzDecompress(&b->stream);
	step->in += in_len - b->stream.avail_in;
	step->in_len -= in_len - b->stream.avail_in;
	step->out += out_len - b->stream.avail_out;
	step->out_len -= out_len - b->stream.avail_out;
	if (rc == BZ_STREAM_END) {
		BZ2_bzDecompressEnd(&b->stream);
		b->is_open = false;
		return CODEC_MEMBER_END;
	}
	if (rc == BZ_OK)
		return 0;
	if (rc == BZ_MEM_ERROR)
		return ERR_NOMEM;
	return why_set(why, ERR_BAD, "the bzip2 data is damaged: %s",
		       rc == BZ_DATA_ERROR_MAGIC ? "not a stream's beginning"
						 : "it breaks the format's rules");
}

static void bzip2_decoder_free(void *decoder)
{
	struct bunzip *b = decoder;

	if (b->is_open)
		BZ2_bzDecompressEnd(&b->stream);
	free(b);
}

static size_t bzip2_block_len(int level)
{
	return (size_t)level * BZIP2_UNIT - BZIP2_BLOCK_MARGIN;
}

static size_t bzip2_memory(int level)
{
	return BZIP2_MEMORY_BASE + (size_t)level * BZIP2_MEMORY;
}

static size_t bzip2_bound(size_t len)
{
	return len + len / 100 + 600; /* what libbz2's manual asks for */
}

static int bzip2_encoder_new(void **out, int level)
{
	int *own = malloc(sizeof *own);

	if (own)
		*own = level;
	*out = own;
	return own ? 0 : ERR_NOMEM;
}

static int bzip2_encode(void *encoder, const uint8_t *in, size_t in_len, uint8_t *out,
			size_t *out_len)
{
	unsigned len = clamp(*out_len);
	int rc = BZ2_bzBuffToBuffCompress((char *)out, &len, (char *)(uintptr_t)in, clamp(in_len),
					  *(int *)encoder, 0, 0);

	*out_len = len;
	return rc == BZ_OK ? 0 : rc == BZ_MEM_ERROR ? ERR_NOMEM : ERR_FULL;
}

const struct codec codec_bzip2 = {
	.id = SINK_BZIP2,
	.probe = bzip2_probe,
	.decoder_new = bzip2_decoder_new,
	.decode = bzip2_decode,
	.decoder_free = bzip2_decoder_free,
	.block_len = bzip2_block_len,
	.memory = bzip2_memory,
	.bound = bzip2_bound,
	.encoder_new = bzip2_encoder_new,
	.encode = bzip2_encode,
	.encoder_free = free,
};
