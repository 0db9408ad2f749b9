#include "handover/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"

static char path[] = "/tmp/weir-progress-XXXXXX";

static void test_memory(void)
{
	struct progress p;
	struct why why = {0};
	struct stat st;

	ok(!progress_open(&p, path, 7, &why) && progress_sent(&p) == 0 &&
		   progress_number(&p) == 0 && !p.is_other,
	   "a new one begins at 0: %s", why.text);
	ok(!stat(path, &st) && (st.st_mode & 0777) == 0600, "for its owner alone");
	progress_set_sent(&p, UINT64_C(1) << 40);
	progress_set_number(&p, 12);
	progress_close(&p);
	ok(!progress_open(&p, path, 7, &why) && progress_sent(&p) == UINT64_C(1) << 40 &&
		   progress_number(&p) == 12,
	   "what was set is there again");
	progress_close(&p);
	ok(!progress_open(&p, path, 8, &why) && progress_sent(&p) == 0 && progress_number(&p) == 12,
	   "of another stream nothing was sent, and numbers go on");
	ok(p.is_other, "what was sent was of one that is gone");
	progress_close(&p);
}

static void test_refusals(void)
{
	struct progress p;
	struct why why = {0};
	FILE *f = fopen(path, "r+");

	ok(f && fwrite("something", 1, 9, f) == 9 && !fclose(f), "a file that is another's");
	ok(progress_open(&p, path, 7, &why) == ERR_BAD && *why.text && strstr(why.place, path),
	   "is refused by name: %s: %s", why.place, why.text);
	ok(!truncate(path, 100) && !progress_open(&p, path, 7, &why) && progress_number(&p) == 0,
	   "one that was not finished is made anew");
	progress_close(&p);
	why_clear(&why);
	ok(progress_open(&p, "/nonexistent/x", 7, &why) < 0 && *why.text, "no folder: %s",
	   why.text);
}

int main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		return EXIT_FAILURE;
	close(fd);
	unlink(path);
	test_memory();
	test_refusals();
	unlink(path);
	return tap_end();
}
