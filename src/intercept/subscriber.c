/* Dynamic sessions: what RADIUS tells of a subscriber, for each mandate that names him. */
#include <stdlib.h>
#include <string.h>

#include "intercept/party.h"

/* An address of a subscriber that is wider than this is nobody's: a NAS errs, or lies. */
enum { LEAST_BITS_4 = 8, LEAST_BITS_6 = 16 };

struct session *subscriber_find(const struct intercept *i, const struct mandate *m,
				uint64_t access_id)
{
	uint64_t hash = lookup_spread(access_id);
	struct lookup_walk walk = lookup_first(&i->by_access, hash);
	uint32_t slot;

	while (lookup_next(&i->by_access, hash, &walk, &slot)) {
		if (i->sessions[slot]->mandate == m && i->sessions[slot]->access_id == access_id)
			return i->sessions[slot];
	}
	return NULL;
}

static uint64_t mix(uint64_t hash, struct access_text text)
{
	return text.bytes ? lookup_hash(hash, text.bytes, text.len) : hash;
}

/* By what a NAS calls the session, so that others who see it, or see it again, call it the same. */
static uint64_t identity_hash(const struct access_session *a)
{
	const struct net_ip *nas = a->nas.version ? &a->nas : &a->source;
	uint64_t hash = lookup_hash(0, nas->bytes, sizeof nas->bytes);

	hash = mix(hash, access_text(a, RADIUS_USER_NAME, 0));
	hash = mix(hash, access_text(a, RADIUS_ACCT_SESSION_ID, 0));
	return hash;
}

/* A dynamic session to be made. */
struct dynamic {
	uint64_t id;
	uint32_t cin;
	bool is_call;
};

static int restore(struct intercept *i, struct mandate *m, const struct dynamic *what,
		   struct session **out)
{
	struct session **last = &m->dynamics;
	struct why why;
	int rc = session_new(out, what->cin, what->id, what->is_call ? &i->calls : NULL);

	if (rc)
		return rc;
	why_clear(&why);
	(*out)->mandate = m;
	(*out)->slot = UINT32_MAX;
	rc = order_header(i, *out, &why);
	if (!rc)
		rc = order_slot(i, *out);
	if (!rc)
		rc = lookup_add(&i->by_access, lookup_spread(what->id), (*out)->slot);
	if (rc) {
		order_free_slot(i, *out);
		session_free(out);
		return rc;
	}
	/* calls are many and short: they come to the front */
	while (*last && !(*out)->call)
		last = &(*last)->next;
	(*out)->next = *last;
	*last = *out;
	return 0;
}

int subscriber_restore(struct intercept *i, struct mandate *m, uint64_t access_id, uint32_t cin,
		       struct session **out)
{
	return restore(i, m, &(struct dynamic){access_id, cin, false}, out);
}

int subscriber_restore_call(struct intercept *i, struct mandate *m, uint32_t number, uint32_t cin,
			    struct session **out)
{
	return restore(i, m, &(struct dynamic){SESSION_OF_CALL | number, cin, true}, out);
}

/* A session with a CIN of its own. */
static int add(struct intercept *i, struct mandate *m, const struct access_session *a,
	       struct session **out)
{
	uint32_t cin;
	int rc = mandate_take_cin(m, identity_hash(a), &cin);

	return rc ? rc : subscriber_restore(i, m, a->id, cin, out);
}

static bool is_among(const struct net_prefix *p, const struct net_prefix *all, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		if (p->bits == all[k].bits && p->ip.version == all[k].ip.version &&
		    !memcmp(p->ip.bytes, all[k].ip.bytes, sizeof p->ip.bytes))
			return true;
	}
	return false;
}

static int watch_prefix(struct intercept *i, const struct session *s, const struct net_prefix *p)
{
	const struct watch_target target = {*p, s->mandate->slot, s->slot};
	struct watch *watch = atomic_load(&i->watch);
	struct watch *retired;
	int rc = watch_add(&watch, &target, &retired);

	atomic_store(&i->watch, watch);
	if (retired)
		retire(i, retired, watch_release);
	return rc;
}

