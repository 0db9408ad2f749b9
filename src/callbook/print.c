#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "callbook/note.h"

/* Text from outside: what is no printable character becomes a dot. */
static void put_text(struct wr *w, const char *text)
{
	for (; *text; text++)
		wr_u8(w, *text > 32 && *text < 127 ? (uint8_t)*text : '.');
}

static void put_endpoint(struct wr *w, const struct media_endpoint *at)
{
	char text[NET_IP_TEXT_LEN];

	net_ip_print(&at->ip, text);
	wr_text(w, at->ip.version == 6 ? "[%s]:%u" : "%s:%u", text, at->port);
}

static const char *state_key(uint8_t state)
{
	static const char *const keys[] = {"exchange", "ringing", "live", "over"};

	return keys[state];
}

static const char *direction_key(uint8_t direction)
{
	static const char *const keys[] = {
#define X(name, text) text,
		SDP_DIRECTIONS(X)
#undef X
	};

	return keys[direction];
}

static double span(struct nanos from, struct nanos to)
{
	return (double)(to.ns - from.ns) / 1e9;
}

static void put_messages(struct wr *w, const struct note_leg *leg)
{
	for (int m = 0; m < SIP_N_METHODS; m++) {
		if (leg->n_requests[m])
			wr_text(w, "  %s %" PRIu32, sip_method_name(m), leg->n_requests[m]);
	}
	for (uint8_t i = 0; i < leg->n_statuses; i++)
		wr_text(w, "  %u %" PRIu32, leg->status[i], leg->n_status[i]);
	wr_text(w, "\n");
}

static void put_head(struct wr *w, const struct call *call)
{
	const struct call_leg *first = call_leg_next(call, NULL);
	char begin[NANOS_TEXT_LEN];
	bool is_exchange = call->state == CALL_EXCHANGE;

	nanos_print(call->begin, 6, begin);
	wr_text(w, "%s %" PRIu32 "  %s  ", is_exchange ? "exchange" : "call", call->number, begin);
	put_text(w, first->caller);
	wr_text(w, " -> ");
	put_text(w, first->called);
	if (is_exchange)
		return;
	if (call->answered.ns)
		wr_text(w, "  answered after %.3f s", span(call->begin, call->answered));
	if (call->end.ns)
		wr_text(w, "  %s after %.3f s\n", call_cause_key(call->cause),
			span(call->begin, call->end));
	else
		wr_text(w, "  %s\n", state_key(call->state));
}

static void put_leg(struct wr *w, const struct call_leg *leg, const struct note_leg *counts)
{
	wr_text(w, "  leg %u  ", leg->ordinal);
	put_text(w, leg->call_id);
	if (leg->joined_by != CALL_JOIN_FIRST)
		wr_text(w, "  joined to leg %u by %s", leg->joined_to,
			call_join_key(leg->joined_by));
	if (leg->is_midway)
		wr_text(w, "  from midway on");
	if (leg->n_dialogs > 1)
		wr_text(w, "  %u dialogs", leg->n_dialogs);
	put_messages(w, counts);
}

static void put_flow(struct wr *w, const struct media_flow *f)
{
	wr_text(w, "  stream ");
	put_endpoint(w, &f->src);
	wr_text(w, " -> ");
	put_endpoint(w, &f->dst);
	wr_text(w, "  ssrc 0x%08" PRIx32 "  type", f->ssrc);
	for (uint8_t i = 0; i < f->n_types; i++)
		wr_text(w, "%s%u", i ? "," : " ", f->types[i]);
	wr_text(w, "  %" PRIu64 " packets, %" PRIu64 " lost, %.3f s\n", f->n, media_flow_lost(f),
		span(f->first, f->last));
}

void callbook_print(struct wr *w, const struct call *call, const struct note *note)
{
	put_head(w, call);
	if (call->state == CALL_EXCHANGE) {
		put_messages(w, &note->legs[0]);
		return;
	}
	for (const struct call_leg *l = call_leg_next(call, NULL); l; l = call_leg_next(call, l))
		put_leg(w, l, &note->legs[l->ordinal]);
	for (size_t i = 0; i < note->n_endpoints; i++) {
		const struct note_endpoint *e = &note->endpoints[i];

		wr_text(w, "  media of the %s at ", e->media.at.party & 1 ? "called" : "caller");
		put_endpoint(w, &e->media.at.at);
		wr_text(w, "  %s, %s, line %u, from %.3f s", media_kind_key(e->media.at.kind),
			media_origin_key(e->media.at.origin), e->media.at.line,
			span(call->begin, e->media.since));
		if (e->is_over)
			wr_text(w, " to %.3f s", span(call->begin, e->until));
		wr_text(w, "\n");
	}
	for (size_t i = 0; i < note->n_flows; i++)
		put_flow(w, note->flows[i]);
}

