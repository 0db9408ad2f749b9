#include "call/sample.h"

/* One line of a script: a request, an answer (status), a packet from 203.0.113.5 to Bob's port
 * (heard), or time (wait, in seconds). */
struct step {
	const char *status;
	struct said s;
	int wait;
	bool is_heard;
	bool is_nobodys; /* names no target */
};

enum { MAX_STEPS = 24 };

struct script {
	const char *what;
	struct step steps[MAX_STEPS]; /* up to the first that says nothing */
	size_t n;
};

#define SDP_OF(ip, port, more)                                                                     \
	"o=- 123456789 1 IN IP4 " ip "\r\ns=-\r\nc=IN IP4 " ip "\r\nt=0 0\r\nm=audio " port        \
	" RTP/AVP 8\r\n" more
#define SESSION  "Session-ID: 0123456789abcdef0123456789abcdef\r\n"
#define ACK      "ACK sip:bob@10.0.0.2 SIP/2.0"
#define PRACK    "PRACK sip:bob@10.0.0.2 SIP/2.0"
#define UPDATE   "UPDATE sip:bob@10.0.0.2 SIP/2.0"
#define CANCEL   "CANCEL sip:bob@example.org SIP/2.0"
#define REFER    "REFER sip:alice@10.0.0.1 SIP/2.0"
#define REGISTER "REGISTER sip:example.org SIP/2.0"

static struct script scripts[] = {
	{.what = "a call, its media changed, held, hung up",
	 .n = 15,
	 .steps = {{.s = {.sdp = "192.0.2.1 4000"}},
		   {.s = {.sdp = "192.0.2.1 4000"}},
		   {"180", {.to = "b"}},
		   {"200", {.to = "b", .sdp = "192.0.2.2 5000"}},
		   {"200", {.to = "b", .sdp = "192.0.2.2 5000"}},
		   {.s = {ACK, "1 ACK", .to = "b", .branch = "2"}},
		   {.s = {NULL, "2 INVITE", .to = "b", .branch = "3", .sdp = "192.0.2.9 4400"}},
		   {"200", {NULL, "2 INVITE", .to = "b", .branch = "3", .sdp = "192.0.2.2 5000"}},
		   {.s = {NULL, "3 INVITE", .to = "b", .branch = "4",
			  .sdp = SDP_OF("192.0.2.9", "4400", "a=sendonly\r\n")}},
		   {"488", {NULL, "3 INVITE", .to = "b", .branch = "4"}},
		   {.s = {UPDATE, "4 UPDATE", .to = "b", .branch = "5", .sdp = "192.0.2.9 4402"}},
		   {"200", {NULL, "4 UPDATE", .to = "b", .branch = "5", .sdp = "192.0.2.2 0"}},
		   {.s = {BYE, "9 BYE", .to = "b", .branch = "9"}},
		   {"200", {NULL, "9 BYE", .to = "b", .branch = "9"}},
		   {.wait = 33}}},
	{.what = "early media, two forks that answer, each hung up",
	 .n = 11,
	 .steps = {{.s = {.start = NULL}},
		   {"183", {.to = "b", .sdp = "192.0.2.2 5000"}},
		   {.s = {PRACK, "2 PRACK", .to = "b", .branch = "2", .sdp = "192.0.2.1 4000"}},
		   {"183", {.to = "c", .sdp = "192.0.2.3 5000"}},
		   {"200", {.to = "c"}},
		   {"200", {.to = "b"}},
		   {.s = {BYE, "3 BYE", .to = "b", .branch = "8"}},
		   {"200", {NULL, "3 BYE", .to = "b", .branch = "8"}},
		   {.s = {BYE, "4 BYE", .to = "c", .branch = "9"}},
		   {"200", {NULL, "4 BYE", .to = "c", .branch = "9"}},
		   {.wait = 33}}},
	{.what = "challenged, cancelled, redirected, tried anew",
	 .n = 12,
	 .steps = {{.s = {.sdp = "192.0.2.1 4000"}},
		   {"407", {.to = "b"}},
		   {.s = {NULL, "2 INVITE", .branch = "2", .sdp = "192.0.2.1 4000"}},
		   {.s = {CANCEL, "2 CANCEL", .branch = "2"}},
		   {"200", {NULL, "2 CANCEL", .branch = "2"}},
		   {"487", {NULL, "2 INVITE", .branch = "2", .to = "d"}},
		   {.s = {NULL, "3 INVITE", .branch = "3", .sdp = "192.0.2.1 4000"}},
		   {"302", {NULL, "3 INVITE", .branch = "3", .to = "e"}},
		   {.s = {NULL, "4 INVITE", .branch = "4", .dst = 5, .sdp = "192.0.2.1 4000"}},
		   {"200",
		    {NULL, "4 INVITE", .branch = "4", .dst = 5, .to = "f",
		     .sdp = "192.0.2.5 5000"}},
		   {.wait = 12 * 3600},
		   {.wait = 40}}},
	{.what = "legs that are joined by each rule, and end one by one",
	 .n = 12,
	 .steps = {{.s = {.sdp = "192.0.2.1 4000", .more = SESSION}},
		   {.s = {.call_id = "c2", .from = "x", .src = 8, .dst = 9, .more = SESSION},
		    .is_nobodys = true},
		   {.s = {.call_id = "c3", .src = 2, .dst = 3, .sdp = "192.0.2.1 4000"},
		    .is_nobodys = true},
		   {.s = {.call_id = "c4",
			  .src = 7,
			  .dst = 8,
			  .more = "Replaces: c1;to-tag=b;from-tag=a\r\n"},
		    .is_nobodys = true},
		   {"200", {.to = "b", .sdp = "192.0.2.2 5000"}},
		   {.s = {REFER, "3 REFER", .to = "b", .branch = "r", .src = 2, .dst = 1,
			  .more = "Refer-To: <sip:carol@example.org>\r\n"}},
		   {.s = {"INVITE sip:carol@example.org SIP/2.0", .call_id = "c5"},
		    .is_nobodys = true},
		   {.s = {BYE, "9 BYE", .to = "b", .branch = "9"}},
		   {"200", {NULL, "9 BYE", .to = "b", .branch = "9"}},
		   {.s = {.from = "y", .branch = "7"}},
		   {.wait = 201},
		   {.wait = 33}}},
	{.what = "one behind a translator of addresses",
	 .n = 9,
	 .steps = {{.s = {.sdp = "192.0.2.1 4000"}},
		   {"200", {.to = "b", .sdp = "192.0.2.2 5000"}},
		   {.is_heard = true},
		   {.is_heard = true},
		   {.is_heard = true},
		   {.wait = 11 * 3600},
		   {.is_heard = true},
		   {.wait = 2 * 3600},
		   {.wait = 11 * 3600}}},
	{.what = "what is no call, and a call that is met midway",
	 .n = 7,
	 .steps = {{.s = {REGISTER, "1 REGISTER", .call_id = "r1"}},
		   {"200", {NULL, "1 REGISTER", .call_id = "r1", .to = "b"}},
		   {.s = {UPDATE, "5 UPDATE", .to = "b", .sdp = "192.0.2.1 4000"}},
		   {.s = {UPDATE, "5 UPDATE", .to = "b", .sdp = "192.0.2.1 4000"}},
		   {.wait = 33},
		   {.s = {BYE, "6 BYE", .to = "b", .branch = "8"}},
		   {.wait = 33}}},
};

