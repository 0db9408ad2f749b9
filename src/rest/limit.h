/* Slows those who try keys: an address may fail ten times, and then once in five seconds. IPv6
 * counts by /64, since a host has all of one. Nothing is allocated; when all places are taken,
 * the address that failed longest ago is forgotten. */
#ifndef REST_LIMIT_H
#define REST_LIMIT_H

#include <stdbool.h>

#include "base/nanos.h"

enum { REST_LIMIT_PLACES = 256, REST_LIMIT_FAILURES = 10, REST_LIMIT_SECONDS = 5 };

struct rest_limit {
	struct rest_limit_place {
		char address[40];
		struct nanos free_at; /* when all of its failures are forgotten */
	} places[REST_LIMIT_PLACES];
};

/* Seconds that the address must wait before it may try again; 0: it may now. */
int rest_limit_wait(const struct rest_limit *limit, const char *address, struct nanos now);

/* A failure now. */
void rest_limit_fail(struct rest_limit *limit, const char *address, struct nanos now);

#endif
