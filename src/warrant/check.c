#include "warrant/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etsi/seal.h"
#include "warrant/key.h"

struct sorting {
	key_order_fn order;
	const char *items;
	size_t size; /* of an item */
};

static int order_of(const struct sorting *s, size_t i, size_t j)
{
	return s->order(s->items + i * s->size, s->items + j * s->size);
}

/* Equal items keep the order of the document, so that the later one is at fault. */
static int by_order(const void *a, const void *b, void *arg)
{
	size_t i = *(const size_t *)a;
	size_t j = *(const size_t *)b;
	int order = order_of(arg, i, j);

	return order ? order : i < j ? -1 : i > j;
}

enum { TWIN_NONE, TWIN_FOUND, TWIN_NO_MEMORY };

/* Two equal items among n: the first such pair in sorted order. */
static int find_twins(struct sorting sorting, size_t n, size_t twins[2])
{
	size_t *index = n > 1 ? calloc(n, sizeof *index) : NULL;
	int found = TWIN_NONE;

	if (n < 2)
		return TWIN_NONE;
	if (!index)
		return TWIN_NO_MEMORY;
	for (size_t i = 0; i < n; i++)
		index[i] = i;
	qsort_r(index, n, sizeof *index, by_order, &sorting);
	for (size_t i = 1; i < n && found == TWIN_NONE; i++) {
		if (order_of(&sorting, index[i - 1], index[i]))
			continue;
		twins[0] = index[i - 1];
		twins[1] = index[i];
		found = TWIN_FOUND;
	}
	free(index);
	return found;
}

static int target_order(const void *x, const void *y)
{
	const struct target *a = x;
	const struct target *b = y;
	enum target_kind kind = target_kind(a);

	if (kind != target_kind(b))
		return kind < target_kind(b) ? -1 : 1;
	if (kind != TARGET_PREFIX)
		return strcmp(target_text(a), target_text(b));
	if (a->prefix.ip.version != b->prefix.ip.version)
		return a->prefix.ip.version - b->prefix.ip.version;
	if (a->prefix.bits != b->prefix.bits)
		return a->prefix.bits - b->prefix.bits;
	return memcmp(a->prefix.ip.bytes, b->prefix.ip.bytes, sizeof a->prefix.ip.bytes);
}

__attribute__((format(printf, 2, 3))) static void blame(struct conf_fault *fault,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fault->path, sizeof fault->path, format, args);
	va_end(args);
}

__attribute__((format(printf, 3, 4))) static bool fail(struct conf_fault *fault, const char *path,
						       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fault->text, sizeof fault->text, format, args);
	va_end(args);
	if (path)
		snprintf(fault->path, sizeof fault->path, "%s", path);
	return false;
}

static bool out_of_memory(struct conf_fault *fault)
{
	fault->is_unknown = true;
	return fail(fault, NULL, "no memory to check this");
}

static bool is_for(const struct conf_fault *fault, unsigned whom)
{
	return !fault->whom || (fault->whom & whom);
}

/* Orders and records mean the same by a cipher. */
#define X(name, value, key_len, text) _Static_assert((int)ORDERS_CIPHER_##name == (value), text);
SEAL_CIPHERS(X)
#undef X

static size_t cipher_key_len(int cipher)
{
	switch (cipher) {
#define X(name, value, key_len, text)                                                              \
	case (value):                                                                              \
		return key_len;
		SEAL_CIPHERS(X)
#undef X
	default:
		return 0;
	}
}

/* A key that is there has its cipher's length. */
static bool key_fits(int cipher, const struct conf_key *key, struct conf_fault *fault)
{
	size_t len = cipher_key_len(cipher);

	if (key->len == len || !key->len)
		return true;
	if (!len)
		return fail(fault, "encryption_key", "is given, but encryption is none");
	return fail(fault, "encryption_key", "has %u octets; the cipher's key has %zu", key->len,
		    len);
}

