/* An intercept whose state is loaded and saved, for tests: its outboxes take nothing. */
#ifndef INTERCEPT_STATE_SAMPLE_H
#define INTERCEPT_STATE_SAMPLE_H

#include <stdlib.h>
#include <string.h>

#include "intercept/intercept.h"

static const char state_orders[] =
	"operator: {id: EXAMPLE-NZ}\n"
	"agencies: [{id: police, country: NZ, hi2: \"127.0.0.1:1\", hi3: \"127.0.0.1:2\"}]\n"
	"core_servers: [{kind: radius, address: 10.0.0.10}, {kind: sip, address: "
	"10.0.0.20}]\n"
	"warrants:\n"
	"  - {reference: W, authority: A, agency: police, liid: LIID0001, "
	"authorization_country: NZ,\n"
	"     start: 1970-01-01T00:00:00Z, end: 2200-01-01T00:00:00Z,\n"
	"     targets: [{radius_user: alice@isp}, {prefix: 198.51.100.7, cin: 5}, {sip_uri: "
	"\"sip:bob@example.net\"}]}\n"
	"  - {reference: W, authority: A, agency: police, liid: LIID0002, "
	"authorization_country: NZ,\n"
	"     start: 1970-01-01T00:00:00Z, end: 2200-01-01T00:00:00Z,\n"
	"     targets: [{prefix: 198.51.100.9, cin: 6}]}\n";

static inline int state_open(void *arg, const char *agency, enum intercept_interface which,
			     struct outbox *out, struct why *why)
{
	(void)arg, (void)agency, (void)which, (void)why;
	outbox_none(out);
	return 0;
}

static inline struct intercept *state_intercept(void)
{
	const struct intercept_options options = {
		.open = state_open,
		.is_live = true,
		.now = {INT64_C(1800000000) * NANOS_PER_S},
		.max_sessions = 1000,
		.seed = 1,
	};
	struct orders orders;
	struct intercept *i;
	struct why why;

	why_clear(&why);
	if (orders_parse(&orders, state_orders, strlen(state_orders), &why) ||
	    intercept_new(&i, &orders, &options, &why))
		abort();
	orders_fini(&orders);
	return i;
}

#endif
