/* Attributes of RADIUS packets: one table that reader, writer and printer walk. */
#ifndef RADIUS_ATTRIBUTE_H
#define RADIUS_ATTRIBUTE_H

#include <stdbool.h>

#include "base/nanos.h"
#include "net/ip.h"
#include "radius/radius.h"

/* Kinds of value: constant, fewest and most octets. */
#define RADIUS_KINDS(X)                                                                            \
	X(TEXT, 1, 253) /* UTF-8 */                                                                \
	X(OCTETS, 1, 253)                                                                          \
	X(SECRET, 1, 253) /* octets that are never printed */                                      \
	X(INTEGER, 4, 4)                                                                           \
	X(NAME, 4, 4) /* an integer whose values have names */                                     \
	X(TIME, 4, 4) /* seconds since 1970 */                                                     \
	X(IPV4, 4, 4)                                                                              \
	X(IPV6, 16, 16)                                                                            \
	X(PREFIX6, 2, 18) /* reserved octet, bits, as many octets as matter (RFC 3162) */          \
	X(IFID, 8, 8)                                                                              \
	X(VENDOR, 5, 253) /* vendor's number, then its own attributes */

enum radius_kind {
#define X(name, least, most) RADIUS_KIND_##name,
	RADIUS_KINDS(X)
#undef X
};