static bool agency_is_reached(const struct agency *a, struct conf_fault *fault)
{
	bool is_pdu = a->deliver_as == AGENCY_DELIVERS_PS_PDU;

	if (is_pdu && !a->hi2.version)
		return fail(fault, "hi2", "is missing; deliver_as ps-pdu needs it");
	if (is_pdu && !a->hi3.version)
		return fail(fault, "hi3", "is missing; deliver_as ps-pdu needs it");
	if (a->keepalive_interval.ns && a->keepalive_wait.ns >= a->keepalive_interval.ns)
		return fail(fault, "keepalive_wait", "is not below keepalive_interval");
	return true;
}

/* Prefixes and habits are of a country. */
bool operator_check(const void *record, struct conf_fault *fault)
{
	const struct operator* o = record;

	if (o->country_code || !is_for(fault, ORDERS_FOR_COLLECTOR))
		return true;
	if (o->national_prefix)
		return fail(fault, "national_prefix", "needs country_code");
	if (o->bare_country_code)
		return fail(fault, "bare_country_code", "needs country_code");
	return true;
}

bool agency_check(const void *agency, struct conf_fault *fault)
{
	const struct agency *a = agency;

	if (is_for(fault, ORDERS_FOR_MEDIATOR) && !agency_is_reached(a, fault))
		return false;
	if (!is_for(fault, ORDERS_FOR_COLLECTOR))
		return true;
	if (a->deliver_as == AGENCY_DELIVERS_PCAP && a->encryption != ORDERS_CIPHER_NONE)
		return fail(fault, "encryption", "has no place in captures (deliver_as pcap)");
	if (a->deliver_as == AGENCY_DELIVERS_PCAP && a->integrity != AGENCY_INTEGRITY_NONE)
		return fail(fault, "integrity", "has no place in captures (deliver_as pcap)");
	if (a->sign_count && a->integrity == AGENCY_INTEGRITY_NONE)
		return fail(fault, "sign_count", "needs integrity: signatures are over its checks");
	if (a->encryption != ORDERS_CIPHER_NONE && !a->encryption_key.len)
		return fail(fault, "encryption_key",
			    "is missing; encryption needs a key of %zu "
			    "octets",
			    cipher_key_len(a->encryption));
	return key_fits(a->encryption, &a->encryption_key, fault);
}

bool target_check(const void *target, struct conf_fault *fault)
{
	const struct target *t = target;
	bool has_prefix = t->prefix.ip.version;
	int n = has_prefix + (t->radius_user != NULL) + (t->calling_station != NULL) +
		(t->sip_uri != NULL) + (t->phone != NULL);

	if (n != 1)
		return fail(fault, "",
			    "a target has exactly one of prefix, radius_user, "
			    "calling_station, sip_uri, phone");
	if (has_prefix && t->cin == CONF_NO_INT)
		return fail(fault, "", "\"cin\" is missing; prefix needs it");
	if (!has_prefix && t->cin != CONF_NO_INT)
		return fail(fault, "cin", "belongs to prefix; sessions and calls get theirs");
	return true;
}

/* Twins among a warrant's targets. */
static bool blame_target(const struct warrant *w, const size_t twins[2], struct conf_fault *fault)
{
	static const char *const fields[] = {
#define X(name, field, server) #field,
		TARGET_KINDS(X)
#undef X
	};
	const struct target *t = &w->targets.items[twins[1]];
	char room[NET_IP_TEXT_LEN] = "";
	const char *text = target_text(t);

	if (target_kind(t) == TARGET_PREFIX)
		net_prefix_print(&t->prefix, room);
	blame(fault, "targets[%zu].%s", twins[1], fields[target_kind(t)]);
	return fail(fault, NULL, "%.80s is listed already, as targets[%zu]", text ? text : room,
		    twins[0]);
}

