#include "access/access.h"

#include "access/sample.h"
#include "base/tap.h"

static struct sample t, u;

static void fill(struct sample *s)
{
	sample_init(s, &(struct access_options){0});
	sample_ask(s, "request user:alice nas:10.0.0.1 port:7");
	sample_answer(s, "accept ip:192.0.2.7 class:c timeout:3600");
	sample_ask(s, "start user:bob nas6:2001:db8::1 sid:1 ip:192.0.2.8 pd:2001:db8:8::/48");
	sample_answer(s, "response");
	sample_ask(s, "start user:carol nasid:nas-3 sid:1 ip:192.0.2.9 prefix:2001:db8:9::/64 "
		      "ip6:2001:db8:9::9");
	sample_ask(s, "interim user:carol nasid:nas-3 sid:1 in:5 ingiga:2 out:6 seconds:60");
	sample_ask(s, "start user:dave sid:4 ip:192.0.2.10");
	sample_ask(s, "stop user:dave sid:4 cause:1");
	sample_ask(s, "start user:erin sid:5 ip:192.0.2.11");
	sample_ask(s, "start user:frank sid:6 ip:192.0.2.11 pool:p");
}

/* The octets of a table, in the caller's writer. */
static void save(const struct sample *s, struct wr *w)
{
	*w = wr_init(1 << 20);
	access_save(s->a, w);
}

static int load(struct sample *s, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);

	sample_init(s, &(struct access_options){.max_sessions = 100});
	s->d.time = t.d.time;
	return access_load(s->a, &r);
}

static void round_trip(const struct wr *w)
{
	struct wr again;
	const struct access_session *s;
	uint32_t n = 0;

	ok(load(&u, w->bytes, w->len) == 0 && access_n_live(u.a) == 4,
	   "what was saved is loaded: four live sessions");
	save(&u, &again);
	ok(again.ok && again.len == w->len && !memcmp(again.bytes, w->bytes, w->len),
	   "and saved again it is the same octets");
	for (s = access_next(t.a, NULL); s; s = access_next(t.a, s)) {
		const struct access_session *other = access_find(u.a, s->id);

		n += other && other->begin.ns == s->begin.ns &&
		     other->usage.octets_from == s->usage.octets_from &&
		     other->n_addresses == s->n_addresses &&
		     !memcmp(other->addresses, s->addresses, s->n_addresses * sizeof *s->addresses);
	}
	ok(n == 4, "each with its id, begin, use and addresses");
	wr_fini(&again);
}

/* Life goes on where it was. */
static void goes_on(void)
{
	u.serial = t.serial;
	sample_ask(&u, "start user:alice nas:10.0.0.1 port:7 sid:9 class:c ip:192.0.2.7");
	ok(sample_told(&u, "update start alice"), "a Start finds the Accept of before");
	sample_ask(&u, "interim user:carol nasid:nas-3 sid:1 in:6 ingiga:2 out:7 seconds:90");
	ok(sample_told(&u, "interim interim carol"), "reports go on");
	sample_ask(&u,
		   "interim user:carol nasid:nas-3 sid:1 in:6 ingiga:2 out:7 seconds:90 delay:4");
	ok(sample_told(&u, ""), "what was heard before is still known");
	sample_ask(&u, "start user:dave sid:4 ip:192.0.2.10 delay:60");
	ok(sample_told(&u, ""), "so is what has ended");
	sample_ask(&u, "interim user:erin sid:5 ip:192.0.2.11 seconds:60");
	ok(sample_told(&u, ""), "and who has an address now");
	sample_ask(&u, "stop user:bob nas6:2001:db8::1 sid:1");
	ok(sample_told(&u, "end stop bob -192.0.2.8 -2001:db8:8::/48"), "a Stop ends its session");
	sample_ask(&u, "on nasid:nas-3");
	ok(sample_told(&u, "end reboot carol -192.0.2.9 -2001:db8:9::/64 -2001:db8:9::9"),
	   "a NAS's sessions are known as its");
}

static void refusals(const struct wr *w)
{
	size_t n_refused = 0, n_tried = 0;
	uint8_t *copy = malloc(w->len);
	struct sample v;

	for (size_t cut = 0; cut < w->len; cut++) {
		int rc = load(&v, w->bytes, cut);

		n_refused += rc == ERR_CUT && access_n_live(v.a) == 0;
		sample_fini(&v);
	}
	ok(n_refused == w->len, "cut at any of its %zu octets it is refused, and leaves nothing",
	   w->len);
	for (size_t i = 0; copy && i < w->len * 8; i++) {
		struct wr again;

		memcpy(copy, w->bytes, w->len);
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
		if (load(&v, copy, w->len) == 0) {
			save(&v, &again);
			n_tried += again.ok;
			wr_fini(&again);
			sample_wait(&v, 1);
		} else {
			n_tried += access_n_live(v.a) == 0;
		}
		sample_fini(&v);
	}
	ok(n_tried == w->len * 8, "with any bit turned it is refused, or a table that works");
	if (copy) {
		memcpy(copy, w->bytes, w->len);
		copy[5] = 2;
	}
	ok(copy && load(&v, copy, w->len) == ERR_UNSUPPORTED, "a later version is refused as such");
	sample_fini(&v);
	free(copy);
}

static void limits(const struct wr *w)
{
	struct rd r = rd_of(w->bytes, w->len);
	struct sample v;
	struct wr none;

	sample_init(&v, &(struct access_options){.max_sessions = 2});
	ok(access_load(v.a, &r) == 0 && access_n_live(v.a) == 2 &&
		   access_count(v.a, ACCESS_COUNT_EVICTED) == 4,
	   "a smaller table takes what it can hold, and counts the rest");
	r = rd_of(w->bytes, w->len);
	ok(access_load(v.a, &r) == ERR_USAGE, "a table that is not empty is not loaded");
	sample_fini(&v);
	none = wr_init(100);
	access_save(t.a, &none);
	ok(!none.ok, "where there is no room nothing is said to be saved");
	wr_fini(&none);
}

int main(void)
{
	struct wr w;

	fill(&t);
	save(&t, &w);
	ok(w.ok, "a table is saved: %zu octets", w.len);
	round_trip(&w);
	goes_on();
	refusals(&w);
	limits(&w);
	wr_fini(&w);
	sample_fini(&u);
	sample_fini(&t);
	return tap_end();
}
