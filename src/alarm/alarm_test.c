#include "alarm/alarm.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tap.h"

enum { MAX_SAID = 2048, BEGIN_S = 1800000000 };

/* What agencies were told, and what they said to it. */
static struct said {
	uint64_t number;
	char agency[64], liid[32], text[ALARM_TEXT_LEN];
} said[MAX_SAID];
static size_t n_said;
static enum alarm_outcome outcome = ALARM_TOLD;

static enum alarm_outcome hear(void *owner, const struct alarm_message *message)
{
	struct said *s = &said[n_said];

	(void)owner;
	if (outcome == ALARM_LATER || n_said == MAX_SAID)
		return outcome;
	s->number = message->number;
	snprintf(s->agency, sizeof s->agency, "%s", message->agency);
	snprintf(s->liid, sizeof s->liid, "%s", message->liid ? message->liid : "-");
	snprintf(s->text, sizeof s->text, "%s", message->text);
	n_said++;
	return outcome;
}

static struct nanos at(int64_t s)
{
	return nanos_from_s(BEGIN_S + s);
}

static struct alarms *fresh(void)
{
	struct alarms *as;

	n_said = 0;
	outcome = ALARM_TOLD;
	if (alarms_new(&as, hear, NULL))
		exit(2);
	return as;
}

static void raise_at(struct alarms *as, enum alarm_kind kind, uint64_t n, int64_t s)
{
	const struct alarm_fact fact = {.kind = kind, .about = "input int:x", .n = n};

	alarm_tell(alarms_raise(as, &fact, at(s)), "police");
}

static bool says(size_t i, const char *text)
{
	return i < n_said && strstr(said[i].text, text);
}

static void one_life(void)
{
	struct alarms *as = fresh();

	raise_at(as, ALARM_RING_DROPS, 5, 0);
	alarms_look(as, at(0));
	ok(n_said == 1 && says(0, "input int:x: packets are lost, for the kernel's ring is full, "
				  "since 2027-01-15T08:00:00"),
	   "what begins is told: %s", said[0].text);
	ok(!strcmp(said[0].agency, "police") && !strcmp(said[0].liid, "-"),
	   "to whom it concerns, without an LIID");
	raise_at(as, ALARM_RING_DROPS, 7, 4);
	alarms_look(as, at(4));
	alarms_look(as, at(13));
	ok(n_said == 1, "what goes on is not told again");
	alarms_look(as, at(14));
	ok(n_said == 2 && says(1, "no more packets are lost: 12 packets from "
				  "2027-01-15T08:00:00.000Z to 2027-01-15T08:00:04.000Z"),
	   "its end is, when nothing more came for its time, and how many they were: %s",
	   said[1].text);
	alarms_look(as, at(100));
	ok(n_said == 2, "once");
	raise_at(as, ALARM_RING_DROPS, 1, 200);
	alarms_look(as, at(200));
	ok(n_said == 3 && says(2, "since 2027-01-15T08:03:20"), "the next one is another");
	alarms_end(as, ALARM_RING_DROPS, "input int:x", at(201));
	alarms_look(as, at(201));
	ok(n_said == 4 && says(3, ": 1 packets"), "an end that is seen needs no waiting");
	alarms_end(as, ALARM_RING_DROPS, "input int:x", at(202));
	ok(n_said == 4, "what has ended does not end again");
	alarms_free(&as);
	ok(!as, "and all is given back");
}

static void moments(void)
{
	struct alarms *as = fresh();
	struct alarm_fact fact = {
		.kind = ALARM_UNCAPTURED, .about = "input int:y", .from = at(10), .until = at(12)};

	alarm_tell(alarms_raise(as, &fact, at(13)), "police");
	alarms_look(as, at(13));
	ok(n_said == 1 && says(0, "input int:y: nothing was captured from "
				  "2027-01-15T08:00:10.000Z to 2027-01-15T08:00:12"),
	   "a moment is told once, with its times: %s", said[0].text);
	fact = (struct alarm_fact){.kind = ALARM_STREAM_GAP, .about = "hi2", .n = 77};
	alarm_tell(alarms_raise(as, &fact, at(20)), "police");
	alarm_tell(alarms_raise(as, &fact, at(20)), "police");
	alarms_look(as, at(20));
	ok(n_said == 3 && says(1, "lost: 77 octets at 2027-01-15T08:00:20"), "two moments are two");
	alarms_free(&as);
}

