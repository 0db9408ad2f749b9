/* A screen is a title, for each kind a head and its lines, and a verdict. Where there are more
 * lines than room, each kind gets one by turns, marked ones first, and its last line says how many
 * are not shown. */
#include "board/board.h"

#include <stdint.h>
#include <stdio.h>

#include "board/rows.h"
#include "conf/json.h"

struct board {
	struct rows kinds[ROWS_N_KINDS];
	size_t given[ROWS_N_KINDS]; /* lines that a kind has room for */
	const struct board_screen *screen;
	struct wr *w;
};

static void put_line(struct board *b, const char *text, bool is_marked)
{
	bool is_red = is_marked && b->screen->has_colour;

	wr_text(b->w, "%s%s%s\n", is_red ? "\x1b[31m" : "", text, is_red ? "\x1b[0m" : "");
}

/* One more line to each kind that has more than that, while there is room. */
static size_t give(struct board *b, size_t room, bool is_for_marked)
{
	bool has_given = true;

	while (room && has_given) {
		has_given = false;
		for (int k = 0; k < ROWS_N_KINDS && room; k++) {
			size_t wanted = is_for_marked ? b->kinds[k].n_marked : b->kinds[k].n;

			if (b->given[k] >= wanted)
				continue;
			b->given[k]++;
			room--;
			has_given = true;
		}
	}
	return room;
}

static void share(struct board *b)
{
	size_t room = SIZE_MAX;
	size_t n_fixed = 2;

	for (int k = 0; k < ROWS_N_KINDS; k++)
		n_fixed += b->kinds[k].n ? 2 : 0; /* its head, and a line in any case */
	if (b->screen->n_lines)
		room = b->screen->n_lines > n_fixed ? b->screen->n_lines - n_fixed : 0;
	for (int k = 0; k < ROWS_N_KINDS; k++)
		b->given[k] = b->kinds[k].n ? 1 : 0;
	room = give(b, room, true);
	(void)give(b, room, false);
}

static void print_kind(struct board *b, enum rows_kind kind)
{
	const struct rows *rows = &b->kinds[kind];
	bool is_cut = b->given[kind] < rows->n;
	size_t left = b->given[kind] - (is_cut ? 1 : 0);
	size_t n_marked = rows->n_marked, n = rows->n;

	put_line(b, rows_heads[kind], false);
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < rows->n && left; i++) {
			const struct row *row = &rows->items[i];

			if (row->is_marked != (pass == 0))
				continue;
			put_line(b, row->text, row->is_marked);
			n_marked -= row->is_marked;
			n--;
			left--;
		}
	}
	if (is_cut) {
		char text[BOARD_COLUMNS];

		snprintf(text, sizeof text, "%s … %zu more, %zu of them marked",
			 n_marked ? "!" : " ", n, n_marked);
		put_line(b, text, n_marked);
	}
}

static int print(struct board *b, const struct conf_value *status, size_t *n_marked)
{
	struct row title;
	int rc = 0;

	for (int k = 0; k < ROWS_N_KINDS && !rc; k++) {
		rc = rows_make(status, (enum rows_kind)k, &b->kinds[k]);
		*n_marked += b->kinds[k].n_marked;
	}
	share(b);
	rows_title(status, &title);
	if (!rc)
		put_line(b, title.text, false);
	for (int k = 0; k < ROWS_N_KINDS; k++) {
		if (!rc && b->kinds[k].n)
			print_kind(b, (enum rows_kind)k);
		rows_fini(&b->kinds[k]);
	}
	if (*n_marked)
		wr_text(b->w, "%zu marked with ! should be looked at\n", *n_marked);
	else
		wr_text(b->w, "nothing is marked: all is well\n");
	return rc ? rc : b->w->ok ? 0 : ERR_FULL;
}

int board_print(const struct wr *status, const struct board_screen *screen, struct wr *w,
		size_t *n_marked, struct why *why)
{
	struct board b = {.screen = screen, .w = w};
	struct conf_doc *doc = NULL;
	int rc = conf_json_parse(&doc, (const char *)status->bytes, status->len, why);

	*n_marked = 0;
	if (!rc && !conf_value_find(conf_doc_root(doc), "daemons"))
		rc = why_set(why, ERR_BAD, "this is no status of a provisioner");
	if (!rc)
		rc = print(&b, conf_doc_root(doc), n_marked);
	if (rc && !why->text[0])
		(void)why_set(why, rc, "%s", err_text(rc));
	conf_doc_free(&doc);
	return rc;
}
