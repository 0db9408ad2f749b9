#include "gcm/gcm.h"

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"

enum { MOST = 40000, BOUND_MOST = 600, N_MIXED = 400, TAG_LEN = 16, NONCE_LEN = 12 };

/* One message, with all that belongs to it. */
struct message {
	uint8_t key[32], nonce[NONCE_LEN], tag[TAG_LEN];
	uint8_t bound[BOUND_MOST];
	size_t bound_len, len;
	uint8_t bytes[MOST];
};

/* [0]: with keys of 128 bits, [1]: of 256 */
static EVP_CIPHER *ours[2];
static const EVP_CIPHER *openssls[2];
static uint64_t seed = 88172645463325252ULL;

static unsigned draw(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % below;
}

static void fill(uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)draw(256);
}

/* Mostly all at once, as TLS does; else in pieces. */
static size_t piece(size_t left, bool is_split)
{
	size_t len = is_split ? draw(draw(2) ? 40 : 5000) : left;

	return len < left ? len : left;
}

/* Enciphers or deciphers m's bytes to out (may be the same). Whether all went well. */
static bool run(EVP_CIPHER_CTX *x, bool is_sealing, struct message *m, uint8_t *out, bool is_split)
{
	size_t at = 0, len;
	bool is_good = EVP_CipherInit_ex(x, NULL, NULL, m->key, m->nonce, is_sealing) == 1;
	int n = 0;

	if (!is_sealing)
		is_good = is_good &&
			  EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, m->tag) == 1;
	for (; is_good && at < m->bound_len; at += len) {
		len = piece(m->bound_len - at, is_split);
		is_good = EVP_CipherUpdate(x, NULL, &n, m->bound + at, (int)len) == 1;
	}
	for (at = 0; is_good && at < m->len; at += len) {
		len = piece(m->len - at, is_split);
		is_good = EVP_CipherUpdate(x, out + at, &n, m->bytes + at, (int)len) == 1 &&
			  n == (int)len;
	}
	is_good = is_good && EVP_CipherFinal_ex(x, out + m->len, &n) == 1 && n == 0;
	if (is_sealing)
		is_good = is_good &&
			  EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, m->tag) == 1;
	return is_good;
}

static EVP_CIPHER_CTX *use_of(const EVP_CIPHER *cipher)
{
	EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();

	if (!x || EVP_CipherInit_ex(x, cipher, NULL, NULL, NULL, 1) != 1)
		exit(2);
	return x;
}

/* ---- known answers ---- */

/* The cases of GCM's proposal to NIST (McGrew and Viega, appendix B) whose nonce has 96 bits. */
#define KEY        "feffe9928665731c6d6a8f9467308308"
#define NONCE      "cafebabefacedbaddecaf888"
#define ZERO_NONCE "000000000000000000000000"
#define ZERO       "00000000000000000000000000000000"
#define CLEAR_60                                                                                   \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"                         \
	"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define BOUND "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define SEALED_128                                                                                 \
	"42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"                         \
	"21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
#define SEALED_256                                                                                 \
	"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"                         \
	"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"

