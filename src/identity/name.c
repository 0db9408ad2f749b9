#include "identity/name.h"

#include <stdio.h>
#include <string.h>

enum {
	MAX_WRITTEN = 64,   /* digits of a number with what stands before it, at most */
	MIN_NATIONAL = 7,   /* digits of a national number that has no prefix to tell it by */
	MIN_SUBSCRIBER = 6, /* digits behind a bare country code, at least */
	MAX_RAW_USER = 1024,
};

const char *identity_form_text(enum identity_form form)
{
	switch (form) {
#define X(name, text, doc)                                                                         \
	case IDENTITY_##name:                                                                      \
		return text;
		IDENTITY_FORMS(X)
#undef X
	}
	return "";
}

const char *identity_form_doc(enum identity_form form)
{
	switch (form) {
#define X(name, text, doc)                                                                         \
	case IDENTITY_##name:                                                                      \
		return doc;
		IDENTITY_FORMS(X)
#undef X
	}
	return "";
}

/* A number as it is written, less what stands between its digits. */
struct written {
	char digits[MAX_WRITTEN + 1];
	size_t len;
	bool has_plus;
};

static bool take_digits(struct sip_text text, struct written *out)
{
	struct rd r = sip_text_rd(text);

	*out = (struct written){.has_plus = sip_skip(&r, '+')};
	while (rd_left(&r)) {
		char c = (char)rd_u8(&r);

		if (strchr("-.() ", c) && c)
			continue;
		if (c < '0' || c > '9' || out->len == MAX_WRITTEN)
			return false;
		out->digits[out->len++] = c;
	}
	return out->len != 0;
}

static bool begins(const struct written *w, const char *with)
{
	size_t n = with ? strlen(with) : 0;

	return n && w->len >= n && !memcmp(w->digits, with, n);
}

/* Digits of the longest international prefix that the number begins with; 0: none. */
static size_t international_len(const struct identity_plan *plan, const struct written *w)
{
	size_t best = 0;

	for (size_t i = 0; i < plan->n_international_prefixes; i++) {
		size_t n = strlen(plan->international_prefixes[i]);

		if (n > best && begins(w, plan->international_prefixes[i]))
			best = n;
	}
	return best;
}

/* '+', what stands before, and the digits; false where that is no number of E.164. */
static bool compose(const char *before, const char *digits, char out[IDENTITY_NUMBER_SIZE])
{
	size_t n = strlen(before) + strlen(digits);

	if (!n || n > IDENTITY_MAX_DIGITS || *(*before ? before : digits) == '0')
		return false;
	snprintf(out, IDENTITY_NUMBER_SIZE, "+%s%s", before, digits);
	return true;
}

static enum identity_form national(const struct identity_plan *plan, const struct written *w,
				   bool is_whole, char out[IDENTITY_NUMBER_SIZE])
{
	const char *code = plan->country_code ? plan->country_code : "";
	const char *prefix = plan->national_prefix ? plan->national_prefix : "";
	size_t code_len = strlen(code);

	if (!code_len)
		return IDENTITY_TEXT;
	if (*prefix && w->len >= strlen(prefix) + is_whole && begins(w, prefix))
		return compose(code, w->digits + strlen(prefix), out) ? IDENTITY_NATIONAL
								      : IDENTITY_TEXT;
	if (plan->is_bare_international && begins(w, code) &&
	    (!is_whole || w->len >= code_len + MIN_SUBSCRIBER))
		return compose("", w->digits, out) ? IDENTITY_BARE : IDENTITY_TEXT;
	if (!*prefix && (!is_whole || w->len >= MIN_NATIONAL))
		return compose(code, w->digits, out) ? IDENTITY_NATIONAL : IDENTITY_TEXT;
	return IDENTITY_TEXT;
}

enum identity_form identity_number(const struct identity_plan *plan, struct sip_text text,
				   bool is_whole, char out[IDENTITY_NUMBER_SIZE])
{
	struct written w;
	size_t n;

	if (!take_digits(text, &w))
		return IDENTITY_TEXT;
	if (w.has_plus)
		return compose("", w.digits, out) ? IDENTITY_GLOBAL : IDENTITY_TEXT;
	n = international_len(plan, &w);
	if (n)
		return compose("", w.digits + n, out) ? IDENTITY_INTERNATIONAL : IDENTITY_TEXT;
	return national(plan, &w, is_whole, out);
}

static void set_user(struct identity_name *out, const void *bytes, size_t len)
{
	out->is_cut = len > IDENTITY_MAX_USER;
	out->user_len = out->is_cut ? IDENTITY_MAX_USER : len;
	memcpy(out->user, bytes, out->user_len);
	out->user[out->user_len] = 0;
}

/* Small letters, and no dot at the end; an IPv6 address in full. */
static void set_realm(struct identity_name *out, struct sip_text realm)
{
	struct sip_host host;
	struct rd r;

	if (!sip_text_is_there(realm))
		return;
	if (sip_host_read(realm, &host) && host.version == 6) {
		for (size_t i = 0; i < sizeof host.bytes; i++)
			out->realm_len +=
				(size_t)snprintf((char *)out->realm + out->realm_len, 4, "%s%02x",
						 i && !(i & 1) ? ":" : "", host.bytes[i]);
		return;
	}
	r = sip_text_rd(realm);
	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r);

		if (out->realm_len == IDENTITY_MAX_REALM) {
			out->realm_len = 0;
			break;
		}
		out->realm[out->realm_len++] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	}
	if (out->realm_len && out->realm[out->realm_len - 1] == '.')
		out->realm_len--;
	out->realm[out->realm_len] = 0;
}

