#include "show/layer.h"

#include <stdio.h>

#include "net/checksum.h"

/* How a field is shown. */
enum kind {
	DEC,
	SOME, /* decimal, and only where it is not 0 */
	HEX,
	FLAG, /* only its name, where it is set */
	MAC,
	MACS, /* two after one another: destination first */
	IP4S, /* source first */
	IP6S,
	PORTS,
};

struct field {
	const char *name;
	uint16_t bit; /* from the header's first */
	uint16_t n_bits;
	uint8_t kind;
};

struct row {
	const struct field *fields;
	int n;
	void (*more)(struct form *f, const struct weir_packet *p, int i);
};

static const struct field ether[] = {
	{NULL, 0, 96, MACS},
	{"type", 96, 16, HEX},
};
static const struct field vlan[] = {
	{"id", 4, 12, DEC},
	{"priority", 0, 3, SOME},
	{"dei", 3, 1, FLAG},
	{"type", 16, 16, HEX},
};
static const struct field mpls[] = {
	{"label", 0, 20, DEC}, {"class", 20, 3, SOME},       {"bottom", 23, 1, FLAG},
	{"ttl", 24, 8, DEC},   {"pw_sequence", 48, 16, DEC},
};
static const struct field pppoe[] = {
	{"code", 8, 8, HEX},
	{"session", 16, 16, HEX},
	{"len", 32, 16, DEC},
};
static const struct field ppp_direction[] = {{"direction", 0, 8, DEC}};
static const struct field chdlc[] = {
	{"address", 0, 8, HEX},
	{"type", 16, 16, HEX},
};
static const struct field llc[] = {
	{"dsap", 0, 8, HEX},  {"ssap", 8, 8, HEX},   {"control", 16, 8, HEX},
	{"oui", 24, 24, HEX}, {"type", 48, 16, HEX},
};
static const struct field sll[] = {
	{"packet_type", 0, 16, DEC},
	{"arphrd", 16, 16, DEC},
	{"src", 48, 48, MAC},
	{"type", 112, 16, HEX},
};
static const struct field sll2[] = {
	{"type", 0, 16, HEX},        {"ifindex", 32, 32, DEC}, {"arphrd", 64, 16, DEC},
	{"packet_type", 80, 8, DEC}, {"src", 96, 48, MAC},
};
static const struct field null[] = {{"family", 0, 32, HEX}};
static const struct field lowpan[] = {
	{"control", 0, 16, HEX},
	{"seq", 16, 8, DEC},
};
static const struct field ipv4[] = {
	{NULL, 96, 64, IP4S},      {"ttl", 64, 8, DEC},  {"id", 32, 16, HEX},
	{"len", 16, 16, DEC},      {"dscp", 8, 6, SOME}, {"ecn", 14, 2, SOME},
	{"reserved", 48, 1, FLAG}, {"df", 49, 1, FLAG},  {"mf", 50, 1, FLAG},
	{"proto", 72, 8, DEC},
};
static const struct field ipv6[] = {
	{NULL, 64, 256, IP6S}, {"hops", 56, 8, DEC},  {"len", 32, 16, DEC}, {"dscp", 4, 6, SOME},
	{"ecn", 10, 2, SOME},  {"flow", 12, 20, HEX}, {"next", 48, 8, DEC},
};
static const struct field ipv6_ext[] = {{"next", 0, 8, DEC}};
static const struct field fragment[] = {
	{"mf", 31, 1, FLAG},
	{"id", 32, 32, HEX},
	{"next", 0, 8, DEC},
};
static const struct field ah[] = {
	{"spi", 32, 32, HEX},
	{"seq", 64, 32, DEC},
	{"next", 0, 8, DEC},
};
static const struct field esp[] = {
	{"spi", 0, 32, HEX},
	{"seq", 32, 32, DEC},
};
static const struct field tcp[] = {
	{NULL, 0, 32, PORTS},  {"seq", 32, 32, DEC},      {"ack", 64, 32, DEC},
	{"win", 112, 16, DEC}, {"urgent", 144, 16, SOME},
};
static const struct field udp[] = {
	{NULL, 0, 32, PORTS},
	{"len", 32, 16, DEC},
};
static const struct field udplite[] = {
	{NULL, 0, 32, PORTS},
	{"coverage", 32, 16, DEC},
};
static const struct field sctp[] = {
	{NULL, 0, 32, PORTS},
	{"tag", 32, 32, HEX},
};
static const struct field icmp[] = {
	{"type", 0, 8, DEC},
	{"code", 8, 8, DEC},
};
static const struct field vxlan[] = {
	{"vni", 32, 24, DEC},
	{"flags", 0, 8, HEX},
	{"policy", 16, 16, SOME},
};

