#include "mediation/scope.h"

#include <stdlib.h>
#include <string.h>

#include "conf/file.h"
#include "conf/record.h"
#include "etsi/header.h"

enum { AGENCY_SIZE = 65, FILE_MAX = 64 << 20 };

#define MISSED_FIELDS(X)                                                                           \
	X(TEXT, agency, .is_required = true, .min = 1, .max = 64, .doc = "whose warrant it was")   \
	X(TEXT, liid, .is_required = true, .min = 1, .max = 25, .doc = "its LIID")                 \
	X(BOOL, has_iri, .is_required = true, .doc = "whether IRI was delivered")                  \
	X(BOOL, has_cc, .is_required = true, .doc = "whether content was")                         \
	X(TIME, start, .is_required = true, .doc = "the first moment that it covered")             \
	X(TIME, end, .is_required = true, .doc = "the first that it no longer covered")            \
	X(TIME, missed, .is_required = true, .doc = "when the orders no longer held it")

#define WITHDRAWN_FIELDS(X)                                                                        \
	X(LIST(missed), warrants, .max = 1000000, .doc = "that the orders no longer hold")

struct missed {
	CONF_STRUCT(MISSED_FIELDS)
};

struct withdrawn {
	CONF_STRUCT(WITHDRAWN_FIELDS)
};

#define X(...) CONF_ROW(missed, __VA_ARGS__)
static const struct conf_field missed_fields[] = {MISSED_FIELDS(X)};
#undef X
static const struct conf_record missed_record =
	CONF_RECORD(missed, missed_fields, .doc = "A warrant that was taken away.");

#define X(...) CONF_ROW(withdrawn, __VA_ARGS__)
static const struct conf_field withdrawn_fields[] = {WITHDRAWN_FIELDS(X)};
#undef X
static const struct conf_record withdrawn_record = CONF_RECORD(
	withdrawn, withdrawn_fields, .doc = "Warrants whose last records may still come.");

struct scope_warrant {
	char agency[AGENCY_SIZE];
	uint8_t liid[ETSI_MAX_LIID];
	uint8_t liid_len;
	bool has_iri, has_cc;
	bool is_gone; /* the orders no longer hold it */
	struct nanos start, end;
	struct nanos missed; /* when that was noticed */
};

const char *interface_text(enum interface interface)
{
	static const char *const texts[] = {
#define X(name, text) text,
		INTERFACES(X)
#undef X
	};

	return texts[interface];
}

bool interface_of(const char *text, enum interface *out)
{
	for (int i = 0; text && i < N_INTERFACES; i++) {
		*out = (enum interface)i;
		if (!strcmp(text, interface_text(*out)))
			return true;
	}
	return false;
}

const char *refusal_text(enum refusal refusal)
{
	return ledger_reasons[LEDGER_MALFORMED + (int)refusal].key;
}

void scope_init(struct scope *scope)
{
	*scope = (struct scope){0};
}

void scope_fini(struct scope *scope)
{
	free(scope->items);
	scope_init(scope);
}

static int compare(const void *a, const void *b)
{
	const struct scope_warrant *x = a, *y = b;
	int order = strcmp(x->agency, y->agency);

	if (!order)
		order = (x->liid_len > y->liid_len) - (x->liid_len < y->liid_len);
	return order ? order : memcmp(x->liid, y->liid, x->liid_len);
}

/* The key of a search; false where no warrant can have it. */
static bool set_key(struct scope_warrant *key, const char *agency, const void *liid, size_t len)
{
	size_t agency_len = strlen(agency);

	if (agency_len >= sizeof key->agency || len > sizeof key->liid)
		return false;
	memcpy(key->agency, agency, agency_len + 1);
	if (len)
		memcpy(key->liid, liid, len);
	key->liid_len = (uint8_t)len;
	return true;
}

static struct scope_warrant *find(const struct scope *scope, const struct scope_warrant *key)
{
	return scope->n ? bsearch(key, scope->items, scope->n, sizeof *key, compare) : NULL;
}

