#include "callbook/callbook.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "callbook/note.h"
#include "net/decode.h"
#include "net/reassembly.h"
#include "voip/voip.h"

enum {
	MAX_FLOWS = 1 << 20,
	MAX_TEXT = 1 << 26,
	SHOW_WHEN = 1 << 16, /* octets of text that wait */
	LINK_RAW = 101,
};

struct callbook {
	struct callbook_options options;
	struct voip *voip;
	struct media_flows *flows;
	struct net_reassembly *fragments;
	struct index by_number;
	struct list notes;
	struct wr words;
	uint64_t n_calls;
	bool is_ending; /* what is still expected stays so in what is shown */
	int rc;         /* of what a callback could not do */
};

static uint64_t number_hash(uint32_t number)
{
	return number * 0x9e3779b97f4a7c15;
}

/* The note of a call, made where there is none; NULL: no memory. */
static struct note *note_of(struct callbook *l, uint32_t number)
{
	struct index_entry *e = index_first(&l->by_number, number_hash(number));
	struct note *note;

	if (e)
		return LIST_OWNER(e, struct note, by_number);
	note = calloc(1, sizeof *note);
	if (!note) {
		l->rc = ERR_NOMEM;
		return NULL;
	}
	note->number = number;
	list_init(&note->in_order);
	list_push(&l->notes, &note->in_order);
	index_add(&l->by_number, &note->by_number, number_hash(number));
	return note;
}

static void drop_note(struct note *note)
{
	index_drop(&note->by_number);
	list_drop(&note->in_order);
	free(note->endpoints);
	free(note->flows);
	free(note);
}

/* Room for one more at the end of an array that grows by doubling; false: no memory. */
static bool grow(void **at, size_t n, size_t size)
{
	void *grown = *at;

	if (n & (n - 1))
		return true;
	grown = realloc(*at, (n ? 2 * n : 1) * size);
	if (!grown)
		return false;
	*at = grown;
	return true;
}

static void count_status(struct note_leg *leg, uint16_t status)
{
	uint8_t i = 0;

	while (i < leg->n_statuses && leg->status[i] != status)
		i++;
	if (i == NOTE_MAX_STATUSES)
		return;
	if (i == leg->n_statuses)
		leg->n_statuses++;
	leg->status[i] = status;
	leg->n_status[i]++;
}

static void on_event(void *arg, const struct call_event *e)
{
	struct callbook *l = arg;
	struct note *note = note_of(l, e->call->number);
	struct note_leg *leg;

	if (!note || !e->message)
		return;
	leg = &note->legs[e->leg->ordinal % CALL_MAX_LEGS];
	if (e->message->sip->is_request)
		leg->n_requests[e->message->sip->method]++;
	else
		count_status(leg, e->message->sip->status);
}

static void note_media(struct callbook *l, struct note *note, const struct call_media *m,
		       enum call_media_news news, struct nanos time)
{
	for (size_t i = 0; i < note->n_endpoints && news != CALL_MEDIA_ADDED; i++) {
		struct note_endpoint *e = &note->endpoints[i];

		if (e->is_over || !media_expected_is(&e->media.at, &m->at))
			continue;
		e->media.direction = m->direction;
		e->is_over = news == CALL_MEDIA_REMOVED;
		e->until = time;
		return;
	}
	if (news != CALL_MEDIA_ADDED)
		return;
	if (!grow((void **)&note->endpoints, note->n_endpoints, sizeof *note->endpoints))
		l->rc = ERR_NOMEM;
	else
		note->endpoints[note->n_endpoints++] = (struct note_endpoint){.media = *m};
}

static void on_media(void *arg, const struct call *call, const struct call_media *m,
		     enum call_media_news news, struct nanos time)
{
	struct callbook *l = arg;
	struct note *note = note_of(l, call->number);

	if (note && !l->is_ending)
		note_media(l, note, m, news, time);
}

static void show(struct callbook *l)
{
	int rc = l->options.show(l->options.arg, l->words.bytes, l->words.len);

	l->rc = l->rc ? l->rc : rc;
	wr_reset(&l->words);
}

static void on_gone(void *arg, const struct call *call)
{
	struct callbook *l = arg;
	struct note *note = note_of(l, call->number);

	if (!note)
		return;
	l->n_calls += call->state != CALL_EXCHANGE;
	if (l->options.is_json)
		callbook_print_json(&l->words, call, note);
	else
		callbook_print(&l->words, call, note);
	drop_note(note);
	if (l->words.len > SHOW_WHEN)
		show(l);
}

static bool is_named(const struct callbook *l, uint16_t a, uint16_t b)
{
	for (int i = 0; i < l->options.n_ports; i++) {
		if (l->options.ports[i] == a || l->options.ports[i] == b)
			return true;
	}
	return false;
}