static uint64_t bits_of(const uint8_t *h, const struct field *field)
{
	uint64_t v = 0;
	unsigned last = field->bit + field->n_bits - 1u;

	for (unsigned i = field->bit / 8; i <= last / 8; i++)
		v = v << 8 | h[i];
	v >>= 7 - last % 8;
	return field->n_bits < 64 ? v & ((1ull << field->n_bits) - 1) : v;
}

static void show_field(struct form *f, const uint8_t *h, const struct field *field)
{
	const uint8_t *b = &h[field->bit / 8];
	uint64_t v;

	switch (field->kind) {
	case MAC:
		form_address(f, field->name, FORM_MAC, b);
		return;
	case MACS:
		form_pair(f, FORM_MAC, &b[6], b);
		return;
	case IP4S:
		form_pair(f, FORM_IP4, b, &b[4]);
		return;
	case IP6S:
		form_pair(f, FORM_IP6, b, &b[16]);
		return;
	case PORTS:
		form_pair(f, FORM_PORT, b, &b[2]);
		return;
	default:
		break;
	}
	v = bits_of(h, field);
	if (field->kind == HEX)
		form_hex(f, field->name, v, (field->n_bits + 3) / 4);
	else if (field->kind == FLAG && v)
		form_flag(f, field->name);
	else if (field->kind == DEC || (field->kind == SOME && v))
		form_u64(f, field->name, v);
}

static void checksum(struct form *f, const struct weir_packet *p, int i, size_t at)
{
	struct rd r = show_header(p, i);
	const char *verdict = net_checksum_name(net_checksum(p, i));
	bool is_crc = p->layers[i].proto == WEIR_SCTP;
	uint32_t v;

	rd_skip(&r, at);
	v = is_crc ? rd_u32(&r) : rd_u16(&r);
	if (!r.ok)
		return;
	form_hex(f, "checksum", v, is_crc ? 8 : 4);
	if (f->is_json) {
		form_word(f, "checksum_verdict", verdict);
		return;
	}
	form_put(f, " ");
	form_put(f, verdict);
}

static void ppp_more(struct form *f, const struct weir_packet *p, int i)
{
	struct rd r = show_header(p, i);
	uint16_t protocol = rd_u8(&r);

	if (protocol == 0xff) {
		rd_skip(&r, 1);
		protocol = rd_u8(&r);
	}
	if (!(protocol & 1))
		protocol = (uint16_t)(protocol << 8 | rd_u8(&r));
	if (r.ok)
		form_hex(f, "protocol", protocol, 4);
}

static void radiotap_more(struct form *f, const struct weir_packet *p, int i)
{
	struct rd r = show_header(p, i);

	rd_skip(&r, 2);
	form_u64(f, "len", rd_le16(&r));
	form_hex(f, "present", rd_le32(&r), 8);
}

static void wlan_more(struct form *f, const struct weir_packet *p, int i)
{
	static const char *const types[] = {"management", "control", "data", "extension"};
	static const char *const flags[] = {"to_ds", "from_ds",   "more_fragments", "retry",
					    "power", "more_data", "protected",      "order"};
	struct rd r = show_header(p, i);
	uint8_t control = rd_u8(&r), bits = rd_u8(&r);
	const uint8_t *b;

	form_word(f, "type", types[control >> 2 & 3]);
	form_u64(f, "subtype", control >> 4);
	for (int k = 0; k < 8; k++)
		if (bits & 1 << k)
			form_flag(f, flags[k]);
	rd_skip(&r, 2);
	for (int k = 1; k <= 3 && (b = rd_take(&r, 6)); k++) {
		static const char *const names[] = {"addr1", "addr2", "addr3"};

		form_address(f, names[k - 1], FORM_MAC, b);
	}
	if (rd_left(&r) >= 2)
		form_u64(f, "seq", rd_le16(&r) >> 4);
}

