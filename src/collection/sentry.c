#include "collection/sentry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "collection/health.h"
#include "spool/spool.h"

enum {
	LOOK_S = 1,
	SILENCE_S = 5, /* warrants are all looked at */
	AGENCY_LEN = 65,
	MAX_FOUND = 1024, /* warrants of a look */
	MAX_SINGLE = 64,  /* of an agency and kind, with alarms of their own; the rest have one */
	ABOUT_LEN = 160,
};

/* A warrant that somebody should hear of. */
struct found {
	enum alarm_kind kind;
	char key[LEDGER_WARRANT_LEN]; /* "AGENCY/LIID" */
	uint64_t n;
	struct nanos from, until; /* 0: now */
};

/* An agency, of the warrants in this look. */
struct seen_agency {
	char id[AGENCY_LEN];
	size_t n_active; /* warrants in force */
	size_t n_single[ALARM_N_KINDS];
	uint64_t n_unnamed[ALARM_N_KINDS]; /* warrants beyond what is named one by one */
};

struct watched_input {
	uint64_t n_dropped, n_card, n_returns;
	bool was_down;
};

struct watched_box {
	uint64_t n_refused, lost;
	bool is_known;
};

struct sentry {
	struct sentry_options options;
	struct inputs *inputs;
	struct loop_timer timer;
	unsigned n_looks;
	bool has_refused; /* an outbox had no room, at the last look */
	struct watched_input *seen_inputs;
	size_t n_inputs;
	struct watched_box *seen_boxes;
	size_t n_boxes;
	struct found found[MAX_FOUND];
	size_t n_found;
	struct seen_agency *agencies;
	size_t n_agencies;
	struct seen_agency *last; /* the one that was found last */
};

/* ---- warrants ---- */

static struct seen_agency *agency_of(struct sentry *s, const char *key)
{
	size_t len = strcspn(key, "/");
	struct seen_agency *a = s->last, *more;

	if (a && !strncmp(a->id, key, len) && !a->id[len])
		return a;
	for (size_t i = 0; i < s->n_agencies; i++) {
		a = &s->agencies[i];
		if (!strncmp(a->id, key, len) && !a->id[len])
			return s->last = a;
	}
	more = len < AGENCY_LEN ? reallocarray(s->agencies, s->n_agencies + 1, sizeof *more) : NULL;
	if (!more)
		return NULL;
	s->agencies = more;
	s->last = &more[s->n_agencies++];
	*s->last = (struct seen_agency){.n_active = 0};
	memcpy(s->last->id, key, len);
	return s->last;
}

/* NULL: there are too many, or the key is too long. */
static struct found *find(struct sentry *s, enum alarm_kind kind, const char *key, uint64_t n)
{
	struct seen_agency *a = agency_of(s, key);
	struct found *f = s->n_found < MAX_FOUND ? &s->found[s->n_found] : NULL;

	if (!f || strlen(key) >= sizeof f->key) {
		if (a)
			a->n_unnamed[kind]++;
		return NULL;
	}
	s->n_found++;
	*f = (struct found){.kind = kind, .n = n};
	memcpy(f->key, key, strlen(key) + 1);
	return f;
}

/* With the turn's lock held: nothing is said here. */
static void look_at_warrant(void *arg, const struct intercept_view *view)
{
	struct sentry *s = arg;
	const struct health_watch watch = {loop_wall(), s->options.settings->silence};
	const struct intercept_counts *c = view->counts;
	uint64_t lost = c->refused[INTERCEPT_FULL] + c->iri_lost;
	struct seen_agency *a = view->is_active ? agency_of(s, view->key) : NULL;
	struct found *f = NULL;

	if (a)
		a->n_active++;
	if (lost > view->health->lost)
		f = find(s, ALARM_OUTBOX_FULL, view->key, lost - view->health->lost);
	if (f) {
		f->from = view->health->lost_since;
		f->until = view->health->lost_last;
	}
	view->health->lost = lost;
	view->health->lost_since.ns = 0;
	if (health_look(view, &watch))
		(void)find(s, ALARM_SILENT, view->key, 0);
}

