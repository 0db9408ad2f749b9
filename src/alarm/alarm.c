#include "alarm/inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define COLLECTORS(name, key, over_s, unit, begins, ends, doc)                                     \
	{key, over_s, unit, begins, ends, doc, false},
#define MEDIATORS(name, key, over_s, unit, begins, ends, doc)                                      \
	{key, over_s, unit, begins, ends, doc, true},
const struct alarm_facts alarm_kinds[ALARM_N_KINDS] = {ALARM_COLLECTOR_KINDS(COLLECTORS)
							       ALARM_MEDIATOR_KINDS(MEDIATORS)};
#undef COLLECTORS
#undef MEDIATORS

enum { DIGITS = 3 };

int alarms_new(struct alarms **out, alarm_tell_fn tell, void *owner)
{
	*out = calloc(1, sizeof **out);
	if (!*out)
		return ERR_NOMEM;
	(*out)->tell = tell;
	(*out)->owner = owner;
	return 0;
}

static void free_alarm(struct alarm *a)
{
	struct hearer *h;

	while ((h = a->hearers)) {
		a->hearers = h->next;
		free(h);
	}
	free(a);
}

void alarms_free(struct alarms **as)
{
	struct alarm *a;

	while (*as && (a = (*as)->first)) {
		(*as)->first = a->next;
		free_alarm(a);
	}
	if (*as)
		free((*as)->path);
	free(*as);
	*as = NULL;
}

/* ---- words ---- */

/* Printable ASCII; of what is too long the begin. */
static void copy_text(char *out, size_t size, const char *text)
{
	size_t len = text ? strnlen(text, size - 1) : 0;

	for (size_t i = 0; i < len; i++)
		out[i] = text[i] < ' ' || text[i] > '~' ? '?' : text[i];
	out[len] = '\0';
}

static void put_span(struct wr *w, const struct alarm *a)
{
	char from[NANOS_TEXT_LEN], until[NANOS_TEXT_LEN];

	nanos_print(a->from, DIGITS, from);
	nanos_print(a->until, DIGITS, until);
	if (a->from.ns == a->until.ns)
		wr_text(w, " at %s", from);
	else
		wr_text(w, " from %s to %s", from, until);
}

/* A sentence of at most ALARM_TEXT_LEN - 1 characters. */
static void print(const struct alarm *a, bool is_over, char out[ALARM_TEXT_LEN])
{
	const struct alarm_facts *k = &alarm_kinds[a->kind];
	bool is_moment = !k->over_s;
	struct wr w = wr_of(out, ALARM_TEXT_LEN - 1);
	char from[NANOS_TEXT_LEN];

	wr_text(&w, "%s: %s", a->about, is_over && !is_moment ? k->ends : k->begins);
	if (is_over && a->n)
		wr_text(&w, ": %" PRIu64 " %s", a->n, k->unit);
	if (is_over) {
		put_span(&w, a);
	} else {
		nanos_print(a->from, DIGITS, from);
		wr_text(&w, ", since %s", from);
	}
	out[w.len] = '\0';
}

/* ---- begin, going on, end ---- */

static struct alarm *find(const struct alarms *as, enum alarm_kind kind, const char *about)
{
	char wanted[ALARM_ABOUT_LEN];
	struct alarm *a = as->first;

	copy_text(wanted, sizeof wanted, about);
	while (a && (a->kind != kind || a->is_over || strcmp(a->about, wanted) != 0))
		a = a->next;
	return a;
}

bool alarms_has_room(const struct alarms *as)
{
	return as->n < ALARM_MAX / 2;
}

bool alarms_is_on(const struct alarms *as, enum alarm_kind kind, const char *about)
{
	return find(as, kind, about);
}

struct alarm *alarms_add(struct alarms *as)
{
	struct alarm *a = as->n < ALARM_MAX ? calloc(1, sizeof *a) : NULL;

	if (!a)
		return NULL;
	a->next = as->first;
	as->first = a;
	as->n++;
	return a;
}

static struct alarm *begin(struct alarms *as, const struct alarm_fact *fact)
{
	struct alarm *a = alarms_add(as);

	if (!a) {
		if (!as->n_unkept++)
			log_error("there are more alarms than can be kept");
		return NULL;
	}
	a->kind = fact->kind;
	a->number = ++as->number;
	copy_text(a->about, sizeof a->about, fact->about);
	copy_text(a->liid, sizeof a->liid, fact->liid);
	as->n_raised[a->kind]++;
	as->is_changed = true;
	a->alarms = as;
	return a;
}

