/* What Weir finds in the SIP of a capture, for sip_test.py.
 *
 *	sip-probe CAPTURE
 *		a line of JSON for each message: its frame's number, and what it says
 *	sip-probe --repeat N FILE
 *		reads the message in the file N times, for who counts instructions */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cap/source.h"
#include "net/decode.h"
#include "net/reassembly.h"
#include "sip/body.h"
#include "sip/framer.h"
#include "sip/sdp.h"
#include "stream/half.h"
#include "stream/stream.h"

enum { MAX_TEXT = 64 << 20, ROOM = SIP_MAX_LEN, MAX_MESSAGE = 1 << 16, MAX_FLOWS = 64 };

struct probe;

/* One direction of a TCP connection. */
struct flow {
	struct probe *probe;
	struct net_ip src, dst;
	uint16_t src_port, dst_port;
	struct half half;
	struct sip_framer framer;
	uint8_t room[SIP_MAX_LEN];
};

struct probe {
	struct wr w;
	struct flow *flows[MAX_FLOWS];
	int n_flows;
	struct net_reassembly *reassembly;
	uint64_t n_frames;
	int rc;
};

static void write_text(struct json *j, const char *key, struct sip_text t)
{
	json_key(j, key);
	json_hex(j, t.bytes, t.len);
}

static void write_address(struct json *j, const char *key, const struct sip_message *m,
			  enum sip_field field)
{
	struct sip_address a;
	struct sip_text tag = {NULL, 0};

	if (sip_message_address(m, field, &a))
		return;
	(void)sip_message_tag(m, field, &tag);
	json_key(j, key), json_open(j, '{');
	write_text(j, "uri", a.text);
	write_text(j, "user", a.uri.user);
	write_text(j, "host", a.uri.host.text);
	write_text(j, "tag", tag);
	json_close(j, '}');
}

static void write_vias(struct json *j, const struct sip_message *m)
{
	struct sip_values v = sip_message_values(m, SIP_FIELD_VIA);
	struct sip_text value;
	struct sip_via via;

	json_key(j, "branches"), json_open(j, '[');
	while (sip_values_next(&v, &value))
		if (sip_via_read(value, &via) == 0)
			json_hex(j, via.branch.bytes, via.branch.len);
	json_close(j, ']');
}

