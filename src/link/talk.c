#include "link/talk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "link/body.h"

enum {
	READ_LEN = 64 << 10,
	/* octets of lent records that go with their frame's head, so that it needs no record of TLS
	 * for itself: one of those is full then */
	FIRST_LEN = (16 << 10) - LINK_LENGTH_LEN - LINK_TYPE_LEN - LINK_MARK_LEN,
	/* beyond the queue's limit and one message: the heads of frames, and acknowledgements */
	SLACK_LEN = 1 << 20,
};

static enum talk_state next_state(enum talk_state now, enum talk_event event)
{
	switch (event) {
	case TALK_ON_CONNECT:
		return now == TALK_DOWN ? TALK_CONNECTING : now;
	case TALK_ON_CONNECTED:
		return now == TALK_CONNECTING ? TALK_GREETING : now;
	case TALK_ON_HELLO:
		return now == TALK_GREETING ? TALK_MET : now;
	case TALK_ON_WELCOME:
		return now == TALK_MET ? TALK_UP : now;
	case TALK_ON_REFUSE:
		return now == TALK_DOWN || now == TALK_OVER ? TALK_OVER : TALK_ENDING;
	case TALK_ON_GONE:
		return TALK_OVER;
	}
	return now;
}

static void on(struct talk *t, enum talk_event event)
{
	t->state = next_state(t->state, event);
}

static size_t max_message(const struct talk *t)
{
	size_t max = t->rules->max_message;

	return max > LINK_MAX_MESSAGE ? max : LINK_MAX_MESSAGE;
}

void talk_init(struct talk *t, const struct talk_rules *rules)
{
	*t = (struct talk){.rules = rules};
	t->in = wr_init(LINK_LENGTH_LEN + LINK_MAX_LENGTH + READ_LEN);
	t->out = wr_init(rules->max_queue + max_message(t) + SLACK_LEN);
}

void talk_fini(struct talk *t)
{
	wr_fini(&t->in);
	wr_fini(&t->out);
	t->state = TALK_DOWN;
}

static bool is_over(const struct talk *t)
{
	return t->state == TALK_DOWN || t->state == TALK_ENDING || t->state == TALK_OVER;
}

static void set_reason(struct talk *t, const char *text)
{
	if (!t->reason[0])
		snprintf(t->reason, sizeof t->reason, "%s", text);
}

/* ---- what goes out ---- */

static size_t copied(const struct talk *t)
{
	return t->out.len - t->out_start;
}

static size_t queued(const struct talk *t)
{
	return copied(t) + rd_left(&t->lent);
}

/* Moves what waits to the front, once at least half of what lies there has gone. */
static void pack_out(struct talk *t)
{
	if (t->out_start < t->out.len - t->out_start && t->out_start < t->out.len)
		return;
	memmove(t->out.bytes, t->out.bytes + t->out_start, copied(t));
	t->out.len -= t->out_start;
	t->out_start = 0;
}

/* A failure to write (no memory) leaves whole frames behind, and ends the talk. */
static int put(struct talk *t, const struct link_frame *frame)
{
	if (t->out_start)
		pack_out(t);
	if (link_frame_write(frame, &t->out))
		return 0;
	t->out.ok = true;
	return ERR_NOMEM;
}

static void put_json(struct talk *t, enum link_type type, const struct wr *body)
{
	const struct link_frame frame = {.type = type, .body = body->bytes, .len = body->len};

	if (!body->ok || put(t, &frame))
		talk_lost(t, err_text(ERR_NOMEM));
}

static void put_hello(struct talk *t)
{
	uint8_t bytes[LINK_MAX_HELLO];
	struct wr w = wr_of(bytes, sizeof bytes);

	link_hello_write(&t->rules->self, t->rules->software,
			 t->rules->is_dialler ? t->rules->peer_name : NULL, &w);
	put_json(t, LINK_HELLO, &w);
}

