#include "tls/identity.h"

#include <string.h>

#include "base/err.h"
#include "base/tap.h"

int main(void)
{
	static const char *const bad[] = {"",
					  "collector",
					  "collector:",
					  ":c1",
					  "Collector:c1",
					  "collector:-c1",
					  "collector:c 1",
					  "collector:c:1",
					  "collectorcollector:c1"};
	char longest[TLS_NAME_LEN + 1];
	char text[TLS_IDENTITY_TEXT_LEN];
	struct tls_identity id, other;
	struct why why;

	for (int i = 0; i < TLS_N_ROLES; i++) {
		char again[TLS_IDENTITY_TEXT_LEN];

		snprintf(text, sizeof text, "%s:n-1.x_Y", tls_role_text((enum tls_role)i));
		ok(tls_identity_parse(text, &id, NULL) == 0 && id.role == (enum tls_role)i,
		   "%s is one", text);
		tls_identity_print(&id, again);
		ok(!strcmp(text, again), "and prints as it was");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		why_clear(&why);
		ok(tls_identity_parse(bad[i], &id, &why) == ERR_USAGE && why.text[0],
		   "\"%s\" is none: %s", bad[i], why.text);
	}
	memset(longest, 'a', sizeof longest);
	longest[TLS_NAME_LEN] = 0;
	ok(!tls_name_is_allowed(longest), "a name of 64 is too long");
	longest[TLS_NAME_LEN - 1] = 0;
	ok(tls_name_is_allowed(longest), "one of 63 is not");
	ok(tls_identity_parse("collector:a", &id, NULL) == 0 &&
		   tls_identity_parse("mediator:a", &other, NULL) == 0 &&
		   !tls_identity_is_equal(&id, &other) && tls_identity_is_equal(&id, &id),
	   "who has another role is another");
	return tap_end();
}