/* What is no longer its is unwatched, what is new watched; a change makes a new version. */
int subscriber_set_prefixes(struct intercept *i, struct session *s,
			    const struct net_prefix *prefixes, size_t n)
{
	bool is_changed = false;
	int rc = 0;

	for (size_t k = 0; k < s->n_prefixes; k++) {
		const struct watch_target old = {s->prefixes[k], s->mandate->slot, s->slot};

		if (is_among(&s->prefixes[k], prefixes, n))
			continue;
		is_changed = true;
		(void)watch_remove(atomic_load(&i->watch), &old);
	}
	for (size_t k = 0; k < n && !rc; k++) {
		if (is_among(&prefixes[k], s->prefixes, s->n_prefixes))
			continue;
		is_changed = true;
		rc = watch_prefix(i, s, &prefixes[k]);
	}
	if (!is_changed)
		return 0;
	atomic_fetch_add(&i->version, 1);
	return rc ? rc : session_set_prefixes(s, prefixes, n);
}

static int set_addresses(struct intercept *i, struct session *s, const struct access_session *a)
{
	struct net_prefix prefixes[ACCESS_MAX_ADDRESSES];
	size_t n = 0;

	for (uint32_t k = 0; k < a->n_addresses && n < ACCESS_MAX_ADDRESSES; k++) {
		const struct net_prefix *p = &a->addresses[k].prefix;

		if (p->bits < (p->ip.version == 4 ? LEAST_BITS_4 : LEAST_BITS_6))
			i->n_too_wide++;
		else if (!is_among(p, prefixes, n))
			prefixes[n++] = *p;
	}
	return subscriber_set_prefixes(i, s, prefixes, n);
}

int subscriber_watch(struct intercept *i)
{
	int rc = 0;

	for (uint32_t k = 0; k < i->n_sessions && !rc; k++) {
		const struct session *s = i->sessions[k];

		if (!s || !s->access_id)
			continue;
		for (size_t p = 0; p < s->n_prefixes && !rc; p++)
			rc = watch_prefix(i, s, &s->prefixes[p]);
	}
	return rc;
}

static void release(void *session)
{
	struct session *s = session;

	session_free(&s);
}

int subscriber_drop(struct intercept *i, struct session *s)
{
	struct session **link = &s->mandate->dynamics;
	int rc = subscriber_set_prefixes(i, s, NULL, 0);

	if (!rc)
		rc = check_end(i, s, i->latest_ns);
	while (*link != s)
		link = &(*link)->next;
	*link = s->next;
	lookup_remove(&i->by_access, lookup_spread(s->access_id), s->slot);
	order_free_slot(i, s);
	retire(i, s, release);
	return rc;
}

/* Interception begins: with the access itself, or with a session that was there before. */
static int begin(struct intercept *i, struct session *s, const struct access_session *a,
		 enum ipiri_event event, int64_t ns)
{
	int rc = vigil_end(i, s->mandate, ns);

	s->state = SESSION_BEGUN;
	s->mandate->counts.sessions++;
	return rc ? rc : tell(i, s, a, event, ns);
}

/* Its addresses, and since when it has any. */
static int give_addresses(struct intercept *i, struct session *s, const struct access_event *e)
{
	bool has_none = s->n_prefixes == 0;
	int rc = set_addresses(i, s, e->session);

	if (has_none && s->n_prefixes)
		s->since_ns = e->time.ns;
	return rc;
}

/* BEGIN, UPDATE and INTERIM: the session is there. */
static int go_on(struct intercept *i, struct mandate *m, struct session *s,
		 const struct access_event *e)
{
	int64_t ns = e->time.ns;
	bool is_in = mandate_covers(m, ns);
	bool is_new = !s || s->state == SESSION_IDLE;
	enum ipiri_event event = IPIRI_INTERIM;
	int rc = 0;

	if (ns >= m->end_ns || m->is_over)
		return s ? set_addresses(i, s, e->session) : 0;
	if (!s)
		rc = add(i, m, e->session, &s);
	if (!rc)
		rc = give_addresses(i, s, e);
	if (rc)
		return rc;
	if (!is_new)
		return is_in ? tell(i, s, e->session, event, ns) : 0;
	event = e->kind == ACCESS_BEGIN && e->cause != ACCESS_BY_MIDWAY && is_in
			? IPIRI_ACCEPT
			: IPIRI_START_ACTIVE;
	return begin(i, s, e->session, event, is_in ? ns : m->from_ns);
}

/* What an attempt comes to: the session that it may become keeps its CIN. */
static int attempt(struct intercept *i, struct mandate *m, struct session *s,
		   const struct access_event *e)
{
	static const enum ipiri_event events[] = {
		[ACCESS_ATTEMPT] = IPIRI_ATTEMPT,
		[ACCESS_REJECT] = IPIRI_REJECT,
		[ACCESS_FAILED] = IPIRI_FAILED,
	};
	int rc = 0;

	if (m->is_over || !mandate_covers(m, e->time.ns))
		return 0;
	if (!s)
		rc = add(i, m, e->session, &s);
	if (!rc)
		rc = tell(i, s, e->session, events[e->kind], e->time.ns);
	if (!rc && e->kind != ACCESS_ATTEMPT && s->state == SESSION_IDLE)
		rc = subscriber_drop(i, s);
	return rc;
}

