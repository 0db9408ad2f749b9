/* Golden records, encoded by another's codec: what the reader takes from each is given to our
 * encoders, and gives the same octets. What we do not encode is listed by name. (IPIRI records
 * have more fields than the reader takes: ipiri_test.c has them with their values.) */
#include "base/tap.h"
#include "etsi/decode.h"
#include "etsi/golden.h"
#include "etsi/hi1.h"
#include "etsi/ipcc.h"
#include "etsi/record.h"
#include "etsi/seal.h"
#include "etsi/tri.h"

#include <stdlib.h>

enum { MAX_TEXT = 300 };

static uint8_t room[8192];

/* What a header was made of. */
struct names {
	struct etsi_stream stream;
	char texts[6][MAX_TEXT];
};

static const char *text_of(const struct etsi_octets *octets, char out[MAX_TEXT])
{
	if (!octets->bytes || octets->len >= MAX_TEXT)
		return NULL;
	memcpy(out, octets->bytes, octets->len);
	out[octets->len] = 0;
	return out;
}

static int header_of(const struct etsi_record *r, struct etsi_header *h)
{
	struct names n;

	n.stream = (struct etsi_stream){
		.liid = text_of(&r->liid, n.texts[0]),
		.authorization_country = text_of(&r->authorization_country, n.texts[1]),
		.operator_id = text_of(&r->operator_id, n.texts[2]),
		.network_element = text_of(&r->network_element, n.texts[3]),
		.delivery_country = text_of(&r->delivery_country, n.texts[4]),
		.interception_point = text_of(&r->interception_point, n.texts[5]),
		.cin = r->cin,
		.has_no_cin = !r->has_cin,
		.header_version = r->version,
		.service_version = r->part.version,
		.time_form = r->is_generalized ? ETSI_TIME_GENERALIZED : ETSI_TIME_MICROSECONDS,
		.qualifier = r->has_qualifier ? ETSI_OF_INTERCEPTION : ETSI_NO_QUALIFIER,
	};
	return etsi_header_init(h, &n.stream, NULL);
}

static int encode_cc(const struct etsi_header *h, const struct etsi_record *r, struct wr *w)
{
	struct ipcc cc = {r->part.content.bytes,
			  (uint32_t)r->part.content.len,
			  (uint32_t)r->part.original_len,
			  r->seq,
			  r->part.direction,
			  r->time};

	ipcc_encode(h, &cc, w);
	return 0;
}

static int encode_tri(const struct etsi_header *h, const struct etsi_record *r, struct wr *w)
{
	const struct etsi_tri_facts *t = &r->tri;
	struct etsi_octets left = t->numbers;
	struct tri tri = {.kind = (enum etsi_tri_kind)t->kind,
			  .seq = r->seq,
			  .time = r->time,
			  .octets = t->value.bytes ? t->value : t->message,
			  .priority = (enum etsi_priority)t->priority,
			  .is_requested = t->is_requested,
			  .is_accepted = t->is_accepted,
			  .is_declined = t->is_declined,
			  .check_type = (enum etsi_check_type)t->check_type,
			  .check_of = (enum etsi_check_of)t->check_of,
			  .hash = (enum etsi_hash)t->hash,
			  .signature = (enum etsi_signature)t->signature,
			  .n_covered = t->n_numbers};

	(void)etsi_number_next(&left, &tri.first_covered);
	return tri_encode(h, &tri, w, NULL);
}

static int encode_hi1(const struct etsi_header *h, const struct etsi_record *r, struct wr *w)
{
	char liid[MAX_TEXT], text[MAX_TEXT], operator_id[MAX_TEXT];
	struct hi1 hi1 = {.operation = (enum hi1_operation)r->hi1.operation,
			  .seq = r->seq,
			  .time = r->time,
			  .at = r->hi1.time,
			  .liid = text_of(&r->hi1.liid, liid),
			  .text = text_of(&r->hi1.text, text)};

	if (hi1.operation != HI1_ALARM)
		hi1.operator_id = text_of(&r->operator_id, operator_id);
	return hi1_encode(h, &hi1, w, NULL);
}

