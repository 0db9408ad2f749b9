/* The lz4 frame format, by liblz4. */
#include "pack/codec.h"

#include <lz4frame.h>
#include <lz4hc.h>
#include <stdlib.h>

#include "base/rd.h"

enum {
	LZ4_MAGIC = 0x184d2204,
	LZ4_SKIPPABLE = 0x184d2a50,
	LZ4_FIRST_STEP = 7, /* the shortest frame header */
	LZ4_BLOCK_HEADER = 4,
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
	size_t hint;  /* bytes that the next step wants */
	bool is_full; /* the last step filled all its room: there may be more to put out */
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

static size_t lz4_step(struct unlz4 *z, struct codec_step *step, size_t in_len)
{
	size_t used = step->in_len < in_len ? step->in_len : in_len;
	size_t made = step->out_len;
	size_t rc = LZ4F_decompress(z->frame, step->out, &made, step->in, &used, NULL);

	z->hint = LZ4F_isError(rc) || rc == 0 ? LZ4_FIRST_STEP : rc;
	if (LZ4F_isError(rc))
		return rc;
	z->is_full = made == step->out_len;
	step->in += used;
	step->in_len -= used;
	step->out += made;
	step->out_len -= made;
	return rc;
}

/* A call that fails forgets what it had put out before it met the damage. So each is given one
 * block at most (the hint counts the next one's header too), and none before the output that is
 * left of the last one: what precedes the damage is all delivered. */
static int lz4_decode(void *decoder, struct codec_step *step, struct why *why)
{
	struct unlz4 *z = decoder;
	const uint8_t *before = step->out;
	size_t rc = 1;

	if (z->is_full)
		rc = lz4_step(z, step, 0);
	if (!LZ4F_isError(rc) && rc && step->out == before)
		rc = lz4_step(z, step,
			      z->hint > LZ4_BLOCK_HEADER ? z->hint - LZ4_BLOCK_HEADER : z->hint);
	if (LZ4F_isError(rc))
		return why_set(why, ERR_BAD, "the lz4 data is damaged: %s", LZ4F_getErrorName(rc));
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
