/* A datagram's payload is laid down at its place in a buffer; a bit for each eight bytes tells what
 * is there (fragments lie on multiples of eight). Datagrams stand in a list, oldest first, and in a
 * table by what makes them one: addresses, protocol, identification (RFC 791 3.2, RFC 8200 4.5). */
#include "net/reassembly.h"

#include <stdlib.h>
#include <string.h>

#include "base/nanos.h"
#include "net/checksum.h"
#include "net/ip.h"

enum {
	UNIT = 8,
	MAX_LEN = 65535,
	N_WORDS = (MAX_LEN / UNIT + 64) / 64,
	N_BUCKETS = 1024,
	HEADER_MAX = 512, /* IPv6 with the extension headers that stand in every fragment */
};

struct key {
	uint8_t src[16];
	uint8_t dst[16];
	uint32_t id;
	uint8_t version;
	uint8_t proto; /* IPv4; a fragment of IPv6 need not name the same */
	uint8_t zero[2];
};

/* What one fragment says. */
struct part {
	struct key key;
	const uint8_t *header; /* the part that stands in every fragment */
	uint32_t header_len;
	uint32_t next_at; /* IPv6: in header, the field that names the fragment header */
	uint8_t next;     /* … and what it shall name instead */
	const uint8_t *bytes;
	uint32_t len;
	uint32_t offset;
	bool is_last;
	bool is_cut;
};

struct datagram {
	struct key key;
	struct datagram *next_in_bucket;
	struct datagram *newer;
	struct datagram *older;
	int64_t time_ns; /* of the first of its fragments that came */
	uint8_t header[HEADER_MAX];
	uint32_t header_len; /* 0: the first fragment is not there yet */
	uint32_t total;      /* payload bytes; 0: the last fragment is not there yet */
	uint32_t end;        /* of the fragment that reaches farthest */
	uint32_t n_have;     /* payload bytes that are there */
	bool is_spoilt;
	uint8_t *bytes;
	uint32_t size;
	uint64_t have[N_WORDS];
};

struct net_reassembly {
	struct datagram *buckets[N_BUCKETS];
	struct datagram *oldest;
	struct datagram *newest;
	uint32_t n;
	uint64_t n_bytes;
};

int net_reassembly_new(struct net_reassembly **out)
{
	*out = calloc(1, sizeof **out);
	return *out ? 0 : ERR_NOMEM;
}

static void datagram_free(struct datagram *d)
{
	free(d->bytes);
	free(d);
}