int scope_update(struct scope *scope, const struct orders *orders, struct nanos now)
{
	size_t n_orders = orders->warrants.n;
	struct scope next = {calloc(n_orders + scope->n + 1, sizeof *next.items), 0};

	if (!next.items)
		return ERR_NOMEM;
	for (size_t i = 0; i < n_orders; i++) {
		const struct warrant *w = &orders->warrants.items[i];
		struct scope_warrant *s = &next.items[next.n];

		if (!set_key(s, w->agency, w->liid, strlen(w->liid)))
			continue;
		s->has_iri = warrant_delivers_iri(w);
		s->has_cc = warrant_delivers_cc(w);
		s->start = w->start;
		s->end = w->end;
		next.n++;
	}
	qsort(next.items, next.n, sizeof *next.items, compare);
	n_orders = next.n;
	for (size_t i = 0; i < scope->n; i++) {
		struct scope_warrant old = scope->items[i];

		if (find(&(struct scope){next.items, n_orders}, &old))
			continue;
		if (!old.is_gone) {
			old.is_gone = true;
			old.missed = now;
			if (old.end.ns > now.ns)
				old.end.ns = now.ns + NANOS_PER_S; /* clocks differ */
		}
		if (now.ns - old.missed.ns < nanos_from_s(SCOPE_GRACE_S).ns)
			next.items[next.n++] = old;
	}
	qsort(next.items, next.n, sizeof *next.items, compare);
	free(scope->items);
	*scope = next;
	return 0;
}

/* ---- the file ---- */

static int add_missed(struct withdrawn *all, const struct scope_warrant *w)
{
	struct missed *m = &all->warrants.items[all->warrants.n];

	*m = (struct missed){.agency = strdup(w->agency),
			     .liid = strndup((const char *)w->liid, w->liid_len),
			     .has_iri = w->has_iri,
			     .has_cc = w->has_cc,
			     .start = w->start,
			     .end = w->end,
			     .missed = w->missed};
	all->warrants.n++;
	return m->agency && m->liid ? 0 : ERR_NOMEM;
}

int scope_save(const struct scope *scope, const char *path, struct why *why)
{
	struct withdrawn all = {.warrants = {calloc(scope->n + 1, sizeof(struct missed)), 0}};
	struct wr w = wr_init(FILE_MAX);
	struct json j = json_of(&w);
	int rc = all.warrants.items ? 0 : ERR_NOMEM;

	for (size_t i = 0; i < scope->n && !rc; i++)
		if (scope->items[i].is_gone)
			rc = add_missed(&all, &scope->items[i]);
	if (!rc && all.warrants.n)
		rc = conf_print_json(&withdrawn_record, &all, &(struct conf_sight){0}, &j);
	if (!rc && all.warrants.n)
		rc = w.ok ? conf_file_save(path, w.bytes, w.len, why) : ERR_NOMEM;
	conf_fini(&withdrawn_record, &all);
	wr_fini(&w);
	return rc;
}

static int take_missed(struct scope *scope, const struct withdrawn *all)
{
	scope->items = calloc(all->warrants.n + 1, sizeof *scope->items);
	if (!scope->items)
		return ERR_NOMEM;
	for (size_t i = 0; i < all->warrants.n; i++) {
		const struct missed *m = &all->warrants.items[i];
		struct scope_warrant *w = &scope->items[scope->n];

		if (!set_key(w, m->agency, m->liid, strlen(m->liid)))
			continue;
		w->has_iri = m->has_iri;
		w->has_cc = m->has_cc;
		w->is_gone = true;
		w->start = m->start;
		w->end = m->end;
		w->missed = m->missed;
		scope->n++;
	}
	qsort(scope->items, scope->n, sizeof *scope->items, compare);
	return 0;
}

int scope_load(struct scope *scope, const char *path, struct why *why)
{
	struct wr w = wr_init(FILE_MAX);
	struct withdrawn all = {0};
	struct why absent;
	int rc;

	why_clear(&absent);
	rc = conf_file_read(path, &w, &absent);
	if (rc && rc != ERR_ABSENT && why)
		*why = absent;
	if (!rc) {
		rc = conf_parse_json(&withdrawn_record, (const char *)w.bytes, w.len, &all, why);
		if (rc)
			why_place(why, path);
		else
			rc = take_missed(scope, &all);
		conf_fini(&withdrawn_record, &all);
	} else if (rc == ERR_ABSENT) {
		rc = 0;
	}
	wr_fini(&w);
	return rc;
}

