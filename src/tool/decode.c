/* weir decode: a stream of PS-PDUs in words or as JSON lines, each as soon as it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/wr.h"
#include "etsi/decode.h"
#include "show/record.h"
#include "tool/capture.h"
#include "tool/tools.h"
#include "tool/unseal.h"

enum {
	FIRST_SIZE = 256 << 10,
	MAX_PRINTED = 64 << 20, /* of one PDU */
	MAX_KINDS = 64,         /* that are counted apart */
};

struct kind {
	const char *names[2];
	uint64_t n;
};

struct decode {
	const struct settings *set;
	const char *name; /* of the stream */
	int fd;
	uint8_t *bytes; /* what was read and not yet decoded lies in [start, end) */
	size_t start, end, size;
	uint64_t offset; /* of start, in the stream */
	struct wr body;
	struct wr line;
	uint64_t n_pdus, n_octets, n_found;
	uint64_t by_rule[ETSI_N_RULES];
	struct unseal *unseal; /* NULL: no key was given */
	bool is_opened;        /* the PDU in hand was */
	uint64_t counter;      /* its byteCounter */
	uint64_t n_opened, n_sealed;
	struct kind kinds[MAX_KINDS];
	struct why why;
};

/* ---- counting ---- */

static void count_kind(struct decode *c, const struct etsi_decoded *d)
{
	for (int i = 0; i < MAX_KINDS; i++) {
		struct kind *k = &c->kinds[i];

		if (k->n == 0)
			memcpy(k->names, d->kind, sizeof k->names);
		if (k->names[0] == d->kind[0] && k->names[1] == d->kind[1]) {
			k->n++;
			return;
		}
	}
}

static void count(struct decode *c, const struct etsi_decoded *d, size_t len)
{
	c->n_octets += len;
	c->n_found += d->n_more;
	count_kind(c, d);
	for (unsigned i = 0; i < d->n_findings; i++) {
		c->n_found += d->findings[i].times;
		c->by_rule[d->findings[i].rule] += d->findings[i].times;
	}
}

static void summarise(const struct decode *c)
{
	fprintf(stderr, "%" PRIu64 " PDUs, %" PRIu64 " octets, %" PRIu64 " findings\n", c->n_pdus,
		c->n_octets, c->n_found);
	if (c->unseal)
		fprintf(stderr, "%8" PRIu64 "  opened\n%8" PRIu64 "  not opened\n", c->n_opened,
			c->n_sealed);
	for (int i = 0; i < MAX_KINDS && c->kinds[i].n; i++)
		fprintf(stderr, "%8" PRIu64 "  %s %s\n", c->kinds[i].n,
			c->kinds[i].names[0] ? c->kinds[i].names[0] : "without payload",
			c->kinds[i].names[1] ? c->kinds[i].names[1] : "");
	for (int i = 0; i < ETSI_N_RULES; i++)
		if (c->by_rule[i])
			fprintf(stderr, "%8" PRIu64 "  finding: %s\n", c->by_rule[i],
				etsi_rule_text((enum etsi_rule)i));
}

/* ---- opening ---- */

/* An encrypted PDU becomes what it was before; one that cannot be opened stays as it is. */
static struct etsi_octets open_sealed(struct decode *c, size_t len)
{
	struct etsi_octets pdu = {c->bytes + c->start, len}, plain;
	struct why why;
	int rc = ERR_ABSENT;

	c->is_opened = false;
	why_clear(&why);
	if (c->unseal)
		rc = unseal_open(c->unseal, &pdu, &plain, &c->counter, &why);
	c->is_opened = rc == 0;
	c->n_opened += rc == 0;
	if (rc && rc != ERR_ABSENT && !c->n_sealed++)
		fprintf(stderr, "weir decode: PDU %" PRIu64 ": %s\n", c->n_pdus, why.text);
	return rc ? pdu : plain;
}

/* ---- reading ---- */

static void decode_one(struct decode *c, size_t len)
{
	struct etsi_decoded d;
	struct show_record shown = {.stream = c->name,
				    .number = ++c->n_pdus,
				    .offset = c->offset,
				    .size = len,
				    .decoded = &d,
				    .elements = &c->body};
	struct etsi_octets pdu;

	wr_reset(&c->body);
	wr_reset(&c->line);
	pdu = open_sealed(c, len);
	shown.pdu = &pdu;
	shown.byte_counter = c->is_opened ? &c->counter : NULL;
	etsi_decode(pdu.bytes, pdu.len, c->set->json ? ETSI_JSON : ETSI_WORDS, &c->body, &d);
	show_record(&c->line, &shown, c->set->json);
	fwrite(c->line.bytes, 1, c->line.len, stdout);
	count(c, &d, len);
	c->start += len;
	c->offset += len;
}