/* Whether an agency hears of it; log and metrics have it in any case. */
static bool is_told(const struct sentry *s, enum alarm_kind kind)
{
	/* of an agency that is no more there is nobody to tell */
	return kind != ALARM_RECORDS_ABANDONED &&
	       (kind != ALARM_SILENT || s->options.settings->tell_silence);
}

static void raise_found(struct sentry *s, const struct found *f)
{
	struct alarms *as = s->options.alarms;
	struct seen_agency *a = agency_of(s, f->key);
	char about[ABOUT_LEN];
	struct alarm_fact fact = {
		.kind = f->kind, .about = about, .n = f->n, .from = f->from, .until = f->until};
	struct alarm *alarm;

	if (!a)
		return;
	snprintf(about, sizeof about, "warrant %s", f->key);
	if (!alarms_is_on(as, f->kind, about) && a->n_single[f->kind] >= MAX_SINGLE) {
		a->n_unnamed[f->kind]++;
		return;
	}
	a->n_single[f->kind]++;
	fact.liid = f->key + strlen(a->id) + 1;
	alarm = alarms_raise(as, &fact, loop_wall());
	if (is_told(s, f->kind))
		alarm_tell(alarm, a->id);
}

static void raise_unnamed(struct sentry *s, const struct seen_agency *a, enum alarm_kind kind)
{
	char about[ABOUT_LEN];
	const struct alarm_fact fact = {.kind = kind, .about = about};
	struct alarm *alarm;

	if (!a->n_unnamed[kind])
		return;
	snprintf(about, sizeof about, "more warrants of %s", a->id);
	alarm = alarms_raise(s->options.alarms, &fact, loop_wall());
	if (is_told(s, kind))
		alarm_tell(alarm, a->id);
}

static void begin_look(struct sentry *s)
{
	s->n_found = s->n_agencies = 0;
	s->last = NULL;
}

static void end_look(struct sentry *s)
{
	for (size_t i = 0; i < s->n_found; i++)
		raise_found(s, &s->found[i]);
	for (size_t i = 0; i < s->n_agencies; i++) {
		raise_unnamed(s, &s->agencies[i], ALARM_OUTBOX_FULL);
		raise_unnamed(s, &s->agencies[i], ALARM_SILENT);
	}
}

/* Looks at them all, and says what is wrong with them. */
static void look_at_warrants(struct sentry *s)
{
	begin_look(s);
	intercept_each(s->options.intercept, look_at_warrant, s);
	end_look(s);
}

/* Whose records were on the disk that does not give them back; the rest at the next look, so that
 * each has a sentence of its own. */
static void look_at_losses(struct sentry *s)
{
	struct ledger_lost lost;

	begin_look(s);
	while (s->n_found < MAX_SINGLE && alarms_has_room(s->options.alarms) &&
	       proof_next_loss(s->options.proof, &lost)) {
		bool is_dropped = lost.reason == LEDGER_ABANDONED;
		enum alarm_kind kind = is_dropped ? ALARM_RECORDS_ABANDONED : ALARM_RECORDS_DAMAGED;
		struct found *f = find(s, kind, lost.warrant, lost.n);

		if (is_dropped)
			s->options.dropped(s->options.owner, &lost);

		if (!f)
			continue;
		f->from.ns = lost.when.from_ns;
		f->until.ns = lost.when.to_ns;
	}
	end_look(s);
}

/* ---- calls ---- */

/* A call whose media do not come. */
struct unheard {
	char key[LEDGER_WARRANT_LEN];
	char about[ABOUT_LEN];
	struct nanos since;
};

struct listening {
	struct unheard calls[MAX_SINGLE];
	size_t n;
};

static void print_endpoint(const struct media_endpoint *at, char *out, size_t size)
{
	char ip[NET_IP_TEXT_LEN];

	if (!at->ip.version) {
		snprintf(out, size, "a host's name");
		return;
	}
	net_ip_print(&at->ip, ip);
	snprintf(out, size, at->ip.version == 6 ? "[%s]:%u" : "%s:%u", ip, at->port);
}

