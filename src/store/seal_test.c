#include "store/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"

static char folder[] = "/tmp/weir-seal-XXXXXX";
static char path[64];
static struct why why;

static void test_texts(const struct seal *seal)
{
	static const char *const texts[] = {"", "a", "ab", "abc", "a secret of the agency's"};
	char *first = NULL;
	char *second = NULL;
	char *again = NULL;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		ok(!seal_put(seal, texts[i], "agency/a", &first) &&
			   !seal_get(seal, first, "agency/a", &again) && !strcmp(again, texts[i]),
		   "\"%s\" is sealed and opened", texts[i]);
		free(again);
		ok(seal_get(seal, first, "agency/b", &again) == ERR_BAD && !again,
		   "and opens in no other place");
		free(first);
	}
	ok(!seal_put(seal, "same", "here", &first) && !seal_put(seal, "same", "here", &second) &&
		   strcmp(first, second) && !strstr(first, "same"),
	   "the same text is sealed differently each time");
	for (size_t i = 0, n = strlen(first); i < n; i++) {
		char was = first[i];

		first[i] = was == 'A' ? 'B' : 'A';
		if (seal_get(seal, first, "here", &again) != ERR_BAD) {
			/* the last digit before padding holds bits that base64 ignores */
			ok(first[i + 1] == '=' && !strcmp(again, "same"), "changed at %zu of %zu",
			   i, n);
			free(again);
		}
		first[i] = 0;
		if (seal_get(seal, first, "here", &again) != ERR_BAD)
			ok(false, "cut at %zu is refused", i);
		first[i] = was;
	}
	ok(seal_get(seal, first, "here", &again) == 0, "what was changed or cut was refused");
	free(again);
	free(first);
	free(second);
}

int main(void)
{
	struct seal *seal = NULL;
	struct seal *other = NULL;
	struct stat st;
	char *sealed = NULL;
	char *text = NULL;

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof path, "%s/key", folder);
	ok(seal_open(&seal, path, false, &why) == ERR_ABSENT && !seal,
	   "a key that must be there and is not: %s", why.text);
	ok(!seal_open(&seal, path, true, &why), "a key is made");
	ok(!stat(path, &st) && (st.st_mode & 0777) == 0600 && st.st_size == 32,
	   "nobody else may read it");
	test_texts(seal);
	ok(!seal_put(seal, "kept", "here", &sealed), "a text is sealed");
	seal_free(&seal);
	ok(!seal_open(&seal, path, true, &why) && !seal_get(seal, sealed, "here", &text) &&
		   !strcmp(text, "kept"),
	   "the key that was made is used again");
	free(text);
	chmod(path, 0640);
	why_clear(&why);
	ok(seal_open(&other, path, true, &why) == ERR_ACCESS && !other,
	   "a key that others can read is refused: %s", why.text);
	chmod(path, 0600);
	ok(truncate(path, 31) == 0, "a byte is cut off");
	why_clear(&why);
	ok(seal_open(&other, path, true, &why) == ERR_BAD, "a key that is cut is refused: %s",
	   why.text);
	unlink(path);
	ok(!seal_open(&other, path, true, &why) &&
		   seal_get(other, sealed, "here", &text) == ERR_BAD,
	   "another key opens nothing");
	free(sealed);
	seal_free(&seal);
	seal_free(&other);
	unlink(path);
	rmdir(folder);
	return tap_end();
}
