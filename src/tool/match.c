/* weir match: whom an address of calls would match, and by which rule. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sip/message.h"
#include "tool/capture.h"
#include "tool/tools.h"
#include "verdict/verdict.h"

enum { MAX_OUT = 1 << 26 };

static int match_message(struct verdict *v, const char *path, struct why *why)
{
	bool is_pipe = !strcmp(path, "-");
	FILE *file = is_pipe ? stdin : fopen(path, "rb");
	uint8_t *bytes = malloc(SIP_MAX_LEN + 1);
	size_t len = 0;
	int rc = 0;

	why_place(why, path);
	if (!bytes)
		rc = why_set(why, ERR_NOMEM, "no memory for a message");
	else if (!file)
		rc = why_set(why, err_of_errno(errno), "%s", strerror(errno));
	else
		len = fread(bytes, 1, SIP_MAX_LEN + 1, file);
	if (!rc && ferror(file))
		rc = why_set(why, ERR_IO, "it cannot be read");
	if (!rc)
		rc = verdict_message(v, bytes, len, why);
	if (file && !is_pipe)
		fclose(file);
	free(bytes);
	return rc;
}

static int match_all(struct verdict *v, const struct settings *set, int n, char **operands,
		     struct why *why)
{
	for (int i = 0; i < n; i++)
		verdict_word(v, operands[i]);
	return set->message ? match_message(v, set->message, why) : 0;
}

static int run(const struct settings *set, int n, char **operands)
{
	struct wr text = wr_init(MAX_OUT);
	struct verdict *v = NULL;
	struct orders orders;
	struct why why;
	int rc;

	if (!set->orders || (!n && !set->message)) {
		fprintf(stderr, "weir match: --orders FILE and an identity, or --message FILE, are "
				"needed (try: weir match --help)\n");
		return 2;
	}
	why_clear(&why);
	if (orders_load(&orders, set->orders, &why) < 0)
		return capture_fail("match", &why);
	rc = verdict_new(&v, &orders, set->json, &text, &why);
	if (!rc)
		rc = match_all(v, set, n, operands, &why);
	if (!rc && !text.ok)
		rc = why_set(&why, ERR_FULL, "more matches than can be told");
	if (!rc)
		fwrite(text.bytes, 1, text.len, stdout);
	verdict_free(&v);
	orders_fini(&orders);
	wr_fini(&text);
	if (rc)
		return capture_fail("match", &why);
	return capture_close_output("match") ? 1 : 0;
}

static const enum option options[] = {OPTION_orders, OPTION_message, OPTION_json, OPTION_N};

const struct tool match_tool = {
	.name = "match",
	.doc = "whom an address of calls would match, and by which rule",
	.operands = "[IDENTITY...]",
	.min_operands = 0,
	.max_operands = -1,
	.options = options,
	.run = run,
	.details =
		"An IDENTITY is a SIP or tel URI, user@realm, a telephone number or a user's "
		"name.\n"
		"It is shown as the orders' plan of numbers understands it, with each target that\n"
		"it matches. --message shows every field of a SIP message that names somebody.\n",
};
