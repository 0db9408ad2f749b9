#include "base/tap.h"
#include "intercept/state_sample.h"
#include "voip/voip.h"

static uint8_t octets[1024];
static struct wr w;

static void put_text(const char *text)
{
	size_t mark = wr_open16(&w);

	wr_bytes(&w, text, strlen(text));
	wr_close16(&w, mark);
}

/* A static session that had begun, with this CIN. */
static void put_static(uint32_t cin, uint64_t next_cc)
{
	wr_u8(&w, 1), wr_u8(&w, 1);
	wr_u32(&w, cin);
	wr_u64(&w, 0);
	wr_u64(&w, 1), wr_u64(&w, next_cc);
	wr_u64(&w, 0), wr_u64(&w, 0);
	for (int k = 0; k < 4; k++)
		wr_u32(&w, 0);
	wr_u32(&w, 0);
}

static void put_mandate(const char *key, uint32_t n_sessions)
{
	put_text(key);
	wr_u8(&w, 1), wr_u8(&w, 0);
	wr_u64(&w, 1), wr_u64(&w, 2);
	wr_u32(&w, 2), wr_u32(&w, 77), wr_u32(&w, 99);
	wr_u32(&w, n_sessions);
}

/* The table of subscribers as it is when nobody was heard of. */
static void put_nobody(void)
{
	struct access_options options = {.max_sessions = 10};
	struct access *a;

	if (access_new(&a, &options))
		abort();
	access_save(a, &w);
	access_free(&a);
}

/* The table of calls when there are none. */
static void put_calls(void)
{
	struct voip_options options = {.seed = 1, .joins = CALL_JOINS_USUAL};
	struct voip *voip;

	if (voip_new(&voip, &options))
		abort();
	wr_u8(&w, 1);
	voip_save(voip, &w);
	voip_free(&voip);
}

static void write_state(uint32_t version)
{
	w = wr_of(octets, sizeof octets);
	wr_bytes(&w, "WEIRICPT", 8);
	wr_u32(&w, version);
	wr_u32(&w, 2);
	put_mandate("police/LIID0001", 1);
	put_static(5, 1234567);
	put_mandate("police/LIID0002", 1);
	put_static(6, UINT64_C(1) << 32);
	put_nobody();
	if (version > 1)
		put_calls();
}

static int load(struct intercept **i, size_t len)
{
	struct rd r = rd_of(octets, len);

	*i = state_intercept();
	return intercept_load(*i, &r, NULL);
}

static void round_trip(void)
{
	struct wr again = wr_init(1 << 20);
	struct intercept *i = NULL;

	write_state(1);
	ok(w.ok && load(&i, w.len) == 0, "a state of before calls were known is loaded");
	intercept_free(&i);
	write_state(2);
	ok(w.ok && load(&i, w.len) == 0, "a state is loaded");
	intercept_save(i, &again);
	ok(again.ok && again.len == w.len && !memcmp(again.bytes, w.bytes, w.len),
	   "and saved again it is the same octets");
	intercept_free(&i);
	wr_fini(&again);
}

static void cuts(void)
{
	size_t n_refused = 0;

	for (size_t len = 0; len < w.len; len++) {
		struct intercept *i;

		n_refused += load(&i, len) < 0;
		intercept_free(&i);
	}
	ok(n_refused == w.len, "cut anywhere it is refused");
}

static void refusals(void)
{
	static const struct {
		size_t at;
		uint8_t with;
		const char *sentence;
	} rows[] = {
		{0, 'X', "another file"},
		{11, 3, "a later version"},
		{68, 9, "a session in no state that there is"},
		{67, 0, "a static session that is somebody's"},
		{67, 2, "a call without a number"},
		{67, 3, "a session of no kind that there is"},
	};
	struct intercept *i;

	for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
		uint8_t before = octets[rows[k].at];

		octets[rows[k].at] = rows[k].with;
		ok(load(&i, w.len) < 0, "%s is refused", rows[k].sentence);
		octets[rows[k].at] = before;
		intercept_free(&i);
	}
	ok(load(&i, w.len) == 0, "and as it was it is loaded");
	intercept_free(&i);
}

int main(void)
{
	round_trip();
	cuts();
	refusals();
	return tap_end();
}
