/* The lz4 frame format, by liblz4. */
#include "cap/codec.h"

#include <lz4frame.h>
#include <lz4hc.h>
#include <stdlib.h>

#include "base/rd.h"

enum {
	LZ4_MAGIC = 0x184d2204,
	LZ4_SKIPPABLE = 0x184d2a50,
	LZ4_FIRST_STEP = 7, /* the shortest frame header */
	LZ4_BLOCK = 4 << 20,
	LZ4_MEMORY = 1 << 20,
};

/* Skippable frames first: only where an lz4 frame follows in sight. */
static bool lz4_probe(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	uint32_t magic = rd_le32(&r);

	while (r.ok && (magic & 0xfffffff0) == LZ4_SKIPPABLE) {
		rd_skip(&r, rd_le32(&r));
		magic = rd_le32(&r);
	}
	return r.ok && magic == LZ4_MAGIC;
}

struct unlz4 {
	LZ4F_dctx *frame;
	size_t hint; /* bytes that the next step wants */
};

static void lz4_decoder_free(void *decoder)
{
	struct unlz4 *z = decoder;

	if (z)
		LZ4F_freeDecompressionContext(z->frame);
	free(z);
}

static int lz4_decoder_new(void **out)
{
	struct unlz4 *z = calloc(1, sizeof *z);

	if (!z || LZ4F_isError(LZ4F_createDecompressionContext(&z->frame, LZ4F_VERSION))) {
		lz4_decoder_free(z);
		*out = NULL;
		return ERR_NOMEM;
	}
	z->hint = LZ4_FIRST_STEP;
	*out = z;
	return 0;
}

/* A call that fails forgets what it had put out before the damage: so each is given no more
 * than the next block, and the blocks before a damaged one are all delivered. */
static int lz4_decode(void *decoder, struct codec_step *step, struct why *why)
{
	struct unlz4 *z = decoder;
	size_t in_len = step->in_len < z->hint ? step->in_len : z->hint;
	size_t out_len = step->out_len;
	size_t rc = LZ4F_decompress(z->frame, step->out, &out_len, step->in, &in_len, NULL);

	z->hint = LZ4F_isError(rc) || rc == 0 ? LZ4_FIRST_STEP : rc;
	if (LZ4F_isError(rc))
		return why_set(why, ERR_BAD, "the lz4 data is damaged: %s", LZ4F_getErrorName(rc));
	step->in += in_len;
	step->in_len -= in_len;
	step->out += out_len;
	step->out_len -= out_len;
	return rc == 0 ? CODEC_MEMBER_END : 0;
}

static size_t lz4_block_len(int level)
{
	(void)level;
	return LZ4_BLOCK;
}

static size_t lz4_memory(int level)
{
	(void)level;
	return LZ4_MEMORY;
}

static LZ4F_preferences_t lz4_preferences(int level)
{
	return (LZ4F_preferences_t){
		.frameInfo = {.blockSizeID = LZ4F_max4MB,
			      .contentChecksumFlag = LZ4F_contentChecksumEnabled},
		.compressionLevel = level,
	};
}

static size_t lz4_bound(size_t len)
{
	LZ4F_preferences_t preferences = lz4_preferences(1);

	return LZ4F_compressFrameBound(len, &preferences);
}

static int lz4_encoder_new(void **out, int level)
{
	int *own = malloc(sizeof *own);

	if (own)
		*own = level;
	*out = own;
	return own ? 0 : ERR_NOMEM;
}

static int lz4_encode(void *encoder, const uint8_t *in, size_t in_len, uint8_t *out,
		      size_t *out_len)
{
	LZ4F_preferences_t preferences = lz4_preferences(*(int *)encoder);
	size_t rc = LZ4F_compressFrame(out, *out_len, in, in_len, &preferences);

	*out_len = rc;
	return LZ4F_isError(rc) ? ERR_FULL : 0;
}

const struct codec codec_lz4 = {
	.id = SINK_LZ4,
	.probe = lz4_probe,
	.decoder_new = lz4_decoder_new,
	.decode = lz4_decode,
	.decoder_free = lz4_decoder_free,
	.block_len = lz4_block_len,
	.memory = lz4_memory,
	.bound = lz4_bound,
	.encoder_new = lz4_encoder_new,
	.encode = lz4_encode,
	.encoder_free = free,
};
