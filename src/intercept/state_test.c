#include "base/tap.h"
#include "intercept/state_sample.h"
#include "mandate/wanted.h"
#include "net/decode.h"
#include "voip/voip.h"

static uint8_t octets[4096];
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

/* A call to Bob, the first of all, of whom the target in slot 0 is one of the parties. */
static void feed_invite(struct voip *voip)
{
	static const char invite[] = "INVITE sip:bob@example.net SIP/2.0\r\n"
				     "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nCall-ID: c1\r\n"
				     "From: <sip:a@x>;tag=a\r\nTo: <sip:bob@example.net>\r\n"
				     "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
	enum { HEAD = 28, LINK_RAW = 101 };
	uint8_t packet[HEAD + sizeof invite];
	struct wr p = wr_of(packet, sizeof packet);
	struct weir_frame f = {.bytes = packet, .link = LINK_RAW};
	struct weir_packet decoded;

	wr_u32(&p, 0x45000000 | (HEAD + sizeof invite - 1)), wr_u32(&p, 0), wr_u32(&p, 0x40110000);
	wr_u32(&p, 0x0a000001), wr_u32(&p, 0x0a000014);
	wr_u32(&p, 5060 << 16 | 5060), wr_u32(&p, (8 + sizeof invite - 1) << 16);
	wr_bytes(&p, invite, sizeof invite - 1);
	f.cap_len = f.wire_len = (uint32_t)p.len;
	net_decode(&decoded, &f);
	if (!voip_take(voip, &decoded, (struct nanos){INT64_C(1700000000) * NANOS_PER_S}, true))
		abort();
}

/* The table of calls: without any, or with one. */
static void put_calls(bool has_one)
{
	struct voip_options options = {
		.seed = 1, .joins = CALL_JOINS_USUAL, .is_everybodys = has_one};
	struct voip *voip;

	if (voip_new(&voip, &options))
		abort();
	if (has_one)
		feed_invite(voip);
	wr_u8(&w, 1);
	voip_save(voip, &w);
	voip_free(&voip);
}

/* The session of that call; wanted: a hash of the target's text. */
static void put_call(uint32_t cin, uint64_t wanted)
{
	struct session_call c;

	session_call_init(&c);
	c.wanted = wanted;
	c.source = c.destination = (struct net_ip){{10, 0, 0, 1}, 4};
	session_call_keep(&c, "INVITE", 6, false);
	wr_u8(&w, 2), wr_u8(&w, SESSION_BEGUN);
	wr_u32(&w, cin);
	wr_u64(&w, SESSION_OF_CALL | 1);
	wr_u64(&w, 3), wr_u64(&w, 4);
	wr_u64(&w, 0), wr_u64(&w, 0);
	for (int k = 0; k < 4; k++)
		wr_u32(&w, 0);
	wr_u32(&w, 0);
	session_call_put(&c, &w);
	session_call_fini(&c);
}

/* Of the target by sip_uri in the sample's orders. */
static uint64_t bobs_hash(void)
{
	struct mandate first = {.slot = 0}, second = {.slot = 1};
	struct mandate *ordered[] = {&first, &second};
	struct orders orders;
	struct wanted wanted;
	struct why why;
	uint64_t hash;

	why_clear(&why);
	if (orders_parse(&orders, state_orders, strlen(state_orders), &why) ||
	    wanted_init(&wanted, &orders, ordered))
		abort();
	hash = wanted.hashes[0];
	wanted_fini(&wanted);
	orders_fini(&orders);
	return hash;
}

/* A state in which one call is up; whose: the target's, or one that nobody is. */
static void write_call(uint64_t whose)
{
	w = wr_of(octets, sizeof octets);
	wr_bytes(&w, "WEIRICPT", 8);
	wr_u32(&w, 2);
	wr_u32(&w, 2);
	put_mandate("police/LIID0001", 2);
	put_static(5, 1234567);
	put_call(99, whose);
	put_mandate("police/LIID0002", 1);
	put_static(6, 7);
	put_nobody();
	put_calls(true);
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
		put_calls(false);
}

static int load(struct intercept **i, size_t len)
{
	struct rd r = rd_of(octets, len);

	*i = state_intercept();
	return intercept_load(*i, &r, NULL);
}

/* What was loaded is saved, and is over. */
static void same_again(struct intercept **i, struct wr *again)
{
	intercept_save(*i, again);
	ok(again->ok && again->len == w.len && !memcmp(again->bytes, w.bytes, w.len),
	   "and saved again it is the same octets");
	intercept_free(i);
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
	same_again(&i, &again);
	wr_fini(&again);
}

static void calls(void)
{
	struct wr again = wr_init(1 << 20);
	struct intercept *i = NULL;

	write_call(bobs_hash());
	ok(w.ok && load(&i, w.len) == 0, "a state with a call is loaded");
	same_again(&i, &again);
	wr_reset(&again);
	write_call(1);
	ok(load(&i, w.len) == 0, "one whose target is named no more is loaded too");
	intercept_save(i, &again);
	ok(again.ok && again.len < w.len, "and the call's interception is over");
	intercept_free(&i);
	wr_fini(&again);
	write_call(bobs_hash());
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
	calls();
	cuts();
	write_state(2);
	refusals();
	return tap_end();
}
