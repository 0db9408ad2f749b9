#include "ipmm/iri.h"

#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "etsi/decode.h"
#include "etsi/golden.h"
#include "etsi/record.h"
#include "etsi/seal.h"
#include "ipmm/cc.h"

static uint8_t room[200000];

static const char invite[] = "INVITE sip:bob@isp.example SIP/2.0\r\n"
			     "Call-ID: c1\r\nContent-Length: 0\r\n\r\n";

static const struct etsi_stream usual = {.liid = "LIID-VOIP",
					 .authorization_country = "NZ",
					 .operator_id = "op-1",
					 .network_element = "col-1",
					 .delivery_country = "NZ",
					 .cin = 101};

static struct ipmm_iri begin(void)
{
	return (struct ipmm_iri){
		.type = ETSI_IRI_BEGIN,
		.form = IPMM_SIP,
		.seq = 3,
		.time = {1700000000123456000},
		.source = {4, {192, 0, 2, 17}, ETSI_NO_MASK, 0},
		.destination = {6, {0x20, 1, 0xd, 0xb8, [15] = 5}, 128, 0},
		.message = {invite, sizeof invite - 1},
		.session_direction = ETSI_FROM_TARGET,
		.payload_direction = ETSI_TO_TARGET,
	};
}

static int encode(const struct etsi_stream *s, const struct ipmm_iri *iri, size_t *len,
		  struct why *why)
{
	struct wr w = wr_of(room, sizeof room);
	struct etsi_header h;
	int rc = etsi_header_init(&h, s, why);

	rc = rc ? rc : ipmm_iri_encode(&h, iri, &w, why);
	*len = w.len;
	return rc;
}

/* The PDU in room as JSON; NULL where there are findings. */
static const char *decoded(size_t len)
{
	static char printed[600000];
	struct wr w = wr_of(printed, sizeof printed - 1);
	struct etsi_decoded d;

	etsi_decode(room, len, ETSI_JSON, &w, &d);
	printed[w.len] = 0;
	return d.n_findings == 0 ? printed : NULL;
}

static bool shows(size_t len, const char *text)
{
	const char *printed = decoded(len);

	return printed && strstr(printed, text);
}

static void test_round_trip(void)
{
	struct ipmm_iri iri = begin();
	struct etsi_record r;
	size_t len;

	ok(encode(&usual, &iri, &len, NULL) == 0 && etsi_record_read(room, len, &r, NULL) == 0,
	   "a record is encoded and read back");
	ok(r.kind == ETSI_RECORD_IRI && r.part.contents == ETSI_IPMMIRI && r.part.version == 17 &&
		   r.part.iri_type == ETSI_IRI_BEGIN && r.part.event == ETSI_NO_EVENT &&
		   r.seq == 3 && r.cin == 101 && r.time.ns == iri.time.ns,
	   "whose it is, its number, its time, its type");
	ok(r.part.session_direction == ETSI_FROM_TARGET && r.part.direction == ETSI_TO_TARGET,
	   "who began the session, and who sent the message");
	ok(r.part.media.form == IPMM_SIP && r.part.media.octets.len == sizeof invite - 1 &&
		   !memcmp(r.part.media.octets.bytes, invite, sizeof invite - 1),
	   "the whole message");
	ok(r.part.media.source.len == 4 && !memcmp(r.part.media.source.bytes, "\300\0\2\21", 4) &&
		   r.part.media.destination.len == 16 && r.part.media.destination.bytes[15] == 5 &&
		   !r.part.content.bytes,
	   "its addresses, of IPv4 and IPv6");
	for (size_t cut = 0; cut < len; cut++)
		if (etsi_record_read(room, cut, &r, NULL) == 0)
			ok(false, "cut at %zu it is refused", cut);
	iri.type = ETSI_IRI_REPORT;
	iri.session_direction = iri.payload_direction = IPMM_NO_DIRECTION;
	ok(encode(&usual, &iri, &len, NULL) == 0 && etsi_record_read(room, len, &r, NULL) == 0 &&
		   r.part.iri_type == ETSI_IRI_REPORT && r.part.direction == ETSI_NO_DIRECTION &&
		   r.part.session_direction == ETSI_NO_DIRECTION && decoded(len),
	   "directions may be absent");
}

static void test_location(void)
{
	static const uint8_t cell[] = {24, 0x35, 0x10, 0x10, 0, 1, 0x35, 0x10, 0x10, 0, 0, 1, 2};
	struct ipmm_iri iri = begin();
	struct etsi_stream s = usual;
	size_t len;

	iri.location = (struct ipmm_location){
		.place = {{cell, sizeof cell}, {"\1\2\3\4\5\6", 6}},
		.cell = {"530", "05", {0, 1, 2}, 0xfedcba987},
	};
	ok(encode(&usual, &iri, &len, NULL) == 0 && shows(len, "\"epsLocation\"") &&
		   shows(len, "\"wlanAPMACAddress\"") && shows(len, "\"mCC\":\"530\"") &&
		   shows(len, "\"mNC\":\"05\"") && shows(len, "\"nRCellID\""),
	   "cell, access point and cell of 5G are a targetLocation without a finding");
	s.header_version = 42;
	ok(encode(&s, &iri, &len, NULL) == 0 && shows(len, "\"epsLocation\"") &&
		   !shows(len, "\"nRLocation\""),
	   "an older header has no place for the cell of 5G");
	iri.location = (struct ipmm_location){.cell = {"530", "05", {0}, 1}};
	ok(encode(&s, &iri, &len, NULL) == 0 && decoded(len) && !shows(len, "\"targetLocation\""),
	   "and no empty targetLocation");
}