bool identity_is_phone_realm(const struct identity_plan *plan, const struct identity_name *name)
{
	for (size_t i = 0; i < plan->n_phone_realms; i++) {
		const char *realm = plan->phone_realms[i];

		if (strlen(realm) == name->realm_len &&
		    !memcmp(realm, name->realm, name->realm_len))
			return true;
	}
	return !plan->n_phone_realms;
}

/* The user of a SIP URI, unescaped, as a number or as it is. The realm is set. */
static void read_user(const struct identity_plan *plan, struct sip_text user, bool is_phone,
		      struct identity_name *out)
{
	uint8_t raw[MAX_RAW_USER];
	size_t len = sip_text_unescape(user, raw, sizeof raw);
	struct sip_text text = sip_text_of(raw, len < sizeof raw ? len : sizeof raw);
	char number[IDENTITY_NUMBER_SIZE];
	struct rd r = sip_text_rd(text);
	struct sip_text digits = sip_until(&r, ";"); /* a telephone-subscriber has parameters */

	out->form = IDENTITY_TEXT;
	if (is_phone || (text.len && *text.bytes == '+') || identity_is_phone_realm(plan, out))
		out->form = identity_number(plan, digits, true, number);
	if (out->form == IDENTITY_TEXT && is_phone)
		set_user(out, digits.bytes, digits.len);
	else if (out->form == IDENTITY_TEXT)
		set_user(out, text.bytes, text.len);
	else
		set_user(out, number, strlen(number));
	out->is_cut |= len > sizeof raw;
}

/* A context that is a number names another place's dialling habits: ours only where it is our
 * country's. One that is a domain is the realm of a number that is no global one (19.1.6). */
static void read_tel(const struct identity_plan *plan, const struct sip_uri *uri,
		     struct identity_name *out)
{
	struct sip_text context = {NULL, 0}, code = sip_word(plan->country_code ?: "");
	struct identity_plan here = *plan;
	bool is_foreign = false;

	if (sip_param_find(uri->params, "phone-context", &context) && context.len &&
	    *context.bytes == '+') {
		is_foreign = !code.len || context.len != code.len + 1 ||
			     memcmp(context.bytes + 1, code.bytes, code.len) != 0;
		context = (struct sip_text){NULL, 0};
	}
	if (is_foreign)
		here = (struct identity_plan){NULL};
	read_user(&here, uri->user, true, out);
	if (out->form == IDENTITY_TEXT)
		set_realm(out, context);
}

bool identity_name_of_uri(const struct identity_plan *plan, const struct sip_uri *uri,
			  struct identity_name *out)
{
	struct sip_text kind = {NULL, 0};

	out->user_len = out->realm_len = 0;
	out->is_cut = false;
	out->form = IDENTITY_TEXT;
	out->user[0] = out->realm[0] = 0;
	switch (uri->scheme) {
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS:
		set_realm(out, uri->host.text);
		(void)sip_param_find(uri->params, "user", &kind);
		read_user(plan, uri->user, sip_text_is(kind, "phone"), out);
		break;
	case SIP_SCHEME_TEL:
		read_tel(plan, uri, out);
		break;
	default:
		return false;
	}
	return out->user_len || out->realm_len;
}

bool identity_name_of_login(const struct identity_plan *plan, struct sip_text username,
			    struct sip_text realm, struct identity_name *out)
{
	uint8_t raw[MAX_RAW_USER];
	size_t len = sip_text_unquote(username, raw, sizeof raw), at;
	struct sip_uri uri = {.scheme = SIP_SCHEME_SIP, .host.text = realm};

	if (len > sizeof raw)
		len = sizeof raw;
	for (at = len; at && raw[at - 1] != '@';)
		at--;
	uri.user = sip_text_of(raw, at ? at - 1 : len);
	if (at)
		uri.host.text = sip_text_of(raw + at, len - at);
	return identity_name_of_uri(plan, &uri, out) && out->user_len;
}

bool identity_name_of_word(const struct identity_plan *plan, struct sip_text word,
			   struct identity_name *out)
{
	struct sip_uri uri;
	char number[IDENTITY_NUMBER_SIZE];
	struct sip_text host;
	struct rd r = sip_text_rd(word);
	size_t at = word.len;

	if (sip_uri_read(word, &uri) == 0 && uri.scheme != SIP_SCHEME_OTHER) {
		if (uri.scheme != SIP_SCHEME_TEL && !sip_text_is_there(uri.user)) {
			uri.user = uri.host.text; /* sip:alice, whatever her realm */
			uri.host.text = (struct sip_text){NULL, 0};
		}
		return identity_name_of_uri(plan, &uri, out);
	}
	while (at && word.bytes[at - 1] != '@')
		at--;
	uri = (struct sip_uri){.scheme = SIP_SCHEME_SIP};
	if (!at && identity_number(plan, word, true, number) != IDENTITY_TEXT)
		uri.scheme = SIP_SCHEME_TEL;
	uri.user = sip_until(&r, at ? "@" : "");
	host = sip_text_of(at ? word.bytes + at : NULL, at ? word.len - at : 0);
	if (at && !sip_host_read(host, &uri.host))
		return false;
	uri.host.text = host;
	return identity_name_of_uri(plan, &uri, out);
}
