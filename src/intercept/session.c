#include "intercept/session.h"

#include <stdlib.h>
#include <string.h>

/* What is filled while the orders are walked. */
struct build {
	struct sessions *s;
	const struct orders *orders;
	struct watch_target *targets;
	size_t n_targets;
	const struct target **by_cin; /* of the warrant in hand */
};

static int cin_order(const void *a, const void *b)
{
	const struct target *x = *(const struct target *const *)a;
	const struct target *y = *(const struct target *const *)b;

	if (x->cin != y->cin)
		return x->cin < y->cin ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int start_order(const void *a, const void *b)
{
	const struct session *x = *(const struct session *const *)a;
	const struct session *y = *(const struct session *const *)b;

	if (x->warrant->start.ns != y->warrant->start.ns)
		return x->warrant->start.ns < y->warrant->start.ns ? -1 : 1;
	return x < y ? -1 : x > y;
}

static struct etsi_address address_of(const struct net_prefix *prefix)
{
	struct etsi_address a = {
		.version = prefix->ip.version, .prefix_len = prefix->bits, .assignment = IP_STATIC};

	memcpy(a.bits, prefix->ip.bytes, sizeof a.bits);
	return a;
}

static int init_session(struct session *s, const struct build *b, uint32_t warrant, uint32_t cin,
			struct why *why)
{
	const struct warrant *w = &b->orders->warrants.items[warrant];
	const struct etsi_stream stream = {
		.liid = w->liid,
		.authorization_country = w->authorization_country,
		.operator_id = b->orders->operator.id,
		.network_element = b->orders->operator.network_element,
		.delivery_country = w->delivery_country,
		.cin = cin,
	};

	s->warrant = w;
	s->warrant_index = warrant;
	s->agency = (uint32_t)orders_agency(b->orders, w);
	s->cin = cin;
	s->addresses = &b->s->addresses[b->n_targets];
	return etsi_header_init(&s->header, &stream, why);
}

/* The sessions of one warrant: targets with the same CIN belong to the same one. */
static int add_warrant(struct build *b, uint32_t warrant, struct why *why)
{
	const struct warrant *w = &b->orders->warrants.items[warrant];
	struct session *s = NULL;
	size_t n = 0;

	for (size_t i = 0; i < w->targets.n; i++) {
		if (target_kind(&w->targets.items[i]) == TARGET_PREFIX)
			b->by_cin[n++] = &w->targets.items[i];
	}
	qsort(b->by_cin, n, sizeof *b->by_cin, cin_order);
	for (size_t i = 0; i < n; i++) {
		const struct target *t = b->by_cin[i];

		if (!s || s->cin != (uint32_t)t->cin) {
			int rc;

			s = &b->s->at[b->s->n++];
			rc = init_session(s, b, warrant, (uint32_t)t->cin, why);
			if (rc)
				return rc;
		}
		s->addresses[s->n_addresses++] = address_of(&t->prefix);
		b->targets[b->n_targets++] =
			(struct watch_target){t->prefix, warrant, (uint32_t)(s - b->s->at)};
	}
	return 0;
}

static int build(struct build *b, struct why *why)
{
	struct sessions *s = b->s;
	int rc = 0;

	for (size_t i = 0; !rc && i < b->orders->warrants.n; i++)
		rc = add_warrant(b, (uint32_t)i, why);
	for (size_t i = 0; !rc && i < s->n; i++)
		s->by_start[i] = &s->at[i];
	if (!rc) {
		qsort(s->by_start, s->n, sizeof *s->by_start, start_order);
		rc = watch_new(&s->watch, b->targets, b->n_targets);
	}
	if (rc == ERR_FULL)
		why_set(why, rc, "the orders name more than %d targets", WATCH_MAX_TARGETS);
	return rc;
}

int sessions_init(struct sessions *s, const struct orders *orders, struct why *why)
{
	struct build b = {.s = s, .orders = orders};
	size_t n = 1, most = 1;
	int rc;

	for (size_t i = 0; i < orders->warrants.n; i++) {
		size_t n_targets = orders->warrants.items[i].targets.n;

		n += n_targets;
		most = n_targets > most ? n_targets : most;
	}
	*s = (struct sessions){.at = aligned_alloc(_Alignof(struct session), n * sizeof *s->at)};
	s->by_start = calloc(n, sizeof *s->by_start);
	s->addresses = calloc(n, sizeof *s->addresses);
	b.targets = calloc(n, sizeof *b.targets);
	b.by_cin = calloc(most, sizeof *b.by_cin);
	if (s->at)
		memset(s->at, 0, n * sizeof *s->at);
	rc = s->at && s->by_start && s->addresses && b.targets && b.by_cin ? build(&b, why)
									   : ERR_NOMEM;
	free(b.targets);
	free(b.by_cin);
	if (rc) {
		why_set(why, rc, "%s", err_text(rc));
		sessions_fini(s);
	}
	return rc;
}

void sessions_fini(struct sessions *s)
{
	watch_free(&s->watch);
	free(s->at);
	free(s->by_start);
	free(s->addresses);
	*s = (struct sessions){.at = NULL};
}

int session_iri(struct session *s, enum ipiri_event event, struct nanos time, struct wr *w,
		struct why *why)
{
	struct ipiri iri = {
		.event = event,
		.seq = (uint32_t)s->next_iri++,
		.time = time,
		.access_type = (uint8_t)s->warrant->access_type,
	};

	ipiri_set_addresses(&iri, s->addresses, s->n_addresses);
	return ipiri_encode(&s->header, &iri, w, why);
}
