/* The state of any process is refused, or what is made of it can be saved, loaded again and worked
 * with. */
#include "base/fuzz.h"

#include "intercept/state_sample.h"

static void save(struct intercept *i, struct wr *w)
{
	*w = wr_init(1 << 26);
	intercept_save(i, w);
	if (!w->ok)
		abort();
}

static void end(struct intercept **i)
{
	(void)intercept_tick(*i, nanos_from_s(1800000001));
	if (intercept_pause(*i) > 0)
		abort();
	intercept_free(i);
}

/* What was loaded once is loaded again as it is: what could not go on has ended by then. */
static void try_again(struct intercept *i)
{
	struct intercept *first = state_intercept(), *second = state_intercept();
	struct wr a, b, c;
	struct rd r;

	save(i, &a);
	r = rd_of(a.bytes, a.len);
	if (intercept_load(first, &r, NULL))
		abort();
	save(first, &b);
	r = rd_of(b.bytes, b.len);
	if (intercept_load(second, &r, NULL))
		abort();
	save(second, &c);
	if (b.len != c.len || memcmp(b.bytes, c.bytes, b.len) != 0)
		abort();
	end(&first);
	end(&second);
	wr_fini(&a);
	wr_fini(&b);
	wr_fini(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct intercept *i = state_intercept();
	struct rd r = rd_of(bytes, len);
	struct why why;

	why_clear(&why);
	if (intercept_load(i, &r, &why) == 0)
		try_again(i);
	end(&i);
	return 0;
}
