/* Inside board only: the lines of each kind. */
#ifndef BOARD_ROWS_H
#define BOARD_ROWS_H

#include "board/board.h"
#include "conf/value.h"

enum { ROW_LEN = 4 * BOARD_COLUMNS + 1 };

/* One line, in columns. */
struct row {
	char text[ROW_LEN]; /* UTF-8, with its terminator */
	size_t len;
	size_t n_columns;
	bool is_marked;
};

#define ROWS_KINDS(X)                                                                              \
	X(DAEMON, daemons, "  DAEMON                VERSION    SINCE  ORDERS    LAST HEARD OF")    \
	X(ALARM, alarms, "  ALARM                 SINCE  WHAT")                                    \
	X(INPUT, inputs,                                                                           \
	  "  INPUT                         STATE     PACKETS BY CARD KERNEL ERRORS")               \
	X(OUTBOX, outboxes, "  OUTBOX                        WAITING  SPOOL     OF")               \
	X(AGENCY, agencies,                                                                        \
	  "  AGENCY                STATE     WAITING  SPOOL     OF    HAS  KEEP-ALIVE")            \
	X(WARRANT, warrants, "  WARRANT             LIVE      CC    IRI   LOST LAST CC")

enum rows_kind {
#define X(name, print, head) ROWS_##name,
	ROWS_KINDS(X)
#undef X
		ROWS_N_KINDS
};

extern const char *const rows_heads[ROWS_N_KINDS];

struct rows {
	struct row *items;
	size_t n;
	size_t size;
	size_t n_marked;
};

/* All lines of a kind; *out is empty before, and to be given back in any case. ERR_NOMEM. */
MUST_CHECK int rows_make(const struct conf_value *status, enum rows_kind kind, struct rows *out);
void rows_fini(struct rows *rows);

/* "weir provisioner p1 …" */
void rows_title(const struct conf_value *status, struct row *row);

#endif
