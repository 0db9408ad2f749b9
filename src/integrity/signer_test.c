#include "integrity/signer.h"

#include "base/tap.h"
#include "integrity/keys.h"

static char secret[KEY_TEXT_SIZE], public[KEY_TEXT_SIZE];
static uint8_t room[1024], message_octets[100000];

static void test_kind(const char *kind, enum etsi_signature algorithm, enum etsi_hash hash)
{
	struct etsi_octets message = {message_octets, sizeof message_octets};
	struct signer *signer = NULL, *checker = NULL;
	struct wr w = wr_of(room, sizeof room);
	struct etsi_octets signature;

	ok(keys_make(kind, secret, public) &&
		   signer_parse(&signer, secret, strlen(secret), true, NULL) == 0 &&
		   signer_parse(&checker, public, strlen(public), false, NULL) == 0 &&
		   signer_algorithm(signer) == algorithm && signer_algorithm(checker) == algorithm,
	   "%s: a private and a public key", kind);
	if (!signer || !checker)
		return;
	ok(signer_sign(signer, hash, &message, &w) == 0 && w.len > 60, "%s: it signs", kind);
	signature = (struct etsi_octets){room, w.len};
	ok(signer_is_right(checker, hash, &message, &signature), "%s: the signature is right",
	   kind);
	ok(signer_is_right(signer, hash, &message, &signature), "%s: for its own key too", kind);
	room[w.len - 1] ^= 1;
	ok(!signer_is_right(checker, hash, &message, &signature), "%s: not when it was changed",
	   kind);
	room[w.len - 1] ^= 1;
	message.len--;
	ok(!signer_is_right(checker, hash, &message, &signature), "%s: nor when the message was",
	   kind);
	w = wr_of(room, 16);
	ok(signer_sign(signer, hash, &message, &w) == ERR_FULL, "%s: too little room is said",
	   kind);
	signer_free(&signer);
	signer_free(&checker);
}

static void refused(const char *what, const char *pem, bool is_private)
{
	struct signer *signer = NULL;
	struct why why;

	why_clear(&why);
	ok(signer_parse(&signer, pem, strlen(pem), is_private, &why) == ERR_USAGE && !signer &&
		   why.text[0],
	   "%s is refused: %s", what, why.text);
	signer_free(&signer);
}

int main(void)
{
	test_kind("ED25519", ETSI_EDDSA, ETSI_SHA_256);
	test_kind("ED448", ETSI_EDDSA, ETSI_SHA_256);
	test_kind("P-256", ETSI_ECDSA, ETSI_SHA_256);
	test_kind("P-384", ETSI_ECDSA, ETSI_SHA_512);
	refused("a public key where it must sign", public, true);
	refused("text that is no PEM", "alice", false);
	if (keys_make("RSA", secret, public))
		refused("an RSA key", secret, true);
	return tap_end();
}
