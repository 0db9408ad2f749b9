#include "audio/track.h"

#include <stdlib.h>

#include "audio/craft.h"
#include "base/tap.h"

static char folder[] = "/tmp/weir-audio-XXXXXX";
static struct tracks *all;
static int16_t heard[CRAFT_MAX]; /* of the file that was read last */

/* Frames of the file; -1: it is not there, or not whole. */
static long read_file(const char *name, unsigned n_channels)
{
	long n = craft_read(folder, name, n_channels, heard);

	return n < 0 ? n : n / (long)n_channels;
}

/* Sample i of what is sent: never silence. */
static int16_t sound(int64_t i)
{
	return (int16_t)(((uint64_t)i * 7919 & 0x7fff) | 1);
}

static int put(struct track *t, unsigned channel, int64_t at, size_t n)
{
	int16_t samples[5000];

	for (size_t i = 0; i < n; i++)
		samples[i] = sound(at + (int64_t)i);
	return track_put(t, channel, at, samples, n);
}

static struct track *new_track(const char *name, unsigned n_channels)
{
	struct track *t;

	if (track_new(&t, all, name, n_channels))
		exit(2);
	return t;
}

static void test_growing(void)
{
	struct track *t = new_track("one", 1);
	bool is_well = true;

	for (int i = 0; i < 1000; i++) {
		is_well &= put(t, 0, 5000 + i * 160, 160) == 0;
		if (i == 100 || i == 101) {
			tracks_flush(all);
			is_well &= read_file("one.wav", 1) == (i + 1) * 160;
		}
	}
	track_free(&t);
	is_well &= read_file("one.wav", 1) == 160000;
	for (int i = 0; i < 160000; i++)
		is_well &= heard[i] == sound(5000 + i);
	ok(is_well, "a file grows, is whole after each flush, and has each sample");
}

/* Packets in any order within half a minute, on two channels. */
static void test_any_order(void)
{
	struct track *t = new_track("two", 2);
	bool is_well = true;
	uint32_t random = 1;
	static int order[1000];

	for (int i = 0; i < 1000; i++)
		order[i] = i;
	for (int i = 0; i < 1000; i++) {
		random = random * 1664525 + 1013904223;
		int j = 20 + (int)(random >> 8) % 980, was;

		if (i >= 20) {
			was = order[i], order[i] = order[j], order[j] = was;
		}
	}
	for (int i = 0; i < 1000; i++) {
		is_well &= put(t, 0, order[i] * 160, 160) == 0;
		is_well &= order[i] % 3 || put(t, 1, order[i] * 160, 160) == 0;
		if (i % 97 == 0)
			tracks_flush(all);
	}
	track_free(&t);
	is_well &= read_file("two.wav", 2) == 160000;
	for (int i = 0; i < 160000; i++)
		is_well &= heard[2 * i] == sound(i) &&
			   heard[2 * i + 1] == (i / 160 % 3 ? 0 : sound(i));
	ok(is_well,
	   "in any order all samples come to their places, and what is missing is silence");
}

static void test_beginning(void)
{
	struct track *t = new_track("earlier", 1);
	bool is_well = put(t, 0, 0, 160) == 0;

	tracks_flush(all);
	ok(put(t, 0, -320, 160) == 0, "the beginning can move");
	tracks_flush(all);
	is_well &= read_file("earlier.wav", 1) == 480;
	for (int i = 0; i < 480; i++)
		is_well &= heard[i] == (i >= 160 && i < 320 ? 0 : sound(i - 320));
	ok(is_well, "and what is between is silence");
	ok(put(t, 0, 10000, 160) == 0 && put(t, 0, -480, 160) == ERR_USAGE,
	   "as long as the window reaches back to it");
	track_free(&t);
	ok(read_file("earlier.wav", 1) == 10480 && heard[0] == sound(-320), "and then no more");
}

static void test_mixing(void)
{
	struct track *t = new_track("mixed", 2);
	int16_t loud[3] = {30000, -30000, 5};
	bool is_well = track_put(t, 1, 0, loud, 3) == 0 && track_put(t, 1, 0, loud, 3) == 0;

	is_well &= put(t, 0, 20000, 160) == 0 && track_put(t, 1, 0, loud, 3) == 0;
	track_free(&t);
	is_well &= read_file("mixed.wav", 2) == 20160 && heard[1] == INT16_MAX &&
		   heard[3] == INT16_MIN && heard[5] == 15 && heard[0] == 0;
	ok(is_well, "two sources at once are mixed, in memory and in the file");
}

