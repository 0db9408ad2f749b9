#include "etsi/decode.h"

#include "base/tap.h"
#include "ber/writer.h"
#include "etsi/golden.h"
#include "etsi/ipcc.h"
#include "etsi/ipiri.h"

static uint8_t pdu[4096], printed[65536];

static const struct etsi_stream stream = {.liid = "LIID-0001",
					  .authorization_country = "NZ",
					  .operator_id = "op-1",
					  .delivery_country = "NZ",
					  .cin = 7};

/* A record of a packet of 20 octets. */
static size_t make_pdu(void)
{
	static const uint8_t packet[20] = {0x45, 0, 0, 20, [8] = 64, 59, 0, 0,
					   192,  0, 2, 1,  192,      0,  2, 2};
	struct ipcc cc = {.bytes = packet,
			  .len = sizeof packet,
			  .seq = 300,
			  .direction = ETSI_TO_TARGET,
			  .time = {1700000000123456000}};
	struct wr w = wr_of(pdu, sizeof pdu);
	struct etsi_header h;

	if (etsi_header_init(&h, &stream, NULL) < 0)
		return 0;
	ipcc_encode(&h, &cc, &w);
	return w.ok ? w.len : 0;
}

static const char *decode(const uint8_t *bytes, size_t len, enum etsi_form form,
			  struct etsi_decoded *d)
{
	struct wr w = wr_of(printed, sizeof printed - 1);

