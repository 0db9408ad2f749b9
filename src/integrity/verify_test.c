#include "integrity/verify.h"

#include "base/tap.h"
#include "etsi/decode.h"
#include "etsi/golden.h"
#include "integrity/integrity.h"
#include "integrity/keys.h"
#include "etsi/seal.h"

#include <stdlib.h>

enum { MAX_PDUS = 64, PDU_ROOM = 4096 };

/* A stream as it is sent: records, hashes and signatures in their order. */
struct sent {
	uint8_t octets[MAX_PDUS * PDU_ROOM];
	struct etsi_octets pdus[MAX_PDUS];
	int n;
};

static struct sent sent;

static const struct etsi_stream stream = {.liid = "L1", .operator_id = "op", .cin = 9};

static void keep(struct wr *w, size_t from)
{
	size_t len;

	for (; from < w->len && !etsi_pdu_len(w->bytes + from, w->len - from, &len, NULL);
	     from += len)
		sent.pdus[sent.n++] = (struct etsi_octets){w->bytes + from, len};
}

/* n packets, sealed where there is a seal. */
static bool send_packets(const struct integrity_plan *plan, int n, struct seal *seal)
{
	static const uint8_t packet[20] = {0x45, 0, 0, 20};
	struct wr w = wr_of(sent.octets, sizeof sent.octets);
	struct etsi_header h;
	struct integrity i;
	int rc = etsi_header_init(&h, &stream, NULL);

	sent.n = 0;
	if (!rc)
		rc = integrity_init(&i, plan, ETSI_CHECK_OF_CC, NULL);
	for (int k = 0; k < n && !rc; k++) {
		struct ipcc cc = {packet, sizeof packet, 0, (uint32_t)k, ETSI_FROM_TARGET, {k}};
		size_t from = w.len;

		if (seal)
			rc = sealed_ipcc_encode(seal, &h, &cc, &w);
		else
			ipcc_encode(&h, &cc, &w);
		if (!rc)
			rc = integrity_add(&i, w.bytes + from, w.len - from, cc.seq, cc.time);
		if (!rc && (integrity_is_due(&i, cc.time) || k == n - 1))
			rc = integrity_encode(&i, &h, cc.time, k == n - 1, &w);
		keep(&w, from);
	}
	integrity_fini(&i);
	return rc == 0 && w.ok;
}

/* How many checks gave this verdict; PDU `left_out` is not received. */
static int count_verdicts(enum verdict wanted, int left_out, const struct signer *signer,
			  size_t limit)
{
	struct verifier *v;
	int n = 0, rc = verifier_new(&v, limit);

	for (int k = 0; k < sent.n && !rc; k++) {
		struct etsi_record r;
		enum verdict verdict;

		rc = etsi_record_read(sent.pdus[k].bytes, sent.pdus[k].len, &r, NULL);
		if (rc || k == left_out)
			continue;
		if (r.kind != ETSI_RECORD_TRI) {
			rc = verifier_take(v, &sent.pdus[k], NULL, r.seq);
			continue;
		}
		rc = verifier_check(v, &sent.pdus[k], &r, signer, &verdict);
		n += !rc && verdict == wanted;
	}
	verifier_free(&v);
	return rc ? -1 : n;
}

static void test_hashes(void)
{
	static const enum etsi_hash hashes[] = {ETSI_SHA_1, ETSI_SHA_256, ETSI_SHA_384,
						ETSI_SHA_512};
	struct integrity_plan plan = {.count = 3};

	for (int i = 0; i < 4; i++) {
		plan.hash = hashes[i];
		ok(send_packets(&plan, 10, NULL) &&
			   count_verdicts(VERDICT_RIGHT, -1, NULL, 100000) == 4,
		   "%s over three PDUs each, and over the last: all are right",
		   signer_hash_name(hashes[i]));
	}
	ok(count_verdicts(VERDICT_MISSING, 1, NULL, 100000) == 1 &&
		   count_verdicts(VERDICT_RIGHT, 1, NULL, 100000) == 3,
	   "a PDU that was not received: its hash says that it is missing");
	((uint8_t *)(uintptr_t)sent.pdus[5].bytes)[sent.pdus[5].len - 1] ^= 1;
	ok(count_verdicts(VERDICT_WRONG, -1, NULL, 100000) == 1 &&
		   count_verdicts(VERDICT_RIGHT, -1, NULL, 100000) == 3,
	   "a PDU that was changed: its hash is wrong");
}

