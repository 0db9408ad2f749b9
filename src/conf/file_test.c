#include "conf/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"

static char folder[] = "/tmp/conf-file-XXXXXX";
static char path[64], other[64];

static bool holds(const char *text)
{
	struct wr w = wr_init(1 << 20);
	struct why why;
	bool is_so;

	why_clear(&why);
	is_so = !conf_file_read(path, &w, &why) && w.len == strlen(text) &&
		!memcmp(w.bytes, text, w.len);
	wr_fini(&w);
	return is_so;
}

static void what_is_saved_is_read(void)
{
	struct stat st;
	struct why why;

	why_clear(&why);
	ok(conf_file_save(path, "one", 3, &why) == 0 && holds("one"), "a file is saved and read");
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, "it is its owner's alone");
	ok(chmod(path, 0644) == 0 && conf_file_save(path, "", 0, &why) == 0 && holds(""),
	   "another takes its place");
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, "which is its owner's alone too");
}

static void what_was_cut_short_is_no_hindrance(void)
{
	FILE *file = fopen(other, "w");
	struct stat st;
	struct why why;

	why_clear(&why);
	ok(file && fputs("half", file) > 0 && fclose(file) == 0 && chmod(other, 0666) == 0,
	   "an attempt was cut short");
	ok(conf_file_save(path, "two", 3, &why) == 0 && holds("two"), "the next one succeeds");
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600 && access(other, F_OK),
	   "and leaves nothing behind");
}

static void what_cannot_be_is_told(void)
{
	struct wr w = wr_init(1 << 20);
	struct why why;
	char said[600];

	why_clear(&why);
	ok(conf_file_save("/nowhere/at/all", "x", 1, &why) < 0, "a folder that is not there");
	why_print(&why, said, sizeof said);
	ok(!strcmp(said, "/nowhere/at/all.new: cannot be written: No such file or directory"),
	   "is told: %s", said);
	why_clear(&why);
	ok(conf_file_read("/nowhere", &w, &why) == ERR_ABSENT && !strcmp(why.place, "/nowhere"),
	   "so is a file that is not");
	why_clear(&why);
	ok(mkdir(other, 0700) == 0 && conf_file_save(path, "three", 5, &why) < 0 && holds("two"),
	   "where nothing can be written, the file is as it was: %s", why.text);
	rmdir(other);
	wr_fini(&w);
}

int main(void)
{
	if (!ok(mkdtemp(folder), "a folder"))
		return tap_end();
	snprintf(path, sizeof path, "%s/kept.json", folder);
	snprintf(other, sizeof other, "%s/kept.json.new", folder);
	what_is_saved_is_read();
	what_was_cut_short_is_no_hindrance();
	what_cannot_be_is_told();
	unlink(path);
	rmdir(folder);
	return tap_end();
}
