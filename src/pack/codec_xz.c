/* xz, by liblzma. Blocks are small (for xz) and the dictionary no larger than a block, so that
 * several encoders fit in little memory. */
#include "pack/codec.h"

#include <lzma.h>
#include <stdlib.h>

enum {
	XZ_BLOCK = 1 << 20,
	XZ_MEMORY = 14 << 20,        /* eleven times the dictionary, rounded up */
	XZ_DECODER_LIMIT = 128 << 20 /* the highest preset needs 65 MiB */
};

static const lzma_stream xz_empty = LZMA_STREAM_INIT;

struct unxz {
	lzma_stream stream;
	bool is_open;
};

static bool xz_probe(const uint8_t *bytes, size_t len)
{
	return len >= 6 && bytes[0] == 0xfd && bytes[1] == '7' && bytes[2] == 'z' &&
	       bytes[3] == 'X' && bytes[4] == 'Z' && bytes[5] == 0;
}

static int xz_decoder_new(void **out)
{
	struct unxz *x = calloc(1, sizeof *x);

	if (x)
		x->stream = xz_empty;
	*out = x;
	return x ? 0 : ERR_NOMEM;
}

static const char *xz_reason(lzma_ret rc)
{
	switch (rc) {
	case LZMA_FORMAT_ERROR:
		return "not a stream's beginning";
	case LZMA_OPTIONS_ERROR:
		return "options that this liblzma does not know";
	case LZMA_DATA_ERROR:
		return "a checksum is wrong, or the data breaks the format's rules";
	default:
		return "it breaks the format's rules";
	}
}

static int xz_decode(void *decoder, struct codec_step *step, struct why *why)
{
	struct unxz *x = decoder;
	lzma_ret rc;

	if (!x->is_open && lzma_stream_decoder(&x->stream, XZ_DECODER_LIMIT, 0) != LZMA_OK)
		return ERR_NOMEM;
	x->is_open = true;
	x->stream.next_in = step->in;
	x->stream.avail_in = step->in_len;
	x->stream.next_out = step->out;
	x->stream.avail_out = step->out_len;
	rc = lzma_code(&x->stream, LZMA_RUN);
	step->in = x->stream.next_in;
	step->in_len = x->stream.avail_in;
	step->out = x->stream.next_out;
	step->out_len = x->stream.avail_out;
	if (rc == LZMA_STREAM_END) {
		x->is_open = false;
		return CODEC_MEMBER_END;
	}
	if (rc == LZMA_OK || rc == LZMA_BUF_ERROR || rc == LZMA_UNSUPPORTED_CHECK)
		return 0;
	if (rc == LZMA_MEM_ERROR)
		return ERR_NOMEM;
	if (rc == LZMA_MEMLIMIT_ERROR)
		return why_set(why, ERR_UNSUPPORTED,
			       "the xz data wants more than 128 MiB to be undone");
	return why_set(why, ERR_BAD, "the xz data is damaged: %s", xz_reason(rc));
}

static void xz_decoder_free(void *decoder)
{
	struct unxz *x = decoder;

	lzma_end(&x->stream);
	free(x);
}

static size_t xz_block_len(int level)
{
	(void)level;
	return XZ_BLOCK;
}

static size_t xz_memory(int level)
{
	(void)level;
	return XZ_MEMORY;
}

static size_t xz_bound(size_t len)
{
	return lzma_stream_buffer_bound(len);
}

static int xz_encoder_new(void **out, int level)
{
	lzma_options_lzma *options = calloc(1, sizeof *options);

	*out = options;
	if (!options)
		return ERR_NOMEM;
	if (lzma_lzma_preset(options, (uint32_t)level)) {
		free(options);
		*out = NULL;
		return ERR_USAGE;
	}
	if (options->dict_size > XZ_BLOCK)
		options->dict_size = XZ_BLOCK;
	return 0;
}

static int xz_encode(void *encoder, const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len)
{
	lzma_filter filters[] = {{LZMA_FILTER_LZMA2, encoder}, {LZMA_VLI_UNKNOWN, NULL}};
	size_t at = 0;
	lzma_ret rc = lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC64, NULL, in, in_len, out,
						&at, *out_len);

	*out_len = at;
	return rc == LZMA_OK ? 0 : rc == LZMA_MEM_ERROR ? ERR_NOMEM : ERR_FULL;
}

const struct codec codec_xz = {
	.id = SINK_XZ,
	.probe = xz_probe,
	.decoder_new = xz_decoder_new,
	.decode = xz_decode,
	.decoder_free = xz_decoder_free,
	.block_len = xz_block_len,
	.memory = xz_memory,
	.bound = xz_bound,
	.encoder_new = xz_encoder_new,
	.encode = xz_encode,
	.encoder_free = free,
};