/* golden/encrypted.ber's key: octets 0 to 23. */
static int encode_sealed(const struct etsi_record *r, struct wr *w)
{
	static struct sealer *sealer;
	struct seal_key key = {.cipher = SEAL_AES_192_CBC, .len = 24};
	struct seal seal = {.key = &key};
	uint8_t plain[4096];
	struct wr opened = wr_of(plain, sizeof plain);
	struct seal_opened o;
	struct etsi_header h;
	struct ipcc cc;
	int rc = sealer ? 0 : sealer_new(&sealer);

	for (uint8_t i = 0; i < key.len; i++)
		key.octets[i] = i;
	seal.sealer = sealer;
	if (!rc)
		rc = seal_open(&seal, r, &opened, &o, NULL);
	if (!rc)
		rc = header_of(&o.record, &h);
	if (rc)
		return rc;
	cc = (struct ipcc){o.record.part.content.bytes,
			   (uint32_t)o.record.part.content.len,
			   0,
			   r->seq,
			   o.record.part.direction,
			   r->time};
	seal.counter = o.counter;
	return sealed_ipcc_encode(&seal, &h, &cc, w);
}

/* ERR_UNSUPPORTED where we have no encoder for it. */
static int encode(const struct etsi_record *r, struct wr *w)
{
	struct etsi_header h;
	int rc = header_of(r, &h);

	if (rc)
		return rc;
	switch (r->kind) {
	case ETSI_RECORD_CC:
		return r->part.contents == 2 ? encode_cc(&h, r, w) : ERR_UNSUPPORTED;
	case ETSI_RECORD_TRI:
		return encode_tri(&h, r, w);
	case ETSI_RECORD_HI1:
		return encode_hi1(&h, r, w);
	case ETSI_RECORD_ENCRYPTED:
		return encode_sealed(r, w);
	default:
		return ERR_UNSUPPORTED;
	}
}

static const char *name_of(const uint8_t *pdu, size_t len)
{
	static uint8_t printed[65536];
	struct wr w = wr_of(printed, sizeof printed);
	struct etsi_decoded d;

	etsi_decode(pdu, len, ETSI_JSON, &w, &d);
	return d.kind[1] ? d.kind[1] : d.kind[0];
}

static void test_file(const char *name, int n_same, int n_others)
{
	char path[64];
	size_t n = 0, len = 0;
	uint8_t *golden;
	int same = 0, others = 0, n_bad = 0;

	snprintf(path, sizeof path, "asn1/golden/%s.ber", name);
	golden = (uint8_t *)golden_read(path, &n);
	if (!golden) {
		skip("golden/%s.ber: no shared folder here", name);
		return;
	}
	for (size_t at = 0; at < n; at += len) {
		struct wr w = wr_of(room, sizeof room);
		struct etsi_record r;
		int rc = etsi_pdu_len(golden + at, n - at, &len, NULL);

		if (!rc)
			rc = etsi_record_read(golden + at, len, &r, NULL);
		if (!rc)
			rc = encode(&r, &w);
		if (rc == ERR_UNSUPPORTED) {
			printf("# %s: PDU %d: not encoded from what the reader takes: %s\n", name,
			       same + others + n_bad + 1, name_of(golden + at, len));
			others++;
		} else if (rc || w.len != len || memcmp(room, golden + at, len) != 0) {
			n_bad++;
		} else {
			same++;
		}
	}
	ok(n_bad == 0 && same == n_same && others == n_others,
	   "golden/%s.ber: encoded again, %d PDUs have the same octets; of %d we have none", name,
	   same, others);
	free(golden);
}

int main(void)
{
	test_file("ipaccess", 4, 3);
	test_file("tri-hi1", 24, 0);
	test_file("encrypted", 6, 0);
	test_file("services", 0, 14);
	test_file("sip", 0, 6);
	return tap_end();
}
