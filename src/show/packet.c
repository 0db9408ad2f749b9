#include "show/packet.h"

#include <string.h>

#include "net/decode.h"
#include "net/ip.h"
#include "show/layer.h"

enum { NAME_WIDTH = 9, INDENT = 4, INDENT_STEP = 2 };

static const char *const stops[] = {"done", "unknown", "cut", "bad", "deep"};

/* What a person is told of a packet that could not be taken apart. */
static const char *const remarks[] = {
	[WEIR_STOP_CUT] = "the bytes end inside a header",
	[WEIR_STOP_BAD] = "a header breaks its own rules",
	[WEIR_STOP_DEEP] = "there are more layers than can be shown",
};

static void spaces(struct form *f, size_t n)
{
	wr_fill(f->w, ' ', n);
}

/* The bytes that -x shows: the payload's, or all of a frame of an unknown link type. */
static void payload(struct form *f, const struct show_style *style, const struct weir_packet *p,
		    uint32_t offset, uint32_t len)
{
	if (!style->has_hex || !len)
		return;
	if (style->max_hex && len > style->max_hex)
		len = (uint32_t)style->max_hex;
	form_bytes(f, &p->frame->bytes[offset], len);
}

/* ---- lines ---- */

static void head_line(struct form *f, const struct weir_packet *p, const struct weir_iface *iface)
{
	const struct weir_frame *frame = p->frame;
	int digits = iface && iface->digits ? (int)iface->digits : 9;

	form_put(f, "  ");
	if (frame->flags & WEIR_FRAME_NO_TIME)
		form_put(f, "(no time)");
	else
		form_put_time(f, frame->time_ns, digits);
	form_put(f, "  ");
	form_put_u64(f, frame->wire_len);
	form_put(f, " bytes");
	if (frame->cap_len != frame->wire_len)
		form_u64(f, "captured", frame->cap_len);
	if (frame->direction != WEIR_DIR_UNKNOWN)
		form_put(f, frame->direction == WEIR_DIR_IN ? "  in" : "  out");
	if (frame->iface)
		form_u64(f, "iface", frame->iface);
	if (iface && iface->name)
		form_text(f, "on", iface->name, strlen(iface->name));
	if (frame->lost)
		form_u64(f, "lost_before", frame->lost);
	if (frame->flags & WEIR_FRAME_ERROR)
		form_flag(f, "link_error");
}

static void layer_line(struct form *f, const struct show_style *style, const struct weir_packet *p,
		       int i)
{
	const struct weir_layer *l = &p->layers[i];
	const char *name = net_proto_name(l->proto);
	size_t len = strlen(name);

	spaces(f, INDENT + (l->flags & WEIR_LAYER_INNER ? INDENT_STEP : 0) +
			  (l->flags & WEIR_LAYER_QUOTED ? INDENT_STEP : 0));
	form_put(f, name);
	spaces(f, len < NAME_WIDTH - 2 ? NAME_WIDTH - 2 - len : 0);
	if (l->proto == WEIR_PAYLOAD)
		form_u64(f, "len", l->len);
	else
		show_layer(f, p, i);
	if (l->flags & WEIR_LAYER_CUT) {
		form_u64(f, "cut", l->len);
		form_put(f, " of ");
		form_put_u64(f, l->claim_len);
	}
	form_put(f, "\n");
	if (l->proto == WEIR_PAYLOAD)
		payload(f, style, p, l->offset, l->len);
}

static void packet_lines(struct form *f, const struct show_style *style,
			 const struct weir_packet *p, const struct weir_iface *iface)
{
	head_line(f, p, iface);
	form_put(f, "\n");
	for (int i = 0; i < p->n_layers; i++)
		layer_line(f, style, p, i);
	if (!p->n_layers && p->stop == WEIR_STOP_UNKNOWN) {
		form_put(f, "    link type ");
		form_put_u64(f, p->frame->link);
		form_put(f, " is not decoded\n");
		payload(f, style, p, 0, p->frame->cap_len);
	}
	if (p->stop < sizeof remarks / sizeof *remarks && remarks[p->stop]) {
		form_put(f, "    ! ");
		form_put(f, remarks[p->stop]);
		form_put(f, "\n");
	}
}

/* ---- one line ---- */

static void brief_end(struct form *f, const struct weir_packet *p, bool is_src, bool has_ports)
{
	const struct weir_layer *l = &p->layers[p->inner_ip];
	bool is_v4 = l->proto == WEIR_IPV4;
	bool is_wrapped = has_ports && !is_v4;

	if (is_wrapped)
		form_put(f, "[");
	form_put_address(f, is_v4 ? FORM_IP4 : FORM_IP6,
			 is_src ? net_ip_src_bytes(p, l) : net_ip_dst_bytes(p, l));
	if (is_wrapped)
		form_put(f, "]");
	if (!has_ports)
		return;
	form_put(f, ":");
	form_put_u64(f, is_src ? p->src_port : p->dst_port);
}

