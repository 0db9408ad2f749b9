#include "tool/pick.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool/capture.h"

enum { FILTER_MOST = 16384 };

static bool parse_place(const char **text, uint64_t *out)
{
	char *rest;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*out = strtoull(*text, &rest, 10);
	*text = rest;
	return errno == 0 && *out > 0;
}

/* "7", "7-", "-9" or "7-9". */
static bool parse_places(const char *text, uint64_t *first, uint64_t *last)
{
	bool has_first = *text != '-';

	if (has_first && !parse_place(&text, first))
		return false;
	if (*text != '-') {
		*last = *first;
		return has_first && !*text;
	}
	text++;
	if (*text ? !parse_place(&text, last) : !has_first)
		return false;
	return !*text && *first <= *last;
}

static int pick_filter(struct pick *p, const struct settings *set, struct why *why)
{
	char text[FILTER_MOST];

	if (set->filter.n == 0)
		return 0;
	if (!capture_filter(set, text, sizeof text))
		return why_set(why, ERR_USAGE, "the filters together are too long");
	return filter_new(&p->filter, text, why);
}

int pick_init(struct pick *p, const struct settings *set, struct why *why)
{
	*p = (struct pick){
		.from_ns = INT64_MIN, .to_ns = INT64_MAX, .first = 1, .last = UINT64_MAX};
	if (set->from.ns != OPTION_NO_TIME)
		p->from_ns = set->from.ns;
	if (set->to.ns != OPTION_NO_TIME)
		p->to_ns = set->to.ns;
	p->has_times = p->from_ns != INT64_MIN || p->to_ns != INT64_MAX;
	if (set->direction)
		p->direction = strcmp(set->direction, "in") == 0 ? WEIR_DIR_IN : WEIR_DIR_OUT;
	if (set->packets && !parse_places(set->packets, &p->first, &p->last))
		return why_set(why, ERR_USAGE, "\"%s\" are no places of packets: 7, 7-, -9 or 7-9",
			       set->packets);
	return pick_filter(p, set, why);
}

void pick_fini(struct pick *p)
{
	filter_free(&p->filter);
}

static bool is_unsorted(const struct pick *p)
{
	return !p->filter && !p->has_times && p->direction == WEIR_DIR_UNKNOWN;
}

bool pick_is_all(const struct pick *p)
{
	return is_unsorted(p) && p->first == 1 && p->last == UINT64_MAX;
}

static bool pick_takes(const struct pick *p, const struct weir_frame *f)
{
	if (f->kind != WEIR_FRAME_PACKET)
		return true;
	if (p->direction != WEIR_DIR_UNKNOWN && f->direction != p->direction)
		return false;
	if (p->has_times &&
	    (f->flags & WEIR_FRAME_NO_TIME || f->time_ns < p->from_ns || f->time_ns >= p->to_ns))
		return false;
	return !p->filter || filter_match(p->filter, f);
}

uint64_t pick_mask(const struct pick *p, const struct weir_frame *frames, int n)
{
	uint64_t mask = 0;

	if (is_unsorted(p))
		return n < 64 ? ((uint64_t)1 << n) - 1 : UINT64_MAX;
	for (int i = 0; i < n; i++)
		mask |= (uint64_t)pick_takes(p, &frames[i]) << i;
	return mask;
}

uint64_t pick_places(struct pick *p, const struct weir_frame *frames, int n, uint64_t mask)
{
	if (p->first == 1 && p->last == UINT64_MAX)
		return mask;
	for (int i = 0; i < n; i++) {
		if (frames[i].kind != WEIR_FRAME_PACKET)
			continue;
		p->n_seen++;
		if (p->n_seen < p->first || p->n_seen > p->last)
			mask &= ~((uint64_t)1 << i);
	}
	return mask;
}
