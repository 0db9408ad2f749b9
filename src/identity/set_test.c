#include "identity/set.h"

#include <stdlib.h>
#include <string.h>

#include "base/tap.h"

enum { N_MANY = 100000, SEED = 12345 };

static const char *const international[] = {"00"};
static const struct identity_plan nz = {.country_code = "64",
					.national_prefix = "0",
					.international_prefixes = international,
					.n_international_prefixes = 1};

/* What was found: one bit a target, and how often. */
struct found {
	uint64_t bits;
	size_t n;
	struct identity_found last;
};

static void note(void *arg, const struct identity_found *found)
{
	struct found *f = arg;

	f->bits |= 1ull << found->target % 64;
	f->n++;
	f->last = *found;
}

static struct found find(const struct identity_set *set, const char *word, size_t *n_steps)
{
	struct found f = {0};
	struct identity_name name;

	*n_steps = 0;
	if (identity_name_of_word(&nz, sip_word(word), &name))
		*n_steps = identity_set_find(set, &name, note, &f);
	return f;
}

static void rules(void)
{
	static const struct identity_target targets[] = {
		{.sip_uri = "sip:alice@example.net"},
		{.sip_uri = "sip:alice"},
		{.sip_uri = "sip:al*@example.net"},
		{.sip_uri = "sip:*ice@example.net"},
		{.sip_uri = "sip:*@example.net"},
		{.phone = "+6491234567"},
		{.phone = "+649123*"},
		{.phone = "*4567"},
		{.sip_uri = "sip:alice@example.net"},
		{.sip_uri = "sip:bob@example.net"},
	};
	struct identity_set *set;
	struct found f;
	size_t steps;

	if (!ok(identity_set_new(&set, &nz, &(struct identity_targets){targets, 10}, SEED, NULL) ==
			0,
		"a set"))
		return;
	f = find(set, "sip:alice@EXAMPLE.net", &steps);
	ok(f.bits == 0x11f && f.n == 6,
	   "every target that she is, once each, two alike among them");
	f = find(set, "sip:alice@other.example", &steps);
	ok(f.bits == 2 && f.last.rule == IDENTITY_IS && !f.last.is_in_realm,
	   "in another realm: the one that takes any");
	f = find(set, "sip:carol@example.net", &steps);
	ok(f.bits == 0x10 && f.last.rule == IDENTITY_ANY && f.last.is_in_realm,
	   "anybody of the realm");
	f = find(set, "tel:091234567", &steps);
	ok(f.bits == 0xe0 && f.n == 3, "a number by all three");
	f = find(set, "sip:0064912399@example.net", &steps);
	ok(f.bits == 0x50, "a number in a realm");
	f = find(set, "sip:4567", &steps);
	ok(f.n == 0, "a user with digits is no number");
	f = find(set, "sip:example.net", &steps);
	ok(f.n == 0, "nobody is nobody");
	identity_set_free(&set);
	ok(set == NULL, "a set is freed");
	identity_set_free(&set);
}

static void refusals(void)
{
	static const struct identity_target bad[] = {{.phone = "+6491234567"},
						     {.sip_uri = "sip:*"}};
	struct identity_set *set;
	struct why why;
	size_t steps;

	why_clear(&why);
	ok(identity_set_new(&set, &nz, &(struct identity_targets){bad, 2}, SEED, &why) == ERR_BAD &&
		   !set && why.text[0],
	   "a set with a target that is none is none: %s", why.text);
	ok(identity_set_new(&set, &nz, &(struct identity_targets){NULL, 0}, SEED, NULL) == 0 &&
		   find(set, "sip:alice@x", &steps).n == 0,
	   "an empty set finds nobody");
	identity_set_free(&set);
}

