#include "seal/vault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "seal/key.h"
#include "seal/keys.h"

static const char suffix[] = ".key", new_name[] = "new";

enum { NAME_LEN = 40, PATH_LEN = 4096 };

struct vault {
	char *path;
	int dir;
	pthread_mutex_t lock; /* all that follows */
	struct key **keys;    /* by name */
	size_t n, room;
};

static int failed(struct why *why, const char *verb)
{
	return why_set(why, err_of_errno(errno), "cannot be %s: %s", verb, strerror(errno));
}

static void file_name(uint64_t number, char out[NAME_LEN])
{
	struct wr w = wr_of(out, NAME_LEN - 1);

	wr_text(&w, "%016llx%s", (unsigned long long)number, suffix);
	out[w.len] = '\0';
}

static void refused(const struct vault *v, const char *name, struct why *why)
{
	char place[WHY_PLACE_LEN];
	struct wr w = wr_of(place, sizeof place - 1);

	wr_text(&w, "%s/%s", v->path, name);
	place[w.len] = '\0';
	why_place(why, place);
}

/* ---- by name ---- */

static int compare(const struct key *key, const void *name, size_t len)
{
	size_t least = len < key->name_len ? len : key->name_len;
	int order = least ? memcmp(key->name, name, least) : 0;

	return order ? order : (key->name_len > len) - (key->name_len < len);
}

