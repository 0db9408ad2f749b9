/* What Weir finds in the RADIUS of a capture, for radius_test.py.
 *
 *	radius-probe packets CAPTURE
 *		a line of JSON for each RADIUS packet: its frame's number and all of its attributes
 *	radius-probe sessions CAPTURE SERVER FIRST-PORT LAST-PORT USER
 *		"event KIND CAUSE USER +ADDRESS … -ADDRESS …" as it comes, and "frame NUMBER"
 *		for each that is from or to an address that a session of USER has then */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/access.h"
#include "base/json.h"
#include "cap/source.h"
#include "net/decode.h"

enum { MAX_TEXT = 64 << 20 };

struct probe {
	struct wr w;
	struct access *access;
	struct access_servers *servers;
	const char *user;
	uint64_t n_frames;
};

static void write_attribute(struct json *j, const struct radius_attribute *a)
{
	const char *name = radius_type_name(a->type);
	struct net_prefix prefix;
	char text[NET_IP_TEXT_LEN];
	uint32_t number;

	json_open(j, '{');
	json_key(j, "type"), json_u64(j, a->type);
	json_key(j, "name"), json_text(j, name);
	json_key(j, "value"), json_hex(j, a->value, a->len);
	json_key(j, "is_well_formed"), json_bool(j, radius_is_well_formed(a));
	if (radius_integer(a, &number))
		json_key(j, "number"), json_u64(j, number);
	if (radius_prefix(a, &prefix)) {
		net_prefix_print(&prefix, text);
		json_key(j, "prefix"), json_text(j, text);
	}
	json_close(j, '}');
}

static bool is_radius_port(uint16_t port)
{
	return port == 1812 || port == 1813 || port == 1645 || port == 1646 || port == 1700 ||
	       port == 3799;
}

static void write_packet(struct probe *p, const struct weir_packet *packet)
{
	const struct weir_layer *l;
	struct json j = json_of(&p->w);
	struct radius_attribute a;
	struct radius r;

	if (packet->transport == WEIR_NO_LAYER)
		return;
	l = &packet->layers[packet->transport];
	if (l->proto != WEIR_UDP ||
	    !(is_radius_port(packet->src_port) || is_radius_port(packet->dst_port)))
		return;
	if (radius_read(&packet->frame->bytes[l->offset + l->header_len], l->len - l->header_len,
			&r))
		return;
	json_open(&j, '{');
	json_key(&j, "frame"), json_u64(&j, p->n_frames);
	json_key(&j, "code"), json_u64(&j, r.code);
	json_key(&j, "id"), json_u64(&j, r.identifier);
	json_key(&j, "length"), json_u64(&j, r.len);
	json_key(&j, "authenticator"), json_hex(&j, r.authenticator, RADIUS_AUTHENTICATOR_LEN);
	json_key(&j, "attributes"), json_open(&j, '[');
	while (radius_next(&r.attributes, &a))
		write_attribute(&j, &a);
	json_close(&j, ']');
	json_close(&j, '}');
	json_line(&j);
}

static void write_addresses(struct wr *w, char sign, const struct access_address *at, size_t n)
{
	char text[NET_IP_TEXT_LEN];

	for (size_t i = 0; i < n; i++) {
		net_prefix_print(&at[i].prefix, text);
		wr_text(w, " %c%s", sign, text);
	}
}

static void on_event(void *arg, const struct access_event *e)
{
	struct access_text user = access_text(e->session, RADIUS_USER_NAME, 0);
	struct probe *p = arg;

	wr_text(&p->w, "event %s %s %.*s", access_event_key(e->kind), access_cause_key(e->cause),
		(int)user.len, user.bytes ? (const char *)user.bytes : "");
	write_addresses(&p->w, '+', e->gained, e->n_gained);
	write_addresses(&p->w, '-', e->lost, e->n_lost);
	wr_text(&p->w, "\n");
}

static bool is_users(const struct probe *p, const struct net_ip *ip)
{
	const struct access_session *s = access_next(p->access, NULL);

	for (; s; s = access_next(p->access, s)) {
		struct access_text user = access_text(s, RADIUS_USER_NAME, 0);

		if (user.len != strlen(p->user) || memcmp(user.bytes, p->user, user.len) != 0)
			continue;
		for (uint32_t i = 0; i < s->n_addresses; i++) {
			if (net_prefix_holds(&s->addresses[i].prefix, ip))
				return true;
		}
	}
	return false;
}

static void follow_sessions(struct probe *p, const struct weir_packet *packet)
{
	struct access_datagram d;
	struct net_ip src, dst;

	if (access_servers_find(p->servers, packet, &d))
		access_feed(p->access, &d);
	if (packet->outer_ip != WEIR_NO_LAYER && net_ip_src(packet, packet->outer_ip, &src) &&
	    net_ip_dst(packet, packet->outer_ip, &dst) && (is_users(p, &src) || is_users(p, &dst)))
		wr_text(&p->w, "frame %llu\n", (unsigned long long)p->n_frames);
}

static void read_block(struct probe *p, struct weir_block *block)
{
	struct weir_frame *frames;
	struct weir_packet packet;
	int n;

	while ((n = block_batch(block, &frames)) > 0) {
		for (int i = 0; i < n; i++) {
			p->n_frames++;
			net_decode(&packet, &frames[i]);
			if (p->access)
				follow_sessions(p, &packet);
			else
				write_packet(p, &packet);
		}
	}
}

static int read_all(struct probe *p, const char *path)
{
	struct source_options options = {.n_queues = 1};
	struct weir_block *block;
	struct source *source;
	struct why why = {.text = ""};
	int rc = source_open(&source, path, &options, &why);

	while (!rc && !(rc = source_block(source, 0, &block))) {
		read_block(p, block);
		block_put(&block);
	}
	source_close(&source);
	return rc == ERR_END ? 0 : rc;
}

static int follow(struct probe *p, char **words)
{
	struct access_server server = {
		.first_port = (uint16_t)strtoul(words[1], NULL, 10),
		.last_port = (uint16_t)strtoul(words[2], NULL, 10),
	};
	struct access_options options = {.on_event = on_event, .arg = p};
	struct net_prefix address;

	if (!net_prefix_parse(words[0], &address))
		return ERR_USAGE;
	server.ip = address.ip;
	p->user = words[3];
	if (access_servers_new(&p->servers, &server, 1))
		return ERR_USAGE;
	return access_new(&p->access, &options);
}

int main(int argc, char **argv)
{
	struct probe p = {.w = wr_init(MAX_TEXT)};
	int rc = argc == 3 || argc == 7 ? 0 : ERR_USAGE;

	if (!rc && argc == 7)
		rc = follow(&p, &argv[3]);
	if (!rc)
		rc = read_all(&p, argv[2]);
	fwrite(p.w.bytes, 1, p.w.len, stdout);
	if (rc)
		fprintf(stderr, "radius-probe: %s\n", err_text(rc));
	access_free(&p.access);
	access_servers_free(&p.servers);
	wr_fini(&p.w);
	return rc ? 1 : 0;
}