static void test_signatures(const char *kind)
{
	static char secret[KEY_TEXT_SIZE], public[KEY_TEXT_SIZE], other[KEY_TEXT_SIZE];
	struct integrity_plan plan = {.hash = ETSI_SHA_256, .count = 2, .sign_count = 2};
	struct signer *signer = NULL, *checker = NULL, *stranger = NULL;

	ok(keys_make(kind, secret, other) && keys_make(kind, secret, public) &&
		   signer_parse(&signer, secret, strlen(secret), true, NULL) == 0 &&
		   signer_parse(&checker, public, strlen(public), false, NULL) == 0 &&
		   signer_parse(&stranger, other, strlen(other), false, NULL) == 0,
	   "%s: keys", kind);
	plan.signer = signer;
	ok(send_packets(&plan, 9, NULL) && sent.n == 9 + 5 + 3 &&
		   count_verdicts(VERDICT_RIGHT, -1, checker, 100000) == 8,
	   "%s: five hashes and three signatures are right", kind);
	ok(count_verdicts(VERDICT_WRONG, -1, stranger, 100000) == 3,
	   "%s: the signatures are not another key's", kind);
	ok(count_verdicts(VERDICT_UNKNOWN, -1, NULL, 100000) == 3, "%s: without a key nobody knows",
	   kind);
	ok(count_verdicts(VERDICT_MISSING, 2, checker, 100000) == 1,
	   "%s: a hash that was not received is missing for its signature", kind);
	signer_free(&signer);
	signer_free(&checker);
	signer_free(&stranger);
}

static void test_limit(void)
{
	struct integrity_plan plan = {.hash = ETSI_SHA_256, .count = 20};
	struct verifier *v;
	int rc;

	ok(send_packets(&plan, 20, NULL) &&
		   count_verdicts(VERDICT_MISSING, -1, NULL, 10 * sent.pdus[0].len) == 1,
	   "what is beyond the limit is given up, and then missing");
	rc = verifier_new(&v, 3 * sent.pdus[0].len);
	for (uint32_t k = 0; k < 1000 && !rc; k++)
		rc = verifier_take(v, &sent.pdus[0], NULL, k);
	ok(rc == 0 && verifier_n_waiting(v) == 3 && verifier_n_given_up(v) == 997,
	   "never more is kept than the limit");
	rc = verifier_take(v, &(struct etsi_octets){sent.octets, sizeof sent.octets}, NULL, 1000);
	ok(rc == 0 && verifier_n_waiting(v) == 0 && verifier_n_given_up(v) == 1001,
	   "nor a PDU that is larger than it");
	verifier_free(&v);
}

/* The stream of golden/encrypted.ber, whose hash is over the form before encryption. */
static void test_clear_form(struct sealer *sealer)
{
	struct seal_key key = {.cipher = SEAL_AES_192_CBC, .len = 24};
	const struct seal seal = {sealer, &key, 0};
	size_t n = 0, len = 0;
	uint8_t *golden = (uint8_t *)golden_read("asn1/golden/encrypted.ber", &n);
	enum verdict verdict = VERDICT_UNKNOWN;
	struct verifier *v;
	int rc = verifier_new(&v, 100000);

	for (uint8_t i = 0; i < 24; i++)
		key.octets[i] = i;
	if (!golden)
		skip("golden/encrypted.ber: no shared folder here");
	for (size_t at = 0; golden && at < n && !rc; at += len) {
		uint8_t plain[4096], clear[4096];
		struct wr w = wr_of(plain, sizeof plain), form = wr_of(clear, sizeof clear);
		struct etsi_octets pdu;
		struct etsi_record r;
		struct seal_opened o;

		rc = etsi_pdu_len(golden + at, n - at, &len, NULL);
		pdu = (struct etsi_octets){golden + at, len};
		if (!rc)
			rc = etsi_record_read(pdu.bytes, len, &r, NULL);
		if (!rc && r.kind == ETSI_RECORD_TRI) {
			rc = verifier_check(v, &pdu, &r, NULL, &verdict);
			continue;
		}
		if (!rc)
			rc = seal_open(&seal, &r, &w, &o, NULL);
		if (!rc)
			rc = seal_clear_form(&pdu, &r, o.plain, &form);
		if (!rc)
			rc = verifier_take(v, &pdu, clear, r.seq);
	}
	if (golden)
		ok(rc == 0 && verdict == VERDICT_RIGHT && verifier_n_waiting(v) == 0,
		   "golden/encrypted.ber: the hash over the form before encryption is right");
	verifier_free(&v);
	free(golden);
}

static void test_sealed(struct sealer *sealer)
{
	struct seal_key key = {.cipher = SEAL_AES_256_CBC, .len = 32};
	struct seal seal = {sealer, &key, 0};
	struct integrity_plan plan = {.hash = ETSI_SHA_384, .count = 5};

	ok(send_packets(&plan, 10, &seal) && count_verdicts(VERDICT_RIGHT, -1, NULL, 100000) == 2,
	   "hashes over encrypted PDUs, as they are delivered, are right without a key");
}

int main(void)
{
	struct sealer *sealer;

	ok(sealer_new(&sealer) == 0, "a sealer");
	test_hashes();
	test_signatures("ED25519");
	test_signatures("ED448");
	test_signatures("P-256");
	test_limit();
	test_clear_form(sealer);
	test_sealed(sealer);
	sealer_free(&sealer);
	return tap_end();
}
