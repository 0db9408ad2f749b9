/* weir calls: the calls of captures, as SIP tells of them, and the RTP that came. One worker, since
 * what a packet is depends on those before it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "callbook/callbook.h"
#include "tool/capture.h"
#include "tool/filters.h"
#include "tool/tools.h"

struct listing {
	struct filters filters;
	struct callbook *book;
};

static int batch(struct worker *w, struct weir_frame *frames, int n)
{
	const struct listing *l = engine_arg(w);
	int rc = 0;

	for (int i = 0; i < n && rc == 0; i++) {
		if (filters_match(&l->filters, &frames[i]))
			rc = callbook_take(l->book, &frames[i]);
	}
	return rc;
}

static int show(void *arg, const void *bytes, size_t len)
{
	(void)arg;
	return fwrite(bytes, 1, len, stdout) == len ? 0 : ERR_IO;
}

static bool read_ports(const struct settings *set, struct callbook_options *o)
{
	for (; o->n_ports < set->sip_port.n; o->n_ports++) {
		char *rest;
		unsigned long port = strtoul(set->sip_port.at[o->n_ports], &rest, 10);

		if (*rest || !port || port > UINT16_MAX)
			return false;
		o->ports[o->n_ports] = (uint16_t)port;
	}
	return true;
}

static bool read_joins(const struct settings *set, uint32_t *joins)
{
	*joins = set->join.n ? 0 : CALL_JOINS_USUAL;
	for (int i = 0; i < set->join.n; i++) {
		int rule = CALL_JOIN_FIRST + 1;

		while (rule < CALL_N_JOINS && strcmp(set->join.at[i], call_join_key(rule)) != 0)
			rule++;
		if (rule < CALL_N_JOINS)
			*joins |= (uint32_t)1 << rule;
		else if (strcmp(set->join.at[i], "none") != 0)
			return false;
	}
	return true;
}

static int init(struct listing *l, const struct settings *set, struct why *why)
{
	struct callbook_options options = {.is_json = set->json, .show = show};
	int rc;

	if (!read_ports(set, &options))
		return why_set(why, ERR_USAGE, "--sip-port: a port is 1 to 65535");
	if (!read_joins(set, &options.joins))
		return why_set(why, ERR_USAGE, "--join: no such rule");
	rc = filters_init(&l->filters, set, why);
	if (rc == 0)
		rc = callbook_new(&l->book, &options);
	return rc < 0 ? why_set(why, rc, "%s", err_text(rc)) : 0;
}

static int run(const struct settings *set, int n, char **operands)
{
	static const struct engine_callbacks callbacks = {.batch = batch};
	struct listing l = {0};
	struct capture capture = {.set = set,
				  .callbacks = &callbacks,
				  .arg = &l,
				  .n_workers = 1,
				  .is_filtered = true};
	struct why why;
	int status, rc;

	why_clear(&why);
	rc = init(&l, set, &why);
	if (rc < 0) {
		status = capture_fail("calls", &why);
		filters_fini(&l.filters);
		return rc == ERR_USAGE ? 2 : status;
	}
	status = capture_run_all(&capture, "calls", n, operands, NULL);
	if (callbook_end(l.book) < 0)
		status = 1;
	if (!set->json && !set->quiet)
		fprintf(stderr, "%" PRIu64 " calls, %" PRIu64 " messages\n",
			callbook_n_calls(l.book), callbook_n_messages(l.book));
	callbook_free(&l.book);
	filters_fini(&l.filters);
	return capture_close_output("calls") ? 1 : status;
}

static const enum option options[] = {
	OPTION_filter,     OPTION_sip_port, OPTION_join,   OPTION_json,          OPTION_quiet,
	OPTION_no_promisc, OPTION_snap,     OPTION_blocks, OPTION_hardware_time, OPTION_N,
};

const struct tool calls_tool = {
	.name = "calls",
	.doc = "calls in captures: parties, legs, media",
	.operands = "CAPTURE...",
	.min_operands = 1,
	.max_operands = -1,
	.options = options,
	.run = run,
	.details =
		"A capture is a file (pcap, pcapng, ERF and others, see weir(1)), - for standard\n"
		"input, or int:IFACE for a live interface (Ctrl-C ends it). A call is shown when "
		"it\n"
		"is over, or at the end. Rules that join legs: call-id, session-id, origin,\n"
		"any-origin, replaces, refer; usual are all but any-origin. Names are never "
		"looked\n"
		"up; what comes from the network is escaped.\n",
};
