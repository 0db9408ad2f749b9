/* Whatever the message: matching ends in bounded steps, and the set agrees with its patterns. */
#include "base/fuzz.h"
#include "identity/match.h"

#include <stdlib.h>

enum { N = 6, MAX_STEPS = 20000 };

static const struct identity_target targets[N] = {
	{.phone = "+6491234567"},
	{.sip_uri = "sip:alice@example.net"},
	{.sip_uri = "sip:b*"},
	{.sip_uri = "sip:*@example.org"},
	{.sip_uri = "sip:*c@example.net"},
	{.phone = "*4567"},
};
static const struct identity_plan plan = {.country_code = "64", .national_prefix = "0"};

static void note(void *arg, const struct identity_found *found)
{
	*(unsigned *)arg |= 1u << found->target;
}

static void count(void *arg, const struct identity_hit *hit)
{
	++*(size_t *)arg;
	if (hit->found.target >= N)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct identity_set *set;
	static struct identity_pattern patterns[N];
	struct identity_walk walk;
	struct identity_said said;
	struct sip_message m;
	size_t n_hits = 0;

	if (!set && identity_set_new(&set, &plan, &(struct identity_targets){targets, N}, 1, NULL))
		abort();
	for (size_t i = 0; i < N && !patterns[N - 1].name.user_len; i++)
		if (targets[i].sip_uri
			    ? identity_pattern_sip(&plan, targets[i].sip_uri, &patterns[i], NULL)
			    : identity_pattern_phone(targets[i].phone, &patterns[i], NULL))
			abort();
	if (sip_message_read(bytes, len, &m))
		return 0;
	if (identity_match(set, &m, true, count, &n_hits) > MAX_STEPS)
		abort();
	walk = identity_walk_of(&m);
	while (identity_walk_next(&walk, &plan, &said)) {
		unsigned found = 0, wanted = 0;

		if (!said.is_readable)
			continue;
		(void)identity_set_find(set, &said.name, note, &found);
		for (size_t i = 0; i < N; i++)
			wanted |= (unsigned)identity_pattern_fits(&patterns[i], &said.name) << i;
		if (found != wanted)
			abort();
	}
	return 0;
}
