#include "mediation/marks.h"

#include <string.h>

#include "base/rd.h"

enum { VERSION = 1 };

static void read_mark(struct rd *r, struct mark *m)
{
	size_t len = rd_u8(r);
	const uint8_t *name = rd_take(r, len);

	if (!name || len >= sizeof m->collector || memchr(name, '\0', len)) {
		r->ok = false;
		return;
	}
	memcpy(m->collector, name, len);
	m->collector[len] = '\0';
	m->stream = rd_u64(r);
	m->offset = rd_u64(r);
}

int marks_read(struct marks *marks, const void *octets, size_t len, struct why *why)
{
	struct rd r = rd_of(octets, len);

	*marks = (struct marks){0};
	if (!len)
		return 0;
	if (rd_u8(&r) != VERSION)
		return why_set(why, ERR_BAD, "the spool's marks are of another version");
	marks->n_announced = rd_u64(&r);
	marks->n = rd_u16(&r);
	if (marks->n > MARKS_MAX)
		r.ok = false;
	for (size_t i = 0; r.ok && i < marks->n; i++)
		read_mark(&r, &marks->items[i]);
	if (r.ok && !rd_left(&r))
		return 0;
	*marks = (struct marks){0};
	return why_set(why, ERR_BAD, "the spool's marks are damaged");
}

void marks_write(const struct marks *marks, struct wr *w)
{
	wr_u8(w, VERSION);
	wr_u64(w, marks->n_announced);
	wr_u16(w, (uint16_t)marks->n);
	for (size_t i = 0; i < marks->n; i++) {
		const struct mark *m = &marks->items[i];
		size_t len = strlen(m->collector);

		wr_u8(w, (uint8_t)len);
		wr_bytes(w, m->collector, len);
		wr_u64(w, m->stream);
		wr_u64(w, m->offset);
	}
}

struct mark *marks_of(struct marks *marks, const char *collector, uint64_t stream)
{
	struct mark *m = marks->items, *end = m + marks->n;
	size_t len = strlen(collector);

	while (m < end && strcmp(m->collector, collector))
		m++;
	if (m == end) {
		if (marks->n == MARKS_MAX || len >= sizeof m->collector)
			return NULL;
		*m = (struct mark){.stream = stream};
		memcpy(m->collector, collector, len + 1);
		marks->n++;
	}
	if (m->stream != stream)
		*m = (struct mark){.stream = stream}, memcpy(m->collector, collector, len + 1);
	return m;
}
