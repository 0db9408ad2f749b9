/* Two inputs in one: the first byte says who this end is, the rest is what a peer sends, in
 * pieces whose size the second byte gives. */
#include "base/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "link/talk.h"

static void feed(struct talk *t, struct rd *r, size_t piece)
{
	struct link_frame frame;
	size_t size;
	uint8_t *room = talk_room(t, &size);
	size_t n = rd_left(r) < piece ? rd_left(r) : piece;

	if (!room) {
		rd_skip(r, rd_left(r));
		return;
	}
	n = n < size ? n : size;
	memcpy(room, rd_take(r, n), n);
	talk_fed(t, n, nanos_from_s(1));
	while (talk_next(t, &frame)) {
		if (frame.type == LINK_HELLO)
			talk_welcome(t);
		else if (t->state != TALK_UP)
			abort();
	}
	if (t->state != TALK_UP && t->in.size > (1 << 18))
		abort(); /* a stranger made this end keep much */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	uint8_t choice = rd_u8(&r);
	size_t piece = (size_t)rd_u8(&r) * 16 + 1;
	struct tls_identity certificate = {TLS_COLLECTOR, "c1"};
	const struct talk_rules rules = {
		.self = {TLS_MEDIATOR, "m1"},
		.software = "weir",
		.roles = choice & 4 ? 1 << TLS_COLLECTOR : 0x1f,
		.peer_name = choice & 8 ? "c1" : NULL,
		.is_dialler = choice & 1,
		.ping = nanos_from_s(5),
		.silence = nanos_from_s(15),
		.max_queue = 1 << 16,
	};
	struct talk t;
	size_t n;

	talk_init(&t, &rules);
	talk_connect(&t, nanos_from_s(1));
	talk_begin(&t, choice & 2 ? &certificate : NULL, nanos_from_s(1));
	while (rd_left(&r)) {
		feed(&t, &r, piece);
		talk_out(&t, &n);
		if (n > 2 * LINK_MAX_HELLO)
			abort(); /* a peer that only sends fills this end's queue */
		if (choice & 16)
			talk_sent(&t, n);
	}
	talk_tick(&t, false, nanos_from_s(100));
	if (t.state != TALK_OVER || !t.reason[0])
		abort();
	talk_fini(&t);
	return 0;
}
