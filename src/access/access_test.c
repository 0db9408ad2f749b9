#include "access/access.h"

#include "access/sample.h"
#include "base/tap.h"

static struct sample t;

static void fresh(void)
{
	sample_fini(&t);
	sample_init(&t, &(struct access_options){0});
}

static uint64_t count(enum access_count which)
{
	return access_count(t.a, which);
}

static void a_day(void)
{
	uint64_t id;

	fresh();
	sample_ask(&t, "request user:alice nas:10.0.0.1 port:7 csid:mac");
	ok(sample_told(&t, "attempt request alice"), "an Access-Request is an attempt");
	id = t.last_id;
	sample_answer(&t, "accept ip:192.0.2.7 class:c");
	ok(sample_told(&t, "begin accept alice +192.0.2.7") && t.last_id == id,
	   "the Access-Accept begins the session that was asked for, with its address");
	sample_ask(&t, "start user:alice nas:10.0.0.1 port:7 csid:mac sid:1 ip:192.0.2.7 class:c "
		       "pd:2001:db8:7::/48");
	ok(sample_told(&t, "update start alice +2001:db8:7::/48") && t.last_id == id,
	   "the Accounting-Start goes on with it, and adds a prefix");
	sample_answer(&t, "response");
	sample_wait(&t, 60);
	sample_ask(&t, "interim user:alice nas:10.0.0.1 sid:1 in:5 ingiga:1 out:7 seconds:60");
	ok(sample_told(&t, "interim interim alice") &&
		   access_find(t.a, id)->usage.octets_from == (1ULL << 32) + 5 &&
		   access_find(t.a, id)->usage.octets_to == 7,
	   "an Interim-Update tells its use, beyond 32 bits");
	sample_ask(&t, "stop user:alice nas:10.0.0.1 sid:1 in:9 ingiga:1 out:8 outgiga:2 "
		       "seconds:70 cause:1");
	ok(sample_told(&t, "end stop alice -192.0.2.7 -2001:db8:7::/48") && t.last_id == id &&
		   !access_find(t.a, id) && !access_n_live(t.a),
	   "the Stop ends it, and it loses all that it had");
}

static void refused(void)
{
	fresh();
	sample_ask(&t, "request user:alice nas:10.0.0.1");
	sample_answer(&t, "reject");
	ok(sample_told(&t, "attempt request alice; reject reject alice"),
	   "an Access-Reject is told with the name of who asked");
	sample_ask(&t, "request user:alice nas:10.0.0.1");
	sample_wait(&t, 31);
	ok(sample_told(&t, "attempt request alice; failed timeout alice"),
	   "a request that nobody answers has failed");
	sample_ask(&t, "request user:alice nas:10.0.0.1");
	sample_answer(&t, "challenge state:s1");
	sample_ask(&t, "request user:alice nas:10.0.0.1 state:s1");
	sample_answer(&t, "challenge state:s2");
	sample_ask(&t, "request user:alice nas:10.0.0.1 state:s2");
	sample_answer(&t, "accept");
	ok(sample_told(&t, "attempt request alice; begin accept alice"),
	   "challenges and their replies are one attempt");
	sample_ask(&t, "request user:bob nas:10.0.0.1");
	sample_answer(&t, "challenge state:s3");
	sample_wait(&t, 31);
	ok(sample_told(&t, "attempt request bob; failed timeout bob"),
	   "who does not reply to a challenge has failed");
}

static void sent_again(void)
{
	fresh();
	sample_ask(&t, "request user:alice nas:10.0.0.1");
	sample_ask_again(&t);
	sample_answer(&t, "accept ip:192.0.2.7");
	sample_ask_again(&t);
	ok(sample_told(&t, "attempt request alice; begin accept alice +192.0.2.7"),
	   "requests and answers that are sent again tell nothing again");
	sample_ask(&t, "start user:alice nas:10.0.0.1 sid:1 ip:192.0.2.7");
	sample_ask_again(&t);
	sample_ask(&t, "start user:alice nas:10.0.0.1 sid:1 ip:192.0.2.7 delay:3");
	ok(sample_told(&t, "update start alice"),
	   "nor does a Start, be it with another identifier and Acct-Delay-Time");
	sample_ask(&t, "interim user:alice nas:10.0.0.1 sid:1 in:5 seconds:60");
	sample_ask_again(&t);
	sample_ask(&t, "interim user:alice nas:10.0.0.1 sid:1 in:5 seconds:60 delay:5");
	ok(sample_told(&t, "interim interim alice"), "nor an Interim-Update");
	sample_ask(&t, "interim user:alice nas:10.0.0.1 sid:1 in:3 seconds:30");
	ok(sample_told(&t, "") && count(ACCESS_COUNT_LATE) == 1,
	   "one that was overtaken by a later one is not told");
	sample_ask(&t, "stop user:alice nas:10.0.0.1 sid:1");
	sample_ask_again(&t);
	sample_ask(&t, "stop user:alice nas:10.0.0.1 sid:1 delay:2");
	sample_ask(&t, "start user:alice nas:10.0.0.1 sid:1 ip:192.0.2.7 delay:90");
	ok(sample_told(&t, "end stop alice -192.0.2.7") && count(ACCESS_COUNT_REPEATED) == 8,
	   "nor a Stop, and a Start that was sent before it begins nothing");
}

