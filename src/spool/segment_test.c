#include "spool/segment.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/scratch.h"
#include "base/tap.h"
#include "spool/spool.h"

enum { SIZE = 1 << 20 };

static char top[] = "/tmp/weir-segment-XXXXXX";

static void test_marks(void)
{
	struct segment_place place = {.dir = open(top, O_RDONLY | O_DIRECTORY), .path = top};
	struct segment *g;
	struct why why = {0};
	uint64_t at = 0;
	bool are_ends = true;

	if (!ok(segment_new(&g, &place, 1, SIZE, &why) == 0, "a segment %s", why.text))
		return;
	segment_begin(g, 1, 0);
	ok(segment_mark(g, 0, 0) == 0, "nothing is reserved, nothing is marked");
	for (uint64_t n = 1000; at + n <= SIZE; at += n)
		segment_reserve(g, n);
	for (uint64_t from = 0; from < at; from += 1000 * 7)
		for (uint64_t to = from; to <= at; to += 33333) {
			uint64_t mark = segment_mark(g, from, to);

			are_ends &= mark % 1000 == 0 && mark >= from && mark <= to;
			are_ends &= to - from < 2 * SIZE / SEGMENT_MARKS ||
				    to - mark <= SIZE / SEGMENT_MARKS + 1000;
		}
	ok(are_ends, "a mark is the end of a reservation, no further than asked, and close to it");
	segment_begin(g, 1, SIZE);
	ok(segment_mark(g, 0, 0) == 0 && segment_mark(g, 0, SIZE) == 0,
	   "who begins again has none of before");
	segment_reserve(g, SIZE);
	ok(segment_mark(g, 0, SIZE - 1) == 0 && segment_mark(g, 0, SIZE) == SIZE,
	   "one reservation is all of it");
	segment_remove(&g, &place);
	close(place.dir);
}

static void test_pieces(void)
{
	static uint8_t bytes[7000];
	struct spool *s;
	struct why why = {0};
	const uint8_t *piece;
	uint64_t at = 0;
	bool are_whole = true;
	size_t n;

	if (!ok(spool_open(&s, top, NULL, &why) == 0, "a spool %s", why.text))
		return;
	for (int i = 0; i < 200; i++)
		if (spool_append(s, bytes, sizeof bytes))
			abort();
	for (; (n = spool_peek_most(s, at, 100000, &piece)); at += n)
		are_whole &= n <= 100000 && n % sizeof bytes == 0;
	ok(are_whole && at == spool_end(s), "pieces of at most so many bytes, whole reservations");
	ok(spool_peek_most(s, 0, sizeof bytes - 1, &piece) >= sizeof bytes,
	   "a reservation that is longer comes whole");
	spool_close(&s);
	if (spool_open(&s, top, NULL, &why))
		abort();
	for (at = 0; (n = spool_peek_most(s, at, 100000, &piece)); at += n)
		;
	ok(at == spool_end(s), "after it was opened again all is there, in any pieces");
	spool_close(&s);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	test_marks();
	test_pieces();
	scratch_remove(top);
	return tap_end();
}
