/* Many targets, compiled so that looking an identity up costs the same for one and for a hundred
 * thousand: what a pattern compares is hashed, with the number of its octets; an identity is
 * hashed once for each number of octets that any pattern has. Made once, then read by any number
 * of threads. */
#ifndef IDENTITY_SET_H
#define IDENTITY_SET_H

#include "identity/pattern.h"

/* One target; its place in the array is what hits name it by. */
struct identity_target {
	const char *sip_uri; /* or NULL, then */
	const char *phone;
};

struct identity_targets {
	const struct identity_target *items;
	size_t n;
};

struct identity_set;

/* 0; ERR_NOMEM; ERR_BAD with the reason where a target is none. Texts, the plan's too, need live no
 * longer than the call. The seed keeps strangers from making the tables slow. */
MUST_CHECK int identity_set_new(struct identity_set **out, const struct identity_plan *plan,
				const struct identity_targets *targets, uint64_t seed,
				struct why *why);
void identity_set_free(struct identity_set **set);

/* Its copy of the plan it was made with. */
const struct identity_plan *identity_set_plan(const struct identity_set *set);

struct identity_found {
	uint32_t target;         /* its place in the targets that the set was made of */
	enum identity_rule rule; /* by which it fits */
	bool is_in_realm;        /* and the realm is the target's; false: any realm is */
};

typedef void (*identity_found_fn)(void *arg, const struct identity_found *found);

/* Tells each target that the identity is: exact ones first. Returns the steps that it took: hashes
 * looked up and patterns compared. */
size_t identity_set_find(const struct identity_set *set, const struct identity_name *name,
			 identity_found_fn fn, void *arg);

#endif