static void out_of_order(void)
{
	uint8_t authenticator[RADIUS_AUTHENTICATOR_LEN];
	size_t len;

	fresh();
	sample_next(&t);
	memcpy(authenticator, t.authenticator, sizeof authenticator);
	sample_answer(&t, "accept ip:192.0.2.7");
	ok(sample_told(&t, ""), "an answer that overtook its request is not told");
	len = sample_write(&t, "request user:alice nas:10.0.0.1");
	sample_feed(&t, len, false);
	ok(sample_told(&t, "attempt request alice; begin accept alice +192.0.2.7"),
	   "until the request is here");
	sample_ask(&t, "stop user:bob nas:10.0.0.1 sid:2 ip:192.0.2.8");
	sample_ask(&t, "start user:bob nas:10.0.0.1 sid:2 ip:192.0.2.8");
	ok(sample_told(&t, "") && count(ACCESS_COUNT_UNKNOWN_STOPS) == 1 &&
		   count(ACCESS_COUNT_LATE) == 1,
	   "a Start behind its Stop begins nothing");
	sample_wait(&t, 11);
	sample_ask(&t, "start user:bob nas:10.0.0.1 sid:2 ip:192.0.2.8");
	ok(sample_told(&t, "begin start bob +192.0.2.8"),
	   "but one that comes long after it is of a new session");
	sample_ask(&t, "interim user:carol nas:10.0.0.1 sid:3 ip:192.0.2.9 seconds:100");
	ok(sample_told(&t, "begin midway carol +192.0.2.9") &&
		   access_find(t.a, t.last_id)->begin.ns / NANOS_PER_S == SAMPLE_START_S + 11 - 100,
	   "an Interim-Update of a session that was never heard of begins it midway");
	sample_next(&t);
	sample_answer(&t, "accept ip:192.0.2.99");
	sample_wait(&t, 40);
	ok(sample_told(&t, "") && count(ACCESS_COUNT_ORPHANS) == 1,
	   "an answer without a request is counted");
}

static void addresses(void)
{
	fresh();
	sample_ask(&t, "start user:alice nas:10.0.0.1 sid:1 ip:192.0.2.7 prefix:2001:db8:1::/64 "
		       "prefix:2001:db8:2::/64 pd:2001:db8:70::/48 ip6:2001:db8::7");
	ok(sample_told(&t, "begin start alice +192.0.2.7 +2001:db8:1::/64 +2001:db8:2::/64 "
			   "+2001:db8:70::/48 +2001:db8::7"),
	   "all of a session's addresses and prefixes are told");
	sample_ask(&t, "interim user:alice nas:10.0.0.1 sid:1 prefix:2001:db8:2::/64 "
		       "prefix:2001:db8:3::/64 seconds:1");
	ok(sample_told(&t, "interim interim alice +2001:db8:3::/64 -2001:db8:1::/64"),
	   "who states prefixes states all; what is not spoken of stays");
	sample_ask(&t, "start user:bob nas:10.0.0.1 sid:2 pd:2001:db8:70::/48");
	ok(sample_told(&t, "update taken alice -2001:db8:70::/48; "
			   "begin start bob +2001:db8:70::/48"),
	   "what is given to another is lost before it is gained");
	sample_ask(&t, "start user:carol nas:10.0.0.2 sid:1 ip:192.0.2.20");
	sample_ask(&t, "start user:dave nas:10.0.0.2 sid:2 ip:192.0.2.20");
	ok(sample_told(&t, "begin start carol +192.0.2.20; end taken carol -192.0.2.20; "
			   "begin start dave +192.0.2.20"),
	   "who loses the last address has been logged off silently");
	sample_ask(&t, "interim user:carol nas:10.0.0.2 sid:1 ip:192.0.2.20 seconds:300");
	ok(sample_told(&t, "") && count(ACCESS_COUNT_LATE) == 1,
	   "a late report does not take it back");
	sample_ask(&t, "interim user:carol nas:10.0.0.2 sid:1 ip:192.0.2.21 seconds:301");
	ok(sample_told(&t, "begin midway carol +192.0.2.21"),
	   "but one with another address shows that the session lives");
	sample_ask(&t, "start user:erin nas:10.0.0.2 sid:3 ip:255.255.255.254 ip:0.0.0.0 "
		       "pd:2000::/3 prefix:::/0");
	ok(sample_told(&t, "begin start erin") && count(ACCESS_COUNT_BAD_ATTRIBUTES) == 3,
	   "what is no subscriber's address is not taken for one");
}

