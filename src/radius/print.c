/* Attributes in words. */
#include <string.h>

#include "radius/attribute.h"

static const uint8_t kinds[256] = {
#define X(type, name, text, kind, rfc) [type] = RADIUS_KIND_##kind,
	RADIUS_ATTRIBUTES(X)
#undef X
};

static const struct {
	uint8_t type;
	uint8_t value;
	const char *name;
} value_names[] = {
	{RADIUS_SERVICE_TYPE, 1, "Login"},
	{RADIUS_SERVICE_TYPE, 2, "Framed"},
	{RADIUS_SERVICE_TYPE, 3, "Callback-Login"},
	{RADIUS_SERVICE_TYPE, 4, "Callback-Framed"},
	{RADIUS_SERVICE_TYPE, 5, "Outbound"},
	{RADIUS_SERVICE_TYPE, 6, "Administrative"},
	{RADIUS_SERVICE_TYPE, 7, "NAS-Prompt"},
	{RADIUS_SERVICE_TYPE, 8, "Authenticate-Only"},
	{RADIUS_SERVICE_TYPE, 9, "Callback-NAS-Prompt"},
	{RADIUS_SERVICE_TYPE, 10, "Call-Check"},
	{RADIUS_SERVICE_TYPE, 11, "Callback-Administrative"},
	{RADIUS_SERVICE_TYPE, 17, "Authorize-Only"},
	{RADIUS_FRAMED_PROTOCOL, 1, "PPP"},
	{RADIUS_FRAMED_PROTOCOL, 2, "SLIP"},
	{RADIUS_FRAMED_PROTOCOL, 3, "ARAP"},
	{RADIUS_FRAMED_PROTOCOL, 4, "Gandalf"},
	{RADIUS_FRAMED_PROTOCOL, 5, "Xylogics"},
	{RADIUS_FRAMED_PROTOCOL, 6, "X.75"},
	{RADIUS_FRAMED_PROTOCOL, 7, "GPRS-PDP-Context"},
	{RADIUS_FRAMED_ROUTING, 0, "None"},
	{RADIUS_FRAMED_ROUTING, 1, "Send"},
	{RADIUS_FRAMED_ROUTING, 2, "Listen"},
	{RADIUS_FRAMED_ROUTING, 3, "Send-Listen"},
	{RADIUS_FRAMED_COMPRESSION, 0, "None"},
	{RADIUS_FRAMED_COMPRESSION, 1, "Van-Jacobson"},
	{RADIUS_FRAMED_COMPRESSION, 2, "IPX-Header"},
	{RADIUS_FRAMED_COMPRESSION, 3, "Stac-LZS"},
	{RADIUS_LOGIN_SERVICE, 0, "Telnet"},
	{RADIUS_LOGIN_SERVICE, 1, "Rlogin"},
	{RADIUS_LOGIN_SERVICE, 2, "TCP-Clear"},
	{RADIUS_LOGIN_SERVICE, 3, "PortMaster"},
	{RADIUS_LOGIN_SERVICE, 4, "LAT"},
	{RADIUS_TERMINATION_ACTION, 0, "Default"},
	{RADIUS_TERMINATION_ACTION, 1, "RADIUS-Request"},
	{RADIUS_ACCT_STATUS_TYPE, 1, "Start"},
	{RADIUS_ACCT_STATUS_TYPE, 2, "Stop"},
	{RADIUS_ACCT_STATUS_TYPE, 3, "Interim-Update"},
	{RADIUS_ACCT_STATUS_TYPE, 7, "Accounting-On"},
	{RADIUS_ACCT_STATUS_TYPE, 8, "Accounting-Off"},
	{RADIUS_ACCT_STATUS_TYPE, 9, "Tunnel-Start"},
	{RADIUS_ACCT_STATUS_TYPE, 10, "Tunnel-Stop"},
	{RADIUS_ACCT_STATUS_TYPE, 11, "Tunnel-Reject"},
	{RADIUS_ACCT_STATUS_TYPE, 12, "Tunnel-Link-Start"},
	{RADIUS_ACCT_STATUS_TYPE, 13, "Tunnel-Link-Stop"},
	{RADIUS_ACCT_STATUS_TYPE, 14, "Tunnel-Link-Reject"},
	{RADIUS_ACCT_STATUS_TYPE, 15, "Failed"},
	{RADIUS_ACCT_AUTHENTIC, 1, "RADIUS"},
	{RADIUS_ACCT_AUTHENTIC, 2, "Local"},
	{RADIUS_ACCT_AUTHENTIC, 3, "Remote"},
	{RADIUS_ACCT_AUTHENTIC, 4, "Diameter"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 1, "User-Request"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 2, "Lost-Carrier"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 3, "Lost-Service"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 4, "Idle-Timeout"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 5, "Session-Timeout"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 6, "Admin-Reset"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 7, "Admin-Reboot"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 8, "Port-Error"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 9, "NAS-Error"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 10, "NAS-Request"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 11, "NAS-Reboot"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 12, "Port-Unneeded"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 13, "Port-Preempted"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 14, "Port-Suspended"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 15, "Service-Unavailable"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 16, "Callback"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 17, "User-Error"},
	{RADIUS_ACCT_TERMINATE_CAUSE, 18, "Host-Request"},
	{RADIUS_NAS_PORT_TYPE, 0, "Async"},
	{RADIUS_NAS_PORT_TYPE, 1, "Sync"},
	{RADIUS_NAS_PORT_TYPE, 2, "ISDN"},
	{RADIUS_NAS_PORT_TYPE, 3, "ISDN-V120"},
	{RADIUS_NAS_PORT_TYPE, 4, "ISDN-V110"},
	{RADIUS_NAS_PORT_TYPE, 5, "Virtual"},
	{RADIUS_NAS_PORT_TYPE, 6, "PIAFS"},
	{RADIUS_NAS_PORT_TYPE, 7, "HDLC-Clear-Channel"},
	{RADIUS_NAS_PORT_TYPE, 8, "X.25"},
	{RADIUS_NAS_PORT_TYPE, 9, "X.75"},
	{RADIUS_NAS_PORT_TYPE, 10, "G.3-Fax"},
	{RADIUS_NAS_PORT_TYPE, 11, "SDSL"},
	{RADIUS_NAS_PORT_TYPE, 12, "ADSL-CAP"},
	{RADIUS_NAS_PORT_TYPE, 13, "ADSL-DMT"},
	{RADIUS_NAS_PORT_TYPE, 14, "IDSL"},
	{RADIUS_NAS_PORT_TYPE, 15, "Ethernet"},
	{RADIUS_NAS_PORT_TYPE, 16, "xDSL"},
	{RADIUS_NAS_PORT_TYPE, 17, "Cable"},
	{RADIUS_NAS_PORT_TYPE, 18, "Wireless-Other"},
	{RADIUS_NAS_PORT_TYPE, 19, "Wireless-802.11"},
};