/* Where the name stands, or would. */
static size_t place_of(const struct vault *v, const void *name, size_t len)
{
	size_t low = 0, high = v->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(v->keys[middle], name, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct key *find(const struct vault *v, const void *name, size_t len)
{
	size_t i = place_of(v, name, len);

	return i < v->n && !compare(v->keys[i], name, len) ? v->keys[i] : NULL;
}

static int insert(struct vault *v, const struct key *key)
{
	size_t i = place_of(v, key->name, key->name_len);
	struct key **more, *copy;

	if (v->n == v->room) {
		more = reallocarray(v->keys, v->room ? 2 * v->room : 16, sizeof(struct key *));
		if (!more)
			return ERR_NOMEM;
		v->keys = more;
		v->room = v->room ? 2 * v->room : 16;
	}
	copy = malloc(sizeof *copy);
	if (!copy)
		return ERR_NOMEM;
	*copy = *key;
	memmove(v->keys + i + 1, v->keys + i, (v->n - i) * sizeof(struct key *));
	v->keys[i] = copy;
	v->n++;
	return 0;
}

static void forget(struct key *key)
{
	OPENSSL_cleanse(key, sizeof *key);
	free(key);
}

/* ---- files ---- */

/* One that was being destroyed when the process died holds nothing but zeros. */
static bool is_destroyed(const uint8_t *bytes, size_t len)
{
	while (len && !bytes[len - 1])
		len--;
	return !len;
}

static int load_key(struct vault *v, const char *name)
{
	uint8_t bytes[KEY_FILE_MAX];
	struct key key;
	struct why why = {.offset = -1};
	int fd = openat(v->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc;
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
	char text[WHY_TEXT_LEN + WHY_PLACE_LEN];

	rc = n < 0 ? failed(&why, "read") : 0;
	if (fd >= 0)
		close(fd);
	if (!rc && is_destroyed(bytes, (size_t)n))
		return unlinkat(v->dir, name, 0);
	if (!rc)
		rc = key_read(&key, bytes, (size_t)n, &why);
	if (!rc && find(v, key.name, key.name_len))
		rc = why_set(&why, ERR_BAD, "is a second key of the same name");
	if (!rc)
		rc = insert(v, &key);
	OPENSSL_cleanse(bytes, sizeof bytes);
	OPENSSL_cleanse(&key, sizeof key);
	if (rc && rc != ERR_NOMEM) {
		refused(v, name, &why);
		why_print(&why, text, sizeof text);
		log_error("a key is passed over, and what it sealed cannot be read: %s", text);
		rc = 0;
	}
	return rc;
}

static bool is_key_name(const char *name)
{
	size_t len = strlen(name);

	return len > sizeof suffix && !strcmp(name + len - (sizeof suffix - 1), suffix);
}

static int load_keys(struct vault *v, struct why *why)
{
	int fd = openat(v->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!folder) {
		rc = failed(why, "read");
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while (!rc && (entry = readdir(folder))) {
		if (is_key_name(entry->d_name))
			rc = load_key(v, entry->d_name);
	}
	closedir(folder);
	return rc;
}

static int open_folder(struct vault *v, struct why *why)
{
	struct stat st;

	if (mkdir(v->path, S_IRWXU) && errno != EEXIST)
		return failed(why, "made");
	v->dir = open(v->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (v->dir < 0 || fstat(v->dir, &st))
		return failed(why, "opened");
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return why_set(why, ERR_ACCESS,
			       "can be entered by others than its owner: keys "
			       "are not kept there (chmod 700)");
	return 0;
}

int vault_open(struct vault **out, const char *folder, struct why *why)
{
	struct vault *v = calloc(1, sizeof *v);
	int rc = v ? 0 : ERR_NOMEM;

	*out = v;
	if (rc)
		return rc;
	v->dir = -1;
	pthread_mutex_init(&v->lock, NULL);
	v->path = strdup(folder);
	rc = v->path ? open_folder(v, why) : ERR_NOMEM;
	if (!rc)
		rc = load_keys(v, why);
	if (rc) {
		why_set(why, rc, "%s", err_text(rc));
		why_place(why, folder);
		vault_close(out);
	}
	return rc;
}

void vault_close(struct vault **vault)
{
	struct vault *v = *vault;

	*vault = NULL;
	if (!v)
		return;
	for (size_t i = 0; i < v->n; i++)
		forget(v->keys[i]);
	if (v->dir >= 0)
		close(v->dir);
	pthread_mutex_destroy(&v->lock);
	free(v->keys);
	free(v->path);
	free(v);
}

/* ---- keys come and go ---- */

static int write_file(int fd, const struct wr *w)
{
	if (!w->ok)
		return ERR_NOMEM;
	if (write(fd, w->bytes, w->len) != (ssize_t)w->len || fsync(fd))
		return err_of_errno(errno);
	return 0;
}

/* Whole under another name, then under its own, and both on disk. */
static int save(const struct vault *v, const struct key *key)
{
	uint8_t bytes[KEY_FILE_MAX];
	struct wr w = wr_of(bytes, sizeof bytes);
	char name[NAME_LEN];
	int fd = openat(v->dir, new_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			S_IRUSR | S_IWUSR);
	int rc = fd < 0 ? err_of_errno(errno) : 0;

	file_name(key->number, name);
	key_write(key, &w);
	if (!rc)
		rc = write_file(fd, &w);
	OPENSSL_cleanse(bytes, sizeof bytes);
	if (fd >= 0)
		close(fd);
	if (!rc && (renameat(v->dir, new_name, v->dir, name) || fsync(v->dir)))
		rc = err_of_errno(errno);
	return rc;
}

static int make(struct vault *v, const void *name, size_t len, uint64_t *number)
{
	struct key key = {.name_len = (uint8_t)len};
	int rc = 0;

	memcpy(key.name, name, len);
	if (getrandom(key.secret, KEY_LEN, 0) != KEY_LEN ||
	    getrandom(&key.number, sizeof key.number, 0) != sizeof key.number)
		rc = ERR_IO;
	key.number |= 1; /* never 0 */
	if (!rc)
		rc = save(v, &key);
	if (!rc)
		rc = insert(v, &key);
	*number = key.number;
	OPENSSL_cleanse(&key, sizeof key);
	return rc;
}

int vault_key(struct vault *v, const void *name, size_t len, uint64_t *number)
{
	const struct key *key;
	int rc = 0;

	if (len > VAULT_NAME_MAX)
		return ERR_USAGE;
	pthread_mutex_lock(&v->lock);
	key = find(v, name, len);
	if (key)
		*number = key->number;
	else
		rc = make(v, name, len, number);
	pthread_mutex_unlock(&v->lock);
	return rc;
}

uint64_t vault_find(struct vault *v, const void *name, size_t len)
{
	const struct key *key;
	uint64_t number;

	pthread_mutex_lock(&v->lock);
	key = find(v, name, len);
	number = key ? key->number : 0;
	pthread_mutex_unlock(&v->lock);
	return number;
}

/* Zeros over all of it, on disk, before its name goes. */
static int erase(const struct vault *v, uint64_t number, struct why *why)
{
	static const uint8_t zeros[KEY_FILE_MAX];
	char name[NAME_LEN];
	struct stat st;
	int fd, rc = 0;

	file_name(number, name);
	fd = openat(v->dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno != ENOENT)
		rc = failed(why, "opened");
	else if (fd >= 0 && (fstat(fd, &st) || st.st_size > KEY_FILE_MAX ||
			     pwrite(fd, zeros, (size_t)st.st_size, 0) != st.st_size || fsync(fd)))
		rc = failed(why, "overwritten");
	else if (fd >= 0 && unlinkat(v->dir, name, 0))
		rc = failed(why, "removed");
	else if (fsync(v->dir))
		rc = failed(why, "removed for good");
	if (fd >= 0)
		close(fd);
	if (rc)
		refused(v, name, why);
	return rc;
}

int vault_destroy(struct vault *v, const void *name, size_t len, uint64_t *number, struct why *why)
{
	size_t i;
	int rc = ERR_ABSENT;

	pthread_mutex_lock(&v->lock);
	i = place_of(v, name, len);
	if (i < v->n && !compare(v->keys[i], name, len)) {
		*number = v->keys[i]->number;
		rc = erase(v, *number, why);
		if (!rc) {
			forget(v->keys[i]);
			v->n--;
			memmove(v->keys + i, v->keys + i + 1, (v->n - i) * sizeof(struct key *));
		}
	}
	pthread_mutex_unlock(&v->lock);
	return rc;
}

void vault_each(struct vault *v, bool (*name)(void *owner, const char *name, size_t len),
		void *owner)
{
	pthread_mutex_lock(&v->lock);
	for (size_t i = 0; i < v->n; i++) {
		if (!name(owner, (const char *)v->keys[i]->name, v->keys[i]->name_len))
			break;
	}
	pthread_mutex_unlock(&v->lock);
}

int keys_secret(struct vault *v, uint64_t number, uint8_t secret[KEY_LEN])
{
	int rc = ERR_ABSENT;

	pthread_mutex_lock(&v->lock);
	for (size_t i = 0; i < v->n && rc; i++) {
		if (v->keys[i]->number != number)
			continue;
		memcpy(secret, v->keys[i]->secret, KEY_LEN);
		rc = 0;
	}
	pthread_mutex_unlock(&v->lock);
	return rc;
}
