/* Of any frames the same messages come out, whether they come in one piece or in many; any octets
 * are read, or refused as no WebSocket. The first octet is the pieces' length. */
#include "base/fuzz.h"

#include <stdlib.h>

#include "base/sample.h"
#include "sip/websocket.h"

enum { MAX_STREAM = 4096, ROOM = 1000 };

static const char handshake[] = "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n"
				"Sec-WebSocket-Protocol: sip\r\n\r\n";
static uint8_t room[ROOM];

struct seen {
	uint64_t hash;
	struct websocket s;
};

/* How many octets are left where it ends. */
static size_t run(struct seen *seen, struct rd stream, size_t n)
{
	struct sip_text message;
	int rc = 0;

	while (rd_left(&stream) && rc >= 0) {
		struct rd piece = rd_sub(&stream, rd_left(&stream) < n ? rd_left(&stream) : n);

		while ((rc = websocket_next(&seen->s, &piece, &message)) == 1) {
			sample_hash(&seen->hash, message.bytes, message.len);
			sample_hash(&seen->hash, &message.len, sizeof message.len);
		}
		if (rc == 0 && rd_left(&piece))
			abort();
	}
	return rd_left(&stream);
}

static void begin(struct seen *seen, bool has_handshake)
{
	*seen = (struct seen){0};
	websocket_init(&seen->s, room, sizeof room);
	if (has_handshake && run(seen, rd_of(handshake, sizeof handshake - 1), MAX_STREAM))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct seen whole, pieces, gaps;
	struct rd r = rd_of(bytes, len < MAX_STREAM ? len : MAX_STREAM);
	size_t n = rd_u8(&r) + 1u;

	begin(&whole, true);
	begin(&pieces, true);
	(void)run(&whole, r, MAX_STREAM);
	(void)run(&pieces, r, n);
	if (whole.hash != pieces.hash || whole.s.n_messages != pieces.s.n_messages ||
	    whole.s.n_passed != pieces.s.n_passed)
		abort();
	begin(&gaps, false);
	while (rd_left(&r)) {
		struct rd some = rd_sub(&r, rd_left(&r) < n ? rd_left(&r) : n);

		(void)websocket_begins(some.at, rd_left(&some));
		(void)run(&gaps, some, n / 2 + 1);
		websocket_gap(&gaps.s);
	}
	return 0;
}