static void test_bounds(void)
{
	struct track *t = new_track("long", 1);
	struct stat st;
	char path[300];

	ok(put(t, 0, 0, 160) == 0 && put(t, 0, TRACK_MAX_SAMPLES - 160, 160) == 0 &&
		   put(t, 0, TRACK_MAX_SAMPLES - 159, 160) == ERR_FULL &&
		   put(t, 0, INT64_MAX / 2, 160) == ERR_FULL && put(t, 0, -200, 160) == ERR_FULL,
	   "twelve hours, and no more");
	track_free(&t);
	snprintf(path, sizeof path, "%s/long.wav", folder);
	ok(stat(path, &st) == 0 && st.st_size == TRACK_HEADER_LEN + 2L * TRACK_MAX_SAMPLES &&
		   st.st_blocks * 512 < 1 << 20,
	   "of which silence takes no place (%ld octets)", (long)st.st_blocks * 512);
}

static void test_names(void)
{
	struct track *t[4];
	uint64_t n = tracks_n_files(all);
	bool is_well = true;
	char path[300];

	snprintf(path, sizeof path, "%s/same-2.wav", folder);
	is_well &= symlink("/etc/passwd", path) == 0;
	for (int i = 0; i < 4; i++) {
		t[i] = new_track("same", 1);
		is_well &= put(t[i], 0, 0, 100 + (size_t)i) == 0;
	}
	for (int i = 0; i < 4; i++)
		track_free(&t[i]);
	ok(is_well && read_file("same.wav", 1) == 100 && read_file("same-3.wav", 1) == 101 &&
		   read_file("same-5.wav", 1) == 103 && tracks_n_files(all) == n + 4,
	   "a name that is taken is left alone");
	t[0] = new_track("nothing", 1);
	track_free(&t[0]);
	ok(read_file("nothing.wav", 1) == -1, "without sound there is no file");
}

/* More tracks than windows. */
static void test_windows(void)
{
	struct track *t[20];
	bool is_well = true;
	char name[20];

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "w%d", i);
		t[i] = new_track(name, 1);
	}
	for (int round = 0; round < 50; round++)
		for (int i = 0; i < 20; i++)
			is_well &= put(t[i], 0, (round ^ 1) * 160 + i, 160) ==
				   (round == 1 ? ERR_USAGE : 0);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "w%d.wav", i);
		track_free(&t[i]);
		/* without a window the beginning stays */
		is_well &= read_file(name, 1) == 49 * 160;
		for (int j = 0; j < 49 * 160; j++)
			is_well &= heard[j] == sound(j + i + 160);
	}
	ok(is_well, "twenty tracks with eight windows lose nothing but what begins too late");
}

static void test_failing(void)
{
	struct track *t = new_track("gone", 1);
	char path[300];

	ok(put(t, 0, 0, 160) == 0 && tracks_flush(all) == 0, "a file");
	snprintf(path, sizeof path, "%s/gone.wav", folder);
	unlink(path);
	ok(put(t, 0, 160, 160) == 0 && tracks_flush(all) == ERR_IO && track_failure(t) &&
		   !strcmp(track_failure(t)->place, "gone.wav"),
	   "that is gone is told of: %s", track_failure(t) ? track_failure(t)->text : "");
	ok(put(t, 0, 320, 160) == ERR_IO, "and nothing more is written");
	track_free(&t);
}

int main(void)
{
	struct why why;
	struct tracks *none;

	if (!mkdtemp(folder))
		return 2;
	why_clear(&why);
	ok(tracks_new(&none, "/dev/null/x", 8, &why) < 0 && !none && why.text[0],
	   "a folder that cannot be made: %s", why.text);
	ok(tracks_new(&all, folder, 8, NULL) == 0, "a folder");
	test_growing();
	test_any_order();
	test_beginning();
	test_mixing();
	test_bounds();
	test_names();
	test_windows();
	test_failing();
	tracks_free(&all);
	craft_empty(folder);
	rmdir(folder);
	return tap_end();
}
