#include "collection/delivery.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "custody/custody.h"
#include "etsi/pdu.h"
#include "link/link.h"
#include "spool/spool.h"

/* WHOLE_LEN: of a reservation that is longer than a parcel, and is not cut: only of a whole one it
 * is known what it holds. QUEUE_LEN: bytes that the records of others may wait behind. HELD_LEN:
 * that mediators have and the saved state does not know of: what is more goes round through memory
 * that no cache holds. */
enum {
	PARCEL_LEN = 256 << 10,
	WHOLE_LEN = 1 << 20,
	QUEUE_LEN = 1 << 20,
	HELD_LEN = 32 << 20,
	SHARE_HELD = 8, /* of a spool that is small */
	MESSAGE_LEN = 1024,
	PATH_LEN = 4096,
};

struct peer {
	struct delivery *delivery;
	char *name;
	struct conf_endpoint address;
	struct link *link;
	bool is_ordered;
	bool is_full;                         /* the link takes no more for now */
	size_t turns[INTERCEPT_N_INTERFACES]; /* which channel comes first when there is room */
};

struct channel {
	struct box box;
	struct delivery *delivery;
	struct peer *peer; /* NULL: nobody serves the agency */
	struct loop_fd bell;
	struct dockets told; /* what was reserved and not sent yet */
	uint64_t sent;
	bool is_asked;
	bool is_open;  /* the mediator has said how far it has it */
	bool has_sent; /* … and something was sent since, or it has said so unasked */
};

struct delivery {
	struct delivery_options options;
	char *spools;
	struct peer **peers;
	size_t n_peers;
	struct channel **channels;
	size_t n_channels;
	struct spool_options spool;
};

static const char *const interface_names[] = {"hi2", "hi3"};

/* ---- records ---- */

/* Whole PDUs of what lies there, up to a parcel; the first in any case. A piece of the spool ends
 * where a PDU does: one that is short enough is not looked through. */
static size_t parcel_len(const uint8_t *bytes, size_t n)
{
	size_t len = 0, next;

	if (n && n <= WHOLE_LEN && !etsi_pdu_len(bytes, n, &next, NULL) && next <= n)
		return n;
	while (len < n && !etsi_pdu_len(bytes + len, n - len, &next, NULL)) {
		if (next > n - len || (len && len + next > PARCEL_LEN))
			break;
		len += next;
	}
	return len;
}

static void ask(struct channel *c);

static void take_acked(struct channel *c, uint64_t offset)
{
	const struct delivery_options *o = &c->delivery->options;

	c->box.acked = offset;
	if (o->acked)
		o->acked(o->owner, &c->box);
}

static bool holds_much(const struct box *box)
{
	uint64_t share = spool_limit(box->spool) / SHARE_HELD;

	return box->acked > box->kept &&
	       box->acked - box->kept >= (share < HELD_LEN ? share : HELD_LEN);
}

static void release(struct box *box)
{
	spool_ack(box->spool, box->acked < box->kept ? box->acked : box->kept);
}

/* Records that can not be read any more. A mediator takes a stream that goes on further behind only
 * from a channel that was just opened. */
static bool pass_hole(struct channel *c)
{
	uint64_t next = spool_hole(c->box.spool, c->sent);

	if (next == c->sent)
		return false;
	if (c->has_sent) {
		ask(c);
		return false;
	}
	log_error("outbox %s/%s: octets %llu to %llu can not be read any more: they are lost",
		  c->box.agency, interface_names[c->box.interface], (unsigned long long)c->sent,
		  (unsigned long long)next);
	c->sent = next;
	if (c->box.acked < next)
		take_acked(c, next);
	release(&c->box);
	return true;
}

/* Only where somebody asks for it when it is acknowledged. */
static void note_sent(struct channel *c, const uint8_t *bytes, size_t len)
{
	const struct tally_place place = {c->box.agency, c->box.interface == INTERCEPT_HI3};
	const struct rd records = rd_of(bytes, len);

	if (c->delivery->options.acked)
		parcels_add(&c->box.sent, &place, c->sent, &records, &c->told);
}

