/* Headers of tunnels whose fields are there or not by flags. */
#include "show/layer.h"

enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACK = 0x0080,
};

static void gre_pptp(struct form *f, struct rd r, uint16_t flags)
{
	form_u64(f, "version", 1);
	form_u64(f, "len", rd_u16(&r));
	form_u64(f, "call", rd_u16(&r));
	if (flags & GRE_SEQUENCE && rd_left(&r) >= 4)
		form_u64(f, "seq", rd_u32(&r));
	if (flags & GRE_ACK && rd_left(&r) >= 4)
		form_u64(f, "ack", rd_u32(&r));
}

void show_gre(struct form *f, const struct weir_packet *p, int i)
{
	struct rd r = show_header(p, i);
	uint16_t flags = rd_u16(&r);

	form_hex(f, "type", rd_u16(&r), 4);
	if (flags & 7) {
		gre_pptp(f, r, flags);
		return;
	}
	if (flags & (GRE_CHECKSUM | GRE_ROUTING) && rd_left(&r) >= 4) {
		uint16_t sum = rd_u16(&r);

		if (flags & GRE_CHECKSUM)
			form_hex(f, "checksum", sum, 4);
		rd_skip(&r, 2);
	}
	if (flags & GRE_KEY && rd_left(&r) >= 4)
		form_hex(f, "key", rd_u32(&r), 8);
	if (flags & GRE_SEQUENCE && rd_left(&r) >= 4)
		form_u64(f, "seq", rd_u32(&r));
	if (flags & GRE_ROUTING)
		form_flag(f, "routing");
}

void show_erspan(struct form *f, const struct weir_packet *p, int i)
{
	struct rd r = show_header(p, i);
	uint32_t first = rd_u32(&r), second = rd_u32(&r);

	if (!p->layers[i].header_len) {
		form_u64(f, "type", 1);
		return;
	}
	if (!r.ok)
		return;
	form_u64(f, "type", (first >> 28) + 1);
	form_u64(f, "session", first & 0x3ff);
	form_u64(f, "vlan", first >> 16 & 0xfff);
	if (first & 0x400)
		form_flag(f, "truncated");
	if (first >> 28 == 1)
		form_u64(f, "index", second & 0xfffff);
	else
		form_u64(f, "timestamp", second);
}

void show_geneve(struct form *f, const struct weir_packet *p, int i)
{
	struct rd r = show_header(p, i);

	rd_skip(&r, 1);
	if (rd_u8(&r) & 0x80)
		form_flag(f, "control");
	form_hex(f, "type", rd_u16(&r), 4);
	form_u64(f, "vni", rd_u32(&r) >> 8);
	if (rd_left(&r))
		form_list(f, "options");
	else
		return;
	while (rd_left(&r) >= 4) {
		uint16_t class = rd_u16(&r);
		uint8_t type = rd_u8(&r), len = (rd_u8(&r) & 0x1f) * 4;

		form_item(f, "0x%04x/0x%02x (%u bytes)", class, type, len);
		rd_skip(&r, len);
	}
	form_list_end(f);
}

static bool is_over_udp(const struct weir_packet *p, int i)
{
	return i > 0 && p->layers[i - 1].proto == WEIR_UDP;
}

void show_l2tp(struct form *f, const struct weir_packet *p, int i)
{
	struct rd r = show_header(p, i);
	uint16_t flags;

	if (!is_over_udp(p, i)) {
		form_u64(f, "version", 3);
		form_hex(f, "session", rd_u32(&r), 8);
		return;
	}
	flags = rd_u16(&r);
	form_u64(f, "version", flags & 15);
	form_word(f, "kind", flags & 0x8000 ? "control" : "data");
	if (flags & 0x4000)
		form_u64(f, "len", rd_u16(&r));
	form_u64(f, "tunnel", rd_u16(&r));
	form_u64(f, "session", rd_u16(&r));
	if (flags & 0x0800 && rd_left(&r) >= 4) {
		form_u64(f, "ns", rd_u16(&r));
		form_u64(f, "nr", rd_u16(&r));
	}
}

static const char *gtpu_name(uint8_t type)
{
	switch (type) {
	case 1:
		return "echo-request";
	case 2:
		return "echo-response";
	case 26:
		return "error-indication";
	case 31:
		return "extension-headers";
	case 253:
		return "tunnel-status";
	case 254:
		return "end-marker";
	case 255:
		return "t-pdu";
	default:
		return NULL;
	}
}

static void gtpu_extensions(struct form *f, struct rd r, uint8_t next)
{
	form_list(f, "extensions");
	while (next && rd_left(&r)) {
		size_t len = (size_t)rd_u8(&r) * 4;

		form_item(f, "0x%02x (%zu bytes)", next, len);
		if (len < 2)
			break;
		rd_skip(&r, len - 2);
		next = rd_u8(&r);
	}
	form_list_end(f);
}

void show_gtpu(struct form *f, const struct weir_packet *p, int i)
{
	struct rd r = show_header(p, i);
	uint8_t flags = rd_u8(&r), type = rd_u8(&r);
	uint16_t len = rd_u16(&r);

	if (gtpu_name(type))
		form_word(f, "kind", gtpu_name(type));
	else
		form_u64(f, "kind", type);
	form_hex(f, "teid", rd_u32(&r), 8);
	form_u64(f, "len", len);
	if (!(flags & 7) || rd_left(&r) < 4)
		return;
	len = rd_u16(&r);
	if (flags & 2)
		form_u64(f, "seq", len);
	type = rd_u8(&r);
	if (flags & 1)
		form_u64(f, "npdu", type);
	type = rd_u8(&r);
	if (flags & 4)
		gtpu_extensions(f, r, type);
}
