#include "mandate/call.h"

#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "ipmm/iri.h"

static uint8_t octets[256];

static struct wr write_one(void)
{
	struct session_call c;
	struct wr w = wr_of(octets, sizeof octets);

	session_call_init(&c);
	ok(!c.message && c.session_direction == IPMM_NO_DIRECTION, "of a new one nothing is known");
	c.wanted = UINT64_C(0x123456789abcdef0);
	c.session_direction = ETSI_TO_TARGET;
	c.source = (struct net_ip){{10, 0, 0, 1}, 4};
	c.destination = (struct net_ip){{0x20, 1}, 6};
	session_call_keep(&c, "INVITE", 6, false);
	session_call_keep(&c, "BYE", 3, true);
	session_call_put(&c, &w);
	session_call_fini(&c);
	return w;
}

static void round_trip(const struct wr *w)
{
	struct session_call c;
	struct rd r = rd_of(octets, w->len);
	uint8_t again[256];
	struct wr second = wr_of(again, sizeof again);

	ok(session_call_take(&c, &r) == 0 && c.message_len == 3 && !memcmp(c.message, "BYE", 3) &&
		   c.is_masked && c.wanted == UINT64_C(0x123456789abcdef0) && c.source.version == 4,
	   "what was saved is read, with what was told last");
	session_call_put(&c, &second);
	ok(second.len == w->len && !memcmp(again, octets, w->len), "and saved again the same");
	free(c.message);
}

static void refusals(const struct wr *w)
{
	static const struct {
		size_t at;
		uint8_t with;
		const char *sentence;
	} rows[] = {
		{8, IPMM_NO_DIRECTION + 1, "a direction that is none"},
		{10, 5, "an address of no version"},
		{45, 0xff, "a message that is longer than what is there"},
	};
	size_t n_refused = 0;

	for (size_t len = 0; len < w->len; len++) {
		struct rd r = rd_of(octets, len);
		struct session_call c;

		n_refused += session_call_take(&c, &r) == ERR_CUT;
	}
	ok(n_refused == w->len, "cut anywhere it is refused");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rd r = rd_of(octets, w->len);
		uint8_t before = octets[rows[i].at];
		struct session_call c;

		octets[rows[i].at] = rows[i].with;
		ok(session_call_take(&c, &r) < 0, "%s is refused", rows[i].sentence);
		octets[rows[i].at] = before;
	}
}

int main(void)
{
	struct wr w = write_one();

	round_trip(&w);
	refusals(&w);
	return tap_end();
}
