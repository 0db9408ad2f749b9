/* What workers may still look at when it is replaced.
 *
 * A tray is pinned from its block's first batch until its block is filled, and notes the number of
 * what was retired last by then. A worker looks for things only behind that, so what was retired
 * before is out of its sight: a thing goes when every pinned tray has its number or a later one. */
#include <stdlib.h>

#include "intercept/inside.h"

void watch_release(void *thing)
{
	struct watch *watch = thing;

	watch_free(&watch);
}

void retire(struct intercept *i, void *thing, void (*release)(void *thing))
{
	struct retired *r = thing ? malloc(sizeof *r) : NULL;

	if (!r)
		return; /* without memory to remember it by it stays */
	pthread_mutex_lock(&i->lock);
	*r = (struct retired){i->retired, ++i->tag, thing, release};
	i->retired = r;
	pthread_mutex_unlock(&i->lock);
}

void retire_reap(struct intercept *i)
{
	struct retired *old = NULL;
	uint64_t least;

	pthread_mutex_lock(&i->lock);
	least = i->tag;
	for (const struct tray *t = i->trays; t; t = t->next_tray) {
		if (t->is_pinned && t->pin < least)
			least = t->pin;
	}
	for (struct retired **link = &i->retired; *link;) {
		struct retired *r = *link;

		if (r->tag > least) {
			link = &r->next;
			continue;
		}
		*link = r->next;
		r->next = old;
		old = r;
	}
	pthread_mutex_unlock(&i->lock);
	while (old) {
		struct retired *next = old->next;

		old->release(old->thing);
		free(old);
		old = next;
	}
}

void tray_pin(struct intercept *i, struct tray *tray)
{
	pthread_mutex_lock(&i->lock);
	tray->pin = i->tag;
	tray->is_pinned = true;
	pthread_mutex_unlock(&i->lock);
}

void tray_unpin(struct intercept *i, struct tray *tray)
{
	pthread_mutex_lock(&i->lock);
	tray->is_pinned = false;
	pthread_mutex_unlock(&i->lock);
}
