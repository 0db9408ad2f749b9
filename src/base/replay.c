/* Replays files and folders of inputs through a fuzz target. Each input is given whole and cut at a
 * hundred places, from a buffer of exactly its size, so that the address sanitizer sees every read
 * past the end. Where there is libFuzzer, its program is asked by "-replay" as first argument. */
#include "base/fuzz.h"
#include "base/tap.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { REPLAY_MAX_LEN = 1 << 20, REPLAY_CUTS = 100 };

static void replay_bytes(const uint8_t *bytes, size_t len)
{
	size_t step = len / REPLAY_CUTS + 1;

	for (size_t cut = 0; cut <= len; cut += cut + step > len && cut < len ? len - cut : step) {
		uint8_t *copy = malloc(cut ? cut : 1);

		if (!copy)
			return;
		memcpy(copy, bytes, cut);
		LLVMFuzzerTestOneInput(copy, cut);
		free(copy);
	}
}

static void replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(REPLAY_MAX_LEN);
	size_t len;

	if (!ok(file && bytes, "%s can be read", path))
		goto out;
	len = fread(bytes, 1, REPLAY_MAX_LEN, file);
	replay_bytes(bytes, len);
out:
	free(bytes);
	if (file)
		fclose(file);
}

static void replay_path(const char *path)
{
	struct dirent **names;
	struct stat st;
	int n;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char inner[4096];

		if (names[i]->d_name[0] != '.') {
			snprintf(inner, sizeof inner, "%s/%s", path, names[i]->d_name);
			replay_file(inner);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

static int replay(int n, char **paths)
{
	for (int i = 0; i < n; i++)
		replay_path(paths[i]);
	ok(tap_count > 0, "there was an input to replay");
	return tap_end();
}

#ifdef REPLAY_IN_FUZZER
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (*argc > 1 && strcmp((*argv)[1], "-replay") == 0)
		exit(replay(*argc - 2, *argv + 2));
	return 0;
}
#else
int main(int argc, char **argv)
{
	return replay(argc - 1, argv + 1);
}
#endif
