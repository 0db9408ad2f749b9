#include "mediation/marks.h"

#include <stdio.h>
#include <string.h>

#include "base/tap.h"
#include "spool/spool.h"

static uint8_t octets[SPOOL_USER_MAX];

static size_t write_all(const struct marks *m)
{
	struct wr w = wr_of(octets, sizeof octets);

	marks_write(m, &w);
	return w.ok ? w.len : 0;
}

int main(void)
{
	static struct marks m, again;
	struct why why = {0};
	struct mark *mark;
	char name[TLS_NAME_LEN];
	size_t len;
	bool all = true;

	ok(!marks_read(&m, NULL, 0, &why) && m.n == 0, "a new spool has no marks");
	m.n_announced = 7;
	mark = marks_of(&m, "c1", 5);
	ok(mark && mark->offset == 0 && mark->stream == 5, "a collector begins at 0");
	mark->offset = 1000;
	ok(marks_of(&m, "c1", 5)->offset == 1000, "and is where it was");
	marks_of(&m, "c2", 6)->offset = 77;
	len = write_all(&m);
	ok(!marks_read(&again, octets, len, &why) && again.n == 2 && again.n_announced == 7 &&
		   marks_of(&again, "c2", 6)->offset == 77 &&
		   marks_of(&again, "c1", 5)->offset == 1000,
	   "marks come back as they were");
	for (size_t cut = 1; cut < len; cut++)
		all &= marks_read(&again, octets, cut, NULL) == ERR_BAD && again.n == 0;
	ok(all && marks_read(&again, octets, len + 1, NULL) == ERR_BAD, "cut anywhere, or longer, "
									"they are refused");
	octets[0] = 9;
	ok(marks_read(&again, octets, len, &why) == ERR_BAD, "as are those of another version: %s",
	   why.text);
	mark = marks_of(&m, "c1", 8);
	ok(mark->offset == 0 && mark->stream == 8 && !strcmp(mark->collector, "c1") && m.n == 2,
	   "another stream of the same collector begins at 0");
	for (int i = 0; i < MARKS_MAX - 2; i++) {
		snprintf(name, sizeof name, "%063d", i);
		all &= marks_of(&m, name, 1) != NULL;
	}
	ok(all && !marks_of(&m, "one too many", 1) && marks_of(&m, "c1", 8),
	   "there is room for so many and no more");
	ok(write_all(&m) > 0 && !marks_read(&again, octets, write_all(&m), &why) &&
		   again.n == MARKS_MAX,
	   "all of them fit the user area");
	return tap_end();
}