/* What comes next: whole reservations up to a parcel, or one that is longer. */
static size_t peek_parcel(const struct channel *c, const uint8_t **bytes)
{
	size_t n = spool_peek_most(c->box.spool, c->sent, PARCEL_LEN, bytes);

	return n <= PARCEL_LEN ? n : spool_peek_most(c->box.spool, c->sent, WHOLE_LEN, bytes);
}

/* One parcel; whether it went out. */
static bool send_parcel(struct channel *c)
{
	struct link *link = c->peer ? c->peer->link : NULL;
	const uint8_t *bytes;
	size_t n, len;

	if (!c->is_open || !link || c->peer->is_full || !link_is_up(link))
		return false;
	while (!(n = peek_parcel(c, &bytes))) {
		if (!pass_hole(c))
			return false;
	}
	len = parcel_len(bytes, n);
	if (!len) {
		log_error("outbox %s/%s: no record begins at %llu: it stays there", c->box.agency,
			  interface_names[c->box.interface], (unsigned long long)c->sent);
		c->is_open = false;
		return false;
	}
	if (link_send_records(link, c->box.number, c->sent, bytes, len)) {
		c->peer->is_full = true; /* may_send goes on, and nobody comes before others */
		return false;
	}
	note_sent(c, bytes, len);
	c->sent += len;
	c->has_sent = true;
	return true;
}

static void pump(struct channel *c)
{
	while (send_parcel(c))
		;
}

static void heard_bell(void *owner, unsigned ready)
{
	struct channel *c = owner;

	(void)ready;
	spool_hush(c->box.spool);
	pump(c);
}

void delivery_keep(struct delivery *d, struct box *box, uint64_t offset)
{
	(void)d;
	box->kept = offset;
	release(box);
}

void delivery_give_up(struct delivery *d, struct box *box)
{
	(void)d;
	box->acked = spool_end(box->spool);
	release(box);
}

/* ---- links ---- */

/* Asks the mediator how far it has the stream. */
static void ask(struct channel *c)
{
	uint8_t octets[MESSAGE_LEN];
	struct wr w = wr_of(octets, sizeof octets);
	struct json j = json_of(&w);
	char stream[24];
	struct wr hex = wr_of(stream, sizeof stream - 1);

	wr_text(&hex, "%016llx", (unsigned long long)spool_id(c->box.spool));
	stream[hex.len] = '\0';
	json_open(&j, '{');
	json_key(&j, "type"), json_text(&j, "channel");
	json_key(&j, "channel"), json_u64(&j, c->box.number);
	json_key(&j, "agency"), json_text(&j, c->box.agency);
	json_key(&j, "interface"), json_text(&j, interface_names[c->box.interface]);
	json_key(&j, "stream"), json_text(&j, stream);
	json_close(&j, '}');
	c->is_open = false;
	c->is_asked = w.ok && !link_send(c->peer->link, (const char *)octets, w.len);
}

/* A parcel of each channel of this interface, where the link takes it; the one that comes next then
 * is the first one after that. Whether any went out. */
static bool send_each(struct peer *peer, enum intercept_interface which)
{
	const struct delivery *d = peer->delivery;
	size_t first = peer->turns[which];
	bool has_sent = false;

	for (size_t k = 0; k < d->n_channels; k++) {
		size_t i = (first + k) % d->n_channels;
		struct channel *c = d->channels[i];

		if (c->peer != peer || c->box.interface != which || !send_parcel(c))
			continue;
		peer->turns[which] = i + 1;
		has_sent = true;
	}
	return has_sent;
}

/* There is room again. A backlog of one channel leaves the others their share, and content does
 * not hold back what is reported of it. */
