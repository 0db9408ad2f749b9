#include "link/talk.h"

#include <string.h>

#include "base/tap.h"
#include "base/rd.h"

/* A wire between two talks: all that one has to say is heard by the other, at once. */
struct scene {
	struct talk_rules rules[2];
	struct talk ends[2]; /* 0 dials */
	struct link_frame last[2];
	int n_frames[2];
	bool is_refused_by[2]; /* whether that end does not welcome the other */
};

static struct nanos now;

static struct talk_rules rules_of(enum tls_role role, const char *name, unsigned roles)
{
	struct talk_rules r = {.self = {.role = role},
			       .software = "weir-test 1",
			       .roles = roles,
			       .ping = nanos_from_s(5),
			       .silence = nanos_from_s(15),
			       .max_queue = 1000};

	snprintf(r.self.name, sizeof r.self.name, "%s", name);
	return r;
}

static void scene_init(struct scene *s)
{
	*s = (struct scene){.is_refused_by = {false, false}};
	s->rules[0] = rules_of(TLS_COLLECTOR, "c1", 1 << TLS_MEDIATOR);
	s->rules[1] = rules_of(TLS_MEDIATOR, "m1", 1 << TLS_COLLECTOR);
	s->rules[0].is_dialler = true;
	now = nanos_from_s(1000);
}

static void scene_begin(struct scene *s, const struct tls_identity *of_0,
			const struct tls_identity *of_1)
{
	for (int i = 0; i < 2; i++) {
		talk_init(&s->ends[i], &s->rules[i]);
		talk_connect(&s->ends[i], now);
		talk_begin(&s->ends[i], i ? of_0 : of_1, now);
	}
}

static void scene_fini(struct scene *s)
{
	talk_fini(&s->ends[0]);
	talk_fini(&s->ends[1]);
}

static void feed(struct scene *s, int to, const void *bytes, size_t n)
{
	struct talk *t = &s->ends[to];
	struct rd r = rd_of(bytes, n);
	struct link_frame frame;
	size_t size;

	while (rd_left(&r)) {
		uint8_t *room = talk_room(t, &size);
		size_t part = rd_left(&r) < 7 ? rd_left(&r) : 7;

		if (!room)
			return;
		memcpy(room, rd_take(&r, part), part);
		talk_fed(t, part, now);
		while (talk_next(t, &frame)) {
			if (frame.type != LINK_HELLO)
				s->n_frames[to]++, s->last[to] = frame;
			else if (s->is_refused_by[to])
				talk_refuse(t, "not welcome");
			else
				talk_welcome(t);
		}
	}
}

/* Carries until both have nothing to say. */
static void carry(struct scene *s)
{
	size_t n[2] = {1, 1};

	while (n[0] + n[1]) {
		for (int from = 0; from < 2; from++) {
			const uint8_t *bytes = talk_out(&s->ends[from], &n[from]);

			if (!n[from])
				continue;
			feed(s, !from, bytes, n[from]);
			talk_sent(&s->ends[from], n[from]);
		}
	}
}

static void test_meeting(void)
{
	struct scene s;

	scene_init(&s);
	scene_begin(&s, &s.rules[0].self, &s.rules[1].self);
	carry(&s);
	ok(s.ends[0].state == TALK_UP && s.ends[1].state == TALK_UP, "two that fit are up");
	ok(tls_identity_is_equal(&s.ends[0].peer, &s.rules[1].self) &&
		   tls_identity_is_equal(&s.ends[1].peer, &s.rules[0].self) &&
		   !strcmp(s.ends[1].software, "weir-test 1"),
	   "each knows who the other is");
	scene_fini(&s);
	scene_begin(&s, NULL, NULL);
	carry(&s);
	ok(s.ends[0].state == TALK_UP && s.ends[1].state == TALK_UP, "also without certificates");
	scene_fini(&s);
}

