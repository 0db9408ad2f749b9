/* A file of calls that somebody else wrote is refused and leaves nothing, or is a table that saves
 * and loads again as the same octets, and works. */
#include "base/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call/call.h"

static const struct call_options small = {.max_legs = 64, .joins = CALL_JOINS_USUAL};

/* A BYE and its answer, an INVITE, and time. */
static void go_on(struct calls *c, struct nanos now)
{
	static const char *const starts[] = {"BYE sip:b SIP/2.0", "SIP/2.0 200 OK",
					     "INVITE sip:b SIP/2.0"};
	struct call_target target = {1, true};

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		static const char rest[] = "\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
					   "From: <sip:a@b>;tag=a\r\nTo: <sip:b@b>;tag=b\r\n"
					   "Call-ID: c1\r\nCSeq: 9 BYE\r\n\r\n";
		char bytes[256];
		struct sip_message sip;
		struct call_message m = {
			.sip = &sip, .time = now, .targets = &target, .n_targets = 1};

		snprintf(bytes, sizeof bytes, "%s%s", starts[i], rest);
		if (sip_message_read(bytes, strlen(bytes), &sip) == 0)
			call_feed(c, &m);
	}
	for (int i = 0; i < 4; i++)
		call_tick(c, (struct nanos){now.ns + i * nanos_from_s(12 * 3600).ns});
}

static void try_table(const struct calls *a)
{
	struct wr w = wr_init(1 << 24), again = wr_init(1 << 24);
	struct calls *b;
	struct rd r;

	if (call_new(&b, &small))
		abort();
	call_save(a, &w);
	r = rd_of(w.bytes, w.len);
	if (!w.ok || call_load(b, &r, NULL, NULL) != 0 || call_n_legs(b) != call_n_legs(a))
		abort();
	call_save(b, &again);
	if (again.len != w.len || memcmp(again.bytes, w.bytes, w.len) != 0)
		abort();
	go_on(b, nanos_from_s(2000));
	call_free(&b);
	wr_fini(&w);
	wr_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	struct calls *a;

	if (call_new(&a, &small))
		return 0;
	if (call_load(a, &r, NULL, NULL) == 0)
		try_table(a);
	else if (call_n_legs(a))
		abort();
	call_free(&a);
	return 0;
}