	etsi_decode(bytes, len, form, &w, d);
	printed[w.len] = 0;
	return (const char *)printed;
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void test_facts(void)
{
	struct etsi_decoded d;
	size_t len = make_pdu();
	const char *text = decode(pdu, len, ETSI_WORDS, &d);

	ok(d.n_findings == 0, "a good PDU has no findings");
	ok(d.liid_len == 9 && memcmp(d.liid, "LIID-0001", 9) == 0 && d.has_cin && d.cin == 7 &&
		   d.has_seq && d.seq == 300 && d.has_time && d.time.ns == 1700000000123456000,
	   "LIID, CIN, sequence number and time are taken from the header");
	ok(d.kind[0] && strcmp(d.kind[0], "cCPayloadSequence") == 0 && d.kind[1] &&
		   strcmp(d.kind[1], "iPCC") == 0,
	   "it is known to be an IPCC");
	ok(has(text, "    li-psDomainId: 0.4.0.2.2.5.1.43\n") &&
		   has(text, "        payloadDirection: toTarget\n") &&
		   has(text, "              iPPackets: 0x45000014000000004"),
	   "in words, names stand before values");
	text = decode(pdu, len, ETSI_JSON, &d);
	ok(has(text, "{\"pSHeader\":{\"li-psDomainId\":\"0.4.0.2.2.5.1.43\",\"lawful") &&
		   has(text,
		       "\"payload\":{\"cCPayloadSequence\":[{\"payloadDirection\":\"toTarget\","
		       "\"cCContents\":{\"iPCC\":{\"iPCCObjId\":\"5.3.20.2\","
		       "\"iPCCContents\":{\"iPPackets\":\"0x4500"),
	   "in JSON, a SEQUENCE is an object, a list an array, a CHOICE has one member");
}

/* Replaces the first `from` in the PDU, which must be as long. */
static void patch(const void *from, const void *to, size_t n)
{
	uint8_t *at = memmem(pdu, sizeof pdu, from, n);

	if (at)
		memcpy(at, to, n);
}

#define PATCH(from, to) patch(from, to, sizeof(from) - 1)

static bool found(const struct etsi_decoded *d, enum etsi_rule rule, const char *part)
{
	for (unsigned i = 0; i < d->n_findings; i++)
		if (d->findings[i].rule == rule && has(d->findings[i].text, part))
			return true;
	return false;
}

static void test_patched(void)
{
	struct etsi_decoded d;
	const char *text;
	size_t len = make_pdu();

	PATCH("\x88\x01\x01", "\x89\x01\x41");
	text = decode(pdu, len, ETSI_JSON, &d);
	ok(d.n_findings == 0 && has(text, "\"extendedInterceptionPointID\":\"A\""),
	   "octets that are printable are text");
	len = make_pdu();
	PATCH("\x88\x01\x01", "\x8b\x01\x01");
	text = decode(pdu, len, ETSI_JSON, &d);
	ok(found(&d, ETSI_RULE_UNKNOWN, "[11]") && has(text, "\"[11]\":\"0x01\""),
	   "an element that no table knows is shown with its tag and octets");
	len = make_pdu();
	PATCH("\x88\x01\x01", "\x88\x01\x09");
	text = decode(pdu, len, ETSI_JSON, &d);
	ok(found(&d, ETSI_RULE_UNKNOWN, "9") && has(text, "\"timeStampQualifier\":9"),
	   "a value that an extensible enumeration does not have is shown as its number");
	len = make_pdu();
	PATCH("\x88\x01\x01", "\x82\x01\x5a");
	text = decode(pdu, len, ETSI_JSON, &d);
	ok(found(&d, ETSI_RULE_REPEATED, "authorizationCountryCode") &&
		   has(text, "\"[2]\":\"0x5a\""),
	   "an element that is there twice is shown twice, under another name");
	len = make_pdu();
	PATCH("\x88\x01\x01", "\x85\x01\x5a");
	decode(pdu, len, ETSI_JSON, &d);
	ok(found(&d, ETSI_RULE_ORDER, "timeStamp stands behind") && found(&d, ETSI_RULE_VALUE, ""),
	   "an element out of its place, and a time that is none");
	len = make_pdu();
	PATCH("\x84\x02\x01\x2c", "\x84\x02\x00\x2c");
	decode(pdu, len, ETSI_JSON, &d);
	ok(found(&d, ETSI_RULE_DER, "integer"), "an integer that is too long");
	len = make_pdu();
	PATCH("\x84\x02\x01\x2c", "\x8b\x02\x01\x2c");
	decode(pdu, len, ETSI_JSON, &d);
	ok(found(&d, ETSI_RULE_MISSING, "sequenceNumber") && !d.has_seq,
	   "a missing sequence number is a finding");
	len = make_pdu();
	PATCH("\xa7\x0b\x80", "\xac\x0b\x80");
	decode(pdu, len, ETSI_JSON, &d);
	ok(found(&d, ETSI_RULE_MISSING, "5.2.6"), "so is a header without a time");
	len = make_pdu();
	PATCH("\x81\x01\x07\x82", "\x84\x01\x07\x82");
	decode(pdu, len, ETSI_JSON, &d);
	ok(found(&d, ETSI_RULE_MISSING, "5.2.4"), "and content without a CIN");
	len = make_pdu();
	PATCH("\x82\x02NZ\xa3", "\x82\x02N\x01\xa3");
	text = decode(pdu, len, ETSI_JSON, &d);
	ok(found(&d, ETSI_RULE_VALUE, "ASCII") &&
		   has(text, "\"authorizationCountryCode\":\"0x4e01\""),
	   "text with a control character is shown in hexadecimal");
	len = make_pdu();
	PATCH("\x80\x01\x01\xa2", "\xa0\x01\x01\xa2");
	text = decode(pdu, len, ETSI_JSON, &d);
	ok(found(&d, ETSI_RULE_VALUE, "constructed") && found(&d, ETSI_RULE_BROKEN, "") &&
		   has(text, "\"unreadable\":\"0x01\""),
	   "an enumeration in constructed form, with nothing readable inside");
}

static void test_offset(void)
{
	struct etsi_decoded d;
	size_t len = make_pdu();
	const uint8_t *at = memmem(pdu, len, "\x84\x02\x01\x2c", 4);

	PATCH("\x84\x02\x01\x2c", "\x84\x02\x00\x2c");
	decode(pdu, len, ETSI_JSON, &d);
	ok(at && d.n_findings == 1 && d.findings[0].offset == (size_t)(at - pdu),
	   "a finding tells where in the PDU its element begins");
}

static void test_times_are_counted(void)
{
	struct wr w = wr_of(pdu, sizeof pdu);
	struct etsi_decoded d;
	size_t outer;

	outer = ber_open(&w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE));
	for (int i = 0; i < 30; i++)
		wr_bytes(&w, "\x9e\x81\x00", 3);
	ber_close(&w, outer);
	decode(pdu, w.len, ETSI_JSON, &d);
	ok(found(&d, ETSI_RULE_DER, "length") && d.n_findings == 4,
	   "the same finding thirty times is one finding");
	w = wr_of(pdu, sizeof pdu);
	outer = ber_open(&w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE));
	for (uint32_t i = 0; i < 30; i++)
		ber_put_null(&w, ber_context(100 + i));
	ber_close(&w, outer);
	decode(pdu, w.len, ETSI_JSON, &d);
	ok(d.n_findings == ETSI_MAX_FINDINGS && d.n_more == 30 + 2 - ETSI_MAX_FINDINGS,
	   "more findings than there is room for are counted");
}

