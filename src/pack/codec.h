/* The compression formats, each in a file of its own: how it is recognised, undone a step at a
 * time, and done a block at a time. No file and no thread here.
 *
 * Compressed data is a run of members (gzip's word; a bzip2 or xz stream, a zstd or lz4 frame).
 * Each block that is packed becomes a whole member, so blocks can be packed in parallel and simply
 * written one after the other. */
#ifndef PACK_CODEC_H
#define PACK_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"
#include "pack/sink.h"

/* What a step may take and fill; it moves the pointers on. */
struct codec_step {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};

enum { CODEC_MEMBER_END = 1 };

struct codec {
	enum sink_codec id;

	/* Whether data that begins so is of this format. */
	bool (*probe)(const uint8_t *bytes, size_t len);

	/* A decoder, ready for a member's first byte. decode returns 0 after taking and filling
	 * what it could, CODEC_MEMBER_END after a member's last byte (the next call begins a new
	 * one), or ERR_BAD, ERR_UNSUPPORTED, ERR_NOMEM with a reason. */
	int (*decoder_new)(void **out);
	int (*decode)(void *decoder, struct codec_step *step, struct why *why);
	void (*decoder_free)(void *decoder);

	/* An encoder: block_len bytes at most become one member of at most bound() bytes. */
	size_t (*block_len)(int level);
	size_t (*memory)(int level); /* that one encoder uses */
	size_t (*bound)(size_t len);
	int (*encoder_new)(void **out, int level);
	int (*encode)(void *encoder, const uint8_t *in, size_t in_len, uint8_t *out,
		      size_t *out_len); /* *out_len: room, then length */
	void (*encoder_free)(void *encoder);
};

extern const struct codec codec_gzip, codec_bzip2, codec_xz, codec_zstd, codec_lz4;

/* By the data's first bytes; NULL where it is not compressed. */
const struct codec *codec_probe(const uint8_t *bytes, size_t len);
const struct codec *codec_of_id(enum sink_codec id); /* NULL for SINK_NONE */

/* "gzip" */
const char *codec_name(enum sink_codec id);
int codec_level(enum sink_codec id, int level); /* the default for 0, at most the highest */

/* Undoes a run of members. */
struct unpacker {
	const struct codec *codec;
	void *decoder;
	uint64_t n_in;
	uint64_t n_out;
	bool is_between; /* no member is open: the data may end here */
};

MUST_CHECK int unpacker_init(struct unpacker *u, const struct codec *codec);
void unpacker_fini(struct unpacker *u);

/* Takes and fills what it can: it ends with in_len or out_len 0, or with an error. */
MUST_CHECK int unpacker_step(struct unpacker *u, struct codec_step *step, struct why *why);

/* The data is at its end: 0, or ERR_CUT with a reason. */
MUST_CHECK int unpacker_end(const struct unpacker *u, struct why *why);

#endif