static void take_media(struct callbook *l, const struct media_packet *u, struct nanos time)
{
	struct media_hit hits[MEDIA_MAX_HITS];
	int n = media_match(voip_media(l->voip), &u->src, &u->dst, hits);

	for (int i = 0; i < n; i++) {
		struct note *note;
		struct media_flow *flow;
		bool is_again = false;

		for (int k = 0; k < i; k++)
			is_again |= hits[k].owner == hits[i].owner && hits[k].kind != MEDIA_UDPTL;
		voip_heard(l->voip, &hits[i], hits[i].is_source ? &u->dst : &u->src, time);
		if (is_again || hits[i].kind == MEDIA_UDPTL)
			continue;
		flow = media_flows_take(l->flows, u, time, hits[i].owner);
		note = flow && flow->n == 1 ? note_of(l, hits[i].owner) : NULL;
		if (!note)
			continue;
		if (grow((void **)&note->flows, note->n_flows, sizeof *note->flows))
			note->flows[note->n_flows++] = flow;
	}
}

/* SIP is looked for on the ports that were named, or else on any. */
static bool take_sip(struct callbook *l, const struct weir_packet *p, struct nanos time)
{
	bool has_ports = l->options.n_ports > 0;

	if (has_ports && !is_named(l, p->src_port, p->dst_port))
		return false;
	return voip_take(l->voip, p, time, has_ports);
}

static void take(struct callbook *l, const struct weir_packet *p)
{
	struct nanos time = {p->frame->time_ns};
	struct media_packet u;

	if (!take_sip(l, p, time) && media_packet_of(p, &u))
		take_media(l, &u, time);
}

/* What was put together may be a fragment again, of the tunnel's inside. */
static int take_whole(struct callbook *l, struct net_whole *whole)
{
	struct weir_frame f = {.bytes = whole->bytes,
			       .cap_len = whole->len,
			       .wire_len = whole->len,
			       .time_ns = whole->time_ns,
			       .link = LINK_RAW};
	struct net_whole inner;
	struct weir_packet p;
	int rc = 0, layer;

	net_decode(&p, &f);
	layer = net_reassembly_layer(&p);
	if (layer < 0)
		take(l, &p);
	else
		rc = net_reassembly_take(l->fragments, &p, layer, &inner);
	free(whole->bytes);
	return rc == 1 ? take_whole(l, &inner) : rc;
}

int callbook_take(struct callbook *l, const struct weir_frame *f)
{
	struct net_whole whole;
	struct weir_packet p;
	int layer, rc;

	net_decode(&p, f);
	layer = net_reassembly_layer(&p);
	if (layer < 0) {
		take(l, &p);
		return l->rc;
	}
	rc = net_reassembly_take(l->fragments, &p, layer, &whole);
	if (rc == 1)
		rc = take_whole(l, &whole);
	while (rc == 0 && (rc = net_reassembly_pop(l->fragments, f->time_ns, &whole)) == 1) {
		free(whole.bytes);
		rc = 0;
	}
	return rc < 0 ? rc : l->rc;
}

int callbook_new(struct callbook **out, const struct callbook_options *options)
{
	struct callbook *l = calloc(1, sizeof *l);
	const struct voip_options voip = {.joins = options->joins,
					  .is_everybodys = true,
					  .on_event = on_event,
					  .on_media = on_media,
					  .on_gone = on_gone,
					  .arg = l};
	int rc;

	*out = l;
	if (!l)
		return ERR_NOMEM;
	l->options = *options;
	list_init(&l->notes);
	l->words = wr_init(MAX_TEXT);
	rc = voip_new(&l->voip, &voip);
	if (rc == 0)
		rc = media_flows_new(&l->flows, MAX_FLOWS, 1);
	if (rc == 0)
		rc = net_reassembly_new(&l->fragments);
	if (rc == 0)
		rc = index_init(&l->by_number, 1 << 16);
	if (rc < 0)
		callbook_free(out);
	return rc;
}

int callbook_end(struct callbook *l)
{
	voip_flush(l->voip);
	l->is_ending = true;
	voip_end(l->voip);
	if (l->words.len)
		show(l);
	return l->rc ? l->rc : voip_failed(l->voip);
}

uint64_t callbook_n_calls(const struct callbook *l)
{
	return l->n_calls;
}

uint64_t callbook_n_messages(const struct callbook *l)
{
	return voip_n_messages(l->voip);
}

void callbook_free(struct callbook **pl)
{
	struct callbook *l = *pl;

	if (l) {
		l->is_ending = true;
		voip_free(&l->voip);
		while (l->notes.next != &l->notes)
			drop_note(LIST_OWNER(l->notes.next, struct note, in_order));
		media_flows_free(&l->flows);
		net_reassembly_free(&l->fragments);
		index_fini(&l->by_number);
		wr_fini(&l->words);
	}
	free(l);
	*pl = NULL;
}