static void several(void)
{
	uint64_t first;

	fresh();
	sample_ask(&t, "start user:alice nas:10.0.0.1 sid:1 ip:192.0.2.7");
	first = t.last_id;
	sample_ask(&t, "start user:alice nas:10.0.0.1 sid:2 ip:192.0.2.8");
	sample_ask(&t, "start user:alice nas:10.0.0.2 sid:1 ip:192.0.2.9");
	sample_ask(&t, "start user:bob nas:10.0.0.1 sid:1 ip:192.0.2.10");
	ok(access_n_live(t.a) == 4 && t.last_id != first,
	   "a user has several sessions; NAS, Acct-Session-Id and user tell them apart");
	sample_forget(&t);
	sample_ask(&t, "stop nas:10.0.0.2 sid:1");
	ok(sample_told(&t, "end stop alice -192.0.2.9"), "a Stop without a user finds its session");
	sample_ask(&t, "stop user:bob nas:10.0.0.1 sid:1");
	ok(sample_told(&t, "end stop bob -192.0.2.10") && access_find(t.a, first),
	   "one with a user finds the user's");
}

/* Two links to one user: both sessions are his way to the same address. */
static void links(void)
{
	fresh();
	sample_ask(&t, "start user:alice nas:10.0.0.1 sid:1 msid:m ip:192.0.2.7");
	sample_ask(&t, "start user:alice nas:10.0.0.1 sid:2 msid:m ip:192.0.2.7");
	ok(sample_told(&t, "begin start alice +192.0.2.7; begin start alice"),
	   "a second link of a bundle takes nothing from the first");
	sample_ask(&t, "stop user:alice nas:10.0.0.1 sid:1 msid:m");
	ok(sample_told(&t, "end stop alice -192.0.2.7; update stop alice +192.0.2.7"),
	   "and has its addresses when the first stops");
	sample_ask(&t, "start user:bob nas:10.0.0.1 sid:3 msid:n ip:192.0.2.7");
	ok(sample_told(&t, "end taken alice -192.0.2.7; begin start bob +192.0.2.7"),
	   "another bundle does take them");
}

static void reboot(void)
{
	fresh();
	sample_ask(&t, "start user:alice nas:10.0.0.1 sid:1 ip:192.0.2.7");
	sample_ask(&t, "start user:bob nas:10.0.0.1 sid:2 ip:192.0.2.8");
	sample_ask(&t, "start user:carol nas:10.0.0.2 sid:1 ip:192.0.2.9");
	sample_forget(&t);
	sample_wait(&t, 5);
	sample_ask(&t, "on nas:10.0.0.1");
	ok(sample_told(&t, "end reboot alice -192.0.2.7; end reboot bob -192.0.2.8"),
	   "Accounting-On ends what the NAS had, and nobody else's");
	sample_wait(&t, 5);
	sample_ask(&t, "start user:alice nas:10.0.0.1 sid:1 ip:192.0.2.7");
	sample_ask(&t, "on nas:10.0.0.1 delay:4");
	ok(sample_told(&t, "begin start alice +192.0.2.7"),
	   "sent again, it spares what has begun since");
	sample_ask(&t, "off nas:10.0.0.2");
	ok(sample_told(&t, "end reboot carol -192.0.2.9"), "so does Accounting-Off");
}