static void brief_transport(struct form *f, const struct weir_packet *p)
{
	const struct weir_layer *l = &p->layers[p->transport];
	const uint8_t *h = &p->frame->bytes[l->offset];
	const char *name = show_icmp_name(p, l);

	if (l->proto == WEIR_TCP && l->header_len >= 20) {
		form_list(f, "tcp");
		show_tcp_flags(f, h[13]);
		form_list_end(f);
		return;
	}
	form_put(f, "  ");
	form_put(f, net_proto_name(l->proto));
	if (name) {
		form_put(f, " ");
		form_put(f, name);
	}
}

static void packet_line(struct form *f, const struct weir_packet *p, const struct weir_iface *iface)
{
	bool has_ports = p->src_port || p->dst_port;

	head_line(f, p, iface);
	form_put(f, "  ");
	for (int i = 0; i < p->n_layers; i++) {
		if (p->layers[i].proto == WEIR_PAYLOAD)
			break;
		if (i)
			form_put(f, ".");
		form_put(f, net_proto_name(p->layers[i].proto));
	}
	if (p->inner_ip != WEIR_NO_LAYER) {
		form_put(f, "  ");
		brief_end(f, p, true, has_ports);
		form_put(f, " > ");
		brief_end(f, p, false, has_ports);
	}
	if (p->transport != WEIR_NO_LAYER)
		brief_transport(f, p);
	if (p->stop != WEIR_STOP_DONE) {
		form_put(f, "  (");
		form_put(f, stops[p->stop]);
		form_put(f, ")");
	}
	form_put(f, "\n");
}

/* ---- JSON ---- */

static void json_frame(struct form *f, const struct weir_packet *p, const struct weir_iface *iface)
{
	const struct weir_frame *frame = p->frame;

	if (!(frame->flags & WEIR_FRAME_NO_TIME)) {
		json_key(&f->json, "time");
		wr_u8(f->w, '"');
		form_put_time(f, frame->time_ns, 9);
		wr_u8(f->w, '"');
		f->json.needs_comma = true;
	}
	form_u64(f, "link", frame->link);
	form_u64(f, "wire_len", frame->wire_len);
	form_u64(f, "cap_len", frame->cap_len);
	form_u64(f, "iface", frame->iface);
	if (iface && iface->name)
		form_text(f, "iface_name", iface->name, strlen(iface->name));
	if (frame->direction != WEIR_DIR_UNKNOWN)
		form_word(f, "direction", frame->direction == WEIR_DIR_IN ? "in" : "out");
	if (frame->lost)
		form_u64(f, "lost_before", frame->lost);
	if (frame->flags & WEIR_FRAME_ERROR)
		form_flag(f, "link_error");
}

static void json_layer(struct form *f, const struct show_style *style, const struct weir_packet *p,
		       int i)
{
	static const struct {
		uint8_t flag;
		const char *name;
	} flags[] = {
		{WEIR_LAYER_CUT, "cut"},
		{WEIR_LAYER_FRAGMENT, "fragment"},
		{WEIR_LAYER_INNER, "inner"},
		{WEIR_LAYER_QUOTED, "quoted"},
	};
	const struct weir_layer *l = &p->layers[i];

	json_open(&f->json, '{');
	form_word(f, "layer", net_proto_name(l->proto));
	form_u64(f, "at", l->offset);
	form_u64(f, "header_len", l->header_len);
	form_u64(f, "layer_len", l->len);
	if (l->claim_len != l->len)
		form_u64(f, "claim_len", l->claim_len);
	for (size_t k = 0; k < sizeof flags / sizeof *flags; k++)
		if (l->flags & flags[k].flag)
			form_flag(f, flags[k].name);
	if (l->proto == WEIR_PAYLOAD)
		payload(f, style, p, l->offset, l->len);
	else
		show_layer(f, p, i);
	json_close(&f->json, '}');
}

static void packet_json(struct form *f, const struct show_style *style, const struct weir_packet *p,
			const struct weir_iface *iface)
{
	f->json.needs_comma = true; /* after the number */
	json_frame(f, p, iface);
	json_key(&f->json, "layers");
	json_open(&f->json, '[');
	for (int i = 0; i < p->n_layers; i++)
		json_layer(f, style, p, i);
	json_close(&f->json, ']');
	if (!p->n_layers)
		payload(f, style, p, 0, p->frame->cap_len);
	form_word(f, "stop", stops[p->stop]);
	json_close(&f->json, '}');
	json_line(&f->json);
}

void show_packet(struct form *f, const struct show_style *style, const struct weir_packet *p,
		 const struct weir_iface *iface)
{
	if (f->is_json)
		packet_json(f, style, p, iface);
	else if (style->is_brief)
		packet_line(f, p, iface);
	else
		packet_lines(f, style, p, iface);
}
