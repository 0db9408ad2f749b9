/* Whatever datagrams come, sessions are told of in order: one BEGIN, then news, then one END; no
 * two live sessions have one address; what the events say is what the table says; and what is saved
 * loads again.
 *
 * Input: datagrams, each after an octet of flags (1: an answer; 2: of another NAS; 4: a minute
 * later; 8: with an authenticator of its own) and an octet of length times 4; the rest is one. */
#include "base/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "access/access.h"

enum { MAX_FUZZ_SESSIONS = 8, MAX_TRACKED = 4096 };

struct track {
	uint64_t live[MAX_TRACKED];
	size_t n_live;
	uint64_t n_told;
};

static size_t find(const struct track *t, uint64_t id)
{
	size_t i = 0;

	while (i < t->n_live && t->live[i] != id)
		i++;
	return i;
}

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

static void on_event(void *arg, const struct access_event *e)
{
	struct track *t = arg;
	size_t i = find(t, e->session->id);

	t->n_told++;
	must(e->session->id && e->n_gained <= ACCESS_MAX_ADDRESSES);
	switch (e->kind) {
	case ACCESS_BEGIN:
		must(i == t->n_live && e->session->is_live && t->n_live < MAX_TRACKED);
		t->live[t->n_live++] = e->session->id;
		break;
	case ACCESS_UPDATE:
	case ACCESS_INTERIM:
		must(i < t->n_live && e->session->is_live);
		break;
	case ACCESS_END:
		must(i < t->n_live && !e->session->is_live);
		t->live[i] = t->live[--t->n_live];
		break;
	default:
		must(!e->session->is_live);
		break;
	}
}

static void check(const struct access *a, const struct track *t)
{
	uint32_t n = 0;

	must(access_n_live(a) == t->n_live && access_n_live(a) <= MAX_FUZZ_SESSIONS);
	for (const struct access_session *s = access_next(a, NULL); s; s = access_next(a, s)) {
		char name[ACCESS_NAME_LEN];

		n++;
		must(find(t, s->id) < t->n_live && access_find(a, s->id) == s);
		access_session_name(s, name);
		for (const struct access_session *o = access_next(a, s); o; o = access_next(a, o)) {
			for (uint32_t i = 0; i < s->n_addresses * o->n_addresses; i++)
				must(memcmp(&s->addresses[i / o->n_addresses].prefix,
					    &o->addresses[i % o->n_addresses].prefix,
					    sizeof s->addresses->prefix) != 0);
		}
	}
	must(n == t->n_live);
}

static void check_saved(const struct access *a, const struct access_options *options)
{
	struct access_options silent = *options;
	struct wr w = wr_init(1 << 24), again = wr_init(1 << 24);
	struct access *b;
	struct rd r;

	silent.on_event = NULL;
	if (access_new(&b, &silent))
		abort();
	access_save(a, &w);
	r = rd_of(w.bytes, w.len);
	must(w.ok && access_load(b, &r) == 0);
	access_save(b, &again);
	must(again.ok && again.len == w.len && !memcmp(again.bytes, w.bytes, w.len));
	access_free(&b);
	wr_fini(&w);
	wr_fini(&again);
}

static void feed(struct access *a, struct rd *r, struct nanos *now)
{
	static uint8_t packet[4 * 255 + RADIUS_MAX_LEN];
	uint8_t flags = rd_u8(r);
	size_t len = (size_t)rd_u8(r) * 4, most = rd_left(r);
	struct access_datagram d = {.bytes = packet, .is_answer = flags & 1, .server_port = 1813};

	len = !len || len > most ? most : len;
	len = len > sizeof packet ? sizeof packet : len;
	if (!len)
		return;
	memcpy(packet, rd_take(r, len), len);
	if (flags & 8 && len >= RADIUS_HEADER_LEN)
		memcpy(&packet[4], now, sizeof *now);
	now->ns += NANOS_PER_MS + (flags & 4 ? (int64_t)60 * NANOS_PER_S : 0);
	d.len = len;
	d.time = *now;
	d.client = (struct net_ip){{10, 0, 0, flags >> 1 & 1}, 4};
	d.server = (struct net_ip){{10, 0, 0, 10}, 4};
	access_feed(a, &d);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct track track;
	struct access_options options = {
		.max_sessions = MAX_FUZZ_SESSIONS,
		.max_requests = 16,
		.on_event = on_event,
		.arg = &track,
	};
	struct nanos now = nanos_from_s(1767225600);
	struct rd r = rd_of(bytes, len);
	struct access *a;

	track.n_live = 0;
	if (access_new(&a, &options))
		return 0;
	while (rd_left(&r)) {
		feed(a, &r, &now);
		check(a, &track);
	}
	check_saved(a, &options);
	access_free(&a);
	return 0;
}
