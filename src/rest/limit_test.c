#include "rest/limit.h"

#include <stdio.h>

#include "base/tap.h"

static struct rest_limit limit;

static struct nanos at(int64_t s)
{
	return nanos_from_s(1000 + s);
}

int main(void)
{
	char address[40];

	ok(!rest_limit_wait(&limit, "192.0.2.1", at(0)), "who never failed need not wait");
	for (int i = 0; i < REST_LIMIT_FAILURES - 1; i++)
		rest_limit_fail(&limit, "192.0.2.1", at(0));
	ok(!rest_limit_wait(&limit, "192.0.2.1", at(0)), "nine failures are forgiven");
	rest_limit_fail(&limit, "192.0.2.1", at(0));
	ok(rest_limit_wait(&limit, "192.0.2.1", at(0)) == 5, "after ten, one waits");
	ok(!rest_limit_wait(&limit, "192.0.2.2", at(0)), "but nobody else does");
	ok(rest_limit_wait(&limit, "192.0.2.1", at(4)) == 1 &&
		   !rest_limit_wait(&limit, "192.0.2.1", at(5)),
	   "for five seconds");
	rest_limit_fail(&limit, "192.0.2.1", at(5));
	ok(rest_limit_wait(&limit, "192.0.2.1", at(5)) == 5,
	   "then one more failure is one more wait");
	ok(!rest_limit_wait(&limit, "192.0.2.1", at(60)), "after a minute nothing is left of it");
	for (int i = 0; i < REST_LIMIT_FAILURES; i++)
		rest_limit_fail(&limit, i % 2 ? "2001:db8::1" : "2001:db8::2", at(0));
	ok(rest_limit_wait(&limit, "2001:db8::ffff", at(0)) == 5 &&
		   !rest_limit_wait(&limit, "2001:db8:0:1::1", at(0)),
	   "a /64 of IPv6 is one address");
	for (int i = 0; i < 2 * REST_LIMIT_PLACES; i++) {
		snprintf(address, sizeof address, "10.0.%d.%d", i / 256, i % 256);
		rest_limit_fail(&limit, address, at(100 + i));
	}
	for (int i = 0; i < REST_LIMIT_FAILURES; i++)
		rest_limit_fail(&limit, "192.0.2.9", at(1000));
	ok(rest_limit_wait(&limit, "192.0.2.9", at(1000)) > 0,
	   "when all places are taken the oldest goes");
	return tap_end();
}