/* Which Accept a Start belongs to. */
static void joined(void)
{
	uint64_t first, second;

	fresh();
	sample_ask(&t, "request user:alice nas:10.0.0.1 port:1");
	sample_answer(&t, "accept class:one");
	first = t.last_id;
	sample_ask(&t, "request user:alice nas:10.0.0.1 port:2");
	sample_answer(&t, "accept class:two");
	second = t.last_id;
	sample_forget(&t);
	sample_ask(&t, "start user:alice nas:10.0.0.1 sid:9 class:two ip:192.0.2.8");
	ok(t.last_id == second, "by Class");
	sample_ask(&t, "start user:alice nas:10.0.0.1 sid:8 port:1 ip:192.0.2.7");
	ok(t.last_id == first && access_n_live(t.a) == 2, "by port");
	sample_ask(&t, "request user:anonymous nas:10.0.0.1 csid:mac");
	sample_answer(&t, "accept user:bob");
	first = t.last_id;
	sample_ask(&t, "start user:bob nas:10.0.0.1 sid:7 csid:mac ip:192.0.2.9");
	ok(t.last_id == first && access_text(access_find(t.a, first), RADIUS_USER_NAME, 1).len == 3,
	   "by the name that the Accept gave, and both names are kept");
	sample_ask(&t, "request user:carol nas:10.0.0.1 sid:6");
	sample_answer(&t, "accept");
	first = t.last_id;
	sample_ask(&t, "start nas:10.0.0.1 sid:6 ip:192.0.2.10");
	ok(t.last_id == first, "by the Acct-Session-Id of the Access-Request");
	sample_ask(&t, "request user:frank@isp nas:10.0.0.1 sid:4");
	sample_answer(&t, "accept");
	first = t.last_id;
	sample_ask(&t, "start user:frank nas:10.0.0.1 sid:4 ip:192.0.2.12");
	ok(t.last_id == first, "by that alone, where the NAS reports another form of the name");
	sample_ask(&t, "start user:dave nas:10.0.0.1 sid:5 ip:192.0.2.11");
	first = t.last_id;
	sample_forget(&t);
	sample_ask(&t, "request user:dave nas:10.0.0.1 sid:5");
	sample_answer(&t, "accept");
	ok(sample_told(&t, "attempt request dave") && access_find(t.a, first),
	   "an Accept for a session that lives only lets it go on");
}

static void waits(void)
{
	fresh();
	sample_ask(&t, "request user:alice nas:10.0.0.1");
	sample_answer(&t, "accept ip:192.0.2.7");
	sample_wait(&t, 301);
	ok(access_n_live(t.a) == 1, "a NAS that sends no accounting need not send a Start");
	sample_ask(&t, "request user:probe nas:10.0.0.9");
	sample_answer(&t, "accept");
	sample_wait(&t, 301);
	ok(access_n_live(t.a) == 1, "but what never gets an address expires");
	sample_ask(&t, "start user:bob nas:10.0.0.1 sid:1 ip:192.0.2.8");
	sample_ask(&t, "request user:carol nas:10.0.0.1");
	sample_answer(&t, "accept ip:192.0.2.9");
	sample_forget(&t);
	sample_wait(&t, 301);
	ok(sample_told(&t, "end expired carol -192.0.2.9"),
	   "of one that does, a session without a Start expires");
	sample_wait(&t, 31 * 24 * 3600);
	ok(!access_n_live(t.a) && count(ACCESS_COUNT_EXPIRED) == 4,
	   "silence of a month ends a session");
}

static void identities(void)
{
	static const uint8_t parts[] = {0,   0, 0x0d, 0xe9, 1,   5, 'p', '/',
					'7', 2, 4,    'r',  'm', 9, 3,   0};
	const struct access_session *s;
	struct access_text text;
	char name[ACCESS_NAME_LEN];
	struct wr w;
	uint32_t n;
	size_t len;

	fresh();
	len = sample_write(&t, "start user:alice user:alice@isp user:a3 user:a4 user:a5 user:a6 "
			       "csid:00-11 nasid:nas-1 port:17 sid:abc class:k1 class:k2 "
			       "route:192.0.2.128/25 timeout:60 ip:192.0.2.7");
	w = wr_of(t.packet, sizeof t.packet);
	w.len = len;
	radius_put(&w, RADIUS_VENDOR_SPECIFIC, parts, sizeof parts);
	radius_close(&w, 0);
	sample_feed(&t, w.len, false);
	s = access_find(t.a, t.last_id);
	text = access_text(s, RADIUS_USER_NAME, 1);
	ok(text.len == 9 && !memcmp(text.bytes, "alice@isp", 9) &&
		   !access_text(s, RADIUS_USER_NAME, 4).bytes && count(ACCESS_COUNT_TOO_MANY) == 2,
	   "of many names the first four are kept, the others counted");
	text = access_text(s, RADIUS_CLASS, 1);
	ok(text.len == 2 && access_number(s, RADIUS_NAS_PORT, &n) && n == 17 &&
		   s->allowed_seconds == 60 && access_text(s, RADIUS_FRAMED_ROUTE, 0).len == 14,
	   "classes, ports, routes and what the server allows are kept");
	text = access_vendor_text(s, ACCESS_BBF, ACCESS_BBF_REMOTE_ID);
	ok(text.len == 2 && access_vendor_text(s, ACCESS_BBF, ACCESS_BBF_CIRCUIT_ID).len == 3 &&
		   !access_vendor_text(s, ACCESS_BBF, 9).bytes,
	   "of a vendor's attributes, those that tell the line");
	access_session_name(s, name);
	ok(!strcmp(name, "abc"), "a session goes by its Acct-Session-Id");
}

