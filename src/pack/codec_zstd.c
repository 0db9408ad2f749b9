/* Zstandard (RFC 8878), by libzstd. */
#include "pack/codec.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/rd.h"

enum {
	ZSTD_MAGIC = 0xfd2fb528,
	ZSTD_FIRST_STEP = 5, /* the magic and the frame's descriptor */
	ZSTD_BLOCK_HEADER = 3,
	ZSTD_WINDOW_BITS = 27, /* 128 MiB: what the zstd program accepts unasked */
	ZSTD_BLOCK = 2 << 20,
	ZSTD_BLOCK_HARD = 1 << 20, /* the slow levels' tables grow with the block */
	ZSTD_EASY_LEVEL = 5,
	ZSTD_HARD_LEVEL = 13,
};

static bool is_skippable(uint32_t magic)
{
	return (magic & 0xfffffff0) == ZSTD_MAGIC_SKIPPABLE_START;
}

/* A skippable frame belongs to zstd as well as to lz4: what follows it decides, and zstd where
 * that is out of sight. */
static bool zstd_probe(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	uint32_t magic = rd_le32(&r);

	while (r.ok && is_skippable(magic)) {
		rd_skip(&r, rd_le32(&r));
		magic = rd_le32(&r);
		if (!r.ok)
			return true;
	}
	return r.ok && magic == ZSTD_MAGIC;
}

struct unzstd {
	ZSTD_DStream *stream;
	size_t hint;  /* bytes that the next step wants */
	bool is_full; /* the last step filled all its room: there may be more to put out */
};

static void zstd_decoder_free(void *decoder)
{
	struct unzstd *z = decoder;

	if (z)
		ZSTD_freeDStream(z->stream);
	free(z);
}

static int zstd_decoder_new(void **out)
{
	struct unzstd *z = calloc(1, sizeof *z);

	if (z)
		z->stream = ZSTD_createDStream();
	if (!z || !z->stream) {
		zstd_decoder_free(z);
		*out = NULL;
		return ERR_NOMEM;
	}
	z->hint = ZSTD_FIRST_STEP;
	ZSTD_DCtx_setParameter(z->stream, ZSTD_d_windowLogMax, ZSTD_WINDOW_BITS);
	*out = z;
	return 0;
}

static size_t zstd_step(struct unzstd *z, struct codec_step *step, size_t in_len)
{
	ZSTD_inBuffer in = {step->in, step->in_len < in_len ? step->in_len : in_len, 0};
	ZSTD_outBuffer out = {step->out, step->out_len, 0};
	size_t rc = ZSTD_decompressStream(z->stream, &out, &in);

	z->is_full = out.pos == out.size;
	z->hint = ZSTD_isError(rc) || rc == 0 ? ZSTD_FIRST_STEP : rc;
	step->in += in.pos;
	step->in_len -= in.pos;
	step->out += out.pos;
	step->out_len -= out.pos;
	return rc;
}

/* A call that fails forgets what it had put out before it met the damage. So each is given one
 * block at most (the hint counts the next one's header too), and none before the output that is
 * left of the last one: what precedes the damage is all delivered. */
static int zstd_decode(void *decoder, struct codec_step *step, struct why *why)
{
	struct unzstd *z = decoder;
	const uint8_t *before = step->out;
	size_t rc = 1;

	if (z->is_full)
		rc = zstd_step(z, step, 0);
	if (!ZSTD_isError(rc) && rc && step->out == before)
		rc = zstd_step(z, step,
			       z->hint > ZSTD_BLOCK_HEADER ? z->hint - ZSTD_BLOCK_HEADER : z->hint);
	if (!ZSTD_isError(rc))
		return rc == 0 ? CODEC_MEMBER_END : 0;
	if (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
		return ERR_NOMEM;
	if (ZSTD_getErrorCode(rc) == ZSTD_error_frameParameter_windowTooLarge)
		return why_set(why, ERR_UNSUPPORTED,
			       "the zstd data wants a window of more than 128 MiB");
	return why_set(why, ERR_BAD, "the zstd data is damaged: %s", ZSTD_getErrorName(rc));
}

static size_t zstd_block_len(int level)
{
	return level < ZSTD_HARD_LEVEL ? ZSTD_BLOCK : ZSTD_BLOCK_HARD;
}

static size_t zstd_memory(int level)
{
	if (level <= ZSTD_EASY_LEVEL)
		return 4 << 20;
	return level < ZSTD_HARD_LEVEL ? 12 << 20 : 20 << 20;
}

static size_t zstd_bound(size_t len)
{
	return ZSTD_compressBound(len);
}

static int zstd_encoder_new(void **out, int level)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();

	if (z) {
		ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, level);
		ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	}
	*out = z;
	return z ? 0 : ERR_NOMEM;
}

static int zstd_encode(void *encoder, const uint8_t *in, size_t in_len, uint8_t *out,
		       size_t *out_len)
{
	size_t rc = ZSTD_compress2(encoder, out, *out_len, in, in_len);

	*out_len = rc;
	if (!ZSTD_isError(rc))
		return 0;
	return ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation ? ERR_NOMEM : ERR_FULL;
}

static void zstd_encoder_free(void *encoder)
{
	ZSTD_freeCCtx(encoder);
}

const struct codec codec_zstd = {
	.id = SINK_ZSTD,
	.probe = zstd_probe,
	.decoder_new = zstd_decoder_new,
	.decode = zstd_decode,
	.decoder_free = zstd_decoder_free,
	.block_len = zstd_block_len,
	.memory = zstd_memory,
	.bound = zstd_bound,
	.encoder_new = zstd_encoder_new,
	.encode = zstd_encode,
	.encoder_free = zstd_encoder_free,
};
