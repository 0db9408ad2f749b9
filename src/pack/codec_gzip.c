/* gzip (RFC 1952): undone by zlib, which takes any stream a piece at a time; done by libdeflate,
 * which wants whole blocks and is twice as fast. */
#include "pack/codec.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <zlib.h>

enum {
	GZIP_WINDOW_BITS = 15 + 16, /* the largest window, gzip's wrapping */
	GZIP_BLOCK = 1 << 20,
	GZIP_MEMORY = 4 << 20,
};

static bool gzip_probe(const uint8_t *bytes, size_t len)
{
	return len >= 3 && bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8;
}

static int gzip_decoder_new(void **out)
{
	z_stream *z = calloc(1, sizeof *z);

	if (z && inflateInit2(z, GZIP_WINDOW_BITS) != Z_OK) {
		free(z);
		z = NULL;
	}
	*out = z;
	return z ? 0 : ERR_NOMEM;
}

static uInt clamp(size_t len)
{
	return len < 1U << 30 ? (uInt)len : 1U << 30;
}

static int gzip_decode(void *decoder, struct codec_step *step, struct why *why)
{
	z_stream *z = decoder;
	int rc;

	z->next_in = (Bytef *)(uintptr_t)step->in;
	z->avail_in = clamp(step->in_len);
	z->next_out = step->out;
	z->avail_out = clamp(step->out_len);
	rc = inflate(z, Z_SYNC_FLUSH);
	step->in_len -= (size_t)(z->next_in - step->in);
	step->in = z->next_in;
	step->out_len -= (size_t)(z->next_out - step->out);
	step->out = z->next_out;
	if (rc == Z_STREAM_END)
		return inflateReset(z) == Z_OK ? CODEC_MEMBER_END : ERR_NOMEM;
	if (rc == Z_OK || rc == Z_BUF_ERROR)
		return 0;
	if (rc == Z_MEM_ERROR)
		return ERR_NOMEM;
	return why_set(why, ERR_BAD, "the gzip data is damaged: %s",
		       z->msg ? z->msg : "it breaks the format's rules");
}

static void gzip_decoder_free(void *decoder)
{
	inflateEnd(decoder);
	free(decoder);
}

static size_t gzip_block_len(int level)
{
	(void)level;
	return GZIP_BLOCK;
}

static size_t gzip_memory(int level)
{
	(void)level;
	return GZIP_MEMORY;
}

static size_t gzip_bound(size_t len)
{
	return libdeflate_gzip_compress_bound(NULL, len);
}

static int gzip_encoder_new(void **out, int level)
{
	*out = libdeflate_alloc_compressor(level);
	return *out ? 0 : ERR_NOMEM;
}

static int gzip_encode(void *encoder, const uint8_t *in, size_t in_len, uint8_t *out,
		       size_t *out_len)
{
	*out_len = libdeflate_gzip_compress(encoder, in, in_len, out, *out_len);
	return *out_len ? 0 : ERR_FULL;
}

static void gzip_encoder_free(void *encoder)
{
	libdeflate_free_compressor(encoder);
}

const struct codec codec_gzip = {
	.id = SINK_GZIP,
	.probe = gzip_probe,
	.decoder_new = gzip_decoder_new,
	.decode = gzip_decode,
	.decoder_free = gzip_decoder_free,
	.block_len = gzip_block_len,
	.memory = gzip_memory,
	.bound = gzip_bound,
	.encoder_new = gzip_encoder_new,
	.encode = gzip_encode,
	.encoder_free = gzip_encoder_free,
};