static void refusals(void)
{
	size_t len;

	fresh();
	len = sample_write(&t, "start user:alice nas:10.0.0.1 sid:1 ip:192.0.2.7");
	sample_feed(&t, len - 1, false);
	t.packet[21] = 1;
	sample_feed(&t, len, false);
	sample_ask(&t, "account user:alice sid:1");
	sample_ask(&t, "account status:1 user:alice");
	sample_ask(&t, "account status:9 sid:1");
	sample_ask(&t, "coa user:alice");
	sample_answer(&t, "start user:alice sid:1");
	sample_ask(&t, "response");
	ok(sample_told(&t, "") && count(ACCESS_COUNT_CUT) == 1 && count(ACCESS_COUNT_BAD) == 1 &&
		   count(ACCESS_COUNT_NAMELESS) == 2 && count(ACCESS_COUNT_OTHER) == 4 &&
		   count(ACCESS_COUNT_DATAGRAMS) == 8,
	   "what tells of no session is counted, by reason");
}

/* A new user with a session of a name and address of its own; the NAS's address is the sender's. */
static void start_one(uint32_t n, bool is_answered)
{
	char words[128];

	snprintf(words, sizeof words, "start user:u%u sid:%u ip:100.%u.%u.%u", n, n, n >> 16 & 255,
		 n >> 8 & 255, n & 255);
	sample_ask(&t, words);
	if (is_answered)
		sample_answer(&t, "response");
}

static void limits(void)
{
	uint32_t n_live = 0;

	sample_fini(&t);
	sample_init(&t, &(struct access_options){.max_sessions = 64, .max_requests = 32});
	t.is_quiet = true;
	for (uint32_t n = 1; n <= 50; n++)
		start_one(n, true);
	for (uint32_t n = 1000; n < 3000; n++)
		start_one(n, false);
	ok(access_n_live(t.a) == 64, "a table of 64 holds 64 sessions");
	for (const struct access_session *s = access_next(t.a, NULL); s; s = access_next(t.a, s))
		n_live += access_text(s, RADIUS_USER_NAME, 0).len <= 3;
	ok(n_live == 50, "a flood that no server answers drives out none that one did");
	ok(count(ACCESS_COUNT_EVICTED) == 2000 - 14, "whom it drives out is counted");
	for (uint32_t n = 0; n < 200; n++)
		sample_ask(&t, "request user:x");
	ok(count(ACCESS_COUNT_FORGOTTEN) > 200 && access_n_live(t.a) == 64,
	   "a flood of requests drives out only its like");
	for (uint32_t n = 100; n < 200; n++)
		start_one(n, true);
	ok(access_n_live(t.a) <= 64 && count(ACCESS_COUNT_EVICTED) > 2000,
	   "proven sessions that are too many drive out the oldest");
}

static void iteration(void)
{
	int n = 0;

	fresh();
	ok(!access_next(t.a, NULL), "an empty table has no sessions");
	t.is_quiet = true;
	for (uint32_t i = 0; i < 300; i++)
		start_one(i, i % 3 == 0);
	for (const struct access_session *s = access_next(t.a, NULL); s; s = access_next(t.a, s))
		n += s->is_live && access_find(t.a, s->id) == s;
	ok(n == 300 && access_n_live(t.a) == 300, "each live session is met once");
}

int main(void)
{
	sample_init(&t, &(struct access_options){0});
	a_day();
	refused();
	sent_again();
	out_of_order();
	addresses();
	several();
	links();
	reboot();
	joined();
	waits();
	identities();
	refusals();
	limits();
	iteration();
	sample_fini(&t);
	return tap_end();
}