static void log_alarm(const struct alarm *a)
{
	char text[ALARM_TEXT_LEN];

	print(a, a->is_over, text);
	if (a->is_over && alarm_kinds[a->kind].over_s)
		log_info("alarm %s is over: %s", alarm_kinds[a->kind].key, text);
	else
		log_warn("alarm %s: %s", alarm_kinds[a->kind].key, text);
}

struct alarm *alarms_raise(struct alarms *as, const struct alarm_fact *fact, struct nanos now)
{
	struct alarm *a = find(as, fact->kind, fact->about);
	bool is_new = !a;

	if (!a)
		a = begin(as, fact);
	if (!a)
		return NULL;
	if (is_new)
		a->from = fact->from.ns ? fact->from : now;
	a->until = fact->until.ns ? fact->until : now;
	a->raised = now;
	a->n += fact->n;
	as->is_grown = true;
	a->is_over = !alarm_kinds[a->kind].over_s;
	if (is_new)
		log_alarm(a);
	return a;
}

struct hearer *alarm_add_hearer(struct alarm *a, const char *agency)
{
	struct hearer *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	copy_text(h->agency, sizeof h->agency, agency);
	h->next = a->hearers;
	a->hearers = h;
	return h;
}

void alarm_tell(struct alarm *a, const char *agency)
{
	struct hearer *h = a ? a->hearers : NULL;

	while (h && strcmp(h->agency, agency) != 0)
		h = h->next;
	if (!a || h || strlen(agency) >= AGENCY_LEN)
		return;
	if (alarm_add_hearer(a, agency))
		a->alarms->is_changed = true;
	else
		log_error("agency %s is not told of an alarm: %s", agency, err_text(ERR_NOMEM));
}

static void end(struct alarm *a)
{
	a->is_over = true;
	a->alarms->is_changed = true;
	log_alarm(a);
}

void alarms_end(struct alarms *as, enum alarm_kind kind, const char *about, struct nanos now)
{
	struct alarm *a = find(as, kind, about);

	if (!a)
		return;
	a->until = now;
	end(a);
}

/* ---- who hears of it ---- */

static bool may_tell(struct alarms *as, struct nanos now)
{
	const int64_t each_ns = ALARM_EACH_MS * (int64_t)NANOS_PER_MS;
	int64_t least_ns = now.ns - ALARM_BURST * each_ns;

	/* the clock may have been set back */
	if (as->credit_ns < least_ns || as->credit_ns > now.ns)
		as->credit_ns = least_ns;
	if (as->credit_ns + each_ns > now.ns)
		return false;
	as->credit_ns += each_ns;
	return true;
}

/* Who was tried may be tried again. */
static bool is_ready(const struct hearer *h, struct nanos now)
{
	int64_t wait_s = h->sent ? ALARM_SILENT_S : ALARM_AGAIN_S;

	return !h->tried.ns || now.ns < h->tried.ns || now.ns - h->tried.ns >= wait_s * NANOS_PER_S;
}

static enum heard due(const struct alarm *a, const struct hearer *h, struct nanos now)
{
	enum heard wanted = a->is_over ? HEARD_END : HEARD_BEGIN;

	return h->is_deaf || h->heard >= wanted || !is_ready(h, now) ? HEARD_NOTHING : wanted;
}

static void take_outcome(struct alarms *as, struct hearer *h, enum heard what,
			 enum alarm_outcome outcome)
{
	as->is_changed |= outcome == ALARM_TOLD || outcome == ALARM_REFUSED;
	h->sent = outcome == ALARM_SENT ? what : HEARD_NOTHING;
	if (outcome == ALARM_TOLD) {
		h->heard = what;
		h->tried.ns = 0;
	}
	h->is_deaf |= outcome == ALARM_REFUSED;
}

/* False: no more may be told now. */
static bool tell(struct alarms *as, const struct alarm *a, struct hearer *h, struct nanos now)
{
	enum heard what = due(a, h, now);
	char text[ALARM_TEXT_LEN];
	const struct alarm_message message = {a->number, h->agency, *a->liid ? a->liid : NULL,
					      text};
	int64_t credit_ns = as->credit_ns;
	enum alarm_outcome outcome;

	if (!what)
		return true;
	if (!may_tell(as, now))
		return false;
	print(a, what == HEARD_END, text);
	outcome = as->tell(as->owner, &message);
	if (outcome == ALARM_LATER)
		as->credit_ns = credit_ns; /* nothing was said */
	else
		h->tried = now;
	take_outcome(as, h, what, outcome);
	return true;
}