static void may_send(void *owner, struct link *link)
{
	struct peer *peer = owner;
	const struct delivery *d = peer->delivery;
	bool has_sent;

	peer->is_full = false;
	for (size_t i = 0; i < d->n_channels && link_is_up(link); i++) {
		struct channel *c = d->channels[i];

		if (c->peer == peer && !c->is_asked)
			ask(c);
	}
	do {
		has_sent = send_each(peer, INTERCEPT_HI2);
		has_sent |= send_each(peer, INTERCEPT_HI3);
	} while (has_sent && link_is_up(link));
}

static void down(void *owner, struct link *link, const char *reason)
{
	struct peer *peer = owner;
	const struct delivery *d = peer->delivery;

	(void)link;
	(void)reason;
	peer->is_full = false;
	for (size_t i = 0; i < d->n_channels; i++) {
		if (d->channels[i]->peer == peer)
			d->channels[i]->is_asked = d->channels[i]->is_open = false;
	}
	if (d->options.alarms)
		alarms_forget_sent(d->options.alarms);
}

static struct channel *channel_of(const struct peer *peer, uint64_t number)
{
	const struct delivery *d = peer->delivery;

	if (number >= d->n_channels || d->channels[number]->peer != peer)
		return NULL;
	return d->channels[number];
}

/* The mediator says where to go on. What it has is at least what was acknowledged, unless it has
 * lost its own spool: what is gone here cannot come again. */
static void heard_offset(struct channel *c, uint64_t offset)
{
	uint64_t acked = spool_acked(c->box.spool), end = spool_end(c->box.spool);

	if (offset < acked || offset > end) {
		log_warn("outbox %s/%s: mediator %s has it up to %llu, and here it is from %llu to "
			 "%llu",
			 c->box.agency, interface_names[c->box.interface], c->peer->name,
			 (unsigned long long)offset, (unsigned long long)acked,
			 (unsigned long long)end);
		offset = offset < acked ? acked : end;
	}
	c->sent = offset;
	if (offset > c->box.acked)
		take_acked(c, offset);
	release(&c->box);
	c->has_sent = c->is_open; /* unasked: its channel was not opened anew */
	c->is_open = true;
	pump(c);
}

static void heard_of_alarm(const struct delivery *d, const struct conf_value *root)
{
	const char *agency = link_text(root, "agency"), *outcome = link_text(root, "outcome");
	enum alarm_outcome became = ALARM_REFUSED;
	uint64_t number;

	if (!d->options.alarms || !agency || !outcome || !link_number(root, "number", &number))
		return;
	if (!strcmp(outcome, "told"))
		became = ALARM_TOLD;
	else if (!strcmp(outcome, "later"))
		became = ALARM_LATER;
	else
		log_warn("agency %s: its mediator does not tell it of alarms", agency);
	alarms_answered(d->options.alarms, number, agency, became);
}

static void message(void *owner, struct link *link, const char *type, const struct conf_value *root)
{
	uint64_t number, offset;
	struct channel *c;

	if (!strcmp(type, "alarm")) {
		heard_of_alarm(((const struct peer *)owner)->delivery, root);
		return;
	}
	if (strcmp(type, "channel") != 0) {
		log_debug("mediator %s: a message of type %.40s is passed over",
			  ((const struct peer *)owner)->name, type);
		return;
	}
	c = link_number(root, "channel", &number) ? channel_of(owner, number) : NULL;
	if (c && link_number(root, "offset", &offset))
		heard_offset(c, offset);
	else
		link_close(link, "the answer is to no channel of ours");
}

static void acknowledge(void *owner, struct link *link, uint32_t number, uint64_t offset)
{
	struct channel *c = channel_of(owner, number);

	(void)link;
	if (!c || offset <= c->box.acked || offset > c->sent)
		return;
	take_acked(c, offset);
	release(&c->box);
	if (holds_much(&c->box) && c->delivery->options.held)
		c->delivery->options.held(c->delivery->options.held_owner);
}

