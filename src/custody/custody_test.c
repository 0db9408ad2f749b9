#include "custody/custody.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/scratch.h"
#include "base/tap.h"
#include "etsi/ipcc.h"

static char top[] = "/tmp/weir-custody-XXXXXX";

enum { PATH_LEN = 200, PDU_LEN = 400 };

static const char *path_of(const char *name)
{
	static char paths[3][PATH_LEN];
	static int n;
	char *path = paths[n++ % 3];

	snprintf(path, PATH_LEN, "%s/%s", top, name);
	return path;
}

/* A record of an LIID: its length. */
static size_t make_pdu(const char *liid, uint8_t pdu[PDU_LEN])
{
	struct etsi_stream stream = {.liid = liid,
				     .authorization_country = "NZ",
				     .operator_id = "op",
				     .network_element = "ne",
				     .has_no_cin = true,
				     .header_version = ETSI_HEADER_VERSION,
				     .qualifier = ETSI_NO_QUALIFIER};
	struct etsi_header header;
	struct ipcc cc = {.bytes = (const uint8_t *)"0123456789", .len = 10};
	struct wr w = wr_of(pdu, PDU_LEN);
	struct why why = {0};

	if (etsi_header_init(&header, &stream, &why))
		printf("# %s\n", why.text);
	ipcc_encode(&header, &cc, &w);
	return w.len;
}

static struct {
	int n;
	char liid[40];
} told;

static void tell(void *owner, const char *liid, uint64_t key)
{
	(void)owner;
	(void)key;
	told.n++;
	snprintf(told.liid, sizeof told.liid, "%s", liid);
}

static void test_owner(void)
{
	uint8_t pdu[2 * PDU_LEN];
	size_t len = make_pdu("LI-1", pdu), name_len;
	const uint8_t *name;
	bool is_refused = true;

	ok(len && custody_owner(pdu, len, &name, &name_len) == len && name_len == 4 &&
		   !memcmp(name, "LI-1", 4),
	   "a record is its LIID's");
	for (size_t n = 0; n < len; n++)
		is_refused &= custody_owner(pdu, n, &name, &name_len) == 0;
	ok(is_refused, "a part of one is nobody's");
}

static void test_keys(void)
{
	char liids[][5] = {"LI-1", "LI-2"};
	struct warrant warrants[] = {{.liid = liids[0], .end = {INT64_MAX}},
				     {.liid = liids[1], .end = {100 * INT64_C(1000000000)}}};
	struct orders orders = {.warrants = {.items = warrants, .n = 2}};
	struct custody *c;
	struct spool *s;
	struct why why = {0};
	struct custody_view view = {&orders, &s, 1, nanos_from_s(50)};
	uint64_t key;

	if (!ok(!custody_new(&c, path_of("keys"), &why) &&
			!spool_open(&s, path_of("spool"), NULL, &why),
		"keys and a spool"))
		return;
	(void)!vault_key(custody_vault(c), "LI-1", 4, &key);
	(void)!vault_key(custody_vault(c), "LI-2", 4, &key);
	(void)!vault_key(custody_vault(c), "LI-3", 4, &key);
	(void)!vault_key(custody_vault(c), "", 0, &key);
	(void)!spool_append(s, "record", 6);
	custody_look(c, &view, tell, NULL);
	view.now = nanos_from_s(52);
	custody_look(c, &view, tell, NULL);
	spool_ack(s, 6);
	custody_look(c, &view, tell, NULL);
	ok(!told.n, "no key goes before its time");
	(void)!spool_append(s, "on its way", 10);
	view.now = nanos_from_s(61);
	custody_look(c, &view, tell, NULL);
	ok(!told.n, "nor while something is not acknowledged");
	spool_ack(s, 16);
	(void)!spool_append(s, "of others", 9);
	custody_look(c, &view, tell, NULL);
	ok(told.n == 1 && !strcmp(told.liid, "LI-3") && !vault_find(custody_vault(c), "LI-3", 4),
	   "one that no order names goes when all is, whatever comes later");
	ok(vault_find(custody_vault(c), "LI-1", 4) && vault_find(custody_vault(c), "LI-2", 4) &&
		   vault_find(custody_vault(c), "", 0),
	   "the others stay");
	spool_ack(s, 25);
	view.now = nanos_from_s(100);
	custody_look(c, &view, tell, NULL);
	warrants[1].end = nanos_from_s(1000);
	view.now = nanos_from_s(120);
	custody_look(c, &view, tell, NULL);
	ok(told.n == 1, "one whose warrant is prolonged meanwhile stays");
	view.now = nanos_from_s(1000);
	custody_look(c, &view, tell, NULL);
	view.now = nanos_from_s(1011);
	custody_look(c, &view, tell, NULL);
	ok(told.n == 2 && !strcmp(told.liid, "LI-2") && vault_find(custody_vault(c), "LI-1", 4),
	   "one whose warrant has ended goes");
	spool_close(&s);
	custody_free(&c);
	custody_free(&c);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	test_owner();
	test_keys();
	scratch_remove(top);
	return tap_end();
}