static void nobody_is_there(void)
{
	struct alarms *as = fresh();

	outcome = ALARM_LATER;
	raise_at(as, ALARM_OUTBOX_FULL, 3, 0);
	for (int s = 0; s < 60; s++)
		alarms_look(as, at(s));
	ok(!n_said, "a link that is down hears nothing");
	outcome = ALARM_TOLD;
	alarms_look(as, at(60));
	ok(n_said == 1 && says(0, "room in the outbox again: 3 records at 2027-01-15T08:00:00"),
	   "when it is up again it hears what was, and when: %s", said[0].text);
	alarms_free(&as);

	as = fresh();
	outcome = ALARM_SENT;
	raise_at(as, ALARM_OUTBOX_FULL, 3, 0);
	alarms_look(as, at(0));
	alarms_look(as, at(1));
	ok(n_said == 1, "what was sent waits for its answer");
	alarms_forget_sent(as);
	alarms_look(as, at(2));
	ok(n_said == 2 && said[1].number == said[0].number,
	   "with its link it is lost, and sent again");
	alarms_answered(as, said[0].number, "police", ALARM_LATER);
	alarms_look(as, at(11));
	ok(n_said == 2, "who answers that there is no room is left alone for ten seconds");
	alarms_look(as, at(12));
	ok(n_said == 3 && says(2, "there is room in the outbox again"), "and hears then how it is");
	alarms_answered(as, said[0].number, "other", ALARM_TOLD);
	alarms_answered(as, said[0].number + 1, "police", ALARM_TOLD);
	alarms_answered(as, said[0].number, "police", ALARM_TOLD);
	alarms_look(as, at(80));
	ok(n_said == 3, "who has heard it does not");
	raise_at(as, ALARM_OUTBOX_FULL, 3, 100);
	alarms_look(as, at(100));
	alarms_look(as, at(159));
	ok(n_said == 4, "who says nothing is left alone for a minute");
	alarms_look(as, at(160));
	ok(n_said == 5, "and hears it again");
	alarms_answered(as, said[4].number, "police", ALARM_REFUSED);
	alarms_look(as, at(300));
	ok(n_said == 5, "who does not want it is not asked again");
	alarms_free(&as);
}

static void bounds(void)
{
	struct alarms *as = fresh();
	char about[100];
	size_t n_kept = 0;
	struct alarm_fact fact = {.kind = ALARM_SILENT, .about = about, .liid = "L1"};

	for (int i = 0; i < ALARM_MAX + 5; i++) {
		struct alarm *a;

		snprintf(about, sizeof about, "%d \xc3\xa4\x1b %080d", i, i);
		a = alarms_raise(as, &fact, at(0));
		n_kept += a != NULL;
		alarm_tell(a, "police");
	}
	ok(n_kept == ALARM_MAX, "there is a bound to how many are kept");
	alarms_look(as, at(0));
	ok(n_said == ALARM_BURST, "of many at once sixteen are told");
	ok(!strcmp(said[0].liid, "L1") && says(0, "0 ??? 000"),
	   "the oldest first, and no octet that is no printable ASCII: %s", said[0].text);
	ok(strlen(said[0].text) < ALARM_TEXT_LEN, "no sentence is too long");
	alarms_look(as, at(10));
	ok(n_said == ALARM_BURST + 10, "and then one a second");
	alarms_look(as, at(-5000));
	ok(n_said <= 2 * ALARM_BURST + 10, "a clock that is set back opens no gates");
	alarms_free(&as);
}

static void status(void)
{
	struct alarms *as = fresh();
	char text[8192];
	struct wr w = wr_of(text, sizeof text - 1);
	struct json j = json_of(&w);

	raise_at(as, ALARM_CARD_DROPS, 2, 0);
	json_open(&j, '{');
	alarms_print(as, false, &j);
	json_close(&j, '}');
	text[w.ok ? w.len : 0] = '\0';
	ok(strstr(text, "\"now\":[{\"alarm\":\"card_drops\",\"about\":\"input int:x\"") &&
		   strstr(text, "\"active\":{\"outbox_full\":0,") &&
		   strstr(text, "\"card_drops\":1") && !strstr(text, "clock_back"),
	   "the status has those that are, and how many of each of its kinds: %s", text);
	alarms_look(as, at(60));
	w = wr_of(text, sizeof text - 1);
	j = json_of(&w);
	json_open(&j, '{');
	alarms_print(as, false, &j);
	text[w.ok ? w.len : 0] = '\0';
	ok(strstr(text, "\"now\":[]") && strstr(text, "\"raised\":{") &&
		   strstr(strstr(text, "\"raised\":{"), "\"card_drops\":1"),
	   "and counts them when they are over");
	alarms_free(&as);
}

static char path[] = "/tmp/weir-alarms-XXXXXX";

/* As after a kill: the one before is not asked to do anything more. */
static struct alarms *next_process(struct alarms *before, int64_t s)
{
	struct alarms *as = fresh();
	struct why why;

	why_clear(&why);
	ok(!alarms_load(as, path, at(s), &why), "the next process reads it: %s", why.text);
	alarms_free(&before);
	return as;
}

static void hear_of(void *owner, const char *about, struct nanos from)
{
	snprintf(owner, ALARM_ABOUT_LEN + 32, "%s %lld", about,
		 (long long)(from.ns / NANOS_PER_S - BEGIN_S));
}