static void test_point(void)
{
	static const struct {
		struct ipmm_point point;
		const char *angles[2];
		const char *circle;
	} cases[] = {
		{{true, -43531200, 172636200, 25},
		 {"\"S433152.32\"", "\"E1723810.32\""},
		 "{\"latitudeSign\":\"south\",\"latitude\":4057401,\"longitude\":8045430},"
		 "\"uncertaintyCode\":14"},
		{{true, 0, -172636200, 1},
		 {"\"N000000.00\"", "\"W1723810.32\""},
		 "{\"latitudeSign\":\"north\",\"latitude\":0,\"longitude\":-8045431},"
		 "\"uncertaintyCode\":1"},
		{{true, 90000000, 180000000, 1000},
		 {"\"N900000.00\"", "\"E1800000.00\""},
		 "\"latitude\":8388607,\"longitude\":8388607},\"uncertaintyCode\":49"},
		{{true, -90000000, -180000000, 0}, {"\"S900000.00\"", "\"W1800000.00\""}, NULL},
		{{true, 59999999, 9999999, 100000000}, {"\"N600000.00\"", "\"E0100000.00\""}, NULL},
	};
	struct ipmm_iri iri = begin();
	struct etsi_stream s = usual;
	size_t len;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int n = 0;

		iri.location = (struct ipmm_location){.point = cases[i].point};
		for (s.header_version = 15; s.header_version <= 43; s.header_version++)
			n += encode(&s, &iri, &len, NULL) == 0 && shows(len, cases[i].angles[0]) &&
			     shows(len, cases[i].angles[1]) &&
			     shows(len, cases[i].circle ? cases[i].circle : "\"gsmLocation\"") &&
			     shows(len, "\"uncertaintyCode\"") == (cases[i].circle != NULL);
		ok(n == 29, "a point as %s %s, under every version: %d", cases[i].angles[0],
		   cases[i].angles[1], n);
	}
	iri.location = (struct ipmm_location){.point = {true, 90000001, 0, 0}};
	ok(encode(&usual, &iri, &len, NULL) == ERR_USAGE, "a point beyond the pole is refused");
}

static void test_versions(void)
{
	const struct etsi_text lines[] = {{"Contact: <tel:+123456789>", 25}, {"Event: reg", 10}};
	struct ipmm_iri iri = begin();
	struct etsi_stream s = usual;
	int n_good = 0, n = 0;
	size_t len;

	iri.form = IPMM_SIP_IRI_ONLY;
	iri.lines = lines;
	iri.n_lines = 2;
	for (s.header_version = 15; s.header_version <= 43; s.header_version++) {
		bool is_new = s.header_version >= 30, has_way = s.header_version >= 33;
		struct etsi_record r;

		n++;
		if (encode(&s, &iri, &len, NULL) || !decoded(len) ||
		    etsi_record_read(room, len, &r, NULL))
			continue;
		n_good += r.part.version == ipmm_version(s.header_version) &&
			  shows(len, "\"sipHeaderLine\"") == is_new &&
			  shows(len, "\"iRIOnlySIPMessage\"") == is_new &&
			  shows(len, "\"sessionDirection\"") == has_way &&
			  (r.part.direction == ETSI_TO_TARGET) == has_way &&
			  r.part.media.octets.len == sizeof invite - 1;
	}
	ok(n == 29 && n_good == n, "each version gets what it knows, without a finding: %d of %d",
	   n_good, n);
	iri.version = 17;
	s.header_version = 17;
	ok(encode(&s, &iri, &len, NULL) == 0 && shows(len, "\"5.5.17.1\"") &&
		   shows(len, "\"iRIOnlySIPMessage\""),
	   "the version of part 5 may be another than the header's");
}

static void test_refusals(void)
{
	struct ipmm_iri bad[9];
	size_t len;
	int n = 0;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		bad[i] = begin();
	bad[0].type = 0;
	bad[1].form = (enum ipmm_form)2;
	bad[2].message.len = 0;
	bad[3].message.len = ETSI_MAX_PDU;
	bad[4].source.version = 0;
	bad[5].destination.prefix_len = 0;
	bad[6].session_direction = 6;
	bad[7].location.cell = (struct ipmm_cell){"53", "05", {0}, 1};
	bad[8].version = 18;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct why why;

		why_clear(&why);
		if (encode(&usual, &bad[i], &len, &why) != ERR_USAGE || !why.text[0] || len)
			ok(false, "case %zu is refused with a reason: %s", i, why.text);
		else
			n++;
	}
	ok(n == 9, "what the schema does not have is refused, and leaves nothing");
}