static const struct {
	int number;
	const char *key, *nonce, *bound, *clear, *sealed, *tag;
} cases[] = {
	{1, ZERO, ZERO_NONCE, "", "", "", "58e2fccefa7e3061367f1d57a4e7455a"},
	{2, ZERO, ZERO_NONCE, "", ZERO, "0388dace60b6a392f328c2b971b2fe78",
	 "ab6e47d42cec13bdf53a67b21257bddf"},
	{3, KEY, NONCE, "", CLEAR_60 "1aafd255", SEALED_128 "473f5985",
	 "4d5c2af327cd64a62cf35abd2ba6fab4"},
	{4, KEY, NONCE, BOUND, CLEAR_60, SEALED_128, "5bc94fbc3221a5db94fae95ae7121a47"},
	{13, ZERO ZERO, ZERO_NONCE, "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
	{14, ZERO ZERO, ZERO_NONCE, "", ZERO, "cea7403d4d606b6e074ec5d3baf39d18",
	 "d0d1c8a799996bf0265b98b5d48ab919"},
	{15, KEY KEY, NONCE, "", CLEAR_60 "1aafd255", SEALED_256 "898015ad",
	 "b094dac5d93471bdec1a502270e3cc6c"},
	{16, KEY KEY, NONCE, BOUND, CLEAR_60, SEALED_256, "76fc6ece0f4e1768cddf8853bb2d551b"},
};

static size_t read_hex(const char *text, uint8_t *out)
{
	size_t len = strlen(text) / 2;

	for (size_t i = 0; i < len; i++) {
		const char two[3] = {text[2 * i], text[2 * i + 1]};

		out[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return len;
}

static void test_answers(void)
{
	static struct message m;
	static uint8_t out[MOST + TAG_LEN];
	uint8_t expected[TAG_LEN];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool is_long = read_hex(cases[i].key, m.key) == 32;
		EVP_CIPHER_CTX *x = use_of(ours[is_long]);
		bool is_good;

		read_hex(cases[i].nonce, m.nonce);
		read_hex(cases[i].tag, expected);
		m.bound_len = read_hex(cases[i].bound, m.bound);
		m.len = read_hex(cases[i].clear, m.bytes);
		is_good = run(x, true, &m, out, false) && !memcmp(m.tag, expected, TAG_LEN);
		read_hex(cases[i].sealed, m.bytes);
		is_good = is_good && !memcmp(out, m.bytes, m.len);
		ok(is_good, "case %d is sealed as it should be", cases[i].number);
		is_good = run(x, false, &m, out, false);
		read_hex(cases[i].clear, m.bytes);
		ok(is_good && !memcmp(out, m.bytes, m.len), "case %d is opened", cases[i].number);
		EVP_CIPHER_CTX_free(x);
	}
}

/* ---- beside OpenSSL's own ---- */

/* Near what a step of the code takes at once: a block, 4, 16, 48 of them; and anything. */
static size_t draw_len(void)
{
	static const size_t steps[] = {16, 64, 256, 512, 768, 1024, 16384};

	if (draw(3))
		return steps[draw(7)] * (1 + draw(2)) + draw(5) - 2;
	return draw(draw(2) ? 300 : MOST);
}

static void draw_message(struct message *m)
{
	fill(m->key, sizeof m->key);
	fill(m->nonce, sizeof m->nonce);
	m->bound_len = draw(3) ? draw(40) : draw(BOUND_MOST);
	fill(m->bound, m->bound_len);
	m->len = draw_len();
	fill(m->bytes, m->len);
}

/* One is sealed by both and opened by the other; in place on every second time. */
static bool is_same(EVP_CIPHER_CTX *mine, EVP_CIPHER_CTX *theirs)
{
	static struct message m, other;
	static uint8_t clear[MOST], out[MOST + TAG_LEN];
	bool is_in_place = draw(2), is_good;

	draw_message(&m);
	memcpy(clear, m.bytes, m.len);
	other = m;
	if (!run(mine, true, &m, is_in_place ? m.bytes : out, draw(2)) ||
	    !run(theirs, true, &other, other.bytes, false))
		return false;
	if (!is_in_place)
		memcpy(m.bytes, out, m.len);
	is_good = !memcmp(m.bytes, other.bytes, m.len) && !memcmp(m.tag, other.tag, TAG_LEN);
	is_good = is_good && run(theirs, false, &m, out, false) && !memcmp(out, clear, m.len);
	return is_good && run(mine, false, &m, is_in_place ? m.bytes : out, draw(2)) &&
	       !memcmp(is_in_place ? m.bytes : out, clear, m.len);
}

static void test_beside(int bits, EVP_CIPHER *cipher, const EVP_CIPHER *own)
{
	EVP_CIPHER_CTX *mine = use_of(cipher), *theirs = use_of(own);
	int n = 0;

	while (n < N_MIXED && is_same(mine, theirs))
		n++;
	ok(n == N_MIXED, "%d messages are as OpenSSL's own, both ways, in any pieces, AES-%d (%d)",
	   N_MIXED, bits, n);
	EVP_CIPHER_CTX_free(mine);
	EVP_CIPHER_CTX_free(theirs);
}

/* ---- what is refused ---- */

static void test_changed(int bits, const EVP_CIPHER *cipher)
{
	static struct message m;
	static uint8_t out[MOST + TAG_LEN];
	EVP_CIPHER_CTX *x = use_of(cipher);
	int n_tags = 0, n_bytes = 0, n_bound = 0;
	bool is_good;

	draw_message(&m);
	m.len = 1000;
	m.bound_len = 5;
	is_good = run(x, true, &m, out, false);
	memcpy(m.bytes, out, m.len);
	ok(is_good && run(x, false, &m, out, false), "a message, AES-%d", bits);
	for (int i = 0; i < 8 * TAG_LEN; i++, m.tag[(i - 1) / 8] ^= (uint8_t)(1 << (i - 1) % 8)) {
		m.tag[i / 8] ^= (uint8_t)(1 << i % 8);
		n_tags += !run(x, false, &m, out, false);
	}
	ok(n_tags == 8 * TAG_LEN, "no tag opens it that differs in a bit (%d)", n_tags);
	for (size_t i = 0; i < m.len; i += 37, m.bytes[i - 37] ^= 1) {
		m.bytes[i] ^= 1;
		n_bytes += !run(x, false, &m, out, true);
	}
	ok(n_bytes == 28, "nor does it open with a bit changed (%d)", n_bytes);
	for (size_t i = 0; i < m.bound_len; i++, m.bound[i - 1] ^= 128) {
		m.bound[i] ^= 128;
		n_bound += !run(x, false, &m, out, false);
	}
	ok(n_bound == 5, "nor with one changed of what is bound (%d)", n_bound);
	m.nonce[3] ^= 1;
	ok(!run(x, false, &m, out, false), "nor with another nonce");
	m.nonce[3] ^= 1;
	m.len--;
	ok(!run(x, false, &m, out, false), "nor when it is cut");
	m.len++;
	ok(run(x, false, &m, out, false), "and as it was, it does");
	EVP_CIPHER_CTX_free(x);
}

static void test_order(void)
{
	static const uint8_t key[32], nonce[NONCE_LEN];
	EVP_CIPHER_CTX *x = use_of(gcm_aes256());
	uint8_t bytes[64] = {0}, tag[TAG_LEN] = {0};
	int n;

	ok(EVP_EncryptInit_ex(x, NULL, NULL, key, nonce) == 1 &&
		   EVP_EncryptUpdate(x, bytes, &n, bytes, 5) == 1 &&
		   EVP_EncryptUpdate(x, NULL, &n, bytes, 5) != 1,
	   "nothing is bound after what is sealed");
	ok(EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) != 1,
	   "who seals sets no tag");
	ok(EVP_EncryptFinal_ex(x, bytes, &n) == 1 &&
		   EVP_EncryptUpdate(x, bytes, &n, bytes, 5) != 1 &&
		   EVP_EncryptFinal_ex(x, bytes, &n) != 1,
	   "a nonce is used up by its message");
	EVP_CIPHER_CTX_free(x);
}

/* What OpenSSL's own lets pass. */
static void test_strict(void)
{
	static const uint8_t key[32], nonce[NONCE_LEN];
	EVP_CIPHER_CTX *x = use_of(gcm_aes256()), *other = EVP_CIPHER_CTX_new();
	uint8_t bytes[64] = {0}, tag[TAG_LEN] = {0};
	int n;

	ok(EVP_EncryptInit_ex(x, NULL, NULL, key, NULL) == 1 &&
		   EVP_EncryptUpdate(x, bytes, &n, bytes, 5) != 1,
	   "nothing is sealed without a nonce");
	ok(EVP_EncryptInit_ex(x, NULL, NULL, NULL, nonce) == 1 &&
		   EVP_EncryptUpdate(x, bytes, &n, bytes, 5) == 1 &&
		   EVP_EncryptInit_ex(x, NULL, NULL, key, NULL) == 1 &&
		   EVP_EncryptUpdate(x, bytes, &n, bytes, 5) != 1,
	   "nor the rest of a message with another key");
	ok(EVP_EncryptInit_ex(x, NULL, NULL, NULL, nonce) == 1 &&
		   EVP_EncryptFinal_ex(x, bytes, &n) == 1 &&
		   EVP_DecryptInit_ex(x, NULL, NULL, NULL, nonce) == 1 &&
		   EVP_DecryptFinal_ex(x, bytes, &n) != 1,
	   "nothing is good without a tag to compare, not even with the one just made");
	ok(EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_IVLEN, 16, NULL) != 1 &&
		   EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL) == 1,
	   "a nonce has 12 octets");
	ok(EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_TAG, 12, tag) != 1 &&
		   EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) == 1,
	   "a tag has 16");
	ok(EVP_CIPHER_CTX_set_padding(x, 1) != 1, "a parameter that means nothing is refused");
	ok(other && EVP_CIPHER_CTX_copy(other, x) != 1, "no use is copied");
	EVP_CIPHER_CTX_free(other);
	EVP_CIPHER_CTX_free(x);
}

