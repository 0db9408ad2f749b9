#include "etsi/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "ber/reader.h"
#include "etsi/chain.h"
#include "etsi/fields.h"
#include "etsi/stamp.h"

enum {
	BLOCK = 16,
	TAG_CONTAINER = 0xa4,
	TAG_TYPE = 0x80,
	TAG_OCTETS = 0x81,
	TAG_PART = 0x82,
	TAG_COUNTER = 0x80,
	TAG_INNER_PAYLOAD = 0xa1,
	BYTE_ELEMENT = 3, /* 80 01 tt, 82 01 pp */
	PART_UNKNOWN = 1,
	PART_3 = 3,
	PART_5 = 5,
	PART_1 = 8,
	IP_CONTENTS = 2,
};

static const struct cipher {
	const char *text, *name;
	uint8_t type, key_len;
} ciphers[] = {
	{"aes-192-cbc", "AES-192-CBC", SEAL_AES_192_CBC, 24},
	{"aes-256-cbc", "AES-256-CBC", SEAL_AES_256_CBC, 32},
};

enum { N_CIPHERS = sizeof ciphers / sizeof ciphers[0] };

/* A library's context and the key in it: to give it another IV is cheap, another key is not. */
struct pen {
	EVP_CIPHER_CTX *evp;
	struct seal_key key;
};

struct sealer {
	EVP_CIPHER *ciphers[N_CIPHERS];
	struct pen encrypt, decrypt;
};

static const struct cipher *cipher_of(unsigned type)
{
	for (size_t i = 0; i < N_CIPHERS; i++)
		if (ciphers[i].type == type)
			return &ciphers[i];
	return NULL;
}

const char *seal_cipher_text(unsigned cipher)
{
	const struct cipher *c = cipher_of(cipher);

	return c ? c->text : NULL;
}

int seal_key_init(struct seal_key *key, enum seal_cipher cipher, const void *octets, size_t len,
		  struct why *why)
{
	const struct cipher *c = cipher_of(cipher);

	memset(key, 0, sizeof *key);
	if (!c)
		return why_set(why, ERR_USAGE, "no cipher has the number %u", cipher);
	if (len != c->key_len)
		return why_set(why, ERR_USAGE, "a key of %s has %u octets, not %zu", c->text,
			       c->key_len, len);
	key->cipher = c->type;
	key->len = c->key_len;
	memcpy(key->octets, octets, len);
	return 0;
}

