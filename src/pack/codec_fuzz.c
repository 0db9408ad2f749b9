/* Compressed data of any codec, undone in steps of two sizes: the same must come out, in bounds,
 * and to the same end; only how much of damaged data comes out may differ. The first byte chooses
 * the codec where the data itself does not. */
#include "base/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "pack/codec.h"

enum { FUZZ_MAX_OUT = 1 << 17, FUZZ_SMALL = 61 };

struct undone {
	uint8_t bytes[FUZZ_MAX_OUT];
	size_t len;
	int rc;
};

/* Each step gets copies of its own, so that a sanitizer sees every byte too far. */
static int undo_step(struct unpacker *u, struct undone *to, const uint8_t *in, size_t *in_len,
		     size_t step)
{
	size_t n = *in_len < step ? *in_len : step;
	size_t room = sizeof to->bytes - to->len < step ? sizeof to->bytes - to->len : step;
	uint8_t *copy = malloc(n ? n : 1);
	uint8_t *out = malloc(room);
	struct codec_step s = {copy, n, out, room};
	struct why why;
	int rc;

	why_clear(&why);
	if (n)
		memcpy(copy, in, n);
	rc = unpacker_step(u, &s, &why);
	memcpy(to->bytes + to->len, out, room - s.out_len);
	to->len += room - s.out_len;
	*in_len = n - s.in_len;
	if (rc < 0 && !why.text[0])
		abort();
	free(copy);
	free(out);
	return rc;
}

static void undo(struct undone *to, const struct codec *codec, const uint8_t *in, size_t len,
		 size_t step)
{
	struct unpacker u;

	to->len = 0;
	to->rc = unpacker_init(&u, codec);
	while (!to->rc && to->len < sizeof to->bytes) {
		size_t used = len;
		size_t before = to->len;

		to->rc = undo_step(&u, to, in, &used, step);
		in += used;
		len -= used;
		if (!to->rc && !used && before == to->len)
			break;
	}
	if (!to->rc && !len && to->len < sizeof to->bytes)
		to->rc = unpacker_end(&u, NULL);
	unpacker_fini(&u);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct undone one;
	static struct undone two;
	const struct codec *codec = codec_probe(bytes, len);

	if (!len)
		return 0;
	if (!codec) {
		codec = codec_of_id((enum sink_codec)(1 + bytes[0] % (SINK_N_CODECS - 1)));
		bytes++;
		len--;
	}
	undo(&one, codec, bytes, len, FUZZ_MAX_OUT);
	undo(&two, codec, bytes, len, FUZZ_SMALL);
	if (one.rc != two.rc || (one.rc != ERR_BAD && one.len != two.len) ||
	    memcmp(one.bytes, two.bytes, one.len < two.len ? one.len : two.len) != 0)
		abort();
	return 0;
}