/* Neither is up, and both have the words. */
static void refused(struct scene *s, const char *name, const char *words)
{
	carry(s);
	ok(s->ends[0].state >= TALK_ENDING && s->ends[1].state >= TALK_ENDING, "%s: no talk", name);
	ok(strstr(s->ends[0].reason, words) && strstr(s->ends[1].reason, words) &&
		   s->ends[0].is_refused != s->ends[1].is_refused &&
		   s->ends[0].has_refused == s->ends[1].is_refused,
	   "%s: both know why: %s", name, s->ends[0].reason);
	scene_fini(s);
}

static void test_refusals(void)
{
	struct tls_identity other = {TLS_COLLECTOR, "c2"};
	struct scene s;

	scene_init(&s);
	s.rules[1].roles = 1 << TLS_PROVISIONER;
	scene_begin(&s, NULL, NULL);
	refused(&s, "a role that the listener does not take", "wrong role: collector:c1");
	scene_begin(&s, &s.rules[0].self, &s.rules[1].self);
	refused(&s, "the same by certificate", "wrong role: collector:c1");
	scene_init(&s);
	s.rules[0].roles = 1 << TLS_PROVISIONER;
	scene_begin(&s, NULL, NULL);
	refused(&s, "a role that the dialler does not want", "wrong role: mediator:m1");
	scene_init(&s);
	s.rules[0].peer_name = "m2";
	scene_begin(&s, NULL, NULL);
	refused(&s, "a name that the dialler does not want", "it looks for m2, this is m1");
	scene_init(&s);
	scene_begin(&s, &other, &s.rules[1].self);
	refused(&s, "a name that is not the certificate's", "its certificate says collector:c2");
	s.is_refused_by[1] = true;
	scene_begin(&s, NULL, NULL);
	refused(&s, "one who is not welcome", "not welcome");
}

/* A listener that hears a hello may end an older link of that name for it. */
static void test_no_hello_to_others(void)
{
	struct link_frame frame = {.type = LINK_PING};
	struct scene s;
	struct why why;
	size_t n;
	const uint8_t *out;

	scene_init(&s);
	s.rules[0].peer_name = "m2";
	scene_begin(&s, &s.rules[0].self, &s.rules[1].self);
	out = talk_out(&s.ends[0], &n);
	ok(link_frame_read(out, n, &frame, &why) == (ssize_t)n && frame.type == LINK_REFUSAL,
	   "who is another by its certificate is told no hello");
	refused(&s, "a name that the dialler does not want, by certificate", "wrong name");
	scene_init(&s);
	s.rules[0].peer_name = "m2";
	scene_begin(&s, NULL, NULL);
	carry(&s);
	ok(s.ends[1].has_refused && s.ends[1].state >= TALK_ENDING,
	   "without certificates the listener refuses who looks for another: %s", s.ends[1].reason);
	scene_fini(&s);
}

