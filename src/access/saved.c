/* The table as octets: a head, then a record for each session, the oldest of each group first.
 *
 *	head     magic, version (16), reserved (16), now (64), number of records (32)
 *	record   its length (32), then the fields below; a later version may append some
 *
 * All numbers are big-endian. What a file says is not believed: whatever cannot be is refused. */
#include <string.h>

#include "access/table.h"

enum {
	MAGIC = 0x57414353, /* "WACS" */
	VERSION = 1,
};

enum flag {
	FLAG_ACCOUNTED = 1,
	FLAG_NAS_ACCOUNTING = 2,
	FLAG_HAS_LOST = 4,
	FLAG_OCTETS = 8,
	FLAG_PACKETS = 16,
	FLAG_SECONDS = 32,
};

static void save_ip(struct wr *w, const struct net_ip *ip)
{
	wr_u8(w, ip->version);
	wr_bytes(w, ip->bytes, sizeof ip->bytes);
}

static void save_address(struct wr *w, const struct session *s, uint32_t i)
{
	const struct access_address *address = &s->addresses[i];

	wr_u8(w, address->type);
	wr_u8(w, address->assignment);
	wr_u8(w, address->prefix.bits);
	save_ip(w, &address->prefix.ip);
	wr_u64(w, (uint64_t)s->holdings[i]->since.ns);
}

static uint8_t flags_of(const struct session *s)
{
	const struct access_usage *u = &s->shown.usage;

	return (uint8_t)((s->shown.is_accounted ? FLAG_ACCOUNTED : 0) |
			 (s->nas->is_accounting ? FLAG_NAS_ACCOUNTING : 0) |
			 (s->has_lost ? FLAG_HAS_LOST : 0) | (u->has_octets ? FLAG_OCTETS : 0) |
			 (u->has_packets ? FLAG_PACKETS : 0) | (u->has_seconds ? FLAG_SECONDS : 0));
}

static void save_usage(struct wr *w, const struct access_usage *u)
{
	wr_u64(w, u->octets_from);
	wr_u64(w, u->octets_to);
	wr_u64(w, u->packets_from);
	wr_u64(w, u->packets_to);
	wr_u32(w, u->seconds);
}

static void save_session(struct wr *w, const struct session *s)
{
	wr_u64(w, s->shown.id);
	wr_u8(w, s->group);
	wr_u8(w, s->end_cause);
	wr_u8(w, flags_of(s));
	wr_u64(w, (uint64_t)s->shown.begin.ns);
	wr_u64(w, (uint64_t)s->shown.end.ns);
	wr_u64(w, (uint64_t)s->shown.heard.ns);
	wr_u64(w, s->start_mark);
	save_ip(w, &s->shown.nas);
	save_ip(w, &s->shown.source);
	save_usage(w, &s->shown.usage);
	wr_u32(w, s->shown.terminate_cause);
	wr_u32(w, s->shown.allowed_seconds);
	wr_u8(w, (uint8_t)(s->nas->key.len - 1));
	wr_bytes(w, s->nas->key.bytes, s->nas->key.len);
	wr_u16(w, (uint16_t)s->facts_len);
	wr_bytes(w, s->facts, s->facts_len);
	wr_u8(w, (uint8_t)s->shown.n_addresses);
	for (uint32_t i = 0; i < s->shown.n_addresses; i++)
		save_address(w, s, i);
}

static void save_record(struct wr *w, const struct session *s)
{
	size_t mark = w->len;
	struct wr head;

	wr_u32(w, 0);
	save_session(w, s);
	if (!w->ok)
		return;
	head = wr_of(&w->bytes[mark], 4);
	wr_u32(&head, (uint32_t)(w->len - mark - 4));
}

void access_save(const struct access *a, struct wr *w)
{
	wr_u32(w, MAGIC);
	wr_u16(w, VERSION);
	wr_u16(w, 0);
	wr_u64(w, (uint64_t)a->now.ns);
	wr_u32(w, store_n(&a->store));
	for (int i = 0; i < N_GROUPS; i++) {
		const struct list *head = &a->store.groups[i];

		for (struct list *l = head->next; l != head; l = l->next)
			save_record(w, LIST_OWNER(l, struct session, in_group));
	}
}