static void hear_bob(struct world *w)
{
	struct media_hit hit = {.owner = w->last_call, .party = 1, .kind = MEDIA_RTP};
	struct media_endpoint far = {.ip = {{203, 0, 113, 5}, 4}, .port = 33333};

	call_heard(w->calls, &hit, &far, w->now);
}

static void step(struct world *w, const struct step *s)
{
	w->n_targets = !s->is_nobodys;
	if (s->wait)
		later(w, s->wait);
	else if (s->is_heard)
		hear_bob(w);
	else if (s->status)
		answer(w, s->status, s->s);
	else
		feed(w, s->s);
}

static bool save(const struct world *w, struct wr *out)
{
	*out = wr_init(1 << 22);
	call_save(w->calls, out);
	return out->ok;
}

/* A world that has what was saved, and what its user knows beside it. */
static int restart(struct world *w, const struct world *from, const struct wr *saved)
{
	struct rd r = rd_of(saved->bytes, saved->len);

	begin(w, (struct call_options){.joins = CALL_JOINS_USUAL, .seed = 99});
	w->now = from->now;
	w->last_call = from->last_call;
	w->n_begun = from->n_begun;
	return call_load(w->calls, &r, NULL, NULL);
}

/* What is expected now, as the words of its coming. */
static void media_now(struct world *w, char *out)
{
	struct world told = {.media = ""};
	uint32_t last = w->last_call;

	for (uint32_t number = 1; number <= last; number++) {
		const struct call *call = call_find(w->calls, number);
		size_t n = 0;
		const struct call_media *m = call ? call_media_of(call, &n) : NULL;

		for (size_t i = 0; i < n; i++)
			on_media(&told, call, &m[i], CALL_MEDIA_ADDED, w->now);
	}
	snprintf(out, LOG_LEN, "%s", told.media);
}

