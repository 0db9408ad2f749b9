/* From orders to mandates: what is the same goes on, what is gone ends, what is new comes. */
#include <stdlib.h>
#include <string.h>

#include "intercept/count.h"
#include "intercept/party.h"

enum { MOST_SESSIONS = 1 << 24 };

void sight_free(void *thing)
{
	struct sight *sight = thing;

	if (!sight)
		return;
	access_servers_free(&sight->servers);
	access_servers_free(&sight->sip);
	free(sight->starts);
	free(sight);
}

int order_slot(struct intercept *i, struct session *s)
{
	struct session **sessions = i->sessions;
	uint32_t *slots = i->free_slots;

	if (i->n_free) {
		s->slot = i->free_slots[--i->n_free];
		sessions[s->slot] = s;
		return 0;
	}
	if (i->n_sessions == MOST_SESSIONS)
		return ERR_FULL;
	if ((i->n_sessions & (i->n_sessions - 1)) == 0) {
		size_t size = i->n_sessions ? (size_t)i->n_sessions * 2 : 1;

		sessions = reallocarray(sessions, size, sizeof(struct session *));
		i->sessions = sessions ? sessions : i->sessions;
		slots = reallocarray(slots, size, sizeof *slots);
		i->free_slots = slots ? slots : i->free_slots;
	}
	if (!sessions || !slots)
		return ERR_NOMEM;
	s->slot = i->n_sessions++;
	sessions[s->slot] = s;
	return 0;
}

void order_free_slot(struct intercept *i, struct session *s)
{
	if (!s || s->slot >= i->n_sessions || i->sessions[s->slot] != s)
		return;
	i->sessions[s->slot] = NULL;
	i->free_slots[i->n_free++] = s->slot;
	count_close(s);
}

static uint64_t key_hash(const char *key)
{
	return lookup_hash(0, key, strlen(key));
}

struct mandate *order_find(const struct intercept *i, const char *key)
{
	struct lookup_walk walk = lookup_first(&i->keys, key_hash(key));
	uint32_t slot;

	while (lookup_next(&i->keys, key_hash(key), &walk, &slot)) {
		if (!strcmp(i->mandates[slot]->key, key))
			return i->mandates[slot];
	}
	return NULL;
}

int order_mandate(struct intercept *i, const char *key, struct mandate **out)
{
	struct mandate **more = i->mandates;
	int rc;

	*out = order_find(i, key);
	if (*out)
		return 0;
	if ((i->n_mandates & (i->n_mandates - 1)) == 0) {
		more = reallocarray(more, i->n_mandates ? (size_t)i->n_mandates * 2 : 1,
				    sizeof(struct mandate *));
		if (!more)
			return ERR_NOMEM;
		i->mandates = more;
	}
	rc = mandate_new(out, key, i->n_mandates);
	if (!rc)
		rc = lookup_add(&i->keys, key_hash(key), i->n_mandates);
	if (rc) {
		mandate_free(out);
		return rc;
	}
	i->mandates[i->n_mandates++] = *out;
	return 0;
}

struct session *order_static(struct mandate *m, uint32_t cin)
{
	struct session *s = m->statics;

	while (s && s->cin != cin)
		s = s->next;
	return s;
}

int order_header(struct intercept *i, struct session *s, struct why *why)
{
	struct etsi_header header;
	void *old = NULL;
	int rc = mandate_header(s->mandate, s->cin, &header, why);

	if (!rc)
		rc = session_set_header(s, &header, &old);
	retire(i, old, free);
	return rc;
}

static int make_header(struct intercept *i, struct session *s, struct why *why)
{
	int rc = order_header(i, s, why);

	if (rc)
		return rc;
	party_restream(i, s);
	count_close(s); /* the network element may be another one */
	return 0;
}

static int make_headers(struct intercept *i, struct session *s, struct why *why)
{
	int rc = 0;

	for (; s && !rc; s = s->next)
		rc = make_header(i, s, why);
	return rc;
}

