#include "lib/same.h"

#include <stdio.h>
#include <string.h>

#define TEXT_OF(x)   TEXT_OF_2(x)
#define TEXT_OF_2(x) #x

#define X(value, name, text) LIB_SAME(WEIR_ERR_##name, value);
ERRS(X)
#undef X

const char *weir_error_text(int error)
{
	return err_text(error);
}

const char *weir_version(void)
{
	return TEXT_OF(WEIR_VERSION_MAJOR) "." TEXT_OF(WEIR_VERSION_MINOR) "." TEXT_OF(
		WEIR_VERSION_PATCH);
}

void weir_why_print(const struct weir_why *why, char *out, size_t size)
{
	struct why own = {.line = why->line, .offset = why->offset};

	if (size == 0)
		return;
	snprintf(own.text, sizeof own.text, "%s", why->text);
	snprintf(own.place, sizeof own.place, "%s", why->place);
	why_print(&own, out, size > INT32_MAX ? INT32_MAX : (int)size);
}

void lib_why(struct weir_why *out, const struct why *why)
{
	if (!out)
		return;
	*out = (struct weir_why){.line = why->line, .offset = why->offset};
	snprintf(out->text, sizeof out->text, "%s", why->text);
	snprintf(out->place, sizeof out->place, "%s", why->place);
}

bool lib_is_zero(const uint64_t *reserved, int n)
{
	for (int i = 0; i < n; i++) {
		if (reserved[i] != 0)
			return false;
	}
	return true;
}
