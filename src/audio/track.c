#include "audio/track.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/g711.h"
#include "base/list.h"
#include "base/wr.h"

enum {
	HALF = TRACK_WINDOW / 2, /* of the window stays behind when it moves on */
	MAX_CHANNELS = 2,
	SAMPLE_LEN = 2,
	FORMAT_PCM = 1,
	MAX_NAMES = 99, /* of one name, with "-99" */
	NAME_SIZE = TRACK_MAX_NAME + 16,
};

struct tracks {
	int dir;
	struct list windows; /* of tracks that have one, that which grew last at the end */
	size_t n_windows, max_windows;
	uint64_t n_files;
	bool has_failed;
	uint8_t buffer[TRACK_WINDOW * MAX_CHANNELS * SAMPLE_LEN];
};

struct track {
	struct tracks *all;
	struct list in_windows;
	int16_t *window;          /* frames from start on; NULL: none for now */
	int64_t first;            /* place of the file's first frame */
	int64_t start;            /* … and of the window's */
	int64_t end;              /* behind the last frame that was put */
	int64_t dirty, dirty_end; /* what of the window is not in the file; empty: alike */
	unsigned n_channels;
	bool has_begun, is_made;
	struct why failure;
	char name[NAME_SIZE];
};

/* ---- the file ---- */

static size_t frame_len(const struct track *t)
{
	return t->n_channels * SAMPLE_LEN;
}

static int64_t offset_of(const struct track *t, int64_t at)
{
	return TRACK_HEADER_LEN + (at - t->first) * (int64_t)frame_len(t);
}

/* RIFF, the format, and how much sound follows. */
static void put_header(const struct track *t, struct wr *w)
{
	uint32_t len = (uint32_t)((t->end - t->first) * (int64_t)frame_len(t));

	wr_bytes(w, "RIFF", 4);
	wr_le32(w, TRACK_HEADER_LEN - 8 + len);
	wr_bytes(w, "WAVEfmt ", 8);
	wr_le32(w, 16);
	wr_le16(w, FORMAT_PCM);
	wr_le16(w, (uint16_t)t->n_channels);
	wr_le32(w, G711_RATE);
	wr_le32(w, G711_RATE * (uint32_t)frame_len(t));
	wr_le16(w, (uint16_t)frame_len(t));
	wr_le16(w, 8 * SAMPLE_LEN);
	wr_bytes(w, "data", 4);
	wr_le32(w, len);
}

static void put_samples(struct wr *w, const int16_t *samples, size_t n)
{
	uint8_t *at = wr_room(w, n * SAMPLE_LEN);

	for (size_t i = 0; at && i < n; i++) {
		at[2 * i] = (uint8_t)samples[i];
		at[2 * i + 1] = (uint8_t)((uint16_t)samples[i] >> 8);
	}
}

static int fail(struct track *t, int rc, const char *text)
{
	why_set(&t->failure, rc, "%s", text);
	why_place(&t->failure, t->name);
	t->all->has_failed = true;
	return rc;
}

