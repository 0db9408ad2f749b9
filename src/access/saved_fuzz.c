/* A file of sessions that somebody else wrote is refused and leaves nothing, or is a table that
 * saves and loads again, and works. */
#include "base/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "access/access.h"

static void feed_stop(struct access *a)
{
	static const uint8_t packet[] = {4, 1, 0, 29, 0, 0,  0, 0, 0, 0, 0, 0,  0, 0,  0,
					 0, 0, 0, 0,  0, 40, 6, 0, 0, 0, 2, 44, 3, '1'};
	struct access_datagram d = {.bytes = packet, .len = sizeof packet};

	access_feed(a, &d);
	access_tick(a, nanos_from_s(4000000000));
}

static void try_table(struct access *a)
{
	struct wr w = wr_init(1 << 24), again = wr_init(1 << 24);
	struct access_options options = {.max_sessions = 1000, .max_requests = 16};
	struct access *b;
	struct rd r;

	if (access_new(&b, &options))
		abort();
	access_save(a, &w);
	r = rd_of(w.bytes, w.len);
	if (!w.ok || access_load(b, &r) != 0)
		abort();
	access_save(b, &again);
	if (again.len != w.len || memcmp(again.bytes, w.bytes, w.len) != 0)
		abort();
	feed_stop(b);
	access_free(&b);
	wr_fini(&w);
	wr_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct access_options options = {.max_sessions = 1000, .max_requests = 16};
	struct rd r = rd_of(bytes, len);
	struct access *a;

	if (access_new(&a, &options))
		return 0;
	if (access_load(a, &r) == 0)
		try_table(a);
	else if (access_n_live(a))
		abort();
	access_free(&a);
	return 0;
}