static void key_text(struct json *j, const char *key, const char *text)
{
	json_key(j, key);
	json_text_of(j, text, strlen(text));
}

static void key_u64(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	json_u64(j, v);
}

static void key_time(struct json *j, const char *key, struct nanos t)
{
	if (!t.ns)
		return;
	json_key(j, key);
	json_time(j, t);
}

static void key_endpoint(struct json *j, const char *key, const char *port_key,
			 const struct media_endpoint *at)
{
	char text[NET_IP_TEXT_LEN];

	net_ip_print(&at->ip, text);
	key_text(j, key, text);
	key_u64(j, port_key, at->port);
}

static void json_messages(struct json *j, const struct note_leg *leg)
{
	char status[8];

	json_key(j, "requests");
	json_open(j, '{');
	for (int m = 0; m < SIP_N_METHODS; m++) {
		if (leg->n_requests[m])
			key_u64(j, sip_method_name(m), leg->n_requests[m]);
	}
	json_close(j, '}');
	json_key(j, "answers");
	json_open(j, '{');
	for (uint8_t i = 0; i < leg->n_statuses; i++) {
		struct wr w = wr_of(status, sizeof status - 1);

		wr_text(&w, "%u", leg->status[i]);
		status[w.len] = 0;
		key_u64(j, status, leg->n_status[i]);
	}
	json_close(j, '}');
}

static void json_leg(struct json *j, const struct call_leg *l, const struct note_leg *counts)
{
	json_open(j, '{');
	key_text(j, "call_id", l->call_id);
	key_text(j, "caller", l->caller);
	key_text(j, "called", l->called);
	key_text(j, "state", state_key(l->state));
	key_text(j, "cause", call_cause_key(l->cause));
	if (l->status)
		key_u64(j, "status", l->status);
	key_u64(j, "dialogs", l->n_dialogs);
	key_u64(j, "repeated", l->n_repeated);
	json_key(j, "midway");
	json_bool(j, l->is_midway);
	if (l->joined_by != CALL_JOIN_FIRST) {
		key_text(j, "joined_by", call_join_key(l->joined_by));
		key_u64(j, "joined_to", l->joined_to);
	}
	json_messages(j, counts);
	json_close(j, '}');
}

static void json_endpoint(struct json *j, const struct note_endpoint *e)
{
	const struct media_expected *at = &e->media.at;

	json_open(j, '{');
	key_text(j, "party", at->party & 1 ? "called" : "caller");
	key_u64(j, "leg", at->party / 2);
	key_u64(j, "line", at->line);
	key_endpoint(j, "address", "port", &at->at);
	key_text(j, "kind", media_kind_key(at->kind));
	key_text(j, "origin", media_origin_key(at->origin));
	key_text(j, "direction", direction_key(e->media.direction));
	key_time(j, "since", e->media.since);
	if (e->is_over)
		key_time(j, "until", e->until);
	json_close(j, '}');
}

static void json_flow(struct json *j, const struct media_flow *f)
{
	json_open(j, '{');
	key_endpoint(j, "src", "src_port", &f->src);
	key_endpoint(j, "dst", "dst_port", &f->dst);
	key_u64(j, "ssrc", f->ssrc);
	json_key(j, "types");
	json_open(j, '[');
	for (uint8_t i = 0; i < f->n_types; i++)
		json_u64(j, f->types[i]);
	json_close(j, ']');
	key_u64(j, "packets", f->n);
	key_u64(j, "expected", media_flow_expected(f));
	key_u64(j, "lost", media_flow_lost(f));
	key_u64(j, "twice", f->n_twice);
	key_u64(j, "octets", f->n_octets);
	key_time(j, "first", f->first);
	key_time(j, "last", f->last);
	json_close(j, '}');
}

void callbook_print_json(struct wr *w, const struct call *call, const struct note *note)
{
	struct json j = json_of(w);

	json_open(&j, '{');
	key_u64(&j, "call", call->number);
	key_text(&j, "state", state_key(call->state));
	key_text(&j, "cause", call_cause_key(call->cause));
	key_time(&j, "begin", call->begin);
	key_time(&j, "answered", call->answered);
	key_time(&j, "end", call->end);
	json_key(&j, "legs");
	json_open(&j, '[');
	for (const struct call_leg *l = call_leg_next(call, NULL); l; l = call_leg_next(call, l))
		json_leg(&j, l, &note->legs[l->ordinal]);
	json_close(&j, ']');
	json_key(&j, "media");
	json_open(&j, '[');
	for (size_t i = 0; i < note->n_endpoints; i++)
		json_endpoint(&j, &note->endpoints[i]);
	json_close(&j, ']');
	json_key(&j, "streams");
	json_open(&j, '[');
	for (size_t i = 0; i < note->n_flows; i++)
		json_flow(&j, note->flows[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	json_line(&j);
}
