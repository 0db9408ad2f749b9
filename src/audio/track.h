/* WAV files that grow, in one folder: linear samples of 16 bits, 8,000 a second, one channel or
 * two. Samples may be put at any place, in any order; what is never put is silence (a hole, where
 * the file system has them).
 *
 *	             first        start                 end
 *	   the file    |............|=====================|
 *	   the window               [ half a second, in memory ]
 *
 * After each flush the file is whole and says its length, so that it can be played while it grows
 * and after its writer was killed. No file stays open. A name that is taken gets "-2", "-3" …
 * behind it: nothing is ever replaced.
 *
 * The window follows the latest samples. As long as it reaches back to the first, samples may
 * still be put before that. */
#ifndef AUDIO_TRACK_H
#define AUDIO_TRACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"

enum {
	TRACK_WINDOW = 4096,                  /* samples of each channel in memory */
	TRACK_MAX_SAMPLES = 12 * 3600 * 8000, /* of each channel in a file */
	TRACK_MAX_NAME = 230,                 /* octets, with a terminator */
	TRACK_HEADER_LEN = 44,
};

struct tracks;

/* The folder is made where it is not there. At most max_windows tracks have a window at a time;
 * those that grew longest ago go without until they grow again. */
MUST_CHECK int tracks_new(struct tracks **out, const char *dir, size_t max_windows,
			  struct why *why);
/* After all its tracks. */
void tracks_free(struct tracks **all);

/* Writes what waits. ERR_IO where a track of them failed, now or before. */
int tracks_flush(struct tracks *all);

/* Files that were made. */
uint64_t tracks_n_files(const struct tracks *all);

struct track;

/* name: without ".wav"; letters, digits and what else is safe in a name. A file comes with the
 * first flush behind the first samples. */
MUST_CHECK int track_new(struct track **out, struct tracks *all, const char *name,
			 unsigned n_channels);
/* Writes what waits. */
void track_free(struct track **track);

/* n samples from place at on. Of two channels, what is put twice on one is mixed; of one, the later
 * counts. ERR_USAGE: it is too late to begin there; ERR_FULL: the file would be too long; ERR_IO:
 * it cannot be written; ERR_NOMEM. */
MUST_CHECK int track_put(struct track *t, unsigned channel, int64_t at, const int16_t *samples,
			 size_t n);

/* What went wrong first; nothing of it is written from then on. NULL: nothing did. */
const struct why *track_failure(const struct track *t);

#endif