static const char *arp_name(uint16_t op)
{
	static const char *const ops[] = {NULL, "request", "reply", "rarp-request",  "rarp-reply",
					  NULL, NULL,      NULL,    "inarp-request", "inarp-reply",
					  NULL};

	return op < sizeof ops / sizeof *ops ? ops[op] : NULL;
}

static void arp_more(struct form *f, const struct weir_packet *p, int i)
{
	struct rd r = show_header(p, i);
	const uint8_t *src, *dst;
	uint16_t protocol, op;
	uint8_t hardware_len, address_len;

	rd_skip(&r, 2);
	protocol = rd_u16(&r);
	hardware_len = rd_u8(&r);
	address_len = rd_u8(&r);
	op = rd_u16(&r);
	if (arp_name(op))
		form_word(f, "op", arp_name(op));
	else
		form_u64(f, "op", op);
	src = rd_take(&r, hardware_len);
	if (src && hardware_len == 6)
		form_address(f, "src_mac", FORM_MAC, src);
	src = rd_take(&r, address_len);
	dst = rd_take(&r, hardware_len);
	if (dst && hardware_len == 6)
		form_address(f, "dst_mac", FORM_MAC, dst);
	dst = rd_take(&r, address_len);
	if (src && dst && protocol == 0x0800 && address_len == 4)
		form_pair(f, FORM_IP4, src, dst);
}

static void ipv4_more(struct form *f, const struct weir_packet *p, int i)
{
	struct rd r = show_header(p, i);
	uint16_t offset;

	rd_skip(&r, 6);
	offset = rd_u16(&r) & 0x1fff;
	if (p->layers[i].flags & WEIR_LAYER_FRAGMENT)
		form_u64(f, "offset", (uint64_t)offset * 8);
	checksum(f, p, i, 10);
	rd_skip(&r, 12);
	if (rd_left(&r))
		show_ip_options(f, r);
}

static void fragment_more(struct form *f, const struct weir_packet *p, int i)
{
	struct rd r = show_header(p, i);

	rd_skip(&r, 2);
	form_u64(f, "offset", rd_u16(&r) & 0xfff8);
}

void show_tcp_flags(struct form *f, uint8_t flags)
{
	static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};

	for (int k = 0; k < 8; k++)
		if (flags & 1 << k)
			form_item(f, "%s", names[k]);
}

static void tcp_more(struct form *f, const struct weir_packet *p, int i)
{
	struct rd r = show_header(p, i);

	rd_skip(&r, 13);
	form_list(f, "flags");
	show_tcp_flags(f, rd_u8(&r));
	form_list_end(f);
	checksum(f, p, i, 16);
	rd_skip(&r, 6);
	if (rd_left(&r))
		show_tcp_options(f, r);
}

static void checksum_at_6(struct form *f, const struct weir_packet *p, int i)
{
	checksum(f, p, i, 6);
}

static void checksum_at_8(struct form *f, const struct weir_packet *p, int i)
{
	checksum(f, p, i, 8);
}

static const struct {
	uint8_t type;
	const char *name;
} icmp_names[] =
	{
		{0, "echo-reply"},           {3, "unreachable"},
		{4, "source-quench"},        {5, "redirect"},
		{8, "echo-request"},         {9, "router-advertisement"},
		{10, "router-solicitation"}, {11, "time-exceeded"},
		{12, "parameter-problem"},   {13, "timestamp"},
		{14, "timestamp-reply"},
},
  icmp6_names[] = {
	  {1, "unreachable"},
	  {2, "packet-too-big"},
	  {3, "time-exceeded"},
	  {4, "parameter-problem"},
	  {128, "echo-request"},
	  {129, "echo-reply"},
	  {130, "listener-query"},
	  {131, "listener-report"},
	  {132, "listener-done"},
	  {133, "router-solicitation"},
	  {134, "router-advertisement"},
	  {135, "neighbor-solicitation"},
	  {136, "neighbor-advertisement"},
	  {137, "redirect"},
	  {143, "listener-report-v2"},
};

const char *show_icmp_name(const struct weir_packet *p, const struct weir_layer *l)
{
	uint8_t type = p->frame->bytes[l->offset];

	for (size_t i = 0; l->proto == WEIR_ICMP && i < sizeof icmp_names / sizeof *icmp_names; i++)
		if (icmp_names[i].type == type)
			return icmp_names[i].name;
	for (size_t i = 0; l->proto == WEIR_ICMPV6 && i < sizeof icmp6_names / sizeof *icmp6_names;
	     i++)
		if (icmp6_names[i].type == type)
			return icmp6_names[i].name;
	return NULL;
}