static void test_no_room(void)
{
	struct ipmm_iri iri = begin();
	struct etsi_header h;
	size_t len, n = 0;
	struct wr w;

	if (encode(&usual, &iri, &len, NULL) || etsi_header_init(&h, &usual, NULL))
		return;
	for (size_t size = 0; size < len; size++) {
		w = wr_of(room, size);
		n += ipmm_iri_encode(&h, &iri, &w, NULL) == ERR_FULL && w.len == 0;
	}
	ok(n == len, "with less room than it needs, nothing is left behind");
}

/* encryptedPayloadType tells a receiver without the key which part's contents it holds. */
static void test_sealed(void)
{
	static uint8_t sealed[2000];
	struct seal_key key = {.cipher = SEAL_AES_192_CBC, .len = 24};
	struct seal seal = {.key = &key, .counter = 1};
	struct ipmm_iri iri = begin();
	struct sealer *sealer = NULL;
	struct wr w = wr_of(sealed, sizeof sealed);
	struct etsi_record r;
	size_t len;
	int rc = sealer_new(&sealer);

	seal.sealer = sealer;
	rc = rc ? rc : encode(&usual, &iri, &len, NULL);
	rc = rc ? rc : seal_pdu(&seal, room, len, &w, NULL);
	ok(rc == 0 && etsi_record_read(sealed, w.len, &r, NULL) == 0 &&
		   r.kind == ETSI_RECORD_ENCRYPTED && r.sealed.part == 5,
	   "encrypted, it says that it is of part 5");
	sealer_free(&sealer);
}

/* ---- golden records, encoded by another's codec ---- */

static struct etsi_address address_of(const struct etsi_octets *octets)
{
	struct etsi_address a = {.version = octets->len == 4 ? 4 : 6,
				 .prefix_len = octets->len == 4 ? ETSI_NO_MASK : 128};

	memcpy(a.bits, octets->bytes, octets->len);
	return a;
}

/* What the reader takes from a golden record, given to our encoders. */
static int encode_again(const struct etsi_record *r, struct wr *w)
{
	const struct etsi_media *m = &r->part.media;
	struct etsi_header h;
	int rc = etsi_header_init(&h, &usual, NULL);

	if (!rc && r->kind == ETSI_RECORD_CC) {
		char id[IPMM_MAX_STREAM_ID + 1] = "";
		struct ipmm_stream s = {(enum ipmm_frame)m->frame, (enum ipmm_protocol)m->protocol,
					id, r->part.version};
		struct ipmm_cc cc = {m->octets.bytes, (uint32_t)m->octets.len, r->seq,
				     (enum etsi_direction)r->part.direction, r->time};
		struct ipmm_tail tail;

		memcpy(id, m->stream.bytes, m->stream.len);
		rc = ipmm_tail_init(&tail, &h, &s, NULL);
		if (!rc)
			ipmm_cc_encode(&tail, &cc, w);
	} else if (!rc) {
		struct ipmm_iri iri = {.type = (enum etsi_iri_type)r->part.iri_type,
				       .form = (enum ipmm_form)m->form,
				       .version = r->part.version,
				       .source = address_of(&m->source),
				       .destination = address_of(&m->destination),
				       .message = {m->octets.bytes, m->octets.len},
				       .session_direction = IPMM_NO_DIRECTION,
				       .payload_direction = IPMM_NO_DIRECTION};

		rc = ipmm_iri_encode(&h, &iri, w, NULL);
	}
	return rc;
}

/* Their header has a time that is not DER; all that is TS 102 232-5 lies in the payload. */
static bool is_same_payload(const struct etsi_record *r)
{
	struct wr w = wr_of(room, sizeof room);
	struct etsi_record again;

	return encode_again(r, &w) == 0 && etsi_record_read(room, w.len, &again, NULL) == 0 &&
	       again.payload.len == r->payload.len &&
	       !memcmp(again.payload.bytes, r->payload.bytes, r->payload.len);
}

static void test_golden(void)
{
	size_t n = 0, len = 0;
	uint8_t *golden = (uint8_t *)golden_read("asn1/golden/sip.ber", &n);
	int same = 0, all = 0;

	if (!golden) {
		skip("golden/sip.ber: no shared folder here");
		return;
	}
	for (size_t at = 0; at < n; at += len, all++) {
		struct etsi_record r;

		if (etsi_pdu_len(golden + at, n - at, &len, NULL) ||
		    etsi_record_read(golden + at, len, &r, NULL))
			break;
		same += is_same_payload(&r);
	}
	ok(all == 6 && same == 6,
	   "golden/sip.ber: %d of %d payloads, encoded again, are the same "
	   "octets",
	   same, all);
	free(golden);
}

int main(void)
{
	test_round_trip();
	test_location();
	test_point();
	test_versions();
	test_refusals();
	test_no_room();
	test_sealed();
	test_golden();
	return tap_end();
}