const char *radius_value_name(uint8_t type, uint32_t value)
{
	for (size_t i = 0; i < sizeof value_names / sizeof *value_names; i++) {
		if (value_names[i].type == type && value_names[i].value == value)
			return value_names[i].name;
	}
	return NULL;
}

static void print_hex(struct rd r, struct wr *w)
{
	wr_text(w, "0x");
	while (rd_left(&r))
		wr_text(w, "%02x", rd_u8(&r));
}

/* Octets that a terminal might obey are written as \xNN. */
static void print_text(struct rd r, struct wr *w)
{
	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r);

		if (c < ' ' || c == 0x7f || c == '\\')
			wr_text(w, "\\x%02x", c);
		else
			wr_u8(w, c);
	}
}

static void print_number(const struct radius_attribute *a, struct wr *w)
{
	const char *name;
	uint32_t v = 0;

	radius_integer(a, &v);
	name = radius_value_name(a->type, v);
	if (name)
		wr_text(w, "%s", name);
	else
		wr_text(w, "%u", v);
}

static void print_time(const struct radius_attribute *a, struct wr *w)
{
	char text[NANOS_TEXT_LEN];
	uint32_t v = 0;

	radius_integer(a, &v);
	nanos_print(nanos_from_s(v), 0, text);
	wr_text(w, "%s", text);
}

static void print_prefix(const struct radius_attribute *a, struct wr *w)
{
	char text[NET_IP_TEXT_LEN];
	struct net_prefix prefix;

	radius_prefix(a, &prefix);
	if (kinds[a->type] == RADIUS_KIND_PREFIX6)
		net_prefix_print(&prefix, text);
	else
		net_ip_print(&prefix.ip, text);
	wr_text(w, "%s", text);
}

/* The vendor's own attributes, where they have the usual form (RFC 2865, 5.26), else octets. */
static void print_vendor(const struct radius_attribute *a, struct wr *w)
{
	struct radius_attribute inner;
	uint32_t vendor = 0;
	struct rd r, walk;

	radius_vendor(a, &vendor, &r);
	walk = r;
	while (radius_next(&walk, &inner))
		;
	wr_text(w, "vendor %u", vendor);
	if (!walk.ok) {
		wr_text(w, ", ");
		print_hex(r, w);
		return;
	}
	while (radius_next(&r, &inner)) {
		wr_text(w, ", %u = ", inner.type);
		print_hex(rd_of(inner.value, inner.len), w);
	}
}

static void print_value(const struct radius_attribute *a, struct wr *w)
{
	switch ((enum radius_kind)kinds[a->type]) {
	case RADIUS_KIND_TEXT:
		print_text(rd_of(a->value, a->len), w);
		break;
	case RADIUS_KIND_SECRET:
		wr_text(w, "(%u octets)", a->len);
		break;
	case RADIUS_KIND_INTEGER:
	case RADIUS_KIND_NAME:
		print_number(a, w);
		break;
	case RADIUS_KIND_TIME:
		print_time(a, w);
		break;
	case RADIUS_KIND_IPV4:
	case RADIUS_KIND_IPV6:
	case RADIUS_KIND_PREFIX6:
		print_prefix(a, w);
		break;
	case RADIUS_KIND_VENDOR:
		print_vendor(a, w);
		break;
	case RADIUS_KIND_OCTETS:
	case RADIUS_KIND_IFID:
		print_hex(rd_of(a->value, a->len), w);
		break;
	}
}

void radius_attribute_print(const struct radius_attribute *a, struct wr *w)
{
	const char *name = radius_type_name(a->type);

	if (!name) {
		wr_text(w, "Attribute %u = ", a->type);
		print_hex(rd_of(a->value, a->len), w);
		return;
	}
	wr_text(w, "%s = ", name);
	if (radius_is_well_formed(a)) {
		print_value(a, w);
	} else {
		if (kinds[a->type] != RADIUS_KIND_SECRET)
			print_hex(rd_of(a->value, a->len), w);
		wr_text(w, " (malformed, %u octets)", a->len);
	}
}