static int end(struct intercept *i, struct session *s, const struct access_event *e)
{
	const struct mandate *m = s->mandate;
	bool is_expired = e->cause == ACCESS_BY_EXPIRED || e->cause == ACCESS_BY_EVICTED;
	int64_t ns = e->time.ns;
	int rc = 0, failed;

	if (s->state == SESSION_BEGUN && ns >= m->end_ns)
		rc = tell(i, s, e->session, IPIRI_END_ACTIVE, m->end_ns);
	else if (s->state == SESSION_BEGUN)
		rc = tell(i, s, e->session, is_expired ? IPIRI_EXPIRED : IPIRI_ACCESS_END, ns);
	failed = subscriber_drop(i, s);
	return rc ? rc : failed;
}

static int pass_on(struct intercept *i, struct mandate *m, const struct access_event *e)
{
	struct session *s = subscriber_find(i, m, e->session->id);

	if (!m->is_ordered || !m->is_started)
		return 0;
	switch (e->kind) {
	case ACCESS_ATTEMPT:
	case ACCESS_REJECT:
	case ACCESS_FAILED:
		return attempt(i, m, s, e);
	case ACCESS_BEGIN:
	case ACCESS_UPDATE:
	case ACCESS_INTERIM:
		return go_on(i, m, s, e);
	case ACCESS_END:
		return s ? end(i, s, e) : 0;
	default:
		return 0;
	}
}

static int add_found(struct intercept *i, struct mandate *m)
{
	struct mandate **more = i->found;

	for (size_t k = 0; k < i->n_found; k++) {
		if (i->found[k] == m)
			return 0;
	}
	if (i->n_found == i->found_size) {
		size_t size = i->found_size ? i->found_size * 2 : 16;

		more = reallocarray(more, size, sizeof(struct mandate *));
		if (!more)
			return ERR_NOMEM;
		i->found = more;
		i->found_size = size;
	}
	i->found[i->n_found++] = m;
	return 0;
}

static bool is_ignored(const struct intercept *i, struct access_text name)
{
	uint64_t hash = lookup_hash(TARGET_RADIUS_USER, name.bytes, name.len);
	struct lookup_walk walk = lookup_first(&i->ignored, hash);
	uint32_t k;

	while (lookup_next(&i->ignored, hash, &walk, &k)) {
		if (strlen(i->ignored_users[k]) == name.len &&
		    !memcmp(i->ignored_users[k], name.bytes, name.len))
			return true;
	}
	return false;
}

static int find_by(struct intercept *i, enum target_kind kind, struct access_text name)
{
	uint64_t hash = lookup_hash((uint64_t)kind, name.bytes, name.len);
	struct lookup_walk walk = lookup_first(&i->identities, hash);
	uint32_t slot;
	int rc = 0;

	while (!rc && lookup_next(&i->identities, hash, &walk, &slot)) {
		if (mandate_names(i->mandates[slot], kind, name.bytes, name.len))
			rc = add_found(i, i->mandates[slot]);
	}
	for (size_t k = 0; k < i->n_patterns && !rc; k++) {
		if (mandate_names(i->patterns[k], kind, name.bytes, name.len))
			rc = add_found(i, i->patterns[k]);
	}
	return rc;
}

static int slot_order(const void *a, const void *b)
{
	const struct mandate *x = *(const struct mandate *const *)a;
	const struct mandate *y = *(const struct mandate *const *)b;

	return x->slot < y->slot ? -1 : x->slot > y->slot;
}

/* Fills found with the mandates that name the subscriber. */
static int find_mandates(struct intercept *i, const struct access_session *a)
{
	static const struct {
		uint8_t type;
		enum target_kind kind;
	} names[] = {{RADIUS_USER_NAME, TARGET_RADIUS_USER},
		     {RADIUS_CALLING_STATION_ID, TARGET_CALLING_STATION}};
	int rc = 0;

	i->n_found = 0;
	for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
		struct access_text name;

		for (unsigned nth = 0; !rc; nth++) {
			name = access_text(a, names[k].type, nth);
			if (!name.bytes)
				break;
			if (names[k].kind != TARGET_RADIUS_USER || !is_ignored(i, name))
				rc = find_by(i, names[k].kind, name);
		}
	}
	return rc;
}