static void test_hostile_text(void)
{
	static const char name[] = "a\x1b[31m\xc2\x9b"
				   "31m\r\x7f";
	struct ipiri iri = {
		.event = IPIRI_ACCEPT, .ip_version = 1, .cpe_id = {name, sizeof name - 1}};
	struct wr w = wr_of(pdu, sizeof pdu);
	struct etsi_decoded d;
	struct etsi_header h;
	const char *text;

	ok(etsi_header_init(&h, &stream, NULL) == 0 && ipiri_encode(&h, &iri, &w, NULL) == 0,
	   "a name that would steer a terminal can be sent");
	text = decode(pdu, w.len, ETSI_WORDS, &d);
	ok(has(text, "targetCPEID: a\\x1b[31m\\xc2\\x9b31m\\r\\x7f\n"),
	   "but is printed with its controls escaped");
	text = decode(pdu, w.len, ETSI_JSON, &d);
	ok(has(text, "\"targetCPEID\":\"a\\u001b[31m"), "in JSON too");
}

static void test_lines(void)
{
	static const char sip[] = "INVITE sip:bob@isp.example SIP/2.0\r\nTo: <sip:bob>\r\n\r\n";
	struct ipiri iri = {
		.event = IPIRI_ACCEPT, .ip_version = 1, .raw_aaa = {sip, sizeof sip - 1}};
	struct wr w = wr_of(pdu, sizeof pdu);
	struct etsi_decoded d;
	struct etsi_header h;

	ok(etsi_header_init(&h, &stream, NULL) == 0 && ipiri_encode(&h, &iri, &w, NULL) == 0 &&
		   has(decode(pdu, w.len, ETSI_WORDS, &d),
		       "| INVITE sip:bob@isp.example SIP/2.0\n                "
		       "| To: <sip:bob>\n                | \n"),
	   "text of many lines is printed as lines");
	iri.raw_aaa = (struct etsi_text){"0x41", 4};
	wr_reset(&w);
	ok(ipiri_encode(&h, &iri, &w, NULL) == 0 &&
		   has(decode(pdu, w.len, ETSI_JSON, &d), "\"rawAAAData\":\"0x30783431\""),
	   "text that looks like hexadecimal is printed in hexadecimal");
}