/* Whether looking up agrees with asking each pattern, for random names over few letters. */
static void agreement(void)
{
	static char texts[60][40];
	struct identity_target targets[60];
	struct identity_pattern patterns[60];
	struct identity_set *set;
	uint64_t state = 7;
	size_t n_hits = 0, n_wrong = 0;

	for (size_t i = 0; i < 60; i++) {
		static const char *const users[] = {"a", "b", "aa", "ab", "ba", "bb", "aab", "abb"};
		static const char *const realms[] = {"x", "y.z"};

		state = state * 6364136223846793005ull + 1442695040888963407ull;
		snprintf(texts[i], sizeof texts[i], "sip:%s%s%s%s%s",
			 (state >> 40 & 3) == 2 ? "*" : "", users[state >> 50 & 7],
			 (state >> 40 & 3) == 1 ? "*" : "", (state >> 40 & 3) == 3 ? "" : "@",
			 (state >> 40 & 3) == 3 ? "" : realms[state >> 60 & 1]);
		targets[i] = (struct identity_target){.sip_uri = texts[i]};
		if (identity_pattern_sip(&nz, texts[i], &patterns[i], NULL))
			n_wrong++;
	}
	if (identity_set_new(&set, &nz, &(struct identity_targets){targets, 60}, SEED, NULL))
		return;
	for (unsigned k = 0; k < 4096; k++) {
		struct identity_name name = {.user_len = 1 + (k & 3), .realm_len = k >> 10 & 1};
		struct found f = {0};
		uint64_t wanted = 0;

		for (size_t i = 0; i < name.user_len; i++)
			name.user[i] = (uint8_t)('a' + (k >> (2 + i) & 1));
		name.realm[0] = 'x';
		for (size_t i = 0; i < 60; i++)
			wanted |= (uint64_t)identity_pattern_fits(&patterns[i], &name) << i;
		(void)identity_set_find(set, &name, note, &f);
		n_wrong += f.bits != wanted || f.n != (size_t)__builtin_popcountll(wanted);
		n_hits += f.n;
	}
	ok(n_wrong == 0 && n_hits > 1000, "the set agrees with each pattern by itself: %zu hits",
	   n_hits);
	identity_set_free(&set);
}

/* 100,000 targets, users, numbers and patterns, with a plan of text long enough for all. */
static struct identity_set *many(size_t n)
{
	struct identity_target *targets = calloc(n, sizeof *targets);
	char *texts = malloc(n * 48);
	struct identity_set *set = NULL;

	for (size_t i = 0; targets && texts && i < n; i++) {
		char *text = texts + i * 48;

		snprintf(text, 48,
			 i % 4 == 0   ? "sip:user%zu@example.net"
			 : i % 4 == 1 ? "+649%07zu"
			 : i % 4 == 2 ? "sip:*%zu@r.example"
				      : "+643%zu1*",
			 i);
		if (i % 4 & 1)
			targets[i].phone = text;
		else
			targets[i].sip_uri = text;
	}
	if (targets && texts &&
	    identity_set_new(&set, &nz, &(struct identity_targets){targets, n}, SEED, NULL))
		set = NULL;
	free(targets);
	free(texts);
	return set;
}

static void cost(void)
{
	static const char *const words[] = {"sip:user4@example.net", "sip:somebody@else.example",
					    "tel:090000005", "sip:x6@r.example", "tel:+4989123456"};
	struct identity_set *few = many(8), *all = many(N_MANY);
	size_t n_few = 0, n_all = 0, found = 0, worst = 0;

	if (!ok(few && all, "sets of 8 and of %d targets", N_MANY))
		return;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t steps;

		(void)find(few, words[i], &steps);
		n_few += steps;
		found += find(all, words[i], &steps).n != 0;
		n_all += steps;
		worst = steps > worst ? steps : worst;
	}
	ok(found == 3, "who is a target is found among them");
	ok(n_all < n_few * 4 && worst < 40,
	   "what it costs does not grow with them: %zu steps for 8, %zu for %d, at most %zu for "
	   "one",
	   n_few, n_all, N_MANY, worst);
	identity_set_free(&few);
	identity_set_free(&all);
}

/* As many warrants as one likes on one party. */
static void alike(void)
{
	struct identity_target *targets = calloc(N_MANY, sizeof *targets);
	struct identity_set *set = NULL;
	size_t steps = 0;

	for (size_t i = 0; targets && i < N_MANY; i++)
		targets[i].phone = "+6491234567";
	ok(targets &&
		   identity_set_new(&set, &nz, &(struct identity_targets){targets, N_MANY}, SEED,
				    NULL) == 0 &&
		   find(set, "tel:091234567", &steps).n == N_MANY && steps < N_MANY + 20,
	   "%d targets that are the same are all told, in a step each", N_MANY);
	identity_set_free(&set);
	free(targets);
}

int main(void)
{
	rules();
	refusals();
	agreement();
	cost();
	alike();
	return tap_end();
}