/* Makes room for `need` octets from start on. */
static int make_room(struct decode *c, size_t need)
{
	uint8_t *bytes;

	memmove(c->bytes, c->bytes + c->start, c->end - c->start);
	c->end -= c->start;
	c->start = 0;
	if (need <= c->size)
		return 0;
	bytes = realloc(c->bytes, need);
	if (!bytes)
		return why_set(&c->why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	c->bytes = bytes;
	c->size = need;
	return 0;
}

/* Reads more, after all that is decoded has gone out. ERR_END at the end of the stream. */
static int read_more(struct decode *c, size_t need)
{
	int rc = make_room(c, need);
	ssize_t n;

	if (rc)
		return rc;
	if (fflush(stdout) == EOF)
		return ERR_STOPPED;
	do {
		n = read(c->fd, c->bytes + c->end, c->size - c->end);
	} while (n < 0 && errno == EINTR && !capture_is_stopped());
	if (n < 0)
		return errno == EINTR
			       ? ERR_STOPPED
			       : why_set(&c->why, err_of_errno(errno), "%s", strerror(errno));
	c->end += (size_t)n;
	return n ? 0 : ERR_END;
}

/* The length of the PDU at start, reading until it is whole; ERR_END where none is left. */
static int next_pdu(struct decode *c, size_t *len)
{
	int rc = 0;

	for (*len = 0; rc == 0;) {
		size_t n_here = c->end - c->start;

		rc = etsi_pdu_len(c->bytes + c->start, n_here, len, &c->why);
		if (rc == 0 && *len <= n_here)
			return 0;
		if (rc && rc != ERR_AGAIN)
			break;
		rc = read_more(c, *len);
		if (rc == ERR_END && n_here)
			rc = why_set(
				&c->why, ERR_CUT,
				*len ? "the stream ends inside a PDU: of %zu octets %zu are here"
				     : "the stream ends inside a PDU's first octets",
				*len, n_here);
	}
	return rc;
}

static int open_stream(struct decode *c, const char *path)
{
	c->name = path;
	c->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	c->offset = 0;
	c->start = c->end = 0;
	if (c->fd < 0) {
		why_place(&c->why, path);
		return why_set(&c->why, err_of_errno(errno), "%s", strerror(errno));
	}
	return 0;
}

static int decode_stream(struct decode *c, const char *path)
{
	uint64_t limit = c->set->count ? c->set->count : UINT64_MAX;
	int rc = open_stream(c, path);
	size_t len;

	while (!rc && c->n_pdus < limit && !capture_is_stopped() && !ferror(stdout)) {
		rc = next_pdu(c, &len);
		if (!rc)
			decode_one(c, len);
	}
	if (c->fd > STDIN_FILENO)
		close(c->fd);
	if (rc == 0 || rc == ERR_END || rc == ERR_STOPPED)
		return 0;
	fflush(stdout);
	why_place(&c->why, path);
	if (c->fd >= 0)
		why_offset(&c->why, (int64_t)c->offset);
	return capture_fail("decode", &c->why);
}

static int run(const struct settings *set, int n, char **operands)
{
	struct decode c = {
		.set = set, .body = wr_init(MAX_PRINTED), .line = wr_init(2 * MAX_PRINTED)};
	int status = 0;

	why_clear(&c.why);
	c.bytes = malloc(FIRST_SIZE);
	c.size = FIRST_SIZE;
	if (!c.bytes) {
		why_set(&c.why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		return capture_fail("decode", &c.why);
	}
	if (set->key && unseal_new(&c.unseal, set->key, &c.why)) {
		free(c.bytes);
		return capture_fail("decode", &c.why);
	}
	for (int i = 0; i < n && !capture_is_stopped(); i++) {
		why_clear(&c.why);
		status |= decode_stream(&c, operands[i]);
	}
	status |= capture_close_output("decode") | (c.n_sealed > 0);
	if (!set->quiet)
		summarise(&c);
	wr_fini(&c.body);
	wr_fini(&c.line);
	unseal_free(&c.unseal);
	free(c.bytes);
	return status;
}

static const enum option options[] = {OPTION_json, OPTION_count, OPTION_key, OPTION_quiet,
				      OPTION_N};

const struct tool decode_tool = {
	.name = "decode",
	.doc = "records of lawful interception (ETSI TS 102 232) in words",
	.operands = "FILE...",
	.min_operands = 1,
	.max_operands = -1,
	.options = options,
	.run = run,
	.details =
		"A file is a stream of PS-PDUs one behind the other, as it goes over HI2 or HI3;\n"
		"- is standard input, and each PDU is printed as soon as it is whole. What breaks\n"
		"the schema or is not DER is printed as a finding with its place in the stream;\n"
		"octets that begin no PS-PDU end the work, with exit status 1.\n"
		"Records of calls (TS 102 232-5) begin with what they say: method or status, who "
		"to\n"
		"whom, where from, which media; or the packet of media.\n"
		"With --key, encrypted records (AES-192 or AES-256) are shown as they were before; "
		"its\n"
		"file holds 48 or 64 hexadecimal digits. Places inside an opened record are its "
		"own. If\n"
		"one cannot be opened, it is shown as it is and the exit status is 1.\n",
};