static void outlives_a_kill(void)
{
	const struct alarm_fact lost = {
		.kind = ALARM_RECORDS_DAMAGED, .about = "warrant police/L1", .liid = "L1", .n = 9};
	struct alarms *as = fresh();
	char seen[ALARM_ABOUT_LEN + 32] = "";
	struct why why;

	why_clear(&why);
	ok(!alarms_load(as, path, at(0), &why), "no file is no alarms");
	outcome = ALARM_LATER;
	alarm_tell(alarms_raise(as, &lost, at(0)), "police");
	alarm_tell(alarms_raise(as, &lost, at(1)), "customs");
	raise_at(as, ALARM_RING_DROPS, 5, 1);
	alarms_look(as, at(1));
	raise_at(as, ALARM_RING_DROPS, 6, 2);
	alarms_look(as, at(2));
	raise_at(as, ALARM_RING_DROPS, 7, 7);
	alarms_look(as, at(7));
	as = next_process(as, 20);
	alarms_each(as, ALARM_RING_DROPS, hear_of, seen);
	ok(!strcmp(seen, "input int:x 1"), "what was so is still so: %s", seen);
	alarms_look(as, at(20));
	ok(n_said == 3 && says(0, "warrant police/L1: records are lost") &&
		   !strcmp(said[0].agency, "police") && !strcmp(said[0].liid, "L1") &&
		   !strcmp(said[1].agency, "customs") && says(2, "ring is full, since"),
	   "what nobody was told is told, to whom it concerns");
	as = next_process(as, 21);
	alarms_look(as, at(21));
	ok(!n_said, "once");
	raise_at(as, ALARM_RING_DROPS, 1, 22);
	alarms_look(as, at(22));
	ok(!n_said, "what goes on goes on");
	as = next_process(as, 30);
	alarms_look(as, at(39));
	ok(!n_said, "what is not said again has its time to be");
	alarms_look(as, at(40));
	ok(n_said == 1 && says(0, "no more packets are lost: 18 packets from "
				  "2027-01-15T08:00:01.000Z to 2027-01-15T08:00:07"),
	   "and is over then, with all but what was counted in the last seconds: %s", said[0].text);
	raise_at(as, ALARM_RING_DROPS, 1, 50);
	alarms_look(as, at(50));
	ok(n_said == 2 && said[1].number > said[0].number, "numbers go on");
	alarms_free(&as);
}

static void file_is_damaged(void)
{
	struct alarms *as = fresh();
	FILE *file = fopen(path, "w");
	struct why why;

	why_clear(&why);
	ok(file && fputs("{\"number\":1,\"alarms\":[{\"number\":1}]}", file) >= 0 &&
		   !fclose(file) && alarms_load(as, path, at(0), &why) < 0 && *why.text &&
		   !strcmp(why.place, path),
	   "a file that is none is refused with the reason: %s", why.text);
	outcome = ALARM_LATER;
	raise_at(as, ALARM_SILENT, 1, 0);
	alarms_look(as, at(0));
	as = next_process(as, 1);
	alarms_look(as, at(1));
	ok(n_said == 1, "and the next one takes its place");
	alarms_free(&as);
	unlink(path);
	ok(mkdir(path, 0700) == 0, "where the file cannot be written");
	as = fresh();
	(void)!alarms_load(as, path, at(0), &why);
	raise_at(as, ALARM_SILENT, 1, 0);
	alarms_look(as, at(0));
	ok(n_said == 1, "what is wrong is told all the same");
	alarms_free(&as);
	rmdir(path);
}

/* The longest sentences that a kind can have are whole. */
static bool fits(enum alarm_kind kind)
{
	struct alarms *as = fresh();
	char about[100];
	struct alarm_fact fact = {.kind = kind, .about = about, .n = UINT64_C(999999999999)};

	memset(about, 'x', sizeof about - 1);
	about[sizeof about - 1] = '\0';
	fact.from = at(-3);
	fact.until = at(-1);
	alarm_tell(alarms_raise(as, &fact, at(0)), "police");
	alarms_look(as, at(0));
	alarms_look(as, at(60));
	alarms_free(&as);
	for (size_t i = 0; i < n_said; i++) {
		if (said[i].text[strlen(said[i].text) - 1] != 'Z')
			return false;
	}
	return n_said == (alarm_kinds[kind].over_s ? 2 : 1);
}

static void table(void)
{
	for (int k = 0; k < ALARM_N_KINDS; k++) {
		const struct alarm_facts *f = &alarm_kinds[k];

		ok(*f->key && *f->begins && *f->doc && (*f->ends != '\0') == (f->over_s > 0) &&
			   fits((enum alarm_kind)k),
		   "%s has its words, which fit into a sentence", f->key);
	}
}

int main(void)
{
	log_open("test", LOG_LEVEL_ERROR);
	one_life();
	moments();
	nobody_is_there();
	bounds();
	status();
	table();
	ok(mkstemp(path) >= 0 && !unlink(path), "a place for a file");
	outlives_a_kill();
	file_is_damaged();
	return tap_end();
}