/* A cipher and a key of its own belong together; a key alone is for the agency's cipher, whose
 * length orders_check knows. */
static bool warrant_key_fits(const struct warrant *w, struct conf_fault *fault)
{
	return w->encryption == ORDERS_CIPHER_AS_AGENCY ||
	       key_fits(w->encryption, &w->encryption_key, fault);
}

bool warrant_check(const void *record, struct conf_fault *fault)
{
	const struct warrant *w = record;
	size_t twins[2];
	int found;

	if (w->start.ns >= w->end.ns)
		return fail(fault, "end", "is not after the warrant's start");
	if (!is_for(fault, ORDERS_FOR_COLLECTOR))
		return true;
	if (!warrant_key_fits(w, fault))
		return false;
	found = find_twins((struct sorting){target_order, (const char *)w->targets.items,
					    sizeof(struct target)},
			   w->targets.n, twins);
	if (found == TWIN_NO_MEMORY)
		return out_of_memory(fault);
	return found == TWIN_NONE || blame_target(w, twins, fault);
}

/* Agencies by id, so that each warrant's is found among a thousand. */
struct directory {
	const struct agency **by_id;
	size_t n;
};

static int by_id(const void *a, const void *b)
{
	return strcmp((*(const struct agency *const *)a)->id,
		      (*(const struct agency *const *)b)->id);
}

static int id_is(const void *name, const void *agency)
{
	return strcmp(name, (*(const struct agency *const *)agency)->id);
}

static const struct agency *find_agency(const struct directory *d, const char *id)
{
	const struct agency **at =
		d->n ? bsearch(id, d->by_id, d->n, sizeof(struct agency *), id_is) : NULL;

	return at ? *at : NULL;
}

/* What must hold between a warrant and its agency. */
static bool warrant_suits(const struct warrant *w, const struct agency *a, struct conf_fault *fault)
{
	const struct conf_key *key;
	enum orders_cipher cipher = warrant_cipher(w, a, &key);

	if (cipher == ORDERS_CIPHER_NONE)
		return !w->encryption_key.len ||
		       fail(fault, "encryption_key", "is given, but encryption is none");
	if (a->deliver_as == AGENCY_DELIVERS_PCAP)
		return fail(fault, "encryption", "has no place in captures, as \"%s\" wants them",
			    a->id);
	if (!key->len)
		return fail(fault, "encryption_key", "is missing here and at the agency");
	return key_fits(cipher, key, fault);
}

/* What tells of targets of each kind: one bit a kind of core server. */
static unsigned kinds_heard(const struct orders *orders)
{
	unsigned heard = orders->operator.sip_anywhere ? 1u << CORE_SIP : 0;

	for (size_t i = 0; i < orders->core_servers.n; i++)
		heard |= 1u << orders->core_servers.items[i].kind;
	return heard;
}

static int server_of(const struct target *t)
{
	static const int servers[] = {
#define X(name, field, server) [TARGET_##name] = (server),
		TARGET_KINDS(X)
#undef X
	};

	return servers[target_kind(t)];
}

/* A beginning of a number is one only by the operator's plan. */
static bool target_is_plain(const struct orders *orders, const struct target *t,
			    struct conf_fault *fault)
{
	struct identity_pattern pattern;
	struct orders_plan plan;
	struct why why;

	if (!t->sip_uri)
		return true;
	why_clear(&why);
	orders_plan_of(&orders->operator, & plan);
	return identity_pattern_sip(&plan.plan, t->sip_uri, &pattern, &why) == 0 ||
	       fail(fault, NULL, "sip_uri: %.80s %s", t->sip_uri, why.text);
}

static bool targets_are_heard(const struct orders *orders, const struct warrant *w,
			      struct conf_fault *fault)
{
	unsigned heard = kinds_heard(orders);

