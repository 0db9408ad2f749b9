#include "board/board.h"

#include <stdio.h>
#include <string.h>

#include "base/tap.h"

static char page[1 << 16];
static size_t n_marked;

/* Lines of the board of this status; 0 where it is refused. */
static size_t shown(const char *status, size_t n_lines, bool has_colour)
{
	const struct board_screen screen = {n_lines, has_colour};
	struct wr in = wr_init(1 << 20);
	struct wr w = wr_of(page, sizeof page - 1);
	struct why why;
	size_t n = 0;

	why_clear(&why);
	wr_text(&in, "%s", status);
	if (board_print(&in, &screen, &w, &n_marked, &why))
		w.len = 0;
	wr_fini(&in);
	page[w.len] = 0;
	for (const char *at = page; *at; at++)
		n += *at == '\n';
	return n;
}

static size_t widest(void)
{
	size_t most = 0, n = 0;

	for (const char *at = page; *at; at++) {
		n = *at == '\n' ? 0 : n + (((unsigned char)*at & 0xc0) != 0x80);
		most = n > most ? n : most;
	}
	return most;
}

#define HEAD "{\"name\":\"p1\",\"time\":\"2026-11-22T10:00:00Z\",\"daemons\":["
#define COLLECTOR(connected, status)                                                               \
	"{\"role\":\"collector\",\"name\":\"c1\",\"connected\":" connected                         \
	",\"agreed\":true,\"software\":\"weir-collector 1.2\",\"since\":\"2026-11-22T09:00:00Z\"," \
	"\"status_at\":\"2026-11-22T09:59:55Z\",\"status\":{" status "}}"
#define INPUT(uri, dropped)                                                                        \
	"\"inputs\":[{\"uri\":\"" uri "\",\"state\":\"running\",\"received\":123456789,"           \
	"\"dropped\":" dropped "}]"
#define WARRANTS(list) "\"intercept\":{\"warrants\":[" list "]}"
#define WARRANT(more)                                                                              \
	"{\"key\":\"police/L1\",\"active\":true,\"live\":1,\"cc\":7,"                              \
	"\"last_cc\":\"2026-11-22T09:48:00Z\"," more "}"

static void test_well(void)
{
	ok(shown(HEAD COLLECTOR("true", INPUT("int:eth0",
					      "0") "," WARRANTS(WARRANT("\"silent\":false"))) "]}",
		 24, true) == 8 &&
		   !n_marked && strstr(page, "all is well") && !strstr(page, "\x1b"),
	   "a system that is well: nothing is marked");
	ok(strstr(page, "  collector c1          1.2        60m    agreed    5s ago\n") &&
		   strstr(page, " 123M "),
	   "versions, spans and counts:\n%s", page);
}

static void test_marks(void)
{
	shown(HEAD COLLECTOR("false", "") "]}", 24, false);
	ok(n_marked == 1 && strstr(page, "! collector c1") && strstr(page, "NOT CONNECTED"),
	   "a daemon that is away is marked");
	shown(HEAD COLLECTOR("true", "\"ledger\":{\"killed\":4,\"early\":9,\"damaged\":3}") "]}",
	      24, false);
	ok(n_marked == 0 && strstr(page, "5s ago, LOST 7 so far\n"),
	   "what its ledger says is lost is told of a daemon, and is no news:\n%s", page);
	shown(HEAD COLLECTOR("true", INPUT("int:eth0", "3")) "]}", 24, true);
	ok(n_marked == 1 && strstr(page, "\x1b[31m! c1 int:eth0"), "drops are, and red");
	shown(HEAD COLLECTOR("true", "\"alarms\":{\"now\":[{\"alarm\":\"ring_drops\",\"about\":"
				     "\"input int:x\",\"since\":\"2026-11-22T09:59:30Z\","
				     "\"text\":\"packets are lost\"}]}") "]}",
	      24, false);
	ok(n_marked == 1 &&
		   strstr(page, "! c1 ring_drops         30s    input int:x: packets are lost\n"),
	   "an alarm is, with what it says:\n%s", page);
	shown(HEAD COLLECTOR("true", INPUT("int:eth0", "0,\"card_lost\":5")) "]}", 24, false);
	ok(n_marked == 1 && strstr(page, " 5      0      0\n"), "so is what the card lost:\n%s",
	   page);
	shown(HEAD COLLECTOR("true", WARRANTS(WARRANT("\"silent\":true"))) "]}", 24, false);
	ok(n_marked == 1 && strstr(page, "session active, no CC for 12m\n"), "and silence");
	shown(HEAD COLLECTOR("true",
			     WARRANTS(WARRANT("\"iri_lost\":2,\"full\":3,\"late\":9"))) "]}",
	      24, false);
	ok(n_marked == 1 && strstr(page, "      5 12m ago"),
	   "and what was lost, but not what "
	   "was refused:\n%s",
	   page);
}

