#include "warrant/orders.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "conf/record.h"
#include "etsi/access.h"
#include "etsi/header.h"
#include "warrant/check.h"
#include "warrant/part.h"

/* ASCII that shows, without spaces: safe in every agency's systems. */
static bool is_graphic(const char *text)
{
	for (; *text; text++) {
		if (*text < '!' || *text > '~')
			return false;
	}
	return true;
}

/* A name that is one step of a path, and cannot be . or .. or hidden. */
static bool is_file_name(const char *text)
{
	for (const char *at = text; *at; at++) {
		if (!isalnum((unsigned char)*at) && !(at > text && strchr("._-", *at)))
			return false;
	}
	return is_graphic(text);
}

/* PrintableString of ASN.1, without its space. */
static bool is_printable(const char *text)
{
	for (; *text; text++) {
		if (!isalnum((unsigned char)*text) && !strchr("'()+,-./:=?", *text))
			return false;
	}
	return true;
}

static bool is_upper(const char *text)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(text);
}

static bool is_all_digits(const char *text)
{
	return strspn(text, "0123456789") == strlen(text);
}

/* As names of parties have them. */
static bool is_realm(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.:-_") == strlen(text);
}

#define WARRANT_GRAPHIC(least, most)                                                               \
	.min = (least), .max = (most), .is_allowed = is_graphic,                                   \
	.alphabet = "ASCII letters, digits and signs, without spaces"
#define WARRANT_PRINTABLE(least, most)                                                             \
	.min = (least), .max = (most), .is_allowed = is_printable,                                 \
	.alphabet = "letters, digits and '()+,-./:=?"
#define WARRANT_FILE_NAME(least, most)                                                             \
	.min = (least), .max = (most), .is_allowed = is_file_name,                                 \
	.alphabet = "letters, digits and inner ._-"
#define WARRANT_DIGITS(least, most)                                                                \
	.min = (least), .max = (most), .is_allowed = is_all_digits, .alphabet = "digits"
#define WARRANT_REALM                                                                              \
	.min = 1, .max = IDENTITY_MAX_REALM, .is_allowed = is_realm,                               \
	.alphabet = "small letters, digits and .:-_"
#define WARRANT_COUNTRY                                                                            \
	.min = 2, .max = 2, .is_allowed = is_upper, .alphabet = "capital letters (ISO 3166-1)"

#define AT_COLLECTOR .for_whom = ORDERS_FOR_COLLECTOR
#define AT_MEDIATOR  .for_whom = ORDERS_FOR_MEDIATOR
#define AT_HOME      .for_whom = ORDERS_FOR_NO_DAEMON

static const struct conf_name warrant_deliveries[] = {
#define X(name, text, doc) {text, WARRANT_##name, doc},
	WARRANT_DELIVERIES(X)
#undef X
		{NULL}};

static const struct conf_name agency_deliveries[] = {
#define X(name, text, doc) {text, AGENCY_DELIVERS_##name, doc},
	AGENCY_DELIVERIES(X)
#undef X
		{NULL}};

static const struct conf_name agency_transports[] = {
#define X(name, text, doc) {text, AGENCY_##name, doc},
	AGENCY_TRANSPORTS(X)
#undef X
		{NULL}};

static const struct conf_name agency_time_formats[] = {
#define X(name, text, doc) {text, AGENCY_TIME_##name, doc},
	AGENCY_TIME_FORMATS(X)
#undef X
		{NULL}};

static const struct conf_name agency_integrities[] = {
#define X(name, text, value, doc) {text, value, doc},
	AGENCY_INTEGRITIES(X)
#undef X
		{NULL}};

static const struct conf_name orders_ciphers[] = {
#define X(name, text, value, doc) {text, value, doc},
	ORDERS_CIPHERS(X)
#undef X
		{NULL}};

static const struct conf_name warrant_ciphers[] = {
	{"as-agency", ORDERS_CIPHER_AS_AGENCY, "as all of the agency's"},
#define X(name, text, value, doc) {text, value, doc},
	ORDERS_CIPHERS(X)
#undef X
		{NULL}};

static const struct conf_name core_server_kinds[] = {
#define X(name, text, first, last, doc) {text, CORE_##name, doc},
	CORE_SERVER_KINDS(X)
#undef X
		{NULL}};