static bool is_told_alike(const struct world *a, const struct world *b)
{
	for (int i = 0; i < 4; i++) {
		if (strcmp(a->log[i], b->log[i]) != 0)
			return printf("# told: %s\n#  but: %s\n", a->log[i], b->log[i]), false;
	}
	if (strcmp(a->media, b->media) != 0 || strcmp(a->legs, b->legs) != 0)
		return printf("# told: %s %s\n#  but: %s %s\n", a->media, a->legs, b->media,
			      b->legs),
		       false;
	return true;
}

/* The table is saved before step `at`, and loaded elsewhere; both go on. */
static bool is_alike_from(const struct script *s, size_t at)
{
	static struct world a, b;
	static char wanted[LOG_LEN];
	struct wr saved, again;
	bool is_alike;

	begin(&a, (struct call_options){.joins = CALL_JOINS_USUAL, .seed = 7});
	for (size_t i = 0; i < at; i++)
		step(&a, &s->steps[i]);
	media_now(&a, wanted);
	is_alike = save(&a, &saved) && restart(&b, &a, &saved) == 0 && !strcmp(b.media, wanted) &&
		   !b.log[ALICE][0] && save(&b, &again) && again.len == saved.len &&
		   !memcmp(again.bytes, saved.bytes, saved.len);
	if (!is_alike)
		printf("# expected: %s\n#  but: %s\n", wanted, b.media);
	a.log[ALICE][0] = a.media[0] = a.legs[0] = b.media[0] = 0;
	for (size_t i = at; i < s->n; i++) {
		step(&a, &s->steps[i]);
		step(&b, &s->steps[i]);
	}
	end(&a);
	end(&b);
	wr_fini(&saved);
	wr_fini(&again);
	return is_alike & is_told_alike(&a, &b);
}

static void goes_on(const struct script *s)
{
	size_t n = 0;

	for (size_t at = 0; at <= s->n; at++) {
		bool is_alike = is_alike_from(s, at);

		n += is_alike;
		if (!is_alike)
			printf("# restarted before step %zu\n", at);
	}
	ok(n == s->n + 1, "%s: wherever it is restarted, the same is told", s->what);
}

/* A table in which there is some of everything. */
static void fill(struct world *w)
{
	usual(w);
	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
		size_t n = scripts[i].n > 8 ? 8 : scripts[i].n;

		for (size_t k = 0; k < n; k++) {
			struct step s = scripts[i].steps[k];
			char id[8];

			snprintf(id, sizeof id, "%s-%zu", s.s.call_id ? s.s.call_id : "c1", i);
			s.s.call_id = id;
			if (!s.wait)
				step(w, &s);
		}
	}
	w->n_targets = 1;
}

static int load(struct world *w, const void *bytes, size_t len, uint32_t max_legs)
{
	struct rd r = rd_of(bytes, len);

	begin(w, (struct call_options){.joins = CALL_JOINS_USUAL, .max_legs = max_legs});
	return call_load(w->calls, &r, NULL, NULL);
}

static void refusals(const struct wr *saved)
{
	static struct world w;
	size_t n_refused = 0, n_tried = 0;
	uint8_t *copy = malloc(saved->len);

	for (size_t cut = 0; cut < saved->len; cut++) {
		int rc = load(&w, saved->bytes, cut, 100);

		n_refused += rc == ERR_CUT && !call_n_legs(w.calls) && !w.media[0] && !w.n_gone;
		end(&w);
	}
	ok(n_refused == saved->len,
	   "cut at any of its %zu octets it is refused, and leaves nothing", saved->len);
	for (size_t i = 0; copy && i < saved->len * 8; i += 3) {
		memcpy(copy, saved->bytes, saved->len);
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
		if (load(&w, copy, saved->len, 100) == 0) {
			feed(&w, (struct said){.call_id = "c1-0", .cseq = "8 INVITE", .to = "b"});
			later(&w, 100000);
			n_tried++;
		} else {
			n_tried += !call_n_legs(w.calls) && !w.media[0] && !w.n_gone;
		}
		end(&w);
	}
	ok(n_tried == (saved->len * 8 + 2) / 3,
	   "with a bit turned it is refused, or a table that works");
	if (copy) {
		memcpy(copy, saved->bytes, saved->len);
		copy[5]++;
	}
	ok(copy && load(&w, copy, saved->len, 100) == ERR_UNSUPPORTED,
	   "a later version is refused as such");
	end(&w);
	free(copy);
}