#define HELD "{\"name\":\"p1\",\"time\":\"2026-11-22T10:00:00Z\",\"held\":{\"warrants\":3},"

static void test_nobody(void)
{
	shown(HELD "\"daemons\":[]}", 24, false);
	ok(n_marked == 2 && strstr(page, "! collector none: no warrant is executed\n") &&
		   strstr(page, "! mediator none: nothing is delivered\n"),
	   "warrants that nobody executes are marked:\n%s", page);
	shown(HELD "\"daemons\":[{\"role\":\"mediator\",\"name\":\"m1\",\"connected\":true,"
		   "\"agreed\":true}]}",
	      24, false);
	ok(n_marked == 1 && !strstr(page, "nothing is delivered"), "and those alone:\n%s", page);
	shown("{\"daemons\":[],\"held\":{\"warrants\":0}}", 24, false);
	ok(n_marked == 0, "without a warrant nobody is missed");
	shown(HEAD COLLECTOR("true",
			     INPUT("int:eth0", "0,\"gap\":{\"from\":\"2026-11-22T09:00:00Z\","
					       "\"until\":\"2026-11-22T09:00:00.464Z\"}")) "]}",
	      24, false);
	ok(n_marked == 1 && strstr(page, " gap 0.5s\n"), "a gap of less than a second is one:\n%s",
	   page);
}

static void test_screen(void)
{
	char status[1 << 15];
	int n = snprintf(status, sizeof status, "%s", HEAD);
	size_t n_lines;

	for (int i = 0; i < 50; i++)
		n += snprintf(status + n, sizeof status - (size_t)n, "%s%s", i ? "," : "",
			      i == 40 ? COLLECTOR("false", INPUT("int:eth0", "0"))
				      : COLLECTOR("true", INPUT("int:eth0", "0")));
	snprintf(status + n, sizeof status - (size_t)n, "]}");
	n_lines = shown(status, 24, false);
	ok(n_lines == 24 && strstr(page, "more, 0 of them marked"),
	   "a hundred lines find room on a screen of 24: %zu", n_lines);
	ok(n_marked == 2 && strstr(page, "NOT CONNECTED") &&
		   strstr(page, "NOT CONNECTED") < strstr(page, "agreed"),
	   "and the one in trouble is there, first");
	ok(shown(status, 1, false) == 6, "a screen too small for all kinds has a line of each");
	ok(shown(status, 0, false) == 104, "without a limit all are shown");
}

static void test_strange(void)
{
	ok(shown("[]", 24, false) == 0 && shown("{", 24, false) == 0 && shown("{}", 24, false) == 0,
	   "what is no status is refused");
	ok(shown("{\"daemons\":[{\"status\":[]},{\"inputs\":3}],\"held\":[]}", 24, false) == 5,
	   "members that are something else are as if they were not there");
	shown(HEAD COLLECTOR("true", INPUT("a\\u001b[2J\\u009bz\\u007f\\n", "0")) "]}", 24, false);
	ok(!strchr(page, 27) && !strstr(page, "\xc2\x9b") && !strchr(page, 127) &&
		   strstr(page, "c1 a?[2J?z??"),
	   "what a terminal would obey is not passed on:\n%s", page);
	shown(HEAD COLLECTOR("true",
			     INPUT("pcap:/äöü/äöü/äöü/äöü/äöü/äöü/äöü/äöü/äöü/äöü/äöü/äöü/end.pcap",
				   "0")) "]}",
	      24, false);
	ok(widest() <= BOARD_COLUMNS && strstr(page, "c1 …/äöü/äöü/") && strstr(page, "/end.pcap "),
	   "of a long name the end is shown, and no line is wider than a screen:\n%s", page);
}

int main(void)
{
	test_well();
	test_marks();
	test_nobody();
	test_screen();
	test_strange();
	return tap_end();
}
