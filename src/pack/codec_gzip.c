/* gzip (RFC 1952): undone by zlib, which takes any stream a piece at a time; done by libdeflate,
 * which wants whole blocks and is twice as fast. */
#include "pack/codec.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/rd.h"

enum {
	GZIP_WINDOW_BITS = 15 + 16, /* the largest window, gzip's wrapping */
	GZIP_BLOCK = 1 << 20,
	GZIP_MEMORY = 4 << 20,
	GZIP_TRAILER = 8,       /* check sum and length */
	GZIP_AT_BOUNDARY = 128, /* of data_type: before a block, or behind the header */
};

static bool gzip_probe(const uint8_t *bytes, size_t len)
{
	return len >= 3 && bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8;
}

/* zlib's own check sum takes a quarter of the time that undoing takes; libdeflate's takes next to
 * nothing. So zlib checks a member's header only, and the eight bytes behind its data are looked at
 * here. */
struct undoing {
	z_stream z;
	bool is_in_data; /* the member's header is behind us */
	uint32_t sum;    /* CRC-32 of what came out of the member … */
	uint32_t len;    /* … and its length, modulo 2^32 */
	uint8_t tail[GZIP_TRAILER];
};

static int gzip_decoder_new(void **out)
{
	struct undoing *u = calloc(1, sizeof *u);

	if (u && inflateInit2(&u->z, GZIP_WINDOW_BITS) != Z_OK) {
		free(u);
		u = NULL;
	}
	*out = u;
	return u ? 0 : ERR_NOMEM;
}

static uInt clamp(size_t len)
{
	return len < 1U << 30 ? (uInt)len : 1U << 30;
}

/* The last bytes that were taken, of n that end at `end`. */
static void keep_tail(struct undoing *u, const uint8_t *end, size_t n)
{
	size_t kept = n < GZIP_TRAILER ? GZIP_TRAILER - n : 0;

	if (n > GZIP_TRAILER)
		n = GZIP_TRAILER;
	memmove(u->tail, u->tail + GZIP_TRAILER - kept, kept);
	memcpy(u->tail + kept, end - n, n);
}

/* Goes on as far as the step allows. What zlib returns. */
static int undo(struct undoing *u, struct codec_step *step, int flush)
{
	z_stream *z = &u->z;
	size_t n_out;
	int rc;

	z->next_in = (Bytef *)(uintptr_t)step->in;
	z->avail_in = clamp(step->in_len);
	z->next_out = step->out;
	z->avail_out = clamp(step->out_len);
	rc = inflate(z, flush);
	keep_tail(u, z->next_in, (size_t)(z->next_in - step->in));
	n_out = (size_t)(z->next_out - step->out);
	u->sum = libdeflate_crc32(u->sum, step->out, n_out);
	u->len += (uint32_t)n_out;
	step->in_len -= (size_t)(z->next_in - step->in);
	step->in = z->next_in;
	step->out_len -= n_out;
	step->out = z->next_out;
	return rc;
}

static int damaged(struct why *why, const char *how)
{
	return why_set(why, ERR_BAD, "the gzip data is damaged: %s",
		       how ? how : "it breaks the format's rules");
}

/* The member's data are at their end: do they add up (RFC 1952, 2.3.1)? */
static int end_member(struct undoing *u, struct why *why)
{
	struct rd tail = rd_of(u->tail, sizeof u->tail);
	uint32_t sum = rd_le32(&tail);
	uint32_t len = rd_le32(&tail);

	if (sum != u->sum)
		return damaged(why, "incorrect data check");
	if (len != u->len)
		return damaged(why, "incorrect length check");
	u->is_in_data = false;
	u->sum = u->len = 0;
	if (inflateReset(&u->z) != Z_OK || inflateValidate(&u->z, 1) != Z_OK)
		return ERR_NOMEM;
	return CODEC_MEMBER_END;
}

static int gzip_decode(void *decoder, struct codec_step *step, struct why *why)
{
	struct undoing *u = decoder;
	int rc = Z_OK;

	if (!u->is_in_data) {
		rc = undo(u, step, Z_BLOCK);
		u->is_in_data = rc == Z_OK && (u->z.data_type & GZIP_AT_BOUNDARY) != 0;
		if (u->is_in_data)
			rc = inflateValidate(&u->z, 0);
	}
	if (u->is_in_data && rc == Z_OK)
		rc = undo(u, step, Z_SYNC_FLUSH);
	if (rc == Z_STREAM_END)
		return end_member(u, why);
	if (rc == Z_OK || rc == Z_BUF_ERROR)
		return 0;
	return rc == Z_MEM_ERROR ? ERR_NOMEM : damaged(why, u->z.msg);
}

static void gzip_decoder_free(void *decoder)
{
	struct undoing *u = decoder;

	inflateEnd(&u->z);
	free(u);
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
