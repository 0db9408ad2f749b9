#include "seal/vault.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scratch.h"
#include "base/tap.h"
#include "base/wr.h"
#include "seal/key.h"

enum { PATH_LEN = 200, LEN = 1000 };

static char top[] = "/tmp/weir-seal-XXXXXX";

static const char *path_of(const char *folder, uint64_t key)
{
	static char path[PATH_LEN];

	if (key)
		snprintf(path, sizeof path, "%s/%s/%016llx.key", top, folder,
			 (unsigned long long)key);
	else
		snprintf(path, sizeof path, "%s/%s", top, folder);
	return path;
}

static const struct vault_use *use_of(uint64_t key, uint64_t offset, bool is_sealing)
{
	static struct vault_use use;

	use = (struct vault_use){key, 77, offset, 5, is_sealing};
	return &use;
}

static int run(struct vault *v, const struct vault_use *use, uint8_t *bytes,
	       uint8_t tag[VAULT_TAG_LEN])
{
	struct vault_cipher *c;
	int rc = vault_begin(&c, v, use);

	if (!rc)
		rc = vault_bind(c, "bound", 5);
	for (size_t at = 0; !rc && at < LEN; at += LEN / 10)
		rc = vault_add(c, bytes + at, LEN / 10, bytes + at);
	if (!rc)
		rc = vault_end(&c, tag);
	vault_drop(&c);
	return rc;
}

static void test_sealing(void)
{
	struct vault *v;
	struct why why = {0};
	uint8_t bytes[LEN], tag[VAULT_TAG_LEN], other[LEN], other_tag[VAULT_TAG_LEN], clear[LEN];
	uint64_t key = 0, again = 0, second = 0;

	ok(!vault_open(&v, path_of("one", 0), &why), "a vault is made%s", why.text);
	ok(!vault_key(v, "LI-1", 4, &key) && key, "a key is made");
	ok(!vault_key(v, "LI-1", 4, &again) && again == key, "once");
	ok(!vault_key(v, "LI-2", 4, &second) && second != key, "for each name one");
	ok(!vault_key(v, "", 0, &again) && vault_find(v, "", 0) == again, "also for no name");
	ok(!vault_find(v, "LI-3", 4), "not where none was asked for");
	memset(clear, 'x', sizeof clear);
	memset(bytes, 'x', sizeof bytes);
	memset(other, 'x', sizeof other);
	/* of single octets one in 256 is what it was */
	ok(!run(v, use_of(key, 0, true), bytes, tag) && memcmp(bytes, clear, LEN) != 0,
	   "bytes are sealed");
	ok(!run(v, use_of(key, 1, true), other, other_tag) && memcmp(bytes, other, LEN) != 0,
	   "at another offset they look otherwise");
	memcpy(other, bytes, LEN);
	ok(run(v, use_of(second, 0, false), other, tag) == ERR_BAD, "another key opens nothing");
	memcpy(other, bytes, LEN);
	other[500] ^= 1;
	ok(run(v, use_of(key, 0, false), other, tag) == ERR_BAD, "nor do they open when changed");
	vault_close(&v);
	ok(!vault_open(&v, path_of("one", 0), &why) && vault_find(v, "LI-1", 4) == key,
	   "the key is there again");
	ok(!run(v, use_of(key, 0, false), bytes, tag) && !memcmp(bytes, clear, LEN),
	   "and opens what it sealed");
	vault_close(&v);
	ok(!v, "closing forgets");
}

