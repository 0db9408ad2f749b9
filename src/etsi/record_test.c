#include "etsi/record.h"

#include "base/tap.h"
#include "ber/writer.h"
#include "etsi/decode.h"
#include "etsi/golden.h"
#include "etsi/ipcc.h"
#include "etsi/ipiri.h"

#include <stdlib.h>

static uint8_t pdu[4096];

static const struct etsi_stream stream = {.liid = "LIID-0001",
					  .authorization_country = "NZ",
					  .operator_id = "op-1",
					  .network_element = "col-1",
					  .delivery_country = "AU",
					  .interception_point = "ip-1",
					  .cin = UINT32_MAX,
					  .header_version = 32};

static const uint8_t packet[21] = {0x45, 0, 0, 21, [8] = 64, 59, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2};

static bool is_text(const struct etsi_octets *octets, const char *text)
{
	return octets->len == strlen(text) && memcmp(octets->bytes, text, octets->len) == 0;
}

static size_t make_cc(enum etsi_time_form form, uint32_t original_len)
{
	struct ipcc cc = {.bytes = packet,
			  .len = sizeof packet,
			  .original_len = original_len,
			  .seq = 300,
			  .direction = ETSI_TO_TARGET,
			  .time = {1700000000123456000}};
	struct etsi_stream s = stream;
	struct wr w = wr_of(pdu, sizeof pdu);
	struct etsi_header h;

	s.time_form = form;
	if (original_len)
		s.service_version = 18;
	if (etsi_header_init(&h, &s, NULL) < 0)
		return 0;
	ipcc_encode(&h, &cc, &w);
	return w.ok ? w.len : 0;
}

static void test_cc(void)
{
	struct etsi_record r;
	size_t len = make_cc(ETSI_TIME_MICROSECONDS, 0);

	ok(etsi_record_read(pdu, len, &r, NULL) == 0, "a CC record is read");
	ok(is_text(&r.liid, "LIID-0001") && is_text(&r.authorization_country, "NZ") &&
		   is_text(&r.operator_id, "op-1") && is_text(&r.network_element, "col-1") &&
		   is_text(&r.delivery_country, "AU") && is_text(&r.interception_point, "ip-1"),
	   "the names of its header");
	ok(r.has_cin && r.cin == UINT32_MAX && r.seq == 300 && r.version == 32, "and its numbers");
	ok(r.has_time && !r.is_generalized && r.time.ns == 1700000000123456000 && r.has_qualifier &&
		   r.qualifier == 1,
	   "and its time, which is that of interception");
	ok(r.kind == ETSI_RECORD_CC && r.n_parts == 1 && r.part.contents == 2 &&
		   r.part.direction == ETSI_TO_TARGET && r.part.version == 14 &&
		   r.part.event == ETSI_NO_EVENT && !r.part.has_time && r.part.time.ns == r.time.ns,
	   "one packet to the target");
	ok(r.part.content.len == sizeof packet && !r.part.is_truncated &&
		   memcmp(r.part.content.bytes, packet, sizeof packet) == 0 &&
		   r.part.original_len == sizeof packet,
	   "which is here whole");
}

static void test_truncated_cc(void)
{
	struct etsi_record r;
	size_t len = make_cc(ETSI_TIME_GENERALIZED, 1500);

	ok(etsi_record_read(pdu, len, &r, NULL) == 0 && r.is_generalized &&
		   r.time.ns == 1700000000123456000 && r.part.is_truncated &&
		   r.part.original_len == 1500 && r.part.content.len == sizeof packet,
	   "a GeneralizedTime, and a packet that was cut");
}

static void test_iri(void)
{
	struct ipiri iri = {.event = IPIRI_ACCEPT,
			    .seq = 7,
			    .username = {"alice", 5},
			    .address = {4, {192, 0, 2, 1}, 32, IP_STATIC}};
	struct wr w = wr_of(pdu, sizeof pdu);
	struct etsi_header h;
	struct etsi_record r;

	ok(etsi_header_init(&h, &stream, NULL) == 0 && ipiri_encode(&h, &iri, &w, NULL) == 0 &&
		   etsi_record_read(pdu, w.len, &r, NULL) == 0,
	   "an IRI record is read");
	ok(r.kind == ETSI_RECORD_IRI && r.part.iri_type == ETSI_IRI_BEGIN &&
		   r.part.event == IPIRI_ACCEPT && r.part.direction == ETSI_NO_DIRECTION &&
		   r.seq == 7,
	   "it is a BEGIN of accessAccept");
}