static void test_foreign_hellos(void)
{
	static const struct {
		const char *name, *json, *words;
	} rows[] = {
		{"another version", "{\"version\":2,\"who\":1}", "speaks version 2"},
		{"no version", "{\"role\":\"collector\",\"name\":\"c1\"}", "no version"},
		{"a foreign role", "{\"role\":\"king\",\"name\":\"c1\",\"version\":1}", "no role"},
		{"no name", "{\"role\":\"collector\",\"version\":1}", "no name"},
		{"no JSON", "{{{", "bad hello"},
		{"no object", "[1,2]", "no JSON object"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct link_frame hello = {.type = LINK_HELLO,
						 .body = (const uint8_t *)rows[i].json,
						 .len = strlen(rows[i].json)};
		uint8_t bytes[200];
		struct wr w = wr_of(bytes, sizeof bytes);
		struct scene s;

		scene_init(&s);
		scene_begin(&s, NULL, NULL);
		link_frame_write(&hello, &w);
		feed(&s, 1, bytes, w.len);
		ok(s.ends[1].state == TALK_ENDING && strstr(s.ends[1].reason, rows[i].words),
		   "a hello with %s: %s", rows[i].name, s.ends[1].reason);
		scene_fini(&s);
	}
}

static void test_noise(void)
{
	struct scene s;

	scene_init(&s);
	scene_begin(&s, NULL, NULL);
	feed(&s, 1, "GET / HTTP/1.1\r\n\r\n", 18);
	ok(s.ends[1].state == TALK_ENDING && strstr(s.ends[1].reason, "not a link"), "noise: %s",
	   s.ends[1].reason);
	scene_fini(&s);
	scene_begin(&s, NULL, NULL);
	feed(&s, 1, "\0\0\0\1\5", 5);
	ok(s.ends[1].state == TALK_ENDING, "a ping before the hello: %s", s.ends[1].reason);
	scene_fini(&s);
	scene_begin(&s, NULL, NULL);
	feed(&s, 1, "\0\xff\0\0\2", 5);
	feed(&s, 1, "more of it", 10);
	ok(s.ends[1].state == TALK_ENDING && s.ends[1].in.size < 1 << 18,
	   "a stranger's large message is not waited for: %s", s.ends[1].reason);
	scene_fini(&s);
	scene_begin(&s, NULL, NULL);
	carry(&s);
	feed(&s, 0, "\x7f\0\0\0\2", 5);
	carry(&s);
	ok(s.ends[0].has_refused && s.ends[1].is_refused, "an oversized frame of a friend: %s",
	   s.ends[1].reason);
	scene_fini(&s);
}

static void test_frames(void)
{
	static const uint8_t body[900] = "{}";
	struct link_frame f = {
		.type = LINK_RECORDS, .channel = 3, .body = body, .len = sizeof body};
	struct scene s;
	size_t len;

	scene_init(&s);
	scene_begin(&s, NULL, NULL);
	ok(talk_send(&s.ends[0], &f) == ERR_END, "nothing is sent before both are up");
	carry(&s);
	f.offset = 17;
	ok(talk_send(&s.ends[0], &f) == 0 && talk_send(&s.ends[0], &f) == 0 &&
		   talk_send(&s.ends[0], &f) == ERR_FULL,
	   "a queue takes frames until it is full");
	ok(!talk_may_send(&s.ends[0]), "and has no room yet");
	f.type = LINK_ACKNOWLEDGE;
	f.len = 0;
	ok(talk_send(&s.ends[0], &f) == 0, "but for an acknowledgement");
	carry(&s);
	ok(s.n_frames[1] == 3 && s.last[1].type == LINK_ACKNOWLEDGE && s.last[1].offset == 17,
	   "all arrive, in order");
	ok(talk_may_send(&s.ends[0]) && !talk_may_send(&s.ends[0]),
	   "then there is room, said once");
	f = (struct link_frame){.type = LINK_MESSAGE, .body = body, .len = LINK_MAX_MESSAGE + 1ul};
	ok(talk_send(&s.ends[0], &f) == ERR_USAGE, "no message is longer than a frame");
	f.len = 0;
	ok(talk_send(&s.ends[0], &f) == ERR_USAGE, "none is empty");
	talk_lost(&s.ends[0], "cut");
	ok(!talk_out(&s.ends[0], &len) && talk_send(&s.ends[0], &f) == ERR_END,
	   "nothing goes after the end");
	scene_fini(&s);
}

/* Records that are sent from where they lie; is_cut: a part of them has to wait. */
static void test_lent(bool is_cut)
{
	enum { LEN = 40000, FULL_RECORD = 16 << 10, PART = 5000 };
	static uint8_t body[LEN];
	struct link_frame f = {.type = LINK_RECORDS, .channel = 3, .body = body, .len = LEN};
	const uint8_t *bytes;
	struct scene s;
	bool is_whole = true;
	size_t n;

	for (size_t i = 0; i < LEN; i++)
		body[i] = (uint8_t)(i / 7);
	scene_init(&s);
	scene_begin(&s, NULL, NULL);
	carry(&s);
	ok(talk_lend(&s.ends[0], &f) == 0 && talk_queued(&s.ends[0]) == LEN + 17,
	   "records are lent, with their head");
	feed(&s, 0, "\0\0\0\1\5", 5);
	bytes = talk_out(&s.ends[0], &n);
	ok(n == FULL_RECORD, "what goes with the head fills a record of TLS");
	feed(&s, 1, bytes, n);
	talk_sent(&s.ends[0], n);
	bytes = talk_out(&s.ends[0], &n);
	ok(n == LEN + 17 - FULL_RECORD && bytes == body + LEN - n, "the rest is where it was");
	if (is_cut) {
		feed(&s, 1, bytes, PART);
		talk_sent(&s.ends[0], PART);
		talk_keep(&s.ends[0]);
		bytes = talk_out(&s.ends[0], &n);
		ok(n == LEN + 17 - FULL_RECORD - PART && (bytes < body || bytes >= body + LEN),
		   "what has to wait is copied");
		memset(body, 0, sizeof body);
	}
	carry(&s);
	for (size_t i = 0; i < LEN && s.n_frames[1] == 1; i++)
		is_whole &= s.last[1].body[i] == (uint8_t)(i / 7);
	ok(s.n_frames[1] == 1 && s.last[1].len == LEN && is_whole, "and the frame is whole");
	ok(s.ends[1].state == TALK_UP && !talk_queued(&s.ends[0]),
	   "an answer that was owed came behind it");
	f.len = 900;
	ok(talk_lend(&s.ends[0], &f) == 0, "few octets are lent");
	bytes = talk_out(&s.ends[0], &n);
	ok(n == 917 && (bytes < body || bytes >= body + LEN), "and copied at once");
	scene_fini(&s);
}

static void test_silence(void)
{
	struct scene s;
	size_t n;

	scene_init(&s);
	scene_begin(&s, NULL, NULL);
	carry(&s);
	now = nanos_from_s(1004);
	talk_tick(&s.ends[0], false, now);
	talk_out(&s.ends[0], &n);
	ok(n == 0, "a peer that spoke four seconds ago is left alone");
	now = nanos_from_s(1006);
	talk_tick(&s.ends[0], false, now);
	talk_out(&s.ends[0], &n);
	ok(n == 5, "after five it is pinged");
	carry(&s);
	ok(s.ends[0].heard.ns == now.ns && s.n_frames[0] + s.n_frames[1] == 0,
	   "and answers, which nobody above hears of");
	now = nanos_from_s(1020);
	talk_tick(&s.ends[0], true, now);
	ok(s.ends[0].state == TALK_UP, "who does not read gives nobody up");
	carry(&s);
	now = nanos_from_s(1036);
	talk_tick(&s.ends[0], false, now);
	ok(s.ends[0].state == TALK_OVER, "after fifteen it is given up: %s", s.ends[0].reason);
	scene_fini(&s);
	scene_begin(&s, NULL, NULL);
	now = nanos_from_s(1052);
	talk_tick(&s.ends[1], false, now);
	ok(s.ends[1].state == TALK_OVER, "a stranger too: %s", s.ends[1].reason);
	scene_fini(&s);
}

/* The peer floods pings and reads nothing. */
static void test_flood(void)
{
	struct scene s;
	size_t n;

	scene_init(&s);
	scene_begin(&s, NULL, NULL);
	carry(&s);
	for (int i = 0; i < 10000; i++)
		feed(&s, 1, "\0\0\0\1\5", 5);
	talk_out(&s.ends[1], &n);
	ok(n <= 10, "ten thousand pings owe one pong");
	scene_fini(&s);
}

int main(void)
{
	test_meeting();
	test_refusals();
	test_no_hello_to_others();
	test_foreign_hellos();
	test_noise();
	test_frames();
	test_lent(false);
	test_lent(true);
	test_silence();
	test_flood();
	return tap_end();
}