static void icmp_more(struct form *f, const struct weir_packet *p, int i)
{
	const struct weir_layer *l = &p->layers[i];
	const char *name = show_icmp_name(p, l);
	struct rd r = show_header(p, i);
	bool is_v4 = l->proto == WEIR_ICMP;
	uint8_t type = rd_u8(&r);

	if (name)
		form_word(f, "name", name);
	checksum(f, p, i, 2);
	rd_skip(&r, 3);
	if (rd_left(&r) >= 4 && type == (is_v4 ? 3 : 2))
		form_u64(f, "mtu", is_v4 ? rd_u32(&r) & 0xffff : rd_u32(&r));
	else if (rd_left(&r) >= 4 &&
		 (is_v4 ? type == 0 || type == 8 : type == 128 || type == 129)) {
		form_u64(f, "id", rd_u16(&r));
		form_u64(f, "seq", rd_u16(&r));
	} else if (rd_left(&r) >= 4 && is_v4 && type == 5) {
		form_address(f, "gateway", FORM_IP4, rd_take(&r, 4));
	}
}

#define FIELDS(table) table, sizeof table / sizeof *table

static const struct row rows[WEIR_N_PROTOS] = {
	[WEIR_ETHER] = {FIELDS(ether), NULL},
	[WEIR_VLAN] = {FIELDS(vlan), NULL},
	[WEIR_MPLS] = {FIELDS(mpls), NULL},
	[WEIR_PPPOE] = {FIELDS(pppoe), NULL},
	[WEIR_PPP] = {NULL, 0, ppp_more},
	[WEIR_PPP_DIRECTION] = {FIELDS(ppp_direction), NULL},
	[WEIR_CHDLC] = {FIELDS(chdlc), NULL},
	[WEIR_LLC] = {FIELDS(llc), NULL},
	[WEIR_SLL] = {FIELDS(sll), NULL},
	[WEIR_SLL2] = {FIELDS(sll2), NULL},
	[WEIR_NULL] = {FIELDS(null), NULL},
	[WEIR_RADIOTAP] = {NULL, 0, radiotap_more},
	[WEIR_WLAN] = {NULL, 0, wlan_more},
	[WEIR_LOWPAN] = {FIELDS(lowpan), NULL},
	[WEIR_ARP] = {NULL, 0, arp_more},
	[WEIR_IPV4] = {FIELDS(ipv4), ipv4_more},
	[WEIR_IPV6] = {FIELDS(ipv6), NULL},
	[WEIR_IPV6_EXT] = {FIELDS(ipv6_ext), show_ip6_ext},
	[WEIR_FRAGMENT] = {FIELDS(fragment), fragment_more},
	[WEIR_AH] = {FIELDS(ah), NULL},
	[WEIR_ESP] = {FIELDS(esp), NULL},
	[WEIR_TCP] = {FIELDS(tcp), tcp_more},
	[WEIR_UDP] = {FIELDS(udp), checksum_at_6},
	[WEIR_UDPLITE] = {FIELDS(udplite), checksum_at_6},
	[WEIR_ICMP] = {FIELDS(icmp), icmp_more},
	[WEIR_ICMPV6] = {FIELDS(icmp), icmp_more},
	[WEIR_SCTP] = {FIELDS(sctp), checksum_at_8},
	[WEIR_GRE] = {NULL, 0, show_gre},
	[WEIR_ERSPAN] = {NULL, 0, show_erspan},
	[WEIR_VXLAN] = {FIELDS(vxlan), NULL},
	[WEIR_GENEVE] = {NULL, 0, show_geneve},
	[WEIR_L2TP] = {NULL, 0, show_l2tp},
	[WEIR_GTPU] = {NULL, 0, show_gtpu},
};

void show_layer(struct form *f, const struct weir_packet *p, int i)
{
	const struct weir_layer *l = &p->layers[i];
	const struct row *row = &rows[l->proto];
	const uint8_t *h = &p->frame->bytes[l->offset];

	for (int k = 0; k < row->n; k++)
		if (row->fields[k].bit + row->fields[k].n_bits <= l->header_len * 8)
			show_field(f, h, &row->fields[k]);
	if (row->more)
		row->more(f, p, i);
}
