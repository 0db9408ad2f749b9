#include "mediation/inlet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum {
	MAX_CHANNELS = 4096,
	AGENCY_SIZE = 65,
	AGAIN_MS = 500,
	MESSAGE_MAX = 256,
	WORDS_MAX = 200, /* characters of an alarm */
	ALARMS_MAX = 16, /* that may come at once; one more each second */
	ALARM_SIZE = 257,
	OWED_MS = 5,        /* that what came may wait for its acknowledgement … */
	OWED_LEN = 2 << 20, /* … and octets of a channel */
	HELD_MS = 10000,    /* records that wait for orders so long are an alarm */
};

struct channel {
	uint32_t number;
	char agency[AGENCY_SIZE];
	enum interface interface;
	uint64_t stream;
	struct outlet *outlet; /* NULL: not known now */
	uint64_t has, said;    /* how far it is safe here, and how far that was acknowledged */
	bool is_waiting;       /* for an outlet, or for room in it: its answer is owed */
	bool is_fresh;         /* no parcel has come yet */
	bool is_rewound;       /* told to go back; what is on its way is not what is wanted */
	uint64_t question;     /* a record waits until this is settled (doubt.h); 0: none does */
	uint64_t asked_until;  /* … so far the stream is asked about … */
	uint64_t sure;        /* … and the answer is there: what orders do not cover is refused */
	struct nanos held_at; /* when it began to wait, by loop_now … */
	char held[ETSI_MAX_LIID + 1]; /* … and whose it is … */
	bool is_held_told;            /* … which is in the log */
};

struct inlet {
	struct inlet_place place;
	struct link *link;
	char name[TLS_NAME_LEN];
	struct channel *channels; /* in order of their numbers */
	size_t n;
	struct loop_timer timer; /* tries again what had no room */
	struct loop_timer owed;  /* acknowledges what came since it was armed */
	uint64_t n_octets, n_alarms;
	struct nanos alarms_from; /* alarms may be told again from here on, less ALARMS_MAX s */
};

/* ---- acknowledgements ---- */

/* When it is not sent, the next one says more. */
static void acknowledge(struct inlet *inlet, struct channel *c)
{
	if (c->has == c->said)
		return;
	c->said = c->has;
	(void)!link_acknowledge(inlet->link, c->number, c->has);
}

static void acknowledge_all(void *owner)
{
	struct inlet *inlet = owner;

	for (size_t i = 0; i < inlet->n; i++)
		acknowledge(inlet, &inlet->channels[i]);
}

/* Each one wakes two daemons: what comes in quick succession has one together. */
static void owe(struct inlet *inlet, struct channel *c, uint64_t offset)
{
	c->has = offset;
	if (c->has - c->said >= OWED_LEN)
		acknowledge(inlet, c);
	else if (!inlet->owed.is_armed)
		loop_timer_after(&inlet->owed, (struct nanos){OWED_MS * (int64_t)NANOS_PER_MS});
}

int inlet_new(struct inlet **out, const struct inlet_place *place, struct link *link)
{
	struct inlet *inlet = calloc(1, sizeof *inlet);

	*out = inlet;
	if (!inlet)
		return ERR_NOMEM;
	inlet->place = *place;
	inlet->link = link;
	loop_timer_init(&inlet->owed, place->loop, acknowledge_all, inlet);
	memcpy(inlet->name, link_peer(link)->name, sizeof inlet->name);
	return 0;
}

void inlet_free(struct inlet **inlet)
{
	if (!*inlet)
		return;
	loop_timer_fini(&(*inlet)->timer);
	loop_timer_fini(&(*inlet)->owed);
	free((*inlet)->channels);
	free(*inlet);
	*inlet = NULL;
}

/* ---- channels ---- */

