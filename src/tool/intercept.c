/* weir intercept: executes orders on captures, and writes each agency's records. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "conf/file.h"
#include "intercept/intercept.h"
#include "ledger/reason.h"
#include "tool/capture.h"
#include "tool/tools.h"
#include "warrant/orders.h"

static const char *const deliveries[] = {
#define X(name, text, doc) [WARRANT_##name] = text,
	WARRANT_DELIVERIES(X)
#undef X
};

static void print_stream(const struct intercept *i)
{
	struct nanos first, latest;
	char from[NANOS_TEXT_LEN];
	char to[NANOS_TEXT_LEN];

	printf("%" PRIu64 " packets", intercept_n_packets(i));
	if (intercept_times(i, &first, &latest)) {
		nanos_print(first, 9, from);
		nanos_print(latest, 9, to);
		printf(", %s to %s", from, to);
	}
	printf("\n");
}

static void print_warrant(const struct warrant *w, const struct intercept_counts *c)
{
	printf("\n%s: LIID %s for %s (%s)\n", w->reference, w->liid, w->agency,
	       deliveries[w->deliver]);
	printf("  HI2  %" PRIu64 " records, %" PRIu64 " bytes\n", c->iri, c->iri_bytes);
	printf("  HI3  %" PRIu64 " records, %" PRIu64 " bytes: %" PRIu64
	       " packets from the target, "
	       "%" PRIu64 " to it, %" PRIu64 " both\n",
	       c->cc, c->cc_bytes, c->from, c->to, c->both);
	if (c->truncated)
		printf("       %" PRIu64 " of them were not captured whole\n", c->truncated);
	for (int k = 0; k < INTERCEPT_N_REFUSALS; k++) {
		if (c->refused[k])
			printf("  refused %" PRIu64 " packets %s\n", c->refused[k],
			       ledger_reasons[k].text);
	}
}

static void print_text(const struct intercept *i, const struct orders *orders)
{
	print_stream(i);
	for (size_t k = 0; k < orders->warrants.n; k++)
		print_warrant(&orders->warrants.items[k], intercept_counts(i, k));
}

static void json_count(struct json *j, const char *key, uint64_t count)
{
	json_key(j, key);
	json_u64(j, count);
}

static void json_warrant(struct json *j, const struct warrant *w, const struct intercept_counts *c)
{
	json_open(j, '{');
	json_key(j, "reference");
	json_text(j, w->reference);
	json_key(j, "agency");
	json_text(j, w->agency);
	json_key(j, "liid");
	json_text(j, w->liid);
	json_count(j, "matched", c->matched);
	json_count(j, "from", c->from);
	json_count(j, "to", c->to);
	json_count(j, "both", c->both);
	json_count(j, "cc", c->cc);
	json_count(j, "cc_bytes", c->cc_bytes);
	json_count(j, "iri", c->iri);
	json_count(j, "iri_bytes", c->iri_bytes);
	json_count(j, "truncated", c->truncated);
	json_key(j, "refused");
	json_open(j, '{');
	for (int k = 0; k < INTERCEPT_N_REFUSALS; k++)
		json_count(j, ledger_reasons[k].key, c->refused[k]);
	json_close(j, '}');
	json_close(j, '}');
}

static void print_json(struct intercept *i, const struct orders *orders)
{
	struct wr w = wr_init((size_t)1 << 30);
	struct json j = json_of(&w);
	struct nanos first, latest;

	json_open(&j, '{');
	json_count(&j, "packets", intercept_n_packets(i));
	if (intercept_times(i, &first, &latest)) {
		json_key(&j, "first");
		json_time(&j, first);
		json_key(&j, "last");
		json_time(&j, latest);
	}
	json_key(&j, "warrants");
	json_open(&j, '[');
	for (size_t k = 0; k < orders->warrants.n; k++)
		json_warrant(&j, &orders->warrants.items[k], intercept_counts(i, k));
	json_close(&j, ']');
	json_key(&j, "counts");
	json_open(&j, '{');
	intercept_report(i, &j);
	json_close(&j, '}');
	json_close(&j, '}');
	json_line(&j);
	fwrite(w.bytes, 1, w.len, stdout);
	wr_fini(&w);
}

static int print_reference(void)
{
	struct wr w = wr_init(1 << 20);

	orders_reference(&w);
	fwrite(w.bytes, 1, w.len, stdout);
	wr_fini(&w);
	return capture_close_output("intercept");
}

/* Captures are one stream, in the order given: at the first that is damaged it ends, since what
 * followed would stand behind a gap that no record tells of. */
