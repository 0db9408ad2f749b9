#include "mediation/scope.h"

#include <stdlib.h>
#include <string.h>

#include "etsi/header.h"

enum { AGENCY_SIZE = 65 };

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
			old.end = old.end.ns < now.ns ? old.end : now;
		}
		if (now.ns - old.missed.ns < nanos_from_s(SCOPE_GRACE_S).ns)
			next.items[next.n++] = old;
	}
	qsort(next.items, next.n, sizeof *next.items, compare);
	free(scope->items);
	*scope = next;
	return 0;
}

/* The time by which a record is judged. An aggregate is as old as its first part says. */
static bool time_of(const struct etsi_record *record, struct nanos *out)
{
	bool has_part = record->n_parts && record->part.has_time;

	*out = has_part ? record->part.time : record->time;
	return has_part || record->has_time;
}

/* Only the last moment of a warrant is beyond its packets and still a record's: its IRI END says
 * that it ended (docs/decisions/0032-iri-times.md). A warrant that was taken away ended when the
 * provisioner said so, on clocks that differ: what comes in its grace was made before. */
static bool is_in_time(const struct scope_warrant *w, const struct etsi_record *record)
{
	struct nanos time;
	bool is_closing = record->kind != ETSI_RECORD_CC;

	if (!time_of(record, &time) || time.ns < w->start.ns - w->start.ns % NANOS_PER_US)
		return false;
	return w->is_gone ? time.ns <= w->missed.ns + nanos_from_s(1).ns
			  : time.ns < w->end.ns || (is_closing && time.ns == w->end.ns);
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

enum refusal scope_check(const struct scope *scope, const struct agency *agency,
			 enum interface interface, const struct etsi_record *record,
			 struct nanos now)
{
	struct scope_warrant key = {0}, *w;
	enum refusal refusal;

	if (!set_key(&key, agency->id, record->liid.bytes, record->liid.len))
		return REFUSAL_UNKNOWN_LIID;
	w = find(scope, &key);
	if (!w || (w->is_gone && now.ns - w->missed.ns >= nanos_from_s(SCOPE_GRACE_S).ns))
		return REFUSAL_UNKNOWN_LIID;
	refusal = check_kind(w, interface, record);
	if (refusal != REFUSAL_NONE)
		return refusal;
	if (record->kind != ETSI_RECORD_TRI && !is_in_time(w, record))
		return REFUSAL_OUT_OF_TIME;
	if (agency->deliver_as == AGENCY_DELIVERS_PCAP &&
	    (record->kind != ETSI_RECORD_CC || !record->part.content.bytes))
		return REFUSAL_NO_CAPTURE;
	return REFUSAL_NONE;
}