/* Times from a file are bounded, so that they can be added; not ok where one is not. */
static struct nanos load_time(struct rd *r)
{
	uint64_t v = rd_u64(r);

	if (v > INT64_MAX / 2)
		r->ok = false;
	return (struct nanos){r->ok ? (int64_t)v : 0};
}

/* Version 4, 6, or 0 where none may be; what an address does not use is zero. */
static struct net_ip load_ip(struct rd *r, bool is_optional)
{
	static const uint8_t zeros[16];
	struct net_ip ip = {.version = rd_u8(r)};
	const uint8_t *bytes = rd_take(r, sizeof ip.bytes);
	size_t used = ip.version == 4 ? 4 : ip.version == 6 ? 16 : 0;

	if (!bytes)
		return ip;
	memcpy(ip.bytes, bytes, sizeof ip.bytes);
	if ((!used && (ip.version || !is_optional)) ||
	    memcmp(&ip.bytes[used], zeros, sizeof zeros - used) != 0)
		r->ok = false;
	return ip;
}

static bool is_address_type(uint8_t type, uint8_t version)
{
	if (type == RADIUS_FRAMED_IP_ADDRESS)
		return version == 4;
	return version == 6 &&
	       (type == RADIUS_FRAMED_IPV6_PREFIX || type == RADIUS_FRAMED_IPV6_ADDRESS ||
		type == RADIUS_DELEGATED_IPV6_PREFIX);
}

static bool is_masked(const struct net_prefix *p)
{
	for (size_t bit = p->bits; bit < 128; bit++) {
		if (p->ip.bytes[bit / 8] >> (7 - bit % 8) & 1)
			return false;
	}
	return true;
}

static int load_address(struct access *a, struct session *s, struct rd *r)
{
	struct access_address address = {.type = rd_u8(r), .assignment = rd_u8(r)};
	struct nanos since;

	address.prefix.bits = rd_u8(r);
	address.prefix.ip = load_ip(r, false);
	since = load_time(r);
	if (!r->ok || !is_address_type(address.type, address.prefix.ip.version) ||
	    address.assignment > ACCESS_DYNAMIC || !address.prefix.bits ||
	    address.prefix.bits > (address.prefix.ip.version == 4 ? 32 : 128) ||
	    !is_masked(&address.prefix) || store_find_address(&a->store, &address.prefix))
		return ERR_BAD;
	return store_give(&a->store, s, &address, since);
}

static int load_addresses(struct access *a, struct session *s, struct rd *r)
{
	uint8_t n = rd_u8(r);
	int rc = r->ok && n <= ACCESS_MAX_ADDRESSES && (!n || s->shown.is_live) ? 0 : ERR_BAD;

	for (int i = 0; !rc && i < n; i++)
		rc = load_address(a, s, r);
	return rc;
}

static void load_usage(struct rd *r, struct access_usage *u)
{
	u->octets_from = rd_u64(r);
	u->octets_to = rd_u64(r);
	u->packets_from = rd_u64(r);
	u->packets_to = rd_u64(r);
	u->seconds = rd_u32(r);
}

/* What comes before a session's NAS and facts, without which it cannot be made. */
struct start {
	struct session s;
	uint8_t group;
	uint8_t flags;
};

static void load_start(struct rd *r, struct start *out)
{
	struct access_session *shown = &out->s.shown;

	*out = (struct start){.group = 0};
	shown->id = rd_u64(r);
	out->group = rd_u8(r);
	out->s.end_cause = rd_u8(r);
	out->flags = rd_u8(r);
	shown->begin = load_time(r);
	shown->end = load_time(r);
	shown->heard = load_time(r);
	out->s.start_mark = rd_u64(r);
	shown->nas = load_ip(r, true);
	shown->source = load_ip(r, true);
	load_usage(r, &shown->usage);
	shown->usage.has_octets = out->flags & FLAG_OCTETS;
	shown->usage.has_packets = out->flags & FLAG_PACKETS;
	shown->usage.has_seconds = out->flags & FLAG_SECONDS;
	shown->terminate_cause = rd_u32(r);
	shown->allowed_seconds = rd_u32(r);
	if (!shown->id || out->group >= N_GROUPS || out->s.end_cause >= ACCESS_N_CAUSES)
		r->ok = false;
}