void net_reassembly_free(struct net_reassembly **r)
{
	struct datagram *d = *r ? (*r)->oldest : NULL;

	while (d) {
		struct datagram *newer = d->newer;

		datagram_free(d);
		d = newer;
	}
	free(*r);
	*r = NULL;
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static bool may_be_tunnel(uint8_t proto)
{
	return proto == 17 || proto == 47 || proto == 4 || proto == 41 || proto == 115;
}

/* The fragment header that follows IP layer `layer`; -1 where there is none. */
static int fragment_header(const struct weir_packet *p, int layer)
{
	for (int i = layer + 1; i < p->n_layers; i++) {
		if (p->layers[i].proto == WEIR_FRAGMENT)
			return i;
		if (p->layers[i].proto != WEIR_IPV6_EXT)
			return -1;
	}
	return -1;
}

static uint8_t fragment_proto(const struct weir_packet *p, int layer)
{
	const uint8_t *bytes = p->frame->bytes;
	int header;

	if (p->layers[layer].proto == WEIR_IPV4)
		return bytes[p->layers[layer].offset + 9];
	header = fragment_header(p, layer);
	return header < 0 ? 0 : bytes[p->layers[header].offset];
}

int net_reassembly_find(const struct weir_packet *p)
{
	for (int i = 0; i < p->n_layers; i++) {
		const struct weir_layer *l = &p->layers[i];

		if (l->flags & WEIR_LAYER_QUOTED)
			return -1;
		if (net_is_ip(l) && (l->flags & WEIR_LAYER_FRAGMENT) &&
		    may_be_tunnel(fragment_proto(p, i)))
			return i;
	}
	return -1;
}

static void part_of_v4(struct part *part, const uint8_t *h, const struct weir_layer *l)
{
	uint16_t field = get16(h + 6);

	memcpy(part->key.src, h + 12, 4);
	memcpy(part->key.dst, h + 16, 4);
	part->key.id = get16(h + 4);
	part->key.proto = h[9];
	part->header_len = l->header_len;
	part->bytes = h + l->header_len;
	part->len = l->len - l->header_len;
	part->offset = (field & 0x1fffu) * UNIT;
	part->is_last = !(field & 0x2000);
}

static bool part_of_v6(struct part *part, const struct weir_packet *p, int layer)
{
	const struct weir_layer *l = &p->layers[layer];
	const uint8_t *h = p->frame->bytes + l->offset;
	int i = fragment_header(p, layer);
	const struct weir_layer *f = &p->layers[i < 0 ? 0 : i];
	const uint8_t *fragment = p->frame->bytes + f->offset;

	if (i < 0 || f->offset + UNIT > l->offset + l->len)
		return false;
	memcpy(part->key.src, h + 8, 16);
	memcpy(part->key.dst, h + 24, 16);
	memcpy(&part->key.id, fragment + 4, 4);
	part->next = fragment[0];
	part->next_at = i == layer + 1 ? 6 : p->layers[i - 1].offset - l->offset;
	part->header_len = f->offset - l->offset;
	part->bytes = fragment + UNIT;
	part->len = l->offset + l->len - f->offset - UNIT;
	part->offset = get16(fragment + 2) & 0xfff8u;
	part->is_last = !(fragment[3] & 1);
	return true;
}

static bool part_of(struct part *part, const struct weir_packet *p, int layer)
{
	const struct weir_layer *l = &p->layers[layer];

	*part = (struct part){.header = p->frame->bytes + l->offset,
			      .is_cut = l->flags & WEIR_LAYER_CUT};
	part->key.version = l->proto == WEIR_IPV4 ? 4 : 6;
	if (part->key.version == 6)
		return part_of_v6(part, p, layer);
	part_of_v4(part, part->header, l);
	return l->len >= l->header_len;
}

static uint32_t bucket_of(const struct key *key)
{
	return net_crc32c((const uint8_t *)key, sizeof *key) % N_BUCKETS;
}

static struct datagram *find(struct net_reassembly *r, const struct key *key)
{
	struct datagram *d = r->buckets[bucket_of(key)];

	while (d && memcmp(&d->key, key, sizeof *key))
		d = d->next_in_bucket;
	return d;
}

static struct datagram *add(struct net_reassembly *r, const struct key *key, int64_t time_ns)
{
	struct datagram *d = calloc(1, sizeof *d);
	struct datagram **bucket = &r->buckets[bucket_of(key)];

	if (!d)
		return NULL;
	d->key = *key;
	d->time_ns = time_ns;
	d->next_in_bucket = *bucket;
	*bucket = d;
	d->older = r->newest;
	if (r->newest)
		r->newest->newer = d;
	else
		r->oldest = d;
	r->newest = d;
	r->n++;
	return d;
}

/* Takes it out of table and list; it is the caller's. */
static void take_out(struct net_reassembly *r, struct datagram *d)
{
	struct datagram **at = &r->buckets[bucket_of(&d->key)];

	while (*at != d)
		at = &(*at)->next_in_bucket;
	*at = d->next_in_bucket;
	if (d->older)
		d->older->newer = d->newer;
	else
		r->oldest = d->newer;
	if (d->newer)
		d->newer->older = d->older;
	else
		r->newest = d->older;
	r->n--;
	r->n_bytes -= d->size;
}

static bool has_unit(const struct datagram *d, uint32_t unit)
{
	return d->have[unit / 64] >> unit % 64 & 1;
}

/* How many of the eights that it covers are there already. */
static uint32_t n_units_there(const struct datagram *d, const struct part *part)
{
	uint32_t n = 0;

	for (uint32_t at = part->offset; at < part->offset + part->len; at += UNIT)
		n += has_unit(d, at / UNIT);
	return n;
}

static int grow(struct net_reassembly *r, struct datagram *d, uint32_t end)
{
	uint32_t size = d->size ? d->size : 2048;
	uint8_t *bytes;

	while (size < end)
		size *= 2;
	if (size == d->size)
		return 0;
	bytes = realloc(d->bytes, size);
	if (!bytes)
		return ERR_NOMEM;
	r->n_bytes += size - d->size;
	d->bytes = bytes;
	d->size = size;
	return 0;
}

static bool is_sound(const struct datagram *d, const struct part *part)
{
	uint32_t end = part->offset + part->len;

	if (part->is_cut)
		return false;
	if (!part->is_last && part->len % UNIT)
		return false;
	return part->is_last ? end >= d->end && (!d->total || d->total == end)
			     : !d->total || end <= d->total;
}

static void keep_header(struct datagram *d, const struct part *part)
{
	memcpy(d->header, part->header, part->header_len);
	d->header_len = part->header_len;
	if (d->key.version == 6)
		d->header[part->next_at] = part->next;
}

/* A cut first fragment is all that will ever be known of its datagram. */
static int lay_down(struct net_reassembly *r, struct datagram *d, const struct part *part)
{
	uint32_t end = part->offset + part->len;
	uint32_t n_units = (part->len + UNIT - 1) / UNIT;
	uint32_t n_there;
	bool has_room = part->len && part->len <= MAX_LEN && end <= MAX_LEN &&
			part->header_len <= HEADER_MAX;

	if (d->is_spoilt)
		return 0;
	d->is_spoilt = !has_room || !is_sound(d, part);
	if (!has_room || (d->is_spoilt && (part->offset || !part->is_cut)))
		return 0;
	n_there = n_units_there(d, part);
	if (n_there) {
		d->is_spoilt |= n_there != n_units;
		return 0;
	}
	if (grow(r, d, end) < 0)
		return ERR_NOMEM;
	memcpy(d->bytes + part->offset, part->bytes, part->len);
	for (uint32_t i = 0; i < n_units; i++)
		d->have[(part->offset / UNIT + i) / 64] |= 1ull << (part->offset / UNIT + i) % 64;
	d->n_have += part->len;
	d->end = end > d->end ? end : d->end;
	d->total = part->is_last ? end : d->total;
	if (part->offset == 0)
		keep_header(d, part);
	return 0;
}

/* Payload bytes from the start without a hole. */
static uint32_t known_len(const struct datagram *d)
{
	uint32_t unit = 0;

	while (unit * UNIT < d->end && has_unit(d, unit))
		unit++;
	return unit * UNIT < d->end ? unit * UNIT : d->end;
}

/* The header as if never fragmented, for a payload of so many bytes. */
static void mend_header(uint8_t *h, const struct datagram *d, uint32_t payload_len)
{
	uint32_t len = d->header_len + payload_len;

	if (d->key.version == 6) {
		len -= 40;
		put16(h + 4, len > MAX_LEN ? MAX_LEN : len);
		return;
	}
	put16(h + 2, len > MAX_LEN ? MAX_LEN : len);
	put16(h + 6, get16(h + 6) & 0x4000u);
	put16(h + 10, 0);
	put16(h + 10, (uint16_t)~net_sum16(h, d->header_len, 0));
}

static int make_whole(const struct datagram *d, uint32_t len, struct net_whole *whole)
{
	uint32_t claim = d->total ? d->total : d->end;
	uint8_t *bytes = malloc(d->header_len + len);

	if (!bytes)
		return ERR_NOMEM;
	memcpy(bytes, d->header, d->header_len);
	memcpy(bytes + d->header_len, d->bytes, len);
	mend_header(bytes, d, claim);
	*whole = (struct net_whole){.bytes = bytes,
				    .len = d->header_len + len,
				    .version = d->key.version,
				    .time_ns = d->time_ns};
	return 1;
}

int net_reassembly_take(struct net_reassembly *r, const struct weir_packet *p, int layer,
			struct net_whole *whole)
{
	struct datagram *d;
	struct part part;
	int rc;

	if (!part_of(&part, p, layer))
		return 0;
	d = find(r, &part.key);
	if (!d)
		d = add(r, &part.key, p->frame->time_ns);
	if (!d || lay_down(r, d, &part) < 0)
		return ERR_NOMEM;
	if (d->is_spoilt || !d->total || !d->header_len || d->n_have < d->total ||
	    d->header_len + d->total > MAX_LEN + (d->key.version == 6 ? 40u : 0u))
		return 0;
	rc = make_whole(d, d->total, whole);
	whole->time_ns = p->frame->time_ns;
	take_out(r, d);
	datagram_free(d);
	return rc;
}

int net_reassembly_pop(struct net_reassembly *r, int64_t now_ns, struct net_whole *whole)
{
	const int64_t patience = (int64_t)NET_REASSEMBLY_SECONDS * NANOS_PER_S;

	for (;;) {
		struct datagram *d = r->oldest;
		int rc = 0;

		if (!d || (d->time_ns >= now_ns - patience && now_ns != INT64_MAX &&
			   r->n <= NET_REASSEMBLY_DATAGRAMS && r->n_bytes <= NET_REASSEMBLY_BYTES))
			return 0;
		take_out(r, d);
		if (d->header_len)
			rc = make_whole(d, known_len(d), whole);
		datagram_free(d);
		if (rc)
			return rc;
	}
}
