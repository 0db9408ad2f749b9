/* weir status: the whole system, on one screen. */
#include <stdio.h>
#include <unistd.h>

#include "ask/ask.h"
#include "board/board.h"
#include "tool/capture.h"
#include "tool/tools.h"

enum { IS_MARKED = 3, MAX_LEN = 64 << 20 };

static int run(const struct settings *set, int n, char **operands)
{
	const struct ask_place place = {set->at, set->authority, set->api_key};
	const struct board_screen screen = {set->lines, isatty(STDOUT_FILENO)};
	struct ask_answer answer = {.body = wr_init(0)};
	struct wr w = wr_init(MAX_LEN);
	struct why why;
	size_t n_marked = 0;
	int rc;

	(void)n, (void)operands;
	why_clear(&why);
	rc = ask(&place, "GET", "/api/v1/status", &answer, &why);
	if (!rc && answer.status != 200)
		rc = why_set(&why, ERR_ACCESS, "%s answers %d", set->at, answer.status);
	if (!rc)
		rc = board_print(&answer.body, &screen, &w, &n_marked, &why);
	if (!rc)
		fwrite(set->json ? answer.body.bytes : w.bytes, 1,
		       set->json ? answer.body.len : w.len, stdout);
	wr_fini(&answer.body);
	wr_fini(&w);
	if (rc)
		return (void)capture_fail("status", &why), rc == ERR_USAGE ? 2 : 1;
	return capture_close_output("status") ? 1 : n_marked ? IS_MARKED : 0;
}

static const enum option options[] = {OPTION_at,   OPTION_authority, OPTION_api_key,
				      OPTION_json, OPTION_lines,     OPTION_N};

const struct tool status_tool = {
	.name = "status",
	.doc = "how the whole system is, on one screen",
	.operands = "",
	.options = options,
	.run = run,
	.details = "Asks the provisioner. Lines that should be looked at are marked with \"!\".\n"
		   "Exit status: 0 where nothing is marked, 3 where something is, 1 without an "
		   "answer.\n",
};