/* ---- whose it is ---- */

static const char *maker(const EVP_CIPHER *cipher)
{
	const OSSL_PROVIDER *provider = EVP_CIPHER_get0_provider(cipher);

	return provider ? OSSL_PROVIDER_get0_name(provider) : "OpenSSL";
}

static void test_maker(void)
{
	EVP_CIPHER *others = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	const char *expected = gcm_is_by_lanes() ? "weir-lanes" : maker(others);

	ok(others && !strcmp(maker(others), "default"), "nobody else's cipher is another");
	ok(!strcmp(maker(ours[0]), expected) && !strcmp(maker(ours[1]), expected),
	   "it is %s's, for both lengths of keys", expected);
	ok(EVP_CIPHER_is_a(gcm_aes256(), "AES-256-GCM"), "and so is what room seal asks for");
	ok(!gcm_is_by_lanes() || !strcmp(maker(gcm_aes256()), expected), "by the same");
	EVP_CIPHER_free(others);
}

int main(void)
{
	static const char *const names[] = {"AES-128-GCM", "AES-256-GCM"};
	struct gcm_place place = gcm_place();

	openssls[0] = EVP_aes_128_gcm();
	openssls[1] = EVP_aes_256_gcm();
	for (int i = 0; i < 2; i++) {
		ours[i] = EVP_CIPHER_fetch(place.lib, names[i], place.query);
		if (!ours[i])
			return 2;
	}
	test_maker();
	test_answers();
	for (int i = 0; i < 2; i++) {
		test_beside(128 * (i + 1), ours[i], openssls[i]);
		test_changed(128 * (i + 1), ours[i]);
		EVP_CIPHER_free(ours[i]);
	}
	test_order();
	if (gcm_is_by_lanes())
		test_strict();
	else
		skip("what libipsec-mb's refuses and OpenSSL's own does not: not with this "
		     "processor or build");
	return tap_end();
}