/* The time by which a record is judged. An aggregate is as old as its first part says. */
static bool time_of(const struct etsi_record *record, struct nanos *out)
{
	bool has_part = record->n_parts && record->part.has_time;

	*out = has_part ? record->part.time : record->time;
	return has_part || record->has_time;
}

/* Only the last moment of a warrant is beyond its packets and still a record's: its IRI END says
 * that it ended (docs/decisions/0032-iri-times.md). A TRI has no time of its own. */
static struct scope_window window_of(const struct scope_warrant *w, enum etsi_record_kind kind)
{
	struct scope_window window = {{w->start.ns - w->start.ns % NANOS_PER_US}, w->end};

	if (kind == ETSI_RECORD_TRI)
		return (struct scope_window){{INT64_MIN}, {INT64_MAX}};
	if (kind != ETSI_RECORD_CC && window.until.ns < INT64_MAX)
		window.until.ns++;
	return window;
}

static enum refusal check_kind(const struct scope_warrant *w, enum interface interface,
			       const struct etsi_record *record)
{
	bool is_cc = record->kind == ETSI_RECORD_CC, is_iri = record->kind == ETSI_RECORD_IRI;

	if (record->kind == ETSI_RECORD_HI1 || record->kind == ETSI_RECORD_OTHER)
		return REFUSAL_KIND;
	if ((is_cc && interface != INTERFACE_HI3) || (is_iri && interface != INTERFACE_HI2))
		return REFUSAL_INTERFACE;
	/* what is encrypted, or a TRI, is what its interface is for */
	if (interface == INTERFACE_HI2 ? !w->has_iri : !w->has_cc)
		return REFUSAL_KIND;
	return REFUSAL_NONE;
}

bool scope_knows(const struct scope *scope, const char *agency, const char *liid)
{
	struct scope_warrant key = {0};

	return set_key(&key, agency, liid, strlen(liid)) && find(scope, &key);
}

enum refusal scope_window(const struct scope *scope, const struct scope_place *place,
			  const struct etsi_record *record, struct scope_window *window)
{
	struct scope_warrant key = {0}, *w;
	bool is_over;

	if (!set_key(&key, place->agency->id, record->liid.bytes, record->liid.len))
		return REFUSAL_UNKNOWN_LIID;
	w = find(scope, &key);
	is_over = w && w->is_gone && place->now.ns - w->missed.ns >= nanos_from_s(SCOPE_GRACE_S).ns;
	if (!w || is_over)
		return REFUSAL_UNKNOWN_LIID;
	*window = window_of(w, record->kind);
	return check_kind(w, place->interface, record);
}

bool scope_may_change(enum refusal refusal, const struct etsi_record *record)
{
	struct nanos time;

	switch (refusal) {
	case REFUSAL_UNKNOWN_LIID:
		return true;
	case REFUSAL_KIND: /* to be delivered, or not */
		return record->kind != ETSI_RECORD_HI1 && record->kind != ETSI_RECORD_OTHER;
	case REFUSAL_OUT_OF_TIME:
		return time_of(record, &time);
	default:
		return false;
	}
}

enum refusal scope_check(const struct scope *scope, const struct scope_place *place,
			 const struct etsi_record *record)
{
	struct scope_window window;
	enum refusal refusal = scope_window(scope, place, record, &window);
	bool is_pcap = place->agency->deliver_as == AGENCY_DELIVERS_PCAP, has_time;
	struct nanos time = {0};

	if (refusal != REFUSAL_NONE)
		return refusal;
	has_time = time_of(record, &time) || record->kind == ETSI_RECORD_TRI;
	if (!has_time || !scope_window_has(&window, time))
		return REFUSAL_OUT_OF_TIME;
	if (is_pcap && (record->kind != ETSI_RECORD_CC || !record->part.content.bytes))
		return REFUSAL_NO_CAPTURE;
	return REFUSAL_NONE;
}
