/* Tests only: small files made in memory, and readings of them. */
#ifndef TRACE_SAMPLE_H
#define TRACE_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sample.h"
#include "base/tap.h"
#include "base/wr.h"
#include "trace/reader.h"

enum { READING_MOST = 256, SAMPLE_LIMIT = 1 << 20 };

/* All frames of some bytes, and how it ended. Frames point into the bytes that were given. */
struct reading {
	struct trace_reader *r;
	struct weir_frame frames[READING_MOST];
	int n;
	int rc; /* the last return, or what trace_reader_end says of the rest */
	size_t used;
};

__attribute__((unused)) static struct reading reading_of(enum trace_format format,
							 const uint8_t *bytes, size_t len)
{
	struct reading g = {0};
	struct rd window = rd_of(bytes, len);

	if (trace_reader_new(&g.r, format) < 0)
		abort();
	do {
		g.rc = trace_reader_batch(g.r, &window, g.frames + g.n,
					  READING_MOST - g.n < 5 ? 1 : 5);
		g.used = len - rd_left(&window);
		g.n += g.rc > 0 ? g.rc : 0;
	} while (g.rc >= 0 && g.n < READING_MOST);
	if (g.rc == ERR_AGAIN)
		g.rc = trace_reader_end(g.r, len - g.used);
	return g;
}

__attribute__((unused)) static const char *reading_why(const struct reading *g)
{
	return trace_reader_why(g->r)->text;
}

__attribute__((unused)) static void reading_end(struct reading *g)
{
	trace_reader_free(&g->r);
}

/* Integers in either byte order. */
__attribute__((unused)) static void put16(struct wr *w, uint16_t v, bool is_big)
{
	is_big ? wr_u16(w, v) : wr_le16(w, v);
}

__attribute__((unused)) static void put32(struct wr *w, uint32_t v, bool is_big)
{
	is_big ? wr_u32(w, v) : wr_le32(w, v);
}

__attribute__((unused)) static void put64(struct wr *w, uint64_t v, bool is_big)
{
	is_big ? wr_u64(w, v) : wr_le64(w, v);
}

/* Each prefix of a file of n frames: as many frames as are whole, then ERR_CUT unless the cut
 * falls between records. Prefixes are copied, so that a read past the end is seen. */
__attribute__((unused)) static void cuts_are_told(enum trace_format format, const uint8_t *bytes,
						  size_t len, const char *what)
{
	struct reading whole = reading_of(format, bytes, len);
	bool is_right = true;

	for (size_t cut = 0; cut < len && is_right; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1);
		struct reading g;
		int n = 0;
		size_t end;

		memcpy(copy, bytes, cut);
		g = reading_of(format, copy, cut);
		while (n < whole.n &&
		       whole.frames[n].record + whole.frames[n].record_len <= bytes + cut)
			n++;
		end = n ? (size_t)(whole.frames[n - 1].record - bytes) +
				      whole.frames[n - 1].record_len
			: 0;
		is_right = g.n == n && g.used >= end && (g.rc == ERR_CUT || g.used == cut);
		if (!is_right)
			printf("# cut at %zu: %d frames, %zu used, %d\n", cut, g.n, g.used, g.rc);
		reading_end(&g);
		free(copy);
	}
	ok(is_right, "%s: each cut gives the records before it, and is told", what);
	reading_end(&whole);
}

#endif