/* A PDU of given header elements and payload octets. */
static size_t make(const void *header, size_t header_len, const void *payload, size_t payload_len)
{
	struct wr w = wr_of(pdu, sizeof pdu);
	size_t all = ber_open(&w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE));
	size_t mark = ber_open(&w, ber_context(1));

	wr_bytes(&w, header, header_len);
	ber_close(&w, mark);
	mark = ber_open(&w, ber_context(2));
	wr_bytes(&w, payload, payload_len);
	ber_close(&w, mark);
	ber_close(&w, all);
	return w.len;
}

#define DOMAIN        "\x80\x07\x04\x00\x02\x02\x05\x01\x2b"
#define LIID          "\x81\x02L1"
#define COMMUNICATION "\xa3\x06\xa0\x04\x80\x02op"
#define SEQ           "\x84\x01\x05"
#define HEADER        DOMAIN LIID COMMUNICATION SEQ
#define PART          "\x30\x05\xa2\x03\x84\x01x" /* contents [4], of one octet */

static void refused(const char *what, const char *header, size_t header_len, const char *payload,
		    size_t payload_len)
{
	struct etsi_record r;
	struct why why;
	int rc;

	why_clear(&why);
	rc = etsi_record_read(pdu, make(header, header_len, payload, payload_len), &r, &why);
	ok(rc == ERR_BAD && why.text[0], "%s is refused: %s", what, why.text);
}

#define REFUSED(what, header, payload)                                                             \
	refused(what, header, sizeof(header) - 1, payload, sizeof(payload) - 1)

static void test_refusals(void)
{
	struct etsi_record r;
	struct why why;

	ok(etsi_record_read(pdu, make(HEADER, sizeof HEADER - 1, "\xa2\x02\x83", 4), &r, NULL) ==
			   0 &&
		   r.kind == ETSI_RECORD_TRI && r.tri.kind == ETSI_TRI_KEEP_ALIVE && !r.has_cin &&
		   !r.has_time && r.seq == 5,
	   "the least of a header: no CIN, no time");
	REFUSED("a header without a LIID", DOMAIN COMMUNICATION SEQ, "\xa2\x02\x83\x00");
	REFUSED("a header without an operator", DOMAIN LIID "\xa3\x02\xa0\x00" SEQ,
		"\xa2\x02\x83\x00");
	REFUSED("a header without a number", DOMAIN LIID COMMUNICATION, "\xa2\x02\x83\x00");
	REFUSED("a header with two LIIDs", HEADER LIID, "\xa2\x02\x83\x00");
	REFUSED("an empty LIID", DOMAIN "\x81\x00" COMMUNICATION SEQ, "\xa2\x02\x83\x00");
	REFUSED("a LIID of 26 octets",
		DOMAIN "\x81\x1a"
		       "abcdefghijklmnopqrstuvwxyz" COMMUNICATION SEQ,
		"\xa2\x02\x83\x00");
	REFUSED("another domain", "\x80\x07\x04\x00\x02\x02\x05\x02\x2b" LIID COMMUNICATION SEQ,
		"\xa2\x02\x83\x00");
	REFUSED("a domain without version",
		"\x80\x06\x04\x00\x02\x02\x05\x01" LIID COMMUNICATION SEQ, "\xa2\x02\x83\x00");
	REFUSED("a sequence number below zero", DOMAIN LIID COMMUNICATION "\x84\x01\xff",
		"\xa2\x02\x83\x00");
	REFUSED("one of 33 bits", DOMAIN LIID COMMUNICATION "\x84\x05\x01\0\0\0\0",
		"\xa2\x02\x83\x00");
	REFUSED("a time that is none", HEADER "\x85\x01Z", "\xa2\x02\x83\x00");
	REFUSED("a million microseconds", HEADER "\xa7\x08\x80\x01\x01\x81\x03\x0f\x42\x40",
		"\xa2\x02\x83\x00");
	REFUSED("no payload", HEADER, "");
	REFUSED("two payloads", HEADER, "\xa2\x02\x83\x00\xa2\x02\x83\x00");
	REFUSED("a payload sequence without records", HEADER, "\xa1\x00");
	REFUSED("a record without contents", HEADER, "\xa1\x05\x30\x03\x80\x01\x00");
	REFUSED("an iRIType that there is not", HEADER,
		"\xa0\x0a\x30\x08\x80\x01\x05\xa2\x03\x84\x01x");
	REFUSED("an integrity check without a value", HEADER,
		"\xa2\x07\xa0\x05\xa0\x00\x81\x01\x01");
	REFUSED("an option response without its lists", HEADER, "\xa2\x02\xaa\x00");
	REFUSED("an encryption container without octets", HEADER, "\xa4\x03\x80\x01\x03");
	REFUSED("a notification without a time", HEADER, "\xa3\x06\xa1\x04\x81\x02L1");
	REFUSED("a value that runs out of its element", HEADER, "\xa2\x02\x83\x05");
	why_clear(&why);
	ok(etsi_record_read((const uint8_t *)"\x31\x00", 2, &r, &why) == ERR_BAD && why.text[0],
	   "another tag is refused: %s", why.text);
	why_clear(&why);
	ok(etsi_record_read((const uint8_t *)"\x30\x00\x30", 3, &r, &why) == ERR_BAD && why.text[0],
	   "an octet behind the end is refused: %s", why.text);
}