/* … and those that it has sessions of already. */
static int find_owners(struct intercept *i, uint64_t access_id)
{
	uint64_t hash = lookup_spread(access_id);
	struct lookup_walk walk = lookup_first(&i->by_access, hash);
	uint32_t slot;
	int rc = 0;

	while (!rc && lookup_next(&i->by_access, hash, &walk, &slot)) {
		if (i->sessions[slot]->access_id == access_id)
			rc = add_found(i, i->sessions[slot]->mandate);
	}
	return rc;
}

void subscriber_event(void *arg, const struct access_event *event)
{
	struct intercept *i = arg;
	int rc = find_mandates(i, event->session);

	if (!rc)
		rc = find_owners(i, event->session->id);
	if (i->n_found)
		qsort(i->found, i->n_found, sizeof(struct mandate *), slot_order);
	for (size_t k = 0; k < i->n_found && !rc; k++)
		rc = pass_on(i, i->found[k], event);
	i->event_rc = i->event_rc ? i->event_rc : rc;
}

/* A subscriber's session for a mandate, met while all are looked through. */
struct meeting {
	struct mandate *m;
	const struct access_session *a;
};

static int meeting_order(const void *a, const void *b)
{
	const struct meeting *x = a, *y = b;

	if (x->m->slot != y->m->slot)
		return x->m->slot < y->m->slot ? -1 : 1;
	return x->a->id < y->a->id ? -1 : x->a->id > y->a->id;
}

/* Those whose interception is due and has not begun. */
static int meet(struct intercept *i, struct meeting **out, size_t *n)
{
	const struct access_session *a = NULL;
	size_t size = 0;
	int rc = 0;

	while (!rc && (a = access_next(i->access, a))) {
		rc = find_mandates(i, a);
		for (size_t k = 0; k < i->n_found && !rc; k++) {
			struct mandate *m = i->found[k];
			struct meeting *more = *out;

			if (!m->is_ordered || !m->is_started || m->is_over ||
			    m->end_ns <= m->from_ns || subscriber_find(i, m, a->id))
				continue;
			if (*n == size) {
				size = size ? size * 2 : 64;
				more = reallocarray(more, size, sizeof *more);
			}
			if (!more)
				return ERR_NOMEM;
			*out = more;
			more[(*n)++] = (struct meeting){m, a};
		}
	}
	return rc;
}

int subscriber_scan(struct intercept *i)
{
	struct meeting *all = NULL;
	size_t n = 0;
	int rc = meet(i, &all, &n);

	if (n)
		qsort(all, n, sizeof *all, meeting_order);
	for (size_t k = 0; k < n && !rc; k++) {
		struct session *s;

		rc = add(i, all[k].m, all[k].a, &s);
		if (!rc)
			rc = set_addresses(i, s, all[k].a);
		if (!rc)
			rc = begin(i, s, all[k].a, IPIRI_START_ACTIVE, all[k].m->from_ns);
	}
	free(all);
	return rc;
}

/* Whether the mandate still names the subscriber; one that is not known any more it does not. */
static bool is_named(struct intercept *i, const struct mandate *m, const struct access_session *a)
{
	if (!a || find_mandates(i, a))
		return false;
	for (size_t k = 0; k < i->n_found; k++) {
		if (i->found[k] == m)
			return true;
	}
	return false;
}

int subscriber_end(struct intercept *i, struct mandate *m, bool is_all, int64_t ns)
{
	struct session *next;
	int rc = 0;

	for (struct session *s = m->dynamics; s; s = next) {
		const struct access_session *a = access_find(i->access, s->access_id);
		int failed = 0;

		next = s->next;
		if (s->access_id == VIGIL_ID) {
			if (is_all || !m->n_identities)
				failed = vigil_end(i, m, ns);
			rc = rc ? rc : failed;
			continue;
		}
		if (!is_all && (s->call ? party_is_wanted(i, s) : is_named(i, m, a)))
			continue;
		if (s->call)
			failed = party_end(i, s, ns);
		else if (s->state == SESSION_BEGUN)
			failed = tell(i, s, a, a || is_all ? IPIRI_END_ACTIVE : IPIRI_ACCESS_END,
				      ns);
		rc = rc ? rc : failed;
		failed = subscriber_drop(i, s);
		rc = rc ? rc : failed;
	}
	return rc;
}