	for (size_t i = 0; i < w->targets.n; i++) {
		const struct target *t = &w->targets.items[i];
		int server = server_of(t);

		blame(fault, "targets[%zu]", i);
		if (server == CORE_RADIUS && !(heard & 1u << server))
			return fail(fault, NULL,
				    "needs RADIUS, but core_servers names no such server");
		if (server == CORE_SIP && !(heard & 1u << server))
			return fail(fault, NULL,
				    "needs SIP, but core_servers names no such server, and "
				    "sip_anywhere is not set");
		if (!target_is_plain(orders, t, fault))
			return false;
	}
	return true;
}

static bool check_warrant(const struct orders *orders, const struct directory *d, size_t i,
			  struct conf_fault *fault)
{
	const struct warrant *w = &orders->warrants.items[i];
	const struct agency *a = find_agency(d, w->agency);
	struct conf_fault inner = {.whom = fault->whom};
	bool is_well = a ? true : fail(&inner, "agency", "no agency has the id \"%s\"", w->agency);

	if (is_well && is_for(fault, ORDERS_FOR_COLLECTOR))
		is_well = warrant_suits(w, a, &inner) && targets_are_heard(orders, w, &inner);
	if (is_well)
		return true;
	blame(fault, "warrants[%zu].%.*s", i, CONF_PATH_LEN - 40, inner.path);
	return fail(fault, NULL, "%s", inner.text);
}

static bool warrants_suit(const struct orders *orders, struct conf_fault *fault)
{
	struct directory d = {calloc(orders->agencies.n + 1, sizeof(struct agency *)),
			      orders->agencies.n};
	bool is_well = true;

	if (!d.by_id)
		return out_of_memory(fault);
	for (size_t i = 0; i < d.n; i++)
		d.by_id[i] = &orders->agencies.items[i];
	qsort(d.by_id, d.n, sizeof *d.by_id, by_id);
	for (size_t i = 0; is_well && i < orders->warrants.n; i++)
		is_well = check_warrant(orders, &d, i, fault);
	free(d.by_id);
	return is_well;
}

/* Each agency has a mediator, where there are any. */
static bool mediators_suit(const struct orders *orders, struct conf_fault *fault)
{
	size_t n = orders->mediators.n;

	for (size_t i = 0; i < orders->agencies.n; i++) {
		const char *name = orders->agencies.items[i].mediator;

		if (name ? orders_mediator(orders, &orders->agencies.items[i]) < n : n < 2)
			continue;
		blame(fault, "agencies[%zu].mediator", i);
		if (name)
			return fail(fault, NULL, "no mediator has the name \"%s\"", name);
		return fail(fault, NULL, "is missing; there are %zu to choose from", n);
	}
	return true;
}

static bool is_unique(const struct orders *orders, const struct conf_field *list,
		      struct conf_fault *fault)
{
	const struct key *key = key_of(list);
	size_t twins[2];
	int found = find_twins((struct sorting){key->order, conf_list_of(list, orders)->items,
						conf_item_size(list)},
			       conf_list_n(list, orders), twins);

	if (found == TWIN_NONE)
		return true;
	if (found == TWIN_NO_MEMORY)
		return out_of_memory(fault);
	blame(fault, "%s[%zu]%s", list->name, twins[1], key->field);
	return fail(fault, NULL, "is %s %s[%zu] too", key->what, list->name, twins[0]);
}

static bool keys_are_unique(const struct orders *orders, struct conf_fault *fault)
{
	for (size_t i = 0; i < orders_record.n_fields; i++) {
		const struct conf_field *field = &orders_record.fields[i];

		if (field->is_list && !is_unique(orders, field, fault))
			return false;
	}
	return true;
}

bool orders_check(const void *record, struct conf_fault *fault)
{
	const struct orders *orders = record;

	return keys_are_unique(orders, fault) &&
	       (!is_for(fault, ORDERS_FOR_COLLECTOR) || mediators_suit(orders, fault)) &&
	       warrants_suit(orders, fault);
}
