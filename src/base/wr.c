#include "base/wr.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { WR_FIRST_SIZE = 256 };

struct wr wr_init(size_t limit)
{
	return (struct wr){.limit = limit, .ok = true, .is_owned = true};
}

void wr_fini(struct wr *w)
{
	if (w->is_owned)
		free(w->bytes);
	*w = (struct wr){0};
}

bool wr_grow(struct wr *w, size_t n)
{
	size_t size = w->size ? w->size : WR_FIRST_SIZE;
	uint8_t *bytes;

	if (!w->ok || !w->is_owned || n > w->limit - w->len)
		return w->ok = false;
	while (size - w->len < n)
		size *= 2;
	if (size > w->limit)
		size = w->limit;
	bytes = realloc(w->bytes, size);
	if (!bytes)
		return w->ok = false;
	w->bytes = bytes;
	w->size = size;
	return true;
}

size_t wr_open16(struct wr *w)
{
	size_t mark = w->len;

	(void)wr_room(w, 2);
	return mark;
}

void wr_close16(struct wr *w, size_t mark)
{
	size_t len;

	if (!w->ok)
		return;
	len = w->len - mark - 2;
	if (len > UINT16_MAX) {
		w->ok = false;
		return;
	}
	w->bytes[mark] = (uint8_t)(len >> 8);
	w->bytes[mark + 1] = (uint8_t)len;
}

void wr_text(struct wr *w, const char *format, ...)
{
	char text[512];
	char *long_text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (n < 0) {
		w->ok = false;
		return;
	}
	if ((size_t)n < sizeof text) {
		wr_bytes(w, text, (size_t)n);
		return;
	}
	va_start(args, format);
	if (vasprintf(&long_text, format, args) < 0)
		w->ok = false;
	else
		wr_bytes(w, long_text, (size_t)n);
	va_end(args);
	free(long_text);
}
