#include "mediation/announce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/tap.h"
#include "mediation/sample.h"

/* What was told since the last look: "A:L1:0 D:L2:3 ". */
static char told[512];

static int note(void *owner, enum hi1_operation operation, const struct announced *facts)
{
	static const char letters[] = "?ADM!";
	size_t len = strlen(told);

	(void)owner;
	snprintf(told + len, sizeof told - len, "%c:%s:%lld ", letters[operation], facts->liid,
		 (long long)facts->next);
	return 0;
}

static int fail(void *owner, enum hi1_operation operation, const struct announced *facts)
{
	(void)owner, (void)operation, (void)facts;
	return ERR_FULL;
}

static const char *due(struct announcements *a, struct warrant *w, size_t n, double now)
{
	struct orders orders = {.warrants = {w, n}};
	struct announcer announcer = {note, NULL};

	told[0] = '\0';
	if (announcements_due(a, &orders, "police", sample_at(now), &announcer))
		return "failed";
	return told;
}

static void test_life(void)
{
	struct warrant w[3] = {sample_warrant("police", "L2"), sample_warrant("police", "L1"),
			       sample_warrant("customs", "L3")};
	struct announcements a = {0};
	struct orders orders = {.warrants = {w, 3}};

	ok(!*due(&a, w, 3, SAMPLE_START - 0.001), "before its start nothing is told");
	ok(announcements_wake(&orders, sample_at(SAMPLE_START - 1)).ns ==
		   sample_at(SAMPLE_START).ns,
	   "the start is waited for");
	ok(!strcmp(due(&a, w, 3, SAMPLE_START), "A:L1:0 A:L2:0 "),
	   "at the start each of the agency's warrants is activated: %s", told);
	ok(!*due(&a, w, 3, SAMPLE_START + 1), "once");
	ok(announcements_wake(&orders, sample_at(SAMPLE_START)).ns == sample_at(SAMPLE_END).ns,
	   "the end is waited for");
	w[0].end.ns += NANOS_PER_S;
	ok(!strcmp(due(&a, w, 3, SAMPLE_START + 2), "M:L2:1 ") && !*due(&a, w, 3, SAMPLE_START + 2),
	   "what changes is modified: %s", told);
	w[0].revision = strdup("0000000000000001");
	ok(!*due(&a, w, 3, SAMPLE_START + 2), "a revision that was not known before is no change");
	w[0].revision[15] = '2';
	ok(!strcmp(due(&a, w, 3, SAMPLE_START + 2), "M:L2:2 ") && !*due(&a, w, 3, SAMPLE_START + 2),
	   "another one is, of what is not seen here: %s", told);
	free(w[0].revision);
	w[0].revision = NULL;
	ok(!strcmp(due(&a, w, 1, SAMPLE_START + 3), "D:L1:1 "), "what goes is deactivated");
	ok(!strcmp(due(&a, w, 2, SAMPLE_START + 4), "A:L1:2 "),
	   "what comes again is activated, with the next number: %s", told);
	ok(!strcmp(due(&a, w, 2, SAMPLE_END), "D:L1:3 "), "at its end it is deactivated");
	ok(!strcmp(due(&a, w, 2, SAMPLE_END + 1), "D:L2:3 ") && !*due(&a, w, 2, SAMPLE_END + 2),
	   "each at its own");
	ok(announcements_wake(&orders, sample_at(SAMPLE_END + 1)).ns == INT64_MAX,
	   "then nothing is waited for");
	announcements_fini(&a);
	ok(!*due(&a, w, 3, SAMPLE_END + 5), "a warrant that is over is not told at all");
	announcements_fini(&a);
	sample_free(w, 3);
}

static void test_failure(void)
{
	struct warrant w[1] = {sample_warrant("police", "L1")};
	struct orders orders = {.warrants = {w, 1}};
	struct announcer announcer = {fail, NULL};
	struct announcements a = {0};

	ok(announcements_due(&a, &orders, "police", sample_at(SAMPLE_START), &announcer) ==
			   ERR_FULL &&
		   !a.warrants.n,
	   "what could not be told counts as not told");
	ok(!strcmp(due(&a, w, 1, SAMPLE_START + 1), "A:L1:0 "), "and is told later");
	announcements_fini(&a);
	sample_free(w, 1);
}

static void test_file(void)
{
	char path[] = "/tmp/weir-announce-XXXXXX";
	struct warrant w[1] = {sample_warrant("police", "L1")};
	struct announcements a = {0}, again;
	struct why why = {0};
	struct wr w2 = wr_init(1000);
	int fd = mkstemp(path);

	close(fd);
	unlink(path);
	ok(!announcements_load(&again, path, &why) && !again.warrants.n && !again.number,
	   "without a file nothing was told");
	(void)due(&a, w, 1, SAMPLE_START);
	ok(!announcements_pending(&a, &w2) && !announcements_set_pending(&a, "\x30\xff\x00", 3) &&
		   a.number == 1,
	   "what is to go out has a number");
	ok(!announcements_save(&a, path, &why) && !announcements_load(&again, path, &why),
	   "it is remembered %s", why.text);
	ok(again.number == 1 && announcements_pending(&again, &w2) && w2.len == 3 &&
		   !memcmp(w2.bytes, "\x30\xff\x00", 3),
	   "with its octets");
	ok(!*due(&again, w, 1, SAMPLE_START + 1), "and who knows it is told nothing twice");
	if (truncate(path, 20))
		ok(false, "the file is cut");
	announcements_fini(&again);
	ok(announcements_load(&again, path, &why) < 0 && strstr(why.place, path),
	   "a file that is cut is refused by name");
	unlink(path);
	wr_fini(&w2);
	announcements_fini(&a);
	announcements_fini(&again);
	sample_free(w, 1);
}

int main(void)
{
	test_life();
	test_failure();
	test_file();
	return tap_end();
}
