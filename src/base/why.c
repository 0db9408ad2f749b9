#include "base/why.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void why_clear(struct why *why)
{
	*why = (struct why){.offset = -1};
}

int why_set(struct why *why, int err, const char *format, ...)
{
	va_list args;

	if (!why || why->text[0])
		return err;
	va_start(args, format);
	vsnprintf(why->text, sizeof why->text, format, args);
	va_end(args);
	return err;
}

void why_place(struct why *why, const char *place)
{
	if (why && !why->place[0])
		snprintf(why->place, sizeof why->place, "%s", place);
}

void why_line(struct why *why, int line)
{
	if (why && !why->line)
		why->line = line;
}

void why_offset(struct why *why, int64_t offset)
{
	if (why && why->offset < 0)
		why->offset = offset;
}

void why_print(const struct why *why, char *out, int size)
{
	const char *colon = why->place[0] ? ": " : "";

	if (why->line > 0)
		snprintf(out, (size_t)size, "%s:%d: %s", why->place, why->line, why->text);
	else if (why->offset >= 0)
		snprintf(out, (size_t)size, "%s%sat byte %" PRId64 ": %s", why->place, colon,
			 why->offset, why->text);
	else
		snprintf(out, (size_t)size, "%s%s%s", why->place, colon, why->text);
}
