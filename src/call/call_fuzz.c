/* Whatever messages come: each target hears one BEGIN, then news, then one END; endpoints are added
 * once and removed once, and those that an END leaves behind are none; the table keeps its limit.
 *
 * Input: messages, each after an octet of flags (1: the other way; 2: between other hosts; 4: a
 * minute later; 8, 16: names target 0, 1) and two octets of length; the rest is one. */
#include "base/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "call/call.h"

enum { MAX_FUZZ_LEGS = 6, MAX_TRACKED = 4096 };

struct track {
	struct media_expected at[MAX_TRACKED];
	size_t n;
	uint64_t begun[2][MAX_TRACKED / 64]; /* by number of the call */
};

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

static void on_event(void *arg, const struct call_event *e)
{
	struct track *t = arg;
	uint64_t *at = &t->begun[e->target][e->call->number % MAX_TRACKED / 64];
	uint64_t bit = (uint64_t)1 << e->call->number % 64;

	switch (e->kind) {
	case CALL_BEGIN:
		must(!(*at & bit));
		*at |= bit;
		break;
	case CALL_CONTINUE:
		must(*at & bit);
		break;
	case CALL_END:
		must((*at & bit) && e->call->n_media == 0 && e->cause != CALL_BY_NONE);
		*at &= ~bit;
		break;
	default:
		must(!(*at & bit));
		break;
	}
}

static void on_media(void *arg, const struct call *call, const struct call_media *m,
		     enum call_media_news news, struct nanos time)
{
	struct track *t = arg;
	size_t i = 0;

	(void)time;
	must(m->at.owner == call->number);
	while (i < t->n && !media_expected_is(&t->at[i], &m->at))
		i++;
	must((i == t->n) == (news == CALL_MEDIA_ADDED));
	if (news == CALL_MEDIA_ADDED && t->n < MAX_TRACKED)
		t->at[t->n++] = m->at;
	if (news == CALL_MEDIA_REMOVED)
		t->at[i] = t->at[--t->n];
}

static void feed(struct calls *c, struct rd *r, struct nanos *now)
{
	uint8_t flags = rd_u8(r);
	size_t len = rd_u16(r), most = rd_left(r);
	struct call_target targets[2] = {{0, true}, {1, false}};
	struct sip_message sip;
	struct call_message m = {.sip = &sip, .targets = &targets[!(flags & 8)]};

	len = !len || len > most ? most : len;
	if (!len || sip_message_read(rd_take(r, len), len, &sip) < 0)
		return;
	now->ns += NANOS_PER_MS + (flags & 4 ? (int64_t)60 * NANOS_PER_S : 0);
	m.time = *now;
	m.n_targets = (flags >> 3 & 1) + (flags >> 4 & 1);
	m.src = (struct net_ip){{10, 0, flags >> 1 & 1, flags & 1}, 4};
	m.dst = (struct net_ip){{10, 0, flags >> 1 & 1, !(flags & 1)}, 4};
	call_feed(c, &m);
	must(call_n_legs(c) <= MAX_FUZZ_LEGS);
}

static void hear(struct calls *c, const struct track *t, struct nanos now)
{
	struct media_endpoint far = {.ip = {{172, 16, 0, 1}, 4}, .port = (uint16_t)(4000 + t->n)};

	for (size_t i = 0; t->n && i < 3; i++) {
		struct media_hit hit = {.owner = t->at[0].owner,
					.line = t->at[0].line,
					.party = t->at[0].party,
					.kind = t->at[0].kind};

		call_heard(c, &hit, &far, now);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct track track;
	struct call_options options = {.max_legs = MAX_FUZZ_LEGS,
				       .joins = CALL_JOINS_USUAL | 1 << CALL_JOIN_ANY_ORIGIN,
				       .on_event = on_event,
				       .on_media = on_media,
				       .arg = &track};
	struct nanos now = nanos_from_s(1767225600);
	struct rd r = rd_of(bytes, len);
	struct calls *c;

	memset(&track, 0, sizeof track);
	if (call_new(&c, &options))
		return 0;
	while (rd_left(&r)) {
		feed(c, &r, &now);
		hear(c, &track, now);
	}
	call_free(&c);
	must(track.n == 0);
	return 0;
}
