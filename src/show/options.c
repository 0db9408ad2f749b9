/* Options of IPv4 and TCP, and what stands in IPv6's extension headers. */
#include <string.h>

#include "net/ip.h"
#include "show/layer.h"

struct name {
	uint8_t kind;
	const char *name;
};

static const struct name ip_options[] = {
	{0, "end"},
	{1, "nop"},
	{7, "record-route"},
	{68, "timestamp"},
	{130, "security"},
	{131, "loose-route"},
	{136, "stream-id"},
	{137, "strict-route"},
	{148, "router-alert"},
};

static const struct name tcp_options[] = {
	{0, "end"},           {1, "nop"},
	{2, "mss"},           {3, "wscale"},
	{4, "sack-ok"},       {5, "sack"},
	{8, "timestamps"},    {19, "md5"},
	{28, "user-timeout"}, {29, "authentication"},
	{30, "multipath"},    {34, "fast-open"},
};

static const struct name ip6_options[] = {
	{0, "pad1"},         {1, "padn"}, {4, "tunnel-limit"}, {5, "router-alert"},
	{38, "quick-start"}, {99, "rpl"}, {194, "jumbo"},      {201, "home-address"},
};

static const char *name_of(const struct name *names, size_t n, uint8_t kind)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].kind == kind)
			return names[i].name;
	return NULL;
}

#define NAME_OF(names, kind) name_of(names, sizeof names / sizeof *names, kind)

static void item(struct form *f, const char *name, uint8_t kind, size_t len)
{
	if (name)
		form_item(f, "%s", name);
	else
		form_item(f, "%u (%zu bytes)", kind, len);
}

/* Options of IPv4 and TCP alike: kind, and for all but 0 and 1 a length that counts itself and
 * the kind. False at the end, and after saying so where they break this rule. */
static bool next_option(struct form *f, struct rd *r, uint8_t *kind, struct rd *value)
{
	uint8_t len = 2;

	if (!rd_left(r))
		return false;
	*kind = rd_u8(r);
	if (*kind > 1)
		len = rd_u8(r);
	*value = rd_sub(r, len < 2 ? SIZE_MAX : len - 2u);
	if (!value->ok)
		form_item(f, "broken");
	return value->ok;
}

void show_ip_options(struct form *f, struct rd r)
{
	struct rd value;
	uint8_t kind;

	form_list(f, "options");
	while (next_option(f, &r, &kind, &value)) {
		item(f, NAME_OF(ip_options, kind), kind, rd_left(&value));
		if (kind == 0)
			break;
	}
	form_list_end(f);
}

static void tcp_option(struct form *f, uint8_t kind, struct rd value)
{
	size_t len = rd_left(&value);
	uint32_t first = len >= 4 ? rd_u32(&value) : len >= 2 ? rd_u16(&value) : rd_u8(&value);

	if (kind == 2 && len == 2)
		form_item(f, "mss %u", first);
	else if (kind == 3 && len == 1)
		form_item(f, "wscale %u", first);
	else if (kind == 8 && len == 8)
		form_item(f, "timestamps %u %u", first, rd_u32(&value));
	else if (kind == 5 && len >= 8)
		form_item(f, "sack %u-%u%s", first, rd_u32(&value), len > 8 ? " ..." : "");
	else
		item(f, NAME_OF(tcp_options, kind), kind, len);
}

void show_tcp_options(struct form *f, struct rd r)
{
	struct rd value;
	uint8_t kind;

	form_list(f, "options");
	while (next_option(f, &r, &kind, &value)) {
		tcp_option(f, kind, value);
		if (kind == 0)
			break;
	}
	form_list_end(f);
}

static void ip6_options_of(struct form *f, struct rd r)
{
	form_list(f, "options");
	while (rd_left(&r)) {
		uint8_t kind = rd_u8(&r);
		struct rd value = rd_sub(&r, kind ? rd_u8(&r) : 0);

		if (!value.ok) {
			form_item(f, "broken");
			break;
		}
		if (kind == 194 && rd_left(&value) == 4)
			form_item(f, "jumbo %u", rd_u32(&value));
		else
			item(f, NAME_OF(ip6_options, kind), kind, rd_left(&value));
	}
	form_list_end(f);
}

static void ip6_routing(struct form *f, struct rd r)
{
	uint8_t type = rd_u8(&r);
	struct net_ip ip = {.version = 6};
	char text[NET_IP_TEXT_LEN];

	form_u64(f, "type", type);
	form_u64(f, "left", rd_u8(&r));
	rd_skip(&r, 4);
	if (type == 3 || rd_left(&r) < 16) /* RPL shortens its addresses */
		return;
	form_list(f, "via");
	while (rd_left(&r) >= 16) {
		memcpy(ip.bytes, rd_take(&r, 16), 16);
		net_ip_print(&ip, text);
		form_item(f, "%s", text);
	}
	form_list_end(f);
}

/* What kind of extension header layer i is: the header before it says so. */
static uint8_t ext_kind(const struct weir_packet *p, int i)
{
	const struct weir_layer *before = &p->layers[i > 0 ? i - 1 : 0];
	uint32_t at = before->proto == WEIR_IPV6 ? 6 : 0;

	return p->frame->bytes[before->offset + at];
}

void show_ip6_ext(struct form *f, const struct weir_packet *p, int i)
{
	struct rd r = show_header(p, i);
	uint8_t kind = ext_kind(p, i);

	rd_skip(&r, 2);
	switch (kind) {
	case 0:
		form_word(f, "kind", "hop-by-hop");
		ip6_options_of(f, r);
		break;
	case 43:
		form_word(f, "kind", "routing");
		ip6_routing(f, r);
		break;
	case 60:
		form_word(f, "kind", "destination");
		ip6_options_of(f, r);
		break;
	case 135:
		form_word(f, "kind", "mobility");
		form_u64(f, "message", rd_u8(&r));
		break;
	default:
		form_u64(f, "kind", kind);
	}
}
