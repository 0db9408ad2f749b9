/* The whole system on one screen, from the status that the provisioner gives. */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/why.h"
#include "base/wr.h"

enum { BOARD_COLUMNS = 80, BOARD_MIN_LINES = 12 };

struct board_screen {
	size_t n_lines;  /* 0: as many as there are to show; else at least BOARD_MIN_LINES */
	bool has_colour; /* what is marked is red, too */
};

/* Reads a status (JSON), and writes at most n_lines lines of at most BOARD_COLUMNS columns. Lines
 * that somebody should look at begin with "!" and come first among their kind; *n_marked counts
 * them, shown or not. What a status lacks is shown as "-". ERR_FULL where *w has no room. */
MUST_CHECK int board_print(const struct wr *status, const struct board_screen *screen, struct wr *w,
			   size_t *n_marked, struct why *why);

#endif
