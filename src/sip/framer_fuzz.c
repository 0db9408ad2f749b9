/* Of any stream the same messages come out, whether it comes in one piece or in many, and each
 * begins as a message does. The first octet is the pieces' length. */
#include "base/fuzz.h"

#include <stdlib.h>

#include "base/sample.h"
#include "sip/craft.h"
#include "sip/framer.h"

enum { MAX_STREAM = 4096 };

static uint8_t room[MAX_STREAM + 1];

struct seen {
	uint64_t hash;
	struct sip_framer f;
};

static void note(struct seen *s, struct sip_text message)
{
	struct sip_message m;

	if (sip_message_read(message.bytes, message.len, &m) == ERR_UNKNOWN)
		abort();
	sample_hash(&s->hash, message.bytes, message.len);
	sample_hash(&s->hash, &message.len, sizeof message.len);
}

static void run(struct seen *s, struct rd stream, size_t n)
{
	struct sip_text message;

	*s = (struct seen){0};
	sip_framer_init(&s->f, room, sizeof room);
	while (rd_left(&stream)) {
		struct rd piece = rd_sub(&stream, rd_left(&stream) < n ? rd_left(&stream) : n);

		while (sip_framer_next(&s->f, &piece, &message))
			note(s, message);
		if (rd_left(&piece))
			abort();
	}
	if (sip_framer_gap(&s->f, &message))
		note(s, message);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct seen whole, pieces;
	struct rd r = rd_of(bytes, len < MAX_STREAM ? len : MAX_STREAM);
	size_t n = rd_u8(&r) + 1u;

	run(&whole, r, MAX_STREAM);
	run(&pieces, r, n);
	if (whole.hash != pieces.hash || whole.f.n_messages != pieces.f.n_messages ||
	    whole.f.n_lost != pieces.f.n_lost)
		abort();
	return 0;
}