static int by_cin(const void *a, const void *b)
{
	const struct target *x = *(const struct target *const *)a;
	const struct target *y = *(const struct target *const *)b;

	if (x->cin != y->cin)
		return x->cin < y->cin ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* The targets by prefix, in the order of their CINs. */
static int sort_targets(const struct warrant *w, const struct target ***out, size_t *n)
{
	const struct target **sorted = calloc(w->targets.n + 1, sizeof(struct target *));

	*out = sorted;
	*n = 0;
	if (!sorted)
		return ERR_NOMEM;
	for (size_t k = 0; k < w->targets.n; k++) {
		if (target_kind(&w->targets.items[k]) == TARGET_PREFIX)
			sorted[(*n)++] = &w->targets.items[k];
	}
	qsort(sorted, *n, sizeof *sorted, by_cin);
	return 0;
}

static int leave(struct intercept *i, struct session *s, int64_t now_ns)
{
	bool has_begun = s->state == SESSION_BEGUN;
	int64_t end_ns = s->mandate->end_ns < now_ns ? s->mandate->end_ns : now_ns;

	int rc = has_begun ? tell_static(i, s, IPIRI_END_ACTIVE, end_ns) : 0;

	s->state = SESSION_GONE;
	return rc ? rc : check_end(i, s, end_ns);
}

/* The static session with this CIN at its place in the list, from *link on; those before it are
 * not named any more. */
static int reach(struct intercept *i, struct mandate *m, struct session ***link, uint32_t cin,
		 int64_t now_ns)
{
	struct session *s;
	int rc = 0;

	while (**link && (**link)->cin < cin && !rc) {
		rc = leave(i, **link, now_ns);
		*link = &(**link)->next;
	}
	if (rc || (**link && (**link)->cin == cin)) {
		if (!rc && (**link)->state == SESSION_GONE)
			(**link)->state = SESSION_IDLE;
		return rc;
	}
	rc = session_new(&s, cin, 0, NULL);
	if (rc)
		return rc;
	s->mandate = m;
	s->slot = UINT32_MAX;
	s->next = **link;
	**link = s;
	return order_slot(i, s);
}

static int set_statics(struct intercept *i, struct mandate *m, const struct warrant *w,
		       const struct order *order)
{
	const struct target **sorted;
	struct session **link = &m->statics;
	struct net_prefix *prefixes = calloc(w->targets.n + 1, sizeof *prefixes);
	size_t n, last = 0;
	int rc = sort_targets(w, &sorted, &n);

	if (!prefixes)
		rc = ERR_NOMEM;
	for (size_t k = 0; k < n && !rc; k = last) {
		size_t n_prefixes = 0;

		for (last = k; last < n && sorted[last]->cin == sorted[k]->cin; last++)
			prefixes[n_prefixes++] = sorted[last]->prefix;
		rc = reach(i, m, &link, (uint32_t)sorted[k]->cin, order->now_ns);
		if (!rc)
			rc = session_set_prefixes(*link, prefixes, n_prefixes);
		if (!rc && !(*link)->header)
			rc = make_header(i, *link, order->why);
		if (!rc)
			link = &(*link)->next;
	}
	for (; *link && !rc; link = &(*link)->next)
		rc = leave(i, *link, order->now_ns);
	free(sorted);
	free(prefixes);
	return rc;
}

/* Its time was moved: what is not due any more ends, and may begin again. */
static int set_term(struct intercept *i, struct mandate *m, int64_t now_ns)
{
	bool is_early = m->is_started && m->start_ns > i->latest_ns;
	bool is_back = m->is_over && m->end_ns > now_ns;
	int rc = 0;

	if (is_early && !m->is_over)
		rc = term_end(i, m, now_ns);
	if (is_early || is_back) {
		m->is_started = m->is_over = false;
		m->known_ns = now_ns;
	}
	return rc;
}

/* Checks that are open are ended as they were begun. */
static int set_plan(struct intercept *i, const struct order *order, const struct warrant *w,
		    struct mandate *m)
{
	const struct orders *orders = order->orders;
	const struct agency *a = &orders->agencies.items[orders_agency(orders, w)];
	struct integrity_plan *plan;
	int rc = 0;

	if (a->sign_count && !i->options.signer && !i->options.is_live)
		return why_set(order->why, ERR_USAGE,
			       "agency %s asks for signatures, and there is no key to sign with",
			       a->id);
	rc = mandate_plan(a, i->options.signer, &plan);
	if (rc || mandate_has_plan(m, plan)) {
		free(plan);
		return rc;
	}
	rc = check_end_all(i, m, order->now_ns);
	free(m->plan);
	m->plan = plan;
	return rc;
}

static int set_mandate(struct intercept *i, const struct order *order, const struct warrant *w,
		       struct mandate *m)
{
	struct mandate_change change;
	int rc = set_plan(i, order, w, m);

	if (!rc)
		rc = mandate_set(m, order->orders, w, i->options.network_element, &change);
	if (rc)
		return rc;
	retire(i, change.key, mandate_free_key);
	if (!rc)
		rc = desk_of(i, w->agency, &m->desk, order->why);
	if (!rc && change.has_terms)
		rc = make_headers(i, m->dynamics, order->why);
	if (!rc && change.has_terms)
		rc = make_headers(i, m->statics, order->why);
	if (!rc)
		rc = set_term(i, m, order->now_ns);
	return rc ? rc : set_statics(i, m, w, order);
}

static bool is_as_loaded(const struct session *s)
{
	while (s && s->next_iri == s->loaded_iri && s->next_cc == s->loaded_cc)
		s = s->next;
	return !s;
}

/* When its interception ended at the latest: what was withdrawn while nothing ran, and brought
 * nothing since, when it ran last. */
static int64_t last_moment(const struct intercept *i, const struct mandate *m, int64_t now_ns)
{
	bool is_idle = m->is_loaded && is_as_loaded(m->statics) && is_as_loaded(m->dynamics);

	if (!is_idle || !i->options.alive.ns || i->options.alive.ns > now_ns)
		return now_ns;
	return i->options.alive.ns > m->from_ns ? i->options.alive.ns : m->from_ns;
}

/* Its warrant is not in the orders any more. */
static int withdraw(struct intercept *i, struct mandate *m, int64_t now_ns)
{
	int rc = term_end(i, m, last_moment(i, m, now_ns));

	m->is_ordered = m->is_started = m->is_over = false;
	for (struct session *s = m->statics; s; s = s->next)
		s->state = SESSION_GONE;
	return rc;
}

static int set_mandates(struct intercept *i, const struct order *order)
{
	const struct orders *orders = order->orders;
	struct mandate **ordered = calloc(orders->warrants.n + 1, sizeof(struct mandate *));
	char key[ORDERS_KEY_LEN];
	int rc = ordered ? 0 : ERR_NOMEM;

	for (size_t k = 0; k < orders->warrants.n && !rc; k++) {
		warrant_key(&orders->warrants.items[k], key);
		rc = order_mandate(i, key, &ordered[k]);
	}
	for (size_t k = 0; k < i->n_ordered && !rc; k++)
		i->ordered[k]->is_ordered = false;
	for (size_t k = 0; k < orders->warrants.n && !rc; k++)
		ordered[k]->is_ordered = true;
	for (size_t k = 0; k < i->n_ordered && !rc; k++) {
		if (!i->ordered[k]->is_ordered)
			rc = withdraw(i, i->ordered[k], order->now_ns);
	}
	if (rc) {
		free(ordered);
		return rc;
	}
	free(i->ordered);
	i->ordered = ordered;
	i->n_ordered = orders->warrants.n;
	for (size_t k = 0; k < i->n_ordered && !rc; k++) {
		struct mandate *m = ordered[k];

		if (!m->is_started)
			m->known_ns = order->now_ns;
		rc = set_mandate(i, order, &orders->warrants.items[k], m);
	}
	return rc;
}

static int index_identities(struct intercept *i)
{
	int rc = 0;

	lookup_fini(&i->identities);
	free(i->patterns);
	i->n_patterns = 0;
	i->patterns = calloc(i->n_ordered + 1, sizeof(struct mandate *));
	if (!i->patterns)
		return ERR_NOMEM;
	for (size_t k = 0; k < i->n_ordered; k++) {
		struct mandate *m = i->ordered[k];
		bool has_pattern = false;

		for (size_t n = 0; n < m->n_identities && !rc; n++) {
			const struct identity *id = &m->identities[n];

			if (warrant_identity_is_exact(id->text))
				rc = lookup_add(
					&i->identities,
					lookup_hash((uint64_t)id->kind, id->text, strlen(id->text)),
					m->slot);
			else
				has_pattern = true;
		}
		if (has_pattern)
			i->patterns[i->n_patterns++] = m;
	}
	return rc;
}

static int set_ignored(struct intercept *i, const struct orders *orders)
{
	size_t n = orders->radius_ignored_users.n;
	char **users = calloc(n + 1, sizeof *users);
	int rc = users ? 0 : ERR_NOMEM;

	lookup_fini(&i->ignored);
	for (size_t k = 0; k < i->n_ignored; k++)
		free(i->ignored_users[k]);
	free(i->ignored_users);
	i->ignored_users = users;
	i->n_ignored = 0;
	for (size_t k = 0; k < n && !rc; k++) {
		const char *user = orders->radius_ignored_users.items[k];

		users[k] = strdup(user);
		rc = users[k] ? lookup_add(&i->ignored,
					   lookup_hash(TARGET_RADIUS_USER, user, strlen(user)),
					   (uint32_t)k)
			      : ERR_NOMEM;
		i->n_ignored += users[k] != NULL;
	}
	return rc;
}

static int make_watch(struct intercept *i, struct watch **out, struct why *why)
{
	struct watch_target *targets;
	size_t n = 0, filled = 0;
	int rc;

	for (size_t k = 0; k < i->n_ordered; k++) {
		for (const struct session *s = i->ordered[k]->statics; s; s = s->next)
			n += s->state == SESSION_GONE ? 0 : s->n_prefixes;
	}
	targets = calloc(n + 1, sizeof *targets);
	if (!targets)
		return ERR_NOMEM;
	for (size_t k = 0; k < i->n_ordered; k++) {
		for (const struct session *s = i->ordered[k]->statics; s; s = s->next) {
			for (size_t p = 0; s->state != SESSION_GONE && p < s->n_prefixes; p++)
				targets[filled++] = (struct watch_target){
					s->prefixes[p], i->ordered[k]->slot, s->slot};
		}
	}
	rc = watch_new(out, targets, n);
	free(targets);
	if (rc == ERR_FULL)
		why_set(why, rc, "the orders name more than %d targets", WATCH_MAX_TARGETS);
	return rc;
}

/* The servers of one kind; NULL where there are none. */
static int find_servers(const struct orders *orders, enum core_server_kind kind,
			struct access_servers **out)
{
	struct access_server *servers = calloc(orders->core_servers.n + 1, sizeof *servers);
	size_t n = 0;
	int rc = 0;

	*out = NULL;
	if (!servers)
		return ERR_NOMEM;
	for (size_t k = 0; k < orders->core_servers.n; k++) {
		const struct core_server *s = &orders->core_servers.items[k];
		struct conf_ports ports = core_server_ports(s);

		if (s->kind == (int)kind)
			servers[n++] = (struct access_server){s->address, ports.first, ports.last};
	}
	if (n)
		rc = access_servers_new(out, servers, n);
	free(servers);
	return rc;
}

static int make_sight(struct intercept *i, const struct orders *orders, struct sight **out)
{
	struct sight *sight = calloc(1, sizeof *sight);
	bool has_calls = atomic_load(&i->voip);
	int rc = sight ? find_servers(orders, CORE_RADIUS, &sight->servers) : ERR_NOMEM;

	if (!rc && has_calls)
		rc = find_servers(orders, CORE_SIP, &sight->sip);
	if (!rc) {
		sight->is_sip_anywhere = has_calls && orders->operator.sip_anywhere;
		sight->starts = calloc(i->n_by_start + 1, sizeof *sight->starts);
		rc = sight->starts ? 0 : ERR_NOMEM;
	}
	for (size_t k = 0; k < i->n_by_start && !rc; k++)
		sight->starts[sight->n_starts++] = i->by_start[k]->start_ns;
	if (rc) {
		sight_free(sight);
		sight = NULL;
	}
	*out = sight;
	return rc;
}

/* Dynamic sessions of mandates that do not name them any more end. */
static int end_unnamed(struct intercept *i, int64_t now_ns)
{
	int rc = 0;

	for (size_t k = 0; k < i->n_ordered && !rc; k++) {
		struct mandate *m = i->ordered[k];

		if (m->is_started && i->options.is_live)
			m->from_ns = now_ns;
		if (m->dynamics)
			rc = subscriber_end(i, m, false, now_ns);
	}
	return rc;
}

int order_set(struct intercept *i, const struct order *order)
{
	struct watch *watch = NULL;
	struct sight *sight = NULL;
	int rc = set_ignored(i, order->orders);

	if (!rc)
		rc = set_mandates(i, order);
	if (!rc)
		rc = index_identities(i);
	if (!rc)
		rc = party_set(i, order->orders);
	if (!rc)
		rc = end_unnamed(i, order->now_ns);
	if (!rc)
		rc = term_sort(i);
	if (!rc)
		rc = make_sight(i, order->orders, &sight);
	if (!rc)
		rc = make_watch(i, &watch, order->why);
	if (rc) {
		sight_free(sight);
		return rc;
	}
	retire(i, atomic_exchange(&i->watch, watch), watch_release);
	retire(i, atomic_exchange(&i->sight, sight), sight_free);
	rc = subscriber_watch(i);
	atomic_fetch_add(&i->version, 1);
	return rc;
}