static void put_refusal(struct talk *t, const char *reason)
{
	uint8_t bytes[LINK_MAX_HELLO];
	struct wr w = wr_of(bytes, sizeof bytes);
	struct json j = json_of(&w);

	json_open(&j, '{');
	json_key(&j, "reason");
	json_text(&j, reason);
	json_close(&j, '}');
	put_json(t, LINK_REFUSAL, &w);
}

static void put_bare(struct talk *t, enum link_type type)
{
	const struct link_frame frame = {.type = type};

	if (put(t, &frame))
		talk_lost(t, err_text(ERR_NOMEM));
}

/* All of them, or none. */
static int put_parts(struct talk *t, const struct link_frame *message)
{
	struct link_frame rest = *message;
	size_t begun = t->out.len - t->out_start;
	int rc = 0;

	while (!rc && rest.len > LINK_MAX_MESSAGE) {
		struct link_frame part = {
			.type = LINK_PART, .body = rest.body, .len = LINK_MAX_PART};

		rc = put(t, &part);
		rest.body += part.len;
		rest.len -= part.len;
	}
	if (!rc)
		rc = put(t, &rest);
	if (rc)
		t->out.len = t->out_start + begun;
	return rc;
}

int talk_send(struct talk *t, const struct link_frame *frame)
{
	/* acknowledgements have room of their own: two full queues never block each other */
	size_t limit = t->rules->max_queue + (frame->type == LINK_ACKNOWLEDGE ? 1u << 20 : 0);
	size_t max = frame->type == LINK_RECORDS   ? LINK_MAX_RECORDS
		     : frame->type == LINK_MESSAGE ? max_message(t)
						   : 0;

	if (t->state != TALK_UP)
		return ERR_END;
	if (frame->len > max || (max && !frame->len))
		return ERR_USAGE;
	if (queued(t) >= limit) {
		t->is_full = true;
		return ERR_FULL;
	}
	return frame->type == LINK_MESSAGE ? put_parts(t, frame) : put(t, frame);
}

int talk_lend(struct talk *t, const struct link_frame *records)
{
	struct link_frame frame = *records;

	if (t->state != TALK_UP || queued(t) || frame.len <= FIRST_LEN ||
	    frame.len > LINK_MAX_RECORDS)
		return talk_send(t, records);
	t->out.len = t->out_start = 0;
	if (!link_frame_begin(&frame, FIRST_LEN, &t->out)) {
		t->out.ok = true;
		return ERR_NOMEM;
	}
	t->lent = rd_of(frame.body + FIRST_LEN, frame.len - FIRST_LEN);
	return 0;
}

void talk_keep(struct talk *t)
{
	size_t len = rd_left(&t->lent);

	if (!len)
		return;
	if (t->out_start)
		pack_out(t);
	wr_bytes(&t->out, rd_take(&t->lent, len), len);
	if (t->out.ok)
		return;
	t->out.ok = true;
	talk_lost(t, err_text(ERR_NOMEM));
}

bool talk_may_send(struct talk *t)
{
	if (!t->is_full || t->state != TALK_UP || queued(t) > t->rules->max_queue / 2)
		return false;
	t->is_full = false;
	return true;
}

size_t talk_queued(const struct talk *t)
{
	return t->state == TALK_OVER ? 0 : queued(t);
}

const uint8_t *talk_out(const struct talk *t, size_t *len)
{
	bool is_lent = !copied(t);

	*len = t->state == TALK_OVER ? 0 : is_lent ? rd_left(&t->lent) : copied(t);
	if (!*len)
		return NULL;
	return is_lent ? t->lent.at : t->out.bytes + t->out_start;
}

void talk_sent(struct talk *t, size_t n)
{
	if (copied(t))
		t->out_start += n;
	else if (rd_left(&t->lent))
		rd_skip(&t->lent, n);
	if (queued(t))
		return;
	t->out.len = t->out_start = 0;
	if (t->owes_pong && t->state == TALK_UP) {
		t->owes_pong = false;
		put_bare(t, LINK_PONG);
	}
}