static void load_nas(struct rd *r, struct nas_key *key)
{
	size_t len = rd_u8(r) + 1u;
	const uint8_t *bytes = rd_take(r, len > NAS_KEY_LEN ? SIZE_MAX : len);

	if (!bytes)
		return;
	memcpy(key->bytes, bytes, len);
	key->len = len;
}

/* Facts are kept attributes that are well formed, and no others. */
static struct rd load_facts(struct rd *r)
{
	size_t len = rd_u16(r);
	struct rd facts = rd_sub(r, len), walk = facts;
	struct radius_attribute a;

	while (radius_next(&walk, &a)) {
		if (!radius_is_well_formed(&a) ||
		    !(facts_has_type(a.type) || a.type == RADIUS_VENDOR_SPECIFIC))
			walk.ok = false;
	}
	if (!walk.ok || len > FACTS_MAX_LEN)
		r->ok = false;
	return facts;
}

static void adopt(struct session *s, const struct start *from)
{
	struct access_session *shown = &s->shown;

	shown->begin = from->s.shown.begin;
	shown->end = from->s.shown.end;
	shown->heard = from->s.shown.heard;
	shown->nas = from->s.shown.nas;
	shown->source = from->s.shown.source;
	shown->usage = from->s.shown.usage;
	shown->terminate_cause = from->s.shown.terminate_cause;
	shown->allowed_seconds = from->s.shown.allowed_seconds;
	shown->is_accounted = from->flags & FLAG_ACCOUNTED;
	s->end_cause = from->s.end_cause;
	s->start_mark = from->s.start_mark;
	s->has_lost = from->flags & FLAG_HAS_LOST;
	if (from->flags & FLAG_NAS_ACCOUNTING)
		s->nas->is_accounting = true;
}

static int load_session(struct access *a, struct rd *r)
{
	struct nas_key key = {.len = 0};
	struct start start;
	struct session *s;
	struct rd facts;

	load_start(r, &start);
	load_nas(r, &key);
	facts = load_facts(r);
	if (!r->ok || store_find_id(&a->store, start.s.shown.id))
		return ERR_BAD;
	if (store_n(&a->store) >= a->store.max) {
		table_count(a, ACCESS_COUNT_EVICTED);
		return 0;
	}
	s = store_add(&a->store, start.s.shown.id, &key, (enum group)start.group, facts);
	if (!s)
		return ERR_NOMEM;
	adopt(s, &start);
	return load_addresses(a, s, r);
}

static int load_records(struct access *a, struct rd *r)
{
	uint32_t n = rd_u32(r);
	int rc = r->ok ? 0 : ERR_CUT;

	for (uint32_t i = 0; !rc && i < n; i++) {
		struct rd record = rd_sub(r, rd_u32(r));

		rc = r->ok ? load_session(a, &record) : ERR_CUT;
	}
	return rc;
}

int access_load(struct access *a, struct rd *r)
{
	uint32_t magic = rd_u32(r);
	uint16_t version = rd_u16(r);
	struct nanos now;
	int rc;

	rd_skip(r, 2);
	now = load_time(r);
	if (store_n(&a->store))
		return ERR_USAGE;
	if (!r->ok)
		return ERR_CUT;
	if (magic != MAGIC || !version)
		return ERR_BAD;
	if (version > VERSION)
		return ERR_UNSUPPORTED;
	rc = load_records(a, r);
	if (rc)
		store_clear(&a->store);
	else
		a->now = now;
	return rc;
}
