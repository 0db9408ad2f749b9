/* Whom a URI, a login or a word names, written in one way, so that two ways to write the same
 * party are the same octets:
 *
 *	sip:+64-9-123-4567@Example.NET    user +6491234567    realm example.net
 *	tel:0064 9 1234567                user +6491234567    no realm
 *	sip:091234567@example.net         user +6491234567    realm example.net
 *	sips:al%69ce@example.net:5061     user alice          realm example.net
 *
 * A telephone number becomes '+' and the digits of E.164, by the operator's country code and
 * prefixes; what is none stays as it is, its letters' case too (RFC 3261 19.1.4). A realm's letters
 * are small. sip and sips name the same party; ports, passwords and parameters name nobody. */
#ifndef IDENTITY_NAME_H
#define IDENTITY_NAME_H

#include "sip/uri.h"

enum {
	IDENTITY_MAX_USER = 255,
	IDENTITY_MAX_REALM = 255,
	IDENTITY_MAX_DIGITS = 15, /* of E.164, without the '+' */
	IDENTITY_MAX_PREFIXES = 8,
};

/* How the operator's network writes numbers; all of it optional. Texts are borrowed. */
struct identity_plan {
	const char *country_code;                  /* "64" */
	const char *national_prefix;               /* "0"; NULL or "": national numbers have none */
	const char *const *international_prefixes; /* "00", "011" … */
	size_t n_international_prefixes;
	bool is_bare_international; /* digits that begin with country_code may be international */
	/* Realms whose numeric users are telephone numbers, if they do not say so themselves by a
	 * '+' or user=phone; none: every realm's. Small letters. */
	const char *const *phone_realms;
	size_t n_phone_realms;
};

/* How a user was read: constant, name, words. */
#define IDENTITY_FORMS(X)                                                                          \
	X(TEXT, "as-is", "as it is written")                                                       \
	X(GLOBAL, "global", "a number with +")                                                     \
	X(INTERNATIONAL, "international", "a number with an international prefix")                 \
	X(NATIONAL, "national", "a national number")                                               \
	X(BARE, "bare", "a number that begins with the country code")

enum identity_form {
#define X(name, text, doc) IDENTITY_##name,
	IDENTITY_FORMS(X)
#undef X
};

const char *identity_form_text(enum identity_form form);
const char *identity_form_doc(enum identity_form form);

struct identity_name {
	uint8_t user[IDENTITY_MAX_USER + 1]; /* a zero follows, for those who print */
	size_t user_len;                     /* 0: there is no user */
	bool is_cut;                         /* the user is longer; its beginning is here */
	uint8_t realm[IDENTITY_MAX_REALM + 1];
	size_t realm_len; /* 0: none, or one that is too long to be anybody's */
	enum identity_form form;
};

/* False: it names nobody (another scheme, no user and no realm). */
bool identity_name_of_uri(const struct identity_plan *plan, const struct sip_uri *uri,
			  struct identity_name *out);

/* Digest's username and realm (RFC 3261 22). A username that has an '@' has its realm behind it. */
bool identity_name_of_login(const struct identity_plan *plan, struct sip_text username,
			    struct sip_text realm, struct identity_name *out);

/* What a person types: a URI, user@realm, a number, a user; "sip:alice" is a user here. */
bool identity_name_of_word(const struct identity_plan *plan, struct sip_text word,
			   struct identity_name *out);

/* Whether digits are telephone numbers in the name's realm. */
bool identity_is_phone_realm(const struct identity_plan *plan, const struct identity_name *name);

/* A telephone number as '+' and digits into out, with a zero behind it; is_whole: false for the
 * beginning of one, as in a pattern. Hyphens, points, brackets and blanks between the digits do
 * not count (RFC 3966 5.1.1). TEXT: it is none, and out is untouched. */
enum { IDENTITY_NUMBER_SIZE = 1 + IDENTITY_MAX_DIGITS + 1 };
enum identity_form identity_number(const struct identity_plan *plan, struct sip_text written,
				   bool is_whole, char out[IDENTITY_NUMBER_SIZE]);

#endif
