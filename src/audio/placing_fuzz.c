/* Packets with any numbers, time stamps and times: places stay within what there is of sound, of
 * time that has passed, and of what is allowed beyond; each step is one octet that says what is odd
 * about it, and what that needs. */
#include "base/fuzz.h"

#include <stdlib.h>

#include "audio/g711.h"
#include "audio/placing.h"
#include "base/rd.h"

enum { N = 160, MAX_LATE_S = 60 };

/* The next packet after the one before it. */
static void go_on(struct placing_packet *packet, struct rd *r)
{
	uint8_t odd = rd_u8(r);

	packet->seq = (uint16_t)(packet->seq + (odd & 1 ? (int8_t)rd_u8(r) : 1));
	packet->stamp += odd & 2 ? rd_u32(r) : packet->n;
	packet->time.ns = (int64_t)((uint64_t)packet->time.ns +
				    (odd & 4 ? (uint64_t)rd_u32(r) * 1000000 : 20000000));
	if (odd & 8)
		packet->time.ns = (int64_t)rd_u64(r);
	if (odd & 16)
		packet->n = rd_u16(r);
	if (odd & 32)
		packet->seq = rd_u16(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	struct placing_packet packet = {.n = N};
	struct placing p = {0};
	int64_t n_sound = 0, at;
	int64_t most = (int64_t)(PLACING_MAX_SILENCE + PLACING_MAX_AHEAD) * G711_RATE;

	while (rd_left(&r)) {
		go_on(&packet, &r);
		if (placing_take(&p, &packet, &at) != PLACED)
			continue;
		n_sound += packet.n;
		if (at < -MAX_LATE_S * G711_RATE || at > most + n_sound)
			abort();
		if (p.end < p.at || p.end > most + n_sound || p.n_silent > most)
			abort();
	}
	return 0;
}