static void test_len(void)
{
	static const struct {
		const char *what;
		uint8_t octets[8];
		size_t n;
		int rc;
		size_t len;
	} facts[] = {
		{"nothing", {0}, 0, ERR_AGAIN, 0},
		{"a tag", {0x30}, 1, ERR_AGAIN, 0},
		{"half a length", {0x30, 0x82, 1}, 3, ERR_AGAIN, 0},
		{"a whole length", {0x30, 0x82, 1, 0}, 4, 0, 260},
		{"an empty PDU", {0x30, 0}, 2, 0, 2},
		{"another tag", {0x31}, 1, ERR_BAD, 0},
		{"an indefinite length", {0x30, 0x80}, 2, ERR_BAD, 0},
		{"16 MiB and one", {0x30, 0x84, 1, 0, 0, 1}, 6, ERR_BAD, 0},
		{"16 MiB", {0x30, 0x84, 1, 0, 0, 0}, 6, 0, (16 << 20) + 6},
		{"2^63", {0x30, 0x88, 0x80, 0, 0, 0, 0, 0}, 8, ERR_AGAIN, 0},
	};

	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
		size_t len = 0;
		struct why why;
		int rc;

		why_clear(&why);
		rc = etsi_pdu_len(facts[i].octets, facts[i].n, &len, &why);
		ok(rc == facts[i].rc && (rc || len == facts[i].len) &&
			   (rc == ERR_BAD) == (why.text[0] != 0),
		   "the length of %s: %s", facts[i].what, why.text[0] ? why.text : err_text(rc));
	}
}

static void test_no_room(void)
{
	struct etsi_decoded d;
	size_t len = make_pdu();
	int n_bad = 0;

	for (int form = ETSI_WORDS; form <= ETSI_JSON; form++) {
		size_t need = strlen(decode(pdu, len, (enum etsi_form)form, &d));

		for (size_t size = 0; size <= need; size++) {
			struct wr w = wr_of(printed, size);

			etsi_decode(pdu, len, (enum etsi_form)form, &w, &d);
			n_bad += w.ok != (size == need) || w.len > size;
		}
	}
	ok(n_bad == 0, "too little room for the output is said, and never exceeded");
}

/* Every prefix, from a buffer of exactly its size. Returns how many were not seen to be cut. */
static int count_unseen_cuts(const uint8_t *bytes, size_t len)
{
	int n = 0;

	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1);
		struct etsi_decoded d;
		size_t said = 0;
		int rc;

		if (!copy)
			return -1;
		memcpy(copy, bytes, cut);
		rc = etsi_pdu_len(copy, cut, &said, NULL);
		n += rc != ERR_AGAIN && (rc || said != len);
		decode(copy, cut, cut % 2 ? ETSI_JSON : ETSI_WORDS, &d);
		n += !found(&d, ETSI_RULE_BROKEN, "");
		free(copy);
	}
	return n;
}

/* Every octet changed, in all its bits: the sanitizers watch. */
static void flip(uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		struct etsi_decoded d;

		bytes[i] ^= 0xff;
		decode(bytes, len, i % 2 ? ETSI_JSON : ETSI_WORDS, &d);
		bytes[i] ^= 0xff;
	}
}

static void test_golden(const char *name)
{
	char path[64];
	uint8_t *bytes;
	size_t n = 0, len = 0;
	int n_pdus = 0, n_bad = 0;

	snprintf(path, sizeof path, "asn1/golden/%s.ber", name);
	bytes = (uint8_t *)golden_read(path, &n);
	if (!bytes) {
		skip("golden/%s.ber: no shared folder here", name);
		return;
	}
	for (size_t at = 0; at < n && etsi_pdu_len(bytes + at, n - at, &len, NULL) == 0;
	     at += len) {
		n_bad += count_unseen_cuts(bytes + at, len);
		flip(bytes + at, len);
		n_pdus++;
	}
	ok(n_pdus && n_bad == 0, "golden/%s.ber: each prefix of %d PDUs is seen to be cut", name,
	   n_pdus);
	free(bytes);
}

int main(void)
{
	test_facts();
	test_patched();
	test_offset();
	test_times_are_counted();
	test_hostile_text();
	test_lines();
	test_len();
	test_no_room();
	test_golden("ipaccess");
	test_golden("tri-hi1");
	test_golden("sip");
	test_golden("services");
	test_golden("encrypted");
	test_golden("bad");
	return tap_end();
}
