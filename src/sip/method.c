#include "sip/method.h"

static const struct {
	const char *text;
	size_t len;
} methods[SIP_N_METHODS] = {[SIP_OTHER] = {"other", 0},
#define X(name, rfc) [SIP_##name] = {#name, sizeof #name - 1},
			    SIP_METHODS(X)
#undef X
};

enum sip_method sip_method_of(struct sip_text t)
{
	for (int i = SIP_OTHER + 1; i < SIP_N_METHODS; i++)
		if (t.len == methods[i].len && memcmp(t.bytes, methods[i].text, t.len) == 0)
			return (enum sip_method)i;
	return SIP_OTHER;
}

const char *sip_method_name(enum sip_method method)
{
	return methods[method].text;
}

const char *sip_status_phrase(unsigned status)
{
	switch (status) {
#define X(code, phrase)                                                                            \
	case code:                                                                                 \
		return phrase;
		SIP_STATUSES(X)
#undef X
	default:
		return NULL;
	}
}

static const char *const field_names[SIP_N_FIELDS + 1] = {
#define X(name, text, compact, kind, rfc) [SIP_FIELD_##name] = text,
	SIP_FIELDS(X)
#undef X
		[SIP_NO_FIELD] = "other",
};

/* The letter of a field's compact form, at its place. */
static const char compacts[SIP_N_FIELDS] = {
#define X(name, text, compact, kind, rfc) [SIP_FIELD_##name] = compact,
	SIP_FIELDS(X)
#undef X
};

static const enum sip_field_kind kinds[SIP_N_FIELDS + 1] = {
#define X(name, text, compact, kind, rfc) [SIP_FIELD_##name] = SIP_KIND_##kind,
	SIP_FIELDS(X)
#undef X
		[SIP_NO_FIELD] = SIP_KIND_LINES,
};

static int lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* Below, equal to or above 0 as a name stands before, at or behind a row's. */
static int compare(struct sip_text name, const char *row)
{
	size_t i = 0;

	for (; i < name.len && row[i]; i++) {
		int order = lower(name.bytes[i]) - lower((uint8_t)row[i]);

		if (order)
			return order;
	}
	return (i < name.len) - (row[i] != 0);
}

enum sip_field sip_field_of(struct sip_text name)
{
	int first = 0, behind = SIP_N_FIELDS;

	if (name.len == 1) {
		const char *at = memchr(compacts, lower(name.bytes[0]), sizeof compacts);

		return at && name.bytes[0] ? (enum sip_field)(at - compacts) : SIP_NO_FIELD;
	}
	while (first < behind) {
		int middle = (first + behind) / 2, order = compare(name, field_names[middle]);

		if (order == 0)
			return (enum sip_field)middle;
		if (order < 0)
			behind = middle;
		else
			first = middle + 1;
	}
	return SIP_NO_FIELD;
}

const char *sip_field_name(enum sip_field field)
{
	return field_names[field];
}

enum sip_field_kind sip_field_kind(enum sip_field field)
{
	return kinds[field];
}