/* With the turn's lock held: nothing is said here. */
static void note_unheard(void *arg, const struct intercept_unheard *call)
{
	char ends[2][NET_IP_TEXT_LEN + 8];
	struct listening *l = arg;
	struct unheard *u = l->n < MAX_SINGLE ? &l->calls[l->n] : NULL;

	if (!u || strlen(call->key) >= sizeof u->key)
		return;
	l->n++;
	memcpy(u->key, call->key, strlen(call->key) + 1);
	for (int k = 0; k < 2; k++)
		print_endpoint(&call->at[k], ends[k], sizeof ends[k]);
	snprintf(u->about, sizeof u->about, "CIN %u, %s to %s%s", call->cin, ends[0], ends[1],
		 call->is_one_way ? ", one way" : "");
	u->since = call->since;
}

static void look_at_calls(struct sentry *s)
{
	struct listening l = {.n = 0};
	const struct intercept_silence silence = {.now = loop_wall(),
						  .wait = s->options.settings->media_silence,
						  .tell = note_unheard,
						  .arg = &l};

	intercept_each_unheard(s->options.intercept, &silence);
	for (size_t i = 0; i < l.n; i++) {
		size_t len = strcspn(l.calls[i].key, "/");
		const struct alarm_fact fact = {.kind = ALARM_CALL_UNHEARD,
						.about = l.calls[i].about,
						.liid = l.calls[i].key + len + 1,
						.from = l.calls[i].since};
		struct alarm *alarm = alarms_raise(s->options.alarms, &fact, loop_wall());

		l.calls[i].key[len] = 0;
		alarm_tell(alarm, l.calls[i].key);
	}
}

/* ---- what is no single warrant's ---- */

/* Agencies with a warrant in force hear of it. */
static void raise_for_all(struct sentry *s, const struct alarm_fact *fact)
{
	struct alarm *alarm = alarms_raise(s->options.alarms, fact, loop_wall());

	for (size_t i = 0; i < s->n_agencies; i++) {
		if (s->agencies[i].n_active)
			alarm_tell(alarm, s->agencies[i].id);
	}
}

static void raise_of_input(struct sentry *s, enum alarm_kind kind, const char *uri, uint64_t n)
{
	char about[ABOUT_LEN];
	const struct alarm_fact fact = {.kind = kind, .about = about, .n = n};

	snprintf(about, sizeof about, "input %s", uri);
	raise_for_all(s, &fact);
}

void sentry_gap(struct sentry *s, const struct input_gap *gap)
{
	char about[ABOUT_LEN];
	const struct alarm_fact fact = {.kind = gap->is_unknown ? ALARM_UNTIMED : ALARM_UNCAPTURED,
					.about = about,
					.from = gap->from,
					.until = gap->until};

	look_at_warrants(s);
	snprintf(about, sizeof about, "input %s", gap->uri);
	raise_for_all(s, &fact);
	alarms_keep(s->options.alarms, loop_wall());
}

/* It is opened in a moment: away is what is so twice, or was so between. */
static bool is_away(const struct watched_input *w, const struct input_look *seen)
{
	return (seen->is_down && w->was_down) || seen->n_returns != w->n_returns;
}

/* Whether something was lost, or is not there. */
static bool is_faulty(const struct watched_input *w, const struct input_look *seen)
{
	return seen->n_dropped != w->n_dropped || seen->n_card != w->n_card || is_away(w, seen);
}

static void look_at_input(struct sentry *s, struct watched_input *w, const struct input_look *seen)
{
	if (seen->n_dropped != w->n_dropped)
		raise_of_input(s, ALARM_RING_DROPS, seen->uri, seen->n_dropped - w->n_dropped);
	if (seen->n_card != w->n_card)
		raise_of_input(s, ALARM_CARD_DROPS, seen->uri, seen->n_card - w->n_card);
	if (is_away(w, seen))
		raise_of_input(s, ALARM_INPUT_AWAY, seen->uri, 0);
	*w = (struct watched_input){seen->n_dropped, seen->n_card, seen->n_returns, seen->is_down};
}

static void look_at_inputs(struct sentry *s)
{
	struct input_look seen;
	bool has_looked = false;

	for (size_t k = 0; s->inputs && inputs_look(s->inputs, k, &seen); k++) {
		if (k >= s->n_inputs)
			return;
		if (is_faulty(&s->seen_inputs[k], &seen) && !has_looked) {
			look_at_warrants(s);
			has_looked = true;
		}
		look_at_input(s, &s->seen_inputs[k], &seen);
	}
}