static const struct link_ops mediator_ops = {
	.up = may_send,
	.message = message,
	.acknowledge = acknowledge,
	.may_send = may_send,
	.down = down,
};

/* ---- boxes ---- */

static int open_spool(struct channel *c, const char *agency, struct why *why)
{
	struct delivery *d = c->delivery;
	const char *disk_folder = d->options.settings->disk;
	char path[PATH_LEN], disk[PATH_LEN];
	struct wr w = wr_of(path, sizeof path - 1), on_disk = wr_of(disk, sizeof disk - 1);
	struct spool_options options = d->spool;
	int rc;

	wr_text(&w, "%s/%s.%s", d->spools, agency, interface_names[c->box.interface]);
	path[w.len] = '\0';
	if (disk_folder)
		wr_text(&on_disk, "%s/%s.%s", disk_folder, agency,
			interface_names[c->box.interface]);
	disk[on_disk.len] = '\0';
	options.disk = disk_folder ? disk : NULL;
	rc = w.ok && on_disk.ok ? spool_open(&c->box.spool, path, &options, why) : ERR_USAGE;
	if (!rc) {
		c->box.acked = c->box.kept = c->sent = spool_acked(c->box.spool);
		loop_fd_init(&c->bell, d->options.loop, spool_bell(c->box.spool), heard_bell, c);
		rc = loop_fd_want(&c->bell, LOOP_READ);
	}
	return rc;
}

static void free_channel(struct channel *c)
{
	loop_fd_fini(&c->bell);
	spool_close(&c->box.spool);
	parcels_fini(&c->box.sent);
	dockets_fini(&c->told);
	free(c->box.agency);
	free(c);
}

/* By who reserves, in the turn. */
static void heard_docket(void *owner, const struct outbox_docket *docket)
{
	struct channel *c = owner;

	dockets_add(&c->told, docket);
}

int delivery_open(void *arg, const char *agency, enum intercept_interface which, struct outbox *out,
		  struct why *why)
{
	struct delivery *d = arg;
	struct channel **more =
		reallocarray(d->channels, d->n_channels + 1, sizeof(struct channel *));
	struct channel *c = more ? calloc(1, sizeof *c) : NULL;
	int rc;

	if (more)
		d->channels = more;
	if (!c)
		return ERR_NOMEM;
	c->delivery = d;
	dockets_init(&c->told);
	c->box.interface = which;
	c->box.number = (uint32_t)d->n_channels;
	c->box.agency = strdup(agency);
	rc = c->box.agency ? open_spool(c, agency, why) : ERR_NOMEM;
	if (rc) {
		free_channel(c);
		return rc;
	}
	d->channels[d->n_channels++] = c;
	outbox_of_spool(out, c->box.spool, agency, interface_names[which]);
	out->docket = d->options.acked ? heard_docket : NULL;
	out->docket_owner = c;
	return 0;
}

size_t delivery_n_boxes(const struct delivery *d)
{
	return d->n_channels;
}

struct box *delivery_box(struct delivery *d, size_t i)
{
	return &d->channels[i]->box;
}

/* ---- alarms ---- */

static struct link *link_to(const struct delivery *d, const char *agency)
{
	for (size_t i = 0; i < d->n_channels; i++) {
		const struct channel *c = d->channels[i];

		if (c->peer && c->peer->link && !strcmp(c->box.agency, agency))
			return link_is_up(c->peer->link) ? c->peer->link : NULL;
	}
	return NULL;
}

enum alarm_outcome delivery_tell(const struct delivery *d, const struct alarm_message *m)
{
	struct link *link = link_to(d, m->agency);
	uint8_t octets[MESSAGE_LEN];
	struct wr w = wr_of(octets, sizeof octets);
	struct json j = json_of(&w);