static const struct conf_name warrant_access_types[] = {
#define X(word, value) {word, value, NULL},
	ETSI_ACCESS_TYPES(X)
#undef X
		{NULL}};

#define X(...) CONF_ROW(operator, __VA_ARGS__)
static const struct conf_field operator_fields[] = {OPERATOR_FIELDS(X)};
#undef X
const struct conf_record operator_record =
	CONF_RECORD(operator, operator_fields, .check = operator_check,
		    .doc = "The operator of the network.");

#define X(...) CONF_ROW(agency, __VA_ARGS__)
static const struct conf_field agency_fields[] = {AGENCY_FIELDS(X)};
#undef X
const struct conf_record agency_record =
	CONF_RECORD(agency, agency_fields, .check = agency_check,
		    .doc = "An agency: who receives what is intercepted, and how.");

#define X(...) CONF_ROW(target, __VA_ARGS__)
static const struct conf_field target_fields[] = {TARGET_FIELDS(X)};
#undef X
const struct conf_record target_record = CONF_RECORD(target, target_fields, .check = target_check,
						     .doc = "Whose packets a warrant covers.");

#define X(...) CONF_ROW(warrant, __VA_ARGS__)
static const struct conf_field warrant_fields[] = {WARRANT_FIELDS(X)};
#undef X
const struct conf_record warrant_record =
	CONF_RECORD(warrant, warrant_fields, .check = warrant_check,
		    .doc = "A warrant: what must be intercepted, for whom, from when until when.");

#define X(...) CONF_ROW(core_server, __VA_ARGS__)
static const struct conf_field core_server_fields[] = {CORE_SERVER_FIELDS(X)};
#undef X
const struct conf_record core_server_record = CONF_RECORD(
	core_server, core_server_fields, .doc = "A server whose traffic announces sessions.");

#define X(...) CONF_ROW(mediator, __VA_ARGS__)
static const struct conf_field mediator_fields[] = {MEDIATOR_FIELDS(X)};
#undef X
const struct conf_record mediator_record = CONF_RECORD(
	mediator, mediator_fields, .doc = "A mediator: delivers what collectors intercept.");

#define X(...) CONF_ROW(collector, __VA_ARGS__)
static const struct conf_field collector_fields[] = {COLLECTOR_FIELDS(X)};
#undef X
const struct conf_record collector_record =
	CONF_RECORD(collector, collector_fields, .doc = "A collector: intercepts.");

#define X(...)           CONF_ROW(orders, __VA_ARGS__)
#define ORDERS_ARE_WHOLE true
static const struct conf_field orders_fields[] = {ORDERS_FIELDS(X)};
#undef ORDERS_ARE_WHOLE
#define ORDERS_ARE_WHOLE false
static const struct conf_field orders_part_fields[] = {ORDERS_FIELDS(X)};
#undef X
const struct conf_record orders_record =
	CONF_RECORD(orders, orders_fields, .check = orders_check,
		    .doc = "Orders: agencies, and the warrants that are executed for them.");

const struct conf_record orders_part_record =
	CONF_RECORD(orders, orders_part_fields, .doc = "A part of orders.");

/* A prefix of no bits is everybody: no target, and IPIRI has no way to say it. */
static bool prefix_parse(const struct conf_field *field, const char *text, void *member)
{
	struct net_prefix *prefix = member;

	(void)field;
	return net_prefix_parse(text, prefix) && prefix->bits > 0;
}

static const char *prefix_print(const struct conf_field *field, const void *member, char *out,
				int size)
{
	char text[NET_IP_TEXT_LEN];

	(void)field;
	if (!((const struct net_prefix *)member)->ip.version)
		return NULL;
	net_prefix_print(member, text);
	snprintf(out, (size_t)size, "%s", text);
	return out;
}

static void prefix_want(const struct conf_field *field, char *out, int size)
{
	(void)field;
	snprintf(out, (size_t)size,
		 "an address or prefix (of 1 bit or more; bits beyond its length must be zero)");
}

static bool address_parse(const struct conf_field *field, const char *text, void *member)
{
	struct net_prefix prefix;

	(void)field;
	if (strchr(text, '/') || !net_prefix_parse(text, &prefix))
		return false;
	*(struct net_ip *)member = prefix.ip;
	return true;
}