static int write_at(struct track *t, int fd, struct wr *w, int64_t offset)
{
	size_t done = 0;

	while (done < w->len) {
		ssize_t n = pwrite(fd, w->bytes + done, w->len - done, offset + (int64_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(t, ERR_IO, n ? strerror(errno) : "nothing is written");
		done += (size_t)n;
	}
	return 0;
}

/* A name that nobody has. */
static int make_file(struct track *t)
{
	size_t len = strlen(t->name);
	int fd = -1;

	for (int i = 1; i <= MAX_NAMES; i++) {
		if (i == 1)
			snprintf(t->name + len, sizeof t->name - len, ".wav");
		else
			snprintf(t->name + len, sizeof t->name - len, "-%d.wav", i);
		fd = openat(t->all->dir, t->name,
			    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	t->is_made = fd >= 0;
	t->all->n_files += fd >= 0;
	return fd;
}

static int open_file(struct track *t)
{
	int fd = t->is_made ? openat(t->all->dir, t->name, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
			    : make_file(t);

	return fd >= 0 ? fd : fail(t, ERR_IO, strerror(errno));
}

static int close_file(struct track *t, int fd, int rc)
{
	if (close(fd) && !rc)
		rc = fail(t, ERR_IO, strerror(errno));
	return rc;
}

static int flush(struct track *t)
{
	size_t from = (size_t)(t->dirty - t->start) * t->n_channels;
	size_t to = (size_t)(t->dirty_end - t->start) * t->n_channels;
	struct wr w = wr_of(t->all->buffer, sizeof t->all->buffer);
	uint8_t bytes[TRACK_HEADER_LEN];
	struct wr header = wr_of(bytes, sizeof bytes);
	int fd, rc;

	if (t->dirty >= t->dirty_end || t->failure.text[0])
		return t->failure.text[0] ? ERR_IO : 0;
	fd = open_file(t);
	if (fd < 0)
		return fd;
	put_samples(&w, t->window + from, to - from);
	put_header(t, &header);
	rc = write_at(t, fd, &w, offset_of(t, t->dirty));
	if (!rc)
		rc = write_at(t, fd, &header, 0);
	t->dirty = t->dirty_end = 0;
	return close_file(t, fd, rc);
}

/* ---- the window ---- */

static void drop_window(struct track *t)
{
	if (!t->window)
		return;
	(void)flush(t);
	list_drop(&t->in_windows);
	t->all->n_windows--;
	free(t->window);
	t->window = NULL;
}

static int get_window(struct track *t, int64_t at)
{
	struct tracks *all = t->all;
	struct list *oldest = list_first(&all->windows);

	if (t->window) {
		list_drop(&t->in_windows);
		list_push(&all->windows, &t->in_windows);
		return 0;
	}
	if (oldest && all->n_windows >= all->max_windows)
		drop_window(LIST_OWNER(oldest, struct track, in_windows));
	t->window = calloc((size_t)TRACK_WINDOW * t->n_channels, sizeof *t->window);
	if (!t->window)
		return ERR_NOMEM;
	list_push(&all->windows, &t->in_windows);
	all->n_windows++;
	if (!t->has_begun)
		t->first = t->end = at;
	t->has_begun = true;
	t->start = t->end;
	return 0;
}

static void touch(struct track *t, int64_t from, int64_t to)
{
	bool is_clean = t->dirty >= t->dirty_end;

	t->dirty = is_clean || from < t->dirty ? from : t->dirty;
	t->dirty_end = is_clean || to > t->dirty_end ? to : t->dirty_end;
	t->end = to > t->end ? to : t->end;
}

/* The file is to begin earlier: all of it is in the window still, and moves. */
static void begin_earlier(struct track *t, int64_t at)
{
	size_t shift = (size_t)(t->start - at) * t->n_channels;
	size_t size = (size_t)TRACK_WINDOW * t->n_channels;

	memmove(t->window + shift, t->window, (size - shift) * sizeof *t->window);
	memset(t->window, 0, shift * sizeof *t->window);
	t->start = t->first = at;
	touch(t, at, t->end);
}

static int move_on(struct track *t, int64_t start)
{
	size_t size = (size_t)TRACK_WINDOW * t->n_channels, left = 0;
	int rc = flush(t);

	if (start - t->start < TRACK_WINDOW) {
		size_t shift = (size_t)(start - t->start) * t->n_channels;

		left = size - shift;
		memmove(t->window, t->window + shift, left * sizeof *t->window);
	}
	memset(t->window + left, 0, (size - left) * sizeof *t->window);
	t->start = start;
	return rc;
}

/* ---- samples ---- */

static int16_t mixed(int16_t was, int16_t sample)
{
	int sum = was + sample;

	return (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
}

/* Samples that the window has passed already: a late packet's. */
static int put_in_file(struct track *t, unsigned channel, int64_t at, const int16_t *samples,
		       size_t n)
{
	uint8_t *bytes = t->all->buffer;
	size_t len = n * frame_len(t);
	struct wr w = wr_of(bytes, len);
	int fd = open_file(t), rc;
	ssize_t got;

	if (fd < 0)
		return fd;
	got = pread(fd, bytes, len, offset_of(t, at));
	if (got < 0)
		return close_file(t, fd, fail(t, ERR_IO, strerror(errno)));
	memset(bytes + got, 0, len - (size_t)got);
	for (size_t i = 0; i < n; i++) {
		struct wr one =
			wr_of(bytes + i * frame_len(t) + (size_t)channel * SAMPLE_LEN, SAMPLE_LEN);
		int16_t was = (int16_t)(one.bytes[0] | one.bytes[1] << 8);

		wr_le16(&one, (uint16_t)(t->n_channels == 1 ? samples[i] : mixed(was, samples[i])));
	}
	w.len = len;
	rc = write_at(t, fd, &w, offset_of(t, at));
	return close_file(t, fd, rc);
}

static int put_in_window(struct track *t, unsigned channel, int64_t at, const int16_t *samples,
			 size_t n)
{
	int64_t end = at + (int64_t)n;
	int rc = end > t->start + TRACK_WINDOW ? move_on(t, end - HALF) : 0;
	int16_t *to = t->window + (size_t)(at - t->start) * t->n_channels + channel;

	if (t->n_channels == 1)
		memcpy(to, samples, n * sizeof *to);
	else
		for (size_t i = 0; i < n; i++, to += t->n_channels)
			*to = mixed(*to, samples[i]);
	touch(t, at, end);
	return rc;
}

/* At most half a window. */
static int put_some(struct track *t, unsigned channel, int64_t at, const int16_t *samples, size_t n)
{
	size_t n_before;
	int rc = get_window(t, at);

	if (rc)
		return rc;
	if (at < t->start && t->start == t->first && t->end - at <= TRACK_WINDOW)
		begin_earlier(t, at);
	if (at < t->first)
		return ERR_USAGE;
	if (at >= t->start)
		return put_in_window(t, channel, at, samples, n);
	n_before = t->start - at < (int64_t)n ? (size_t)(t->start - at) : n;
	rc = put_in_file(t, channel, at, samples, n_before);
	if (!rc && n > n_before)
		rc = put_in_window(t, channel, t->start, samples + n_before, n - n_before);
	return rc;
}

int track_put(struct track *t, unsigned channel, int64_t at, const int16_t *samples, size_t n)
{
	int64_t first = t->has_begun && t->first < at ? t->first : at;
	int64_t end = at + (int64_t)n > t->end || !t->has_begun ? at + (int64_t)n : t->end;
	int rc = t->failure.text[0] ? ERR_IO : 0;

	if (!rc && n && end - first > TRACK_MAX_SAMPLES)
		return ERR_FULL;
	while (!rc && n) {
		size_t some = n < HALF ? n : HALF;

		rc = put_some(t, channel, at, samples, some);
		at += (int64_t)some;
		samples += some;
		n -= some;
	}
	return rc;
}

const struct why *track_failure(const struct track *t)
{
	return t->failure.text[0] ? &t->failure : NULL;
}

/* ---- making and ending ---- */

int track_new(struct track **out, struct tracks *all, const char *name, unsigned n_channels)
{
	struct track *t = calloc(1, sizeof *t);

	*out = t;
	if (!t)
		return ERR_NOMEM;
	t->all = all;
	t->n_channels = n_channels;
	why_clear(&t->failure);
	list_init(&t->in_windows);
	snprintf(t->name, TRACK_MAX_NAME, "%s", name);
	return 0;
}

void track_free(struct track **out)
{
	struct track *t = *out;

	*out = NULL;
	if (!t)
		return;
	drop_window(t);
	free(t);
}

int tracks_new(struct tracks **out, const char *dir, size_t max_windows, struct why *why)
{
	struct tracks *all = calloc(1, sizeof *all);
	int rc = 0;

	*out = NULL;
	if (!all)
		return why_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	list_init(&all->windows);
	all->max_windows = max_windows;
	if (mkdir(dir, 0750) && errno != EEXIST)
		rc = err_of_errno(errno);
	all->dir = rc ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (all->dir < 0) {
		rc = why_set(why, err_of_errno(errno), "%s", strerror(errno));
		why_place(why, dir);
		tracks_free(&all);
	}
	*out = all;
	return rc;
}

void tracks_free(struct tracks **out)
{
	struct tracks *all = *out;

	*out = NULL;
	if (!all)
		return;
	if (all->dir >= 0)
		close(all->dir);
	free(all);
}

int tracks_flush(struct tracks *all)
{
	for (struct list *at = all->windows.next; at != &all->windows; at = at->next)
		(void)flush(LIST_OWNER(at, struct track, in_windows));
	return all->has_failed ? ERR_IO : 0;
}

uint64_t tracks_n_files(const struct tracks *all)
{
	return all->n_files;
}
