/* Tests and fuzzing only: readings of small files, whole, cut, and through windows of any size. */
#ifndef ANALYSER_SAMPLE_H
#define ANALYSER_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyser/analyser.h"
#include "base/sample.h"
#include "base/tap.h"
#include "base/wr.h"

enum { READING_MOST = 64, SAMPLE_LIMIT = 1 << 20 };

/* All packets of some bytes, and how it ended. Frames point into the bytes that were given. */
struct reading {
	struct analyser a;
	struct weir_frame frames[READING_MOST];
	int n;
	int rc; /* 0, ERR_CUT or what a step returned */
	size_t used;
	struct why why;
};

__attribute__((unused)) static void reading_of(struct reading *g, enum analyser_format format,
					       const uint8_t *bytes, size_t len)
{
	struct rd rd = rd_of(bytes, len);

	g->n = 0;
	why_clear(&g->why);
	analyser_init(&g->a, format);
	do {
		g->rc = analyser_step(&g->a, &rd, &g->frames[g->n], &g->why);
		g->n += g->rc > 0 ? g->rc : 0;
	} while (g->rc >= 0 && g->n < READING_MOST);
	g->used = len - rd_left(&rd);
	if (g->rc == ERR_AGAIN)
		g->rc = rd_left(&rd) ? ERR_CUT : analyser_end(&g->a, &g->why);
}

/* Each prefix of a file: the packets that are whole, then ERR_CUT unless the cut falls between
 * records. Prefixes are copied, so that a read past the end is seen. */
__attribute__((unused)) static void cuts_are_told(enum analyser_format format, const struct wr *w,
						  const char *what)
{
	static struct reading whole, g;
	bool is_right = true;

	reading_of(&whole, format, w->bytes, w->len);
	for (size_t cut = 0; cut < w->len && is_right; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1);
		int n = 0;

		memcpy(copy, w->bytes, cut);
		reading_of(&g, format, copy, cut);
		while (n < whole.n &&
		       whole.frames[n].record + whole.frames[n].record_len <= w->bytes + cut)
			n++;
		is_right = g.n == n && (g.rc == ERR_CUT || (g.rc == 0 && g.used == cut));
		if (!is_right)
			printf("# cut at %zu: %d packets, %zu used, %d\n", cut, g.n, g.used, g.rc);
		free(copy);
	}
	ok(is_right && whole.rc == 0 && whole.n > 0,
	   "%s: each cut gives the packets before it, and is told", what);
}

/* Everything that a reading says, as one number. */
struct digest {
	uint64_t hash;
	uint64_t n;
	int rc;
};

static void digest_step(struct digest *d, const struct analyser *a, const struct weir_frame *f)
{
	struct weir_frame plain = *f;

	if (f->iface >= a->n_ifaces || f->link != a->ifaces[f->iface].link)
		abort();
	plain.bytes = plain.record = NULL;
	sample_hash(&d->hash, &plain, sizeof plain);
	sample_hash(&d->hash, f->bytes, f->cap_len);
	sample_hash(&d->hash, f->record, f->record_len);
	sample_hash(&d->hash, a->ifaces[f->iface].name, strlen(a->ifaces[f->iface].name));
	d->n++;
}

/* Through windows of random sizes from seed on (0: one window of all), each a copy of exactly
 * its size. */
__attribute__((unused)) static struct digest
digest_of(enum analyser_format format, const uint8_t *bytes, size_t len, uint32_t seed)
{
	static struct analyser a;
	struct digest d = {.hash = 0xcbf29ce484222325u};
	size_t at = 0, window = seed ? 1 : len;
	struct why why;

	why_clear(&why);
	analyser_init(&a, format);
	for (;;) {
		size_t n = window < len - at ? window : len - at;
		uint8_t *copy = malloc(n ? n : 1);
		struct weir_frame f;
		struct rd rd = rd_of(copy, n);

		if (!copy)
			abort();
		if (n)
			memcpy(copy, bytes + at, n);
		while ((d.rc = analyser_step(&a, &rd, &f, &why)) >= 0)
			if (d.rc)
				digest_step(&d, &a, &f);
		free(copy);
		at += n - rd_left(&rd);
		if (d.rc != ERR_AGAIN || at + rd_left(&rd) == len)
			break;
		seed = seed ? (seed * 1664525 + 1013904223) | 1 : 0;
		window = seed ? 1 + (seed >> 8) % 300 : len;
		if (window < a.need)
			window = a.need;
	}
	if (d.rc == ERR_AGAIN)
		d.rc = at < len ? ERR_CUT : analyser_end(&a, &why);
	sample_hash(&d.hash, why.text, strlen(why.text));
	sample_hash(&d.hash, &a.at, sizeof a.at);
	return d;
}

/* For a fuzz target: how the data is cut into windows makes no difference, or abort. */
__attribute__((unused)) static void windows_fuzz(enum analyser_format format, const uint8_t *bytes,
						 size_t len)
{
	struct digest a = digest_of(format, bytes, len, 0);
	struct digest b = digest_of(format, bytes, len, (uint32_t)(len * 2654435761u) | 1);

	if (a.hash != b.hash || a.n != b.n || a.rc != b.rc)
		abort();
}

#endif
