#include "identity/pattern.h"

#include <string.h>
#include <strings.h>

const char *identity_rule_text(enum identity_rule rule)
{
	switch (rule) {
#define X(name, text)                                                                              \
	case IDENTITY_##name:                                                                      \
		return text;
		IDENTITY_RULES(X)
#undef X
	case IDENTITY_N_RULES:
		break;
	}
	return "";
}

static int refuse(struct why *why, const char *reason)
{
	return why_set(why, ERR_BAD, "%s", reason);
}

/* Takes the '*' off a user or number; false where there is more than one, or one inside. */
static bool take_star(struct sip_text *text, enum identity_rule *rule)
{
	const uint8_t *star = text->len ? memchr(text->bytes, '*', text->len) : NULL;
	struct rd r = sip_text_rd(*text);

	*rule = IDENTITY_IS;
	if (!star)
		return true;
	if (star == text->bytes)
		*rule = text->len == 1 ? IDENTITY_ANY : IDENTITY_ENDS;
	else if (star == text->bytes + text->len - 1)
		*rule = IDENTITY_BEGINS;
	else
		return false;
	rd_skip(&r, *rule != IDENTITY_BEGINS);
	*text = (struct sip_text){r.at, text->len - 1};
	return !text->len || !memchr(text->bytes, '*', text->len);
}

/* The pattern's name: a SIP URI's user and realm. What begins with digits of a number begins so in
 * its one form too; what ends with digits does anyhow. */
static int set_name(const struct identity_plan *plan, struct sip_text user, struct sip_text realm,
		    struct identity_pattern *out, struct why *why)
{
	struct sip_uri uri = {.scheme = SIP_SCHEME_SIP, .user = user, .host.text = realm};
	char number[IDENTITY_NUMBER_SIZE];
	enum identity_form form = IDENTITY_TEXT;
	bool has_digits = false;

	(void)identity_name_of_uri(plan, &uri, &out->name);
	if (out->name.is_cut || (sip_text_is_there(realm) && !out->name.realm_len))
		return refuse(why, "a user and a realm have at most 255 octets each");
	if (out->rule == IDENTITY_ENDS && out->name.form != IDENTITY_TEXT) {
		/* the end of a number says nothing of what stands before it */
		out->name.user_len = sip_text_unescape(user, out->name.user, IDENTITY_MAX_USER);
		out->name.form = IDENTITY_TEXT;
	}
	if (out->rule != IDENTITY_BEGINS)
		return 0;
	has_digits = (user.len && *user.bytes == '+') || identity_is_phone_realm(plan, &out->name);
	if (has_digits)
		form = identity_number(plan, user, false, number);
	if (form != IDENTITY_TEXT && strlen(number) <= IDENTITY_MIN_STAR)
		return refuse(why, "needs at least 4 digits of a number before its *");
	if (form != IDENTITY_TEXT) {
		out->name.form = form;
		out->name.user_len = strlen(number);
		memcpy(out->name.user, number, sizeof number);
	}
	return 0;
}

static bool has_odd_octets(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~' || strchr("<>\"?;\\", *text))
			return true;
	}
	return false;
}

int identity_pattern_sip(const struct identity_plan *plan, const char *text,
			 struct identity_pattern *out, struct why *why)
{
	struct sip_text user, realm = {NULL, 0};
	struct rd r = rd_of(text, strlen(text));
	struct sip_host host;

	memset(out, 0, sizeof *out);
	if (strlen(text) > IDENTITY_MAX_TARGET || has_odd_octets(text))
		return refuse(why, "has a character that stands in no target, or is too long");
	if (strncasecmp(text, "sip:", 4) != 0 && strncasecmp(text, "sips:", 5) != 0)
		return refuse(why, "does not begin with sip: or sips:");
	(void)sip_until(&r, ":");
	rd_skip(&r, 1);
	user = sip_until(&r, "@");
	if (sip_skip(&r, '@')) {
		realm = sip_text_rest(&r);
		if (!sip_host_read(realm, &host))
			return refuse(why, "has no host's name or address behind the @; a port has "
					   "no place there");
	}
	if (!user.len)
		return refuse(why, "has no user");
	if (!take_star(&user, &out->rule))
		return refuse(why, "has a * that neither begins nor ends the user, or two");
	if (out->rule == IDENTITY_ANY && !sip_text_is_there(realm))
		return refuse(why, "is everybody");
	if (user.len && memchr(user.bytes, ':', user.len))
		return refuse(why, "has a password, or a port without a realm");
	return set_name(plan, user, realm, out, why);
}

int identity_pattern_phone(const char *text, struct identity_pattern *out, struct why *why)
{
	static const struct identity_plan none = {NULL};
	struct sip_text digits = sip_word(text);
	char number[IDENTITY_NUMBER_SIZE];
	struct rd r = sip_text_rd(digits);

	memset(out, 0, sizeof *out);
	if (strlen(text) > IDENTITY_MAX_TARGET)
		return refuse(why, "is too long");
	if (strncasecmp(text, "tel:", 4) == 0)
		rd_skip(&r, 4);
	digits = sip_text_rest(&r);
	if (!take_star(&digits, &out->rule))
		return refuse(why, "has a * that neither begins nor ends the number, or two");
	if (memmem(digits.bytes, digits.len, "(0)", 3))
		return refuse(why, "has a (0), which nobody dials from abroad");
	if (out->rule == IDENTITY_ENDS || out->rule == IDENTITY_ANY) {
		out->name.user_len = digits.len;
		if (digits.len < IDENTITY_MIN_STAR || digits.len > IDENTITY_MAX_DIGITS ||
		    strspn((const char *)digits.bytes, "0123456789") != digits.len)
			return refuse(why, "needs 4 to 15 digits behind its *");
		memcpy(out->name.user, digits.bytes, digits.len);
		out->name.form = IDENTITY_GLOBAL;
		return 0;
	}
	out->name.form = identity_number(&none, digits, false, number);
	if (out->name.form != IDENTITY_GLOBAL)
		return refuse(why, "is no number of the form +6491234567");
	out->name.user_len = strlen(number);
	if (out->name.user_len <= IDENTITY_MIN_STAR)
		return refuse(why, "has fewer than 4 digits");
	memcpy(out->name.user, number, sizeof number);
	return 0;
}

/* A phone's end fits numbers only: nobody's name that has these digits last. */
static bool is_of_kind(const struct identity_pattern *p, const struct identity_name *name)
{
	return p->rule != IDENTITY_ENDS || p->name.form == IDENTITY_TEXT ||
	       name->form != IDENTITY_TEXT;
}

bool identity_pattern_fits(const struct identity_pattern *p, const struct identity_name *name)
{
	size_t n = p->name.user_len;

	if (p->name.realm_len && (p->name.realm_len != name->realm_len ||
				  memcmp(p->name.realm, name->realm, name->realm_len) != 0))
		return false;
	if (p->rule == IDENTITY_ANY)
		return name->user_len != 0;
	if (n > name->user_len || !is_of_kind(p, name))
		return false;
	if (p->rule == IDENTITY_BEGINS)
		return memcmp(name->user, p->name.user, n) == 0;
	if (name->is_cut)
		return false;
	if (p->rule == IDENTITY_IS && n != name->user_len)
		return false;
	return memcmp(name->user + name->user_len - n, p->name.user, n) == 0;
}
