#include "access/message.h"

#include <string.h>

#include "base/hash.h"

enum { LEAST_BITS = 32 };

/* Framed-IP-Address: the user, or the NAS, shall choose (RFC 2865, 5.8). */
static const uint8_t chosen_by_user[4] = {255, 255, 255, 255};
static const uint8_t chosen_by_nas[4] = {255, 255, 255, 254};
static const uint8_t nothing[16];

static bool is_address_type(uint8_t type)
{
	return type == RADIUS_FRAMED_IP_ADDRESS || type == RADIUS_FRAMED_IPV6_PREFIX ||
	       type == RADIUS_FRAMED_IPV6_ADDRESS || type == RADIUS_DELEGATED_IPV6_PREFIX;
}

/* A prefix that is no single subscriber's: larger than what a whole provider gets, or the
 * unspecified address. */
static bool is_nobodys(const struct net_prefix *p)
{
	return p->bits < LEAST_BITS || !memcmp(p->ip.bytes, nothing, sizeof nothing);
}

static void add_address(struct message *m, const struct radius_attribute *a)
{
	struct access_address address = {.type = a->type};

	if (!radius_prefix(a, &address.prefix))
		return;
	if (a->type == RADIUS_FRAMED_IP_ADDRESS &&
	    (!memcmp(a->value, chosen_by_user, 4) || !memcmp(a->value, chosen_by_nas, 4))) {
		m->has_pool = true;
		return;
	}
	if (is_nobodys(&address.prefix)) {
		m->n_bad++;
		return;
	}
	for (uint32_t i = 0; i < m->n_addresses; i++) {
		if (!memcmp(&m->addresses[i].prefix, &address.prefix, sizeof address.prefix))
			return;
	}
	if (m->n_addresses == ACCESS_MAX_ADDRESSES)
		m->n_spare++;
	else
		m->addresses[m->n_addresses++] = address;
}

bool message_has_address_type(const struct message *m, uint8_t type)
{
	for (uint32_t i = 0; i < m->n_addresses; i++) {
		if (m->addresses[i].type == type)
			return true;
	}
	return false;
}

static void add_usage(struct access_usage *u, const struct radius_attribute *a)
{
	uint32_t v = 0;

	if (!radius_integer(a, &v))
		return;
	switch (a->type) {
	case RADIUS_ACCT_INPUT_OCTETS:
		u->octets_from |= v;
		u->has_octets = true;
		break;
	case RADIUS_ACCT_OUTPUT_OCTETS:
		u->octets_to |= v;
		u->has_octets = true;
		break;
	case RADIUS_ACCT_INPUT_GIGAWORDS:
		u->octets_from |= (uint64_t)v << 32;
		break;
	case RADIUS_ACCT_OUTPUT_GIGAWORDS:
		u->octets_to |= (uint64_t)v << 32;
		break;
	case RADIUS_ACCT_INPUT_PACKETS:
		u->packets_from = v;
		u->has_packets = true;
		break;
	case RADIUS_ACCT_OUTPUT_PACKETS:
		u->packets_to = v;
		u->has_packets = true;
		break;
	case RADIUS_ACCT_SESSION_TIME:
		u->seconds = v;
		u->has_seconds = true;
		break;
	default:
		break;
	}
}

static void add_number(struct message *m, const struct radius_attribute *a)
{
	uint32_t v = 0;

	if (!radius_integer(a, &v))
		return;
	switch (a->type) {
	case RADIUS_ACCT_STATUS_TYPE:
		m->status = v;
		break;
	case RADIUS_ACCT_DELAY_TIME:
		m->caused.ns = m->time.ns > (int64_t)v * NANOS_PER_S
				       ? m->time.ns - (int64_t)v * NANOS_PER_S
				       : 0;
		break;
	case RADIUS_ACCT_TERMINATE_CAUSE:
		m->terminate_cause = v;
		break;
	case RADIUS_SESSION_TIMEOUT:
		m->allowed_seconds = v;
		break;
	default:
		add_usage(&m->usage, a);
	}
}

/* The nearer a type is to the front, the rather it is the NAS's name. */
static int nas_rank(uint8_t type)
{
	switch (type) {
	case RADIUS_NAS_IP_ADDRESS:
		return 3;
	case RADIUS_NAS_IPV6_ADDRESS:
		return 2;
	case RADIUS_NAS_IDENTIFIER:
		return 1;
	default:
		return 0;
	}
}

static void name_nas(struct nas_key *key, uint8_t kind, const void *bytes, size_t len)
{
	key->bytes[0] = kind;
	memcpy(&key->bytes[1], bytes, len);
	key->len = len + 1;
}

static void add_nas(struct message *m, const struct radius_attribute *a)
{
	struct net_prefix address;

	if (nas_rank(a->type) <= nas_rank(m->nas_key.bytes[0]))
		return;
	name_nas(&m->nas_key, a->type, a->value, a->len);
	if (radius_prefix(a, &address))
		m->nas = address.ip;
}

static void add(struct message *m, struct wr *facts, const struct radius_attribute *a)
{
	size_t before = facts->len;

	if (is_address_type(a->type))
		add_address(m, a);
	else if (a->type == RADIUS_STATE)
		m->state = *a;
	else if (a->type == RADIUS_ACCT_SESSION_ID)
		m->session_id = *a;
	else if (nas_rank(a->type))
		add_nas(m, a);
	else
		add_number(m, a);
	m->has_pool |= a->type == RADIUS_FRAMED_POOL;
	facts_add(facts, a);
	if (!facts->ok) {
		facts->len = before;
		facts->ok = true;
		m->n_spare++;
	}
}

int message_read(struct message *m, const struct access_datagram *d)
{
	struct wr facts;
	struct radius_attribute a;
	struct rd walk;
	int rc;

	/* all but the room, which is as large as the rest is small */
	memset(m, 0, offsetof(struct message, room));
	m->d = d;
	rc = radius_read(d->bytes, d->len, &m->packet);
	if (rc)
		return rc;
	m->time = m->caused = d->time;
	facts = wr_of(m->room, sizeof m->room);
	for (walk = m->packet.attributes; radius_next(&walk, &a);) {
		if (radius_is_well_formed(&a))
			add(m, &facts, &a);
		else
			m->n_bad++;
	}
	m->facts = rd_of(facts.bytes, facts.len);
	m->facts_mark = keyed_hash(0, facts.bytes, facts.len);
	if (!m->nas_key.len)
		name_nas(&m->nas_key, 0, d->client.bytes, d->client.version == 4 ? 4 : 16);
	return 0;
}
