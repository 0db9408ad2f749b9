#include "plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nanos.h"

enum { PLOT_BINS = 2048, PLOT_NAME_LEN = 80, PLOT_N_COLOURS = 8 };
enum { WIDTH = 960, HEIGHT = 420, LEFT = 80, RIGHT = 20, TOP = 30, BOTTOM = 60 };

struct plot {
	int n_lines;
	bool has_begun;
	int64_t first; /* place of the first bin */
	int64_t width; /* places a bin */
	int n_bins;    /* in use */
	char (*names)[PLOT_NAME_LEN];
	double *bins; /* PLOT_BINS a line */
};

int plot_new(struct plot **out, int n_lines)
{
	struct plot *p = calloc(1, sizeof *p);

	if (p) {
		p->n_lines = n_lines;
		p->width = 1;
		p->names = calloc((size_t)n_lines, sizeof *p->names);
		p->bins = calloc((size_t)n_lines * PLOT_BINS, sizeof *p->bins);
	}
	if (p && (!p->names || !p->bins))
		plot_free(&p);
	*out = p;
	return p ? 0 : ERR_NOMEM;
}

void plot_free(struct plot **p)
{
	if (*p) {
		free((*p)->names);
		free((*p)->bins);
	}
	free(*p);
	*p = NULL;
}

void plot_name(struct plot *p, int line, const char *name)
{
	snprintf(p->names[line], PLOT_NAME_LEN, "%s", name);
}

/* Puts each two neighbouring bins together. */
static void halve(struct plot *p)
{
	for (int line = 0; line < p->n_lines; line++) {
		double *b = p->bins + (size_t)line * PLOT_BINS;

		for (int i = 0; i < PLOT_BINS / 2; i++)
			b[i] = b[2 * i] + b[2 * i + 1];
		memset(b + PLOT_BINS / 2, 0, sizeof *b * PLOT_BINS / 2);
	}
	p->n_bins = (p->n_bins + 1) / 2;
	p->width *= 2;
}

void plot_add(struct plot *p, int line, int64_t place, double bytes)
{
	int64_t bin;

	if (!p->has_begun) {
		p->has_begun = true;
		p->first = place;
	}
	if (place < p->first)
		place = p->first;
	while ((bin = (place - p->first) / p->width) >= PLOT_BINS)
		halve(p);
	p->bins[(size_t)line * PLOT_BINS + (size_t)bin] += bytes;
	if (bin >= p->n_bins)
		p->n_bins = (int)bin + 1;
}

/* What is drawn for a bin: bits a second, or bytes a row. */
static double height_of(const struct plot *p, const struct plot_axis *x, int line, int bin)
{
	double v = p->bins[(size_t)line * PLOT_BINS + (size_t)bin] / (double)p->width;

	return x->is_time ? 8 * v / x->step : v;
}

/* The smallest of 1, 2, 5 times a power of ten that is not below v. */
static double round_up(double v)
{
	double unit = v > 0 ? pow(10, floor(log10(v))) : 1;

	for (int i = 0; i < 3; i++) {
		static const double steps[] = {1, 2, 5};

		if (steps[i] * unit >= v)
			return steps[i] * unit;
	}
	return 10 * unit;
}

static void print_scaled(double v, char out[32])
{
	static const char *const units[] = {"", "k", "M", "G", "T"};
	size_t i = 0;

	while (v >= 1000 && i + 1 < sizeof units / sizeof *units) {
		v /= 1000;
		i++;
	}
	snprintf(out, 32, "%g%s", v, units[i]);
}

static void text(struct wr *w, double x, double y, const char *anchor, const char *words)
{
	wr_text(w, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\">", x, y, anchor);
	for (; *words; words++) {
		if (*words == '<' || *words == '>' || *words == '&')
			wr_text(w, "&#%d;", *words);
		else if ((unsigned char)*words >= 0x20 && (unsigned char)*words < 0x7f)
			wr_u8(w, (uint8_t)*words);
	}
	wr_text(w, "</text>\n");
}

static void print_grid(const struct plot *p, const struct plot_axis *x, double top, struct wr *w)
{
	for (int i = 0; i <= 4; i++) {
		double y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * i / 4.0;
		char words[32];

		print_scaled(top * i / 4, words);
		wr_text(w, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>\n", LEFT, y, WIDTH - RIGHT);
		text(w, LEFT - 8, y + 4, "end", words);
	}
	for (int i = 0; i <= 3; i++) {
		double place = (double)p->first + (double)p->n_bins * (double)p->width * i / 3;
		double left = LEFT + (WIDTH - LEFT - RIGHT) * i / 3.0;
		char words[NANOS_TEXT_LEN];

		if (x->is_time)
			nanos_print((struct nanos){(int64_t)(place * x->step * 1e9)},
				    x->step < 1 ? 3 : 0, words);
		else
			snprintf(words, sizeof words, "packet %.0f", place * x->step + 1);
		text(w, left, HEIGHT - BOTTOM + 18,
		     i == 0   ? "start"
		     : i == 3 ? "end"
			      : "middle",
		     words);
	}
}

static const char *const colours[PLOT_N_COLOURS] = {"#1f5fa8", "#c4511c", "#2e8540", "#8a4fbf",
						    "#b8860b", "#00838f", "#ad1457", "#555555"};

static void print_line(const struct plot *p, const struct plot_axis *x, int line, double top,
		       struct wr *w)
{
	double step = (double)(WIDTH - LEFT - RIGHT) / (p->n_bins ? p->n_bins : 1);

	wr_text(w, "<path class=\"line\" stroke=\"%s\" d=\"M", colours[line % PLOT_N_COLOURS]);
	for (int i = 0; i < p->n_bins; i++) {
		double y =
			HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * height_of(p, x, line, i) / top;

		if (i == 0)
			wr_text(w, "%d ", LEFT);
		else
			wr_u8(w, 'V');
		wr_text(w, "%.1fH%.1f", y, LEFT + (i + 1) * step);
	}
	wr_text(w, "\"/>\n");
}

static void print_legend(const struct plot *p, struct wr *w)
{
	for (int line = 0; line < p->n_lines; line++) {
		int left = LEFT + (line % 4) * (WIDTH - LEFT - RIGHT) / 4;
		int down = HEIGHT - 26 + line / 4 * 14;

		wr_text(w, "<path class=\"line\" stroke=\"%s\" d=\"M%d %dh16\"/>\n",
			colours[line % PLOT_N_COLOURS], left, down);
		text(w, left + 22, down + 4, "start", p->names[line]);
	}
}

void plot_print(const struct plot *p, const struct plot_axis *x, struct wr *w)
{
	int height = HEIGHT + (p->n_lines - 1) / 4 * 14;
	double top = 0;

	for (int line = 0; line < p->n_lines; line++) {
		for (int i = 0; i < p->n_bins; i++)
			top = fmax(top, height_of(p, x, line, i));
	}
	top = round_up(top);
	wr_text(w,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"height=\"%d\">\n<style>text{font:12px sans-serif;fill:#333}.grid{stroke:#ddd;"
		"fill:none}.line{fill:none;stroke-width:1.5}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		WIDTH, height, WIDTH, height);
	text(w, LEFT, TOP - 12, "start", x->is_time ? "bit/s" : "bytes per row");
	if (p->n_bins) {
		print_grid(p, x, top, w);
		for (int line = p->n_lines - 1; line >= 0; line--)
			print_line(p, x, line, top, w);
	} else {
		text(w, WIDTH / 2.0, HEIGHT / 2.0, "middle", "no packets");
	}
	print_legend(p, w);
	wr_text(w, "</svg>\n");
}
