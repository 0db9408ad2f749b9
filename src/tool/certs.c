/* weir certs: certificates for a network of daemons, by a small authority of one's own. */
#include <inttypes.h>
#include <stdio.h>

#include "tls/make.h"
#include "tool/capture.h"
#include "tool/tools.h"

enum { MAX_DAYS = 36500 };

static int fail(int rc, const struct why *why)
{
	(void)capture_fail("certs", why);
	return rc == ERR_USAGE ? 2 : 1;
}

/* All names must be good before the first file is written. */
static int parse_all(int n, char **words, struct tls_order *orders, struct why *why)
{
	int rc = 0;

	for (int i = 0; !rc && i < n; i++)
		rc = tls_order_parse(words[i], &orders[i], why);
	return rc;
}

static int make_all(const struct settings *set, const char *dir, const struct tls_order *orders,
		    int n, struct why *why)
{
	int days = (int)set->days;
	bool was_made;
	int rc = tls_make_authority(dir, days, &was_made, why);

	if (!rc && was_made && !set->quiet)
		printf("%s/authority.pem  give it to every daemon as its authority\n"
		       "%s/authority.key  keep it where no daemon runs\n",
		       dir, dir);
	for (int i = 0; !rc && i < n; i++) {
		const char *role = tls_role_text(orders[i].identity.role);
		const char *name = orders[i].identity.name;

		rc = tls_make(dir, &orders[i], days, why);
		if (!rc && !set->quiet)
			printf("%s/%s-%s.pem, .key\n", dir, role, name);
	}
	return rc;
}

static int run(const struct settings *set, int n, char **operands)
{
	enum { MAX_ORDERS = 256 };
	struct tls_order orders[MAX_ORDERS];
	struct why why;
	int rc;

	why_clear(&why);
	if (n - 1 > MAX_ORDERS)
		return fail(ERR_USAGE, (why_set(&why, 0, "at most %d at once", MAX_ORDERS), &why));
	if (set->days < 1 || set->days > MAX_DAYS)
		return fail(ERR_USAGE,
			    (why_set(&why, 0, "--days must be 1 to %d", MAX_DAYS), &why));
	rc = parse_all(n - 1, operands + 1, orders, &why);
	if (!rc)
		rc = make_all(set, operands[0], orders, n - 1, &why);
	if (rc)
		return fail(rc, &why);
	return capture_close_output("certs");
}

static const enum option options[] = {OPTION_days, OPTION_quiet, OPTION_N};

const struct tool certs_tool = {
	.name = "certs",
	.doc = "certificates for the daemons, by an authority of your own",
	.operands = "DIR ROLE:NAME[@ADDRESS,...]...",
	.min_operands = 2,
	.max_operands = -1,
	.options = options,
	.run = run,
	.details =
		"Writes DIR/ROLE-NAME.pem and DIR/ROLE-NAME.key, and once the authority that "
		"signs\n"
		"them. No file is overwritten. ROLE is provisioner, collector, mediator, agency "
		"or\n"
		"operator; an ADDRESS is an IP address or host name by which REST clients reach\n"
		"it (a provisioner has localhost besides).\n\n"
		"  weir certs certs provisioner:p1 collector:c1 mediator:m1 agency:a1\n",
};
