/* Targets of calls as warrants name them.
 *
 *	sip:alice@example.net    the user alice of example.net; sips: is the same
 *	sip:alice                the user alice of any realm
 *	sip:*@example.net        every user of example.net
 *	sip:al*@example.net      … whose name begins so; sip:*23@example.net: ends so
 *	+6491234567              a telephone number, in any realm and form; tel:+64… is the same
 *	+64912345*               numbers that begin so; *4567: that end so
 *
 * One '*', at the beginning or the end of the user or number, stands for any octets or none. */
#ifndef IDENTITY_PATTERN_H
#define IDENTITY_PATTERN_H

#include "base/why.h"
#include "identity/name.h"

/* Which of an identity's octets the pattern compares: constant, words for what it says. */
#define IDENTITY_RULES(X)                                                                          \
	X(IS, "is")                                                                                \
	X(BEGINS, "begins with")                                                                   \
	X(ENDS, "ends with")                                                                       \
	X(ANY, "any user")

enum identity_rule {
#define X(name, text) IDENTITY_##name,
	IDENTITY_RULES(X)
#undef X
		IDENTITY_N_RULES,
};

const char *identity_rule_text(enum identity_rule rule);

enum {
	IDENTITY_MAX_TARGET = 512, /* octets of a target's text */
	IDENTITY_MIN_STAR = 4,     /* digits beside the '*' of a number, at least */
};

struct identity_pattern {
	enum identity_rule rule;
	struct identity_name name; /* user: what is compared, without the '*' */
};

/* Reads sip_uri and phone of a target: 0; ERR_BAD with the reason where it is none. A phone is a
 * number with +, so that it means the same whatever the plan. */
MUST_CHECK int identity_pattern_sip(const struct identity_plan *plan, const char *text,
				    struct identity_pattern *out, struct why *why);
MUST_CHECK int identity_pattern_phone(const char *text, struct identity_pattern *out,
				      struct why *why);

/* Whether the identity is the pattern's; for tests and for few patterns: identity_set finds. */
bool identity_pattern_fits(const struct identity_pattern *p, const struct identity_name *name);

#endif