static size_t place_of(const struct inlet *inlet, uint32_t number)
{
	size_t low = 0, high = inlet->n, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (inlet->channels[mid].number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct channel *channel_of(struct inlet *inlet, uint32_t number)
{
	size_t i = place_of(inlet, number);

	return i < inlet->n && inlet->channels[i].number == number ? &inlet->channels[i] : NULL;
}

static struct channel *add_channel(struct inlet *inlet, uint32_t number)
{
	size_t i = place_of(inlet, number);
	struct channel *items;

	if (inlet->n == MAX_CHANNELS)
		return NULL;
	items = reallocarray(inlet->channels, inlet->n + 1, sizeof *items);
	if (!items)
		return NULL;
	inlet->channels = items;
	memmove(items + i + 1, items + i, (inlet->n - i) * sizeof *items);
	inlet->n++;
	items[i] = (struct channel){.number = number};
	return &items[i];
}

/* ---- answers ---- */

static void try_again(void *owner);

static void wait_for_room(struct inlet *inlet, struct channel *c)
{
	c->is_waiting = true;
	if (!inlet->timer.loop)
		loop_timer_init(&inlet->timer, inlet->place.loop, try_again, inlet);
	loop_timer_after(&inlet->timer, (struct nanos){AGAIN_MS * (int64_t)NANOS_PER_MS});
}

/* What comes next may be covered by orders that are on their way. */
static void wait_for_orders(struct inlet *inlet, struct channel *c,
			    const struct link_frame *records, const char *held)
{
	c->is_waiting = true;
	c->question = doubt_raise(inlet->place.doubt);
	c->asked_until = records->offset + records->len;
	c->held_at = loop_now();
	c->is_held_told = false;
	memcpy(c->held, held, sizeof c->held);
	log_debug("collector %s: channel %u: a record of LIID %s waits for orders that cover it",
		  inlet->name, c->number, c->held);
}

/* Says how far the stream has come; the collector goes on from there. */
static void answer(struct inlet *inlet, struct channel *c)
{
	uint8_t octets[MESSAGE_MAX];
	struct wr w = wr_of(octets, sizeof octets);
	struct json j = json_of(&w);
	uint64_t offset;

	if (outlet_offset(c->outlet, c->interface, inlet->name, c->stream, &offset)) {
		log_error("collector %s: agency %s has too many collectors", inlet->name,
			  c->agency);
		c->is_waiting = true;
		return;
	}
	json_open(&j, '{');
	json_key(&j, "type"), json_text(&j, "channel");
	json_key(&j, "channel"), json_u64(&j, c->number);
	json_key(&j, "offset"), json_u64(&j, offset);
	json_close(&j, '}');
	c->is_waiting = false;
	c->has = c->said = offset;
	c->question = 0;
	if (link_send(inlet->link, (const char *)octets, w.len))
		wait_for_room(inlet, c);
}

static void try_again(void *owner)
{
	struct inlet *inlet = owner;
	bool is_waiting = false;

	for (size_t i = 0; i < inlet->n && link_is_up(inlet->link); i++) {
		struct channel *c = &inlet->channels[i];

		if (!c->is_waiting || !c->outlet || c->question)
			continue;
		if (outlet_has_room(c->outlet, c->interface)) {
			c->is_rewound = true;
			answer(inlet, c);
		}
		is_waiting |= c->is_waiting;
	}
	if (is_waiting)
		loop_timer_after(&inlet->timer, (struct nanos){AGAIN_MS * (int64_t)NANOS_PER_MS});
}

static void find_outlet(struct inlet *inlet, struct channel *c)
{
	c->outlet = inlet->place.outlet(inlet->place.owner, c->agency);
	if (c->outlet)
		answer(inlet, c);
	else
		c->is_waiting = true;
}

static bool read_stream(const char *text, uint64_t *out)
{
	char *end;

	*out = 0;
	if (!text)
		return true;
	errno = 0;
	*out = strtoull(text, &end, 16);
	return *text && !*end && !errno;
}

static void open_channel(struct inlet *inlet, const struct conf_value *root)
{
	const char *agency = link_text(root, "agency");
	uint64_t number, stream;
	enum interface interface;
	struct channel *c;

	if (!link_number(root, "channel", &number) || number > UINT32_MAX || !agency ||
	    strlen(agency) >= AGENCY_SIZE ||
	    !interface_of(link_text(root, "interface"), &interface) ||
	    !read_stream(link_text(root, "stream"), &stream)) {
		link_refuse(inlet->link, "a channel was not opened as it should be");
		return;
	}
	c = channel_of(inlet, (uint32_t)number);
	if (!c)
		c = add_channel(inlet, (uint32_t)number);
	if (!c) {
		link_refuse(inlet->link, "there are too many channels");
		return;
	}
	c->interface = interface;
	c->stream = stream;
	c->has = c->said = 0;
	c->is_fresh = true;
	c->is_rewound = false;
	c->question = c->sure = 0;
	memcpy(c->agency, agency, strlen(agency) + 1);
	log_debug("collector %s: channel %u is %s of agency %s", inlet->name, c->number,
		  interface_text(interface), agency);
	find_outlet(inlet, c);
}

/* ---- alarms ---- */

static bool may_tell(struct inlet *inlet)
{
	struct nanos now = loop_now();
	int64_t least = now.ns - nanos_from_s(ALARMS_MAX).ns;

	if (inlet->alarms_from.ns < least)
		inlet->alarms_from.ns = least;
	if (inlet->alarms_from.ns + nanos_from_s(1).ns > now.ns)
		return false;
	inlet->alarms_from.ns += nanos_from_s(1).ns;
	return true;
}

static bool is_printable(const char *text)
{
	size_t len = text ? strlen(text) : 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return len && len <= WORDS_MAX;
}

static enum alarm_outcome pass_alarm(struct inlet *inlet, const struct conf_value *root)
{
	const char *agency = link_text(root, "agency"), *liid = link_text(root, "liid");
	const char *text = link_text(root, "text");
	struct outlet *outlet = agency ? inlet->place.outlet(inlet->place.owner, agency) : NULL;
	char octets[ALARM_SIZE];
	struct wr w = wr_of(octets, sizeof octets - 1);
	int rc;

	if (agency && !outlet)
		return ALARM_LATER; /* its orders may be on their way */
	if (!outlet || !is_printable(text) ||
	    (liid && !scope_knows(inlet->place.scope, agency, liid))) {
		log_warn("collector %s: an alarm is not passed on", inlet->name);
		return ALARM_REFUSED;
	}
	if (!may_tell(inlet))
		return ALARM_LATER;
	wr_text(&w, "collector %s: %s", inlet->name, text);
	octets[w.ok ? w.len : 0] = '\0';
	log_warn("agency %s: LIID %s: collector %s: %s", agency, liid ? liid : "-", inlet->name,
		 text);
	rc = outlet_alarm(outlet, liid, octets, loop_wall());
	inlet->n_alarms += !rc;
	return outlet_outcome(rc);
}

static void take_alarm(struct inlet *inlet, const struct conf_value *root)
{
	static const char *const outcomes[] = {
		[ALARM_TOLD] = "told", [ALARM_LATER] = "later", [ALARM_REFUSED] = "refused"};
	enum alarm_outcome outcome = pass_alarm(inlet, root);
	const char *agency = link_text(root, "agency");
	uint8_t octets[MESSAGE_MAX];
	struct wr w = wr_of(octets, sizeof octets);
	struct json j = json_of(&w);
	uint64_t number;

	if (!agency || !link_number(root, "number", &number))
		return;
	json_open(&j, '{');
	json_key(&j, "type"), json_text(&j, "alarm");
	json_key(&j, "number"), json_u64(&j, number);
	json_key(&j, "agency"), json_text(&j, agency);
	json_key(&j, "outcome"), json_text(&j, outcomes[outcome]);
	json_close(&j, '}');
	if (!w.ok || link_send(inlet->link, (const char *)octets, w.len))
		log_warn("collector %s: it does not hear what became of its alarm", inlet->name);
}

void inlet_message(struct inlet *inlet, const char *type, const struct conf_value *root)
{
	if (!strcmp(type, "channel"))
		open_channel(inlet, root);
	else if (!strcmp(type, "alarm"))
		take_alarm(inlet, root);
	else
		log_debug("collector %s: a message of type %.40s is passed over", inlet->name,
			  type);
}

/* ---- records ---- */

/* Whether a parcel was sent before the collector heard that it should go back. */
static bool lies_ahead(const struct inlet *inlet, const struct channel *c, uint64_t offset)
{
	uint64_t mark;

	return !outlet_offset(c->outlet, c->interface, inlet->name, c->stream, &mark) &&
	       offset > mark;
}

void inlet_records(struct inlet *inlet, const struct link_frame *records)
{
	struct channel *c = channel_of(inlet, records->channel);
	struct line_parcel parcel = {.collector = inlet->name,
				     .offset = records->offset,
				     .bytes = records->body,
				     .len = records->len};
	struct line_progress progress;
	struct why why = {0};
	int rc;

	if (!c) {
		link_refuse(inlet->link, "records came on a channel that was not opened");
		return;
	}
	if (c->question && doubt_is_open(inlet->place.doubt, c->question))
		c->asked_until = records->offset + records->len;
	if (c->is_waiting || !c->outlet)
		return; /* they come again, after the answer that is owed */
	parcel.interface = c->interface;
	parcel.stream = c->stream;
	if (c->is_rewound && lies_ahead(inlet, c, records->offset))
		return;
	c->is_rewound = false;
	parcel.is_first = c->is_fresh;
	parcel.sure = doubt_is_resigned(inlet->place.doubt) ? UINT64_MAX : c->sure;
	c->is_fresh = false;
	rc = outlet_take(c->outlet, &parcel, inlet->place.scope, &progress, &why);
	inlet->n_octets += records->len;
	if (rc == ERR_BAD) {
		link_close(inlet->link, why.text);
		return;
	}
	owe(inlet, c, progress.offset);
	if (rc == ERR_FULL)
		wait_for_room(inlet, c);
	else if (rc == ERR_AGAIN)
		wait_for_orders(inlet, c, records, progress.held);
}

void inlet_forget_outlets(struct inlet *inlet)
{
	for (size_t i = 0; i < inlet->n; i++)
		inlet->channels[i].outlet = NULL;
}

void inlet_find_outlets(struct inlet *inlet)
{
	for (size_t i = 0; i < inlet->n && link_is_up(inlet->link); i++) {
		struct channel *c = &inlet->channels[i];

		if (c->is_waiting) {
			/* what came on a fresh channel was not looked at: nothing is on its way */
			c->is_rewound = !c->is_fresh;
			find_outlet(inlet, c);
		} else if (!c->outlet) {
			c->outlet = inlet->place.outlet(inlet->place.owner, c->agency);
		}
		c->is_waiting |= !c->outlet;
	}
}

void inlet_settle(struct inlet *inlet)
{
	for (size_t i = 0; i < inlet->n && link_is_up(inlet->link); i++) {
		struct channel *c = &inlet->channels[i];

		if (!c->question || !doubt_is_settled(inlet->place.doubt, c->question))
			continue;
		c->sure = c->asked_until;
		c->question = 0;
		if (!c->outlet)
			continue; /* it has its answer when there is one */
		c->is_rewound = true;
		answer(inlet, c);
	}
}

/* Whose records they are is for the log: an agency hears of LIIDs that are its own. */
static void tell_held(struct inlet *inlet, struct channel *c, struct alarms *alarms,
		      enum alarm_kind kind)
{
	struct alarm_fact fact = {kind};
	char about[ALARM_SIZE];
	struct wr w = wr_of(about, sizeof about - 1);

	wr_text(&w, "%s %s of collector %s", c->agency, interface_text(c->interface), inlet->name);
	about[w.len] = '\0';
	fact.about = about;
	if (scope_knows(inlet->place.scope, c->agency, c->held))
		fact.liid = c->held;
	alarm_tell(alarms_raise(alarms, &fact, loop_wall()), c->agency);
	if (!c->is_held_told)
		log_warn("agency %s, %s: collector %s: a record of LIID %s waits for orders, and "
			 "what is behind it",
			 c->agency, interface_text(c->interface), inlet->name, c->held);
	c->is_held_told = true;
}

void inlet_look(struct inlet *inlet, struct alarms *alarms, bool is_given_up)
{
	int64_t since = loop_now().ns - HELD_MS * (int64_t)NANOS_PER_MS;

	for (size_t i = 0; i < inlet->n; i++) {
		struct channel *c = &inlet->channels[i];

		if (c->question && is_given_up)
			tell_held(inlet, c, alarms, ALARM_ORDERS_MISSED);
		else if (c->question && c->held_at.ns <= since)
			tell_held(inlet, c, alarms, ALARM_ORDERS_AWAITED);
	}
}

const char *inlet_name(const struct inlet *inlet)
{
	return inlet->name;
}

void *inlet_owner(const struct inlet *inlet)
{
	return inlet->place.owner;
}

/* Channels of which records wait for orders. */
static uint64_t n_held(const struct inlet *inlet)
{
	uint64_t n = 0;

	for (size_t i = 0; i < inlet->n; i++)
		n += inlet->channels[i].question || !inlet->channels[i].outlet;
	return n;
}

void inlet_status(const struct inlet *inlet, struct json *j)
{
	json_open(j, '{');
	json_key(j, "name"), json_text(j, inlet->name);
	json_key(j, "software"), json_text(j, link_software(inlet->link));
	json_key(j, "channels"), json_u64(j, inlet->n);
	json_key(j, "octets"), json_u64(j, inlet->n_octets);
	json_key(j, "alarms"), json_u64(j, inlet->n_alarms);
	json_key(j, "held"), json_u64(j, n_held(inlet));
	json_close(j, '}');
}