static const char *address_print(const struct conf_field *field, const void *member, char *out,
				 int size)
{
	char text[NET_IP_TEXT_LEN];

	(void)field;
	if (!((const struct net_ip *)member)->version)
		return NULL;
	net_ip_print(member, text);
	snprintf(out, (size_t)size, "%s", text);
	return out;
}

static void address_want(const struct conf_field *field, char *out, int size)
{
	(void)field;
	snprintf(out, (size_t)size, "an address, like 192.0.2.1 or 2001:db8::1");
}

/* An attribute of RADIUS holds 253 octets. A '*' alone would be everybody: no target. */
static bool identity_parse(const struct conf_field *field, const char *text, void *member)
{
	struct conf_field limits = {.min = 1, .max = 253};
	const char *star = strchr(text, '*');

	(void)field;
	if (star && (!text[1] || (star != text && star[1]) || strchr(star + 1, '*')))
		return false;
	return conf_text.parse(&limits, text, member);
}

static const char *identity_print(const struct conf_field *field, const void *member, char *out,
				  int size)
{
	return conf_text.print(field, member, out, size);
}

static void identity_want(const struct conf_field *field, char *out, int size)
{
	(void)field;
	snprintf(out, (size_t)size,
		 "1 to 253 octets of printable characters, exact or with one * that begins or "
		 "ends them and stands for any others");
}

static const struct identity_plan no_plan = {NULL};

static bool sip_uri_parse(const struct conf_field *field, const char *text, void *member)
{
	struct conf_field limits = {.min = 1, .max = IDENTITY_MAX_TARGET};
	struct identity_pattern pattern;

	(void)field;
	return identity_pattern_sip(&no_plan, text, &pattern, NULL) == 0 &&
	       conf_text.parse(&limits, text, member);
}

static void sip_uri_want(const struct conf_field *field, char *out, int size)
{
	(void)field;
	snprintf(out, (size_t)size,
		 "sip:USER@REALM or sip:USER, without port and parameters, where one * may begin "
		 "or end "
		 "the user, but is not all of it without a realm");
}

static bool phone_parse(const struct conf_field *field, const char *text, void *member)
{
	struct conf_field limits = {.min = 1, .max = IDENTITY_MAX_TARGET};
	struct identity_pattern pattern;

	(void)field;
	return identity_pattern_phone(text, &pattern, NULL) == 0 &&
	       conf_text.parse(&limits, text, member);
}

static void phone_want(const struct conf_field *field, char *out, int size)
{
	(void)field;
	snprintf(out, (size_t)size,
		 "a number like +6491234567, where a * may end it, or * and the last digits; at "
		 "least "
		 "four digits");
}

const struct conf_type warrant_prefix = {
	.name = "prefix",
	.size = sizeof(struct net_prefix),
	.parse = prefix_parse,
	.print = prefix_print,
	.want = prefix_want,
	.pattern = "^[0-9a-fA-F:.]+(/\\d{1,3})?$",
};
const struct conf_type warrant_address = {
	.name = "address",
	.size = sizeof(struct net_ip),
	.parse = address_parse,
	.print = address_print,
	.want = address_want,
	.pattern = "^[0-9a-fA-F:.]+$",
};
const struct conf_type warrant_identity = {
	.name = "identity",
	.size = sizeof(char *),
	.is_text = true,
	.parse = identity_parse,
	.print = identity_print,
	.want = identity_want,
};

const struct conf_type warrant_sip_uri = {
	.name = "sip_uri",
	.size = sizeof(char *),
	.is_text = true,
	.parse = sip_uri_parse,
	.print = identity_print,
	.want = sip_uri_want,
	.pattern = "^[sS][iI][pP][sS]?:",
};
const struct conf_type warrant_phone = {
	.name = "phone",
	.size = sizeof(char *),
	.is_text = true,
	.parse = phone_parse,
	.print = identity_print,
	.want = phone_want,
	.pattern = "^([tT][eE][lL]:)?[+*]",
};

int orders_load(struct orders *out, const char *path, struct why *why)
{
	return conf_load(&orders_record, path, out, why);
}

int orders_parse(struct orders *out, const char *text, size_t len, struct why *why)
{
	return conf_parse(&orders_record, text, len, out, why);
}

