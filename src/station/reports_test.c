#include "station/reports.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tap.h"
#include "conf/file.h"

static char folder[] = "/tmp/station-reports-XXXXXX";
static char path[64];
static const struct nanos now = {INT64_C(1767225600) * 1000000000};

static struct reports *opened(void)
{
	struct reports *r;
	struct why why;

	why_clear(&why);
	if (reports_open(&r, path, &why)) {
		ok(false, "the file opens: %s", why.text);
		exit(tap_end());
	}
	return r;
}

static int add(struct reports *r, const char *json)
{
	return reports_add(r, json, strlen(json), now);
}

static size_t file_len(void)
{
	struct stat st;

	return stat(path, &st) ? 0 : (size_t)st.st_size;
}

static bool first_is(const struct reports *r, const char *text)
{
	const struct report *first = reports_first(r);

	return first && first->len == strlen(text) && !memcmp(first->text, text, first->len);
}

static const char *const one =
	"{\"type\":\"report\",\"number\":1767225600000000,\"report\":{\"type\":\"audit\",\"n\":1}}";
static const char *const two =
	"{\"type\":\"report\",\"number\":1767225600000001,\"report\":{\"type\":\"audit\",\"n\":2}}";

static void reports_wait_in_order(void)
{
	struct reports *r = opened();
	uint64_t number;

	ok(!reports_first(r) && reports_n(r) == 0, "at first none waits");
	ok(!add(r, "{\"type\":\"audit\",\"n\":1}") && !add(r, "{\"type\":\"audit\",\"n\":2}"),
	   "two are taken");
	ok(reports_n(r) == 2 && first_is(r, one), "the first is the message as it is sent");
	reports_free(&r);
	r = opened();
	ok(reports_n(r) == 2 && first_is(r, one), "a restart loses none");
	number = reports_first(r)->number;
	reports_heard(r, number + 7);
	ok(reports_n(r) == 2, "another number hears nothing");
	reports_heard(r, number);
	ok(reports_n(r) == 1 && first_is(r, two), "what was heard goes");
	reports_free(&r);
	r = opened();
	ok(reports_n(r) == 1 && first_is(r, two), "also for the next start");
	ok(!add(r, "{\"type\":\"alarm\"}") && reports_n(r) == 2, "more are taken");
	reports_heard(r, reports_first(r)->number);
	ok(reports_first(r)->number > number + 1, "numbers grow, though the clock stands");
	reports_heard(r, reports_first(r)->number);
	ok(reports_n(r) == 0 && file_len() == 0, "the file is empty when none waits");
	reports_free(&r);
}

static void what_is_no_report_is_refused(void)
{
	static char huge[REPORT_MAX_LEN + 3];
	struct reports *r = opened();
	size_t n = 0;

	ok(add(r, "[]") == ERR_USAGE && add(r, "{\n}") == ERR_USAGE && add(r, "") == ERR_USAGE,
	   "what is no object in one line is refused");
	memset(huge, ' ', sizeof huge);
	huge[0] = '{', huge[sizeof huge - 1] = '}';
	ok(reports_add(r, huge, sizeof huge, now) == ERR_FULL, "so is one that is too long");
	huge[sizeof huge - 64] = '}';
	while (n < 1000 && !reports_add(r, huge, sizeof huge - 63, now))
		n++;
	ok(n == REPORTS_MAX_LEN / REPORT_MAX_LEN - 1 || n == REPORTS_MAX_LEN / REPORT_MAX_LEN,
	   "and one more than may wait (%zu)", n);
	ok(file_len() <= REPORTS_MAX_LEN, "the file is bounded");
	reports_free(&r);
	unlink(path);
}

/* Each octet at which a crash may cut the file. */
static void a_torn_end_is_cut(void)
{
	char whole[400];
	int len = snprintf(whole, sizeof whole, "%s\n%s\n", one, two);
	size_t first = strlen(one) + 1;
	bool is_right = true;

	for (size_t n = 0; n <= (size_t)len; n++) {
		size_t lines = n < first ? 0 : n < (size_t)len ? 1 : 2;
		struct reports *r;

		if (conf_file_save(path, whole, n, NULL))
			ok(false, "the file is written");
		r = opened();
		is_right &= reports_n(r) == lines;
		is_right &= file_len() == (lines == 0 ? 0 : lines == 1 ? first : (size_t)len);
		reports_free(&r);
	}
	ok(is_right, "cut anywhere, whole lines are left");
}

static void a_damaged_file_is_put_aside(void)
{
	static const char *const bad[] = {"x\n",
					  "{\"number\":1}\n",
					  "{\"heard\":-1}\n",
					  "{\"number\":\"a\",\"report\":{}}\n",
					  "{\"number\":1,\"report\":[]}\n",
					  "\n"};
	char aside[80];

	snprintf(aside, sizeof aside, "%s.damaged", path);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct reports *r;

		if (conf_file_save(path, bad[i], strlen(bad[i]), NULL))
			ok(false, "the file is written");
		r = opened();
		ok(reports_n(r) == 0 && file_len() == 0 && !access(aside, F_OK),
		   "damage is put aside, and the daemon starts: %.*s", (int)strlen(bad[i]) - 1,
		   bad[i]);
		reports_free(&r);
		unlink(aside);
	}
}

static void what_is_no_file_is_told(void)
{
	struct reports *r;
	struct why why;

	why_clear(&why);
	ok(reports_open(&r, folder, &why) < 0, "a folder is no file for it: %s", why.text);
	why_clear(&why);
	ok(reports_open(&r, "/tmp/not/there", &why) == ERR_ABSENT &&
		   !strcmp(why.place, "/tmp/not/there") && !r,
	   "neither is one in no folder: %s", why.text);
}

int main(void)
{
	log_open("test", LOG_LEVEL_ERROR);
	if (!ok(mkdtemp(folder), "a folder"))
		return tap_end();
	snprintf(path, sizeof path, "%s/reports", folder);
	reports_wait_in_order();
	what_is_no_report_is_refused();
	a_torn_end_is_cut();
	a_damaged_file_is_put_aside();
	what_is_no_file_is_told();
	unlink(path);
	rmdir(folder);
	return tap_end();
}
