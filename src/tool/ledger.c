/* weir ledger: what became of a warrant's records, and statements of it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ask/ask.h"
#include "conf/file.h"
#include "ledger/check.h"
#include "ledger/statement.h"
#include "tool/capture.h"
#include "tool/tools.h"

enum { PATH_LEN = 512, NOT_CLOSED = 3 };

static int fail(int rc, const struct why *why)
{
	(void)capture_fail("ledger", why);
	return rc == ERR_USAGE ? 2 : 1;
}

/* ---- in words ---- */

static void print_when(const char *before, struct nanos t)
{
	char text[NANOS_TEXT_LEN];

	nanos_print(t, 0, text);
	printf("%s%s", before, t.ns ? text : "-");
}

static void print_head(const struct ledger_page *page)
{
	printf("%s", page->warrant);
	if (page->start.ns) {
		print_when(", in force from ", page->start);
		print_when(" to ", page->end);
	}
	print_when("\nas of ", page->at);
	for (size_t k = 0; k < page->reporters.n; k++) {
		printf("%s%s %s", k ? ", " : ": ", page->reporters.items[k].role,
		       page->reporters.items[k].name);
		print_when(" (", page->reporters.items[k].at);
		printf(")");
	}
	printf("\n");
}

static void print_rows(const struct ledger_page *page)
{
	static const struct {
		const char *head;
		enum ledger_column column;
	} columns[] = {{"matched", LEDGER_MATCHED},   {"encoded", LEDGER_ENCODED},
		       {"spooled", LEDGER_SPOOLED},   {"handed", LEDGER_HANDED},
		       {"received", LEDGER_RECEIVED}, {"kept", LEDGER_KEPT},
		       {"sent", LEDGER_SENT},         {"again", LEDGER_SENT_AGAIN},
		       {"acked", LEDGER_ACKNOWLEDGED}};
	const size_t n = sizeof columns / sizeof *columns;

	printf("\n%-28s", "");
	for (size_t c = 0; c < n; c++)
		printf(" %9s", columns[c].head);
	printf("  numbers\n");
	for (size_t k = 0; k < page->rows.n; k++) {
		struct ledger_row row;
		char name[64];

		ledger_entry_row(&page->rows.items[k], &row);
		ledger_row_name(&row, name, sizeof name);
		printf("%-28s", name);
		for (size_t c = 0; c < n; c++)
			printf(" %9" PRIu64, row.counts[columns[c].column]);
		if (row.next && row.key.span == LEDGER_SPAN_SESSION)
			printf("  %" PRIu32 " to %" PRIu32, (uint32_t)row.first_seq,
			       (uint32_t)row.last_seq);
		printf("%s\n", row.is_closed ? ", over" : "");
	}
}

static int print_remark(void *arg, const char *text)
{
	(void)arg;
	printf("  %s\n", text);
	return 0;
}

/* The verdict is worked out here, not believed. */
static int show(const struct ledger_page *page)
{
	struct ledger_verdict verdict;
	char text[LEDGER_REMARK_LEN];
	int rc;

	print_head(page);
	print_rows(page);
	printf("\n");
	rc = ledger_check(page, &verdict, print_remark, NULL);
	ledger_verdict_print(&verdict, text, sizeof text);
	printf("%s: %s\n", page->warrant, rc ? err_text(rc) : text);
	return rc ? 1 : verdict.closes ? 0 : NOT_CLOSED;
}

static int show_json(struct ledger_page *page)
{
	static const struct conf_sight all;
	struct wr w = wr_init(CONF_MAX_LEN);
	struct json j = json_of(&w);
	int rc = ledger_judge_anew(page);

	if (!rc)
		rc = conf_print_json(&ledger_page_record, page, &all, &j);
	json_line(&j);
	if (!rc && w.ok)
		fwrite(w.bytes, 1, w.len, stdout);
	wr_fini(&w);
	return rc ? 1 : page->closes ? 0 : NOT_CLOSED;
}

/* ---- from the provisioner ---- */

static int ask_for(const struct settings *set, const char *key, bool is_statement,
		   struct ask_answer *answer, struct why *why)
{
	const struct ask_place place = {set->at, set->authority, set->api_key};
	char path[PATH_LEN];
	int rc;