static int digit_of(char c)
{
	const char *digits = "0123456789abcdef", *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

int seal_key_parse(struct seal_key *key, const char *cipher, const char *text, struct why *why)
{
	const struct cipher *c = NULL;
	uint8_t octets[SEAL_MAX_KEY];
	size_t len;
	int rc;

	memset(key, 0, sizeof *key);
	for (size_t i = 0; i < N_CIPHERS; i++)
		if (strcmp(ciphers[i].text, cipher) == 0)
			c = &ciphers[i];
	if (!c)
		return why_set(why, ERR_USAGE, "no cipher is called \"%.40s\"", cipher);
	if (strncmp(text, "0x", 2) == 0)
		text += 2;
	len = strlen(text);
	if (len != 2u * c->key_len)
		return why_set(why, ERR_USAGE, "a key of %s has %u hexadecimal digits, not %zu",
			       c->text, 2 * c->key_len, len);
	for (size_t i = 0; i < c->key_len; i++) {
		int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return why_set(why, ERR_USAGE, "a key is hexadecimal digits");
		octets[i] = (uint8_t)(high << 4 | low);
	}
	rc = seal_key_init(key, (enum seal_cipher)c->type, octets, c->key_len, why);
	OPENSSL_cleanse(octets, sizeof octets);
	return rc;
}

void seal_key_fini(struct seal_key *key)
{
	OPENSSL_cleanse(key, sizeof *key);
}

int sealer_new(struct sealer **out)
{
	struct sealer *s = OPENSSL_zalloc(sizeof *s);
	bool ok = s != NULL;

	*out = NULL;
	if (!s)
		return ERR_NOMEM;
	for (size_t i = 0; i < N_CIPHERS; i++) {
		s->ciphers[i] = EVP_CIPHER_fetch(NULL, ciphers[i].name, NULL);
		ok = ok && s->ciphers[i];
	}
	s->encrypt.evp = EVP_CIPHER_CTX_new();
	s->decrypt.evp = EVP_CIPHER_CTX_new();
	*out = s;
	if (ok && s->encrypt.evp && s->decrypt.evp)
		return 0;
	sealer_free(out);
	return ERR_NOMEM;
}

void sealer_free(struct sealer **sealer)
{
	struct sealer *s = *sealer;

	if (!s)
		return;
	for (size_t i = 0; i < N_CIPHERS; i++)
		EVP_CIPHER_free(s->ciphers[i]);
	EVP_CIPHER_CTX_free(s->encrypt.evp);
	EVP_CIPHER_CTX_free(s->decrypt.evp);
	OPENSSL_clear_free(s, sizeof *s);
	*sealer = NULL;
}

/* Encrypts or decrypts a multiple of 16 octets; out may be where they stand. */
static bool run(const struct seal *seal, bool is_encryption, uint32_t seq,
		const struct etsi_octets *in, uint8_t *out)
{
	struct sealer *s = seal->sealer;
	const struct seal_key *key = seal->key;
	struct pen *pen = is_encryption ? &s->encrypt : &s->decrypt;
	bool is_new = memcmp(&pen->key, key, sizeof *key) != 0;
	const struct cipher *c = cipher_of(key->cipher);
	uint32_t word = __builtin_bswap32(seq);
	uint8_t iv[BLOCK];
	int n = 0;

	for (size_t i = 0; i < sizeof iv; i += sizeof word)
		memcpy(iv + i, &word, sizeof word);
	if (!c || in->len > INT32_MAX)
		return false;
	if (is_new)
		OPENSSL_cleanse(&pen->key, sizeof pen->key);
	if (!EVP_CipherInit_ex2(pen->evp, is_new ? s->ciphers[c - ciphers] : NULL,
				is_new ? key->octets : NULL, iv, is_encryption, NULL))
		return false;
	pen->key = *key;
	return EVP_CIPHER_CTX_set_padding(pen->evp, 0) &&
	       EVP_CipherUpdate(pen->evp, out, &n, in->bytes, (int)in->len) && n == (int)in->len;
}

/* The lengths of a sealed PDU, from the inside out. */
struct measures {
	size_t plain_content; /* EncryptedPayload's */
	size_t padded;        /* plain text and zeros */
	size_t container;     /* encryptionContainer's content */
	size_t payload;       /* [2]'s content */
	size_t pdu;           /* the PS-PDU's content */
};

static struct measures measure(size_t header, size_t payload_element, uint64_t counter)
{
	struct measures m;

	m.plain_content = ber_tlv_len(ber_uint_len(counter)) + payload_element;
	m.padded = (ber_tlv_len(m.plain_content) + BLOCK - 1) / BLOCK * BLOCK;
	m.container = BYTE_ELEMENT + ber_tlv_len(m.padded) + BYTE_ELEMENT;
	m.payload = ber_tlv_len(m.container);
	m.pdu = header + ber_tlv_len(m.payload);
	return m;
}

static uint8_t *fill_tag_len(uint8_t *at, uint8_t tag, size_t len)
{
	*at = tag;
	return etsi_fill_len(at + 1, len);
}

/* What stands between the header and the plain text. */
static uint8_t *fill_container(uint8_t *at, const struct measures *m, uint8_t cipher)
{
	at = fill_tag_len(at, ETSI_TAG_PAYLOAD, m->payload);
	at = fill_tag_len(at, TAG_CONTAINER, m->container);
	at = fill_tag_len(at, TAG_TYPE, 1);
	*at++ = cipher;
	return fill_tag_len(at, TAG_OCTETS, m->padded);
}

static uint8_t *fill_counter(uint8_t *at, const struct measures *m, uint64_t counter)
{
	unsigned n = ber_uint_len(counter);

	at = fill_tag_len(at, BER_SEQUENCE | 0x20, m->plain_content);
	at = fill_tag_len(at, TAG_COUNTER, n);
	for (unsigned i = n; i; i--, counter >>= 8)
		at[i - 1] = (uint8_t)counter;
	return at + n;
}

/* Zeros behind the plain text, which is then encrypted where it stands, and the part's number. */
static bool finish(const struct seal *seal, uint32_t seq, uint8_t *plain, uint8_t *end,
		   const struct measures *m)
{
	const struct etsi_octets whole = {plain, m->padded};
	bool ok;

	memset(end, 0, (size_t)(plain + m->padded - end));
	ok = run(seal, true, seq, &whole, plain);
	if (!ok)
		OPENSSL_cleanse(plain, m->padded);
	return ok;
}

size_t sealed_ipcc_len(const struct etsi_header *h, const struct ipcc *cc, uint64_t counter)
{
	size_t header = etsi_header_len(h, cc->seq, cc->time);

	return ber_tlv_len(measure(header, etsi_payload_len(h, cc), counter).pdu);
}

static void fill_part(uint8_t *at, uint8_t part)
{
	at = fill_tag_len(at, TAG_PART, 1);
	*at = part;
}

int sealed_ipcc_encode(const struct seal *seal, const struct etsi_header *h, const struct ipcc *cc,
		       struct wr *w)
{
	struct etsi_stamp stamp = etsi_stamp_of(h, cc->seq, cc->time);
	size_t header = ber_tlv_len(stamp.content_len);
	struct measures m = measure(header, etsi_payload_len(h, cc), seal->counter);
	size_t start = w->len;
	uint8_t *at = wr_room(w, ber_tlv_len(m.pdu)), *plain, *inner, *end;

	if (!at)
		return ERR_FULL;
	at = fill_tag_len(at, ETSI_TAG_PS_PDU, m.pdu);
	at = etsi_stamp_fill(&stamp, h, at);
	plain = fill_container(at, &m, seal->key->cipher);
	inner = fill_counter(plain, &m, seal->counter);
	end = etsi_payload_fill(inner, h, cc);
	*inner = TAG_INNER_PAYLOAD; /* [1] of EncryptedPayload, which was [2] of the PS-PDU */
	if (!finish(seal, cc->seq, plain, end, &m)) {
		w->len = start;
		return ERR_IO;
	}
	fill_part(plain + m.padded, PART_3);
	return 0;
}

/* The two elements of a PS-PDU of ours. */
static bool split(const uint8_t *pdu, size_t len, struct ber_tlv *header, struct ber_tlv *payload)
{
	struct ber_rd r = ber_rd_of(pdu, len);
	struct ber_tlv t;

	if (ber_next(&r, &t) || !t.is_constructed || rd_left(&r.rd))
		return false;
	r = ber_inside(&t);
	return ber_next(&r, header) == 0 && header->tag == ber_context(1) &&
	       ber_next(&r, payload) == 0 && payload->tag == ber_context(2) && !rd_left(&r.rd);
}

static size_t whole(const struct ber_tlv *t)
{
	return t->header_len + t->len;
}

size_t seal_len(const uint8_t *pdu, size_t len, uint64_t counter)
{
	struct ber_tlv header, payload;

	if (!split(pdu, len, &header, &payload))
		return 0;
	return ber_tlv_len(measure(whole(&header), whole(&payload), counter).pdu);
}

static uint8_t part_of(const struct etsi_record *record)
{
	switch (record->kind) {
	case ETSI_RECORD_IRI:
	case ETSI_RECORD_CC:
		return record->part.contents == IP_CONTENTS    ? PART_3
		       : record->part.contents == ETSI_IPMMIRI ? PART_5
		       : record->part.contents == ETSI_IPMMCC  ? PART_5
							       : PART_UNKNOWN;
	case ETSI_RECORD_TRI:
	case ETSI_RECORD_HI1:
		return PART_1;
	default:
		return PART_UNKNOWN;
	}
}

int seal_pdu(const struct seal *seal, const uint8_t *pdu, size_t len, struct wr *w, struct why *why)
{
	struct ber_tlv header, payload;
	struct etsi_record record;
	size_t start = w->len;
	struct measures m;
	uint8_t *at, *plain, *inner;
	int rc = etsi_record_read(pdu, len, &record, why);

	if (rc)
		return rc;
	if (record.kind == ETSI_RECORD_ENCRYPTED || !split(pdu, len, &header, &payload))
		return why_set(why, ERR_BAD, "a PDU that is sealed already, or is none of ours");
	m = measure(whole(&header), whole(&payload), seal->counter);
	at = wr_room(w, ber_tlv_len(m.pdu));
	if (!at)
		return why_set(why, ERR_FULL, "no room for the sealed PDU");
	at = fill_tag_len(at, ETSI_TAG_PS_PDU, m.pdu);
	memcpy(at, header.start, whole(&header));
	plain = fill_container(at + whole(&header), &m, seal->key->cipher);
	inner = fill_counter(plain, &m, seal->counter);
	memcpy(inner, payload.start, whole(&payload));
	*inner = TAG_INNER_PAYLOAD;
	if (!finish(seal, record.seq, plain, inner + whole(&payload), &m)) {
		w->len = start;
		return why_set(why, ERR_IO, "the cryptographic library failed");
	}
	fill_part(plain + m.padded, part_of(&record));
	return 0;
}

/* EncryptedPayload, behind which there are fewer than 16 zeros. */
static int read_plain(const uint8_t *plain, size_t len, struct seal_opened *out, struct why *why)
{
	struct ber_rd r = ber_rd_of(plain, len);
	struct ber_tlv t, payload;
	struct fields f;
	uint32_t tag;
	int rc;

	if (ber_next(&r, &t) || t.tag != ber_tag(BER_UNIVERSAL, BER_SEQUENCE) ||
	    rd_left(&r.rd) >= BLOCK)
		return why_set(why, ERR_BAD,
			       "no payload comes out: another key, or changed octets");
	while (rd_left(&r.rd))
		if (rd_u8(&r.rd))
			return why_set(why, ERR_BAD, "what fills the last block is not zero");
	rc = fields_inside(&t, "EncryptedPayload", why, &f);
	while (!rc && (rc = fields_next(&f, &t, &tag)) == 0) {
		if (tag == 0 && !ber_get_u64(&t, &out->counter, NULL))
			rc = fields_bad(&f, "its byteCounter is none");
		else if (tag == 1)
			rc = fields_alternative(&t, "payload", why, &payload);
		if (!rc && tag == 1)
			rc = payload_read(&payload, &out->record, why);
	}
	if (rc != ERR_END)
		return rc;
	return fields_had(&f, 0) && fields_had(&f, 1) ? 0 : fields_bad(&f, "it is not whole");
}

static int check_key(const struct seal *seal, const struct etsi_record *record, struct why *why)
{
	unsigned type = record->sealed.type;

	if (record->kind != ETSI_RECORD_ENCRYPTED)
		return why_set(why, ERR_USAGE, "a record that is not sealed");
	if (type == SEAL_NONE)
		return 0;
	if (!cipher_of(type))
		return why_set(why, ERR_UNSUPPORTED, "encryption type %u cannot be opened", type);
	if (!seal->key || seal->key->cipher != type)
		return why_set(why, ERR_USAGE, "it is sealed with %s, for which there is no key",
			       seal_cipher_text(type));
	if (record->sealed.octets.len % BLOCK)
		return why_set(why, ERR_BAD, "%zu octets are no multiple of the block size",
			       record->sealed.octets.len);
	return 0;
}

int seal_open(const struct seal *seal, const struct etsi_record *record, struct wr *room,
	      struct seal_opened *out, struct why *why)
{
	const struct etsi_octets *octets = &record->sealed.octets;
	int rc = check_key(seal, record, why);
	uint8_t *plain;

	*out = (struct seal_opened){.record = *record};
	if (rc)
		return rc;
	plain = wr_room(room, octets->len);
	if (!plain)
		return why_set(why, ERR_FULL, "no room for the plain text");
	out->plain = plain;
	if (record->sealed.type == SEAL_NONE)
		memcpy(plain, octets->bytes, octets->len);
	else if (!run(seal, false, record->seq, octets, plain))
		return why_set(why, ERR_IO, "the cryptographic library failed");
	return read_plain(plain, octets->len, out, why);
}

int seal_clear_form(const struct etsi_octets *pdu, const struct etsi_record *record,
		    const uint8_t *plain, struct wr *w)
{
	const struct etsi_sealed *sealed = &record->sealed;
	size_t type_at = (size_t)(sealed->type_at - pdu->bytes);
	size_t octets_at = (size_t)(sealed->octets.bytes - pdu->bytes);
	uint8_t *at = wr_room(w, pdu->len);

	if (!at)
		return ERR_FULL;
	memcpy(at, pdu->bytes, pdu->len);
	at[type_at] = SEAL_NONE;
	memcpy(at + octets_at, plain, sealed->octets.len);
	return 0;
}

int seal_plain_pdu(const struct etsi_octets *pdu, const struct seal_opened *opened, struct wr *w)
{
	const struct etsi_octets *inner = &opened->record.payload;
	struct ber_tlv header, payload;
	size_t start = w->len;

	if (!split(pdu->bytes, pdu->len, &header, &payload))
		return ERR_BAD;
	ber_put_header(w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE), true,
		       whole(&header) + ber_tlv_len(inner->len));
	wr_bytes(w, header.start, whole(&header));
	ber_put_header(w, payload.tag, true, inner->len);
	wr_bytes(w, inner->bytes, inner->len);
	if (!w->ok)
		w->len = start;
	return w->ok ? 0 : ERR_FULL;
}