static int run_captures(const struct settings *set, struct intercept *i, int n, char **operands)
{
	struct intercept_input input = {.intercept = i};
	struct capture capture = {.set = set, .callbacks = &intercept_callbacks, .arg = &input};
	int status = 0;

	for (int k = 0; k < n && !status && !capture_is_stopped(); k++) {
		struct why why;
		int rc;

		why_clear(&why);
		rc = capture_run(&capture, operands[k], NULL, &why);
		if (rc < 0 && rc != ERR_STOPPED)
			status = capture_fail("intercept",
					      intercept_why(i)->text[0] ? intercept_why(i) : &why);
	}
	return status;
}

/* The key, where one is given; the caller frees it. */
static int load_signer(const char *path, struct signer **out, struct why *why)
{
	struct wr w = wr_init(1 << 20);
	int rc = path ? conf_file_read(path, &w, why) : 0;

	*out = NULL;
	if (path && !rc)
		rc = signer_parse(out, (const char *)w.bytes, w.len, true, why);
	if (rc)
		why_place(why, path);
	if (w.bytes)
		explicit_bzero(w.bytes, w.len);
	wr_fini(&w);
	return rc;
}

static int run_orders(const struct settings *set, const struct orders *orders, int n,
		      char **operands)
{
	struct intercept_options options = {.dir = set->out, .is_forced = set->force};
	struct signer *signer;
	struct intercept *i;
	struct why why;
	int status;

	why_clear(&why);
	if (load_signer(set->signing_key, &signer, &why) < 0)
		return capture_fail("intercept", &why);
	options.signer = signer;
	if (intercept_new(&i, orders, &options, &why) < 0) {
		signer_free(&signer);
		return capture_fail("intercept", &why);
	}
	status = run_captures(set, i, n, operands);
	if (intercept_close(i, &why) < 0 && !intercept_why(i)->text[0])
		status = capture_fail("intercept", &why);
	if (set->json)
		print_json(i, orders);
	else
		print_text(i, orders);
	intercept_free(&i);
	signer_free(&signer);
	return capture_close_output("intercept") ? 1 : status;
}

static int run(const struct settings *set, int n, char **operands)
{
	struct orders orders;
	struct why why;
	int status;

	if (set->reference)
		return print_reference();
	if (!set->orders || !set->out || n < 1) {
		fprintf(stderr, "weir intercept: --orders FILE, --out DIR and a capture are needed "
				"(try: weir intercept --help)\n");
		return 2;
	}
	log_open("weir intercept", set->quiet ? LOG_LEVEL_WARN : LOG_LEVEL_INFO);
	why_clear(&why);
	if (orders_load(&orders, set->orders, &why) < 0)
		return capture_fail("intercept", &why);
	status = run_orders(set, &orders, n, operands);
	orders_fini(&orders);
	return status;
}

static const enum option options[] = {
	OPTION_orders,  OPTION_out,           OPTION_force, OPTION_json,       OPTION_signing_key,
	OPTION_threads, OPTION_reference,     OPTION_quiet, OPTION_no_promisc, OPTION_block_size,
	OPTION_blocks,  OPTION_hardware_time, OPTION_N,
};

const struct tool intercept_tool = {
	.name = "intercept",
	.doc = "find targets' packets and write ETSI records for agencies",
	.operands = "CAPTURE...",
	.min_operands = 0,
	.max_operands = -1,
	.options = options,
	.run = run,
	.details =
		"Writes DIR/AGENCY/hi2.ber (intercept related information) and hi3.ber (content) "
		"for\n"
		"each agency of the orders: PS-PDUs of ETSI TS 102 232-1, in DER. Time is that of "
		"the\n"
		"packets: a warrant covers those from its start until before its end. Several "
		"captures\n"
		"are one stream, in the order given. --reference tells what the orders may say.\n"
		"Who ran this, when and on what is not recorded here: that is the provisioner's "
		"audit\n"
		"log. The files hold content of communications; only their owner can read them.\n",
};