	answer->body = wr_init(0);
	if (!strchr(key, '/') || strpbrk(key, " \t\r\n?#%"))
		return why_set(why, ERR_USAGE, "\"%.80s\" is not AGENCY/LIID", key);
	if (snprintf(path, sizeof path, "/api/v1/warrants/%s/ledger%s", key,
		     is_statement ? "/statement" : "") >= PATH_LEN)
		return why_set(why, ERR_USAGE, "the warrant's key is too long");
	rc = ask(&place, is_statement ? "POST" : "GET", path, answer, why);
	if (rc)
		return rc;
	if (answer->status == 200 || answer->status == 201)
		return 0;
	why_place(why, set->at);
	return why_set(why, ERR_ACCESS, "it answers %d: %.*s", answer->status,
		       (int)(answer->body.len < 160 ? answer->body.len : 160),
		       (const char *)answer->body.bytes);
}

static int run_show(const struct settings *set, const char *key)
{
	struct ask_answer answer;
	struct ledger_page page;
	struct why why;
	int rc;

	why_clear(&why);
	rc = ask_for(set, key, false, &answer, &why);
	if (!rc)
		rc = conf_parse_json(&ledger_page_record, (const char *)answer.body.bytes,
				     answer.body.len, &page, &why);
	wr_fini(&answer.body);
	if (rc)
		return fail(rc, &why);
	rc = set->json ? show_json(&page) : show(&page);
	conf_fini(&ledger_page_record, &page);
	return rc;
}

static int run_statement(const struct settings *set, const char *key)
{
	struct ask_answer answer;
	struct why why;
	int rc;

	why_clear(&why);
	rc = ask_for(set, key, true, &answer, &why);
	if (!rc)
		fwrite(answer.body.bytes, 1, answer.body.len, stdout);
	wr_fini(&answer.body);
	return rc ? fail(rc, &why) : 0;
}

/* ---- a statement ---- */

static int read_statement(const struct settings *set, const char *path, struct ledger_page *page,
			  struct why *why)
{
	struct ledger_signer *signer = NULL;
	struct wr w = wr_init(CONF_MAX_LEN);
	int rc;

	if (!set->key)
		return why_set(why, ERR_USAGE, "--key names the operator's public key (PEM)");
	rc = ledger_signer_load(&signer, set->key, true, why);
	if (!rc)
		rc = conf_file_read(path, &w, why);
	if (!rc)
		rc = ledger_statement_read((const char *)w.bytes, w.len, signer, page, why);
	if (rc)
		why_place(why, path);
	wr_fini(&w);
	ledger_signer_free(&signer);
	return rc;
}

static int run_verify(const struct settings *set, const char *path)
{
	struct ledger_page page;
	struct why why;
	int rc;

	why_clear(&why);
	rc = read_statement(set, path, &page, &why);
	if (rc)
		return fail(rc, &why);
	if (!set->json)
		printf("the signature is good%s%s\n", page.asked_by ? "; asked for by " : "",
		       page.asked_by ? page.asked_by : "");
	rc = set->json ? show_json(&page) : show(&page);
	conf_fini(&ledger_page_record, &page);
	return rc;
}

static int run(const struct settings *set, int n, char **operands)
{
	struct why why;
	int rc;

	why_clear(&why);
	if (n == 1)
		rc = run_show(set, operands[0]);
	else if (!strcmp(operands[0], "statement"))
		rc = run_statement(set, operands[1]);
	else if (!strcmp(operands[0], "verify"))
		rc = run_verify(set, operands[1]);
	else
		return fail(ERR_USAGE, (why_set(&why, 0,
						"\"%.40s\" is neither statement nor "
						"verify",
						operands[0]),
					&why));
	return rc ? rc : capture_close_output("ledger");
}

static const enum option options[] = {OPTION_at,  OPTION_authority, OPTION_api_key,
				      OPTION_key, OPTION_json,      OPTION_N};

const struct tool ledger_tool = {
	.name = "ledger",
	.doc = "what became of a warrant's records, and signed statements of it",
	.operands = "AGENCY/LIID | statement AGENCY/LIID | verify FILE",
	.min_operands = 1,
	.max_operands = 2,
	.options = options,
	.run = run,
	.details =
		"Asks the provisioner. A statement goes to standard output; verify needs no\n"
		"provisioner, only the statement and the operator's public key (--key). Exit "
		"status:\n"
		"0 where the sums close, 3 where they do not, 1 where there is no answer or the\n"
		"signature is wrong.\n\n"
		"  weir ledger police/L1 --authority certs/authority.pem --api-key first-key\n"
		"  weir ledger verify statement.json --key operator.pem\n",
};
