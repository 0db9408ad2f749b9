/* Any octets are refused, or are a packet that is written again octet for octet, and printed. */
#include "base/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "radius/attribute.h"

/* What is read of a value is read again from what is written of it. */
static void try_value(const struct radius_attribute *a)
{
	struct radius_attribute again;
	uint8_t room[RADIUS_VALUE_LEN + 2];
	struct wr w = wr_of(room, sizeof room);
	struct net_prefix before, after;
	uint32_t number, vendor;
	struct rd r;

	if (radius_integer(a, &number)) {
		radius_put_integer(&w, a->type, number);
		if (!w.ok || w.len != 6 || memcmp(&room[2], a->value, 4) != 0)
			abort();
	}
	if (radius_prefix(a, &before)) {
		radius_put_prefix(&w, a->type, &before);
		r = rd_of(room, w.len);
		if (!w.ok || !radius_next(&r, &again) || !radius_prefix(&again, &after) ||
		    memcmp(&before, &after, sizeof before) != 0)
			abort();
	}
	if (radius_vendor(a, &vendor, &r) && rd_left(&r) != a->len - 4u)
		abort();
}

static void try_packet(const struct radius *p, const uint8_t *bytes)
{
	struct wr text = wr_init(1 << 20), w = wr_init(RADIUS_MAX_LEN);
	size_t mark = radius_open(&w, p->code, p->identifier, p->authenticator);
	struct rd walk = p->attributes;
	struct radius_attribute a;

	while (radius_next(&walk, &a)) {
		if (a.len) {
			radius_put(&w, a.type, a.value, a.len);
		} else {
			wr_u8(&w, a.type);
			wr_u8(&w, 2);
		}
		try_value(&a);
	}
	radius_close(&w, mark);
	if (!walk.ok || !w.ok || w.len != p->len || memcmp(w.bytes, bytes, w.len) != 0)
		abort();
	radius_print(p, &text);
	if (!text.ok || text.bytes[text.len - 1] != '\n')
		abort();
	wr_fini(&text);
	wr_fini(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct radius p;

	if (radius_read(bytes, len, &p) == 0)
		try_packet(&p, bytes);
	return 0;
}
