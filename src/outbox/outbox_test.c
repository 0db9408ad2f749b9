#include "outbox/outbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"

static char folder[] = "/tmp/outbox-test-XXXXXX";
static int dir = -1;

static long size_of(const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) ? -1 : (long)st.st_size;
}

static int mode_of(const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) ? -1 : (int)(st.st_mode & 07777);
}

static bool holds(const char *name, const char *want)
{
	char got[256];
	int fd = openat(dir, name, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof got);

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(want) && !memcmp(got, want, (size_t)n);
}

/* Removes a folder of files. */
static void sweep(const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY);
	DIR *all = fdopendir(fd);
	struct dirent *entry;

	while (all && (entry = readdir(all)))
		unlinkat(fd, entry->d_name, 0);
	closedir(all);
	unlinkat(dir, name, AT_REMOVEDIR);
}

static int open_one(struct outbox *o, const char *agency, const char *name, bool is_forced)
{
	const struct outbox_place place = {dir, agency, is_forced};
	struct why why;

	why_clear(&why);
	return outbox_open(o, &place, name, &why);
}

static void runs_are_filled_in_any_order(void)
{
	struct outbox_claim a, b;
	struct outbox o;

	ok(open_one(&o, "police", "hi3.ber", false) == 0, "a file is made");
	ok(!outbox_reserve(&o, 3, &a) && !outbox_reserve(&o, 2, &b) && a.offset == 0 &&
		   b.offset == 3,
	   "bytes are reserved one after the other");
	ok(outbox_fill(&o, "de", 2, b.offset) == 0 && outbox_fill(&o, "abc", 3, a.offset) == 0,
	   "and filled in another order");
	ok(outbox_close(&o, NULL) == 0 && holds("police/hi3.ber", "abcde"), "the file is whole");
	ok(mode_of("police") == 0700 && mode_of("police/hi3.ber") == 0600,
	   "only its owner can read it");
}

static void appended_records_wait_a_little(void)
{
	struct outbox o;

	ok(open_one(&o, "police", "hi2.ber", false) == 0, "a file is made");
	ok(outbox_append(&o, "ab", 2) == 0 && outbox_append(&o, "cd", 2) == 0, "appended");
	ok(size_of("police/hi2.ber") == 0, "nothing is written yet");
	ok(outbox_close(&o, NULL) == 0 && holds("police/hi2.ber", "abcd"), "closing writes it");
}

static void what_is_there_is_not_lost_by_accident(void)
{
	const struct outbox_place police = {dir, "police", false};
	struct outbox o;
	struct why why;

	why_clear(&why);
	ok(outbox_open(&o, &police, "hi3.ber", &why) == ERR_ACCESS &&
		   holds("police/hi3.ber", "abcde"),
	   "a file that is there is refused: %s %s", why.place, why.text);
	ok(fchmodat(dir, "police/hi3.ber", 0644, 0) == 0 &&
		   open_one(&o, "police", "hi3.ber", true) == 0,
	   "unless it is asked for");
	ok(outbox_close(&o, NULL) == 0 && size_of("police/hi3.ber") == 0 &&
		   mode_of("police/hi3.ber") == 0600,
	   "then it is emptied, and its owner's alone");
	ok(symlinkat("hi3.ber", dir, "police/link.ber") == 0 &&
		   open_one(&o, "police", "link.ber", true) < 0,
	   "a link is refused also then");
	ok(mkfifoat(dir, "police/pipe.ber", 0600) == 0 &&
		   open_one(&o, "police", "pipe.ber", true) < 0,
	   "and so is a pipe");
	ok(symlinkat("police", dir, "customs") == 0 &&
		   open_one(&o, "customs", "new.ber", false) < 0,
	   "and a folder that is a link");
	ok(size_of("police/new.ber") < 0, "which leads nowhere");
}

static void a_record_that_failed_ends_the_file(void)
{
	struct outbox_claim claim;
	struct outbox o;
	struct why why;

	ok(open_one(&o, "police", "cut.ber", false) == 0, "a file");
	ok(!outbox_reserve(&o, 9, &claim) && !outbox_fill(&o, "abc", 3, 0) &&
		   !outbox_fill(&o, "ghi", 3, 6),
	   "of three records");
	outbox_cut(&o, ERR_FULL, 6);
	outbox_cut(&o, ERR_IO, 3);
	outbox_cut(&o, ERR_IO, 8);
	why_clear(&why);
	ok(outbox_close(&o, &why) == ERR_FULL && holds("police/cut.ber", "abc"),
	   "ends before the first that could not be written: %s: %s", why.place, why.text);
	ok(open_one(&o, "police", "gone.ber", false) == 0, "a file");
	outbox_abandon(&o, dir);
	ok(size_of("police/gone.ber") < 0, "that was never used is removed");
}

static void what_was_appended_lies_before_what_is_reserved(void)
{
	struct outbox_claim claim;
	struct outbox o;

	ok(open_one(&o, "police", "both.ber", false) == 0, "a file");
	ok(!outbox_append(&o, "ab", 2) && !outbox_reserve(&o, 2, &claim) && claim.offset == 2 &&
		   !outbox_append(&o, "ef", 2) && !outbox_fill(&o, "cd", 2, claim.offset),
	   "takes appended and reserved bytes");
	ok(!outbox_close(&o, NULL) && holds("police/both.ber", "abcdef"), "in their order");
}

static void a_spool_is_filled_in_place(void)
{
	struct outbox_claim a, b;
	struct spool *spool;
	struct outbox o;
	char path[64];
	const uint8_t *got = NULL;
	struct why why;

	why_clear(&why);
	snprintf(path, sizeof path, "%s/spool", folder);
	if (!ok(spool_open(&spool, path, NULL, &why) == 0, "a spool"))
		return;
	outbox_of_spool(&o, spool, "police", "hi3");
	ok(!outbox_reserve(&o, 2, &a) && !outbox_reserve(&o, 3, &b), "bytes are reserved");
	memcpy(b.bytes, "cde", 3);
	outbox_done(&o, &b);
	ok(spool_end(spool) == 0, "what lies behind a gap is not there yet");
	memcpy(a.bytes, "ab", 2);
	outbox_done(&o, &a);
	ok(!outbox_append(&o, "f", 1) && spool_end(spool) == 6,
	   "filled in any order, and appended");
	ok(spool_peek(spool, 0, &got) >= 5 && !memcmp(got, "abcde", 5), "they are there");
	ok(outbox_close(&o, NULL) == 0, "closing leaves the spool alone");
	spool_close(&spool);
	sweep("spool");
}

int main(void)
{
	if (!mkdtemp(folder))
		return 1;
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	runs_are_filled_in_any_order();
	appended_records_wait_a_little();
	what_is_there_is_not_lost_by_accident();
	a_record_that_failed_ends_the_file();
	what_was_appended_lies_before_what_is_reserved();
	a_spool_is_filled_in_place();
	sweep("police");
	unlinkat(dir, "customs", 0);
	close(dir);
	rmdir(folder);
	return tap_end();
}