	if (!link)
		return ALARM_LATER;
	json_open(&j, '{');
	json_key(&j, "type"), json_text(&j, "alarm");
	json_key(&j, "number"), json_u64(&j, m->number);
	json_key(&j, "agency"), json_text(&j, m->agency);
	if (m->liid)
		json_key(&j, "liid"), json_text(&j, m->liid);
	json_key(&j, "text"), json_text(&j, m->text);
	json_close(&j, '}');
	if (!w.ok)
		return ALARM_REFUSED;
	return link_send(link, (const char *)octets, w.len) ? ALARM_LATER : ALARM_SENT;
}

/* ---- routes ---- */

static struct peer *find_peer(const struct delivery *d, const char *name)
{
	for (size_t i = 0; i < d->n_peers; i++) {
		if (!strcmp(d->peers[i]->name, name))
			return d->peers[i];
	}
	return NULL;
}

static void dial(struct delivery *d, struct peer *peer, const struct conf_endpoint *address)
{
	struct link_options options = {
		.self = d->options.self,
		.software = d->options.software,
		.tls = d->options.tls,
		.address = *address,
		.peer_roles = 1u << TLS_MEDIATOR,
		.peer_name = peer->name,
		.ops = &mediator_ops,
		.owner = peer,
		.max_queue = QUEUE_LEN,
	};
	struct why why;

	why_clear(&why);
	if (peer->link)
		down(peer, peer->link, NULL);
	link_free(&peer->link);
	peer->address = *address;
	if (link_dial(&peer->link, d->options.loop, &options, &why))
		log_error("mediator %s cannot be reached: %s", peer->name, why.text);
}

static struct peer *add_peer(struct delivery *d, const char *name)
{
	struct peer **more = reallocarray(d->peers, d->n_peers + 1, sizeof(struct peer *));
	struct peer *peer = more ? calloc(1, sizeof *peer) : NULL;

	if (more)
		d->peers = more;
	if (!peer)
		return NULL;
	peer->delivery = d;
	peer->name = strdup(name);
	if (!peer->name) {
		free(peer);
		return NULL;
	}
	d->peers[d->n_peers++] = peer;
	return peer;
}

static void route(struct channel *c, struct peer *peer)
{
	if (c->peer == peer)
		return;
	c->peer = peer;
	c->is_asked = c->is_open = false;
}

static const struct agency *agency_of(const struct orders *orders, const char *id)
{
	for (size_t i = 0; i < orders->agencies.n; i++) {
		if (!strcmp(orders->agencies.items[i].id, id))
			return &orders->agencies.items[i];
	}
	return NULL;
}

static struct peer *peer_of(const struct delivery *d, const struct orders *orders,
			    const char *agency)
{
	const struct agency *a = agency_of(orders, agency);
	size_t k = a ? orders_mediator(orders, a) : orders->mediators.n;

	return k < orders->mediators.n ? find_peer(d, orders->mediators.items[k].name) : NULL;
}

static void drop_peers(struct delivery *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_peers; i++) {
		struct peer *peer = d->peers[i];

		if (peer->is_ordered) {
			d->peers[n++] = peer;
			continue;
		}
		link_free(&peer->link);
		free(peer->name);
		free(peer);
	}
	d->n_peers = n;
}

void delivery_route(struct delivery *d, const struct orders *orders)
{
	for (size_t i = 0; i < d->n_peers; i++)
		d->peers[i]->is_ordered = false;
	for (size_t i = 0; i < orders->mediators.n; i++) {
		const struct mediator *m = &orders->mediators.items[i];
		struct peer *peer = find_peer(d, m->name);

		peer = peer ? peer : add_peer(d, m->name);
		if (!peer) {
			log_error("mediator %s: %s", m->name, err_text(ERR_NOMEM));
			continue;
		}
		peer->is_ordered = true;
		if (!peer->link || memcmp(&peer->address, &m->address, sizeof m->address) != 0)
			dial(d, peer, &m->address);
	}
	for (size_t i = 0; i < d->n_channels; i++) {
		struct box *box = &d->channels[i]->box;

		box->is_orphan = !agency_of(orders, box->agency);
		route(d->channels[i], peer_of(d, orders, box->agency));
	}
	drop_peers(d);
	for (size_t i = 0; i < d->n_peers; i++) {
		if (d->peers[i]->link && link_is_up(d->peers[i]->link))
			may_send(d->peers[i], d->peers[i]->link);
	}
}

