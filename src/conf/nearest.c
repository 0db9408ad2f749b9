#include "conf/nearest.h"

#include <string.h>

enum { NEAREST_MAX_LEN = 40 };

/* Edits (one letter more, less or other) that make a of b; Levenshtein's table, a row at a time. */
static size_t n_edits(const char *a, const char *b)
{
	size_t row[NEAREST_MAX_LEN + 1];
	size_t len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			size_t least = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			if (row[j] + 1 < least)
				least = row[j] + 1;
			if (diagonal + 1 < least)
				least = diagonal + 1;
			row[j + 1] = least;
		}
	}
	return row[len];
}

const char *conf_nearest(const char *word, const char *const *names, size_t n)
{
	size_t best = strlen(word) / 3 + 1;
	const char *near = NULL;

	if (strlen(word) > NEAREST_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t edits =
			strlen(names[i]) > NEAREST_MAX_LEN ? best + 1 : n_edits(word, names[i]);

		if (edits <= best && !(near && edits == best)) {
			best = edits;
			near = names[i];
		}
	}
	return near;
}