static bool is_done(const struct alarm *a, struct nanos now)
{
	const struct hearer *h = a->hearers;

	if (!a->is_over)
		return false;
	if (now.ns - a->raised.ns > ALARM_KEPT_DAYS * INT64_C(86400) * NANOS_PER_S)
		return true;
	while (h && (h->is_deaf || h->heard == HEARD_END))
		h = h->next;
	return !h;
}

/* The oldest first: new ones are at the front. */
static bool tell_all(struct alarms *as, struct alarm *a, struct nanos now)
{
	struct alarm *order[ALARM_MAX];
	size_t n = 0;

	for (; a; a = a->next)
		order[n++] = a;
	while (n--) {
		for (struct hearer *h = order[n]->hearers; h; h = h->next) {
			if (!tell(as, order[n], h, now))
				return false;
		}
	}
	return true;
}

void alarms_look(struct alarms *as, struct nanos now)
{
	struct alarm **at = &as->first;

	for (struct alarm *a = as->first; a; a = a->next) {
		if (!a->is_over &&
		    now.ns - a->raised.ns >= alarm_kinds[a->kind].over_s * NANOS_PER_S)
			end(a);
	}
	alarms_keep(as, now); /* before it is told, so that it is told in any case */
	(void)tell_all(as, as->first, now);
	while (*at) {
		struct alarm *a = *at;

		if (!is_done(a, now)) {
			at = &a->next;
			continue;
		}
		*at = a->next;
		as->n--;
		as->is_changed = true;
		free_alarm(a);
	}
	alarms_keep(as, now);
}

void alarms_answered(struct alarms *as, uint64_t number, const char *agency,
		     enum alarm_outcome outcome)
{
	struct alarm *a = as->first;
	struct hearer *h;

	while (a && a->number != number)
		a = a->next;
	h = a ? a->hearers : NULL;
	while (h && strcmp(h->agency, agency) != 0)
		h = h->next;
	if (h && h->sent && outcome != ALARM_SENT)
		take_outcome(as, h, h->sent, outcome);
}

void alarms_forget_sent(struct alarms *as)
{
	for (struct alarm *a = as->first; a; a = a->next) {
		for (struct hearer *h = a->hearers; h; h = h->next)
			h->sent = HEARD_NOTHING, h->tried.ns = 0;
	}
}

/* ---- status ---- */

static void print_one(const struct alarm *a, struct json *j)
{
	json_open(j, '{');
	json_key(j, "alarm"), json_text(j, alarm_kinds[a->kind].key);
	json_key(j, "about"), json_text(j, a->about);
	json_key(j, "since"), json_time(j, a->from);
	json_key(j, "n"), json_u64(j, a->n);
	json_key(j, "text"), json_text(j, alarm_kinds[a->kind].begins);
	json_close(j, '}');
}

static void print_numbers(const uint64_t *n, bool is_mediator, struct json *j)
{
	json_open(j, '{');
	for (int k = 0; k < ALARM_N_KINDS; k++) {
		if (alarm_kinds[k].is_mediators == is_mediator)
			json_key(j, alarm_kinds[k].key), json_u64(j, n[k]);
	}
	json_close(j, '}');
}

void alarms_print(const struct alarms *as, bool is_mediator, struct json *j)
{
	uint64_t n_active[ALARM_N_KINDS] = {0}, n_waiting = 0;

	json_key(j, "alarms"), json_open(j, '{');
	json_key(j, "now"), json_open(j, '[');
	for (const struct alarm *a = as->first; a; a = a->next) {
		n_active[a->kind] += !a->is_over;
		n_waiting += a->is_over;
		if (!a->is_over)
			print_one(a, j);
	}
	json_close(j, ']');
	json_key(j, "active"), print_numbers(n_active, is_mediator, j);
	json_key(j, "raised"), print_numbers(as->n_raised, is_mediator, j);
	json_key(j, "waiting"), json_u64(j, n_waiting);
	json_key(j, "unkept"), json_u64(j, as->n_unkept);
	json_close(j, '}');
}