static void test_destroying(void)
{
	struct vault *v;
	struct why why = {0};
	uint8_t bytes[LEN] = {0}, tag[VAULT_TAG_LEN], before[KEY_FILE_MAX], after[KEY_FILE_MAX];
	uint64_t key = 0, gone = 0, again = 0;
	struct stat st;
	int fd;
	ssize_t n, n_after;

	(void)!vault_open(&v, path_of("two", 0), &why);
	(void)!vault_key(v, "LI-1", 4, &key);
	(void)!run(v, use_of(key, 0, true), bytes, tag);
	ok(!stat(path_of("two", key), &st) && (st.st_mode & 0777) == 0600,
	   "a key's file is its owner's alone");
	fd = open(path_of("two", key), O_RDONLY);
	n = read(fd, before, sizeof before);
	ok(!vault_destroy(v, "LI-1", 4, &gone, &why) && gone == key, "it is destroyed");
	ok(access(path_of("two", key), F_OK) != 0, "its file is gone");
	n_after = pread(fd, after, sizeof after, 0);
	close(fd);
	for (ssize_t i = 0; i < n_after; i++)
		after[0] |= after[i];
	ok(n > KEY_LEN && n == n_after && !after[0], "and was overwritten before that");
	ok(run(v, use_of(key, 0, false), bytes, tag) == ERR_ABSENT, "nothing opens any more");
	ok(vault_destroy(v, "LI-1", 4, &gone, &why) == ERR_ABSENT, "nor is there one to destroy");
	ok(!vault_key(v, "LI-1", 4, &again) && again != key, "the same name gets another one");
	vault_close(&v);
	(void)!vault_open(&v, path_of("two", 0), &why);
	ok(run(v, use_of(key, 0, false), bytes, tag) == ERR_ABSENT, "also after a restart");
	vault_close(&v);
}

static void change(const char *path, off_t at, off_t len)
{
	int fd = open(path, O_RDWR);
	uint8_t octet = 0;

	if (at >= 0) {
		(void)!pread(fd, &octet, 1, at);
		octet ^= 0xa5; /* another, whatever it was */
		(void)!pwrite(fd, &octet, 1, at);
	} else {
		(void)!ftruncate(fd, len);
	}
	close(fd);
}

static void test_damage(void)
{
	struct vault *v;
	struct why why = {0};
	uint64_t keys[3] = {0};
	uint8_t zeros[KEY_FILE_MAX] = {0};
	int fd;

	(void)!vault_open(&v, path_of("three", 0), &why);
	(void)!vault_key(v, "a", 1, &keys[0]);
	(void)!vault_key(v, "b", 1, &keys[1]);
	(void)!vault_key(v, "c", 1, &keys[2]);
	vault_close(&v);
	change(path_of("three", keys[0]), 20, 0);
	change(path_of("three", keys[1]), -1, 30);
	ok(!vault_open(&v, path_of("three", 0), &why) && !vault_find(v, "a", 1) &&
		   !vault_find(v, "b", 1) && vault_find(v, "c", 1) == keys[2],
	   "keys that are damaged or cut are passed over, the others are there");
	vault_close(&v);
	fd = open(path_of("three", keys[2]), O_WRONLY);
	(void)!write(fd, zeros, 61);
	close(fd);
	ok(!vault_open(&v, path_of("three", 0), &why) && !vault_find(v, "c", 1) &&
		   access(path_of("three", keys[2]), F_OK) != 0,
	   "one that was being destroyed is destroyed");
	vault_close(&v);
	(void)!chmod(path_of("three", 0), 0750);
	ok(vault_open(&v, path_of("three", 0), &why) == ERR_ACCESS && !v,
	   "a folder that others can enter is refused: %s", why.text);
}

/* Each prefix of a key's file, and each octet of it changed. */
static void test_key(void)
{
	struct key key = {.number = 9, .name_len = 4, .name = "LI-1", .secret = {1, 2, 3}}, out;
	uint8_t bytes[KEY_FILE_MAX];
	struct wr w = wr_of(bytes, sizeof bytes);
	struct why why;
	bool is_refused = true;

	key_write(&key, &w);
	ok(!key_read(&out, bytes, w.len, NULL) && !memcmp(&out, &key, sizeof key),
	   "a key is read as it was written");
	for (size_t len = 0; len < w.len; len++)
		is_refused &= key_read(&out, bytes, len, NULL) == ERR_BAD;
	ok(is_refused, "each cut is refused");
	for (size_t i = 0; i < w.len; i++) {
		bytes[i] ^= 0x10;
		is_refused &= key_read(&out, bytes, w.len, NULL) == ERR_BAD;
		bytes[i] ^= 0x10;
	}
	ok(is_refused, "each octet that is changed, too");
	why_clear(&why);
	ok(key_read(&out, bytes, 20, &why) == ERR_BAD && why.offset == 20, "with its offset: %s",
	   why.text);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	test_sealing();
	test_destroying();
	test_damage();
	test_key();
	scratch_remove(top);
	return tap_end();
}