static void limits(const struct wr *saved)
{
	static struct world w;
	struct rd r = rd_of(saved->bytes, saved->len);
	struct wr none = wr_init(100);

	ok(load(&w, saved->bytes, saved->len, 5) == 0 && call_n_legs(w.calls) <= 5 &&
		   call_count(w.calls, CALL_COUNT_EVICTED) > 0,
	   "a smaller table takes what it can hold, and counts the rest");
	ok(strstr(w.media, "+203.0.113.5") || strstr(w.media, "+192.0.2.2"),
	   "… what is up before what is not");
	ok(call_load(w.calls, &r, NULL, NULL) == ERR_USAGE,
	   "a table that is not empty is not loaded");
	call_save(w.calls, &none);
	ok(!none.ok, "where there is no room nothing is said to be saved");
	wr_fini(&none);
	end(&w);
}

static void numbers(void)
{
	static struct world w, v;
	struct wr saved;
	uint32_t last;

	usual(&w);
	set_up(&w);
	hang_up(&w);
	last = w.last_call;
	later(&w, 33);
	save(&w, &saved);
	ok(call_n_legs(w.calls) == 0 && restart(&v, &w, &saved) == 0, "a table may be empty");
	feed(&v, (struct said){.call_id = "new"});
	ok(v.last_call == last + 1, "numbers of calls are not used again");
	wr_fini(&saved);
	end(&v);
	end(&w);
}

static bool renumber(void *arg, uint32_t before, uint32_t *now)
{
	uint32_t *to = arg;

	if (!to[before])
		return false;
	*now = to[before];
	return true;
}

static void load_with(struct world *w, const struct wr *saved, uint32_t *to, bool wants_all)
{
	struct rd r = rd_of(saved->bytes, saved->len);

	begin(w, (struct call_options){.wants_all_media = wants_all});
	ok(call_load(w->calls, &r, renumber, to) == 0,
	   "targets may have other numbers than before");
}

static void targets(void)
{
	static struct world w, v;
	struct wr saved;

	usual(&w);
	w.targets[1] = (struct call_target){BOB, false};
	w.n_targets = 2;
	set_up(&w);
	w.n_targets = 0;
	feed(&w, (struct said){.call_id = "strangers", .sdp = "192.0.2.77 4000"});
	save(&w, &saved);
	ok(saved.ok && !memmem(saved.bytes, saved.len, "strangers", 9),
	   "what is nobody's is not saved");

	load_with(&v, &saved, (uint32_t[]){0, 3, 1}, false);
	hang_up(&v);
	v.log[0][0] = 0;
	hears(&v, 3, "each hears on under the number that he has now", "continue> end:bye<");
	hears(&v, 1, "… as the party that he was", "continue< end:bye>");
	end(&v);

	load_with(&v, &saved, (uint32_t[]){0, 2, 2}, false);
	v.n_targets = 0;
	hang_up(&v);
	hears(&v, 2, "two that are one now hear once", "continue> end:bye<");
	end(&v);

	load_with(&v, &saved, (uint32_t[]){0, 0, 1}, false);
	v.n_targets = 0;
	hang_up(&v);
	hears(&v, 1, "the other of two that is one no more", "continue< end:bye>");
	end(&v);

	load_with(&v, &saved, (uint32_t[]){0, 0, 0}, false);
	ok(call_n_legs(v.calls) == 0 && !v.media[0] && !v.n_gone,
	   "a call that is nobody's now is left out, and nobody is told of it");
	end(&v);

	load_with(&v, &saved, (uint32_t[]){0, 0, 0}, true);
	ok(call_n_legs(v.calls) == 1, "where all media are wanted it stays");
	expects(&v, "… with its media",
		"+192.0.2.1:4000/rtp +192.0.2.1:4001/rtcp +192.0.2.2:5000/rtp "
		"+192.0.2.2:5001/rtcp");
	end(&v);
	wr_fini(&saved);
	end(&w);
}

int main(void)
{
	static struct world w;
	struct wr saved;

	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
		goes_on(&scripts[i]);
	fill(&w);
	ok(save(&w, &saved), "a table is saved");
	refusals(&saved);
	limits(&saved);
	numbers();
	targets();
	wr_fini(&saved);
	end(&w);
	return tap_end();
}