static void test_several(void)
{
	static const char payload[] = "\xa1\x19" PART "\x30\x10\xa2\x03\x84\x01y"
				      "\xa3\x09\x80\x01\x07\x81\x04\x00\x00\x00\x09";
	struct etsi_record r;
	struct etsi_part part[3];
	struct etsi_octets left;
	int n = 0;

	ok(etsi_record_read(pdu, make(HEADER, sizeof HEADER - 1, payload, sizeof payload - 1), &r,
			    NULL) == 0 &&
		   r.n_parts == 2,
	   "a payload of two records");
	for (left = r.parts; n < 3 && etsi_part_next(&r, &left, &part[n]);)
		n++;
	ok(n == 2 && part[0].contents == 4 && !part[0].has_time && part[1].has_time &&
		   part[1].time.ns == 7000009000,
	   "which are taken one by one, the second with a time of its own");
}

static void test_later_version(void)
{
	static const char header[] = HEADER "\x9f\x50\x01x";
	struct etsi_record r;

	ok(etsi_record_read(pdu, make(header, sizeof header - 1, "\xa9\x02\x83\x00", 4), &r,
			    NULL) == 0 &&
		   r.kind == ETSI_RECORD_OTHER && r.alternative == 9,
	   "elements and payloads of a later version are stepped over");
}

static void test_liid_text(void)
{
	static const struct {
		const char *octets, *text;
		size_t len;
	} facts[] = {
		{"LIID-1", "LIID-1", 6},
		{"\x00\xff", "0x00ff", 2},
		{"a b", "0x612062", 3},
		{"ABCDEFGHIJKLMNOPQRSTUVWX\x80",
		 "0x4142434445464748494a4b4c4d4e4f50515253545556575880", 25},
	};
	char text[ETSI_LIID_TEXT_SIZE];

	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
		struct etsi_octets liid = {(const uint8_t *)facts[i].octets, facts[i].len};

		etsi_liid_text(&liid, text);
		ok(strcmp(text, facts[i].text) == 0, "the LIID %s as text", text);
	}
}

/* How many prefixes, each from a buffer of exactly its size, were taken for a PDU. */
static int count_unseen_cuts(const uint8_t *bytes, size_t len)
{
	int n = 0;

	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1);
		struct etsi_record r;

		if (!copy)
			return -1;
		memcpy(copy, bytes, cut);
		n += etsi_record_read(copy, cut, &r, NULL) != ERR_CUT;
		free(copy);
	}
	return n;
}

/* Each octet changed in all its bits: the sanitizers watch. */
static void flip(uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		struct etsi_record r;

		bytes[i] ^= 0xff;
		if (etsi_record_read(bytes, len, &r, NULL) == 0 && !r.liid.bytes)
			ok(false, "a LIID that is not there was accepted");
		bytes[i] ^= 0xff;
	}
}

struct census {
	int n, n_unread, n_uncut;
	int kinds[ETSI_RECORD_OTHER + 1];
	unsigned tris; /* a bit each */
	unsigned operations;
};

static void count(const struct etsi_record *r, struct census *c)
{
	c->kinds[r->kind]++;
	if (r->kind == ETSI_RECORD_TRI)
		c->tris |= 1u << r->tri.kind;
	if (r->kind == ETSI_RECORD_HI1)
		c->operations |= 1u << r->hi1.operation;
}