/* type, constant, name, kind, where it is defined */
#define RADIUS_ATTRIBUTES(X)                                                                       \
	X(1, USER_NAME, "User-Name", TEXT, "RFC 2865")                                             \
	X(2, USER_PASSWORD, "User-Password", SECRET, "RFC 2865")                                   \
	X(3, CHAP_PASSWORD, "CHAP-Password", SECRET, "RFC 2865")                                   \
	X(4, NAS_IP_ADDRESS, "NAS-IP-Address", IPV4, "RFC 2865")                                   \
	X(5, NAS_PORT, "NAS-Port", INTEGER, "RFC 2865")                                            \
	X(6, SERVICE_TYPE, "Service-Type", NAME, "RFC 2865")                                       \
	X(7, FRAMED_PROTOCOL, "Framed-Protocol", NAME, "RFC 2865")                                 \
	X(8, FRAMED_IP_ADDRESS, "Framed-IP-Address", IPV4, "RFC 2865")                             \
	X(9, FRAMED_IP_NETMASK, "Framed-IP-Netmask", IPV4, "RFC 2865")                             \
	X(10, FRAMED_ROUTING, "Framed-Routing", NAME, "RFC 2865")                                  \
	X(11, FILTER_ID, "Filter-Id", TEXT, "RFC 2865")                                            \
	X(12, FRAMED_MTU, "Framed-MTU", INTEGER, "RFC 2865")                                       \
	X(13, FRAMED_COMPRESSION, "Framed-Compression", NAME, "RFC 2865")                          \
	X(14, LOGIN_IP_HOST, "Login-IP-Host", IPV4, "RFC 2865")                                    \
	X(15, LOGIN_SERVICE, "Login-Service", NAME, "RFC 2865")                                    \
	X(16, LOGIN_TCP_PORT, "Login-TCP-Port", INTEGER, "RFC 2865")                               \
	X(18, REPLY_MESSAGE, "Reply-Message", TEXT, "RFC 2865")                                    \
	X(19, CALLBACK_NUMBER, "Callback-Number", TEXT, "RFC 2865")                                \
	X(20, CALLBACK_ID, "Callback-Id", TEXT, "RFC 2865")                                        \
	X(22, FRAMED_ROUTE, "Framed-Route", TEXT, "RFC 2865")                                      \
	X(23, FRAMED_IPX_NETWORK, "Framed-IPX-Network", INTEGER, "RFC 2865")                       \
	X(24, STATE, "State", OCTETS, "RFC 2865")                                                  \
	X(25, CLASS, "Class", OCTETS, "RFC 2865")                                                  \
	X(26, VENDOR_SPECIFIC, "Vendor-Specific", VENDOR, "RFC 2865")                              \
	X(27, SESSION_TIMEOUT, "Session-Timeout", INTEGER, "RFC 2865")                             \
	X(28, IDLE_TIMEOUT, "Idle-Timeout", INTEGER, "RFC 2865")                                   \
	X(29, TERMINATION_ACTION, "Termination-Action", NAME, "RFC 2865")                          \
	X(30, CALLED_STATION_ID, "Called-Station-Id", TEXT, "RFC 2865")                            \
	X(31, CALLING_STATION_ID, "Calling-Station-Id", TEXT, "RFC 2865")                          \
	X(32, NAS_IDENTIFIER, "NAS-Identifier", TEXT, "RFC 2865")                                  \
	X(33, PROXY_STATE, "Proxy-State", OCTETS, "RFC 2865")                                      \
	X(34, LOGIN_LAT_SERVICE, "Login-LAT-Service", TEXT, "RFC 2865")                            \
	X(35, LOGIN_LAT_NODE, "Login-LAT-Node", TEXT, "RFC 2865")                                  \
	X(36, LOGIN_LAT_GROUP, "Login-LAT-Group", OCTETS, "RFC 2865")                              \
	X(37, FRAMED_APPLETALK_LINK, "Framed-AppleTalk-Link", INTEGER, "RFC 2865")                 \
	X(38, FRAMED_APPLETALK_NETWORK, "Framed-AppleTalk-Network", INTEGER, "RFC 2865")           \
	X(39, FRAMED_APPLETALK_ZONE, "Framed-AppleTalk-Zone", TEXT, "RFC 2865")                    \
	X(40, ACCT_STATUS_TYPE, "Acct-Status-Type", NAME, "RFC 2866")                              \
	X(41, ACCT_DELAY_TIME, "Acct-Delay-Time", INTEGER, "RFC 2866")                             \
	X(42, ACCT_INPUT_OCTETS, "Acct-Input-Octets", INTEGER, "RFC 2866")                         \
	X(43, ACCT_OUTPUT_OCTETS, "Acct-Output-Octets", INTEGER, "RFC 2866")                       \
	X(44, ACCT_SESSION_ID, "Acct-Session-Id", TEXT, "RFC 2866")                                \
	X(45, ACCT_AUTHENTIC, "Acct-Authentic", NAME, "RFC 2866")                                  \
	X(46, ACCT_SESSION_TIME, "Acct-Session-Time", INTEGER, "RFC 2866")                         \
	X(47, ACCT_INPUT_PACKETS, "Acct-Input-Packets", INTEGER, "RFC 2866")                       \
	X(48, ACCT_OUTPUT_PACKETS, "Acct-Output-Packets", INTEGER, "RFC 2866")                     \
	X(49, ACCT_TERMINATE_CAUSE, "Acct-Terminate-Cause", NAME, "RFC 2866")                      \
	X(50, ACCT_MULTI_SESSION_ID, "Acct-Multi-Session-Id", TEXT, "RFC 2866")                    \
	X(51, ACCT_LINK_COUNT, "Acct-Link-Count", INTEGER, "RFC 2866")                             \
	X(52, ACCT_INPUT_GIGAWORDS, "Acct-Input-Gigawords", INTEGER, "RFC 2869")                   \
	X(53, ACCT_OUTPUT_GIGAWORDS, "Acct-Output-Gigawords", INTEGER, "RFC 2869")                 \
	X(55, EVENT_TIMESTAMP, "Event-Timestamp", TIME, "RFC 2869")                                \
	X(60, CHAP_CHALLENGE, "CHAP-Challenge", OCTETS, "RFC 2865")                                \
	X(61, NAS_PORT_TYPE, "NAS-Port-Type", NAME, "RFC 2865")                                    \
	X(62, PORT_LIMIT, "Port-Limit", INTEGER, "RFC 2865")                                       \
	X(63, LOGIN_LAT_PORT, "Login-LAT-Port", TEXT, "RFC 2865")                                  \
	X(70, ARAP_PASSWORD, "ARAP-Password", SECRET, "RFC 2869")                                  \
	X(71, ARAP_FEATURES, "ARAP-Features", OCTETS, "RFC 2869")                                  \
	X(72, ARAP_ZONE_ACCESS, "ARAP-Zone-Access", INTEGER, "RFC 2869")                           \
	X(73, ARAP_SECURITY, "ARAP-Security", INTEGER, "RFC 2869")                                 \
	X(74, ARAP_SECURITY_DATA, "ARAP-Security-Data", SECRET, "RFC 2869")                        \
	X(75, PASSWORD_RETRY, "Password-Retry", INTEGER, "RFC 2869")                               \
	X(76, PROMPT, "Prompt", INTEGER, "RFC 2869")                                               \
	X(77, CONNECT_INFO, "Connect-Info", TEXT, "RFC 2869")                                      \
	X(78, CONFIGURATION_TOKEN, "Configuration-Token", TEXT, "RFC 2869")                        \
	X(79, EAP_MESSAGE, "EAP-Message", SECRET, "RFC 2869")                                      \
	X(80, MESSAGE_AUTHENTICATOR, "Message-Authenticator", OCTETS, "RFC 2869")                  \
	X(84, ARAP_CHALLENGE_RESPONSE, "ARAP-Challenge-Response", SECRET, "RFC 2869")              \
	X(85, ACCT_INTERIM_INTERVAL, "Acct-Interim-Interval", INTEGER, "RFC 2869")                 \
	X(87, NAS_PORT_ID, "NAS-Port-Id", TEXT, "RFC 2869")                                        \
	X(88, FRAMED_POOL, "Framed-Pool", TEXT, "RFC 2869")                                        \
	X(89, CHARGEABLE_USER_IDENTITY, "Chargeable-User-Identity", OCTETS, "RFC 4372")            \
	X(95, NAS_IPV6_ADDRESS, "NAS-IPv6-Address", IPV6, "RFC 3162")                              \
	X(96, FRAMED_INTERFACE_ID, "Framed-Interface-Id", IFID, "RFC 3162")                        \
	X(97, FRAMED_IPV6_PREFIX, "Framed-IPv6-Prefix", PREFIX6, "RFC 3162")                       \
	X(98, LOGIN_IPV6_HOST, "Login-IPv6-Host", IPV6, "RFC 3162")                                \
	X(99, FRAMED_IPV6_ROUTE, "Framed-IPv6-Route", TEXT, "RFC 3162")                            \
	X(100, FRAMED_IPV6_POOL, "Framed-IPv6-Pool", TEXT, "RFC 3162")                             \
	X(101, ERROR_CAUSE, "Error-Cause", INTEGER, "RFC 5176")                                    \
	X(123, DELEGATED_IPV6_PREFIX, "Delegated-IPv6-Prefix", PREFIX6, "RFC 4818")                \
	X(126, OPERATOR_NAME, "Operator-Name", TEXT, "RFC 5580")                                   \
	X(127, LOCATION_INFORMATION, "Location-Information", OCTETS, "RFC 5580")                   \
	X(128, LOCATION_DATA, "Location-Data", OCTETS, "RFC 5580")                                 \
	X(168, FRAMED_IPV6_ADDRESS, "Framed-IPv6-Address", IPV6, "RFC 6911")                       \
	X(169, DNS_SERVER_IPV6_ADDRESS, "DNS-Server-IPv6-Address", IPV6, "RFC 6911")               \
	X(170, ROUTE_IPV6_INFORMATION, "Route-IPv6-Information", PREFIX6, "RFC 6911")              \
	X(171, DELEGATED_IPV6_PREFIX_POOL, "Delegated-IPv6-Prefix-Pool", TEXT, "RFC 6911")         \
	X(172, STATEFUL_IPV6_ADDRESS_POOL, "Stateful-IPv6-Address-Pool", TEXT, "RFC 6911")

