#include "tool/filters.h"

int filters_init(struct filters *f, const struct settings *set, struct why *why)
{
	int rc = 0;

	*f = (struct filters){0};
	for (int i = 0; i < set->filter.n && rc == 0; i++) {
		rc = filter_new(&f->at[i], set->filter.at[i], why);
		f->n += rc == 0;
	}
	if (rc < 0)
		filters_fini(f);
	return rc;
}

void filters_fini(struct filters *f)
{
	for (int i = 0; i < f->n; i++)
		filter_free(&f->at[i]);
	f->n = 0;
}

bool filters_match(const struct filters *f, const struct weir_frame *frame)
{
	for (int i = 0; i < f->n; i++) {
		if (filter_match(f->at[i], frame))
			return true;
	}
	return f->n == 0;
}
