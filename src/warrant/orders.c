#include "warrant/orders.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "conf/record.h"
#include "etsi/access.h"
#include "warrant/check.h"

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

static bool is_upper(const char *text)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(text);
}

#define WARRANT_GRAPHIC(least, most)                                                               \
	.min = (least), .max = (most), .is_allowed = is_graphic,                                   \
	.alphabet = "ASCII letters, digits and signs, without spaces"
#define WARRANT_FILE_NAME(least, most)                                                             \
	.min = (least), .max = (most), .is_allowed = is_file_name,                                 \
	.alphabet = "letters, digits and inner ._-"
#define WARRANT_COUNTRY                                                                            \
	.min = 2, .max = 2, .is_allowed = is_upper, .alphabet = "capital letters (ISO 3166-1)"

static const struct conf_name warrant_deliveries[] = {
#define X(name, text, doc) {text, WARRANT_##name, doc},
	WARRANT_DELIVERIES(X)
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
static const struct conf_record operator_record = CONF_RECORD(operator, operator_fields);

#define X(...) CONF_ROW(agency, __VA_ARGS__)
static const struct conf_field agency_fields[] = {AGENCY_FIELDS(X)};
#undef X
static const struct conf_record agency_record = CONF_RECORD(agency, agency_fields);

#define X(...) CONF_ROW(target, __VA_ARGS__)
static const struct conf_field target_fields[] = {TARGET_FIELDS(X)};
#undef X
static const struct conf_record target_record = CONF_RECORD(target, target_fields);

#define X(...) CONF_ROW(warrant, __VA_ARGS__)
static const struct conf_field warrant_fields[] = {WARRANT_FIELDS(X)};
#undef X
static const struct conf_record warrant_record =
	CONF_RECORD(warrant, warrant_fields, .check = warrant_check);

#define X(...) CONF_ROW(orders, __VA_ARGS__)
static const struct conf_field orders_fields[] = {ORDERS_FIELDS(X)};
#undef X
const struct conf_record orders_record =
	CONF_RECORD(orders, orders_fields, .check = orders_check,
		    .doc = "Orders: agencies, and the warrants that are executed for them.");

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

const struct conf_type warrant_prefix = {"prefix",     false,       prefix_parse,
					 prefix_print, prefix_want, NULL};

int orders_load(struct orders *out, const char *path, struct why *why)
{
	return conf_load(&orders_record, path, out, why);
}

int orders_parse(struct orders *out, const char *text, size_t len, struct why *why)
{
	return conf_parse(&orders_record, text, len, out, why);
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
