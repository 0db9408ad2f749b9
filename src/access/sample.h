/* RADIUS exchanges in sentences, for tests:
 *
 *	sample_ask(&t, "start user:alice sid:1 ip:192.0.2.7");
 *	sample_answer(&t, "response");
 *	ok(sample_told(&t, "begin start alice +192.0.2.7"), …);
 *
 * Each request takes the next identifier and an authenticator of its own; an answer is to the
 * request that was asked last. */
#ifndef ACCESS_SAMPLE_H
#define ACCESS_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/access.h"

enum { SAMPLE_TOLD = 1 << 16, SAMPLE_START_S = 1767225600 };

struct sample {
	struct access *a;
	struct access_datagram d; /* the last one */
	uint8_t packet[RADIUS_MAX_LEN];
	uint8_t identifier;
	uint8_t authenticator[RADIUS_AUTHENTICATOR_LEN];
	uint64_t serial;
	char told[SAMPLE_TOLD];
	size_t told_len;
	uint64_t last_id; /* of the session of the event that was told last */
	uint64_t n_events;
	bool is_quiet;
};

struct sample_word {
	const char *word;
	uint8_t value; /* type of an attribute, code of a packet */
	uint8_t status;
};

static const struct sample_word sample_codes[] = {
	{"request", RADIUS_ACCESS_REQUEST, 0},
	{"accept", RADIUS_ACCESS_ACCEPT, 0},
	{"reject", RADIUS_ACCESS_REJECT, 0},
	{"challenge", RADIUS_ACCESS_CHALLENGE, 0},
	{"start", RADIUS_ACCOUNTING_REQUEST, RADIUS_START},
	{"interim", RADIUS_ACCOUNTING_REQUEST, RADIUS_INTERIM},
	{"stop", RADIUS_ACCOUNTING_REQUEST, RADIUS_STOP},
	{"on", RADIUS_ACCOUNTING_REQUEST, RADIUS_ACCOUNTING_ON},
	{"off", RADIUS_ACCOUNTING_REQUEST, RADIUS_ACCOUNTING_OFF},
	{"account", RADIUS_ACCOUNTING_REQUEST, 0},
	{"response", RADIUS_ACCOUNTING_RESPONSE, 0},
	{"coa", RADIUS_COA_REQUEST, 0},
	{NULL, 0, 0},
};

static const struct sample_word sample_types[] = {
	{"user", RADIUS_USER_NAME, 0},
	{"nas", RADIUS_NAS_IP_ADDRESS, 0},
	{"nas6", RADIUS_NAS_IPV6_ADDRESS, 0},
	{"nasid", RADIUS_NAS_IDENTIFIER, 0},
	{"port", RADIUS_NAS_PORT, 0},
	{"ip", RADIUS_FRAMED_IP_ADDRESS, 0},
	{"prefix", RADIUS_FRAMED_IPV6_PREFIX, 0},
	{"ip6", RADIUS_FRAMED_IPV6_ADDRESS, 0},
	{"pd", RADIUS_DELEGATED_IPV6_PREFIX, 0},
	{"sid", RADIUS_ACCT_SESSION_ID, 0},
	{"csid", RADIUS_CALLING_STATION_ID, 0},
	{"msid", RADIUS_ACCT_MULTI_SESSION_ID, 0},
	{"state", RADIUS_STATE, 0},
	{"class", RADIUS_CLASS, 0},
	{"pool", RADIUS_FRAMED_POOL, 0},
	{"route", RADIUS_FRAMED_ROUTE, 0},
	{"delay", RADIUS_ACCT_DELAY_TIME, 0},
	{"seconds", RADIUS_ACCT_SESSION_TIME, 0},
	{"in", RADIUS_ACCT_INPUT_OCTETS, 0},
	{"out", RADIUS_ACCT_OUTPUT_OCTETS, 0},
	{"ingiga", RADIUS_ACCT_INPUT_GIGAWORDS, 0},
	{"outgiga", RADIUS_ACCT_OUTPUT_GIGAWORDS, 0},
	{"cause", RADIUS_ACCT_TERMINATE_CAUSE, 0},
	{"status", RADIUS_ACCT_STATUS_TYPE, 0},
	{"timeout", RADIUS_SESSION_TIMEOUT, 0},
	{NULL, 0, 0},
};

static inline const struct sample_word *sample_find(const struct sample_word *words,
						    const char *word)
{
	while (words->word && strcmp(words->word, word) != 0)
		words++;
	if (!words->word) {
		fprintf(stderr, "no such word: %s\n", word);
		abort();
	}
	return words;
}

/* The value is written as its type's row demands: address, number, or text. */
static inline void sample_put(struct wr *w, uint8_t type, const char *value)
{
	struct radius_attribute probe = {type, 4, (const uint8_t *)"\0\0\0\0"};
	struct net_prefix prefix;
	uint32_t number;
	size_t before = w->len;

	if (radius_integer(&probe, &number)) {
		radius_put_integer(w, type, (uint32_t)strtoul(value, NULL, 10));
		return;
	}
	if (net_prefix_parse(value, &prefix)) {
		radius_put_prefix(w, type, &prefix);
		if (w->ok)
			return;
		w->len = before;
		w->ok = true;
	}
	radius_put_text(w, type, value);
}