int orders_verify(const struct orders *orders, struct why *why)
{
	struct conf_fault fault = {.path = ""};

	if (orders_check(orders, &fault))
		return 0;
	return why_set(why, fault.is_unknown ? ERR_NOMEM : ERR_BAD, "%s%s%s", fault.path,
		       fault.path[0] ? ": " : "", fault.text);
}

void orders_schemas(struct json *j)
{
	static const struct conf_record *const records[] = {
		&operator_record,    &agency_record,   &target_record,    &warrant_record,
		&core_server_record, &mediator_record, &collector_record, &orders_record,
	};

	for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
		json_key(j, records[i]->name);
		conf_schema(records[i], j);
	}
}

void orders_fini(struct orders *orders)
{
	conf_fini(&orders_record, orders);
}

void orders_reference(struct wr *w)
{
	conf_reference(&orders_record, w);
}

size_t orders_agency(const struct orders *orders, const struct warrant *warrant)
{
	size_t i = 0;

	while (strcmp(orders->agencies.items[i].id, warrant->agency))
		i++;
	return i;
}

void core_server_key(const struct core_server *server, char out[ORDERS_KEY_LEN])
{
	struct conf_ports at = core_server_ports(server);
	char ip[NET_IP_TEXT_LEN];
	char ports[16];

	net_ip_print(&server->address, ip);
	conf_ports.print(NULL, &at, ports, sizeof ports);
	if (server->name)
		snprintf(out, ORDERS_KEY_LEN, "%s", server->name);
	else
		snprintf(out, ORDERS_KEY_LEN, "%s:%s", ip, ports);
}

void warrant_key(const struct warrant *warrant, char out[ORDERS_KEY_LEN])
{
	snprintf(out, ORDERS_KEY_LEN, "%s/%s", warrant->agency, warrant->liid);
}

size_t orders_mediator(const struct orders *orders, const struct agency *agency)
{
	size_t i = 0;

	while (agency->mediator && i < orders->mediators.n &&
	       strcmp(orders->mediators.items[i].name, agency->mediator))
		i++;
	return i;
}

bool warrant_identity_is_exact(const char *identity)
{
	return !strchr(identity, '*');
}

bool warrant_identity_fits(const char *identity, const void *octets, size_t len)
{
	size_t part = strlen(identity);
	const char *at = octets;

	if (warrant_identity_is_exact(identity))
		return len == part && !memcmp(identity, at, len);
	part--;
	if (len < part)
		return false;
	return *identity == '*' ? !memcmp(identity + 1, at + len - part, part)
				: !memcmp(identity, at, part);
}

enum orders_cipher warrant_cipher(const struct warrant *w, const struct agency *a,
				  const struct conf_key **key)
{
	enum orders_cipher cipher = (enum orders_cipher)w->encryption;

	if (cipher == ORDERS_CIPHER_AS_AGENCY)
		cipher = (enum orders_cipher)a->encryption;
	*key = cipher == ORDERS_CIPHER_NONE ? NULL
	       : w->encryption_key.len      ? &w->encryption_key
					    : &a->encryption_key;
	return cipher;
}

struct conf_ports core_server_ports(const struct core_server *server)
{
	static const struct conf_ports usual[] = {
#define X(name, text, first, last, doc) [CORE_##name] = {first, last},
		CORE_SERVER_KINDS(X)
#undef X
	};

	return server->ports.first ? server->ports : usual[server->kind];
}

void orders_plan_of(const struct operator* operator, struct orders_plan * out)
{
	bool has_none = !operator->international_prefixes.n;

	out->international[0] = "00";
	out->plan = (struct identity_plan){
		.country_code = operator->country_code,
		.national_prefix = operator->national_prefix,
		.international_prefixes =
			has_none ? out->international
				 : (const char *const *)operator->international_prefixes.items,
		.n_international_prefixes = has_none ? operator->country_code != NULL :
						       operator->international_prefixes.n,
		.is_bare_international = operator->bare_country_code,
		.phone_realms = (const char *const *)operator->phone_realms.items,
		.n_phone_realms = operator->phone_realms.n, };
}

size_t orders_n_call_targets(const struct orders *orders)
{
	size_t n = 0;

	for (size_t i = 0; i < orders->warrants.n; i++) {
		const struct warrant *w = &orders->warrants.items[i];

		for (size_t k = 0; k < w->targets.n; k++)
			n += target_is_of_calls(&w->targets.items[k]);
	}
	return n;
}