static struct watched_box *watched_box(struct sentry *s, size_t i)
{
	struct watched_box *more;

	if (i < s->n_boxes)
		return &s->seen_boxes[i];
	more = reallocarray(s->seen_boxes, i + 1, sizeof *more);
	if (!more)
		return NULL;
	s->seen_boxes = more;
	memset(more + s->n_boxes, 0, (i + 1 - s->n_boxes) * sizeof *more);
	s->n_boxes = i + 1;
	return &more[i];
}

/* Once: it was so when it was opened. */
static void look_whether_gone(struct sentry *s, const struct box *box, const char *about)
{
	const struct alarm_fact fact = {
		.kind = ALARM_OUTBOX_GONE, .about = about, .from = s->options.before};

	if (box->is_begun_anew || spool_stats(box->spool).is_memory_lost)
		alarm_tell(alarms_raise(s->options.alarms, &fact, loop_wall()), box->agency);
}

/* Whether it had no room. */
static bool look_at_box(struct sentry *s, struct watched_box *w, const struct box *box)
{
	struct spool_stats stats = spool_stats(box->spool);
	char about[ABOUT_LEN];
	struct alarm_fact fact = {.kind = ALARM_DISK_REFUSES, .about = about};
	bool has_refused = stats.n_refused != w->n_refused;

	snprintf(about, sizeof about, "outbox %s/%s", box->agency,
		 box->interface == INTERCEPT_HI3 ? "hi3" : "hi2");
	if (!w->is_known)
		look_whether_gone(s, box, about);
	if (stats.is_disk_refusing)
		(void)alarms_raise(s->options.alarms, &fact, loop_wall());
	if (stats.lost != w->lost) {
		fact.kind = ALARM_OUTBOX_DAMAGED;
		fact.n = stats.lost - w->lost;
		alarm_tell(alarms_raise(s->options.alarms, &fact, loop_wall()), box->agency);
	}
	*w = (struct watched_box){stats.n_refused, stats.lost, true};
	return has_refused;
}

static void look_at_boxes(struct sentry *s)
{
	bool has_refused = false;

	for (size_t i = 0; i < delivery_n_boxes(s->options.delivery); i++) {
		struct watched_box *w = watched_box(s, i);

		if (w)
			has_refused |= look_at_box(s, w, delivery_box(s->options.delivery, i));
	}
	/* what was refused may be counted a moment later */
	if (has_refused || s->has_refused || s->n_looks % SILENCE_S == 0)
		look_at_warrants(s);
	s->has_refused = has_refused;
}

/* ---- the whole ---- */

static void look(void *owner)
{
	struct sentry *s = owner;

	s->n_looks++;
	proof_give_up(s->options.proof);
	look_at_losses(s);
	look_at_inputs(s);
	look_at_boxes(s);
	if (s->n_looks % SILENCE_S == 0)
		look_at_calls(s);
	alarms_look(s->options.alarms, loop_wall());
}

void sentry_watch(struct sentry *s, struct inputs *inputs)
{
	s->inputs = inputs;
}

int sentry_new(struct sentry **out, const struct sentry_options *options)
{
	struct sentry *s = calloc(1, sizeof *s);

	*out = s;
	if (!s)
		return ERR_NOMEM;
	s->options = *options;
	s->n_inputs = options->settings->inputs.n;
	s->seen_inputs = calloc(s->n_inputs + 1, sizeof *s->seen_inputs);
	if (!s->seen_inputs)
		return ERR_NOMEM;
	loop_timer_init(&s->timer, options->loop, look, s);
	loop_timer_every(&s->timer, nanos_from_s(LOOK_S));
	return 0;
}

void sentry_free(struct sentry **sentry)
{
	struct sentry *s = *sentry;

	*sentry = NULL;
	if (!s)
		return;
	loop_timer_fini(&s->timer);
	free(s->seen_inputs);
	free(s->seen_boxes);
	free(s->agencies);
	free(s);
}