/* Writes the packet that the words name into t->packet; its length. */
static inline size_t sample_write(struct sample *t, const char *words)
{
	struct wr w = wr_of(t->packet, sizeof t->packet);
	char text[2048], *rest = text, *word;
	const struct sample_word *code;
	size_t mark;

	snprintf(text, sizeof text, "%s", words);
	code = sample_find(sample_codes, strtok_r(rest, " ", &rest));
	mark = radius_open(&w, code->value, t->identifier, t->authenticator);
	if (code->status)
		radius_put_integer(&w, RADIUS_ACCT_STATUS_TYPE, code->status);
	while ((word = strtok_r(rest, " ", &rest))) {
		char *value = strchr(word, ':');

		*value++ = '\0';
		sample_put(&w, sample_find(sample_types, word)->value, value);
	}
	radius_close(&w, mark);
	if (!w.ok)
		abort();
	return w.len;
}

static inline void sample_feed(struct sample *t, size_t len, bool is_answer)
{
	t->d.bytes = t->packet;
	t->d.len = len;
	t->d.is_answer = is_answer;
	access_feed(t->a, &t->d);
	t->d.time.ns += NANOS_PER_MS;
}

/* The next identifier and authenticator. */
static inline void sample_next(struct sample *t)
{
	t->identifier++;
	t->serial++;
	memcpy(t->authenticator, &t->serial, sizeof t->serial);
}

/* A request; sent again: the same octets once more. */
static inline void sample_ask(struct sample *t, const char *words)
{
	sample_next(t);
	sample_feed(t, sample_write(t, words), false);
}

static inline void sample_ask_again(struct sample *t)
{
	t->d.bytes = t->packet;
	access_feed(t->a, &t->d);
}

static inline void sample_answer(struct sample *t, const char *words)
{
	uint8_t asked[RADIUS_AUTHENTICATOR_LEN];

	memcpy(asked, t->authenticator, sizeof asked);
	memset(&t->authenticator[8], 0xaa, 8);
	sample_feed(t, sample_write(t, words), true);
	memcpy(t->authenticator, asked, sizeof asked);
}

static inline void sample_wait(struct sample *t, int64_t seconds)
{
	t->d.time.ns += seconds * NANOS_PER_S;
	access_tick(t->a, t->d.time);
}

static inline void sample_say(struct sample *t, const char *sign, const struct access_address *at,
			      size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char text[NET_IP_TEXT_LEN];
		bool is_host = at[i].prefix.bits == (at[i].prefix.ip.version == 4 ? 32 : 128);

		if (is_host)
			net_ip_print(&at[i].prefix.ip, text);
		else
			net_prefix_print(&at[i].prefix, text);
		t->told_len += (size_t)snprintf(&t->told[t->told_len], SAMPLE_TOLD - t->told_len,
						" %s%s", sign, text);
	}
}

static inline void sample_on_event(void *arg, const struct access_event *e)
{
	struct sample *t = arg;
	struct access_text user = access_text(e->session, RADIUS_USER_NAME, 0);

	t->n_events++;
	t->last_id = e->session->id;
	if (t->is_quiet || t->told_len > SAMPLE_TOLD / 2)
		return;
	t->told_len += (size_t)snprintf(&t->told[t->told_len], SAMPLE_TOLD - t->told_len,
					"%s%s %s %.*s", t->told_len ? "; " : "",
					access_event_key(e->kind), access_cause_key(e->cause),
					(int)user.len, user.bytes ? (const char *)user.bytes : "");
	sample_say(t, "+", e->gained, e->n_gained);
	sample_say(t, "-", e->lost, e->n_lost);
}

static inline void sample_forget(struct sample *t)
{
	t->told_len = 0;
	t->told[0] = '\0';
}

/* Whether these events were told since the last time that somebody asked. */
static inline bool sample_told(struct sample *t, const char *wanted)
{
	bool is_so = !strcmp(t->told, wanted);

	if (!is_so)
		printf("# told: %s\n# not:  %s\n", t->told, wanted);
	sample_forget(t);
	return is_so;
}

static inline void sample_init(struct sample *t, const struct access_options *options)
{
	struct access_options o = *options;

	memset(t, 0, sizeof *t);
	o.on_event = sample_on_event;
	o.arg = t;
	o.seed = 1;
	if (access_new(&t->a, &o))
		abort();
	t->d.client = (struct net_ip){{10, 0, 0, 1}, 4};
	t->d.server = (struct net_ip){{10, 0, 0, 10}, 4};
	t->d.client_port = 40000;
	t->d.server_port = 1813;
	t->d.time = nanos_from_s(SAMPLE_START_S);
}

static inline void sample_fini(struct sample *t)
{
	access_free(&t->a);
}

#endif
