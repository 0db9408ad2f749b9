#include "pack/codec.h"

#include <inttypes.h>
#include <string.h>

static const struct {
	const char *name;
	const char *suffix;
	int level;
	int most;
} rows[SINK_N_CODECS] = {
#define X(id, text, suffix, level, most) [SINK_##id] = {text, suffix, level, most},
	SINK_CODECS(X)
#undef X
};

static const struct codec *const codecs[] = {
	&codec_gzip, &codec_bzip2, &codec_xz, &codec_zstd, &codec_lz4,
};

enum { N_CODECS = sizeof codecs / sizeof codecs[0] };

const struct codec *codec_probe(const uint8_t *bytes, size_t len)
{
	for (int i = 0; i < N_CODECS; i++)
		if (codecs[i]->probe(bytes, len))
			return codecs[i];
	return NULL;
}

const struct codec *codec_of_id(enum sink_codec id)
{
	for (int i = 0; i < N_CODECS; i++)
		if (codecs[i]->id == id)
			return codecs[i];
	return NULL;
}

const char *codec_name(enum sink_codec id)
{
	return rows[id].name;
}

int codec_level(enum sink_codec id, int level)
{
	if (level <= 0)
		return rows[id].level;
	return level < rows[id].most ? level : rows[id].most;
}

enum sink_codec sink_codec_of_name(const char *name)
{
	for (int i = 0; i < SINK_N_CODECS; i++) {
		const char *suffix = rows[i].suffix;

		if (strcmp(name, rows[i].name) == 0 || (suffix[0] && strcmp(name, suffix + 1) == 0))
			return (enum sink_codec)i;
	}
	return SINK_N_CODECS;
}

enum sink_codec sink_codec_of_path(const char *path)
{
	size_t len = strlen(path);

	for (int i = SINK_NONE + 1; i < SINK_N_CODECS; i++) {
		size_t n = strlen(rows[i].suffix);

		if (len > n && strcmp(path + len - n, rows[i].suffix) == 0)
			return (enum sink_codec)i;
	}
	return SINK_NONE;
}

int unpacker_init(struct unpacker *u, const struct codec *codec)
{
	*u = (struct unpacker){.codec = codec};
	return codec->decoder_new(&u->decoder);
}

void unpacker_fini(struct unpacker *u)
{
	if (u->decoder)
		u->codec->decoder_free(u->decoder);
	u->decoder = NULL;
}

/* Tapes and some archivers fill the end with zeros; no member begins with one. */
static void skip_padding(struct codec_step *step)
{
	while (step->in_len && step->in[0] == 0) {
		step->in++;
		step->in_len--;
	}
}

int unpacker_step(struct unpacker *u, struct codec_step *step, struct why *why)
{
	const uint8_t *in = step->in;
	const uint8_t *out = step->out;
	int rc = 0;

	while (step->out_len) {
		const uint8_t *in_before = step->in;
		const uint8_t *out_before = step->out;

		if (u->is_between)
			skip_padding(step);
		if (u->is_between && !step->in_len)
			break;
		u->is_between = false;
		rc = u->codec->decode(u->decoder, step, why);
		if (rc < 0)
			break;
		u->is_between = rc == CODEC_MEMBER_END;
		rc = 0;
		if (step->in == in_before && step->out == out_before && !u->is_between)
			break;
	}
	u->n_in += (uint64_t)(step->in - in);
	u->n_out += (uint64_t)(step->out - out);
	if (rc < 0)
		why_set(why, rc, "the %s data cannot be read, %" PRIu64 " bytes in",
			codec_name(u->codec->id), u->n_in);
	return rc;
}

int unpacker_end(const struct unpacker *u, struct why *why)
{
	if (u->is_between)
		return 0;
	return why_set(why, ERR_CUT, "the %s data is cut off after %" PRIu64 " bytes",
		       codec_name(u->codec->id), u->n_in);
}
