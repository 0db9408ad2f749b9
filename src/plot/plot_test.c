#include "plot/plot.h"

#include <string.h>

#include "base/tap.h"

static bool has(const struct wr *w, const char *text)
{
	return memmem(w->bytes, w->len, text, strlen(text)) != NULL;
}

static void a_plot_is_bounded_and_escaped(void)
{
	struct plot_axis x = {.is_time = true, .step = 1};
	struct wr w = wr_init(1 << 20);
	struct plot *p;

	ok(plot_new(&p, 2) == 0, "a plot of two lines");
	plot_name(p, 0, "all");
	plot_name(p, 1, "len < 5 & \"x\"");
	for (int64_t i = 0; i < 100000; i++)
		plot_add(p, 0, 1767225600 + i, 125);
	plot_add(p, 1, 1767225600ll + 1000000000, 1);
	plot_print(p, &x, &w);
	ok(w.ok && w.len < 400000, "100,000 places and a far one stay within a page: %zu bytes",
	   w.len);
	ok(has(&w, "len &#60; 5 &#38; "), "names are escaped");
	ok(has(&w, "2026-01-01T00:00:00Z"), "the axis begins with the first place's time");
	plot_free(&p);
	wr_reset(&w);
	ok(plot_new(&p, 1) == 0, "a plot of one line");
	plot_add(p, 0, 0, 100);
	plot_add(p, 0, 1, 50);
	plot_print(p, &(struct plot_axis){.step = 1}, &w);
	ok(has(&w, "d=\"M80 30.0H510.0V195.0H940.0\""),
	   "goes along each value and up or down to the next");
	plot_free(&p);
	wr_reset(&w);
	ok(plot_new(&p, 1) == 0, "an empty plot");
	plot_print(p, &x, &w);
	ok(has(&w, "no packets") && has(&w, "</svg>"), "says so");
	plot_free(&p);
	wr_fini(&w);
}

int main(void)
{
	a_plot_is_bounded_and_escaped();
	return tap_end();
}
