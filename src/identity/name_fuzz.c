/* Whatever is typed or written in a URI: a name is in its one form, which is the same when it is
 * read again. */
#include "base/fuzz.h"
#include "identity/pattern.h"

#include <stdlib.h>

static const char *const international[] = {"00", "011"};
static const char *const realms[] = {"example.net"};

static void check(const struct identity_plan *plan, const struct identity_name *name)
{
	char number[IDENTITY_NUMBER_SIZE];

	if (name->user_len > IDENTITY_MAX_USER || name->realm_len > IDENTITY_MAX_REALM ||
	    name->user[name->user_len] || name->realm[name->realm_len])
		abort();
	if (name->form == IDENTITY_TEXT)
		return;
	if (name->user[0] != '+' || name->user_len > 1 + IDENTITY_MAX_DIGITS || name->is_cut)
		abort();
	if (identity_number(plan, sip_text_of(name->user, name->user_len), true, number) !=
		    IDENTITY_GLOBAL ||
	    memcmp(number, name->user, name->user_len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct identity_plan plan = {.country_code = "64",
				     .national_prefix = "0",
				     .international_prefixes = international,
				     .n_international_prefixes = 2,
				     .phone_realms = realms,
				     .n_phone_realms = len & 1};
	struct identity_name name;
	struct identity_pattern p;
	struct why why;
	char *text;

	plan.is_bare_international = len & 2;
	if (len & 4)
		plan.national_prefix = NULL;
	why_clear(&why);
	if (len && identity_name_of_word(&plan, sip_text_of(bytes, len), &name))
		check(&plan, &name);
	if (len && identity_name_of_login(&plan, sip_text_of(bytes, len / 2),
					  sip_text_of(bytes + len / 2, len - len / 2), &name))
		check(&plan, &name);
	text = malloc(len + 1);
	if (!text)
		return 0;
	if (len)
		memcpy(text, bytes, len);
	text[len] = 0;
	if (identity_pattern_sip(&plan, text, &p, &why) && !why.text[0])
		abort();
	if (identity_pattern_phone(text, &p, &why) && !why.text[0])
		abort();
	free(text);
	return 0;
}