bool delivery_is_drained(const struct delivery *d)
{
	for (size_t i = 0; i < d->n_channels; i++) {
		const struct channel *c = d->channels[i];

		if (c->peer && c->peer->link && link_is_up(c->peer->link) &&
		    c->box.acked < spool_end(c->box.spool))
			return false;
	}
	return true;
}

/* ---- the whole ---- */

static int make_folder(const char *path, struct why *why)
{
	int rc;

	if (mkdir(path, S_IRWXU) == 0 || errno == EEXIST)
		return 0;
	rc = err_of_errno(errno);
	why_place(why, path);
	return why_set(why, rc, "cannot be made: %s", strerror(errno));
}

int delivery_new(struct delivery **out, const struct delivery_options *options, struct why *why)
{
	struct delivery *d = calloc(1, sizeof *d);
	const struct collection_settings *s = options->settings;
	int rc = d ? 0 : ERR_NOMEM;

	*out = d;
	if (rc)
		return rc;
	d->options = *options;
	d->spools = strdup(options->spools);
	d->spool = (struct spool_options){.limit = (uint64_t)s->spool_limit,
					  .disk_limit = (uint64_t)s->disk_limit,
					  .vault = options->vault,
					  .owner = custody_owner};
	rc = d->spools ? make_folder(options->spools, why) : ERR_NOMEM;
	if (!rc && s->disk)
		rc = make_folder(s->disk, why);
	if (rc)
		delivery_free(out);
	return rc;
}

void delivery_free(struct delivery **dp)
{
	struct delivery *d = *dp;

	if (!d)
		return;
	for (size_t i = 0; i < d->n_peers; i++)
		d->peers[i]->is_ordered = false;
	drop_peers(d);
	for (size_t i = 0; i < d->n_channels; i++)
		free_channel(d->channels[i]);
	free(d->peers);
	free(d->channels);
	free(d->spools);
	free(d);
	*dp = NULL;
}

static void put_number(struct json *j, const char *key, uint64_t n)
{
	json_key(j, key);
	json_u64(j, n);
}

void delivery_status(const struct delivery *d, struct json *j)
{
	json_key(j, "mediators"), json_open(j, '[');
	for (size_t i = 0; i < d->n_peers; i++) {
		const struct peer *peer = d->peers[i];

		json_open(j, '{');
		json_key(j, "name"), json_text(j, peer->name);
		json_key(j, "up"), json_bool(j, peer->link && link_is_up(peer->link));
		json_close(j, '}');
	}
	json_close(j, ']');
	json_key(j, "outboxes"), json_open(j, '[');
	for (size_t i = 0; i < d->n_channels; i++) {
		const struct channel *c = d->channels[i];
		const struct spool_stats stats = spool_stats(c->box.spool);

		json_open(j, '{');
		json_key(j, "agency"), json_text(j, c->box.agency);
		json_key(j, "interface"), json_text(j, interface_names[c->box.interface]);
		if (c->peer)
			json_key(j, "mediator"), json_text(j, c->peer->name);
		put_number(j, "octets", spool_end(c->box.spool));
		put_number(j, "waiting", spool_end(c->box.spool) - c->box.acked);
		put_number(j, "size", spool_size(c->box.spool));
		put_number(j, "limit", spool_limit(c->box.spool));
		put_number(j, "in_memory", stats.memory);
		put_number(j, "on_disk", stats.disk);
		json_close(j, '}');
	}
	json_close(j, ']');
}
