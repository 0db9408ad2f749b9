#include "store/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wr.h"

enum { SEAL_KEY_LEN = 32, SEAL_NONCE_LEN = 12, SEAL_TAG_LEN = 16, SEAL_MAX_LEN = 1 << 20 };

static const char seal_mark[] = "sealed:1:";

struct seal {
	uint8_t key[SEAL_KEY_LEN];
};

/* Whole and on disk before anything is sealed with it: without its key a store is lost. */
static int make_key(const char *path, struct why *why)
{
	uint8_t key[SEAL_KEY_LEN];
	char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;
	bool is_random = RAND_bytes(key, sizeof key) == 1;
	int fd = is_random ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	bool is_written =
		fd >= 0 && write(fd, key, sizeof key) == (ssize_t)sizeof key && !fsync(fd);
	int rc = 0;

	if (!is_written)
		rc = why_set(why, fd < 0 ? err_of_errno(errno) : ERR_IO,
			     "no key for sealed fields can be made here: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	if (rc && fd >= 0)
		unlink(path);
	if (slash)
		*slash = 0;
	fd = rc ? -1 : open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
	OPENSSL_cleanse(key, sizeof key);
	return rc;
}

static int read_key(struct seal *seal, int fd, struct why *why)
{
	struct stat st;
	char more;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return why_set(why, ERR_BAD, "the key for sealed fields is no file");
	if (st.st_mode & 077)
		return why_set(why, ERR_ACCESS,
			       "others may read the key for sealed fields: its mode must be 0600");
	if (read(fd, seal->key, sizeof seal->key) != (ssize_t)sizeof seal->key ||
	    read(fd, &more, 1) != 0)
		return why_set(why, ERR_BAD, "the key for sealed fields must have %d bytes",
			       SEAL_KEY_LEN);
	return 0;
}

int seal_open(struct seal **out, const char *path, bool may_make, struct why *why)
{
	struct seal *seal = calloc(1, sizeof *seal);
	int rc = seal ? 0 : ERR_NOMEM;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (!rc && fd < 0 && errno == ENOENT && may_make) {
		rc = make_key(path, why);
		fd = rc ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	}
	if (!rc && fd < 0)
		rc = why_set(why, err_of_errno(errno),
			     "the key for sealed fields cannot be read: %s", strerror(errno));
	if (!rc)
		rc = read_key(seal, fd, why);
	if (fd >= 0)
		close(fd);
	if (rc) {
		why_place(why, path);
		seal_free(&seal);
	}
	*out = seal;
	return rc;
}

void seal_free(struct seal **seal)
{
	if (*seal)
		OPENSSL_cleanse(*seal, sizeof **seal);
	free(*seal);
	*seal = NULL;
}

/* nonce, ciphertext and tag of text into out, which has room for all three. */
static bool encrypt(const struct seal *seal, const char *text, const char *place, uint8_t *out)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int len = (int)strlen(text);
	int n = 0;
	bool is_done =
		cipher && RAND_bytes(out, SEAL_NONCE_LEN) == 1 &&
		EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, seal->key, out) &&
		EVP_EncryptUpdate(cipher, NULL, &n, (const uint8_t *)place, (int)strlen(place)) &&
		EVP_EncryptUpdate(cipher, out + SEAL_NONCE_LEN, &n, (const uint8_t *)text, len) &&
		EVP_EncryptFinal_ex(cipher, out + SEAL_NONCE_LEN + n, &n) &&
		EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, SEAL_TAG_LEN,
				    out + SEAL_NONCE_LEN + len);

	EVP_CIPHER_CTX_free(cipher);
	return is_done;
}

int seal_put(const struct seal *seal, const char *text, const char *place, char **out)
{
	size_t len = strlen(text) + SEAL_NONCE_LEN + SEAL_TAG_LEN;
	size_t mark_len = sizeof seal_mark - 1;
	uint8_t *bytes = NULL;
	int rc = 0;

	*out = NULL;
	if (strlen(text) > SEAL_MAX_LEN || strlen(place) > SEAL_MAX_LEN)
		return ERR_FULL;
	bytes = malloc(len);
	*out = malloc(mark_len + (len + 2) / 3 * 4 + 1);
	if (!bytes || !*out)
		rc = ERR_NOMEM;
	else if (!encrypt(seal, text, place, bytes))
		rc = ERR_IO;
	if (!rc) {
		memcpy(*out, seal_mark, mark_len);
		EVP_EncodeBlock((uint8_t *)*out + mark_len, bytes, (int)len);
	} else {
		free(*out);
		*out = NULL;
	}
	free(bytes);
	return rc;
}

/* The text of bytes[len] into out, which has room for len. */
static bool decrypt(const struct seal *seal, uint8_t *bytes, size_t len, const char *place,
		    char *out)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int text_len = (int)(len - SEAL_NONCE_LEN - SEAL_TAG_LEN);
	int n = 0;
	bool is_done =
		cipher && EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, seal->key, bytes) &&
		EVP_DecryptUpdate(cipher, NULL, &n, (const uint8_t *)place, (int)strlen(place)) &&
		EVP_DecryptUpdate(cipher, (uint8_t *)out, &n, bytes + SEAL_NONCE_LEN, text_len) &&
		EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, SEAL_TAG_LEN,
				    bytes + SEAL_NONCE_LEN + text_len) &&
		EVP_DecryptFinal_ex(cipher, (uint8_t *)out + n, &n) == 1;

	EVP_CIPHER_CTX_free(cipher);
	out[is_done ? text_len : 0] = 0;
	return is_done;
}

int seal_get(const struct seal *seal, const char *sealed, const char *place, char **out)
{
	size_t mark_len = sizeof seal_mark - 1;
	size_t len = strlen(sealed);
	uint8_t *bytes = NULL;
	int n = -1;

	*out = NULL;
	if (len <= mark_len || len > 2 * SEAL_MAX_LEN || memcmp(sealed, seal_mark, mark_len))
		return ERR_BAD;
	sealed += mark_len;
	len -= mark_len;
	bytes = malloc(len);
	*out = malloc(len);
	if (!bytes || !*out) {
		free(bytes);
		free(*out);
		*out = NULL;
		return ERR_NOMEM;
	}
	if (len % 4 == 0)
		n = EVP_DecodeBlock(bytes, (const uint8_t *)sealed, (int)len);
	n -= n > 0 ? (sealed[len - 1] == '=') + (sealed[len - 2] == '=') : 0;
	if (n < SEAL_NONCE_LEN + SEAL_TAG_LEN || !decrypt(seal, bytes, (size_t)n, place, *out)) {
		free(*out);
		*out = NULL;
	}
	free(bytes);
	return *out ? 0 : ERR_BAD;
}
