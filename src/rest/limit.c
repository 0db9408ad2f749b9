#include "rest/limit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static void normal_form(const char *address, char out[40])
{
	struct in6_addr ip;

	if (inet_pton(AF_INET6, address, &ip) == 1) {
		memset(ip.s6_addr + 8, 0, 8);
		inet_ntop(AF_INET6, &ip, out, 40);
	} else {
		snprintf(out, 40, "%s", address);
	}
}

int rest_limit_wait(const struct rest_limit *limit, const char *address, struct nanos now)
{
	/* each failure is forgotten after REST_LIMIT_SECONDS, one after the other */
	struct nanos full = nanos_from_s((REST_LIMIT_FAILURES - 1) * REST_LIMIT_SECONDS);
	char name[40];

	normal_form(address, name);
	for (size_t i = 0; i < REST_LIMIT_PLACES; i++) {
		const struct rest_limit_place *place = &limit->places[i];
		int64_t wait = place->free_at.ns - now.ns - full.ns;

		if (!strcmp(place->address, name))
			return wait <= 0 ? 0 : (int)((wait + NANOS_PER_S - 1) / NANOS_PER_S);
	}
	return 0;
}

void rest_limit_fail(struct rest_limit *limit, const char *address, struct nanos now)
{
	struct rest_limit_place *oldest = &limit->places[0];
	char name[40];

	normal_form(address, name);
	for (size_t i = 0; i < REST_LIMIT_PLACES; i++) {
		struct rest_limit_place *place = &limit->places[i];

		if (!strcmp(place->address, name)) {
			oldest = place;
			break;
		}
		if (place->free_at.ns < oldest->free_at.ns)
			oldest = place;
	}
	if (strcmp(oldest->address, name)) {
		memcpy(oldest->address, name, sizeof name);
		oldest->free_at = now;
	}
	if (oldest->free_at.ns < now.ns)
		oldest->free_at = now;
	oldest->free_at.ns += nanos_from_s(REST_LIMIT_SECONDS).ns;
}