/* ---- the end ---- */

void talk_refuse(struct talk *t, const char *reason)
{
	if (is_over(t))
		return;
	set_reason(t, reason);
	t->has_refused = true;
	on(t, TALK_ON_REFUSE);
	put_refusal(t, reason);
}

void talk_lost(struct talk *t, const char *reason)
{
	if (t->state == TALK_DOWN)
		return;
	set_reason(t, reason);
	on(t, TALK_ON_GONE);
}

__attribute__((format(printf, 2, 3))) static void refuse(struct talk *t, const char *format, ...)
{
	char text[WHY_TEXT_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	talk_refuse(t, text);
}

/* ---- what comes in ---- */

/* Whether it may talk at all, from what its hello or its certificate says. */
static void check_peer(struct talk *t, const struct tls_identity *peer)
{
	char text[TLS_IDENTITY_TEXT_LEN];

	tls_identity_print(peer, text);
	if (!(t->rules->roles >> peer->role & 1))
		refuse(t, "wrong role: %s is not one that %s %s talks to", text,
		       tls_role_text(t->rules->self.role), t->rules->self.name);
	else if (t->rules->peer_name && strcmp(peer->name, t->rules->peer_name))
		refuse(t, "wrong name: this is %s, expected was the name %s", text,
		       t->rules->peer_name);
}

void talk_connect(struct talk *t, struct nanos now)
{
	t->heard = now;
	on(t, TALK_ON_CONNECT);
}

void talk_begin(struct talk *t, const struct tls_identity *certificate, struct nanos now)
{
	t->heard = now;
	on(t, TALK_ON_CONNECTED);
	if (certificate) {
		t->peer = *certificate;
		t->is_certified = true;
	}
	/* before this end says who it is: a listener may end an older link of that name for it */
	if (certificate)
		check_peer(t, certificate);
	if (t->rules->is_dialler && !is_over(t))
		put_hello(t);
}

uint8_t *talk_room(struct talk *t, size_t *size)
{
	size_t have;
	size_t need;

	if (is_over(t) && t->state != TALK_ENDING)
		return NULL;
	if (t->state == TALK_ENDING) /* what came is not waited for any more */
		t->in.len = t->in_start = 0;
	have = t->in.len - t->in_start;
	need = link_frame_need(t->in.bytes ? t->in.bytes + t->in_start : NULL, have);
	if (t->in_start) {
		memmove(t->in.bytes, t->in.bytes + t->in_start, have);
		t->in.len = have;
		t->in_start = 0;
	}
	need = need > have + READ_LEN ? need : have + READ_LEN;
	if (t->in.size < need && !wr_grow(&t->in, need - have)) {
		t->in.ok = true;
		talk_lost(t, err_text(ERR_NOMEM));
		return NULL;
	}
	*size = t->in.size - t->in.len;
	return t->in.bytes + t->in.len;
}

void talk_fed(struct talk *t, size_t n, struct nanos now)
{
	t->in.len += n;
	t->heard = now;
	t->has_pinged = false;
	if (t->state == TALK_ENDING) /* what comes now is thrown away */
		t->in.len = t->in_start = 0;
}

static void take_hello(struct talk *t, const struct link_frame *frame)
{
	char certified[TLS_IDENTITY_TEXT_LEN];
	char said[TLS_IDENTITY_TEXT_LEN];
	struct link_hello hello;
	struct why why;

	why_clear(&why);
	if (link_hello_read(frame->body, frame->len, &hello, &why)) {
		refuse(t, "bad hello: %s", why.text);
		return;
	}
	if (hello.version != LINK_VERSION) {
		refuse(t, "wrong version: the peer speaks version %d of the protocol, this end %d",
		       hello.version, LINK_VERSION);
		return;
	}
	if (t->is_certified && !tls_identity_is_equal(&hello.identity, &t->peer)) {
		tls_identity_print(&t->peer, certified);
		tls_identity_print(&hello.identity, said);
		refuse(t, "wrong name: it says it is %s, its certificate says %s", said, certified);
		return;
	}
	t->peer = hello.identity;
	snprintf(t->software, sizeof t->software, "%s", hello.software);
	check_peer(t, &t->peer);
	/* without TLS a dialler cannot know it before */
	if (hello.to[0] && strcmp(hello.to, t->rules->self.name))
		refuse(t, "wrong name: it looks for %s, this is %s", hello.to, t->rules->self.name);
	on(t, TALK_ON_HELLO);
}

void talk_welcome(struct talk *t)
{
	on(t, TALK_ON_WELCOME);
	if (t->state == TALK_UP && !t->rules->is_dialler)
		put_hello(t);
}

static void take_refusal(struct talk *t, const struct link_frame *frame)
{
	char text[WHY_TEXT_LEN];

	link_refusal_read(frame->body, frame->len, text, sizeof text);
	set_reason(t, text);
	t->is_refused = true;
	on(t, TALK_ON_GONE);
}

/* One frame; true where it is for the user of the link. */
static bool take(struct talk *t, const struct link_frame *frame)
{
	if (frame->type == LINK_REFUSAL) {
		take_refusal(t, frame);
		return false;
	}
	if ((t->state == TALK_UP) == (frame->type == LINK_HELLO)) {
		refuse(t, t->state == TALK_UP ? "a second %s" : "a %s before the hello",
		       link_type_text(frame->type));
		return false;
	}
	switch (frame->type) {
	case LINK_HELLO:
		take_hello(t, frame);
		return t->state == TALK_MET;
	case LINK_PING:
		t->owes_pong = true;
		if (queued(t) == 0)
			talk_sent(t, 0);
		return false;
	case LINK_PONG:
		return false;
	default:
		return true;
	}
}

/* A stranger may make this end keep a hello, no more. */
static bool is_too_early(const struct talk *t, const uint8_t *at, size_t len)
{
	return t->state != TALK_UP && link_frame_need(at, len) > LINK_LENGTH_LEN + LINK_TYPE_LEN +
									 LINK_MARK_LEN +
									 (size_t)LINK_MAX_HELLO;
}

int talk_next(struct talk *t, struct link_frame *out)
{
	while (!is_over(t) && t->state != TALK_MET && t->in.len > t->in_start) {
		const uint8_t *at = t->in.bytes + t->in_start;
		size_t len = t->in.len - t->in_start;
		struct why why;
		ssize_t n;

		why_clear(&why);
		n = link_frame_read(at, len, out, &why);
		if (n > 0) {
			t->in_start += (size_t)n;
			if (take(t, out))
				return 1;
		} else if (n != ERR_AGAIN) {
			refuse(t, "not a link: %s", why.text);
		} else if (is_too_early(t, at, len)) {
			refuse(t, "a frame of %zu bytes before the hello",
			       link_frame_need(at, len));
		} else {
			return 0;
		}
	}
	return 0;
}

void talk_tick(struct talk *t, bool is_paused, struct nanos now)
{
	int64_t silent = now.ns - t->heard.ns;

	if (t->state == TALK_DOWN || t->state == TALK_OVER)
		return;
	if (t->state == TALK_ENDING && t->n_ending_ticks++ > 0) {
		on(t, TALK_ON_GONE);
		return;
	}
	if (is_paused && t->state == TALK_UP) {
		t->heard = now;
		if (queued(t) == 0)
			put_bare(t, LINK_PING);
		return;
	}
	if (silent >= t->rules->silence.ns) {
		talk_lost(t, t->state == TALK_UP           ? "the peer is silent"
			     : t->state == TALK_CONNECTING ? "no connection in time"
							   : "no hello in time");
	} else if (t->state == TALK_UP && silent >= t->rules->ping.ns && !t->has_pinged) {
		t->has_pinged = true;
		put_bare(t, LINK_PING);
	}
}