static bool take_golden(const char *name, struct census *c)
{
	char path[64];
	size_t n = 0, len = 0;
	uint8_t *bytes;

	snprintf(path, sizeof path, "asn1/golden/%s.ber", name);
	bytes = (uint8_t *)golden_read(path, &n);
	*c = (struct census){0};
	if (!bytes) {
		skip("golden/%s.ber: no shared folder here", name);
		return false;
	}
	for (size_t at = 0; at < n && etsi_pdu_len(bytes + at, n - at, &len, NULL) == 0;
	     at += len) {
		struct etsi_record r;
		struct why why;

		why_clear(&why);
		c->n++;
		if (etsi_record_read(bytes + at, len, &r, &why)) {
			printf("# PDU %d: %s\n", c->n, why.text);
			c->n_unread++;
		} else {
			count(&r, c);
		}
		c->n_uncut += count_unseen_cuts(bytes + at, len);
		flip(bytes + at, len);
	}
	free(bytes);
	ok(c->n && c->n_uncut == 0, "golden/%s.ber: each prefix of %d PDUs is refused as cut", name,
	   c->n);
	return true;
}

static void test_golden(void)
{
	struct census c;

	if (take_golden("ipaccess", &c))
		ok(c.n_unread == 0 && c.kinds[ETSI_RECORD_IRI] == 3 && c.kinds[ETSI_RECORD_CC] == 4,
		   "golden/ipaccess.ber: three IRI and four CC records");
	if (take_golden("tri-hi1", &c))
		ok(c.n_unread == 0 && c.tris == 0x3fff && c.operations == 0x1e &&
			   c.kinds[ETSI_RECORD_TRI] == 16 && c.kinds[ETSI_RECORD_HI1] == 4 &&
			   c.kinds[ETSI_RECORD_CC] == 4,
		   "golden/tri-hi1.ber: all TRI kinds and HI1 operations");
	if (take_golden("encrypted", &c))
		ok(c.n_unread == 0 && c.kinds[ETSI_RECORD_ENCRYPTED] == 5,
		   "golden/encrypted.ber: five encryption containers");
	if (take_golden("services", &c))
		ok(c.n_unread == 0, "golden/services.ber: all are read");
	if (take_golden("sip", &c))
		ok(c.n_unread == 0, "golden/sip.ber: all are read");
	take_golden("bad", &c);
}

static const char *find_golden(const char *path, unsigned tri, struct etsi_record *r, char **bytes)
{
	size_t n = 0, len = 0;

	*bytes = golden_read(path, &n);
	for (size_t at = 0; *bytes && at < n; at += len) {
		const uint8_t *here = (const uint8_t *)*bytes + at;

		if (etsi_pdu_len(here, n - at, &len, NULL) || etsi_record_read(here, len, r, NULL))
			break;
		if (r->kind == ETSI_RECORD_TRI && r->tri.kind == tri)
			return *bytes;
	}
	return NULL;
}

static void test_golden_tri(void)
{
	static const char path[] = "asn1/golden/tri-hi1.ber";
	struct etsi_octets left;
	struct etsi_record r;
	uint32_t numbers[4] = {9, 9, 9, 9};
	char *bytes;
	int n = 0;

	if (!golden_path(path)) {
		skip("facts of golden TRIs: no shared folder here");
		return;
	}
	if (find_golden(path, ETSI_TRI_INTEGRITY_CHECK, &r, &bytes))
		for (left = r.tri.numbers; n < 4 && etsi_number_next(&left, &numbers[n]);)
			n++;
	ok(n == 3 && numbers[0] == 0 && numbers[1] == 1 && numbers[2] == 2 &&
		   r.tri.n_numbers == 3 && r.tri.check_type == ETSI_CHECK_HASH &&
		   r.tri.check_of == ETSI_CHECK_OF_CC && r.tri.hash == ETSI_SHA_256 &&
		   r.tri.signature == 0 && r.tri.value.len == 32,
	   "golden integrityCheck: SHA-256 over the CC records 0, 1 and 2");
	free(bytes);
	ok(find_golden(path, ETSI_TRI_OPTION_REQUEST, &r, &bytes) && r.tri.is_requested &&
		   !r.tri.is_accepted,
	   "golden optionRequest: acknowledgement is requested");
	free(bytes);
	ok(find_golden(path, ETSI_TRI_OPTION_RESPONSE, &r, &bytes) && r.tri.is_accepted &&
		   !r.tri.is_declined && !r.tri.is_requested,
	   "golden optionResponse: and accepted");
	free(bytes);
	ok(find_golden(path, ETSI_TRI_OPERATOR_MESSAGE, &r, &bytes) &&
		   r.tri.priority == ETSI_MESSAGE_INFORMATIONAL &&
		   is_text(&r.tri.message, "maintenance at 02:00 UTC"),
	   "golden operatorLeaMessage: its text");
	free(bytes);
}

int main(void)
{
	test_cc();
	test_truncated_cc();
	test_iri();
	test_refusals();
	test_several();
	test_later_version();
	test_liid_text();
	test_golden();
	test_golden_tri();
	return tap_end();
}