static void write_sdp(struct json *j, const struct sip_message *m)
{
	struct sip_part part;
	struct sdp sdp;

	if (!sip_message_part(m, "application", "sdp", &part) || sdp_read(part.bytes, &sdp))
		return;
	json_key(j, "sdp"), json_open(j, '{');
	write_text(j, "owner", sdp.origin.line);
	write_text(j, "address", sdp.address.text);
	json_key(j, "media"), json_open(j, '[');
	for (int i = 0; i < sdp.n_media; i++) {
		const struct sdp_media *media = &sdp.media[i];

		json_open(j, '{');
		write_text(j, "kind", media->kind_name);
		json_key(j, "port"), json_u64(j, media->port);
		write_text(j, "protocol", media->protocol);
		write_text(j, "formats", media->formats);
		write_text(j, "address", media->address.text);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void write_message(struct probe *p, struct sip_text text, bool is_tcp)
{
	struct sip_message m;
	struct sip_text value = {NULL, 0};
	struct sip_cseq cseq = {0};
	struct json j = json_of(&p->w);
	int rc = sip_message_read(text.bytes, text.len, &m);

	if (rc && rc != ERR_CUT)
		return;
	json_open(&j, '{');
	json_key(&j, "frame"), json_u64(&j, p->n_frames);
	json_key(&j, "is_tcp"), json_bool(&j, is_tcp);
	json_key(&j, "is_cut"), json_bool(&j, rc == ERR_CUT);
	json_key(&j, "status"), json_u64(&j, m.status);
	if (m.is_request)
		write_text(&j, "method", m.method_name);
	write_text(&j, "uri", m.uri);
	if (sip_message_value(&m, SIP_FIELD_CALL_ID, &value))
		write_text(&j, "call_id", value);
	if (sip_message_value(&m, SIP_FIELD_CONTENT_TYPE, &value))
		write_text(&j, "type", value);
	if (sip_message_value(&m, SIP_FIELD_CSEQ, &value) && sip_cseq_read(value, &cseq) == 0) {
		json_key(&j, "cseq"), json_u64(&j, cseq.number);
		write_text(&j, "cseq_method", cseq.method_name);
	}
	write_address(&j, "from", &m, SIP_FIELD_FROM);
	write_address(&j, "to", &m, SIP_FIELD_TO);
	write_vias(&j, &m);
	write_sdp(&j, &m);
	json_key(&j, "body"), json_u64(&j, m.body.len);
	json_key(&j, "faults"), json_u64(&j, sip_message_faults(&m));
	json_close(&j, '}');
	json_line(&j);
}

static void take_octets(void *arg, uint64_t lost, const uint8_t *bytes, size_t len)
{
	struct flow *flow = arg;
	struct rd r = rd_of(bytes, len);
	struct sip_text message;

	if (lost && sip_framer_gap(&flow->framer, &message))
		write_message(flow->probe, message, true);
	while (sip_framer_next(&flow->framer, &r, &message))
		write_message(flow->probe, message, true);
}

static bool is_flow(const struct flow *f, const struct stream_segment *s)
{
	return f->src_port == s->src_port && f->dst_port == s->dst_port &&
	       !memcmp(&f->src, &s->src, sizeof f->src) && !memcmp(&f->dst, &s->dst, sizeof f->dst);
}

static struct flow *flow_of(struct probe *p, const struct stream_segment *s)
{
	struct flow *f;

	for (int i = 0; i < p->n_flows; i++)
		if (is_flow(p->flows[i], s))
			return p->flows[i];
	f = p->n_flows < MAX_FLOWS ? calloc(1, sizeof *f) : NULL;
	if (!f)
		return NULL;
	f->probe = p;
	f->src = s->src, f->dst = s->dst;
	f->src_port = s->src_port, f->dst_port = s->dst_port;
	half_init(&f->half, 0);
	half_begin(&f->half, s->seq);
	sip_framer_init(&f->framer, f->room, sizeof f->room);
	p->flows[p->n_flows++] = f;
	return f;
}

static void read_segment(struct probe *p, const struct stream_segment *s)
{
	struct flow *flow = flow_of(p, s);
	struct half_sink sink = {take_octets, flow};

	if (!flow)
		return;
	if (s->flags & STREAM_SYN) {
		half_fini(&flow->half);
		half_init(&flow->half, 0);
		half_begin(&flow->half, s->seq + 1);
	} else if (s->len) {
		(void)half_take(&flow->half, s->seq, s->bytes, s->len, &sink);
	}
}

/* What waits behind holes, which nothing will fill any more. */
static void end_flows(struct probe *p)
{
	for (int i = 0; i < p->n_flows; i++) {
		struct half_sink sink = {take_octets, p->flows[i]};

		while (p->flows[i]->half.n_chunks)
			(void)half_skip(&p->flows[i]->half, &sink);
		half_fini(&p->flows[i]->half);
		free(p->flows[i]);
	}
}

static void read_packet(struct probe *p, const struct weir_packet *packet)
{
	struct stream_segment segment;
	const struct weir_layer *l;
	const uint8_t *bytes;

	if (packet->transport == WEIR_NO_LAYER)
		return;
	l = &packet->layers[packet->transport];
	bytes = &packet->frame->bytes[l->offset + l->header_len];
	if (l->proto == WEIR_UDP && sip_likeness(bytes, l->len - l->header_len) == SIP_IS_ONE)
		write_message(p, sip_text_of(bytes, l->len - l->header_len), false);
	else if (l->proto == WEIR_TCP && stream_segment_of(packet, &segment))
		read_segment(p, &segment);
}

static void read_frame(struct probe *p, const struct weir_frame *frame)
{
	struct weir_packet packet;
	struct net_whole whole;
	int layer;

	net_decode(&packet, frame);
	layer = net_reassembly_layer(&packet);
	if (layer < 0) {
		read_packet(p, &packet);
		return;
	}
	p->rc = net_reassembly_take(p->reassembly, &packet, layer, &whole);
	if (p->rc == 1) {
		struct weir_frame f = {.bytes = whole.bytes,
				       .cap_len = whole.len,
				       .wire_len = whole.len,
				       .link = whole.version == 4 ? 228 : 229,
				       .time_ns = whole.time_ns};

		p->rc = 0;
		net_decode(&packet, &f);
		read_packet(p, &packet);
		free(whole.bytes);
	}
}

static void read_block(struct probe *p, struct weir_block *block)
{
	struct weir_frame *frames;
	int n;

	while ((n = block_batch(block, &frames)) > 0) {
		for (int i = 0; i < n && !p->rc; i++) {
			p->n_frames++;
			read_frame(p, &frames[i]);
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
		rc = p->rc;
	}
	source_close(&source);
	return rc == ERR_END ? 0 : rc;
}

/* What a message costs: read alone, and with what a call's state wants of it. */
static int repeat(unsigned long n, const char *path)
{
	static uint8_t bytes[MAX_MESSAGE];
	FILE *f = fopen(path, "rb");
	size_t len = f ? fread(bytes, 1, sizeof bytes, f) : 0;
	struct sip_message m;
	struct sip_address a;
	struct sip_text value;
	struct sip_via via;
	struct sip_part part;
	static struct sdp sdp;
	int rc = len ? 0 : ERR_IO;

	for (unsigned long i = 0; i < n && !rc; i++) {
		rc = sip_message_read(bytes, len, &m);
		if (rc || n % 2)
			continue;
		if (sip_message_address(&m, SIP_FIELD_TO, &a) ||
		    sip_message_address(&m, SIP_FIELD_FROM, &a) ||
		    !sip_message_value(&m, SIP_FIELD_VIA, &value) || sip_via_read(value, &via))
			rc = ERR_BAD;
		if (sip_message_part(&m, "application", "sdp", &part))
			rc = sdp_read(part.bytes, &sdp);
	}
	if (f)
		fclose(f);
	return rc;
}

int main(int argc, char **argv)
{
	struct probe p = {.w = wr_init(MAX_TEXT)};
	int rc;

	if (argc == 4 && !strcmp(argv[1], "--repeat")) {
		rc = repeat(strtoul(argv[2], NULL, 10), argv[3]);
	} else {
		rc = argc == 2 ? net_reassembly_new(&p.reassembly) : ERR_USAGE;
		if (!rc)
			rc = read_all(&p, argv[1]);
		end_flows(&p);
		net_reassembly_free(&p.reassembly);
	}
	fwrite(p.w.bytes, 1, p.w.len, stdout);
	if (rc)
		fprintf(stderr, "sip-probe: %s\n", err_text(rc));
	wr_fini(&p.w);
	return rc ? 1 : 0;
}