enum radius_type {
#define X(type, name, text, kind, rfc) RADIUS_##name = type,
	RADIUS_ATTRIBUTES(X)
#undef X
};

enum radius_status {
	RADIUS_START = 1,
	RADIUS_STOP = 2,
	RADIUS_INTERIM = 3,
	RADIUS_ACCOUNTING_ON = 7,
	RADIUS_ACCOUNTING_OFF = 8,
};

/* One attribute, in place. */
struct radius_attribute {
	uint8_t type;
	uint8_t len; /* of the value */
	const uint8_t *value;
};

/* The next attribute of a reader over attributes; false at the end, or where one is not whole. */
bool radius_next(struct rd *attributes, struct radius_attribute *out);

/* The first attribute of this type from here on; false where there is none. */
bool radius_find(struct rd attributes, uint8_t type, struct radius_attribute *out);

/* Its row's name; NULL where the type is not known. */
const char *radius_type_name(uint8_t type);
/* The name of a value of a NAME, e.g. "Interim-Update"; NULL where it has none. */
const char *radius_value_name(uint8_t type, uint32_t value);

/* Values. False where the attribute's row is of another kind, or the value breaks the kind's
 * rules. A prefix is an address with all its bits too; bits beyond its length are cleared. */
bool radius_integer(const struct radius_attribute *a, uint32_t *out);
bool radius_prefix(const struct radius_attribute *a, struct net_prefix *out);
/* Vendor (its number at IANA) and a reader over what follows. */
bool radius_vendor(const struct radius_attribute *a, uint32_t *vendor, struct rd *out);
/* Whether the value is as the row's kind demands; true for types that are not known. */
bool radius_is_well_formed(const struct radius_attribute *a);

/* Appends an attribute; not ok where the value is empty or longer than RADIUS_VALUE_LEN. */
void radius_put(struct wr *w, uint8_t type, const void *value, size_t len);
void radius_put_text(struct wr *w, uint8_t type, const char *text);
void radius_put_integer(struct wr *w, uint8_t type, uint32_t v);
/* IPV4, IPV6 or PREFIX6, as the type's row says; not ok where the prefix does not fit. */
void radius_put_prefix(struct wr *w, uint8_t type, const struct net_prefix *prefix);

/* "User-Name = alice@isp", without a line feed; octets as hexadecimal digits, secrets as their
 * length only. */
void radius_attribute_print(const struct radius_attribute *a, struct wr *w);

#endif
