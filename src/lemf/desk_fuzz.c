/* A connection's octets, from anyone, all the way over the desk, and sound into files. The first
 * byte says on which side they come, and how. */
#include "base/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "audio/craft.h"
#include "base/rd.h"
#include "lemf/desk.h"
#include "lemf/inlet.h"

static FILE *nowhere;
static char folder[] = "/tmp/weir-desk-fuzz-XXXXXX";
static struct lemf_conf conf = {.max_streams = 1000, .each_cc = true};

static void leave(void)
{
	craft_empty(folder);
	rmdir(folder);
}

static void take_all(struct lemf_desk *d, struct lemf_inlet *in, struct lemf_delivery *delivery)
{
	while (lemf_inlet_next(in, &delivery->pdu, &delivery->len, NULL) == 1) {
		lemf_desk_take(d, delivery);
		wr_reset(delivery->answer);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	uint8_t choice = rd_u8(&r);
	struct wr answer = wr_init(1 << 16);
	struct lemf_delivery delivery = {
		.side = choice & 1 ? LEMF_HI3 : LEMF_HI2, .now = {1000}, .answer = &answer};
	struct lemf_desk *desk;
	struct lemf_inlet in;

	if (!nowhere) {
		nowhere = fopen("/dev/null", "we");
		if (!mkdtemp(folder) || atexit(leave))
			abort();
	}
	conf.audio = choice & 8 ? folder : NULL;
	conf.json = choice & 2;
	conf.late_start = choice & 4;
	if (!nowhere || lemf_desk_new(&desk, &conf, nowhere, NULL))
		abort();
	lemf_inlet_init(&in, 1 << 20);
	while (rd_left(&r)) {
		size_t size;
		uint8_t *room = lemf_inlet_room(&in, &size);
		size_t n = rd_left(&r) < size ? rd_left(&r) : size;

		if (!room)
			break;
		memcpy(room, rd_take(&r, n), n);
		lemf_inlet_fed(&in, n);
		delivery.conn++;
		take_all(desk, &in, &delivery);
	}
	lemf_desk_finish(desk);
	lemf_inlet_fini(&in);
	lemf_desk_free(&desk);
	wr_fini(&answer);
	if (conf.audio)
		craft_empty(folder);
	return 0;
}
