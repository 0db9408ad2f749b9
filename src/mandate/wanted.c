#include "mandate/wanted.h"

#include <stdlib.h>
#include <string.h>

/* Never 0: that is a session's whose target is not known. */
static uint64_t text_hash(const struct target *t)
{
	const char *text = target_text(t);

	return lookup_hash((uint64_t)target_kind(t), text, strlen(text)) | 1;
}

static uint64_t place_of(uint32_t slot, uint64_t hash)
{
	return lookup_spread(hash ^ (uint64_t)slot << 32);
}

static int add(struct wanted *w, const struct target *t, uint32_t slot)
{
	uint64_t hash = text_hash(t);

	w->at[w->n] = (struct identity_target){t->sip_uri, t->phone};
	w->slots[w->n] = slot;
	w->hashes[w->n++] = hash;
	return lookup_add(&w->by, place_of(slot, hash), slot);
}

int wanted_init(struct wanted *w, const struct orders *orders, struct mandate *const *ordered)
{
	size_t n = orders_n_call_targets(orders);
	int rc = 0;

	*w = (struct wanted){.at = calloc(n + 1, sizeof *w->at),
			     .slots = calloc(n + 1, sizeof *w->slots),
			     .hashes = calloc(n + 1, sizeof *w->hashes)};
	if (!w->at || !w->slots || !w->hashes)
		rc = ERR_NOMEM;
	for (size_t k = 0; k < orders->warrants.n; k++) {
		const struct warrant *warrant = &orders->warrants.items[k];

		for (size_t t = 0; t < warrant->targets.n && !rc; t++) {
			if (target_is_of_calls(&warrant->targets.items[t]))
				rc = add(w, &warrant->targets.items[t], ordered[k]->slot);
		}
	}
	if (rc)
		wanted_fini(w);
	return rc;
}

void wanted_fini(struct wanted *w)
{
	free(w->at);
	free(w->slots);
	free(w->hashes);
	lookup_fini(&w->by);
	*w = (struct wanted){.n = 0};
}

bool wanted_has(const struct wanted *w, uint32_t slot, uint64_t hash)
{
	uint64_t place = place_of(slot, hash);
	struct lookup_walk walk = lookup_first(&w->by, place);
	uint32_t found;

	while (lookup_next(&w->by, place, &walk, &found)) {
		if (found == slot)
			return true;
	}
	return false;
}
